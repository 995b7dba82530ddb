// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdint.h>

#include "reader.h"
#include "load.h"
#include "mapper.h"
#include "program.h"
#include "../lib/clock.h"

/*
 * Smallest ratio of mean durations of a read that counts as starvation.  A
 * reader on a CPU that the mapper disturbs is somewhat slower anyway; the
 * factor is arbitrary.
 */
#define READER_EFFECT 10.0

/* Measure the reads in one window in which the mapper works or is idle. */
static int reader_window(struct trial *trial, bool flat_out,
			 struct window *window)
{
	struct load_mark before = load_mark(&trial->load), after;
	int64_t begin = now_ns();
	int ret = 0;

	if (flat_out)
		mapper_open(&trial->target, GROUP_TARGET);
	sleep_ns(trial->knobs.window_ms * NSEC_PER_MSEC);
	if (flat_out)
		ret = mapper_close(&trial->target, TRIAL_HANG_NS);
	after = load_mark(&trial->load);
	window->sum_ns = (uint64_t)(now_ns() - begin);
	window->ops = after.reads - before.reads;
	window->max_ns = 0;
	window->idle = false;
	return ret;
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
		/*
		 * A window without a read counts as one read that took the
		 * whole window.
		 */
		if (!work.ops) {
			work.ops = 1;
			++*starved;
		}
		*v = verdict_next(&trial->state, &work, &rest);
		if (*v == VERDICT_MORE && trial_late(trial))
			*v = VERDICT_UNSURE;
	} while (*v == VERDICT_MORE);
	program->spent += now_ns() - trial->begin;
	return 0;
}
