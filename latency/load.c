// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "load.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/procmap.h"
#include "../lib/task.h"

/*
 * Time after which scanners that have not changed over get LOAD_NICE_HURRY, in
 * ns.  With the hogs idle, scanners change over in a time slice or two, unless
 * unrelated tasks keep their CPU busy.  A shorter time would hurry each of
 * them: a scanner that ran at a high priority begins the window with a fresh
 * time slice, and is not preempted with the lock held.
 */
#define LOAD_HURRY_AFTER_NS (8 * NSEC_PER_MSEC)

/* Timeout of a start, in ns: a fixed part for a busy machine. */
#define LOAD_START_NS (20 * NSEC_PER_SEC)

/*
 * Timeout of a start, in ns: an additional part for each process.  An emulator
 * needs tens of milliseconds to create one.
 */
#define LOAD_START_EACH_NS (50 * NSEC_PER_MSEC)

/*
 * Timeout of a child at the start barrier, in ns.  It is not shorter than that of
 * its parent; the child dies with its parent anyway.
 */
#define LOAD_BARRIER_NS (LOAD_START_NS + 2 * LOAD_MAX * LOAD_START_EACH_NS)

/* Timeout of a change of group, in ns: a fixed part for a busy machine. */
#define LOAD_CHANGE_NS (5 * NSEC_PER_SEC)

/* Timeout of a change of group, in ns: an additional part for each scanner. */
#define LOAD_CHANGE_EACH_NS (10 * NSEC_PER_MSEC)

/*
 * Interval, in ns, at which an idle scanner polls for the end of the pause,
 * with @n scanners.  It grows with @n, so that idle scanners do not keep the
 * CPU from those that have not changed over yet.
 */
#define LOAD_PAUSE_NS(n) ((1 + (n) / 16) * 20 * NSEC_PER_MSEC)

/* struct load_job - argument of one process of the load */
struct load_job {
	const struct load *load;
	unsigned int index;
};

const char * const group_name[NR_GROUPS] = { "quiet", "decoy", "victim" };

/*
 * Buffer of one read(), as large as that of cat.  seq_file returns about one
 * page at a time.
 */
static char scan_buffer[65536];

long scan_text(struct scan *scan)
{
	ssize_t n = read(scan->fd, scan_buffer, sizeof(scan_buffer));

	if (n < 0)
		return -errno;
	if (!n && lseek(scan->fd, 0, SEEK_SET) < 0)
		return -errno;
	return n;
}

/* Read the pagemap entries, of eight bytes each, of up to @pages pages. */
static long scan_pages(struct scan *scan, uint64_t pages)
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

static long scan_pagemap(struct scan *scan)
{
	return scan_pages(scan, sizeof(scan_buffer) / 8);
}

static long scan_pagemap_page(struct scan *scan)
{
	return scan_pages(scan, 1);
}

static long scan_query(struct scan *scan)
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

/* Query the addresses from @from up to @to, page by page. */
static long scan_query_at(struct scan *scan)
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

/* Clear the referenced bits of all pages: one write is a whole pass. */
static long scan_clear_refs(struct scan *scan)
{
	scan->at = !scan->at;
	if (!scan->at)
		return 0;
	return write(scan->fd, "1", 1) == 1 ? 1 : -errno;
}

const struct source source_maps = { "maps", "maps", scan_text };

const struct source source_query = {
	"query", "maps", scan_query, .brief = true, .whole = true,
};

const struct source source_query_at = {
	"query_at", "maps", scan_query_at, .brief = true, .asks_moving = true,
};

const struct source source_smaps = { "smaps", "smaps", scan_text };

const struct source source_numa = {
	"numa_maps", "numa_maps", scan_text
};

const struct source source_rollup = {
	"smaps_rollup", "smaps_rollup", scan_text
};

const struct source source_pagemap = {
	"pagemap", "pagemap", scan_pagemap
};

const struct source source_pagemap_page = {
	"pagemap_page", "pagemap", scan_pagemap_page, .brief = true,
};

const struct source source_clear_refs = {
	"clear_refs", "clear_refs", scan_clear_refs, .whole = true, .writes = true,
};

const struct source source_cmdline = {
	"cmdline", "cmdline", scan_text, .brief = true,
};

int scan_open(struct scan *scan, const struct source *source, pid_t pid,
	      uint64_t from, uint64_t to)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, source->file);
	scan->fd = open(path, (source->writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (scan->fd < 0)
		return -errno;
	scan->from = from;
	scan->to = to;
	scan->at = source->whole ? 0 : from;
	return 0;
}

/*
 * Pin a process of the load.  The CPUs take turns, so that each has as many
 * scanners and as many hogs.
 */
static int load_pin(const struct load_job *job)
{
	const struct load *load = job->load;

	return cpu_pin(load->cpu + (int)(job->index % (load->cpus ?: 1)));
}

static int scanner_main(void *arg)
{
	const struct load_job *job = arg;
	const struct load *load = job->load;
	struct load_shared *shared = load->shared;
	struct scanner_stats *stats = &shared->scanner[job->index];
	struct scan scan[NR_GROUPS];
	struct rusage usage;
	uint32_t group;
	long n = 0;

	if (load_pin(job))
		return 1;
	setpriority(PRIO_PROCESS, 0, LOAD_NICE);
	for (group = GROUP_CONTROL; group < NR_GROUPS && n >= 0; group++) {
		n = scan_open(&scan[group], load->source, load->pid[group],
			      load->from[group], load->to[group]);
		/*
		 * The first step finds out whether this kernel has the file or
		 * the query.  It returns more than 0, as the region is mapped.
		 */
		if (!n)
			n = load->source->step(&scan[group]) ?: -EIO;
	}
	if (n >= 0 && start_barrier_arrive(&shared->start_barrier, LOAD_BARRIER_NS))
		return 1;
	while (n >= 0) {
		group = atomic_load(&shared->group);
		if (group != atomic_load(&stats->group)) {
			getrusage(RUSAGE_SELF, &usage);
			atomic_store(&stats->slept,
				     (unsigned long)usage.ru_nvcsw);
			atomic_store(&stats->preempted,
				     (unsigned long)usage.ru_nivcsw);
			futex_store(&stats->group, group);
			/*
			 * All scanners begin a window together.  A scanner that
			 * sleeps through a whole window wakes up in the next
			 * pause, which belongs to another group.
			 */
			while (atomic_load(&shared->scanners_idle) &&
			       atomic_load(&shared->group) == group)
				futex_wait(&shared->scanners_idle, 1,
					   LOAD_PAUSE_NS(load->scanners));
			continue;
		}
		if (group == GROUP_QUIET || load->inject_idle) {
			futex_wait(&shared->group, group, NSEC_PER_SEC);
			continue;
		}
		atomic_fetch_add(&stats->started, 1);
		n = load->source->step(&scan[group]);
		atomic_fetch_add(&stats->finished, 1);
		if (n > 0)
			atomic_fetch_add(&stats->bytes[group], (unsigned long)n);
		else
			atomic_fetch_add(&stats->scans[group], 1);
	}
	atomic_store(&stats->error, (uint32_t)-n);
	return 1;
}

static int hog_main(void *arg)
{
	const struct load_job *job = arg;
	const struct load *load = job->load;
	struct load_shared *shared = load->shared;
	struct hog_stats *stats = &shared->hog[job->index];

	if (load_pin(job))
		return 1;
	/* The test program's nice value is inherited. */
	setpriority(PRIO_PROCESS, 0, 0);
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (start_barrier_arrive(&shared->start_barrier, LOAD_BARRIER_NS))
		return 1;
	for (;;) {
		int64_t end = now_ns() + load->busy_us * NSEC_PER_USEC;

		while (now_ns() < end && !atomic_load(&shared->hogs_idle))
			;
		if (atomic_load(&shared->hogs_idle)) {
			atomic_store(&stats->paused, 1);
			futex_wait(&shared->hogs_idle, 1, NSEC_PER_SEC);
			atomic_store(&stats->paused, 0);
			continue;
		}
		atomic_fetch_add(&stats->cycles, 1);
		if (load->idle_us)
			sleep_ns(load->idle_us * NSEC_PER_USEC);
	}
}

int load_kill(struct load *load)
{
	unsigned int i;
	int ret = 0;

	if (!load->shared)
		return 0;
	for (i = 0; i < load->scanners + load->hogs; i++)
		if (load->child[i].pid)
			kill(load->child[i].pid, SIGKILL);
	for (i = 0; i < load->scanners + load->hogs; i++)
		if (child_kill(&load->child[i]) && ret != -ETIMEDOUT)
			ret = task_state(load->child[i].pid) == 'D' ?
			      -ETIMEDOUT : -EAGAIN;
	return ret;
}

int load_free(struct load *load)
{
	int ret = load_kill(load);

	if (load->shared)
		munmap(load->shared, sizeof(*load->shared));
	load->shared = NULL;
	return ret;
}

/* Return errno of a scanner whose read failed, 0 if none did */
static int load_error(const struct load *load)
{
	unsigned int i;

	for (i = 0; i < load->scanners; i++)
		if (atomic_load(&load->shared->scanner[i].error))
			return (int)atomic_load(&load->shared->scanner[i].error);
	return 0;
}

int load_start(struct load *load)
{
	uint32_t all = load->scanners + load->hogs;
	int64_t deadline = now_ns() + LOAD_START_NS + all * LOAD_START_EACH_NS;
	unsigned int i;

	if (!load->shared)
		load->shared = shared_alloc(sizeof(*load->shared));
	if (!load->shared)
		return -ENOMEM;
	atomic_store(&load->shared->start_barrier.arrived, 0);
	atomic_store(&load->shared->start_barrier.open, 0);
	atomic_store(&load->shared->group, GROUP_QUIET);
	atomic_store(&load->shared->scanners_idle, 0);
	atomic_store(&load->shared->hogs_idle, 0);
	for (i = 0; i < load->scanners; i++) {
		struct scanner_stats *stats = &load->shared->scanner[i];

		/* A scanner that was killed did not complete its last read. */
		atomic_store(&stats->finished, atomic_load(&stats->started));
	}
	for (i = 0; i < all; i++) {
		bool hog = i >= load->scanners;
		struct load_job job = {
			.load = load,
			.index = hog ? i - load->scanners : i,
		};
		int ret;

		/* @job is on the stack, of which the child has a copy. */
		ret = child_start(&load->child[i], hog ? hog_main : scanner_main,
				  &job);
		if (ret)
			return ret;
	}
	while (start_barrier_open(&load->shared->start_barrier, all, 20 * NSEC_PER_MSEC)) {
		if (load_error(load))
			return -load_error(load);
		if (now_ns() > deadline)
			return -EAGAIN;
	}
	return 0;
}

static void load_nice(const struct load *load, int nice)
{
	unsigned int i;

	for (i = 0; i < load->scanners; i++)
		setpriority(PRIO_PROCESS, (id_t)load->child[i].pid, nice);
}

int load_switch(struct load *load, enum group group)
{
	struct load_shared *shared = load->shared;
	int64_t begin = now_ns();
	bool hurried = false;
	int ret = 0;
	unsigned int i;

	atomic_store(&shared->hogs_idle, 1);
	atomic_store(&shared->scanners_idle, 1);
	futex_store(&shared->group, group);
	for (i = 0; i < load->scanners && !ret; i++) {
		uint32_t seen;

		while ((seen = atomic_load(&shared->scanner[i].group)) != group) {
			int64_t waited = now_ns() - begin;

			if (load_error(load))
				ret = -EIO;
			else if (waited > LOAD_CHANGE_NS +
					  load->scanners * LOAD_CHANGE_EACH_NS)
				ret = task_state(load->child[i].pid) == 'D' ?
				      -ETIMEDOUT : -EAGAIN;
			if (ret)
				break;
			if (!hurried && waited > LOAD_HURRY_AFTER_NS) {
				load_nice(load, LOAD_NICE_HURRY);
				hurried = true;
			}
			futex_wait(&shared->scanner[i].group, seen,
				   LOAD_HURRY_AFTER_NS);
		}
	}
	if (hurried)
		load_nice(load, LOAD_NICE);
	futex_store(&shared->scanners_idle, 0);
	if (load->head_start_ms && !ret && group != GROUP_QUIET)
		sleep_ns(load->head_start_ms * NSEC_PER_MSEC);
	futex_store(&shared->hogs_idle, 0);
	return ret;
}

struct load_mark load_mark(const struct load *load)
{
	struct load_mark mark = { 0 };
	unsigned int i;

	for (i = 0; i < load->scanners; i++) {
		uint32_t done = atomic_load(&load->shared->scanner[i].finished);

		mark.reads += done;
		mark.in_flight |= atomic_load(&load->shared->scanner[i].started) !=
			       done;
	}
	return mark;
}
