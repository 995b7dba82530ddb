// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "futex.h"
#include "clock.h"
#include "task.h"

long futex(_Atomic uint32_t *word, int op, uint32_t value,
	   const struct timespec *timeout)
{
#ifdef SYS_futex_time64
	if (sizeof(timeout->tv_sec) > sizeof(long))
		return syscall(SYS_futex_time64, word, op, value, timeout,
			       NULL, 0);
#endif
#ifdef SYS_futex
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
#endif
}

int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
	int64_t deadline = now_ns() + timeout_ns;
	int64_t slice = 10 * NSEC_PER_MSEC;

	while (atomic_load(word) == value) {
		int64_t left = deadline - now_ns();
		struct timespec ts;

		if (left <= 0)
			return -ETIMEDOUT;
		/*
		 * If the writer is killed before its wake-up, the loss is at most one
		 * sleep.  The sleeps grow, since a thousand children that wait at a
		 * barrier would otherwise keep a CPU busy.
		 */
		if (left > slice)
			left = slice;
		if (slice < NSEC_PER_SEC)
			slice *= 2;
		ts.tv_sec = left / NSEC_PER_SEC;
		ts.tv_nsec = left % NSEC_PER_SEC;
		futex(word, FUTEX_WAIT, value, &ts);
	}
	return 0;
}

int futex_await(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns, pid_t tid)
{
	struct timeout timeout = timeout_start(timeout_ns);

	int err = 0;

	while (!err && futex_wait(word, value, TIMEOUT_POLL_NS))
		err = task_timed_out(&timeout, tid);
	/* The task may have changed it before it ended. */
	return atomic_load(word) == value ? err : 0;
}

void futex_store(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store(word, value);
	futex(word, FUTEX_WAKE, INT32_MAX, NULL);
}

int start_barrier_arrive(struct start_barrier *barrier, int64_t timeout_ns)
{
	atomic_fetch_add(&barrier->arrived, 1);
	futex(&barrier->arrived, FUTEX_WAKE, INT32_MAX, NULL);
	return futex_wait(&barrier->open, 0, timeout_ns);
}

int start_barrier_open(struct start_barrier *barrier, uint32_t children, int64_t timeout_ns)
{
	int64_t deadline = now_ns() + timeout_ns;
	uint32_t seen;

	while ((seen = atomic_load(&barrier->arrived)) < children)
		if (futex_wait(&barrier->arrived, seen, deadline - now_ns()))
			return -ETIMEDOUT;
	futex_store(&barrier->open, 1);
	return 0;
}
