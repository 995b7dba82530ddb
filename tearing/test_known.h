/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_known.h - the bug of 6.17 and later, in a test of its own
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
#include "../model/tally.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"

/*
 * When is a kernel acquitted?  Where reads are lockless, two layouts mix within
 * one read() every now and then; each such reading came close.  Of them one in
 * 100 was a catch, bare and without preemption as well as emulated and with it
 * (6.17 to 7.3, 142 runs; the longest took 345 of them): at the floor a broken
 * kernel gets through once in a million times.  Where one read() never mixes
 * layouts while the modifier is on another CPU, it holds the lock, and there is
 * nothing to catch.
 */
#define KNOWN_ENOUGH 3000	/* close readings: no need to go on */
#define KNOWN_FLOOR 1500	/* close readings: fewer say nothing */
#define KNOWN_LOCKED 20000	/* overlapped readings, none of them close */
#define KNOWN_SECONDS 8.0	/* or DURATION */
#define KNOWN_SLICE 0.05
#define KNOWN_CHANCES 10	/* slices of one kind, before it is given up */

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
 * A reader has just printed the head of a split mapping.  mprotect() joins head
 * and tail; that is over before the reader looks for the next mapping, so that
 * nothing asks it to try again.  Its iterator, left at the head, finds the
 * joined mapping in place of it, and goes on behind: the tail is never printed.
 *
 *	layout 0	wwrrrr		reader prints ww
 *	layout 1	wwwwrr		reader goes on behind wwww, prints rr
 *
 * A failure means that a monitor can miss a mapping that was there all the time.
 */
TEST_F_TIMEOUT(known, tail_lost_after_merge, 30)
{
	const struct context_options options = race_options();
	struct run run = run_of(&self->context);
	const struct counters *counters = &run.counters;
	struct context *context = run.context;
	uint64_t close_by[NR_SLICES] = { 0 };
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
		unsigned int way = i % NR_SLICES;
		uint64_t before = counters->mixed;

		/* Without preemption, say, that way leads nowhere. */
		if (before && i >= KNOWN_CHANCES * NR_SLICES &&
		    !close_by[way])
			continue;
		err = race_in_slice(&run, &time_slices[way], KNOWN_SLICE, 0, 0);
		close_by[way] += counters->mixed - before;
	}
	set_level(0, 0);
	run_report(_metadata, &run, err, "known",
		   again("known", "", "tail_lost_after_merge", options.seed));
	diag("known: %.2f s", (now_ns() - begin) / 1e9);
	if (!(err && known_bug_shows(context)) && *known_bug_seen)
		known_bug_print();
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	ASSERT_FALSE((bool)*known_bug_seen) {
		TH_LOG("not provoked again, but the sweep has seen it, see there");
	}
	if (counters->mixed ? counters->mixed < KNOWN_FLOOR :
			   counters->overlapped_calls < KNOWN_LOCKED || run.cpu[1] < 0)
		SKIP(return, "not provoked");
}

#endif /* PROC_TEST_KNOWN_H */
