/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stall.h - what does a stalled operation wait for?
 *
 * A mapper can be held up by a lockless reader in two ways:
 *
 *  - mmap_lock.  The reader met a mapping that was just being changed, gave up
 *    on its per-VMA lock and queued for mmap_lock instead.  The writer that
 *    leaves hands the lock over and wakes the reader.  From that moment the
 *    lock is held for reading by a task that is merely runnable: at nice 15,
 *    behind a hog or another scanner, it may be milliseconds until it runs.
 *
 *  - the VMA's own lock.  The reader was preempted with a mapping locked that
 *    the mapper wants to write.  That takes a kernel that preempts in the
 *    middle of a read; without, only the first is seen.
 *
 * /proc/PID/wchan of the mapper names the function that sleeps, and tells the
 * two apart; /proc/PID/stat of the scanners tells whether one of them was
 * runnable and not asleep at that moment.  Both are readable for one's own
 * processes.  A kernel without stack traces says "0" for everything.
 */
#ifndef PROC_STALL_H
#define PROC_STALL_H

#include "trial.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* How often to look: a few times within the shortest stall of interest. */
#define STALL_LOOK_US 200

/**
 * struct stalls - how many operations were found waiting for what
 * @mmap_lock:	for the lock of the whole address space
 * @vma_lock:	for the lock of one mapping
 * @elsewhere:	asleep for another reason; @where is the last one
 * @running:	not asleep at all: preempted, or the host took the CPU
 * @handed:	of @mmap_lock and @vma_lock: some scanner was inside a read and
 *		runnable; it holds what the mapper waits for, or is to get it
 * @where:	a function's name
 */
struct stalls {
	unsigned int mmap_lock;
	unsigned int vma_lock;
	unsigned int elsewhere;
	unsigned int running;
	unsigned int handed;
	char where[64];
};

static inline void stall_read(const char *format, int pid, int tid, char *text,
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

/** stall_is_vma_lock() - whether a function waits for one mapping's readers */
static inline bool stall_is_vma_lock(const char *function)
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

/** stall_is_mmap_lock() - whether a function takes mmap_lock, then works */
static inline bool stall_is_mmap_lock(const char *function)
{
	/*
	 * Functions of locks are never shown, but their callers: vm_mmap_pgoff(),
	 * __vm_munmap(), do_mprotect_pkey(), __do_sys_brk(), ...
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

static inline bool stall_scanner_runnable(const struct load *load)
{
	unsigned int i;

	for (i = 0; i < load->scanners; i++) {
		struct scanner_stats *stats = &load->shared->scanner[i];

		if (atomic_load(&stats->started) !=
		    atomic_load(&stats->finished) &&
		    task_state(load->peer[i].pid) == 'R')
			return true;
	}
	return false;
}

static inline void stall_classify(struct stalls *stalls,
				  const struct trial *trial, unsigned int worker)
{
	char where[64];

	stall_read("/proc/%d/task/%d/wchan", (int)trial->victim.peer.pid,
		   (int)trial->victim.shared->tid[worker], where,
		   sizeof(where));
	if (!where[0] || !strcmp(where, "0")) {
		stalls->running++;
		return;
	}
	if (stall_is_vma_lock(where)) {
		stalls->vma_lock++;
	} else if (stall_is_mmap_lock(where)) {
		stalls->mmap_lock++;
	} else {
		stalls->elsewhere++;
		memcpy(stalls->where, where, sizeof(where));
		return;
	}
	if (stall_scanner_runnable(&trial->load))
		stalls->handed++;
}

/**
 * stall_watch() - look at slow operations while they are under way
 * @trial:	between two windows
 * @ms:		for how long
 * @stalls:	filled in; each slow operation counts once
 *
 * Slow is what is over the trial's limit.  The looking is done from the
 * mapper's CPU, which a mapper that sleeps does not need.
 *
 * Return: 0, or what trial_window() returns.
 */
static inline int stall_watch(struct trial *trial, unsigned int ms,
			      struct stalls *stalls)
{
	struct mapper_shared *shared = trial->victim.shared;
	uint32_t seen[MAPPER_WORKERS] = { 0 };
	int64_t end;
	int ret;

	memset(stalls, 0, sizeof(*stalls));
	ret = load_target(&trial->load, ARM_VICTIM);
	if (ret)
		return ret;
	mapper_open(&trial->victim, ARM_VICTIM);
	for (end = now_ns() + ms * NSEC_PER_MSEC; now_ns() < end;) {
		unsigned int i;

		nap_ns(STALL_LOOK_US * NSEC_PER_USEC);
		for (i = 0; i < trial->victim.workers; i++) {
			uint32_t mark =
				atomic_load(&shared->worker[i].watch.flying);

			if (!mark || mark == seen[i] || stopwatch_age(mark) <=
			    (int64_t)trial->knobs.limit_ns)
				continue;
			seen[i] = mark;
			stall_classify(stalls, trial, i);
		}
	}
	return mapper_close(&trial->victim, TRIAL_HANG_NS);
}

#endif /* PROC_STALL_H */
