/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_narrow.h - test for races whose window is a few instructions
 *
 * A random race meets these windows once in minutes.  Each of these tests has the change
 * and the file that meet a window most often, and races at real-time priority for up to
 * 0.4 s, or longer where the race is seldom overlapped:
 *
 *   name	a name is replaced while it is printed
 *   last	the last mapping of all grows while the next one is looked up
 *   expand	a mapping is merged with a new one beside it while it is printed
 *   join	a merge extends a mapping downwards between two lines of its record
 *		in smaps
 *   grow	a stack grows between two lines of its record in smaps
 *   flags	the permission of a whole mapping changes between two lines of its
 *		record in smaps
 *   heap	brk() has lowered the end of the heap, by which the name [heap] is told, and
 *		has not yet taken away the mapping that is read.  Kernels since 6.17 fail
 *
 * A failure means what the broken rule says.  A narrow window only means that users meet
 * it seldom.
 */
#ifndef PROC_TEST_NARROW_H
#define PROC_TEST_NARROW_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/parse.h"
#include "../model/counters.h"
#include "context.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"

/* Overlapped readings after which a test ends.  Arbitrary. */
#define NARROW_ENOUGH 10000

/* Seconds after which a test ends.  Arbitrary. */
#define NARROW_SECONDS 0.4

/* Overlapped readings below which a test goes on after NARROW_SECONDS.  Arbitrary. */
#define NARROW_FEW 1000

/* Multiple of NARROW_SECONDS after which such a test ends as well.  Arbitrary. */
#define NARROW_EXTEND 6

/* Seconds of a time slice.  Arbitrary. */
#define NARROW_SLICE 0.08

FIXTURE(narrow) {
	struct context context;
};

FIXTURE_VARIANT(narrow) {
	const char *name;
	const struct change *change;
	const struct file_kind *kind;
	bool locked;
	const char *bug[2];
};

FIXTURE_VARIANT_ADD(narrow, name) {
	.name = "name",
	.change = &change_rename,
	.kind = &file_maps,
};

FIXTURE_VARIANT_ADD(narrow, last) {
	.name = "last",
	.change = &change_top,
	.kind = &file_maps,
};

FIXTURE_VARIANT_ADD(narrow, expand) {
	.name = "expand",
	.change = &change_split_by_map,
	.kind = &file_maps,
};

FIXTURE_VARIANT_ADD(narrow, join) {
	.name = "join",
	.change = &change_merge_left_partial,
	.kind = &file_smaps,
};

FIXTURE_VARIANT_ADD(narrow, grow) {
	.name = "grow",
	.change = &change_grow,
	.kind = &file_smaps,
	.locked = true,
};

FIXTURE_VARIANT_ADD(narrow, flags) {
	.name = "flags",
	.change = &change_three_pages,
	.kind = &file_smaps,
};

FIXTURE_VARIANT_ADD(narrow, heap) {
	.name = "heap",
	.change = &change_heap_end,
	.kind = &file_maps,
	.bug = { "this kernel shows the end of the heap without its name while brk() unmaps it",
		 "(mm->brk, 6.17 and later); the kernel is at fault, not the test" },
};

FIXTURE_SETUP(narrow)
{
}

FIXTURE_TEARDOWN(narrow)
{
	context_close(_metadata, &self->context);
}

/*
 * Count the overlapped readings of a time slice that may have met the window.  On a kernel
 * that is not preemptible, a modifier on the reader's CPU runs between the reader's system
 * calls only.  Such a time slice counts if one of its readings was mixed.
 */
static uint64_t narrow_met(const struct run *run, const struct time_slice *slice,
			   const struct counters *before)
{
	const struct counters *counters = &run->counters;

	if (slice->cpus == 1 && counters->mixed == before->mixed)
		return 0;
	return counters->overlapped - before->overlapped;
}

TEST_F(narrow, race)
{
	const struct context_options options = race_options();
	struct run run = run_of(&self->context);
	struct context *context = run.context;
	int64_t begin = now_ns();
	uint64_t met = 0;
	int err = 0;
	unsigned int i;

	if (variant->locked && kernel_release() < KERNEL(6, 5))
		SKIP(return, "stacks grow under a read lock before 6.5");
	if (!context_open(_metadata, context, variant->change, variant->kind, &options))
		return;
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	context->one_call = true;
	context->urgent = true;
	set_level(0, LEVEL_READER);
	for (i = 0; !err && met < NARROW_ENOUGH &&
	     now_ns() - begin < NARROW_SECONDS * NSEC_PER_SEC *
	     (met < NARROW_FEW && (met || run.cpu[1] >= 0) ? NARROW_EXTEND : 1); i++) {
		const struct time_slice *slice = time_slice_narrow(i);
		struct counters before = run.counters;

		err = race_in_slice(&run, slice, NARROW_SLICE, 0, 0);
		met += narrow_met(&run, slice, &before);
	}
	set_level(0, 0);
	if (err > 0 && run.result.rule == RULE_FOREIGN)
		for (i = 0; i < ARRAY_SIZE(variant->bug) && variant->bug[i]; i++)
			diag("summary: %s", variant->bug[i]);
	race_verdict(_metadata, &run, err, variant->name,
		     reproduce_command("narrow", variant->name, "race", options.seed));
	if (met < RACING_FLOOR)
		SKIP(return, "race not exercised");
}

#endif /* PROC_TEST_NARROW_H */
