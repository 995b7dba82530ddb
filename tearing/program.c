// SPDX-License-Identifier: GPL-2.0
/*
 * program.c - state and environment that all tests of a program share
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "program.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/limits.h"
#include "../lib/print.h"
#include "watchdog.h"

/*
 * Time, in s, that is left at least for the test that is under way, and to skip those behind
 * it, which is a process for each of hundreds.  Arbitrary.
 */
#define LATE_REST_S 5

_Atomic bool *known_bug_seen;
int64_t began_ns;
struct kernel_log *kernel_complaints;

void known_bug_print(void)
{
	diag("summary: %s",
	     "this kernel loses mappings from /proc/PID/maps: a reader steps past what a merge");
	diag("summary: %s",
	     "has just joined (lock_next_vma(), 6.17 and later); the kernel is at fault, not the test");
}

const char *program_begin(void)
{
	const char *missing = env_error() ?: limits_missing();

	if (missing)
		return missing;
	bind_forks_to_parent();
	began_ns = now_ns();
	/* On a busy machine a higher priority gives more races.  It may be refused. */
	setpriority(PRIO_PROCESS, 0, -10);
	default_nice = getpriority(PRIO_PROCESS, 0);
	known_bug_seen = shared_alloc(sizeof(*known_bug_seen));
	if (!known_bug_seen)
		return "too little memory for what the tests share";
	return NULL;
}

const char *program_watch_tests(void)
{
	kernel_complaints = shared_alloc(sizeof(*kernel_complaints));
	if (!kernel_complaints)
		return "too little memory for what the tests share";
	kernel_log_begin(kernel_complaints, false);
	watchdog_start();
	return NULL;
}

bool program_is_late(void)
{
	double limit = runner_timeout();

	double rest = limit / 6 > LATE_REST_S ? limit / 6 : LATE_REST_S;

	if (env_value("DURATION") && !env_value("kselftest_override_timeout"))
		return false;
	if (rest > limit / 2)
		rest = limit / 2;
	return limit > 0 && now_ns() - began_ns > (limit - rest) * NSEC_PER_SEC;
}

bool program_is_pressed(void)
{
	double limit = runner_timeout();

	return limit > 0 && now_ns() - began_ns > limit * NSEC_PER_SEC * 3 / 4;
}

double duration_from_env(double fallback, double most)
{
	const char *duration = env_value("DURATION");
	double seconds = duration ? strtod(duration, NULL) : 0;

	if (!(seconds > 0))
		return fallback;
	return seconds < most ? seconds : most;
}

char fault_from_env(void)
{
	const char *inject = getenv("PLANT");

	return inject ? inject[0] : 0;
}

char race_fault_from_env(void)
{
	char inject = fault_from_env();

	return inject && strchr("gpiblu", inject) ? inject : 0;
}
