/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_interference.h - test that reading a process does not slow down its mmap()
 *
 * One test for each scenario of variants.h: measure a trial, and skip, pass or
 * fail by its verdict.
 */
#ifndef PROC_LATENCY_TEST_INTERFERENCE_H
#define PROC_LATENCY_TEST_INTERFERENCE_H

#include <errno.h>
#include <stdbool.h>

#include "load.h"
#include "program.h"
#include "report.h"
#include "stall.h"
#include "trial.h"
#include "verdict.h"
#include "../lib/clock.h"
#include "../lib/env.h"
#include "../lib/harness.h"
#include "../lib/machine.h"
#include "../lib/print.h"

FIXTURE(latency) {
	struct trial *trial;
	struct knobs knobs;
};

#include "variants.h"

FIXTURE_SETUP(latency)
{
	self->trial = &the_trial;
}

/* A process that cannot be killed is stuck in what the test made it do. */
FIXTURE_TEARDOWN(latency)
{
	EXPECT_NE(-ETIMEDOUT, trial_free(self->trial)) {
		diag("the kernel holds a process that was killed");
	}
}

/* Return the reason to skip a test that found interference, or NULL: it fails. */
static const char *interference_excuse(const struct trial *trial, enum kind kind,
				       int lockless)
{
	if (machine_is_slow())
		return SKIP_SLOW;
	if (env_value("GATE"))
		return NULL;
	if (lockless == NEVER)
		return SKIP_LOCKED;
	if (kernel_release() < lockless)
		return SKIP_RELEASE;
	/* What is known where mappings are few is a delay. */
	return kind == FEW && !trial->hangs[GROUP_TARGET] ? SKIP_FEW : NULL;
}

/* Print the evidence of a failure, and how to reproduce it. */
static void interference_print(const char *name, const struct trial *trial,
			       enum list list, bool strict)
{
	report_bars(trial);
	report_slowest(trial);
	diag("reproduce with %sSEED=%llu GATE=%d ./proc_mmap_latency -r latency.%s.interference",
	     list == LONG ? "FULL=1 " : "",
	     (unsigned long long)trial->knobs.seed, strict, name);
}

/*
 * Pairs for a pass where mappings are few.  The mutants few-preempted and few-queues hold up
 * an operation in a fifth of the pairs on a busy machine: 32 show none with a probability of
 * 0.1 %.
 */
#define FEW_PAIRS 32

/* Times that a trial may take as long where mappings are few, up to FEW_NS.  Arbitrary. */
#define FEW_LONGER 3
#define FEW_NS (18 * NSEC_PER_SEC)

/* Measure longer, as is due where mappings are few. */
static void knobs_for_few(struct knobs *knobs)
{
	/* With DURATION= it may be more already; two trials are to end before the timeout. */
	int64_t most = knobs->max_ns > FEW_NS ? knobs->max_ns : FEW_NS;

	knobs->min_pairs = FEW_PAIRS;
	knobs->max_pairs *= FEW_LONGER;
	if (knobs->max_pairs > TRIAL_MAX_PAIRS)
		knobs->max_pairs = TRIAL_MAX_PAIRS;
	knobs->max_ns *= FEW_LONGER;
	if (knobs->max_ns > most)
		knobs->max_ns = most;
}

/*
 * Measure a scenario, and once more before its test would fail: the host may have
 * disturbed a single trial.  Return 0 or -errno.
 */
static int interference_measure(struct trial *trial, const struct scenario *scenario,
				const struct knobs *knobs, bool may_fail)
{
	int error = trial_measure(trial, scenario, knobs);

	if (!error && trial->verdict == VERDICT_INTERFERES &&
	    (may_fail || trial->hangs[GROUP_TARGET]))
		error = trial_measure(trial, scenario, knobs);
	return error;
}

/* Fail the test by the error of its trial, or by the reason that the trial has. */
static void interference_fail(struct __test_metadata *_metadata,
			      const struct trial *trial, int error)
{
	const char *source = trial->scenario.source->name;

	ASSERT_EQ(0, error) {
		if (error == -ETIMEDOUT)
			diag("an operation or a read does not come back");
	}
	ASSERT_EQ(0U, trial->hangs[GROUP_TARGET]) {
		diag("an operation took more than %lld s while %s was read",
		     (long long)(TRIAL_HANG_NS / NSEC_PER_SEC), source);
	}
	ASSERT_FALSE(trial->disturbs_all) {
		diag("reading %s of any process makes the median %d times longer",
		     source, TRIAL_QUIET_LIMIT);
	}
	ASSERT_NE((int)VERDICT_INTERFERES, (int)trial->verdict) {
		diag("reading %s slows down the process:", source);
		diag("mean %.1f us, and %.1f us while another process is read",
		     verdict_mean(&trial->state.target) / 1000,
		     verdict_mean(&trial->state.control) / 1000);
	}
}

/* Return the reason to skip a test whose trial ended with an error, or NULL: it fails. */
static const char *interference_unmeasured(int error, const struct scenario *scenario)
{
	switch (error) {
	case -ENOENT:
	case -ENOTTY:
		return SKIP_FILE;
	case -ENOMEM:
		return scenario->solid ? SKIP_MEMORY : SKIP_MAPPINGS;
	case -EAGAIN:
		return SKIP_UNSURE;
	default:
		return NULL;
	}
}

/* Return the reason to skip a test whose trial has a verdict, or NULL. */
static const char *interference_reason(const struct trial *trial, enum kind kind, int lockless)
{
	if (kind == POSITIVE_CONTROL)
		return control_result(&trial->scenario, trial);
	if (trial->verdict == VERDICT_INTERFERES)
		return interference_excuse(trial, kind, lockless);
	if (trial->verdict != VERDICT_FINE)
		return SKIP_UNSURE;
	return control_is_clear(&trial->scenario) ? NULL : SKIP_SELDOM;
}

/* The timeout covers two trials of 18 s, a positive control, and two hangs. */
TEST_F_TIMEOUT(latency, interference, 60)
{
	const char *name = variant->name;
	const struct scenario *scenario = &variant->scenario;
	struct knobs *knobs = &self->knobs;
	struct trial *trial = self->trial;
	bool strict = env_value("GATE"), fails;
	struct result *result;
	const char *reason;
	int error;

	reason = left_out(variant->list, knobs, EXHAUSTED_S);
	if (!reason && variant->kind != POSITIVE_CONTROL)
		reason = control_measure(trial, scenario, knobs);
	if (reason)
		SKIP(return, "%s", reason);

	if (variant->kind == FEW)
		knobs_for_few(knobs);
	error = interference_measure(trial, scenario, knobs, strict ||
				     (variant->kind == STRICT &&
				      kernel_release() >= variant->lockless));
	reason = error ? interference_unmeasured(error, scenario) : NULL;
	if (reason)
		SKIP(return, "%s", reason);
	if (error) {
		finish(NULL, knobs, "fail");
		interference_fail(_metadata, trial, error);
	}

	report_metrics(name, trial);
	result = report_keep(&program->results, name, trial);
	if (variant->kind == FEW && trial->verdict == VERDICT_INTERFERES)
		diagnose(name, trial);

	reason = interference_reason(trial, variant->kind, variant->lockless);
	fails = !reason && variant->kind != POSITIVE_CONTROL &&
		trial->verdict == VERDICT_INTERFERES;
	finish(result, knobs, fails ? "fail" : reason ? "skip" : "pass");
	if (reason)
		SKIP(return, "%s", reason);
	if (!fails)
		return;
	interference_print(name, trial, variant->list, strict);
	interference_fail(_metadata, trial, 0);
}

#endif /* PROC_LATENCY_TEST_INTERFERENCE_H */
