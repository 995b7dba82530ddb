// SPDX-License-Identifier: GPL-2.0
/*
 * Do readings of /proc/PID/maps stay true, and pages what they are, while the
 * machine is in motion?
 *
 * Two old bugs are behind this: rmap walks that missed pages while exec or
 * mprotect() moved the boundaries of a mapping (2010), and munmap() that frees
 * pages with mmap_lock held for reading only (2018).  Both were found by load,
 * and both are about what goes on underneath while mappings change.  So the
 * changes of change.h are made and read here, as they are by proc_maps_tearing,
 * beside children that are forked and exec, pages that migrate or are swapped,
 * and large mappings that go away.  stressor.h has the table.
 *
 * What is judged: each reading of the target and of its children (oracle.h);
 * each page, which says itself what it is (pages.h); that a child has its
 * parent's layout of one instant; that a reading across an exec is of one
 * program; that everybody ends; and the kernel's own complaints (machine.h).
 *
 * Bounded: no more than 100 children at once, and no more than an eighth of the
 * free memory or 256 MiB.  No setting of the machine is changed.
 *
 * Knobs: STRESS=1 (also what the whole machine feels: compaction, swapping, a
 * memory cgroup), DURATION (seconds per test), SEED, PLANT (gap, perm, idle as
 * in proc_maps_tearing; content: a page that is not what it says; child: a child
 * with another layout; exec: a reading of two programs).
 */

#include "stress/children.h"
#include "tearing/program.h"
#include "stress/test_stress.h"

/* The harness has a main() of its own, which this one calls. */
#define main harness_main
TEST_HARNESS_MAIN
#undef main

int main(int argc, char **argv)
{
	const char *missing;

	/* A child may have become this program: nothing else is due then. */
	exec_arrived();
	missing = program_begin();
	if (missing) {
		ksft_print_header();
		ksft_exit_skip("%s\n", missing);
	}
	return harness_main(argc, argv);
}
