// SPDX-License-Identifier: GPL-2.0
/*
 * proc_maps_tearing - test what /proc/PID/maps shows while the mappings change
 *
 * Since Linux 6.17 the file is read under RCU and per-VMA locks, so that one reading may
 * mix several moments.  A reading must never show a gap where there was a mapping all the
 * time, or a line that was never true.  model/oracle.h has the rule, model/change.h has
 * the changes as pictures.  Each fixture applies the rule to the changes in another way,
 * and has a file tearing/test_*.h:
 *
 *   sweep	all changes within seconds
 *   known	the known bug of 6.17 and later
 *   stopped	a reader that is held where nothing protects its position
 *   narrow	races whose window is a few instructions
 *   stepped	each change at each record boundary; without a race, on one CPU
 *   racing	each change in a race, in each interleaving mode
 *   beside	changes in races beside others that take the same locks
 *   shapes	many mappings; each position of the stage in a page of text
 *   access	lseek(), pread(), shared file descriptors, threads, the own process
 *   query	PROCMAP_QUERY: filters, narrow windows, bad use, build IDs
 *   fields	PROCMAP_QUERY: each field that it returns
 *   leaving	processes that exit or exec, or may not be read
 *   contents	the numbers of smaps, numa_maps, smaps_rollup and pagemap
 *   names	names of files of which a byte is odd
 *   records	records that are longer than a page
 *   targets	processes without an address space, stopped, traced, and so on
 *
 * Not tested: the files below /proc/PID/map_files.  doc/contents.rst has the rules of what
 * is not a layout.
 *
 * Environment: DURATION (seconds per racing test), SEED, PLANT (gap, perm, idle or block: a
 * fault that the modifier injects, to see what a failure looks like; loop or undying: one of
 * the reader; content: one that tests of numbers, names, fields and access inject).
 */

#include "tearing/modifier.h"
#include "tearing/program.h"
/*
 * The tests run in this order.  Where time is short the last ones are left out: those
 * that take longest, of which the sweeps have had a look at each change.  Stopped comes
 * early, since the kernels for which it is made are slow.  The very last one may crash an
 * old kernel.
 */
#include "tearing/test_sweep.h"
#include "tearing/test_query.h"
#include "tearing/test_fields.h"
#include "tearing/test_leaving.h"
#include "tearing/test_known.h"
#include "tearing/test_stopped.h"
#include "tearing/test_contents.h"
#include "tearing/test_names.h"
#include "tearing/test_records.h"
#include "tearing/test_targets.h"
#include "tearing/test_access.h"
#include "tearing/test_shapes.h"
#include "tearing/test_narrow.h"
#include "tearing/test_beside.h"
#include "tearing/test_stepped.h"
#include "tearing/test_racing.h"
#include "tearing/test_sparse.h"
#include "lib/main.h"

int main(int argc, char **argv)
{
	/* A modifier may have exec'd this program. */
	modifier_after_exec();
	return run_or_skip(program_begin() ?: program_watch_tests(), argc, argv);
}
