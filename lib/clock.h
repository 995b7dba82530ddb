/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - time, sleeping and timeouts
 *
 * A timeout counts only time in which the waiting thread could run.  A virtual
 * machine on a busy host may stop for seconds, which does not prove that a process
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

/*
 * Longest time between two polls of a timeout, in nanoseconds.  Half of
 * TIMEOUT_STEP_NS, so that a thread that runs all the time loses nothing.
 */
#define TIMEOUT_POLL_NS (500 * NSEC_PER_USEC)

/*
 * Most that one poll takes off a timeout if timers are exact, in nanoseconds.
 * Bounds what a stop of the machine costs.
 */
#define TIMEOUT_STEP_NS NSEC_PER_MSEC

/**
 * struct timeout - the rest of a timeout
 * @left_ns:	nanoseconds left
 * @polled_ns:	time of the last poll, by now_ns()
 * @step_ns:	most nanoseconds that one poll takes off
 */
struct timeout {
	int64_t left_ns;
	int64_t polled_ns;
	int64_t step_ns;
};

/** now_ns() - read CLOCK_MONOTONIC, in nanoseconds. */
static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/** compare_ns() - compare two durations for qsort(); neither is negative. */
static inline int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/** sleep_ns() - sleep for @ns nanoseconds, or until a signal arrives. */
void sleep_ns(int64_t ns);

/** spin_ns() - keep the CPU busy for @ns nanoseconds. */
void spin_ns(int64_t ns);

/**
 * timeout_start() - start a timeout
 * @ns:		its length in nanoseconds
 *
 * Return: the timeout, to be passed to timed_out().
 */
struct timeout timeout_start(int64_t ns);

/**
 * timed_out() - take the time since the last poll off a timeout
 * @timeout:	the timeout, polled at least every TIMEOUT_POLL_NS
 *
 * Return: true if nothing is left.
 */
bool timed_out(struct timeout *timeout);

/**
 * timeout_poll() - take the time up to a given instant off a timeout
 * @timeout:	the timeout
 * @now:	the instant, by now_ns()
 *
 * Return: true if nothing is left.
 */
bool timeout_poll(struct timeout *timeout, int64_t now);

/**
 * timeout_step() - compute struct timeout's step_ns
 * @timer_ns:	resolution of timers in nanoseconds
 *
 * With timers that expire on ticks, a short sleep lasts for the rest of the current
 * tick and one more.  A smaller step would turn a timeout of seconds into minutes.
 *
 * Return: nanoseconds.
 */
int64_t timeout_step(int64_t timer_ns);

#endif /* PROC_LIB_CLOCK_H */
