/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_sweep.h - test all changes in a file within seconds
 *
 * Most broken kernels are broken in many places.  These tests run first and show that
 * within seconds; the other tests show in which change and file.  Rare violations are
 * left to test_racing.h.
 */
#ifndef PROC_TEST_SWEEP_H
#define PROC_TEST_SWEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../lib/clock.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"
#include "watchdog.h"

/* Overlapped readings per change and time slice.  Arbitrary. */
#define SWEEP_FLOOR 20

/* Seconds.  Bound of a time slice.  Arbitrary. */
#define SWEEP_TIMEOUT 0.02

/* Entries of the table of changes for which there is space: twice what it has. */
#define SWEEP_MAX 64

/* Fill in all changes; return their number. */
static unsigned int sweep_list(const struct change *swept[])
{
	unsigned int n = 0;

#define CHANGE(entry) swept[n++] = &change_##entry
#include "../model/change_list.h"
#undef CHANGE
	return n;
}

FIXTURE(sweep) {
	struct context context;
};

FIXTURE_SETUP(sweep)
{
}

FIXTURE_TEARDOWN(sweep)
{
	context_close(_metadata, &self->context);
}

/*
 * Race one change; return 0, -errno, or 1 for a violation.  0 also where the kernel refuses
 * the change.
 */
static int sweep_change(struct run *run, const struct change *change,
			const struct file_kind *kind,
			const struct context_options *options)
{
	struct context *context = run->context;
	int err = context_start(context, change, kind, options);

	watchdog_watch(context->race ? context->race->tid : 0);
	if (!err)
		err = context_check_rest(context, &run->result);
	if (err)
		return change_is_refused(context, change, err) ? 0 : err;
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	context->one_call = true;
	return race_all(run, 0, SWEEP_FLOOR, SWEEP_TIMEOUT);
}

/*
 * Return whether the time of all sweeps is used up: TEST_SECONDS since the start of the
 * program, since they come first.
 */
static bool sweeps_are_late(void)
{
	return now_ns() - began_ns > TEST_SECONDS * NSEC_PER_SEC;
}

/* Sweep all changes in one file. */
static void run_sweep(struct __test_metadata *_metadata, struct context *context,
		      const struct file_kind *kind)
{
	const struct context_options options = race_options();
	/* Once, before this thread is pinned to one CPU. */
	struct run run = run_of(context);
	const struct change *swept[SWEEP_MAX];
	uint32_t transitions = 0;
	unsigned int i, n = sweep_list(swept);
	bool left = false;
	int err;

	if (!test_begin(_metadata))
		return;
	for (i = 0; i < n; i++) {
		if (sweeps_are_late())
			SKIP(return, "machine too slow for all of them");
		err = sweep_change(&run, swept[i], kind, &options);
		if (file_is_missing(context, err))
			SKIP(return, "no such file in this kernel");
		ASSERT_GE(err, 0) {
			diag("%s: modifier or reader: %s", swept[i]->name,
			     strerror(-err));
		}
		if (err) {
			context_end_modifier(context);
			evidence_print(context, &run.result, run.how,
				       reproduce_command("sweep", "", kind->name,
							 options.seed));
		}
		/* The known bug fails one test only; the sweep goes on to find others. */
		if (err && known_bug_shows(context)) {
			left = true;
			run.result.rule = RULE_NONE;
		}
		ASSERT_STREQ("legal", rule_text[run.result.rule]);
		transitions += context->race->seq / 2;
		ASSERT_EQ(0, context_over(context));
	}
	counters_print(&run.counters, "sweep", transitions);
	if (left)
		SKIP(return, "left to known.tail_lost_after_merge");
	if (!counters_suffice(&run.counters))
		SKIP(return, "race not exercised");
}

TEST_F(sweep, maps)
{
	run_sweep(_metadata, &self->context, &file_maps);
}

TEST_F(sweep, smaps)
{
	run_sweep(_metadata, &self->context, &file_smaps);
}

TEST_F(sweep, query)
{
	run_sweep(_metadata, &self->context, &file_query);
}

#endif /* PROC_TEST_SWEEP_H */
