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
 *   racing	reader and modifier run free or are interleaved against each other
 *   shapes	many mappings, each position of the stage in a page of text
 *   access	lseek(), pread(), shared descriptors, tasks, oneself
 *   query	PROCMAP_QUERY's filters, and its bad use
 *   leaving	processes that exit or exec, or may not be read
 *
 * Not tested: the values in smaps and numa_maps beyond what a layout says, and
 * anything of files below /proc/PID/map_files.
 *
 * Knobs: DURATION (seconds per racing test), SEED, PLANT (gap, perm, idle: let
 * the modifier injected fault, to see what red looks like).
 */

#include "tearing/modifier.h"
#include "tearing/program.h"
/* In this order: what is quick and certain before what is long. */
#include "tearing/test_sweep.h"
#include "tearing/test_query.h"
#include "tearing/test_leaving.h"
#include "tearing/test_known.h"
#include "tearing/test_stopped.h"
#include "tearing/test_access.h"
#include "tearing/test_narrow.h"
#include "tearing/test_stepped.h"
#include "tearing/test_racing.h"
#include "tearing/test_shapes.h"

/* The harness has a main() of its own, which this one calls. */
#define main harness_main
TEST_HARNESS_MAIN
#undef main

int main(int argc, char **argv)
{
	const char *missing;

	/* The modifier may have become this program: nothing else is due then. */
	modifier_after_exec();
	missing = program_begin() ?: program_watch_tests();
	if (missing) {
		ksft_print_header();
		ksft_exit_skip("%s\n", missing);
	}
	return harness_main(argc, argv);
}
