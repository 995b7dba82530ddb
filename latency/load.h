/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load.h - processes that read the mapper's files (scanners) and keep CPUs busy (hogs)
 *
 * A scanner is a monitoring process at nice 15 that reads one file of another
 * process from end to end, over and over.  A hog keeps the scanners' CPU busy at
 * nice 0.  A scanner is therefore often preempted.  If a preempted scanner holds a
 * lock, the task that waits for the lock waits for the hog as well.
 *
 * All scanners read a file of the process that load_switch() names: the target or
 * the control process.  The scanners change over between two reads, and the hogs
 * are idle meanwhile.  Otherwise a nice-15 task that was preempted with a lock of
 * the target held would reach into the window of the control process.
 */
#ifndef PROC_LATENCY_LOAD_H
#define PROC_LATENCY_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "../lib/child.h"
#include "../lib/futex.h"

/*
 * Nice value of a scanner.  The subject of the test is priority inversion, and
 * large installations run their monitoring at nice 15.
 */
#define LOAD_NICE 15

/*
 * Nice value of the test program, of the mapper, and of scanners that are slow
 * to change over.  It shortens their waits for unrelated tasks.  It needs
 * privilege; without it, the measurement is the same but takes longer on a busy
 * machine.
 */
#define LOAD_NICE_HURRY (-10)

/*
 * Time that a hog spins and time that it then sleeps, in us.  The values are
 * those of the published benchmark: two thirds of the CPU, in short bursts.
 */
#define LOAD_HOG_BUSY_US 2000
#define LOAD_HOG_IDLE_US 1000

/*
 * Maximum number of scanners, and of hogs.  The largest published load is 1000
 * of each on one CPU; the bound allows for four such CPUs.
 */
#define LOAD_MAX 4096

/*
 * enum group - process that the scanners read during a window
 *
 * The output keeps the older names of the groups, "quiet", "decoy" and "victim"
 * (see group_name), since the history of test bots is recorded under them.
 */
enum group {
	GROUP_QUIET,
	GROUP_CONTROL,
	GROUP_TARGET,
	NR_GROUPS,
};

struct scan;

/**
 * struct source - method of reading the mappings of a process
 * @name:	name of the method in test names
 * @file:	name of the file under /proc/PID
 * @step:	function that makes one system call; returns the number of bytes (or of
 *	answers), 0 at the end of a pass, or -errno
 * @brief:	one step covers one mapping or one page, and holds locks no longer
 * @whole:	a pass covers all mappings, not only the range of interest
 * @asks_moving: the range of interest is the slots that the mapper changes, unless
 *	the scenario says otherwise
 * @writes:	the file is written to, not read
 */
struct source {
	const char *name;
	const char *file;
	long (*step)(struct scan *scan);
	bool brief;
	bool whole;
	bool asks_moving;
	bool writes;
};

/**
 * struct scan - position of one scanner in a file of one process
 * @fd:	file descriptor
 * @from:	first address of interest (pagemap and query only)
 * @to:	end of the range of interest
 * @at:	address at which the next step continues
 */
struct scan {
	int fd;
	uint64_t from;
	uint64_t to;
	uint64_t at;
};

/**
 * struct scanner_stats - progress of a scanner, in shared memory
 * @group:	group that the scanner has changed over to
 * @started: number of reads begun
 * @finished: number of reads completed
 * @error:	errno of a failed read; the scanner has exited then
 * @scans:	number of passes from end to end, per group
 * @bytes:	number of bytes read (of answers, for a query), per group
 * @slept:	number of voluntary context switches
 * @preempted: number of involuntary context switches
 */
struct scanner_stats {
	_Atomic uint32_t group;
	_Atomic uint32_t started;
	_Atomic uint32_t finished;
	_Atomic uint32_t error;
	_Atomic unsigned long scans[NR_GROUPS];
	_Atomic unsigned long bytes[NR_GROUPS];
	_Atomic unsigned long slept;
	_Atomic unsigned long preempted;
};

/**
 * struct hog_stats - progress of a hog, in shared memory
 * @paused:	not 0 while the hog is idle
 * @cycles:	number of spins completed
 */
struct hog_stats {
	_Atomic uint32_t paused;
	_Atomic uint32_t cycles;
};

/**
 * struct load_shared - shared memory of a load and its processes
 * @start_barrier: barrier that all scanners and hogs pass before anything is timed
 * @group:	enum group that the scanners are to read
 * @scanners_idle: not 0 while scanners that have changed over are to be idle
 * @hogs_idle: not 0 while hogs are to be idle
 * @scanner: progress of each scanner
 * @hog:	progress of each hog
 */
struct load_shared {
	struct start_barrier start_barrier;
	_Atomic uint32_t group;
	_Atomic uint32_t scanners_idle;
	_Atomic uint32_t hogs_idle;
	struct scanner_stats scanner[LOAD_MAX];
	struct hog_stats hog[LOAD_MAX];
};

/**
 * struct load - scanners and hogs
 *
 * Set by the caller before load_start():
 * @source: method of reading
 * @scanners: number of scanners, at most LOAD_MAX
 * @hogs:	number of hogs, at most LOAD_MAX
 * @cpu:	first CPU of the scanners and hogs
 * @cpus:	number of CPUs to spread them over, from @cpu on; 0 is 1
 * @busy_us: time that a hog spins, us
 * @idle_us: time that a hog then sleeps, us; 0: never
 * @head_start_ms: time from the scanners' start to the hogs', ms; some scanners are
 *	then preempted in the middle of a read, however many hogs there are
 * @inject_idle: injected fault: scanners open the file and then only sleep
 * @pid:	process of each group; GROUP_QUIET is not used
 * @from:	first address of interest in the process of each group
 * @to:	end of the range of interest
 *
 * Private to load_*():
 * @shared: shared memory
 * @child:	processes: the scanners, then the hogs
 */
struct load {
	const struct source *source;
	unsigned int scanners;
	unsigned int hogs;
	int cpu;
	unsigned int cpus;
	unsigned int busy_us;
	unsigned int idle_us;
	unsigned int head_start_ms;
	bool inject_idle;
	pid_t pid[NR_GROUPS];
	uint64_t from[NR_GROUPS];
	uint64_t to[NR_GROUPS];

	struct load_shared *shared;
	struct child child[2 * LOAD_MAX];
};

/**
 * struct load_mark - progress of all scanners at one moment
 * @reads:	number of reads completed
 * @in_flight: at least one scanner is inside a read
 */
struct load_mark {
	uint32_t reads;
	bool in_flight;
};

/* Names of the groups in the output. */
extern const char * const group_name[NR_GROUPS];

/** scan_text() - read the next part of a text file; see @step of struct source */
long scan_text(struct scan *scan);

extern const struct source source_maps;
extern const struct source source_query;
extern const struct source source_query_at;
extern const struct source source_smaps;
extern const struct source source_numa;
extern const struct source source_rollup;
extern const struct source source_pagemap;
extern const struct source source_pagemap_page;
extern const struct source source_clear_refs;
extern const struct source source_cmdline;

/**
 * scan_open() - open the file of a process for a scanner
 * @scan:	filled in
 * @source: method of reading
 * @pid:	process to be read
 * @from:	first address of interest
 * @to:	end of the range of interest
 *
 * Return: 0 or -errno.
 */
int scan_open(struct scan *scan, const struct source *source, pid_t pid,
	      uint64_t from, uint64_t to);

/**
 * load_kill() - kill all scanners and hogs, in any state of the load
 * @load:	the load
 *
 * Return: 0, -ETIMEDOUT when the kernel holds a process that was killed, -EAGAIN
 * when a killed process got no CPU to exit on.
 */
int load_kill(struct load *load);

/**
 * load_free() - kill all scanners and hogs and free the shared memory
 * @load:	the load
 *
 * Return: as load_kill().
 */
int load_free(struct load *load);

/**
 * load_start() - start all scanners and hogs and wait until they run
 * @load:	the load; its group is GROUP_QUIET at first
 *
 * A load may be started again after load_kill(); the statistics go on.
 *
 * Return: 0 or -errno: ENOENT or ENOTTY when this kernel has no such file or query,
 * EAGAIN when not all processes got the CPU to arrive.  load_free() is due in
 * either case.
 */
int load_start(struct load *load);

/**
 * load_switch() - make all scanners read the process of another group
 * @load:	the load
 * @group:	the group
 *
 * Returns only when no scanner is inside a read for the previous group.  Scanners
 * that are slow to change over run at LOAD_NICE_HURRY for a moment.
 *
 * Return: 0, -EIO when a read failed, -ETIMEDOUT when a scanner is stuck in the
 * kernel for five seconds, -EAGAIN when a scanner got no CPU for as long.
 */
int load_switch(struct load *load, enum group group);

/** load_mark() - read the progress of all scanners */
struct load_mark load_mark(const struct load *load);

#endif /* PROC_LATENCY_LOAD_H */
