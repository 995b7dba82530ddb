/* SPDX-License-Identifier: GPL-2.0 */
/*
 * harness.h - begin and end a test with the kselftest harness
 *
 * Only this file and the tests in test_*.h use the harness.  A program includes them in
 * one translation unit.
 */
#ifndef PROC_TEARING_HARNESS_H
#define PROC_TEARING_HARNESS_H

#include <stdbool.h>
#include <string.h>

#include "../lib/harness.h"
#include "../lib/kernel_log.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/check.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "context.h"
#include "evidence.h"
#include "program.h"
#include "run.h"
#include "watchdog.h"

/*
 * Clear the reason of a skip: the harness would print it behind "not ok", too.  A failure
 * of an ASSERT has to follow, since harnesses before 6.9 report a skip in spite of a
 * failure of an EXPECT.  The harness logs nothing meanwhile.
 */
#undef TH_LOG_ENABLED
#define TH_LOG_ENABLED 0
static inline void forget_skip(struct __test_metadata *_metadata)
{
	SKIP(return, "%s", "");
}

#undef TH_LOG_ENABLED
#define TH_LOG_ENABLED 1

/*
 * End a test.  The test fails where the kernel log has a new complaint, or where the
 * modifier cannot be killed.
 */
static inline void context_close(struct __test_metadata *_metadata,
				 struct context *context)
{
	bool complained;
	char said[300];
	int err;

	err = context_over(context);
	watchdog_disarm();
	complained = kernel_log_poll(kernel_complaints, said, sizeof(said));
	/* Not in a block behind ASSERT: after an earlier failure that is always run. */
	if (complained) {
		diag("RULE BROKEN: the kernel complains of itself");
		diag("  it said     %s", said);
	}
	if (complained || err)
		forget_skip(_metadata);
	ASSERT_FALSE(complained);
	ASSERT_EQ(0, err);
}

/*
 * Begin a test: have this thread watched, and skip where the test is to be left out.  Return
 * false for a test that is skipped.
 */
static inline bool test_begin(struct __test_metadata *_metadata)
{
	if (watchdog_unfit())
		SKIP(return false, "machine not fit for further tests");
	if (program_is_late())
		SKIP(return false, "machine too slow for all of them");
	watchdog_watch(0);
	return true;
}

/*
 * Start a test context and check each layout while the modifier is frozen.  A test whose
 * file is missing, or whose change this kernel refuses to this user, is skipped.  Return
 * false for a test that is skipped.
 */
static inline bool context_open(struct __test_metadata *_metadata,
				struct context *context, const struct change *change,
				const struct file_kind *kind,
				const struct context_options *options)
{
	struct check_result result = { 0 };
	int err;

	if (!test_begin(_metadata))
		return false;
	err = context_start(context, change, kind, options);
	watchdog_watch(context->race ? context->race->tid : 0);
	if (!err)
		err = context_check_rest(context, &result);
	if (err == 1) {
		context_end_modifier(context);
		evidence_print(context, &result, "at rest", "-");
		ASSERT_STREQ("legal", rule_text[result.rule]);
	}
	if (err)
		diag("%s, %s: %s", change->name,
		     context->failed ? context->failed : "modifier", strerror(-err));
	if (file_is_missing(context, err))
		SKIP(return false, "no such file in this kernel");
	if (change_is_refused(context, change, err))
		SKIP(return false, "%s", change->needs);
	ASSERT_EQ(0, err);
	return true;
}

/**
 * run_report() - print the counters of a run, and the evidence of its violation
 * @_metadata:	metadata of the test, which fails where reader or modifier failed
 * @run:	run; its modifier is ended
 * @err:	0, -errno, or 1 where @run->result is a violation
 * @what:	name of the run, which begins the line of counters
 * @reproduce:	command that repeats this test
 */
static inline void run_report(struct __test_metadata *_metadata,
			      struct run *run, int err, const char *what,
			      const char *reproduce)
{
	struct context *context = run->context;

	context_end_modifier(context);
	counters_print(&run->counters, what, context->race->seq / 2);
	if (err < 0)
		diag("  reproduce with %s", reproduce);
	ASSERT_GE(err, 0) {
		diag("modifier or reader: %s", strerror(-err));
	}
	if (err)
		evidence_print(context, &run->result, run->how, reproduce);
}

/** race_report() - report a race, and fail its test where there was a violation. */
static inline void race_report(struct __test_metadata *_metadata,
			       struct run *run, int err, const char *what,
			       const char *reproduce)
{
	run_report(_metadata, run, err, what, reproduce);
	if (err)
		known_bug_shows(run->context);
	ASSERT_STREQ("legal", rule_text[run->result.rule]);
}

/** race_verdict() - report a race, and skip a test in which there was no race. */
static inline void race_verdict(struct __test_metadata *_metadata,
				struct run *run, int err, const char *what,
				const char *reproduce)
{
	race_report(_metadata, run, err, what, reproduce);
	if (!counters_suffice(&run->counters))
		SKIP(return, "race not exercised");
}

#endif /* PROC_TEARING_HARNESS_H */
