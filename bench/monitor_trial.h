/* SPDX-License-Identifier: GPL-2.0 */
/*
 * monitor_trial.h - measure a monitor, from its first run to a verdict
 *
 * As latency/trial.h, with the command of a user in the scanners' place:
 *
 *     mapper's CPU     target: munmap, sleep, mmap, sleep ...
 *     load's CPU       the monitor, a hog                (control process: asleep)
 *
 * A window is open from before the monitor runs until after it has paused, so that
 * all that it does in the kernel for one process lies in a window of that process.
 *
 * A monitor that is not told a PID reads all processes.  It is judged against its own
 * absence: nothing runs in the other window of a pair, and the hog does in both.
 */
#ifndef PROC_BENCH_MONITOR_TRIAL_H
#define PROC_BENCH_MONITOR_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor_command.h"
#include "monitor_reads.h"
#include "../latency/load.h"
#include "../latency/trial.h"
#include "../latency/verdict.h"

/* Duration of an operation that is looked at, in us: twice the interval of looking. */
#define LOOK_SLOW_US 200

/* Maximum number of files that are named as what was being read. */
#define DIAGNOSIS_FILES 8

/**
 * struct diagnosis_file - a file that was open while an operation was slow
 * @name:	name below /proc/PID
 * @count:	number of slow operations meanwhile
 * @last:	number of the last one of them, from 1
 */
struct diagnosis_file {
	char name[40];
	unsigned int count;
	unsigned int last;
};

/**
 * struct diagnosis - what slow operations waited for
 * @slow:	number of slow operations that were looked at
 * @mmap_lock:	of them, asleep for the lock of the address space
 * @vma_lock:	of them, asleep for the lock of one mapping
 * @elsewhere:	of them, asleep for another reason
 * @runnable:	number of slow operations with a process of the monitor that was ready
 *	to run, or ran, meanwhile
 * @looks:	number of times that the target's state was asked for while the monitor ran
 * @stopped:	of them, how often it was stopped, by a tracer or a signal
 * @where:	function of the last operation that counts as @elsewhere
 * @stack:	function of the kernel in which the monitor was last, if this is shown
 * @files:	number of files in @file
 * @file:	files of the target that the monitor had open, most frequent first
 */
struct diagnosis {
	unsigned int slow;
	unsigned int mmap_lock;
	unsigned int vma_lock;
	unsigned int elsewhere;
	unsigned int runnable;
	unsigned int looks;
	unsigned int stopped;
	char where[64];
	char stack[64];
	unsigned int files;
	struct diagnosis_file file[DIAGNOSIS_FILES];
};

/**
 * struct monitor - a monitor under test
 * @conditions:	how it is run
 * @trial:	target, control process, hogs and windows
 * @command:	the monitor of each process
 * @reads:	what was read of each process
 * @absence:	the monitor reads all processes, see above
 * @daemon:	the command does not end by itself
 * @seconds:	time for a sequential test, s
 * @gap_ns:	longest time between two readings, ns
 * @ran_ns:	time that the monitor of each process ran, ns
 * @lead:	lead of the first sequential test, which a second one repeats
 * @pairs:	pairs of both tests
 * @void_pairs:	pairs without a vote of both tests
 * @diagnosis:	what slow operations waited for
 * @reason:	why there is no answer; empty if there is one
 */
struct monitor {
	struct conditions conditions;
	struct trial trial;
	struct command command[NR_GROUPS];
	struct reads reads[NR_GROUPS];
	bool absence;
	bool daemon;
	unsigned int seconds;
	int64_t gap_ns;
	int64_t ran_ns[NR_GROUPS];
	int lead;
	unsigned int pairs;
	unsigned int void_pairs;
	struct diagnosis diagnosis;
	char reason[400];
};

/**
 * monitor_setup() - start target, control process and hogs, and try out the monitor
 * @monitor:	@conditions and @absence set, the rest zeroed
 * @scenario:	shape and operations of target and control process; no scanners
 * @knobs:	how to measure; the length of a window is chosen here
 *
 * Return: 0; -ENOEXEC when the command cannot be run; or -errno.  @reason says what
 * is wrong.  monitor_free() is due in either case.
 */
int monitor_setup(struct monitor *monitor, const struct scenario *scenario,
		  const struct knobs *knobs);

/** monitor_free() - end all processes, in any state */
void monitor_free(struct monitor *monitor);

/**
 * monitor_judge() - measure pairs of windows until there is a verdict
 * @monitor:	as monitor_setup() left it
 *
 * VERDICT_INTERFERES is the answer of two tests, one after the other.  If the monitor is
 * compared with its own absence, half of the delay must have been slept.  A monitor that
 * stops the target interferes, too, see monitor_stops().
 *
 * Return: 0 with the verdict in @trial, and @reason set if it is VERDICT_UNSURE; or
 * -errno with @reason set.
 */
int monitor_judge(struct monitor *monitor);

/**
 * struct operations - sums over operations of the target
 * @all:	number of operations
 * @slept:	number of those that gave up their CPU in the kernel
 * @all_ns:	duration of all, ns
 * @slept_ns:	duration of those that gave up their CPU, ns
 */
struct operations {
	uint64_t all;
	uint64_t slept;
	uint64_t all_ns;
	uint64_t slept_ns;
};

/** monitor_operations() - sum up the operations in the windows of @group */
struct operations monitor_operations(const struct monitor *monitor, enum group group);

/**
 * monitor_stops() - check whether the monitor stops the target
 * @monitor:	with some windows measured
 *
 * What is stopped between two operations makes none longer, so windows do not show it.
 *
 * Return: whether it was seen stopped in more than one look of twenty, and three times.
 */
bool monitor_stops(const struct monitor *monitor);

/**
 * monitor_diagnose() - find out what slow operations wait for
 * @monitor:	with a verdict
 */
void monitor_diagnose(struct monitor *monitor);

/**
 * monitor_is_seen() - check whether contention would have been seen
 * @monitor:	with a verdict; its monitor is paused
 *
 * Two scanners read pagemap of a process with 16,000 mappings on the monitor's CPU.
 *
 * Return: whether that was seen to interfere.
 */
bool monitor_is_seen(const struct monitor *monitor);

#endif /* PROC_BENCH_MONITOR_TRIAL_H */
