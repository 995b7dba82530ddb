/* SPDX-License-Identifier: GPL-2.0 */
/*
 * futex.h - words in shared memory to wait for, and a start barrier
 */
#ifndef PROC_LIB_FUTEX_H
#define PROC_LIB_FUTEX_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/**
 * struct start_barrier - a start gate in shared memory; zeroed means closed
 * @arrived:	how many children stand before it
 * @open:	whether they may go
 */
struct start_barrier {
	_Atomic uint32_t arrived;
	_Atomic uint32_t open;
};

/*
 * syscall() takes the kernel's struct timespec, not libc's: where a 32-bit libc
 * has a 64-bit time_t, that is the one of the call ending in _time64.
 */
long futex(_Atomic uint32_t *word, int op, uint32_t value,
	   const struct timespec *timeout);

/**
 * futex_wait() - sleep while *@word is @value
 * @word:	a word in shared memory
 * @value:	the value that is not waited for
 * @timeout_ns:	how long at most
 *
 * Return: 0 when *@word is different, -ETIMEDOUT when it never was.
 */
int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);

/**
 * futex_await() - as futex_wait(), of who should answer at once
 * @word:	a word in shared memory
 * @value:	the value that is not waited for
 * @timeout_ns: as for struct timeout
 *
 * Return: 0 when *@word is different, -ETIMEDOUT when it never was.
 */
int futex_await(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);

/** futex_store() - store @value in *@word and wake all that wait for it. */
void futex_store(_Atomic uint32_t *word, uint32_t value);

/**
 * start_barrier_arrive() - a child's side: arrive, then wait until the gate is open
 * @barrier:	the gate
 * @timeout_ns:	how long at most
 *
 * Return: 0 or -ETIMEDOUT.
 */
int start_barrier_arrive(struct start_barrier *barrier, int64_t timeout_ns);

/**
 * start_barrier_open() - the parent's side: open the gate when everybody is there
 * @barrier:	the gate
 * @children:	how many are expected
 * @timeout_ns:	how long to wait for them at most
 *
 * Return: 0, or -ETIMEDOUT with the gate still closed.
 */
int start_barrier_open(struct start_barrier *barrier, uint32_t children, int64_t timeout_ns);

#endif /* PROC_LIB_FUTEX_H */
