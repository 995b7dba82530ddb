// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "trial.h"
#include "../lib/random.h"

/* Now and then, and not so often that it costs time: a quiet window. */
#define TRIAL_QUIET_EVERY 4

/*
 * What a pass must rest on: one whole pass over the target's file, or so many
 * reads of it that it does not matter where in the file they were.
 */
#define TRIAL_MIN_READS 100

/* For what was paused as a whole, this process included, to catch up. */
#define TRIAL_GRACE_NS (200 * NSEC_PER_MSEC)

/* Of two results the one that says more: held by the kernel, no CPU, 0. */
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
		side[i]->moving = moving;
		side[i]->populate = scenario->populate;
		side[i]->nap_us = knobs->nap_us;
		side[i]->cpu = knobs->cpu_mapper;
		side[i]->seed = knobs->seed;
		side[i]->apart = knobs->apart;
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
 * An operation has not come back.  The interferers are taken away: if that
 * frees it, its duration is a sample like any other, and the load starts anew.
 */
static int trial_hang(struct trial *trial, enum group group)
{
	int ret;

	if (!mapper_close(&trial->target, TRIAL_GRACE_NS))
		return 0;
	trial->hangs[group]++;
	ret = load_kill(&trial->load);
	if (ret)
		return ret;
	if (mapper_close(&trial->target, TRIAL_HANG_NS))
		return -ETIMEDOUT;
	return load_start(&trial->load);
}

int trial_window(struct trial *trial, enum group group, struct window *window)
{
	struct load_mark before, after;
	int64_t begin;
	int ret;

	ret = load_switch(&trial->load, group);
	if (ret)
		return ret;
	sleep_ns(TRIAL_SETTLE_MS * NSEC_PER_MSEC);
	before = load_mark(&trial->load);
	begin = now_ns();
	mapper_open(&trial->target, group);
	sleep_ns(trial->knobs.window_ms * NSEC_PER_MSEC);
	ret = mapper_close(&trial->target, TRIAL_HANG_NS);
	if (ret == -ETIMEDOUT)
		ret = trial_hang(trial, group);
	if (ret)
		return ret;
	after = load_mark(&trial->load);
	*window = mapper_window(&trial->target);
	window->idle = group != GROUP_QUIET && after.reads == before.reads &&
		       !after.in_flight;
	trial->active_ns[group] += now_ns() - begin;
	trial->reads[group] += after.reads - before.reads;
	if (trial->windows < 3 * TRIAL_MAX_PAIRS)
		trial->log[trial->windows++] = (struct trial_window){
			begin, group, *window
		};
	return 0;
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

/** trial_evidence() - whether a pass would rest on enough, and the control process too */
static bool trial_evidence(const struct trial *trial)
{
	return (trial_scanned(trial, GROUP_TARGET).scans ||
		trial->reads[GROUP_TARGET] >= TRIAL_MIN_READS) &&
	       (trial_scanned(trial, GROUP_CONTROL).scans ||
		trial->reads[GROUP_CONTROL] >= TRIAL_MIN_READS);
}

/** trial_disturbs_all() - whether scanning anybody slows everybody down */
static bool trial_disturbs_all(const struct trial *trial)
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

/*
 * Whether there is to be one more pair: also where all is fine, but rests on too few
 * reads as yet.  Slow files on a busy machine take nothing but time.
 */
static bool trial_goes_on(const struct trial *trial, enum verdict v)
{
	if (trial->hangs[GROUP_TARGET])
		return false;
	return v == VERDICT_MORE ||
	       (v == VERDICT_FINE && !trial_evidence(trial) &&
		!trial_late(trial) && !verdict_is_due(&trial->state));
}

int trial_run(struct trial *trial)
{
	uint64_t rng = trial->knobs.seed ^ 0x9e3779b97f4a7c15ULL;
	struct window window[NR_GROUPS];
	enum verdict v;
	int ret;

	do {
		/* In random order, so that drift favours neither side. */
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
	/* No statistics are needed where it took a kill to free the mapper. */
	if (trial->hangs[GROUP_TARGET])
		v = VERDICT_INTERFERES;
	if (v == VERDICT_FINE && !trial_evidence(trial))
		v = VERDICT_UNSURE;
	trial->disturbs_all = trial_disturbs_all(trial);
	if (v == VERDICT_FINE && trial->disturbs_all)
		v = VERDICT_INTERFERES;
	trial->verdict = v;
	trial->took = now_ns() - trial->begin;
	return 0;
}
