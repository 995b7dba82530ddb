/* SPDX-License-Identifier: GPL-2.0 */
/*
 * env.h - what the environment says
 */
#ifndef PROC_ENV_H
#define PROC_ENV_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Seconds that a program is given: see settings. */
#define RUNNER_PATIENCE 120.0

/* Whether @word is one of @list, which ends with NULL, as @compare sees it. */
static inline bool env_is_one_of(const char *word, const char *const *list,
				 int (*compare)(const char *, const char *))
{
	while (*list && compare(word, *list))
		list++;
	return *list;
}

/**
 * env_says() - what a variable of the environment says
 * @name: of the variable
 *
 * Bots' definitions export what nobody has set, too, as an empty word.
 *
 * Return: its value, or NULL where it is unset, empty, 0 or a word for no.
 */
static inline const char *env_says(const char *name)
{
	static const char *const no[] = {
		"", "0", "n", "no", "off", "false", NULL
	};
	const char *value = getenv(name);

	return value && !env_is_one_of(value, no, strcasecmp) ? value : NULL;
}

/**
 * env_complaint() - is there a word in the environment that means nothing?
 *
 * A run with another fault than was meant, or another seed, would look like one
 * that answers the question.
 *
 * Return: NULL, or what is wrong, in words that do not vary.
 */
static inline const char *env_complaint(void)
{
	static const char *const plants[] = {
		"", "0", "gap", "perm", "idle", "stall", "hang", "content",
		"kid", "exec", NULL
	};
	const char *plant = getenv("PLANT") ?: "";
	const char *seed = getenv("SEED") ?: "";
	char *end;

	if (!env_is_one_of(plant, plants, strcmp))
		return "PLANT is no fault that can be planted";
	if (*seed) {
		strtoull(seed, &end, 0);
		if (*seed < '0' || *seed > '9' || *end)
			return "SEED is not a number";
	}
	return NULL;
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
