// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "reader.h"
#include "load.h"
#include "mapper.h"
#include "program.h"
#include "../lib/clock.h"
#include "../lib/task.h"

/*
 * Smallest ratio of mean durations of a read that counts as starvation.  A
 * reader on a CPU that the mapper disturbs is somewhat slower anyway; the
 * factor is arbitrary.
 */
#define READER_EFFECT 10.0

/*
 * Number of times in a window that the scanners are looked at.  What is sampled is a
 * share of the window, for a ratio of READER_EFFECT.
 */
#define READER_SAMPLES 5

/*
 * Share of a window, inverse, for which the scanners must have run or waited in the kernel
 * for a window without a read to count.  In a shorter time, none need have ended.
 */
#define READER_SHARE 10

/* Return the CPU time of all scanners, in ns. */
static uint64_t reader_cpu_ns(const struct load *load)
{
	struct timespec time;
	uint64_t sum = 0;
	unsigned int i;
	clockid_t clock;

	for (i = 0; i < load->scanners; i++)
		if (!clock_getcpuclockid(load->child[i].pid, &clock) &&
		    !clock_gettime(clock, &time))
			sum += (uint64_t)(time.tv_sec * NSEC_PER_SEC + time.tv_nsec);
	return sum;
}

/* Return the number of scanners that wait for anything but a CPU. */
static unsigned int reader_asleep(const struct load *load)
{
	unsigned int i, asleep = 0;

	for (i = 0; i < load->scanners; i++)
		asleep += task_state(load->child[i].pid) != 'R';
	return asleep;
}

/* Injected fault: stop the scanners, or let them go on. */
static void reader_stop(const struct trial *trial, int sig)
{
	unsigned int i;

	if (trial->knobs.inject != INJECT_STARVE)
		return;
	for (i = 0; i < trial->load.scanners; i++)
		kill(trial->load.child[i].pid, sig);
}

/*
 * Measure the reads in one window in which the mapper works or is idle.  Time for which a
 * scanner only waits for a CPU does not count: other tasks may take its CPU away, and more
 * of it while the mapper works, which displaces them from its own.
 */
static int reader_window(struct trial *trial, bool flat_out,
			 struct window *window)
{
	struct load_mark before = load_mark(&trial->load), after;
	uint64_t cpu_ns = reader_cpu_ns(&trial->load);
	int64_t length = trial->knobs.window_ms * NSEC_PER_MSEC;
	int64_t begin = now_ns(), sampled = begin;
	unsigned int i, asleep;
	int ret = 0;

	*window = (struct window){ 0 };
	if (flat_out) {
		mapper_open(&trial->target, GROUP_TARGET);
		reader_stop(trial, SIGSTOP);
	}
	for (i = 0; i < READER_SAMPLES; i++) {
		sleep_ns(length / READER_SAMPLES);
		asleep = reader_asleep(&trial->load);
		window->sum_ns += (uint64_t)(now_ns() - sampled) * asleep;
		sampled = now_ns();
	}
	reader_stop(trial, SIGCONT);
	/* A pause of the machine uses up one timeout, and not both. */
	if (flat_out)
		ret = mapper_close(&trial->target, TRIAL_HANG_NS);
	if (ret == -ETIMEDOUT)
		ret = mapper_close(&trial->target, TRIAL_HANG_NS);
	after = load_mark(&trial->load);
	window->sum_ns += reader_cpu_ns(&trial->load) - cpu_ns;
	window->ops = after.reads - before.reads;
	window->idle = !window->ops &&
		       window->sum_ns * READER_SHARE < (uint64_t)(now_ns() - begin);
	return ret;
}

/*
 * Count a window without a read as one read that took as long.  Of two such windows,
 * neither says anything.
 */
static bool reader_starves(struct window *work, struct window *rest)
{
	bool starves = !work->ops && !work->idle;

	work->idle |= !work->ops && !rest->ops;
	work->ops += !work->ops;
	rest->ops += !rest->ops;
	return starves;
}

int reader_run(struct trial *trial, const struct knobs *knobs,
	       unsigned int *starved, enum verdict *v)
{
	struct window rest, work;
	int error;

	trial->state = (struct verdict_state){
		.effect = READER_EFFECT,
		.limit_ns = knobs->limit_ns,
		.max_pairs = knobs->max_pairs,
	};
	trial->begin = now_ns();
	*starved = 0;
	do {
		error = reader_window(trial, false, &rest);
		if (!error)
			error = reader_window(trial, true, &work);
		if (error)
			return error;
		*starved += reader_starves(&work, &rest);
		*v = verdict_next(&trial->state, &work, &rest);
		if (*v == VERDICT_MORE && trial_late(trial))
			*v = VERDICT_UNSURE;
	} while (*v == VERDICT_MORE);
	program->spent += now_ns() - trial->begin;
	return 0;
}
