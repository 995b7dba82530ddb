// SPDX-License-Identifier: GPL-2.0
/*
 * Test that readings of /proc/PID/maps are correct, and that pages keep their
 * content, during background operations on the memory.
 *
 * Two old bugs are the reason for this program: rmap walks that missed pages while
 * exec or mprotect() moved the boundaries of a mapping (2010), and munmap() that
 * freed pages with mmap_lock held for reading only (2018).  Both were found under
 * load, and both are about operations that run while mappings change.  The changes
 * of model/change.h are made and read here, as by proc_maps_tearing.  Meanwhile,
 * children are forked and execute programs, pages are migrated or swapped, and large
 * mappings are unmapped.  stressor.h has the table.
 *
 * Checks: each reading of the target and of its children (oracle.h); the tag of each
 * page (page_tag.h); that a child has the layout of one instant of its parent; that
 * a reading across an exec is of one program; that all processes exit; and
 * complaints of the kernel (kernel_log.h).
 *
 * Bounds: at most 100 children at once, and at most an eighth of the free memory or
 * 256 MiB.  No setting of the machine is changed.
 *
 * Environment:
 *	STRESS=1		entries that affect the whole machine as well:
 *				compaction, swapping, a memory cgroup
 *	DURATION=seconds	duration of a test
 *	SEED=n			seed of all random choices
 *	PLANT=gap|perm|idle	injected fault, as in proc_maps_tearing
 *	PLANT=content		a page with another content
 *	PLANT=kid		a child with another layout
 *	PLANT=exec		a reading of two programs
 */

#include "stress/children.h"
#include "tearing/program.h"
#include "stress/test_stress.h"
#include "lib/main.h"

int main(int argc, char **argv)
{
	/* A child may have executed this program. */
	exit_after_exec();
	return run_or_skip(program_begin(), argc, argv);
}
