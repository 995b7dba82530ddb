/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load.h - scanners and hogs: what the mapper is up against
 *
 * A scanner is a monitoring process at nice 15 that reads one file of another
 * process from end to end, over and over.  A hog keeps the scanners' CPU busy
 * at nice 0, so that a scanner is seldom running when it would like to be: if
 * it holds a lock at such a moment, somebody waits for the hog.
 *
 * All scanners read the file of the process that load_switch() names, the
 * target's or the control's.  They change over between two reads, and the hogs
 * stand still meanwhile: a nice-15 task that was preempted inside the target's
 * lock would otherwise reach into the window that is the control's.
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

/* What is feared is inversion; fleets run their monitoring at nice 15. */
#define LOAD_NICE 15

/*
 * Whoever measures, or changes over, should not wait for what else the machine
 * does.  It takes privilege; without, all is the same, but takes longer when
 * the machine is busy.
 */
#define LOAD_NICE_HURRY (-10)

/* Published setting of the hogs: two thirds of the CPU, in small portions. */
#define LOAD_HOG_BUSY_US 2000
#define LOAD_HOG_IDLE_US 1000

/* The largest published load is a thousand of each on one CPU. */
#define LOAD_MAX 4096

/** enum group - whose file the scanners read; GROUP_QUIET: nobody's */
enum group {
	GROUP_QUIET,
	GROUP_CONTROL,
	GROUP_TARGET,
	NR_GROUPS,
};

struct scan;

/**
 * struct source - a way to read about a process's mappings
 * @name:	as in test names
 * @file:	which file under /proc/PID
 * @step:	one system call; returns how many bytes (or answers) it gave, 0 at
 *		the end of a pass, or -errno
 * @brief:	one step is about one mapping, or one page; what is locked is
 *		locked for no longer than that
 * @whole:	steps through all mappings, not only those of interest
 * @asks_moving: asks about what the mapper changes, unless told otherwise
 */
struct source {
	const char *name;
	const char *file;
	long (*step)(struct scan *scan);
	bool brief;
	bool whole;
	bool asks_moving;
};

/**
 * struct scan - one scanner's place in one process's file
 * @fd:		the file
 * @from:	first address of interest (pagemap and query only)
 * @to:		and the end of it
 * @at:		the address to go on with
 */
struct scan {
	int fd;
	uint64_t from;
	uint64_t to;
	uint64_t at;
};

/**
 * struct scanner_stats - what a scanner tells, in shared memory
 * @group:	the group it works for, once it has changed over
 * @started:	reads begun
 * @finished:	reads that came back
 * @error:	errno of a read that failed; the scanner has ended then
 * @scans:	passes from end to end, per group
 * @bytes:	bytes (answers, for a query), per group
 * @slept:	voluntary context switches
 * @preempted:	involuntary ones
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

struct hog_stats {
	_Atomic uint32_t paused;
	_Atomic uint32_t cycles;
};

/**
 * struct load_shared - the part of a load that its processes see
 * @start_barrier:	nothing is timed before everybody has come
 * @group:	an enum group
 * @scanners_idle:	scanners that have changed over stand still while it is not 0
 * @hogs_idle:	so do hogs while this one is not 0
 * @scanner:	one for each scanner
 * @hog:	one for each hog
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
 * To be filled in before load_start():
 * @source:	what the scanners read
 * @scanners:	how many, at most LOAD_MAX
 * @hogs:	how many, at most LOAD_MAX
 * @cpu:	where they all run
 * @cpus:	spread them over so many, from @cpu on; 0 is 1
 * @busy_us:	a hog spins this long
 * @idle_us:	and sleeps this long; 0: never
 * @head_start_ms: scanners read for so long before the hogs come; then some are
 *		preempted in the middle of a read, however many hogs there are
 * @inject_idle:	a injected fault: scanners open the file, and then just sleep
 * @pid:	whose file, by group; GROUP_QUIET is not used
 * @from:	first address of interest in these processes
 * @to:		end of it
 *
 * The rest is for load_*():
 * @shared:	shared memory
 * @child:	scanners first, hogs after them
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
 * struct load_mark - how far each kind of work had come at some moment
 * @reads:	reads finished by all scanners
 * @in_flight:	whether any of them was inside a read
 */
struct load_mark {
	uint32_t reads;
	bool in_flight;
};

extern const char * const group_name[NR_GROUPS];

long scan_text(struct scan *scan);

extern const struct source source_maps;
extern const struct source source_query;
extern const struct source source_query_at;
extern const struct source source_smaps;
extern const struct source source_numa;
extern const struct source source_rollup;
extern const struct source source_pagemap;
extern const struct source source_pagemap_page;

/**
 * scan_open() - prepare to read about a process
 * @scan:	filled in
 * @source:	how
 * @pid:	about whom
 * @from:	first address of interest
 * @to:		end of it
 *
 * Return: 0 or -errno.
 */
int scan_open(struct scan *scan, const struct source *source, pid_t pid,
	      uint64_t from, uint64_t to);

/**
 * load_kill() - end every scanner and hog; safe in any state, and twice
 * @load:	the load
 *
 * Return: 0, -ETIMEDOUT where the kernel holds one that was killed, -EAGAIN where
 * one got no CPU to end on.
 */
int load_kill(struct load *load);

/** load_free() - load_kill(), and give the shared memory back; returns as it. */
int load_free(struct load *load);

/**
 * load_start() - start all scanners and hogs, and see them all running
 * @load:	the wish; the target is nobody at first
 *
 * May be called again after load_kill(); the statistics go on.
 *
 * Return: 0 or -errno, ENOENT or ENOTTY where this kernel cannot be read in that
 * way, EAGAIN when not all of them got the CPU to arrive; what has been started
 * is left to load_free().
 */
int load_start(struct load *load);

/**
 * load_switch() - have all scanners read another process's file
 * @load:	the load
 * @group:	whose
 *
 * Returns only when no scanner is inside a read for the group before.  To that
 * end they may have to run with precedence for a moment.
 *
 * Return: 0, -EIO when a scanner's read failed, -ETIMEDOUT when one is stuck in
 * the kernel for five seconds, -EAGAIN when one got no CPU for as long.
 */
int load_switch(struct load *load, enum group group);

/** load_mark() - see struct load_mark. */
struct load_mark load_mark(const struct load *load);

#endif /* PROC_LATENCY_LOAD_H */
