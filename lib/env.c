// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "env.h"
#include "print.h"

/* Returns true if @word is in @list, which ends with NULL, by @compare. */
static bool env_is_one_of(const char *word, const char *const *list,
			  int (*compare)(const char *, const char *))
{
	while (*list && compare(word, *list))
		list++;
	return *list;
}

const char *env_value(const char *name)
{
	static const char *const no[] = {
		"", "0", "n", "no", "off", "false", NULL
	};
	const char *value = getenv(name);

	return value && !env_is_one_of(value, no, strcasecmp) ? value : NULL;
}

const char *env_error(void)
{
	static const char *const faults[] = {
		"", "0", "gap", "perm", "idle", "stall", "hang", "starve",
		"content", "kid", "exec", "loop", "undying", "block", NULL
	};
	const char *inject = getenv("PLANT") ?: "";
	const char *seed = getenv("SEED") ?: "";
	char *end;

	if (!env_is_one_of(inject, faults, strcmp))
		return "PLANT is no fault that can be planted";
	if (*seed) {
		strtoull(seed, &end, 0);
		if (*seed < '0' || *seed > '9' || *end)
			return "SEED is not a number";
	}
	return NULL;
}

bool env_fault(const char *name)
{
	const char *inject = getenv("PLANT");

	return inject && !strcmp(inject, name);
}

uint64_t seed_from_env(void)
{
	const char *seed = env_value("SEED");

	return (seed ? strtoull(seed, NULL, 0) : 0) ?: (uint64_t)now_ns() % 999999999 + 1;
}

double runner_timeout(void)
{
	const char *timeout = getenv("kselftest_override_timeout");

	return timeout && *timeout ? strtod(timeout, NULL) : RUNNER_TIMEOUT;
}

long env_number(const char *name, long fallback)
{
	const char *value = getenv(name);
	char *end;
	long number;

	if (!value || !*value)
		return fallback;
	number = strtol(value, &end, 0);
	if (!*end && number >= 0)
		return number;
	diag("%s is no number, taken as %ld", name, fallback);
	return fallback;
}
