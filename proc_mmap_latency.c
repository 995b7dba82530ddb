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
 * processes, stall.h the reason for what is found.  Not tested: absolute
 * latency.  On a machine that is shared, a limit in microseconds is exceeded
 * with nobody scanning anything.
 *
 * Three answers: pass, no interference; not ok, interference where there must
 * be none; SKIP, could not tell, or interference where it is known.
 *
 * Environment:
 *	GATE=1			interference fails on any release
 *	FULL=1			the long list of scenarios, and more pairs
 *	DURATION=seconds	bound of one scenario, default 4
 *	LATENCY_LIMIT_US=n	what a slow operation is, default 500
 *	WINDOW_MS=n		length of a window, default 50
 *	HOG_BUSY_US=n, HOG_IDLE_US=n	how a hog works, default 2000 and 1000;
 *				idle 0: all the time
 *	CPU_MAPPER=n, CPU_LOAD=n	where the roles run
 *	SEED=n			of all that is random
 *	JSON=file		results for programs
 *	KSFT_MACHINE_SLOW=1	report, but do not fail
 *	PLANT=stall|hang|idle	plant a fault, to see red (or, for idle, SKIP)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include "report.h"
#include "stall.h"
#include "trial.h"
#include "../kselftest_harness.h"

/* The published limit, for the tail; the verdict does not depend on it. */
#define LIMIT_US 500
/* One scenario; four times what a clear case takes. */
#define DURATION_S 4
/*
 * Once the whole program has used this much, a scenario that is not clear soon
 * is left at "could not tell": some runner's patience is 45 s for all of it.
 */
#define BUDGET_S 14
#define SHORT_PAIRS 12
/* How long to look at stalls, once it is known that there are some. */
#define WATCH_MS 300
/* The published number of mappings. */
#define MANY 16000

#define KERNEL(major, minor) ((major) * 1000 + (minor))
#define NEVER KERNEL(1000, 0)

/* Reasons are constant: bots build the names of results from them. */
#define SKIP_CPUS "fewer than two CPUs"
#define SKIP_BLIND "the apparatus cannot see contention here"
#define SKIP_UNSURE "could not tell"
#define SKIP_RELEASE "interference, as expected of this release"
#define SKIP_FEW "interference, known where mappings are few"
#define SKIP_LOCKED "interference, this file is known to hold the lock"
#define SKIP_SLOW "slow machine or debug kernel"
#define SKIP_FILE "this kernel has no such file or query"
#define SKIP_FULL "long list, set FULL=1"
#define SKIP_MAPPINGS "this many mappings are not allowed"

/**
 * enum kind - how a scenario's answer is to be taken
 * @GATE:	no interference, from a release on
 * @FEW:	the same, but a known weakness of every release so far
 * @CONTROL:	interference must be seen, or nothing else means anything
 */
enum kind {
	GATE,
	FEW,
	CONTROL,
};

/* What outlives the process that one test runs in. */
static struct program {
	struct results results;
	bool controlled[2];	/* has the positive control been tried? */
	bool blind[2];		/* and failed?  Index: whether with hogs */
	int64_t spent;		/* ns, by all trials */
	uint64_t seed;
	bool announced;		/* have the parameters been printed? */
} *program;

static struct trial the_trial;

FIXTURE(latency) {
	struct trial *trial;
	struct knobs knobs;
};

/*
 * @lockless: the release from on which the file is read without mmap_lock:
 * maps since 6.17, PROCMAP_QUERY since 6.18, smaps and numa_maps since 7.2;
 * smaps_rollup and pagemap still take it in 7.3.
 */
FIXTURE_VARIANT(latency) {
	const char *name;
	enum kind kind;
	bool full;
	int lockless;
	struct scenario scenario;
};

#define SCENARIO(name_, kind_, full_, lockless_, ...)			\
	FIXTURE_VARIANT_ADD(latency, name_) {				\
		.name = #name_,						\
		.kind = kind_,						\
		.full = full_,						\
		.lockless = lockless_,					\
		.scenario = { __VA_ARGS__ },				\
	}

#define ONE(op_) .op = { &op_ }, .workers = 1
#define HOG .scanners = 2, .hogs = 1
#define ALONE .scanners = 2, .hogs = 0
#define READS(source_) .source = &source_

/*
 * Can the apparatus see it at all?  pagemap takes mmap_lock for each 2 MiB.
 */
SCENARIO(control_hog, CONTROL, false, NEVER,
	 READS(source_pagemap), ONE(op_mmap), HOG, .slots = MANY);
SCENARIO(control_alone, CONTROL, false, NEVER,
	 READS(source_pagemap), ONE(op_mmap), ALONE, .slots = MANY);

/* Each way to read, against mmap() and munmap(): the gate proper. */
SCENARIO(maps_hog, GATE, false, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), HOG, .slots = MANY);
SCENARIO(maps_alone, GATE, false, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), ALONE, .slots = MANY);
SCENARIO(query_hog, GATE, false, KERNEL(6, 18),
	 READS(source_query), ONE(op_mmap), HOG, .slots = MANY);
SCENARIO(query_alone, GATE, true, KERNEL(6, 18),
	 READS(source_query), ONE(op_mmap), ALONE, .slots = MANY);
SCENARIO(smaps_hog, GATE, false, KERNEL(7, 2),
	 READS(source_smaps), ONE(op_mmap), HOG, .slots = MANY);
SCENARIO(smaps_alone, GATE, true, KERNEL(7, 2),
	 READS(source_smaps), ONE(op_mmap), ALONE, .slots = MANY);
SCENARIO(numa_maps_hog, GATE, true, KERNEL(7, 2),
	 READS(source_numa), ONE(op_mmap), HOG, .slots = MANY);
SCENARIO(numa_maps_alone, GATE, true, KERNEL(7, 2),
	 READS(source_numa), ONE(op_mmap), ALONE, .slots = MANY);
SCENARIO(smaps_rollup_hog, GATE, true, NEVER,
	 READS(source_rollup), ONE(op_mmap), HOG, .slots = MANY);

/* Other operations of the mapper against maps. */
SCENARIO(maps_mprotect, GATE, false, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mprotect), HOG, .slots = MANY);
SCENARIO(maps_mremap, GATE, true, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mremap), HOG, .slots = MANY);
SCENARIO(maps_brk, GATE, true, KERNEL(6, 17),
	 READS(source_maps), ONE(op_brk), HOG, .slots = MANY);
SCENARIO(maps_fault, GATE, false, KERNEL(6, 17),
	 READS(source_maps), ONE(op_fault), HOG, .slots = MANY);
/* One thread maps, another one faults: who waits for the lock makes others wait. */
SCENARIO(maps_map_fault, GATE, true, KERNEL(6, 17),
	 READS(source_maps), .op = { &op_mmap, &op_fault }, .workers = 2,
	 HOG, .slots = MANY);
SCENARIO(maps_all, GATE, false, KERNEL(6, 17),
	 READS(source_maps),
	 .op = { &op_mmap, &op_fault, &op_mprotect, &op_brk }, .workers = 4,
	 HOG, .slots = MANY);

/*
 * The fewer mappings, the more often the reader meets the one that is just
 * being changed; see stall.h for what happens then.
 */
SCENARIO(few_8, FEW, false, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), HOG, .slots = 8);
SCENARIO(few_64, FEW, true, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), HOG, .slots = 64);
SCENARIO(few_512, FEW, false, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), HOG, .slots = 512);
SCENARIO(few_4096, FEW, true, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), HOG, .slots = 4096);
SCENARIO(few_8_alone, FEW, true, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), ALONE, .slots = 8);

/*
 * The causes apart.  The reader asks only about mappings that the mapper
 * changes; or only about those that it leaves alone, and so it never has a
 * reason to fall back to mmap_lock.  If that is harmless and the other is not,
 * the fallback is to blame; if neither is, it is the lock of a mapping.
 */
SCENARIO(few_ask_changing, FEW, true, KERNEL(6, 18),
	 READS(source_query_at), ONE(op_mmap), HOG, .slots = 8, .moving = 1);
SCENARIO(few_ask_still, GATE, true, KERNEL(6, 18),
	 READS(source_query_at), ONE(op_mmap), HOG, .slots = 8, .moving = 1,
	 .still = true);
SCENARIO(few_one_changing, FEW, true, KERNEL(6, 17),
	 READS(source_maps), ONE(op_mmap), HOG, .slots = 8, .moving = 1);

static long env_number(const char *name, long fallback)
{
	const char *value = getenv(name);
	char *end;
	long number;

	if (!value || !*value)
		return fallback;
	number = strtol(value, &end, 0);
	if (!*end && number >= 0)
		return number;
	say("%s is no number, taken as %ld", name, fallback);
	return fallback;
}

static int kernel_release(void)
{
	int major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	if (sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		return 0;
	return KERNEL(major, minor);
}

static bool file_mentions(const char *path, const char *word)
{
	FILE *file = fopen(path, "r");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, word);
	if (file)
		fclose(file);
	return found;
}

/*
 * lockdep and KASAN make every lock and every access many times slower, and
 * lockdep adds locks of its own.  Neither is asked of its own configuration,
 * which may be compressed or missing, but of what it leaves in /proc.
 */
static bool machine_is_slow(void)
{
	const char *slow = getenv("KSFT_MACHINE_SLOW");

	if (slow && *slow && strcmp(slow, "0") && strcmp(slow, "no"))
		return true;
	return !access("/proc/lockdep_stats", F_OK) ||
	       file_mentions("/proc/kallsyms", " kasan_report\n") ||
	       file_mentions("/proc/kallsyms", " kcsan_setup_watchpoint\n");
}

static int topology(int cpu, const char *what)
{
	char path[96];
	int id = -1;
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, what);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &id) != 1)
		id = -1;
	fclose(file);
	return id;
}

static bool same_core(int a, int b)
{
	return topology(a, "core_id") >= 0 &&
	       topology(a, "core_id") == topology(b, "core_id") &&
	       topology(a, "physical_package_id") ==
	       topology(b, "physical_package_id");
}

/* The mapper gets the first CPU, the load the last one that shares no core. */
static void choose_cpus(struct knobs *knobs, const cpu_set_t *allowed)
{
	int cpu, first = -1, last = -1, apart = -1;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, allowed))
			continue;
		if (first < 0)
			first = cpu;
		else
			last = cpu;
		if (cpu != first && !same_core(first, cpu))
			apart = cpu;
	}
	knobs->cpu_mapper = (int)env_number("CPU_MAPPER", first);
	knobs->cpu_load = (int)env_number("CPU_LOAD",
					  apart < 0 ? last : apart);
}

static void choose_knobs(struct knobs *knobs)
{
	const char *plant = getenv("PLANT");
	long duration = env_number("DURATION", DURATION_S);
	long pairs;

	knobs->window_ms = (unsigned int)env_number("WINDOW_MS",
						    TRIAL_WINDOW_MS) ?: 1;
	pairs = duration * 1000 / (2 * (knobs->window_ms + TRIAL_SETTLE_MS));
	if (!env_number("FULL", 0) && !getenv("DURATION") &&
	    program->spent > BUDGET_S * NSEC_PER_SEC)
		pairs = SHORT_PAIRS;
	if (pairs < VERDICT_LEAD)
		pairs = VERDICT_LEAD;
	if (pairs > TRIAL_MAX_PAIRS)
		pairs = TRIAL_MAX_PAIRS;
	knobs->max_pairs = (unsigned int)pairs;
	knobs->nap_us = MAPPER_NAP_US;
	knobs->hog_busy_us = (unsigned int)env_number("HOG_BUSY_US",
						      LOAD_HOG_BUSY_US);
	knobs->hog_idle_us = (unsigned int)env_number("HOG_IDLE_US",
						      LOAD_HOG_IDLE_US);
	knobs->limit_ns = (uint64_t)env_number("LATENCY_LIMIT_US", LIMIT_US) *
			  NSEC_PER_USEC;
	/* Each test starts from the same seed, so that it can be run alone. */
	knobs->seed = program->seed;
	knobs->plant = plant && !strcmp(plant, "stall") ? PLANT_STALL :
		       plant && !strcmp(plant, "hang") ? PLANT_HANG :
		       PLANT_NOTHING;
	knobs->plant_idle = plant && !strcmp(plant, "idle");
}

/* What it costs to read the clock; it is in every duration once. */
static int64_t clock_cost(void)
{
	int64_t best = NSEC_PER_SEC;
	int i;

	for (i = 0; i < 1000; i++) {
		int64_t begin = now_ns();
		int64_t took = now_ns() - begin;

		if (took < best)
			best = took;
	}
	return best;
}

static void __attribute__((constructor)) program_begin(void)
{
	program = shared_alloc(sizeof(*program));
	if (!program)
		exit(KSFT_FAIL);
	program->seed = (uint64_t)env_number("SEED", 0);
	if (!program->seed)
		program->seed = (uint64_t)now_ns() % 1000000000 + 1;
	peer_bind_forks();
}

static void measure(struct trial *trial, const struct scenario *scenario,
		    const struct knobs *knobs, int *error)
{
	trial_free(trial);
	memset(trial, 0, sizeof(*trial));
	*error = trial_setup(trial, scenario, knobs);
	if (!*error)
		*error = trial_judge(trial);
	program->spent += now_ns() - trial->begin;
}

/*
 * The positive control, once per kind of pressure and not for each scenario:
 * it asks about the machine.
 */
static bool apparatus_is_blind(struct trial *trial, const struct knobs *knobs,
			       bool hogs)
{
	const struct scenario scenario = {
		READS(source_pagemap), ONE(op_mmap), .slots = MANY,
		.scanners = 2, .hogs = hogs,
	};
	struct knobs control = *knobs;
	int error;

	if (program->controlled[hogs])
		return program->blind[hogs];
	control.plant = PLANT_NOTHING;
	measure(trial, &scenario, &control, &error);
	program->controlled[hogs] = true;
	program->blind[hogs] = error || trial->verdict != VERDICT_INTERFERES;
	return program->blind[hogs];
}

static void diagnose(const char *name, struct trial *trial)
{
	struct stalls stalls;

	if (stall_watch(trial, WATCH_MS, &stalls))
		return;
	say("%s.waits_for_mmap_lock: %u stalls", name, stalls.mmap_lock);
	say("%s.waits_for_vma_lock: %u stalls", name, stalls.vma_lock);
	say("%s.waits_elsewhere: %u stalls", name, stalls.elsewhere);
	say("%s.not_asleep: %u stalls", name, stalls.running);
	say("%s.scanner_runnable: %u stalls", name, stalls.handed);
	if (stalls.where[0])
		say("one of those elsewhere was in %s()", stalls.where);
	if (stalls.mmap_lock > stalls.vma_lock && stalls.handed)
		say("diagnosis: mmap_lock was held by, or handed to, a scanner that was waiting for its CPU");
	else if (stalls.vma_lock > stalls.mmap_lock && stalls.handed)
		say("diagnosis: a mapping was locked by a scanner that was waiting for its CPU");
}

static void finish(struct result *result, const struct knobs *knobs,
		   const char *outcome)
{
	const char *path = getenv("JSON");
	int error;

	if (result)
		result->outcome = outcome;
	if (!strcmp(outcome, "fail"))
		program->results.failed = true;
	if (!path || !*path)
		return;
	error = report_json(path, &program->results, knobs);
	if (error)
		say("cannot write %s: %s", path, strerror(-error));
}

FIXTURE_SETUP(latency)
{
	struct knobs *knobs = &self->knobs;
	struct utsname uts;
	cpu_set_t allowed;

	self->trial = &the_trial;
	if (variant->full && !env_number("FULL", 0))
		SKIP(return, SKIP_FULL);
	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	choose_knobs(knobs);
	choose_cpus(knobs, &allowed);
	if (CPU_COUNT(&allowed) < 2 || knobs->cpu_mapper == knobs->cpu_load)
		SKIP(return, SKIP_CPUS);
	if (cpu_pin(knobs->cpu_mapper))
		SKIP(return, SKIP_CPUS);
	if (program->announced)
		return;
	program->announced = true;
	uname(&uts);
	say("kernel: %s %s", uts.release, uts.machine);
	say("seed: %llu number", (unsigned long long)knobs->seed);
	say("cpu_mapper: %d number", knobs->cpu_mapper);
	say("cpu_load: %d number", knobs->cpu_load);
	say("window: %u ms", knobs->window_ms);
	say("clock_cost: %lld ns", (long long)clock_cost());
}

FIXTURE_TEARDOWN(latency)
{
	trial_free(self->trial);
}

/* A trial that is not believed is measured again, twice at 4 s and a hang. */
TEST_F_TIMEOUT(latency, interference, 60)
{
	const char *name = variant->name;
	const struct scenario *scenario = &variant->scenario;
	bool expected = kernel_release() >= variant->lockless;
	bool gate = env_number("GATE", 0);
	struct knobs *knobs = &self->knobs;
	struct trial *trial = self->trial;
	bool hogs = scenario->hogs;
	struct result *result;
	const char *reason;
	int error;

	if (variant->kind != CONTROL && apparatus_is_blind(trial, knobs, hogs))
		SKIP(return, SKIP_BLIND);

	measure(trial, scenario, knobs, &error);
	if (error == -ENOENT || error == -ENOTTY)
		SKIP(return, SKIP_FILE);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MAPPINGS);

	/* Once may be the host; before it is said aloud it must happen twice. */
	if (!error && trial->verdict == VERDICT_INTERFERES && !trial->hangs &&
	    (gate || (expected && variant->kind == GATE)))
		measure(trial, scenario, knobs, &error);
	ASSERT_EQ(0, error) {
		if (error == -ETIMEDOUT)
			TH_LOG("an operation or a read does not come back");
	}

	report_metrics(name, trial);
	result = report_keep(&program->results, name, trial);
	if (variant->kind == FEW && trial->verdict == VERDICT_INTERFERES)
		diagnose(name, trial);

	if (variant->kind == CONTROL) {
		program->controlled[hogs] = true;
		program->blind[hogs] = trial->verdict != VERDICT_INTERFERES;
		finish(result, knobs, program->blind[hogs] ? "skip" : "pass");
		if (program->blind[hogs])
			SKIP(return, SKIP_BLIND);
		return;
	}
	if (trial->verdict == VERDICT_FINE) {
		finish(result, knobs, "pass");
		return;
	}
	reason = trial->verdict != VERDICT_INTERFERES ? SKIP_UNSURE :
		 machine_is_slow() ? SKIP_SLOW :
		 gate ? NULL :
		 variant->lockless == NEVER ? SKIP_LOCKED :
		 !expected ? SKIP_RELEASE :
		 variant->kind == FEW ? SKIP_FEW :
		 NULL;
	finish(result, knobs, reason ? "skip" : "fail");
	if (reason)
		SKIP(return, "%s", reason);

	report_bars(trial);
	report_slowest(trial);
	say("again: SEED=%llu GATE=%d %s -r latency.%s.interference",
	    (unsigned long long)knobs->seed, gate, "./proc_mmap_latency", name);
	ASSERT_EQ(0U, trial->hangs) {
		TH_LOG("an operation took more than %lld s while %s was read",
		       (long long)(TRIAL_HANG_NS / NSEC_PER_SEC),
		       scenario->source->name);
	}
	ASSERT_NE((int)VERDICT_INTERFERES, (int)trial->verdict) {
		TH_LOG("reading %s holds up the process: mean %.1f us, and %.1f us while another one is read",
		       scenario->source->name,
		       verdict_mean(&trial->state.victim) / 1000,
		       verdict_mean(&trial->state.decoy) / 1000);
	}
}

TEST_HARNESS_MAIN
