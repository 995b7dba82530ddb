/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - time, sleeping and timeouts
 *
 * A timeout counts only time in which the waiting thread could run: a virtual
 * machine on a busy host stops for seconds, which does not prove that a process
 * in it hangs.
 */
#ifndef PROC_LIB_CLOCK_H
#define PROC_LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL

/* Whoever is waiting looks at least this often... */
#define TIMEOUT_POLL_NS (500 * NSEC_PER_USEC)

/* ...and no two looks count as more, where timers are exact. */
#define TIMEOUT_STEP_NS NSEC_PER_MSEC

/**
 * struct timeout - what is left of the time that somebody is given
 * @left_ns:	so much
 * @polled_ns:	when it was looked at last
 * @step_ns:	two looks count as no more
 *
 * Time counts as far as whoever waits was let run itself.  A virtual machine on
 * a busy host stands still for seconds, and that proves of nobody in it that he
 * is stuck.
 */
struct timeout {
	int64_t left_ns;
	int64_t polled_ns;
	int64_t step_ns;
};

/** now_ns() - CLOCK_MONOTONIC in nanoseconds. */
static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/** compare_ns() - which of two times is longer, for qsort(); none is negative. */
static inline int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/** sleep_ns() - sleep @ns nanoseconds; a signal ends the nap early. */
void sleep_ns(int64_t ns);

/**
 * timeout_step() - what two looks may count as
 * @timer_ns:	how exact timers are
 *
 * Where timers go by ticks, a short sleep lasts for the rest of one and for another
 * one: to count less of it would make minutes of seconds.
 */
int64_t timeout_step(int64_t timer_ns);

struct timeout timeout_start(int64_t ns);

/* It is looked at, at @now. */
bool timeout_poll(struct timeout *timeout, int64_t now);

/** timed_out() - to be asked every TIMEOUT_POLL_NS or more often */
bool timed_out(struct timeout *timeout);

void spin_ns(int64_t ns);

#endif /* PROC_LIB_CLOCK_H */
