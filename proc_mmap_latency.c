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
 * As root, target and test run with some precedence (see LOAD_NICE_HURRY): what
 * else the machine does takes less of the time then.  Nothing requires it.
 *
 * Three answers: pass, no interference; not ok, interference where there must
 * be none; SKIP, could not tell, or interference where it is known.
 *
 * Environment:
 *	STRICT=1			interference fails on any release
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
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../kselftest_harness.h"
#include "latency/bulk.h"
#include "latency/load.h"
#include "latency/mapper.h"
#include "latency/program.h"
#include "latency/reader.h"
#include "latency/report.h"
#include "latency/stall.h"
#include "latency/trial.h"
#include "latency/verdict.h"
#include "lib/clock.h"
#include "lib/env.h"
#include "lib/machine.h"
#include "lib/print.h"

#define EXHAUSTED_BULK_S 60

FIXTURE(latency) {
	struct trial *trial;
	struct knobs knobs;
};

#include "latency/variants.h"

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
	bool strict = env_value("GATE");
	struct knobs *knobs = &self->knobs;
	struct trial *trial = self->trial;
	struct positive_control *positive = control_of(scenario);
	struct result *result;
	const char *reason;
	int error;

	reason = left_out(variant->list, knobs, EXHAUSTED_S);
	if (reason)
		SKIP(return, "%s", reason);
	if (variant->kind != POSITIVE_CONTROL) {
		reason = apparatus_is_blind(trial, scenario, knobs);
		if (reason)
			SKIP(return, "%s", reason);
	}

	trial_measure(trial, scenario, knobs, &error);
	if (error == -ENOENT || error == -ENOTTY)
		SKIP(return, SKIP_FILE);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MAPPINGS);

	/* Once may be the host; before it is said aloud it must happen twice. */
	if (!error && trial->verdict == VERDICT_INTERFERES &&
	    !trial->hangs[GROUP_TARGET] &&
	    (strict || (expected && variant->kind == STRICT)))
		trial_measure(trial, scenario, knobs, &error);
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

	if (variant->kind == POSITIVE_CONTROL) {
		positive->tried = true;
		positive->blind = control_seen(trial) ? NULL : SKIP_BLIND;
		finish(result, knobs, positive->blind ? "skip" : "pass");
		if (positive->blind)
			SKIP(return, SKIP_BLIND);
		return;
	}
	if (trial->verdict == VERDICT_FINE) {
		finish(result, knobs, "pass");
		return;
	}
	reason = trial->verdict != VERDICT_INTERFERES ? SKIP_UNSURE :
		 machine_is_slow() ? SKIP_SLOW :
		 strict ? NULL :
		 variant->lockless == NEVER ? SKIP_LOCKED :
		 !expected ? SKIP_RELEASE :
		 variant->kind == FEW ? SKIP_FEW :
		 NULL;
	finish(result, knobs, reason ? "skip" : "fail");
	if (reason)
		SKIP(return, "%s", reason);

	report_bars(trial);
	report_slowest(trial);
	diag("again: %sSEED=%llu GATE=%d ./proc_mmap_latency -r latency.%s.interference",
	     variant->list == LONG ? "FULL=1 " : "",
	     (unsigned long long)knobs->seed, strict, name);
	ASSERT_EQ(0U, trial->hangs[GROUP_TARGET]) {
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
		       verdict_mean(&trial->state.target) / 1000,
		       verdict_mean(&trial->state.control) / 1000);
	}
}

/*
 * The other side: does a reader get anywhere while the mapper runs flat out?
 * Here the "target" is the reader, an operation is one read, and what would
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

TEST_F_TIMEOUT(reader, progress, 60)
{
	bool judged = kernel_release() >= variant->lockless ||
		      env_value("GATE");
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
		error = load_switch(&trial->load, GROUP_TARGET);
	if (error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	ASSERT_EQ(0, reader_run(trial, &self->knobs, &starved, &v));
	/* Once may be the host, here too. */
	if (v == VERDICT_INTERFERES && judged)
		ASSERT_EQ(0, reader_run(trial, &self->knobs, &starved, &v));
	diag("%s.at_rest: %.2f us_per_read", variant->name,
	     verdict_mean(&trial->state.control) / 1000);
	diag("%s.flat_out: %.2f us_per_read", variant->name,
	     verdict_mean(&trial->state.target) / 1000);
	diag("%s.ratio: %.2f x", variant->name, verdict_ratio(&trial->state));
	diag("%s.starved_windows: %u windows", variant->name, starved);
	diag("%s.pairs: %u count", variant->name, trial->state.pairs);
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

TEST_F_TIMEOUT(bulk, faults_beside_munmap, 60)
{
	unsigned int stalled = 0, fine = 0;
	struct bulk_sum sum = { 0 }, huge = { 0 };
	struct bulk *bulk = self->bulk;
	struct load *load = self->load;
	struct bulk_round round[NR_GROUPS];
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
	bulk->inject = self->knobs.inject == INJECT_STALL;
	error = bulk_start(bulk);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MEMORY);
	if (error == -ETIMEDOUT || error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	load->source = &source_maps;
	load->scanners = 1;
	load->cpu = self->knobs.cpu_load;
	load->pid[GROUP_CONTROL] = bulk->child[GROUP_CONTROL].pid;
	load->pid[GROUP_TARGET] = bulk->child[GROUP_TARGET].pid;
	error = load_start(load);
	if (!error)
		error = load_switch(load, GROUP_TARGET);
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
		if (bulk_share(&round[GROUP_TARGET]) >= 0.5)
			stalled += bulk_goes_on(&round[GROUP_CONTROL]);
		else
			fine += bulk_goes_on(&round[GROUP_TARGET]);
	} while (fine < BULK_ROUNDS && stalled < BULK_STALLED &&
		 sum.rounds < 2 * BULK_MAX_ROUNDS && !bulk_is_late(begin));

	/* It takes a hundredth of the time: too short to be judged. */
	bulk->shared->huge = true;
	while (!error && huge.rounds < 2 * BULK_ROUNDS && !bulk_is_late(begin))
		error = bulk_pair(bulk, &number, &huge, round);

	program->spent += now_ns() - begin;
	diag("bulk.size: %llu MiB", (unsigned long long)bulk->size >> 20);
	diag("bulk.rounds: %u count", sum.rounds / 2);
	diag("bulk.fine_rounds: %u count", fine);
	diag("bulk.stalled_rounds: %u count", stalled);
	bulk_print("bulk", &sum);
	if (!error && huge.rounds)
		bulk_print("bulk_huge", &huge);
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
#include "latency/test_grace.h"

/* The harness has a main() of its own, which this one calls. */
#define main harness_main
TEST_HARNESS_MAIN
#undef main

int main(int argc, char **argv)
{
	const char *missing;
	int status;

	missing = latency_begin();
	if (missing) {
		ksft_print_header();
		ksft_exit_skip("%s\n", missing);
	}
	status = harness_main(argc, argv);
	/* A run that did not leave what it was asked for is no pass. */
	return !program_end() && status == KSFT_PASS ? KSFT_SKIP : status;
}
