/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load.h - scanners and hogs: what the mapper is up against
 *
 * A scanner is a monitoring process at nice 15 that reads one file of another
 * process from end to end, over and over.  A hog keeps the scanners' CPU busy
 * at nice 0, so that a scanner is seldom running when it would like to be: if
 * it holds a lock at such a moment, somebody waits for the hog.
 *
 * All scanners read the file of the process that load_target() names, the
 * victim's or the decoy's.  They change over between two reads, and the hogs
 * stand still meanwhile: a nice-15 task that was preempted inside the victim's
 * lock would otherwise reach into the window that is the decoy's.
 */
#ifndef PROC_LOAD_H
#define PROC_LOAD_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "peer.h"
#include "procmap.h"

/* What is feared is inversion; fleets run their monitoring at nice 15. */
#define LOAD_NICE 15
/*
 * Whoever measures, or changes over, should not wait for what else the machine
 * does.  It takes privilege; without, all is the same, but takes longer when
 * the machine is busy.
 */
#define LOAD_NICE_HURRY (-10)
/*
 * With the hogs paused, scanners change over in a time slice or two, unless
 * others keep their CPU busy.  Precedence is given only then, as a scanner that
 * had it comes to the window well rested and not preempted in its lock.
 */
#define LOAD_PATIENCE_NS (8 * NSEC_PER_MSEC)
/* Published setting of the hogs: two thirds of the CPU, in small portions. */
#define LOAD_HOG_BUSY_US 2000
#define LOAD_HOG_IDLE_US 1000
/* The largest published load is a thousand of each on one CPU. */
#define LOAD_MAX 4096
/*
 * Patience with the start: for a machine that is busy, and for each process (an
 * emulator needs tens of milliseconds to make one).  Nobody at the gate loses it
 * earlier; all go when their parent does.
 */
#define LOAD_START_NS (20 * NSEC_PER_SEC)
#define LOAD_START_EACH_NS (50 * NSEC_PER_MSEC)
#define LOAD_GATE_NS (LOAD_START_NS + 2 * LOAD_MAX * LOAD_START_EACH_NS)
/* Patience when they change over, likewise. */
#define LOAD_CHANGE_NS (5 * NSEC_PER_SEC)
#define LOAD_CHANGE_EACH_NS (10 * NSEC_PER_MSEC)
/* Of many, each looks up less often, or they keep those from it who have not. */
#define LOAD_PAUSE_NS(n) ((1 + (n) / 16) * 20 * NSEC_PER_MSEC)

/** enum arm - whose file the scanners read; ARM_QUIET: nobody's */
enum arm {
	ARM_QUIET,
	ARM_DECOY,
	ARM_VICTIM,
	NR_ARMS,
};

static const char * const arm_name[NR_ARMS] = { "quiet", "decoy", "victim" };

struct scan;

/**
 * struct source - a way to read about a process's mappings
 * @name:	as in test names
 * @file:	which file under /proc/PID
 * @step:	one system call; returns how many bytes (or answers) it gave, 0 at
 *		the end of a pass, or -errno
 * @brief:	one step is about one mapping, or one page; what is locked is
 *		locked for no longer than that
 */
struct source {
	const char *name;
	const char *file;
	long (*step)(struct scan *scan);
	bool brief;
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

/* One chunk of what cat would read; seq_file gives a page at a time anyway. */
static char scan_buffer[65536];

static inline long scan_text(struct scan *scan)
{
	ssize_t n = read(scan->fd, scan_buffer, sizeof(scan_buffer));

	if (n < 0)
		return -errno;
	if (!n && lseek(scan->fd, 0, SEEK_SET) < 0)
		return -errno;
	return n;
}

/* Of at most @pages: eight bytes are what the file has for each. */
static inline long scan_pages(struct scan *scan, uint64_t pages)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t size = (scan->to - scan->at) / page * 8;
	ssize_t n;

	if (!size) {
		scan->at = scan->from;
		return 0;
	}
	if (size > pages * 8)
		size = pages * 8;
	n = pread(scan->fd, scan_buffer, size, (off_t)(scan->at / page * 8));
	if (n < 0)
		return -errno;
	scan->at += (uint64_t)n / 8 * page;
	return n;
}

static inline long scan_pagemap(struct scan *scan)
{
	return scan_pages(scan, sizeof(scan_buffer) / 8);
}

static inline long scan_pagemap_page(struct scan *scan)
{
	return scan_pages(scan, 1);
}

static inline long scan_query(struct scan *scan)
{
	struct procmap_query q = {
		.size = sizeof(q),
		.query_addr = scan->at,
		.query_flags = PROCMAP_QUERY_COVERING_OR_NEXT_VMA,
	};

	if (ioctl(scan->fd, PROCMAP_QUERY, &q)) {
		if (errno != ENOENT)
			return -errno;
		scan->at = 0;
		return 0;
	}
	scan->at = q.vma_end;
	return 1;
}

/* The same few addresses again and again: @from up to @to, page by page. */
static inline long scan_query_at(struct scan *scan)
{
	struct procmap_query q = {
		.size = sizeof(q),
		.query_addr = scan->at,
	};

	if (ioctl(scan->fd, PROCMAP_QUERY, &q) && errno != ENOENT)
		return -errno;
	scan->at += (uint64_t)sysconf(_SC_PAGESIZE);
	if (scan->at < scan->to)
		return 1;
	scan->at = scan->from;
	return 0;
}

static const struct source source_maps = { "maps", "maps", scan_text };

static const struct source source_query = {
	"query", "maps", scan_query, true
};

static const struct source source_query_at = {
	"query_at", "maps", scan_query_at, true
};

static const struct source source_smaps = { "smaps", "smaps", scan_text };

static const struct source source_numa = {
	"numa_maps", "numa_maps", scan_text
};

static const struct source source_rollup = {
	"smaps_rollup", "smaps_rollup", scan_text
};

static const struct source source_pagemap = {
	"pagemap", "pagemap", scan_pagemap
};

static const struct source source_pagemap_page = {
	"pagemap_page", "pagemap", scan_pagemap_page, true
};

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
static inline int scan_open(struct scan *scan, const struct source *source,
			    pid_t pid, uint64_t from, uint64_t to)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, source->file);
	scan->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (scan->fd < 0)
		return -errno;
	scan->from = from;
	scan->to = to;
	scan->at = source->step == scan_query ? 0 : from;
	return 0;
}

/**
 * struct scanner_stats - what a scanner tells, in shared memory
 * @arm:	the arm it works for, once it has changed over
 * @started:	reads begun
 * @finished:	reads that came back
 * @error:	errno of a read that failed; the scanner has ended then
 * @scans:	passes from end to end, per arm
 * @bytes:	bytes (answers, for a query), per arm
 * @slept:	voluntary context switches
 * @preempted:	involuntary ones
 */
struct scanner_stats {
	_Atomic uint32_t arm;
	_Atomic uint32_t started;
	_Atomic uint32_t finished;
	_Atomic uint32_t error;
	_Atomic unsigned long scans[NR_ARMS];
	_Atomic unsigned long bytes[NR_ARMS];
	_Atomic unsigned long slept;
	_Atomic unsigned long preempted;
};

struct hog_stats {
	_Atomic uint32_t paused;
	_Atomic uint32_t cycles;
};

/**
 * struct load_shared - the part of a load that its processes see
 * @gate:	nothing is timed before everybody has come
 * @target:	an enum arm
 * @pause:	scanners that have changed over stand still while it is not 0
 * @hold:	so do hogs while this one is not 0
 * @scanner:	one for each scanner
 * @hog:	one for each hog
 */
struct load_shared {
	struct gate gate;
	_Atomic uint32_t target;
	_Atomic uint32_t pause;
	_Atomic uint32_t hold;
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
 * @plant_idle:	a planted fault: scanners open the file, and then just sleep
 * @pid:	whose file, by arm; ARM_QUIET is not used
 * @from:	first address of interest in these processes
 * @to:		end of it
 *
 * The rest is for load_*():
 * @shared:	shared memory
 * @peer:	scanners first, hogs after them
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
	bool plant_idle;
	pid_t pid[NR_ARMS];
	uint64_t from[NR_ARMS];
	uint64_t to[NR_ARMS];

	struct load_shared *shared;
	struct peer peer[2 * LOAD_MAX];
};

/* What one process of the load is told when it starts. */
struct load_job {
	const struct load *load;
	unsigned int index;
};

/** cpu_pin() - run on @cpu only, where @cpu is not negative; 0 or -errno. */
static inline int cpu_pin(int cpu)
{
	return cpu < 0 || run_on(0, cpu) ? 0 : -errno;
}

/* In turn, so that each CPU has as many scanners, and as many hogs. */
static inline int load_pin(const struct load_job *job)
{
	const struct load *load = job->load;

	return cpu_pin(load->cpu + (int)(job->index % (load->cpus ?: 1)));
}

static inline int scanner_main(void *arg)
{
	const struct load_job *job = arg;
	const struct load *load = job->load;
	struct load_shared *shared = load->shared;
	struct scanner_stats *stats = &shared->scanner[job->index];
	struct scan scan[NR_ARMS];
	struct rusage usage;
	uint32_t arm;
	long n = 0;

	if (load_pin(job))
		return 1;
	setpriority(PRIO_PROCESS, 0, LOAD_NICE);
	for (arm = ARM_DECOY; arm < NR_ARMS && n >= 0; arm++) {
		n = scan_open(&scan[arm], load->source, load->pid[arm],
			      load->from[arm], load->to[arm]);
		/*
		 * The first step tells whether this kernel has it at all.  At
		 * least there is the region.
		 */
		if (!n)
			n = load->source->step(&scan[arm]) ?: -EIO;
	}
	if (n >= 0 && gate_pass(&shared->gate, LOAD_GATE_NS))
		return 1;
	while (n >= 0) {
		arm = atomic_load(&shared->target);
		if (arm != atomic_load(&stats->arm)) {
			getrusage(RUSAGE_SELF, &usage);
			atomic_store(&stats->slept,
				     (unsigned long)usage.ru_nvcsw);
			atomic_store(&stats->preempted,
				     (unsigned long)usage.ru_nivcsw);
			word_set(&stats->arm, arm);
			/*
			 * All begin together, however many they are.  One that
			 * sleeps through a whole window finds another pause,
			 * and must not take it for the one it waits in.
			 */
			while (atomic_load(&shared->pause) &&
			       atomic_load(&shared->target) == arm)
				word_wait(&shared->pause, 1,
					  LOAD_PAUSE_NS(load->scanners));
			continue;
		}
		if (arm == ARM_QUIET || load->plant_idle) {
			word_wait(&shared->target, arm, NSEC_PER_SEC);
			continue;
		}
		atomic_fetch_add(&stats->started, 1);
		n = load->source->step(&scan[arm]);
		atomic_fetch_add(&stats->finished, 1);
		if (n > 0)
			atomic_fetch_add(&stats->bytes[arm], (unsigned long)n);
		else
			atomic_fetch_add(&stats->scans[arm], 1);
	}
	atomic_store(&stats->error, (uint32_t)-n);
	return 1;
}

static inline int hog_main(void *arg)
{
	const struct load_job *job = arg;
	const struct load *load = job->load;
	struct load_shared *shared = load->shared;
	struct hog_stats *stats = &shared->hog[job->index];

	if (load_pin(job))
		return 1;
	/* Not at the precedence of the one who measures. */
	setpriority(PRIO_PROCESS, 0, 0);
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (gate_pass(&shared->gate, LOAD_GATE_NS))
		return 1;
	for (;;) {
		int64_t end = now_ns() + load->busy_us * NSEC_PER_USEC;

		while (now_ns() < end && !atomic_load(&shared->hold))
			;
		if (atomic_load(&shared->hold)) {
			atomic_store(&stats->paused, 1);
			word_wait(&shared->hold, 1, NSEC_PER_SEC);
			atomic_store(&stats->paused, 0);
			continue;
		}
		atomic_fetch_add(&stats->cycles, 1);
		if (load->idle_us)
			nap_ns(load->idle_us * NSEC_PER_USEC);
	}
}

/**
 * load_kill() - end every scanner and hog; safe in any state, and twice
 * @load:	the load
 *
 * Return: 0, -ETIMEDOUT where the kernel holds one that was killed, -EAGAIN where
 * one got no CPU to end on.
 */
static inline int load_kill(struct load *load)
{
	unsigned int i;
	int ret = 0;

	if (!load->shared)
		return 0;
	for (i = 0; i < load->scanners + load->hogs; i++)
		if (load->peer[i].pid)
			kill(load->peer[i].pid, SIGKILL);
	for (i = 0; i < load->scanners + load->hogs; i++)
		if (peer_kill(&load->peer[i]) && ret != -ETIMEDOUT)
			ret = task_state(load->peer[i].pid) == 'D' ?
			      -ETIMEDOUT : -EAGAIN;
	return ret;
}

/** load_free() - load_kill(), and give the shared memory back; returns as it. */
static inline int load_free(struct load *load)
{
	int ret = load_kill(load);

	if (load->shared)
		munmap(load->shared, sizeof(*load->shared));
	load->shared = NULL;
	return ret;
}

/** load_error() - errno of a scanner whose read failed, 0 if none did. */
static inline int load_error(const struct load *load)
{
	unsigned int i;

	for (i = 0; i < load->scanners; i++)
		if (atomic_load(&load->shared->scanner[i].error))
			return (int)atomic_load(&load->shared->scanner[i].error);
	return 0;
}

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
static inline int load_start(struct load *load)
{
	uint32_t all = load->scanners + load->hogs;
	int64_t deadline = now_ns() + LOAD_START_NS + all * LOAD_START_EACH_NS;
	unsigned int i;

	if (!load->shared)
		load->shared = shared_alloc(sizeof(*load->shared));
	if (!load->shared)
		return -ENOMEM;
	atomic_store(&load->shared->gate.arrived, 0);
	atomic_store(&load->shared->gate.open, 0);
	atomic_store(&load->shared->target, ARM_QUIET);
	atomic_store(&load->shared->pause, 0);
	atomic_store(&load->shared->hold, 0);
	for (i = 0; i < load->scanners; i++) {
		struct scanner_stats *stats = &load->shared->scanner[i];

		/* One that was killed did not come back from its last read. */
		atomic_store(&stats->finished, atomic_load(&stats->started));
	}
	for (i = 0; i < all; i++) {
		bool hog = i >= load->scanners;
		struct load_job job = {
			.load = load,
			.index = hog ? i - load->scanners : i,
		};
		int ret;

		/* A copy of this very stack goes with the fork. */
		ret = peer_start(&load->peer[i], hog ? hog_main : scanner_main,
				 &job);
		if (ret)
			return ret;
	}
	while (gate_open(&load->shared->gate, all, 20 * NSEC_PER_MSEC)) {
		if (load_error(load))
			return -load_error(load);
		if (now_ns() > deadline)
			return -EAGAIN;
	}
	return 0;
}

static inline void load_nice(const struct load *load, int nice)
{
	unsigned int i;

	for (i = 0; i < load->scanners; i++)
		setpriority(PRIO_PROCESS, (id_t)load->peer[i].pid, nice);
}

/**
 * load_target() - have all scanners read another process's file
 * @load:	the load
 * @arm:	whose
 *
 * Returns only when no scanner is inside a read for the arm before.  To that
 * end they may have to run with precedence for a moment.
 *
 * Return: 0, -EIO when a scanner's read failed, -ETIMEDOUT when one is stuck in
 * the kernel for five seconds, -EAGAIN when one got no CPU for as long.
 */
static inline int load_target(struct load *load, enum arm arm)
{
	struct load_shared *shared = load->shared;
	int64_t begin = now_ns();
	bool hurried = false;
	int ret = 0;
	unsigned int i;

	atomic_store(&shared->hold, 1);
	atomic_store(&shared->pause, 1);
	word_set(&shared->target, arm);
	for (i = 0; i < load->scanners && !ret; i++) {
		uint32_t seen;

		while ((seen = atomic_load(&shared->scanner[i].arm)) != arm) {
			int64_t waited = now_ns() - begin;

			if (load_error(load))
				ret = -EIO;
			else if (waited > LOAD_CHANGE_NS +
					  load->scanners * LOAD_CHANGE_EACH_NS)
				ret = task_state(load->peer[i].pid) == 'D' ?
				      -ETIMEDOUT : -EAGAIN;
			if (ret)
				break;
			if (!hurried && waited > LOAD_PATIENCE_NS) {
				load_nice(load, LOAD_NICE_HURRY);
				hurried = true;
			}
			word_wait(&shared->scanner[i].arm, seen,
				  LOAD_PATIENCE_NS);
		}
	}
	if (hurried)
		load_nice(load, LOAD_NICE);
	word_set(&shared->pause, 0);
	if (load->head_start_ms && !ret && arm != ARM_QUIET)
		nap_ns(load->head_start_ms * NSEC_PER_MSEC);
	word_set(&shared->hold, 0);
	return ret;
}

/**
 * struct load_mark - how far each kind of work had come at some moment
 * @reads:	reads finished by all scanners
 * @flying:	whether any of them was inside a read
 */
struct load_mark {
	uint32_t reads;
	bool flying;
};

/** load_mark() - see struct load_mark. */
static inline struct load_mark load_mark(const struct load *load)
{
	struct load_mark mark = { 0 };
	unsigned int i;

	for (i = 0; i < load->scanners; i++) {
		uint32_t done = atomic_load(&load->shared->scanner[i].finished);

		mark.reads += done;
		mark.flying |= atomic_load(&load->shared->scanner[i].started) !=
			       done;
	}
	return mark;
}

#endif /* PROC_LOAD_H */
