// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "program.h"
#include "load.h"
#include "mapper.h"
#include "report_file.h"
#include "verdict.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/limits.h"
#include "../lib/print.h"

/*
 * Limit of a slow operation, in us; the value of the published benchmark.  It
 * matters for the tail, not for votes.
 */
#define LIMIT_US 500

/* Bound of one scenario, in s: four times what a clear case takes. */
#define DURATION_S 4

/* Limit, in s, of bots that have no settings: the default of the kselftest runner. */
#define BOT_TIMEOUT_S 45

/*
 * Time of all trials, in s, after which a trial has SHORT_PAIRS and SHORT_S
 * only, so that the program ends within BOT_TIMEOUT_S.  An idle machine needs
 * about 9 s for all tests.
 */
#define BUDGET_S 14

/* Bound of a trial after BUDGET_S, in pairs: VERDICT_LEAD and four more. */
#define SHORT_PAIRS 12

/* Bound of a trial after BUDGET_S, in s; windows of a busy machine are longer. */
#define SHORT_S 4

/*
 * Reasons to skip.  Their text is constant, since bots build names of results
 * from it.
 */
#define SKIP_CPUS "fewer than two CPUs"
#define SKIP_NO_CPU "CPU_MAPPER or CPU_LOAD is no CPU that this may run on"
#define SKIP_ONE_CPU "CPU_MAPPER and CPU_LOAD are the same CPU"
#define SKIP_PIN "running on one CPU only is refused"
#define SKIP_CONTROL "this kernel has no pagemap to compare with"
#define SKIP_FULL "long list, set FULL=1"
#define SKIP_GATED "cannot fail without GATE=1, set that or FULL=1"

struct program *program;

struct trial the_trial;

/* Read the number of a CPU; -1 when it is too large for any. */
static int env_cpu(const char *name, int fallback)
{
	long cpu = env_number(name, fallback);

	return cpu < CPU_SETSIZE ? (int)cpu : -1;
}

/*
 * Check whether the trials have used up @seconds.  A runner with a longer
 * timeout than that of the settings file, such as the lab, has as many times
 * the budget, and one with a shorter timeout than BOT_TIMEOUT_S as much less.
 */
static bool exhausted(unsigned int seconds)
{
	double budget = seconds, timeout = runner_timeout();

	if (timeout > RUNNER_TIMEOUT)
		budget *= timeout / RUNNER_TIMEOUT;
	else if (timeout && timeout < BOT_TIMEOUT_S)
		budget *= timeout / BOT_TIMEOUT_S;
	return !env_value("FULL") && !env_value("DURATION") &&
	       program->spent > budget * NSEC_PER_SEC;
}

static void choose_knobs(struct knobs *knobs)
{
	/* In no time nothing is seen, so 0 stands for the default as well. */
	long duration = env_number("DURATION", DURATION_S) ?: DURATION_S;
	bool short_of_time = exhausted(BUDGET_S);
	long pairs;

	knobs->window_ms = (unsigned int)env_number("WINDOW_MS",
						    TRIAL_WINDOW_MS) ?: 1;
	pairs = duration * 1000 / (2 * (knobs->window_ms + TRIAL_SETTLE_MS));
	if (short_of_time)
		pairs = SHORT_PAIRS;
	if (pairs < VERDICT_LEAD)
		pairs = VERDICT_LEAD;
	if (pairs > TRIAL_MAX_PAIRS)
		pairs = TRIAL_MAX_PAIRS;
	knobs->max_pairs = (unsigned int)pairs;
	/* Windows of a busy machine are longer than they should be. */
	knobs->max_ns = (short_of_time ? SHORT_S : duration * 3 / 2) *
			NSEC_PER_SEC;
	knobs->nap_us = MAPPER_NAP_US;
	knobs->hog_busy_us = (unsigned int)env_number("HOG_BUSY_US",
						      LOAD_HOG_BUSY_US);
	knobs->hog_idle_us = (unsigned int)env_number("HOG_IDLE_US",
						      LOAD_HOG_IDLE_US);
	knobs->limit_ns = (uint64_t)env_number("LATENCY_LIMIT_US", LIMIT_US) *
			  NSEC_PER_USEC;
	/* Each test starts with the same seed, so that it can be run alone. */
	knobs->seed = program->seed;
	knobs->inject = env_fault("stall") ? INJECT_STALL :
			env_fault("hang") ? INJECT_HANG :
			env_fault("starve") ? INJECT_STARVE : INJECT_NOTHING;
	knobs->inject_idle = env_fault("idle");
}

/*
 * Measure the time that it takes to read the clock, which is part of each
 * duration.
 */
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

/* Return the path of the report, or NULL. */
static const char *json_path(void)
{
	const char *path = getenv("JSON");

	return path && *path ? path : NULL;
}

bool program_end(void)
{
	const char *path = json_path();
	int error;

	if (!program->ran || !path)
		return true;
	error = report_json(path, &program->results, &program->knobs);
	if (error)
		diag("cannot write %s: %s", path, strerror(-error));
	return !error;
}

const char *latency_begin(void)
{
	const char *missing = env_error() ?: limits_missing();

	if (missing)
		return missing;
	program = shared_alloc(sizeof(*program));
	if (!program)
		return SKIP_MEMORY;
	program->seed = seed_from_env();
	bind_forks_to_parent();
	return NULL;
}

int trial_measure(struct trial *trial, const struct scenario *scenario,
		  const struct knobs *knobs)
{
	int error = trial_free(trial);

	if (error)
		return error;
	memset(trial, 0, sizeof(*trial));
	error = trial_setup(trial, scenario, knobs);
	if (!error)
		error = trial_run(trial);
	program->spent += now_ns() - trial->begin;
	return error;
}

/*
 * Check whether the trial of a positive control shows contention.  A verdict is
 * not needed: on a busy machine the stalls themselves may use up the time, and the
 * question is what the measurement sees, not what the kernel does.  A lead alone is
 * not enough: it may rest on a difference too small to be seen with another file.
 */
static bool control_seen(const struct trial *trial)
{
	return verdict_ratio(&trial->state) >= VERDICT_EFFECT &&
	       (trial->verdict == VERDICT_INTERFERES ||
		(trial->state.lead > 0 && verdict_tail_doubt(&trial->state)));
}

/*
 * Check whether what a scenario looks for is as short as the lock of control_brief: a step
 * locks one mapping or page, or so do lines of few mappings, see stall.h.
 */
static bool control_is_brief(const struct scenario *scenario)
{
	return scenario->source->brief || scenario->slots < MANY;
}

/* Return the positive control that a scenario relies on, or is itself. */
static struct positive_control *control_of(const struct scenario *scenario)
{
	return &program->positive[scenario->hogs > 0][control_is_brief(scenario)];
}

const char *control_result(const struct scenario *scenario,
			   const struct trial *trial)
{
	struct positive_control *positive = control_of(scenario);

	positive->tried = true;
	positive->missed = control_seen(trial) ? NULL : SKIP_BLIND;
	positive->clear = verdict_is_clear(&trial->state);
	return positive->missed;
}

const char *control_measure(struct trial *trial, const struct scenario *checked,
			    const struct knobs *knobs)
{
	const struct scenario scenario = {
		.source = control_is_brief(checked) ? &source_pagemap_page :
						      &source_pagemap,
		.op = { &op_mmap }, .slots = MANY,
		.scanners = SCANNERS, .hogs = checked->hogs,
	};
	struct positive_control *positive = control_of(checked);
	struct knobs good = *knobs;
	int error;

	if (positive->tried)
		return positive->missed;
	good.inject = INJECT_NOTHING;
	good.inject_idle = false;
	error = trial_measure(trial, &scenario, &good);
	positive->tried = true;
	positive->missed = error == -ENOMEM ? SKIP_MAPPINGS :
			   error == -ENOENT ? SKIP_CONTROL :
			   error || !control_seen(trial) ? SKIP_BLIND : NULL;
	positive->clear = verdict_is_clear(&trial->state);
	return positive->missed;
}

bool control_is_clear(const struct scenario *checked)
{
	return control_of(checked)->clear;
}

void finish(struct result *result, const struct knobs *knobs,
	    const char *outcome)
{
	const char *path = json_path();

	if (result)
		result->outcome = outcome;
	if (!strcmp(outcome, "fail"))
		program->results.failed = true;
	/*
	 * The results so far are written in case this program is killed.
	 * program_end() writes all.
	 */
	if (path && !report_is_stream(path))
		report_json(path, &program->results, knobs);
}

/*
 * Check whether mapper and load may run on their CPUs: NULL, or the reason to
 * skip.
 */
static const char *cpus_missing(const struct knobs *knobs,
				const cpu_set_t *allowed)
{
	if (CPU_COUNT(allowed) < 2)
		return SKIP_CPUS;
	if (knobs->cpu_mapper < 0 || knobs->cpu_load < 0 ||
	    !CPU_ISSET((size_t)knobs->cpu_mapper, allowed) ||
	    !CPU_ISSET((size_t)knobs->cpu_load, allowed))
		return SKIP_NO_CPU;
	if (knobs->cpu_mapper == knobs->cpu_load)
		return SKIP_ONE_CPU;
	return cpu_pin(knobs->cpu_mapper) ? SKIP_PIN : NULL;
}

const char *latency_prepare(struct knobs *knobs)
{
	const char *missing;
	struct utsname uts;
	cpu_set_t allowed;
	int cpu[2];

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	choose_knobs(knobs);
	choose_cpus_apart(cpu);
	knobs->cpu_mapper = env_cpu("CPU_MAPPER", cpu[0]);
	knobs->cpu_load = env_cpu("CPU_LOAD", cpu[1]);
	program->ran = true;
	program->knobs = *knobs;
	missing = cpus_missing(knobs, &allowed);
	if (missing)
		return missing;
	setpriority(PRIO_PROCESS, 0, LOAD_NICE_HURRY);
	if (program->announced)
		return NULL;
	program->announced = true;
	uname(&uts);
	diag("kernel: %s %s", uts.release, uts.machine);
	diag("seed: %llu number", (unsigned long long)knobs->seed);
	diag("cpu_mapper: %d number", knobs->cpu_mapper);
	diag("cpu_load: %d number", knobs->cpu_load);
	diag("window: %u ms", knobs->window_ms);
	diag("clock_cost: %lld ns", (long long)clock_cost());
	return NULL;
}

const char *left_out(enum list list, struct knobs *knobs, unsigned int seconds)
{
	const char *reason;

	if (list == LONG && !env_value("FULL"))
		return SKIP_FULL;
	if (list == GATED && !env_value("GATE") && !env_value("FULL"))
		return SKIP_GATED;
	reason = latency_prepare(knobs);
	if (reason)
		return reason;
	return exhausted(seconds) ? SKIP_UNSURE : NULL;
}
