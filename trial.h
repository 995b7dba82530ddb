/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial.h - one measurement from start to verdict
 *
 * A trial has a victim that maps, a decoy with as many mappings that does
 * nothing, and a load that reads the one or the other:
 *
 *     mapper's CPU     victim: munmap, nap, mmap, nap ...
 *     load's CPU       scanners, a hog                 (decoy: asleep)
 *
 *     time  |-- decoy --| |-- victim --| |-- victim --| |-- decoy --| ...
 *            \________ a pair _______/    \________ a pair _______/
 */
#ifndef PROC_TRIAL_H
#define PROC_TRIAL_H

#include "load.h"
#include "mapper.h"
#include "verdict.h"

/*
 * Long enough for hundreds of operations and a dozen of a hog's cycles, short
 * enough for a verdict in a second: VERDICT_LEAD pairs are 0.8 s.
 */
#define TRIAL_WINDOW_MS 50
/* After a change of target everybody gets a hog's cycle to settle. */
#define TRIAL_SETTLE_MS 3
#define TRIAL_HANG_NS (5 * NSEC_PER_SEC)
#define TRIAL_MAX_PAIRS 256
/* Now and then, and not so often that it costs time: a quiet window. */
#define TRIAL_QUIET_EVERY 4

/**
 * struct scenario - what is to be measured
 * @source:	what the scanners read
 * @op:		what each worker of the mapper does
 * @workers:	how many
 * @slots:	mappings on the stage, of victim and decoy
 * @scanners:	at nice 15
 * @hogs:	on the scanners' CPU
 */
struct scenario {
	const struct source *source;
	const struct operation *op[MAPPER_WORKERS];
	unsigned int workers;
	unsigned int slots;
	unsigned int scanners;
	unsigned int hogs;
};

/**
 * struct knobs - how to measure; the same for all trials of a program
 * @cpu_mapper:	where the victim runs, -1: anywhere
 * @cpu_load:	where scanners and hogs run
 * @window_ms:	length of a window
 * @max_pairs:	bound of the sequential test
 * @limit_ns:	what a slow operation is
 * @seed:	of everything that is random
 */
struct knobs {
	int cpu_mapper;
	int cpu_load;
	unsigned int window_ms;
	unsigned int max_pairs;
	uint64_t limit_ns;
	uint64_t seed;
};

/** struct trial_window - a window as it is kept for the report */
struct trial_window {
	int64_t begin;
	enum arm arm;
	struct window window;
};

/**
 * struct trial - a measurement under way, or its outcome
 * @scenario:	what
 * @knobs:	how
 * @victim:	the process whose maps must be harmless to read
 * @decoy:	the process that takes its place
 * @load:	scanners and hogs
 * @state:	of the verdict
 * @verdict:	so far
 * @begin:	when it began, ns
 * @took:	how long it took, ns
 * @active_ns:	time that windows of each arm were open
 * @hangs:	operations longer than TRIAL_HANG_NS
 * @windows:	how many are in @log
 * @log:	all windows, in the order they happened
 */
struct trial {
	struct scenario scenario;
	struct knobs knobs;
	struct mapper victim;
	struct mapper decoy;
	struct load load;
	struct verdict_state state;
	enum verdict verdict;
	int64_t begin;
	int64_t took;
	int64_t active_ns[NR_ARMS];
	unsigned int hangs;
	unsigned int windows;
	struct trial_window log[3 * TRIAL_MAX_PAIRS];
};

/** trial_free() - end all processes of a trial, whatever state it is in. */
static inline void trial_free(struct trial *trial)
{
	load_free(&trial->load);
	mapper_free(&trial->victim);
	mapper_free(&trial->decoy);
}

/**
 * trial_setup() - start victim, decoy and load
 * @trial:	zeroed
 * @scenario:	what to measure
 * @knobs:	how
 *
 * Return: 0 or -errno; trial_free() is due in either case.
 */
static inline int trial_setup(struct trial *trial,
			      const struct scenario *scenario,
			      const struct knobs *knobs)
{
	struct mapper *side[NR_ARMS] = {
		[ARM_DECOY] = &trial->decoy,
		[ARM_VICTIM] = &trial->victim,
	};
	struct load *load = &trial->load;
	unsigned int i;
	int ret;

	trial->scenario = *scenario;
	trial->knobs = *knobs;
	trial->begin = now_ns();
	trial->state.limit_ns = knobs->limit_ns;
	trial->state.max_pairs = knobs->max_pairs;
	for (i = 0; i < scenario->workers; i++)
		trial->victim.op[i] = scenario->op[i];
	trial->victim.workers = scenario->workers;
	for (i = ARM_DECOY; i < NR_ARMS; i++) {
		side[i]->slots = scenario->slots;
		side[i]->cpu = knobs->cpu_mapper;
		side[i]->seed = knobs->seed;
		ret = mapper_start(side[i]);
		if (ret)
			return ret;
		load->pid[i] = side[i]->peer.pid;
		load->from[i] = (uintptr_t)side[i]->shared->stage.base;
		load->to[i] = load->from[i] +
			      stage_size(&side[i]->shared->stage);
	}
	load->source = scenario->source;
	load->scanners = scenario->scanners;
	load->hogs = scenario->hogs;
	load->cpu = knobs->cpu_load;
	load->busy_us = LOAD_HOG_BUSY_US;
	load->idle_us = LOAD_HOG_IDLE_US;
	ret = load_start(load);
	if (ret == -ETIMEDOUT && load_error(load))
		ret = -load_error(load);
	return ret;
}

/*
 * An operation has not come back.  The interferers are taken away: if that
 * frees it, its duration is a sample like any other, and the load starts anew.
 */
static inline int trial_hang(struct trial *trial)
{
	trial->hangs++;
	load_kill(&trial->load);
	if (mapper_close(&trial->victim, TRIAL_HANG_NS))
		return -ETIMEDOUT;
	return load_start(&trial->load);
}

/**
 * trial_window() - measure for one window
 * @trial:	the trial
 * @arm:	whose file is read meanwhile
 * @window:	filled in
 *
 * A window ends when the last operation that began in it is over, however long
 * that takes, and the scanners change over only then.
 *
 * Return: 0, -EIO when a process of the trial failed, -ETIMEDOUT when an
 * operation did not even come back after the load was taken away.
 */
static inline int trial_window(struct trial *trial, enum arm arm,
			       struct window *window)
{
	struct load_mark before, after;
	int64_t begin;
	int ret;

	ret = load_target(&trial->load, arm);
	if (ret)
		return ret;
	nap_ns(TRIAL_SETTLE_MS * NSEC_PER_MSEC);
	before = load_mark(&trial->load);
	begin = now_ns();
	mapper_open(&trial->victim, arm);
	nap_ns(trial->knobs.window_ms * NSEC_PER_MSEC);
	ret = mapper_close(&trial->victim, TRIAL_HANG_NS);
	if (ret == -ETIMEDOUT)
		ret = trial_hang(trial);
	if (ret)
		return ret;
	after = load_mark(&trial->load);
	*window = mapper_window(&trial->victim);
	window->idle = arm != ARM_QUIET && after.reads == before.reads &&
		       !after.flying;
	trial->active_ns[arm] += now_ns() - begin;
	if (trial->windows < 3 * TRIAL_MAX_PAIRS)
		trial->log[trial->windows++] = (struct trial_window){
			begin, arm, *window
		};
	return 0;
}

/**
 * trial_judge() - measure pairs of windows until there is a verdict
 * @trial:	as trial_setup() left it; may be continued after a verdict
 *
 * Return: 0 with the verdict in @trial, or what trial_window() returns.
 */
static inline int trial_judge(struct trial *trial)
{
	uint64_t rng = trial->knobs.seed ^ 0x9e3779b97f4a7c15ULL;
	struct window window[NR_ARMS];
	enum verdict v;
	int ret;

	do {
		/* In random order, so that drift favours neither side. */
		enum arm first = random_below(&rng, 2) ? ARM_VICTIM : ARM_DECOY;
		enum arm second = first == ARM_VICTIM ? ARM_DECOY : ARM_VICTIM;

		if (trial->state.pairs % TRIAL_QUIET_EVERY == 0) {
			ret = trial_window(trial, ARM_QUIET,
					   &window[ARM_QUIET]);
			if (ret)
				return ret;
		}
		ret = trial_window(trial, first, &window[first]);
		if (!ret)
			ret = trial_window(trial, second, &window[second]);
		if (ret)
			return ret;
		v = verdict_next(&trial->state, &window[ARM_VICTIM],
				 &window[ARM_DECOY]);
	} while (v == VERDICT_MORE);
	trial->verdict = v;
	trial->took = now_ns() - trial->begin;
	return 0;
}

/** trial_hist() - all of an arm's operations in one histogram. */
static inline void trial_hist(const struct trial *trial, enum arm arm,
			      struct histogram *hist)
{
	unsigned int i, half;

	memset(hist, 0, sizeof(*hist));
	for (i = 0; i < trial->victim.workers; i++)
		for (half = 0; half < 2; half++)
			hist_merge(hist, &trial->victim.shared->worker[i]
						  .hist[arm][half]);
}

#endif /* PROC_TRIAL_H */
