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
 * in proc_maps_tearing; content: a page that is not what it says; kid: a child
 * with another layout; exec: a reading of two programs).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "abi.h"
#include "test_stress.h"

/* Before everything else, since a child may have become this program. */
static void __attribute__((constructor(101))) arrive(void)
{
	exec_arrived();
}

TEST_HARNESS_MAIN
