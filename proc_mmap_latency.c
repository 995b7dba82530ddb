// SPDX-License-Identifier: GPL-2.0
/*
 * Test that reading /proc/PID/maps does not slow down mmap() of the process.
 *
 * A monitor at low priority reads the maps of a process that maps and unmaps.  If
 * the read holds a lock that mmap() needs, the mapper waits for the monitor.  If the
 * monitor is preempted meanwhile, the mapper waits for the task that runs in its
 * place as well.  Claim, for each scenario below: an operation of the mapper takes
 * no longer when the scanners read the mapper than when they read another process.
 *
 * verdict.h has the rule, trial.h the measurement, load.h and mapper.h the
 * processes, stall.h the diagnosis.  Absolute latency is not tested: on a shared
 * machine, a limit in microseconds is exceeded without any scanner.
 *
 * As root, target and test program run at nice LOAD_NICE_HURRY.  Unrelated tasks
 * take less of the time then.  Root is not required.
 *
 * Results: pass means no interference; not ok means interference where there must
 * be none; SKIP means no answer, or interference that is known.
 *
 * Environment:
 *	GATE=1			interference fails on any release
 *	FULL=1			long list of scenarios, which takes minutes
 *	DURATION=seconds	bound of one scenario, default 4
 *	LATENCY_LIMIT_US=n	limit of a slow operation, default 500
 *	WINDOW_MS=n		length of a window, default 50
 *	HOG_BUSY_US=n, HOG_IDLE_US=n	cycle of a hog, default 2000 and 1000;
 *				idle 0: no sleep
 *	CPU_MAPPER=n, CPU_LOAD=n	CPUs of the mapper and of the load
 *	SEED=n			seed of all random choices
 *	JSON=file		report for programs; exit status 4 when it cannot be
 *				written and no test failed
 *	KSFT_MACHINE_SLOW=1	interference is skipped, not failed
 *	PLANT=stall|hang|starve|idle	injected fault, which fails (or, for idle,
 *				skips); starve is for the fixture reader
 */
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "latency/program.h"
#include "latency/test_interference.h"
#include "latency/test_reader.h"
#include "latency/test_bulk.h"
#include "latency/test_grace.h"
#include "lib/harness.h"
#include "lib/main.h"

/* The process that writes the report; tests run in children. */
static pid_t program_pid;

/*
 * Write the report when the program exits.  This is an exit handler, since the main()
 * of some harnesses exits instead of returning.  A run without the report that JSON
 * asks for does not pass.
 */
static void write_report(void)
{
	if (getpid() == program_pid && !program_end() && !ksft_get_fail_cnt())
		_exit(KSFT_SKIP);
}

int main(int argc, char **argv)
{
	const char *missing = latency_begin();

	if (!missing) {
		program_pid = getpid();
		atexit(write_report);
	}
	return run_or_skip(missing, argc, argv);
}
