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

#include "../../kselftest_harness.h"
#include "load.h"
#include "program.h"
#include "report.h"
#include "stall.h"
#include "trial.h"
#include "verdict.h"
#include "../lib/clock.h"
#include "../lib/env.h"
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
		TH_LOG("the kernel holds a process that was killed");
	}
}

/* Return the reason to skip a test that found interference, or NULL: it fails. */
static const char *interference_excuse(enum kind kind, int lockless)
{
	if (machine_is_slow())
		return SKIP_SLOW;
	if (env_value("GATE"))
		return NULL;
	if (lockless == NEVER)
		return SKIP_LOCKED;
	if (kernel_release() < lockless)
		return SKIP_RELEASE;
	return kind == FEW ? SKIP_FEW : NULL;
}

/* Print the evidence of a failure, and how to reproduce it. */
static void interference_print(const char *name, const struct trial *trial,
			       enum list list, bool strict)
{
	report_bars(trial);
	report_slowest(trial);
	diag("again: %sSEED=%llu GATE=%d ./proc_mmap_latency -r latency.%s.interference",
	     list == LONG ? "FULL=1 " : "",
	     (unsigned long long)trial->knobs.seed, strict, name);
}

/*
 * The timeout covers two trials of 4 s, a positive control, and a hang.  The test is
 * longer than 60 lines, as SKIP() and ASSERT() return from here.
 */
TEST_F_TIMEOUT(latency, interference, 60)
{
	const char *name = variant->name;
	const struct scenario *scenario = &variant->scenario;
	struct knobs *knobs = &self->knobs;
	struct trial *trial = self->trial;
	bool strict = env_value("GATE"), fails = false;
	struct result *result;
	const char *reason;
	int error;

	reason = left_out(variant->list, knobs, EXHAUSTED_S);
	if (!reason && variant->kind != POSITIVE_CONTROL)
		reason = apparatus_is_blind(trial, scenario, knobs);
	if (reason)
		SKIP(return, "%s", reason);

	trial_measure(trial, scenario, knobs, &error);
	if (error == -ENOENT || error == -ENOTTY)
		SKIP(return, SKIP_FILE);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MAPPINGS);
	/* A failure takes two trials: the host may have disturbed a single one. */
	if (!error && trial->verdict == VERDICT_INTERFERES &&
	    !trial->hangs[GROUP_TARGET] &&
	    (strict || (variant->kind == STRICT &&
			kernel_release() >= variant->lockless)))
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
		reason = control_result(scenario, trial);
	} else if (trial->verdict == VERDICT_INTERFERES) {
		reason = interference_excuse(variant->kind, variant->lockless);
		fails = !reason;
	} else if (trial->verdict != VERDICT_FINE) {
		reason = SKIP_UNSURE;
	}
	finish(result, knobs, fails ? "fail" : reason ? "skip" : "pass");
	if (reason)
		SKIP(return, "%s", reason);
	if (!fails)
		return;

	interference_print(name, trial, variant->list, strict);
	ASSERT_EQ(0U, trial->hangs[GROUP_TARGET]) {
		TH_LOG("an operation took more than %lld s while %s was read",
		       (long long)(TRIAL_HANG_NS / NSEC_PER_SEC),
		       scenario->source->name);
	}
	ASSERT_FALSE(trial->disturbs_all) {
		TH_LOG("reading %s of any process makes the median %d times longer",
		       scenario->source->name, TRIAL_QUIET_LIMIT);
	}
	ASSERT_NE((int)VERDICT_INTERFERES, (int)trial->verdict) {
		TH_LOG("reading %s slows down the process:", scenario->source->name);
		TH_LOG("mean %.1f us, and %.1f us while another process is read",
		       verdict_mean(&trial->state.target) / 1000,
		       verdict_mean(&trial->state.control) / 1000);
	}
}

#endif /* PROC_LATENCY_TEST_INTERFERENCE_H */
