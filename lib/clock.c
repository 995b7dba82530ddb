// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "clock.h"

void sleep_ns(int64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_nsec = ns % NSEC_PER_SEC,
	};

	nanosleep(&ts, NULL);
}

void spin_ns(int64_t ns)
{
	int64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

/* The resolution of timers in nanoseconds: 1, or the length of a tick. */
static int64_t timer_resolution(void)
{
	struct timespec ts;

	if (clock_getres(CLOCK_MONOTONIC, &ts))
		return 1;
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t timeout_step(int64_t timer_ns)
{
	return timer_ns < TIMEOUT_POLL_NS ? TIMEOUT_STEP_NS :
	       TIMEOUT_STEP_NS + 2 * timer_ns;
}

struct timeout timeout_start(int64_t ns)
{
	return (struct timeout){
		.left_ns = ns,
		.polled_ns = now_ns(),
		.step_ns = timeout_step(timer_resolution()),
	};
}

bool timeout_poll(struct timeout *timeout, int64_t now)
{
	int64_t step = now - timeout->polled_ns;

	timeout->polled_ns = now;
	timeout->left_ns -= step < timeout->step_ns ? step : timeout->step_ns;
	return timeout->left_ns <= 0;
}

bool timed_out(struct timeout *timeout)
{
	return timeout_poll(timeout, now_ns());
}
