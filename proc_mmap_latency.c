// SPDX-License-Identifier: GPL-2.0
/*
 * Does reading /proc/PID/maps hold up the process that is being read?
 *
 * A monitor at low priority reads the maps of a process that maps and unmaps.
 * If the read holds a lock that mmap() needs, then the mapper waits for the
 * monitor, and if the monitor is preempted meanwhile, for whatever runs in its
 * place.  Claim, for each scenario below: an operation of the mapper takes no
 * longer when the scanners read the mapper than when they read some other
 * process.
 *
 * verdict.h has the rule, trial.h the measurement, load.h and mapper.h the
 * processes.  What is not tested: absolute latency.  On a machine that is
 * shared, a limit in microseconds is exceeded with nobody scanning anything.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include "trial.h"
#include "../kselftest_harness.h"

/* The published limit, for the tail; the verdict does not depend on it. */
#define LIMIT_US 500

FIXTURE(latency) {
	struct trial *trial;
	struct knobs knobs;
};

FIXTURE_VARIANT(latency) {
	struct scenario scenario;
	int lockless;
};

#define KERNEL(major, minor) ((major) * 1000 + (minor))

FIXTURE_VARIANT_ADD(latency, maps_hog) {
	.scenario = { &source_maps, { &op_mmap }, 1, 16000, 2, 1 },
	.lockless = KERNEL(6, 17),
};

FIXTURE_VARIANT_ADD(latency, smaps_hog) {
	.scenario = { &source_smaps, { &op_mmap }, 1, 16000, 2, 1 },
	.lockless = KERNEL(7, 2),
};

FIXTURE_VARIANT_ADD(latency, pagemap_hog) {
	.scenario = { &source_pagemap, { &op_mmap }, 1, 16000, 2, 1 },
	.lockless = 0,
};

static struct trial the_trial;

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

static long env_number(const char *name, long fallback)
{
	const char *value = getenv(name);
	char *end;
	long number;

	if (!value || !*value)
		return fallback;
	number = strtol(value, &end, 0);
	return *end ? fallback : number;
}

FIXTURE_SETUP(latency)
{
	cpu_set_t allowed;
	int cpu;

	self->trial = &the_trial;
	sched_getaffinity(0, sizeof(allowed), &allowed);
	if (CPU_COUNT(&allowed) < 2)
		SKIP(return, "needs two CPUs");
	for (cpu = 0; !CPU_ISSET(cpu, &allowed);)
		cpu++;
	self->knobs.cpu_mapper = cpu;
	for (cpu = CPU_SETSIZE - 1; !CPU_ISSET(cpu, &allowed);)
		cpu--;
	self->knobs.cpu_load = cpu;
	self->knobs.window_ms = TRIAL_WINDOW_MS;
	self->knobs.max_pairs = 30;
	self->knobs.limit_ns = (uint64_t)env_number("LATENCY_LIMIT_US",
						    LIMIT_US) * 1000;
	self->knobs.seed = (uint64_t)env_number("SEED", now_ns());
	cpu_pin(self->knobs.cpu_mapper);
}

FIXTURE_TEARDOWN(latency)
{
	trial_free(self->trial);
}

TEST_F_TIMEOUT(latency, interference, 40)
{
	struct trial *trial = self->trial;
	enum arm arm;
	int ret;

	(void)variant;
	ret = trial_setup(trial, &variant->scenario, &self->knobs);
	ASSERT_EQ(0, ret);
	ret = trial_judge(trial);
	ASSERT_EQ(0, ret);
	say("verdict: %s after %u pairs, %lld ms, ratio %.2f",
	    verdict_name(trial->verdict), trial->state.pairs,
	    (long long)trial->took / 1000000, verdict_ratio(&trial->state));
	for (arm = 0; arm < NR_ARMS; arm++) {
		struct histogram h;

		trial_hist(trial, arm, &h);
		say("%s: ops %llu mean %.1f us p50 %llu p99 %llu max %llu us",
		    arm_name[arm], (unsigned long long)h.count,
		    hist_mean(&h) / 1000,
		    (unsigned long long)hist_quantile(&h, 500000) / 1000,
		    (unsigned long long)hist_quantile(&h, 990000) / 1000,
		    (unsigned long long)h.max / 1000);
	}
	ASSERT_EQ((int)VERDICT_FINE, (int)trial->verdict);
}

TEST_HARNESS_MAIN
