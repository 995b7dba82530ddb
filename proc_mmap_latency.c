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
 * As root, victim and test run with some precedence (see LOAD_NICE_HURRY): what
 * else the machine does takes less of the time then.  Nothing requires it.
 *
 * Three answers: pass, no interference; not ok, interference where there must
 * be none; SKIP, could not tell, or interference where it is known.
 *
 * Environment:
 *	GATE=1			interference fails on any release
 *	FULL=1			the long list of scenarios, minutes if need be
 *	DURATION=seconds	bound of one scenario, default 4
 *	LATENCY_LIMIT_US=n	what a slow operation is, default 500
 *	WINDOW_MS=n		length of a window, default 50
 *	HOG_BUSY_US=n, HOG_IDLE_US=n	how a hog works, default 2000 and 1000;
 *				idle 0: all the time
 *	CPU_MAPPER=n, CPU_LOAD=n	where the roles run
 *	SEED=n			of all that is random
 *	JSON=file		results for programs; exit status 4 where they cannot
 *				be written and no test failed
 *	KSFT_MACHINE_SLOW=1	report, but do not fail
 *	PLANT=stall|hang|idle	plant a fault, to see red (or, for idle, SKIP)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "abi.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include "../kselftest_harness.h"
#include "bulk.h"
#include "env.h"
#include "machine.h"
#include "report.h"
#include "stall.h"
#include "trial.h"

/* The published limit.  Only the tail asks for it, never the votes. */
#define LIMIT_US 500
/* One scenario; four times what a clear case takes. */
#define DURATION_S 4
/*
 * Once the whole program has used this much, a scenario that is not clear soon
 * is left at "could not tell": bots that know no settings allow 45 s.  An idle
 * machine needs about 17 s for everything.
 */
#define BUDGET_S 14
#define SHORT_PAIRS 12
#define SHORT_S 4
/*
 * And once it has used this much, nothing new is begun; what nobody else judges,
 * and takes BULK_SECONDS at most, is begun later still.
 */
#define EXHAUSTED_S 20
#define EXHAUSTED_BULK_S 60
/* Ten times slower is starving: that it shares a CPU costs the reader some. */
#define READER_EFFECT 10.0
/*
 * Rounds in which the faults went on; and rounds in which they did not, with not
 * one of the others: a busy machine alone makes one in five such.
 */
#define BULK_ROUNDS 3
#define BULK_STALLED 5
#define BULK_MAX_ROUNDS 8
/* On a busy machine a round takes seconds. */
#define BULK_SECONDS 15
/* Fewer faults beside a munmap than this is no sign of anything going on. */
#define BULK_FAULTS 10
/* How long to look at stalls, once it is known that there are some. */
#define WATCH_MS 300
/* Reasons are constant: bots build the names of results from them. */
#define SKIP_CPUS "fewer than two CPUs"
#define SKIP_NO_CPU "CPU_MAPPER or CPU_LOAD is no CPU that this may run on"
#define SKIP_ONE_CPU "CPU_MAPPER and CPU_LOAD are the same CPU"
#define SKIP_PIN "running on one CPU only is refused"
#define SKIP_BLIND "the apparatus cannot see contention here"
#define SKIP_CONTROL "this kernel has no pagemap to compare with"
#define SKIP_UNSURE "could not tell"
#define SKIP_RELEASE "interference, as expected of this release"
#define SKIP_FEW "interference, known where mappings are few"
#define SKIP_LOCKED "interference, this file is known to hold the lock"
#define SKIP_SLOW "slow machine or debug kernel"
#define SKIP_FILE "this kernel has no such file or query"
#define SKIP_FULL "long list, set FULL=1"
#define SKIP_MEMORY "not enough memory"
#define SKIP_MAPPINGS "this many mappings are not allowed"

/*
 * struct control - what is known of a positive control
 * @tried:	whether it was measured
 * @blind:	why nothing can be told with it: a reason to SKIP, or NULL
 */
struct control {
	bool tried;
	const char *blind;
};

/* What outlives the process that one test runs in. */
static struct program {
	struct results results;
	struct control control[2][2];	/* with hogs? with brief locks? */
	int64_t spent;		/* ns, by all trials */
	uint64_t seed;
	bool announced;		/* have the parameters been printed? */
	bool ran;		/* was there a test that was not for another list? */
	pid_t pid;		/* of the process that runs the tests */
	struct knobs knobs;	/* of the last test */
} *program;

static struct trial the_trial;

FIXTURE(latency) {
	struct trial *trial;
	struct knobs knobs;
};

#include "latency_variants.h"

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
	const char *slow = env_says("KSFT_MACHINE_SLOW");

	if (slow && strcmp(slow, "no"))
		return true;
	return !access("/proc/lockdep_stats", F_OK) ||
	       file_mentions("/proc/kallsyms", " kasan_report\n") ||
	       file_mentions("/proc/kallsyms", " kcsan_setup_watchpoint\n");
}

static int cpu_id(int cpu, const char *what)
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
	return cpu_id(a, "core_id") >= 0 &&
	       cpu_id(a, "core_id") == cpu_id(b, "core_id") &&
	       cpu_id(a, "physical_package_id") ==
	       cpu_id(b, "physical_package_id");
}

/* A number that no CPU can have is no CPU. */
static int env_cpu(const char *name, int fallback)
{
	long cpu = env_number(name, fallback);

	return cpu < CPU_SETSIZE ? (int)cpu : -1;
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
	knobs->cpu_mapper = env_cpu("CPU_MAPPER", first);
	knobs->cpu_load = env_cpu("CPU_LOAD", apart < 0 ? last : apart);
}

/*
 * Whether a runner that is owed a bounded time would lose its patience.  Who has a
 * multiple of what settings gives, as the lab has, gets as many times the budget.
 */
static bool exhausted(unsigned int seconds)
{
	double budget = seconds;

	if (runner_patience() > RUNNER_PATIENCE)
		budget *= runner_patience() / RUNNER_PATIENCE;
	return !env_says("FULL") && !env_says("DURATION") &&
	       program->spent > budget * NSEC_PER_SEC;
}

static void choose_knobs(struct knobs *knobs)
{
	const char *plant = getenv("PLANT");
	long duration = env_number("DURATION", DURATION_S);
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
	/* On a busy machine, windows last longer than they were meant to. */
	knobs->max_ns = (short_of_time ? SHORT_S : duration * 3 / 2) *
			NSEC_PER_SEC;
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

/* The file that is asked for, or NULL. */
static const char *json_path(void)
{
	const char *path = getenv("JSON");

	return path && *path ? path : NULL;
}

/*
 * The report is complete only now; what is written to and not replaced gets it this
 * once.  A run that did not leave what it was asked for is no pass.
 */
static void program_end(void)
{
	const char *path = json_path();
	int error;

	if (getpid() != program->pid || !program->ran || !path)
		return;
	error = report_json(path, &program->results, &program->knobs);
	if (!error)
		return;
	say("cannot write %s: %s", path, strerror(-error));
	if (!ksft_get_fail_cnt())
		_exit(KSFT_SKIP);
}

static void __attribute__((constructor)) program_begin(void)
{
	const char *missing = env_complaint() ?: room_missing();

	if (missing) {
		ksft_print_header();
		ksft_exit_skip("%s\n", missing);
	}
	program = shared_alloc(sizeof(*program));
	if (!program) {
		ksft_print_header();
		ksft_exit_skip(SKIP_MEMORY "\n");
	}
	program->pid = getpid();
	atexit(program_end);
	program->seed = (uint64_t)env_number("SEED", 0);
	if (!program->seed)
		program->seed = (uint64_t)now_ns() % 1000000000 + 1;
	peer_bind_forks();
}

static void measure(struct trial *trial, const struct scenario *scenario,
		    const struct knobs *knobs, int *error)
{
	*error = trial_free(trial);
	if (*error)
		return;
	memset(trial, 0, sizeof(*trial));
	*error = trial_setup(trial, scenario, knobs);
	if (!*error)
		*error = trial_judge(trial);
	program->spent += now_ns() - trial->begin;
}

/*
 * Less than a verdict will do: on a busy machine the stalls themselves may eat
 * the time up.  This asks what the apparatus sees, not what the kernel does.  And
 * votes alone will not: they may agree on a difference so small that it would be
 * lost with any other file.
 */
static bool control_seen(const struct trial *trial)
{
	return verdict_ratio(&trial->state) >= VERDICT_EFFECT &&
	       (trial->verdict == VERDICT_INTERFERES ||
		(trial->state.lead > 0 && verdict_tail_doubt(&trial->state)));
}

/* The one that answers for a scenario. */
static struct control *control_of(const struct scenario *scenario)
{
	return &program->control[scenario->hogs > 0][scenario->source->brief];
}

/*
 * The positive control, once per kind of pressure and of lock and not for each
 * scenario: it asks about the machine.
 */
static const char *apparatus_is_blind(struct trial *trial,
				      const struct scenario *judged,
				      const struct knobs *knobs)
{
	const struct scenario scenario = {
		.source = judged->source->brief ? &source_pagemap_page :
						  &source_pagemap,
		.op = { &op_mmap }, .slots = MANY,
		.scanners = SCANNERS, .hogs = judged->hogs,
	};
	struct control *control = control_of(judged);
	struct knobs good = *knobs;
	int error;

	if (control->tried)
		return control->blind;
	good.plant = PLANT_NOTHING;
	good.plant_idle = false;
	measure(trial, &scenario, &good, &error);
	control->tried = true;
	control->blind = error == -ENOMEM ? SKIP_MAPPINGS :
			 error == -ENOENT ? SKIP_CONTROL :
			 error || !control_seen(trial) ? SKIP_BLIND : NULL;
	return control->blind;
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
	/* Preemptible kernels show both. */
	if (stalls.mmap_lock && stalls.handed)
		say("diagnosis: mmap_lock is handed to a scanner that waits for its CPU");
	if (stalls.vma_lock && stalls.handed)
		say("diagnosis: a mapping is locked by a scanner that waits for its CPU");
}

static void finish(struct result *result, const struct knobs *knobs,
		   const char *outcome)
{
	const char *path = json_path();

	if (result)
		result->outcome = outcome;
	if (!strcmp(outcome, "fail"))
		program->results.failed = true;
	/* What there is so far, should this be killed; program_end() has the rest. */
	if (path && !report_is_stream(path))
		report_json(path, &program->results, knobs);
}

/* Whether the roles may run where they are to: NULL, or the reason why not. */
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

/* Knobs and CPUs; a reason to skip where these are not to be had. */
static const char *prepare(struct knobs *knobs)
{
	const char *missing;
	struct utsname uts;
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	choose_knobs(knobs);
	choose_cpus(knobs, &allowed);
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
	say("kernel: %s %s", uts.release, uts.machine);
	say("seed: %llu number", (unsigned long long)knobs->seed);
	say("cpu_mapper: %d number", knobs->cpu_mapper);
	say("cpu_load: %d number", knobs->cpu_load);
	say("window: %u ms", knobs->window_ms);
	say("clock_cost: %lld ns", (long long)clock_cost());
	return NULL;
}

/*
 * Why a test is left out, or NULL.  For the test to ask, not its fixture: harnesses
 * before 6.9 go on to the test after a skip in the setup.
 */
static const char *left_out(enum list list, struct knobs *knobs,
			    unsigned int seconds)
{
	const char *reason;

	if (list == LONG && !env_says("FULL"))
		return SKIP_FULL;
	reason = prepare(knobs);
	if (reason)
		return reason;
	return exhausted(seconds) ? SKIP_UNSURE : NULL;
}

FIXTURE_SETUP(latency)
{
	self->trial = &the_trial;
}

/* One that cannot be killed is stuck in what the test had it do. */
FIXTURE_TEARDOWN(latency)
{
	EXPECT_NE(-ETIMEDOUT, trial_free(self->trial)) {
		TH_LOG("the kernel holds a process that was killed");
	}
}

/* A trial that is not believed is measured again, twice at 4 s and a hang. */
TEST_F_TIMEOUT(latency, interference, 60)
{
	const char *name = variant->name;
	const struct scenario *scenario = &variant->scenario;
	bool expected = kernel_release() >= variant->lockless;
	bool gate = env_says("GATE");
	struct knobs *knobs = &self->knobs;
	struct trial *trial = self->trial;
	struct control *control = control_of(scenario);
	struct result *result;
	const char *reason;
	int error;

	reason = left_out(variant->list, knobs, EXHAUSTED_S);
	if (reason)
		SKIP(return, "%s", reason);
	if (variant->kind != CONTROL) {
		reason = apparatus_is_blind(trial, scenario, knobs);
		if (reason)
			SKIP(return, "%s", reason);
	}

	measure(trial, scenario, knobs, &error);
	if (error == -ENOENT || error == -ENOTTY)
		SKIP(return, SKIP_FILE);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MAPPINGS);

	/* Once may be the host; before it is said aloud it must happen twice. */
	if (!error && trial->verdict == VERDICT_INTERFERES &&
	    !trial->hangs[ARM_VICTIM] &&
	    (gate || (expected && variant->kind == GATE)))
		measure(trial, scenario, knobs, &error);
	if (error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	if (error)
		finish(NULL, knobs, "fail");
	ASSERT_EQ(0, error) {
		if (error == -ETIMEDOUT)
			TH_LOG("an operation or a read does not come back");
	}

	report_metrics(name, trial);
	result = report_keep(&program->results, name, trial);
	if (variant->kind == FEW && trial->verdict == VERDICT_INTERFERES)
		diagnose(name, trial);

	if (variant->kind == CONTROL) {
		control->tried = true;
		control->blind = control_seen(trial) ? NULL : SKIP_BLIND;
		finish(result, knobs, control->blind ? "skip" : "pass");
		if (control->blind)
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
	say("again: %sSEED=%llu GATE=%d ./proc_mmap_latency -r latency.%s.interference",
	    variant->list == LONG ? "FULL=1 " : "",
	    (unsigned long long)knobs->seed, gate, name);
	ASSERT_EQ(0U, trial->hangs[ARM_VICTIM]) {
		TH_LOG("an operation took more than %lld s while %s was read",
		       (long long)(TRIAL_HANG_NS / NSEC_PER_SEC),
		       scenario->source->name);
	}
	ASSERT_FALSE(trial->disturbs_all) {
		TH_LOG("reading anybody's %s makes the median %d times longer",
		       scenario->source->name, TRIAL_QUIET_LIMIT);
	}
	ASSERT_NE((int)VERDICT_INTERFERES, (int)trial->verdict) {
		TH_LOG("reading %s holds up the process:", scenario->source->name);
		TH_LOG("mean %.1f us, and %.1f us while another one is read",
		       verdict_mean(&trial->state.victim) / 1000,
		       verdict_mean(&trial->state.decoy) / 1000);
	}
}

/*
 * The other side: does a reader get anywhere while the mapper runs flat out?
 * Here the "victim" is the reader, an operation is one read, and what would
 * slow it down is the mapper's working and not its resting.  Before @lockless,
 * the reader has to wait for mmap_lock each time, and on a busy machine for long.
 */
FIXTURE(reader) {
	struct trial *trial;
	struct knobs knobs;
};

FIXTURE_VARIANT(reader) {
	const char *name;
	enum list list;
	int lockless;
	struct scenario scenario;
};

FIXTURE_VARIANT_ADD(reader, maps) {
	.name = "reader_maps",
	.lockless = KERNEL(6, 17),
	.scenario = { &source_maps, { &op_mmap }, MANY, SCANNERS, 0, 0, false },
};

FIXTURE_VARIANT_ADD(reader, query) {
	.name = "reader_query",
	.list = LONG,
	.lockless = KERNEL(6, 18),
	.scenario = { &source_query, { &op_mmap }, MANY, SCANNERS, 0, 0, false },
};

FIXTURE_VARIANT_ADD(reader, maps_8) {
	.name = "reader_maps_8",
	.list = LONG,
	.lockless = KERNEL(6, 17),
	.scenario = { &source_maps, { &op_mmap }, 8, SCANNERS, 0, 0, false },
};

FIXTURE_VARIANT_ADD(reader, smaps) {
	.name = "reader_smaps",
	.list = LONG,
	.lockless = KERNEL(7, 2),
	.scenario = { &source_smaps, { &op_mmap }, MANY, SCANNERS, 0, 0, false },
};

FIXTURE_SETUP(reader)
{
	self->trial = &the_trial;
	self->knobs = (struct knobs){ 0 };
}

FIXTURE_TEARDOWN(reader)
{
	EXPECT_NE(-ETIMEDOUT, trial_free(self->trial)) {
		TH_LOG("the kernel holds a process that was killed");
	}
}

/* What the scanners did while the mapper worked, or while it rested. */
static int reader_window(struct trial *trial, bool flat_out,
			 struct window *window)
{
	struct load_mark before = load_mark(&trial->load), after;
	int64_t begin = now_ns();
	int ret = 0;

	if (flat_out)
		mapper_open(&trial->victim, ARM_VICTIM);
	nap_ns(trial->knobs.window_ms * NSEC_PER_MSEC);
	if (flat_out)
		ret = mapper_close(&trial->victim, TRIAL_HANG_NS);
	after = load_mark(&trial->load);
	window->sum_ns = (uint64_t)(now_ns() - begin);
	window->ops = after.reads - before.reads;
	window->max_ns = 0;
	window->idle = false;
	return ret;
}

/* Pairs of windows until there is a verdict; the load reads the victim. */
static int reader_judge(struct trial *trial, const struct knobs *knobs,
			unsigned int *starved, enum verdict *v)
{
	struct window rest, work;
	int error;

	trial->state = (struct verdict_state){
		.effect = READER_EFFECT,
		.limit_ns = knobs->limit_ns,
		.max_pairs = knobs->max_pairs,
	};
	trial->begin = now_ns();
	*starved = 0;
	do {
		error = reader_window(trial, false, &rest);
		if (!error)
			error = reader_window(trial, true, &work);
		if (error)
			return error;
		/* Not one read in the whole window: say it is just over. */
		if (!work.ops) {
			work.ops = 1;
			++*starved;
		}
		*v = verdict_next(&trial->state, &work, &rest);
		if (*v == VERDICT_MORE && trial_late(trial))
			*v = VERDICT_UNSURE;
	} while (*v == VERDICT_MORE);
	program->spent += now_ns() - trial->begin;
	return 0;
}

TEST_F_TIMEOUT(reader, progress, 60)
{
	bool judged = kernel_release() >= variant->lockless ||
		      env_says("GATE");
	struct trial *trial = self->trial;
	unsigned int starved = 0;
	const char *reason;
	enum verdict v;
	int error;

	reason = left_out(variant->list, &self->knobs, EXHAUSTED_S);
	if (reason)
		SKIP(return, "%s", reason);
	self->knobs.nap_us = 0;
	memset(trial, 0, sizeof(*trial));
	error = trial_setup(trial, &variant->scenario, &self->knobs);
	if (error == -ENOENT || error == -ENOTTY)
		SKIP(return, SKIP_FILE);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MAPPINGS);
	if (!error)
		error = load_target(&trial->load, ARM_VICTIM);
	if (error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	ASSERT_EQ(0, reader_judge(trial, &self->knobs, &starved, &v));
	/* Once may be the host, here too. */
	if (v == VERDICT_INTERFERES && judged)
		ASSERT_EQ(0, reader_judge(trial, &self->knobs, &starved, &v));
	say("%s.at_rest: %.2f us_per_read", variant->name,
	    verdict_mean(&trial->state.decoy) / 1000);
	say("%s.flat_out: %.2f us_per_read", variant->name,
	    verdict_mean(&trial->state.victim) / 1000);
	say("%s.ratio: %.2f x", variant->name, verdict_ratio(&trial->state));
	say("%s.starved_windows: %u windows", variant->name, starved);
	say("%s.pairs: %u count", variant->name, trial->state.pairs);
	if (v == VERDICT_UNSURE)
		SKIP(return, SKIP_UNSURE);
	if (v == VERDICT_INTERFERES && machine_is_slow())
		SKIP(return, SKIP_SLOW);
	if (v == VERDICT_INTERFERES && !judged)
		SKIP(return, SKIP_RELEASE);
	finish(NULL, &self->knobs, v == VERDICT_FINE ? "pass" : "fail");
	ASSERT_EQ((int)VERDICT_FINE, (int)v) {
		TH_LOG("the reader starves while the process maps");
	}
}

/*
 * A large munmap() in one thread, page faults in another one, a scanner beside
 * them.
 */
FIXTURE(bulk) {
	struct bulk *bulk;
	struct load *load;
	struct knobs knobs;
};

static struct bulk the_bulk;

FIXTURE_SETUP(bulk)
{
	self->bulk = &the_bulk;
	self->load = &the_trial.load;
	self->knobs = (struct knobs){ 0 };
}

FIXTURE_TEARDOWN(bulk)
{
	EXPECT_NE(-ETIMEDOUT, load_free(self->load)) {
		TH_LOG("the kernel holds a scanner that was killed");
	}
	EXPECT_NE(-ETIMEDOUT, bulk_free(self->bulk)) {
		TH_LOG("the kernel holds a process that was killed");
	}
}

/*
 * An eighth of the free memory, at most 256 MiB, or a gibibyte where there is
 * time.  The munmap has to take much longer than the stalls that there are anyway,
 * which last some 10 ms where the machine is emulated or shared.
 */
static size_t bulk_size(void)
{
	uint64_t size = (uint64_t)sysconf(_SC_AVPHYS_PAGES) / 8 *
			(uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t most = env_says("FULL") ? 1ULL << 30 : 1ULL << 28;

	return (size_t)(size < most ? size : most);
}

/*
 * struct bulk_sum - rounds together, by arm
 * @rounds:	of both arms together
 * @calm:	sum of the faults per second with no munmap anywhere
 * @faults:	beside a munmap
 * @time:	that the munmaps took, ns
 * @share:	sum of the longest stalls, in munmaps
 */
struct bulk_sum {
	unsigned int rounds;
	double calm, faults[NR_ARMS], share[NR_ARMS];
	int64_t time[NR_ARMS];
};

static bool bulk_is_late(int64_t begin)
{
	return now_ns() - begin > BULK_SECONDS * NSEC_PER_SEC;
}

/* How much of a munmap the fault lasted that was held up most. */
static double bulk_share(const struct bulk_round *round)
{
	return (double)round->longest / (double)round->took;
}

/* Whether there were faults beside a munmap, and none was held up by it. */
static bool bulk_goes_on(const struct bulk_round *round)
{
	return round->faults >= BULK_FAULTS && bulk_share(round) < 0.5;
}

/* One munmap of each process. */
static int bulk_pair(struct bulk *bulk, uint32_t *number, struct bulk_sum *sum,
		     struct bulk_round round[NR_ARMS])
{
	enum arm arm;
	int error;

	for (arm = ARM_DECOY; arm < NR_ARMS; arm++) {
		error = bulk_round(bulk, ++*number, arm, &round[arm]);
		if (error)
			return error;
		sum->rounds++;
		sum->calm += round[arm].calm;
		sum->faults[arm] += round[arm].faults;
		sum->time[arm] += round[arm].took;
		sum->share[arm] += bulk_share(&round[arm]);
	}
	return 0;
}

static void bulk_say(const char *name, const struct bulk_sum *sum)
{
	double rate[NR_ARMS] = { 0 };
	enum arm arm;

	say("%s.quiet.faults: %.0f per_s", name, sum->calm / sum->rounds);
	for (arm = ARM_DECOY; arm < NR_ARMS; arm++) {
		rate[arm] = sum->faults[arm] /
			    ((double)sum->time[arm] / NSEC_PER_SEC);
		say("%s.%s.munmap: %.2f ms", name, arm_name[arm],
		    (double)sum->time[arm] / NSEC_PER_MSEC / (sum->rounds / 2));
		say("%s.%s.faults: %.0f per_s", name, arm_name[arm], rate[arm]);
		say("%s.%s.longest_stall: %.1f %% of the munmap", name,
		    arm_name[arm], 100 * sum->share[arm] / (sum->rounds / 2));
	}
	say("%s.faults_delta: %.1f %%", name,
	    100 * (rate[ARM_VICTIM] / rate[ARM_DECOY] - 1));
}

TEST_F_TIMEOUT(bulk, faults_beside_munmap, 60)
{
	unsigned int stalled = 0, fine = 0;
	struct bulk_sum sum = { 0 }, huge = { 0 };
	struct bulk *bulk = self->bulk;
	struct load *load = self->load;
	struct bulk_round round[NR_ARMS];
	uint32_t number = 0;
	int64_t begin = now_ns();
	const char *reason;
	int error;

	reason = left_out(SHORT, &self->knobs, EXHAUSTED_BULK_S);
	if (reason)
		SKIP(return, "%s", reason);
	bulk->size = bulk_size();
	bulk->cpu_fault = self->knobs.cpu_mapper;
	bulk->cpu_unmap = self->knobs.cpu_load;
	bulk->plant = self->knobs.plant == PLANT_STALL;
	error = bulk_start(bulk);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MEMORY);
	if (error == -ETIMEDOUT || error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	load->source = &source_maps;
	load->scanners = 1;
	load->cpu = self->knobs.cpu_load;
	load->pid[ARM_DECOY] = bulk->peer[ARM_DECOY].pid;
	load->pid[ARM_VICTIM] = bulk->peer[ARM_VICTIM].pid;
	error = load_start(load);
	if (!error)
		error = load_target(load, ARM_VICTIM);
	if (error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);

	do {
		error = bulk_pair(bulk, &number, &sum, round);
		if (error == -ENOMEM)
			SKIP(return, SKIP_MEMORY);
		if (error == -ETIMEDOUT)
			SKIP(return, SKIP_UNSURE);
		ASSERT_EQ(0, error);
		/*
		 * A lock that is held throughout stalls a fault throughout, so
		 * rounds in which faults went on clear the kernel.  The
		 * contrary needs the other process's munmap to be harmless.
		 */
		if (bulk_share(&round[ARM_VICTIM]) >= 0.5)
			stalled += bulk_goes_on(&round[ARM_DECOY]);
		else
			fine += bulk_goes_on(&round[ARM_VICTIM]);
	} while (fine < BULK_ROUNDS && stalled < BULK_STALLED &&
		 sum.rounds < 2 * BULK_MAX_ROUNDS && !bulk_is_late(begin));

	/* It takes a hundredth of the time: too short to be judged. */
	bulk->shared->huge = true;
	while (!error && huge.rounds < 2 * BULK_ROUNDS && !bulk_is_late(begin))
		error = bulk_pair(bulk, &number, &huge, round);

	program->spent += now_ns() - begin;
	say("bulk.size: %llu MiB", (unsigned long long)bulk->size >> 20);
	say("bulk.rounds: %u count", sum.rounds / 2);
	say("bulk.fine_rounds: %u count", fine);
	say("bulk.stalled_rounds: %u count", stalled);
	bulk_say("bulk", &sum);
	if (!error && huge.rounds)
		bulk_say("bulk_huge", &huge);
	if (fine >= BULK_ROUNDS)
		return;
	if (fine || stalled < BULK_STALLED)
		SKIP(return, SKIP_UNSURE);
	if (machine_is_slow())
		SKIP(return, SKIP_SLOW);
	finish(NULL, &self->knobs, "fail");
	ASSERT_EQ(0U, stalled) {
		TH_LOG("page faults wait for a munmap() elsewhere to end");
	}
}

/* Asks what is above of the machine and of the knobs. */
#include "test_grace.h"

TEST_HARNESS_MAIN
