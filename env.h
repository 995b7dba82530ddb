/* SPDX-License-Identifier: GPL-2.0 */
/*
 * env.h - what the environment says
 */
#ifndef PROC_ENV_H
#define PROC_ENV_H

#include <stdlib.h>
#include <string.h>

/* Seconds that a program is given: see settings. */
#define RUNNER_PATIENCE 120.0

/**
 * env_says() - what a variable of the environment says
 * @name: of the variable
 *
 * Bots' definitions export what nobody has set, too, as an empty word.
 *
 * Return: its value, or NULL where it is unset, empty or 0.
 */
static inline const char *env_says(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") ? value : NULL;
}

/**
 * runner_patience() - seconds that the program is given in this run
 *
 * Return: RUNNER_PATIENCE, or what its runner was told instead; 0 is no limit.
 */
static inline double runner_patience(void)
{
	const char *told = getenv("kselftest_override_timeout");

	return told && *told ? strtod(told, NULL) : RUNNER_PATIENCE;
}

#endif /* PROC_ENV_H */
