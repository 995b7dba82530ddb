/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_known.h - test for the known bug of 6.17 and later
 */
#ifndef PROC_TEST_KNOWN_H
#define PROC_TEST_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/oracle.h"
#include "../model/counters.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"

/*
 * When a kernel passes.  Where reads are lockless, some readings mix two layouts within
 * one read(): only these can show the bug.  On kernels with the bug one in 100 of them
 * shows it, on bare metal without preemption as well as emulated with preemption (6.17
 * to 7.3, 142 runs; the longest took 345 of them).  At KNOWN_FLOOR a kernel with the bug
 * passes once in a million times.
 *
 * Where one read() never mixes layouts while the modifier is on another CPU, read()
 * holds mmap_lock, and the bug cannot occur.
 */

/* Mixed readings after which the test passes.  Twice KNOWN_FLOOR. */
#define KNOWN_ENOUGH 3000

/* Mixed readings below which the test is skipped.  Derived above. */
#define KNOWN_FLOOR 1500

/* Overlapped read()s without a mixed one after which the test passes.  Arbitrary. */
#define KNOWN_LOCKED 20000

/* Seconds that the test takes at most, where DURATION says nothing else.  Arbitrary. */
#define KNOWN_SECONDS 8.0

/* Seconds of a time slice.  Arbitrary. */
#define KNOWN_SLICE 0.05

/* Time slices of one mode without a mixed reading after which it is skipped.  Arbitrary. */
#define KNOWN_CHANCES 10

FIXTURE(known) {
	struct context context;
};

FIXTURE_SETUP(known)
{
}

FIXTURE_TEARDOWN(known)
{
	context_close(_metadata, &self->context);
}

/*
 * A reader has just printed the head of a split mapping.  mprotect() merges head and
 * tail before the reader looks up the next mapping, so that no check makes the reader
 * try again.  The reader's iterator, left at the head, finds the merged mapping in place
 * of the head, and goes on behind it: the tail is never printed.
 *
 *	layout 0	wwrrrr		the reader prints ww
 *	layout 1	wwwwrr		the reader goes on behind wwww, prints rr
 *
 * A failure means that a monitor can miss a mapping that was there all the time.
 */
TEST_F(known, tail_lost_after_merge)
{
	const struct context_options options = race_options();
	struct run run = run_of(&self->context);
	const struct counters *counters = &run.counters;
	struct context *context = run.context;
	uint64_t mixed[NR_SLICES] = { 0 };
	double seconds = duration_from_env(KNOWN_SECONDS, DURATION_LIMIT);
	int64_t begin = now_ns();
	int err = 0;
	unsigned int i;

	if (!context_open(_metadata, context, &change_merge_left_partial,
			  &file_maps, &options))
		return;
	context->one_call = true;
	context->urgent = true;
	set_level(0, LEVEL_READER);
	for (i = 0; !err && now_ns() - begin < seconds * NSEC_PER_SEC &&
	     counters->mixed < KNOWN_ENOUGH &&
	     (counters->mixed || counters->overlapped_calls < KNOWN_LOCKED); i++) {
		unsigned int mode = i % NR_SLICES;
		uint64_t before = counters->mixed;

		/* A mode may never mix layouts, as without preemption. */
		if (before && i >= KNOWN_CHANCES * NR_SLICES && !mixed[mode])
			continue;
		err = race_in_slice(&run, &time_slices[mode], KNOWN_SLICE, 0, 0);
		mixed[mode] += counters->mixed - before;
	}
	set_level(0, 0);
	run_report(_metadata, &run, err, "known",
		   reproduce_command("known", "", "tail_lost_after_merge", options.seed));
	diag("known: %.2f s", (now_ns() - begin) / 1e9);
	if (!(err && known_bug_shows(context)) && *known_bug_seen)
		known_bug_print();
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	ASSERT_FALSE((bool)*known_bug_seen) {
		diag("not provoked again, but the sweep has seen it, see there");
	}
	if (counters->mixed ? counters->mixed < KNOWN_FLOOR :
			   counters->overlapped_calls < KNOWN_LOCKED || run.cpu[1] < 0)
		SKIP(return, "not provoked");
}

#endif /* PROC_TEST_KNOWN_H */
