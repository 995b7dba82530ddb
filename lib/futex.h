/* SPDX-License-Identifier: GPL-2.0 */
/*
 * futex.h - futexes in shared memory, and a start barrier made of two of them
 */
#ifndef PROC_LIB_FUTEX_H
#define PROC_LIB_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/**
 * struct start_barrier - a barrier in shared memory that starts children together
 * @arrived:	number of children that have arrived
 * @open:	1 if the barrier is open, else 0
 *
 * Zeroed memory is a closed barrier.
 */
struct start_barrier {
	_Atomic uint32_t arrived;
	_Atomic uint32_t open;
};

/**
 * futex() - call the futex system call
 * @word:	the futex
 * @op:		FUTEX_WAIT or FUTEX_WAKE
 * @value:	expected value, or number of waiters to wake
 * @timeout:	relative timeout, or NULL
 *
 * The kernel takes its own struct timespec, not that of libc.  If a 32-bit libc has
 * a 64-bit time_t, its struct timespec is that of futex_time64().
 *
 * Return: as syscall().
 */
long futex(_Atomic uint32_t *word, int op, uint32_t value,
	   const struct timespec *timeout);

/**
 * futex_wait() - sleep while *@word is @value
 * @word:	a word in shared memory
 * @value:	the value at which the caller sleeps
 * @timeout_ns:	timeout in nanoseconds of CLOCK_MONOTONIC
 *
 * Return: 0 if *@word is different, or -ETIMEDOUT.
 */
int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);

/**
 * futex_await() - sleep while *@word is @value, until a task changes it
 * @word:	a word in shared memory
 * @value:	the value at which the caller sleeps
 * @timeout_ns:	timeout in nanoseconds, counted as by task_timed_out()
 * @tid:	the task that changes the word, 0 for no certain one
 *
 * For words that another process sets at once if it is not stuck.  Wakes up every
 * TIMEOUT_POLL_NS, so futex_wait() is better for long waits.
 *
 * Return: 0 if *@word is different, -ESRCH if the task is gone, or -ETIMEDOUT.
 */
int futex_await(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns, pid_t tid);

/** futex_store() - store @value in *@word and wake all waiters. */
void futex_store(_Atomic uint32_t *word, uint32_t value);

/**
 * start_barrier_arrive() - arrive at a barrier and wait until it opens
 * @barrier:	the barrier
 * @timeout_ns:	timeout in nanoseconds of CLOCK_MONOTONIC
 *
 * To be called by the children.
 *
 * Return: 0 or -ETIMEDOUT.
 */
int start_barrier_arrive(struct start_barrier *barrier, int64_t timeout_ns);

/**
 * start_barrier_open() - wait until all children have arrived, and open the barrier
 * @barrier:	the barrier
 * @children:	number of children expected
 * @timeout_ns:	timeout in nanoseconds of CLOCK_MONOTONIC
 *
 * To be called by the parent.
 *
 * Return: 0, or -ETIMEDOUT with the barrier still closed.
 */
int start_barrier_open(struct start_barrier *barrier, uint32_t children, int64_t timeout_ns);

#endif /* PROC_LIB_FUTEX_H */
