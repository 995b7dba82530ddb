/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial.h - one measurement from start to verdict
 *
 * A trial has a target that maps, a control process with as many mappings that does
 * nothing, and a load that reads the one or the other:
 *
 *     mapper's CPU     target: munmap, nap, mmap, nap ...
 *     load's CPU       scanners, a hog                 (control process: asleep)
 *
 *     time  |-- control process --| |-- target --| |-- target --| |-- control process --| ...
 *            \________ a pair _______/    \________ a pair _______/
 */
#ifndef PROC_LATENCY_TRIAL_H
#define PROC_LATENCY_TRIAL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "load.h"
#include "mapper.h"
#include "verdict.h"
#include "../lib/clock.h"

/*
 * Long enough for hundreds of operations and a dozen of a hog's cycles, short
 * enough for a verdict in a second: VERDICT_LEAD pairs are 0.8 s.
 */
#define TRIAL_WINDOW_MS 50

/* After a change of target everybody gets a hog's cycle to settle. */
#define TRIAL_SETTLE_MS 3
#define TRIAL_HANG_NS (5 * NSEC_PER_SEC)
#define TRIAL_MAX_PAIRS 256

/*
 * Scanning anybody may cost everybody something (a longer grace period, a
 * colder cache), but when it makes the median operation ten times slower, then
 * comparing target and control process misses the point.
 */
#define TRIAL_QUIET_LIMIT 10

/**
 * struct scenario - what is to be measured
 * @source:	what the scanners read
 * @op:		what each worker of the mapper does; there are as many as that
 * @slots:	mappings in the region, of target and control process
 * @scanners:	at nice 15
 * @hogs:	on the scanners' CPU
 * @moving:	how many slots the mapper uses, from the first; 0: all
 * @populate:	mappings have their pages, and so page tables to be walked
 * @still:	the scanners ask only about slots that the mapper does not use
 *		(query_at only; else they ask about those that it does)
 */
struct scenario {
	const struct source *source;
	const struct operation *op[MAPPER_WORKERS];
	unsigned int slots;
	unsigned int scanners;
	unsigned int hogs;
	unsigned int moving;
	bool populate;
	bool still;
};

/**
 * struct knobs - how to measure; the same for all trials of a program
 * @cpu_mapper:	where the target runs, -1: anywhere
 * @cpu_load:	where scanners and hogs run
 * @cpus_load:	on so many CPUs from there on, 0 is 1
 * @window_ms:	length of a window
 * @max_pairs:	bound of the sequential test
 * @max_ns:	and of the time it may take
 * @nap_us:	of the mapper, between two operations
 * @hog_busy_us: a hog spins this long
 * @hog_idle_us: and sleeps this long; 0: never
 * @head_start_ms: scanners run for so long before the hogs come
 * @limit_ns:	what a slow operation is
 * @seed:	of everything that is random
 * @inject:	a fault in the target
 * @apart:	target and control process not in the load's scheduling group
 * @inject_idle:	lazy scanners
 */
struct knobs {
	int cpu_mapper;
	int cpu_load;
	unsigned int cpus_load;
	unsigned int window_ms;
	unsigned int max_pairs;
	int64_t max_ns;
	unsigned int nap_us;
	unsigned int hog_busy_us;
	unsigned int hog_idle_us;
	unsigned int head_start_ms;
	uint64_t limit_ns;
	uint64_t seed;
	enum injection inject;
	bool apart;
	bool inject_idle;
};

/** struct trial_window - a window as it is kept for the report */
struct trial_window {
	int64_t begin;
	enum group group;
	struct window window;
};

/**
 * struct trial - a measurement under way, or its outcome
 * @scenario:	what
 * @knobs:	how
 * @target:	the process whose maps must be harmless to read
 * @control:	the process that takes its place
 * @load:	scanners and hogs
 * @state:	of the verdict
 * @verdict:	so far
 * @begin:	when it began, ns
 * @took:	how long it took, ns
 * @active_ns:	time that windows of each group were open
 * @reads:	reads that came back while windows of each group were open
 * @hangs:	operations longer than TRIAL_HANG_NS, per group
 * @disturbs_all: scanning whomever slows the mapper down
 * @windows:	how many are in @log
 * @log:	all windows, in the order they happened
 */
struct trial {
	struct scenario scenario;
	struct knobs knobs;
	struct mapper target;
	struct mapper control;
	struct load load;
	struct verdict_state state;
	enum verdict verdict;
	int64_t begin;
	int64_t took;
	int64_t active_ns[NR_GROUPS];
	uint64_t reads[NR_GROUPS];
	unsigned int hangs[NR_GROUPS];
	bool disturbs_all;
	unsigned int windows;
	struct trial_window log[3 * TRIAL_MAX_PAIRS];
};

/**
 * struct scanned - what all scanners did for one group; when they are elsewhere
 * @scans:	passes from end to end
 * @bytes:	bytes, or answers
 */
struct scanned {
	uint64_t scans;
	uint64_t bytes;
};

/**
 * trial_free() - end all processes of a trial, whatever state it is in
 * @trial:	the trial
 *
 * Return: 0, -ETIMEDOUT where the kernel holds one that was killed, -EAGAIN where
 * one got no CPU to end on.
 */
int trial_free(struct trial *trial);

/**
 * trial_setup() - start target, control process and load
 * @trial:	zeroed
 * @scenario:	what to measure
 * @knobs:	how
 *
 * Return: 0 or -errno: ENOENT or ENOTTY where this kernel has no such file or
 * query, ENOMEM where so many mappings are not allowed.  trial_free() is due in either case.
 */
int trial_setup(struct trial *trial, const struct scenario *scenario,
		const struct knobs *knobs);

/**
 * trial_window() - measure for one window
 * @trial:	the trial
 * @group:	whose file is read meanwhile
 * @window:	filled in
 *
 * A window ends when the last operation that began in it is over, however long
 * that takes, and the scanners change over only then.
 *
 * Return: 0, -EIO when a process of the trial failed, -EAGAIN when the machine
 * is too busy to run it, -ETIMEDOUT when an operation did not even come back
 * after the load was taken away, or a scanner is stuck in a read.
 */
int trial_window(struct trial *trial, enum group group, struct window *window);

/** trial_hist() - all of an group's operations in one histogram. */
void trial_hist(const struct trial *trial, enum group group, struct histogram *hist);

/**
 * trial_period() - the time from one operation to the next when all is well
 * @trial:	the trial
 *
 * Taken from the control's windows; without any, from the published pause.
 *
 * Return: ns, never 0.
 */
uint64_t trial_period(const struct trial *trial);

/** trial_scanned() - see struct scanned. */
struct scanned trial_scanned(const struct trial *trial, enum group group);

bool trial_late(const struct trial *trial);

/**
 * trial_run() - measure pairs of windows until there is a verdict
 * @trial:	as trial_setup() left it; may be continued after a verdict
 *
 * Return: 0 with the verdict in @trial, or what trial_window() returns.
 */
int trial_run(struct trial *trial);

#endif /* PROC_LATENCY_TRIAL_H */
