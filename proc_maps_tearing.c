// SPDX-License-Identifier: GPL-2.0
/*
 * What may a reading of /proc/PID/maps show while the mappings change?
 *
 * Since Linux 6.17 the file is read under RCU and per-VMA locks, so that one
 * reading may mix moments.  What it must never show is a gap where there was a
 * mapping all the time, or a line that was never true.  oracle.h says that in
 * one rule, change.h has the changes as pictures; here are the ways to drive
 * one against the other, each in a header test_*.h:
 *
 *   sweep	all changes in a hurry, for who breaks things in many places
 *   known	the bug of 6.17 and later, in a test of its own
 *   stopped	a reader that is stopped where nothing protects what it remembers
 *   narrow	races whose window is a few instructions
 *   stepped	read some lines, make a transition, read on: for each change at
 *		each record boundary; no race, no luck, one CPU will do
 *   racing	reader and changer run free or are steered against each other
 *   shapes	many mappings, each position of the stage in a page of text
 *   access	lseek(), pread(), shared descriptors, tasks, oneself
 *   query	PROCMAP_QUERY's filters, and its bad use
 *   leaving	processes that exit or exec, or may not be read
 *
 * Not tested: the values in smaps and numa_maps beyond what a layout says, and
 * anything of files below /proc/PID/map_files.
 *
 * Knobs: DURATION (seconds per racing test), SEED, PLANT (gap, perm, idle: let
 * the changer cheat, to see what red looks like).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "abi.h"
/* In this order: what is quick and certain before what is long. */
#include "test_sweep.h"
#include "test_query.h"
#include "test_leaving.h"
#include "test_known.h"
#include "test_stopped.h"
#include "test_access.h"
#include "test_narrow.h"
#include "test_stepped.h"
#include "test_racing.h"
#include "test_shapes.h"

/* Behind prepare(), which may find that there is nothing to look after. */
static void __attribute__((constructor)) begin(void)
{
	look_after_tests();
}

TEST_HARNESS_MAIN
