/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial.h - one measurement from start to verdict
 *
 * A trial has a target that maps and unmaps, a control process that has as many
 * mappings and sleeps, and a load that reads one of the two:
 *
 *     mapper's CPU     target: munmap, sleep, mmap, sleep ...
 *     load's CPU       scanners, a hog                 (control process: asleep)
 *
 *     process that is read, by window:
 *     time  |- control -| |- target -| |- target -| |- control -| ...
 *            \_______ a pair ______/    \_______ a pair ______/
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
 * Length of a window, in ms.  It has hundreds of operations and a dozen cycles
 * of a hog.  It is short enough for a verdict in a second: VERDICT_LEAD pairs
 * are 0.8 s.
 */
#define TRIAL_WINDOW_MS 50

/*
 * Sleep between a change of group and the window, in ms: one cycle of a hog, so
 * that scanners and hogs have all run again.
 */
#define TRIAL_SETTLE_MS 3

/*
 * Duration of an operation that counts as a hang, in ns.  It is far longer than a
 * busy host delays an operation, and several hangs fit in the timeout of a test.
 */
#define TRIAL_HANG_NS (5 * NSEC_PER_SEC)

/* Maximum number of pairs of a trial, which bounds the memory for its windows. */
#define TRIAL_MAX_PAIRS 256

/*
 * Factor by which the median operation may be longer when the control process
 * is read than when no process is read.  Scanning any process may slow down all
 * processes a little (a longer grace period, a colder cache).  Beyond this
 * factor, which is arbitrary, a comparison of target and control process misses
 * the point.
 */
#define TRIAL_QUIET_LIMIT 10

/**
 * struct scenario - what to measure
 * @source: method of reading of the scanners
 * @op:	operation of each worker of the mapper, up to the first NULL
 * @slots:	number of mappings in the region of target and control process
 * @scanners: number of scanners
 * @hogs:	number of hogs on the scanners' CPU
 * @moving: number of slots, from the first, that the mapper uses; 0: all
 * @populate: mappings have their page, and so page tables to be walked, from the
 *	start
 * @solid:	the region is one mapping of @slots pages
 * @still:	the scanners query only slots that the mapper does not use, instead of
 *	those that it does (query_at only)
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
	bool solid;
};

/**
 * struct knobs - how to measure; the same for all trials of a program
 * @cpu_mapper: CPU of target and control process; -1: any
 * @cpu_load: first CPU of scanners and hogs
 * @cpus_load: number of CPUs of scanners and hogs, from @cpu_load on; 0 is 1
 * @window_ms: length of a window, ms
 * @min_pairs: smallest number of pairs for VERDICT_FINE; 0 for VERDICT_LEAD
 * @max_pairs: bound on the number of pairs of the sequential test
 * @max_ns: bound on the duration of the sequential test, ns
 * @nap_us: sleep of the mapper between two operations, us
 * @hog_busy_us: time that a hog spins, us
 * @hog_idle_us: time that a hog then sleeps, us; 0: never
 * @head_start_ms: time from the scanners' start to the hogs', ms
 * @limit_ns: limit of a slow operation, ns
 * @seed:	seed of all random choices
 * @inject: injected fault of the target
 * @own_group:	target and control process have scheduling groups of their own
 * @inject_idle: injected fault: scanners do not read
 */
struct knobs {
	int cpu_mapper;
	int cpu_load;
	unsigned int cpus_load;
	unsigned int window_ms;
	unsigned int min_pairs;
	unsigned int max_pairs;
	int64_t max_ns;
	unsigned int nap_us;
	unsigned int hog_busy_us;
	unsigned int hog_idle_us;
	unsigned int head_start_ms;
	uint64_t limit_ns;
	uint64_t seed;
	enum injection inject;
	bool own_group;
	bool inject_idle;
};

/*
 * struct trial_window - a window as it is kept for the report
 * @begin:	begin of the window, ns
 * @group:	group whose process was read
 * @window: measurements
 */
struct trial_window {
	int64_t begin;
	enum group group;
	struct window window;
};

/*
 * struct open_window - the window that is open
 * @group:	group whose process is read
 * @begin:	begin of the window, ns
 * @mark:	progress of the scanners at the begin
 */
struct open_window {
	enum group group;
	int64_t begin;
	struct load_mark mark;
};

/**
 * struct trial - a measurement in progress, or its outcome
 * @scenario: what to measure
 * @knobs: how to measure
 * @target: process whose maps must be harmless to read
 * @control: process that is read instead in the other window of a pair
 * @load: scanners and hogs
 * @open: window that is open, or was last
 * @state: state of the sequential test
 * @verdict: verdict so far
 * @begin: begin of the trial, ns
 * @took: duration of the trial, ns
 * @active_ns: time that windows were open, per group, ns
 * @reads: number of reads completed while windows were open, per group
 * @hangs: number of operations longer than TRIAL_HANG_NS, per group
 * @disturbs_all: scanning any process slows down the mapper
 * @windows: number of windows in @log
 * @log: all windows, in order
 */
struct trial {
	struct scenario scenario;
	struct knobs knobs;
	struct mapper target;
	struct mapper control;
	struct load load;
	struct open_window open;
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
 * struct scanned - work of all scanners for one group
 * @scans:	number of passes from end to end
 * @bytes:	number of bytes, or of answers
 */
struct scanned {
	uint64_t scans;
	uint64_t bytes;
};

/**
 * trial_free() - kill all processes of a trial, in any state
 * @trial:	the trial
 *
 * Return: 0, -ETIMEDOUT when the kernel holds a process that was killed, -EAGAIN
 * when a killed process got no CPU to exit on.
 */
int trial_free(struct trial *trial);

/**
 * trial_setup() - start target, control process and load
 * @trial:	zeroed
 * @scenario: what to measure
 * @knobs:	how to measure
 *
 * Return: 0 or -errno: ENOENT or ENOTTY when this kernel has no such file or query,
 * ENOMEM when vm.max_map_count does not allow as many mappings.  trial_free() is due
 * in either case.
 */
int trial_setup(struct trial *trial, const struct scenario *scenario,
		const struct knobs *knobs);

/**
 * trial_open() - open a window on the process of @group
 * @trial:	the trial; no window is open
 * @group:	group whose process is read from now on
 *
 * Return: 0 or -errno, as load_switch().
 */
int trial_open(struct trial *trial, enum group group);

/**
 * trial_close() - close the open window and measure it
 * @trial:	the trial
 * @window:	filled in
 *
 * A window ends when the last operation that began in it has ended.  When that
 * takes TRIAL_HANG_NS, the load is killed and started again.
 *
 * Return: as trial_window().
 */
int trial_close(struct trial *trial, struct window *window);

/**
 * trial_window() - measure for one window
 * @trial:	the trial
 * @group:	group whose process is read meanwhile
 * @window: filled in
 *
 * Return: 0, -EIO when a process of the trial failed, -EAGAIN when the machine is
 * too busy to run it, -ETIMEDOUT when an operation did not end after the load was
 * killed, or when a scanner is stuck in a read.
 */
int trial_window(struct trial *trial, enum group group, struct window *window);

/** trial_hist() - merge the durations of all operations of a group */
void trial_hist(const struct trial *trial, enum group group, struct histogram *hist);

/**
 * trial_period() - compute the usual time from one operation to the next
 * @trial:	the trial
 *
 * The time is that in the windows of the control process.  Without any operation in
 * them, it is MAPPER_NAP_US.
 *
 * Return: ns, never 0.
 */
uint64_t trial_period(const struct trial *trial);

/** trial_scanned() - sum up the work of all scanners for a group */
struct scanned trial_scanned(const struct trial *trial, enum group group);

/** trial_disturbs_all() - check whether scanning any process slows down the mapper */
bool trial_disturbs_all(const struct trial *trial);

/** trial_late() - check whether the trial has used up its time */
bool trial_late(const struct trial *trial);

/**
 * trial_run() - measure pairs of windows until there is a verdict
 * @trial:	as trial_setup() left it; may be continued after a verdict
 *
 * Return: 0 with the verdict in @trial, or -errno as trial_window().
 */
int trial_run(struct trial *trial);

#endif /* PROC_LATENCY_TRIAL_H */
