/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_heap.h - test that the heap keeps its name while brk() takes a part of it away
 */
#ifndef PROC_TEST_HEAP_H
#define PROC_TEST_HEAP_H

#include "../model/change.h"
#include "context.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"

/*
 * Seconds of the race, and at most.  Kernels with the fault show it in one of six readings
 * of the end of the heap, if the reader runs on another CPU (6.18).
 */
#define HEAP_SECONDS 0.2
#define HEAP_TIMEOUT 2.0

FIXTURE(heap) {
	struct context context;
};

FIXTURE_SETUP(heap)
{
}

FIXTURE_TEARDOWN(heap)
{
	context_close(_metadata, &self->context);
}

/*
 * The name [heap] is derived from the end of the heap, mm->brk.  brk() lowers that before it
 * takes mappings away, and before it locks them.  A reader that needs the lock of a mapping
 * only then finds one that is still there, but is no heap any more.
 *
 *	00101000-00105000 rw-p 00000000 00:00 0		[heap]
 *	00105000-00109000 r--p 00000000 00:00 0
 *
 * A failure means that a line was never true: a profiler or checkpoint takes such a mapping
 * for any other memory.  Under mmap_lock it cannot happen.
 */
TEST_F(heap, keeps_its_name)
{
	const struct context_options options = race_options();
	struct run run = run_of(&self->context);
	int err;

	if (!context_open(_metadata, run.context, &change_heap_end, &file_maps, &options))
		return;
	run.context->oracle.tolerate_lost_tail = *known_bug_seen;
	run.context->urgent = true;
	err = race_all(&run, duration_from_env(HEAP_SECONDS, DURATION_LIMIT), RACING_FLOOR,
		       HEAP_TIMEOUT);
	if (err > 0 && run.result.rule == RULE_FOREIGN) {
		diag("summary: %s",
		     "this kernel shows the heap without its name while brk() takes a part of it away");
		diag("summary: %s",
		     "(brk(), 6.17 and later); the kernel is at fault, not the test");
	}
	race_verdict(_metadata, &run, err, "heap",
		     reproduce_command("heap", "", "keeps_its_name", options.seed));
}

#endif /* PROC_TEST_HEAP_H */
