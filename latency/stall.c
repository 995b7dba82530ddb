// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "stall.h"
#include "load.h"
#include "mapper.h"
#include "../lib/clock.h"
#include "../lib/print.h"
#include "../lib/task.h"
#include "../lib/util.h"

/*
 * Interval at which operations are polled, in us: a few times within the
 * shortest stall of interest.
 */
#define STALL_POLL_US 200

/*
 * Length of the window for a diagnosis, in ms.  The trial has had stalls
 * before, so six ordinary windows will have some.
 */
#define STALL_SAMPLE_MS 300

/**
 * struct stalls - number of operations by what they were found waiting for
 * @mmap_lock: waiting for the lock of the address space
 * @vma_lock: waiting for the lock of one mapping
 * @elsewhere: asleep for another reason
 * @running: not asleep: preempted, or the host took the CPU away
 * @handed: of @mmap_lock and @vma_lock, those with a scanner that was inside a read
 *	and runnable; the scanner holds the lock, or is to get it
 * @where:	function of the last operation that counts as @elsewhere
 */
struct stalls {
	unsigned int mmap_lock;
	unsigned int vma_lock;
	unsigned int elsewhere;
	unsigned int running;
	unsigned int handed;
	char where[64];
};

/* Read a file of a task into a string, which is empty on failure. */
static void stall_read(const char *format, int pid, int tid, char *text,
		       size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), format, pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

/** stall_is_vma_lock() - check whether a function waits for the readers of a mapping */
static bool stall_is_vma_lock(const char *function)
{
	/* __vma_start_write(), __vma_enter_locked(), and later names. */
	static const char * const part[] = {
		"vma_start", "vma_enter", "vma_exclude", "vma_mark_detached"
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(part); i++)
		if (strstr(function, part[i]))
			return true;
	return false;
}

/** stall_is_mmap_lock() - check whether a function takes mmap_lock */
static bool stall_is_mmap_lock(const char *function)
{
	/*
	 * wchan skips the functions of locks and names their callers:
	 * vm_mmap_pgoff(), __vm_munmap(), do_mprotect_pkey(), __do_sys_brk(),
	 * ...
	 */
	static const char * const part[] = {
		"mmap", "munmap", "mprotect", "mremap", "brk", "mm_fault",
		"lock_mm"
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(part); i++)
		if (strstr(function, part[i]))
			return true;
	return false;
}

/* Check whether a scanner is inside a read and runnable. */
static bool stall_scanner_runnable(const struct load *load)
{
	unsigned int i;

	for (i = 0; i < load->scanners; i++) {
		struct scanner_stats *stats = &load->shared->scanner[i];

		if (atomic_load(&stats->started) !=
		    atomic_load(&stats->finished) &&
		    task_state(load->child[i].pid) == 'R')
			return true;
	}
	return false;
}

enum stall_place stall_place(pid_t pid, pid_t tid, char *where, size_t size)
{
	stall_read("/proc/%d/task/%d/wchan", (int)pid, (int)tid, where, size);
	if (!where[0] || !strcmp(where, "0"))
		return STALL_RUNNING;
	if (stall_is_vma_lock(where))
		return STALL_VMA_LOCK;
	return stall_is_mmap_lock(where) ? STALL_MMAP_LOCK : STALL_ELSEWHERE;
}

/* Count one slow operation of a worker. */
static void stall_classify(struct stalls *stalls, const struct trial *trial,
			   unsigned int worker)
{
	char where[64];

	switch (stall_place(trial->target.child.pid, trial->target.shared->tid[worker],
			    where, sizeof(where))) {
	case STALL_RUNNING:
		stalls->running++;
		return;
	case STALL_VMA_LOCK:
		stalls->vma_lock++;
		break;
	case STALL_MMAP_LOCK:
		stalls->mmap_lock++;
		break;
	default:
		stalls->elsewhere++;
		memcpy(stalls->where, where, sizeof(where));
		return;
	}
	if (stall_scanner_runnable(&trial->load))
		stalls->handed++;
}

/**
 * stall_sample() - poll slow operations while they are in progress
 * @trial:	trial without an open window
 * @ms:	length of the window, ms
 * @stalls: filled in; each slow operation counts once
 *
 * An operation is slow when it is over the limit of the trial.  This process polls
 * on the mapper's CPU, which a mapper that sleeps does not need.
 *
 * Return: 0 or -errno, as trial_window().
 */
static int stall_sample(struct trial *trial, unsigned int ms,
			struct stalls *stalls)
{
	struct mapper_shared *shared = trial->target.shared;
	uint32_t seen[MAPPER_WORKERS] = { 0 };
	struct window window;
	int64_t end;
	int ret;

	memset(stalls, 0, sizeof(*stalls));
	ret = trial_open(trial, GROUP_TARGET);
	if (ret)
		return ret;
	for (end = now_ns() + ms * NSEC_PER_MSEC; now_ns() < end;) {
		unsigned int i;

		sleep_ns(STALL_POLL_US * NSEC_PER_USEC);
		for (i = 0; i < trial->target.workers; i++) {
			uint32_t mark =
				atomic_load(&shared->worker[i].watch.in_flight);

			if (!mark || mark == seen[i] || stopwatch_age(mark) <=
			    (int64_t)trial->knobs.limit_ns)
				continue;
			seen[i] = mark;
			stall_classify(stalls, trial, i);
		}
	}
	return trial_close(trial, &window);
}

void diagnose(const char *name, struct trial *trial)
{
	struct stalls stalls;

	if (stall_sample(trial, STALL_SAMPLE_MS, &stalls))
		return;
	diag("%s.waits_for_mmap_lock: %u stalls", name, stalls.mmap_lock);
	diag("%s.waits_for_vma_lock: %u stalls", name, stalls.vma_lock);
	diag("%s.waits_elsewhere: %u stalls", name, stalls.elsewhere);
	diag("%s.not_asleep: %u stalls", name, stalls.running);
	diag("%s.scanner_runnable: %u stalls", name, stalls.handed);
	if (stalls.where[0])
		diag("one of those elsewhere was in %s()", stalls.where);
	/* A preemptible kernel may show both. */
	if (stalls.mmap_lock && stalls.handed)
		diag("diagnosis: mmap_lock is handed to a scanner that waits for its CPU");
	if (stalls.vma_lock && stalls.handed)
		diag("diagnosis: a mapping is locked by a scanner that waits for its CPU");
}
