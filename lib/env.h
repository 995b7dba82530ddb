/* SPDX-License-Identifier: GPL-2.0 */
/*
 * env.h - variables of the environment
 */
#ifndef PROC_LIB_ENV_H
#define PROC_LIB_ENV_H

/* Seconds that a program is given: see settings. */
#define RUNNER_TIMEOUT 120.0

/**
 * env_value() - what a variable of the environment says
 * @name: of the variable
 *
 * Bots' definitions export what nobody has set, too, as an empty word.
 *
 * Return: its value, or NULL where it is unset, empty, 0 or a word for no.
 */
const char *env_value(const char *name);

/**
 * env_error() - is there a word in the environment that means nothing?
 *
 * A run with another fault than was meant, or another seed, would look like one
 * that answers the question.
 *
 * Return: NULL, or what is wrong, in words that do not vary.
 */
const char *env_error(void);

/**
 * runner_timeout() - seconds that the program is given in this run
 *
 * Return: RUNNER_TIMEOUT, or what its runner was told instead; 0 is no limit.
 */
double runner_timeout(void);

long env_number(const char *name, long fallback);

#endif /* PROC_LIB_ENV_H */
