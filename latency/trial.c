// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "trial.h"
#include "../lib/random.h"

/*
 * One in this many pairs has a quiet window before it.  Quiet windows have no
 * vote; the value limits their share of the time to a ninth.
 */
#define TRIAL_QUIET_EVERY 4

/*
 * Number of reads of a process that is enough for VERDICT_FINE when no pass
 * over its file was completed.  With this many reads, their position in the
 * file does not matter.
 */
#define TRIAL_MIN_READS 100

/*
 * Additional time, in ns, for an operation that seems to hang, after the whole
 * machine including this process was paused.
 */
#define TRIAL_GRACE_NS (200 * NSEC_PER_MSEC)

/* Return the worse one of two results: -ETIMEDOUT, then -EAGAIN, then 0. */
static int trial_worse(int a, int b)
{
	return a == -ETIMEDOUT || b == -ETIMEDOUT ? -ETIMEDOUT : a ?: b;
}

int trial_free(struct trial *trial)
{
	int load = load_free(&trial->load);
	int target = mapper_free(&trial->target);
	int control = mapper_free(&trial->control);

	return trial_worse(load, trial_worse(target, control));
}

int trial_setup(struct trial *trial, const struct scenario *scenario,
		const struct knobs *knobs)
{
	struct mapper *side[NR_GROUPS] = {
		[GROUP_CONTROL] = &trial->control,
		[GROUP_TARGET] = &trial->target,
	};
	unsigned int moving = scenario->moving ?: scenario->slots;
	struct load *load = &trial->load;
	unsigned int i;
	int ret;

	trial->scenario = *scenario;
	trial->knobs = *knobs;
	trial->begin = now_ns();
	trial->state.effect = VERDICT_EFFECT;
	trial->state.limit_ns = knobs->limit_ns;
	trial->state.max_pairs = knobs->max_pairs;
	for (i = 0; i < MAPPER_WORKERS && scenario->op[i]; i++)
		trial->target.op[i] = scenario->op[i];
	trial->target.workers = i;
	trial->target.inject = knobs->inject;
	for (i = GROUP_CONTROL; i < NR_GROUPS; i++) {
		const struct region *region;

		side[i]->slots = scenario->slots;
		side[i]->solid = scenario->solid;
		side[i]->moving = moving;
		side[i]->populate = scenario->populate;
		side[i]->nap_us = knobs->nap_us;
		side[i]->cpu = knobs->cpu_mapper;
		side[i]->seed = knobs->seed;
		side[i]->own_group = knobs->own_group;
		ret = mapper_start(side[i]);
		if (ret)
			return ret;
		load->pid[i] = side[i]->child.pid;
		region = &side[i]->shared->region;
		load->from[i] = (uintptr_t)region_slot(region, 0);
		load->to[i] = (uintptr_t)region_slot(region, scenario->slots);
		if (scenario->still)
			load->from[i] = (uintptr_t)region_slot(region, moving);
		else if (scenario->source->asks_moving)
			load->to[i] = (uintptr_t)region_slot(region, moving);
	}
	load->source = scenario->source;
	load->scanners = scenario->scanners;
	load->hogs = scenario->hogs;
	load->cpu = knobs->cpu_load;
	load->cpus = knobs->cpus_load;
	load->busy_us = knobs->hog_busy_us;
	load->idle_us = knobs->hog_idle_us;
	load->head_start_ms = knobs->head_start_ms;
	load->inject_idle = knobs->inject_idle;
	return load_start(load);
}

/*
 * Start over after an operation that hangs: kill the load, close the window, and
 * start the load again.  If the operation ends when the load is gone, its duration
 * is a sample like any other.
 */
static int trial_start_over(struct trial *trial)
{
	int ret;

	if (!mapper_close(&trial->target, TRIAL_GRACE_NS))
		return 0;
	trial->hangs[trial->open.group]++;
	ret = load_kill(&trial->load);
	if (ret)
		return ret;
	if (mapper_close(&trial->target, TRIAL_HANG_NS))
		return -ETIMEDOUT;
	return load_start(&trial->load);
}

int trial_open(struct trial *trial, enum group group)
{
	struct open_window *open = &trial->open;
	int ret;

	ret = load_switch(&trial->load, group);
	if (ret)
		return ret;
	sleep_ns(TRIAL_SETTLE_MS * NSEC_PER_MSEC);
	open->group = group;
	open->mark = load_mark(&trial->load);
	open->begin = now_ns();
	mapper_open(&trial->target, group);
	return 0;
}

int trial_close(struct trial *trial, struct window *window)
{
	const struct open_window *open = &trial->open;
	enum group group = open->group;
	struct load_mark after;
	uint32_t reads;
	int ret;

	ret = mapper_close(&trial->target, TRIAL_HANG_NS);
	if (ret == -ETIMEDOUT)
		ret = trial_start_over(trial);
	if (ret)
		return ret;
	after = load_mark(&trial->load);
	reads = after.reads - open->mark.reads;
	*window = mapper_window(&trial->target);
	window->idle = group != GROUP_QUIET && !reads && !after.in_flight;
	trial->active_ns[group] += now_ns() - open->begin;
	trial->reads[group] += reads;
	if (trial->windows < 3 * TRIAL_MAX_PAIRS)
		trial->log[trial->windows++] = (struct trial_window){
			open->begin, group, *window
		};
	return 0;
}

int trial_window(struct trial *trial, enum group group, struct window *window)
{
	int ret;

	ret = trial_open(trial, group);
	if (ret)
		return ret;
	sleep_ns(trial->knobs.window_ms * NSEC_PER_MSEC);
	return trial_close(trial, window);
}

void trial_hist(const struct trial *trial, enum group group, struct histogram *hist)
{
	unsigned int i, half;

	memset(hist, 0, sizeof(*hist));
	for (i = 0; i < trial->target.workers; i++)
		for (half = 0; half < 2; half++)
			hist_merge(hist, &trial->target.shared->worker[i]
						  .hist[group][half]);
}

uint64_t trial_period(const struct trial *trial)
{
	uint64_t open = (uint64_t)trial->active_ns[GROUP_CONTROL] *
			trial->target.workers;
	struct histogram control;

	trial_hist(trial, GROUP_CONTROL, &control);
	if (!control.count || open < control.count)
		return MAPPER_NAP_US * NSEC_PER_USEC;
	return open / control.count;
}

struct scanned trial_scanned(const struct trial *trial, enum group group)
{
	struct scanned sum = { 0 };
	unsigned int i;

	for (i = 0; i < trial->load.scanners; i++) {
		sum.scans += trial->load.shared->scanner[i].scans[group];
		sum.bytes += trial->load.shared->scanner[i].bytes[group];
	}
	return sum;
}

/** trial_evidence() - check whether the scanners have read enough of both processes */
static bool trial_evidence(const struct trial *trial)
{
	return (trial_scanned(trial, GROUP_TARGET).scans ||
		trial->reads[GROUP_TARGET] >= TRIAL_MIN_READS) &&
	       (trial_scanned(trial, GROUP_CONTROL).scans ||
		trial->reads[GROUP_CONTROL] >= TRIAL_MIN_READS);
}

bool trial_disturbs_all(const struct trial *trial)
{
	struct histogram quiet, control;

	trial_hist(trial, GROUP_QUIET, &quiet);
	trial_hist(trial, GROUP_CONTROL, &control);
	return quiet.count && hist_quantile(&control, 500000) >
			      TRIAL_QUIET_LIMIT * hist_quantile(&quiet, 500000);
}

bool trial_late(const struct trial *trial)
{
	return now_ns() - trial->begin > trial->knobs.max_ns;
}

/* Check whether VERDICT_FINE rests on enough reads and pairs. */
static bool trial_suffices(const struct trial *trial)
{
	return trial_evidence(trial) && trial->state.pairs >= trial->knobs.min_pairs;
}

/*
 * Check whether to measure one more pair.  VERDICT_FINE is postponed while it
 * rests on too little: slow files on a busy machine take more time, but are
 * read in the end.
 */
static bool trial_goes_on(const struct trial *trial, enum verdict v)
{
	if (trial->hangs[GROUP_TARGET])
		return false;
	return v == VERDICT_MORE ||
	       (v == VERDICT_FINE && !trial_suffices(trial) &&
		!trial_late(trial) && !verdict_is_due(&trial->state));
}

int trial_run(struct trial *trial)
{
	uint64_t rng = trial->knobs.seed ^ 0x9e3779b97f4a7c15ULL;
	struct window window[NR_GROUPS];
	enum verdict v;
	int ret;

	do {
		/* The order is random, so that a drift favours neither side. */
		enum group first = random_below(&rng, 2) ? GROUP_TARGET : GROUP_CONTROL;
		enum group second = first == GROUP_TARGET ? GROUP_CONTROL : GROUP_TARGET;

		if (trial->state.pairs % TRIAL_QUIET_EVERY == 0) {
			ret = trial_window(trial, GROUP_QUIET,
					   &window[GROUP_QUIET]);
			if (ret)
				return ret;
		}
		ret = trial_window(trial, first, &window[first]);
		if (!ret)
			ret = trial_window(trial, second, &window[second]);
		if (ret)
			return ret;
		v = verdict_next(&trial->state, &window[GROUP_TARGET],
				 &window[GROUP_CONTROL]);
		if (v == VERDICT_MORE && trial_late(trial))
			v = verdict_last(&trial->state);
	} while (trial_goes_on(trial, v));
	/*
	 * An operation that ended only with the load is interference, whatever
	 * the pairs say.
	 */
	if (trial->hangs[GROUP_TARGET])
		v = VERDICT_INTERFERES;
	if (v == VERDICT_FINE && !trial_suffices(trial))
		v = VERDICT_UNSURE;
	trial->disturbs_all = trial_disturbs_all(trial);
	if (v == VERDICT_FINE && trial->disturbs_all)
		v = VERDICT_INTERFERES;
	trial->verdict = v;
	trial->took = now_ns() - trial->begin;
	return 0;
}
