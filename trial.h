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
/*
 * What a pass must rest on: one whole pass over the victim's file, or so many
 * reads of it that it does not matter where in the file they were.
 */
#define TRIAL_MIN_READS 100
/*
 * Scanning anybody may cost everybody something (a longer grace period, a
 * colder cache), but when it makes the median operation ten times slower, then
 * comparing victim and decoy misses the point.
 */
#define TRIAL_QUIET_LIMIT 10

/**
 * struct scenario - what is to be measured
 * @source:	what the scanners read
 * @op:		what each worker of the mapper does; there are as many as that
 * @slots:	mappings in the region, of victim and decoy
 * @scanners:	at nice 15
 * @hogs:	on the scanners' CPU
 * @moving:	how many slots the mapper uses, from the first; 0: all
 * @populate:	mappings have their pages, and so page tables to be walked
 * @still:	the scanners ask only about slots that the mapper does not use
 *		(query_at only; else they ask about those that it does)
 */
struct scenario {
	const struct source *source;
	const struct operation *op[MAPPER_WORKERS];
	unsigned int slots;
	unsigned int scanners;
	unsigned int hogs;
	unsigned int moving;
	bool populate;
	bool still;
};

/**
 * struct knobs - how to measure; the same for all trials of a program
 * @cpu_mapper:	where the victim runs, -1: anywhere
 * @cpu_load:	where scanners and hogs run
 * @cpus_load:	on so many CPUs from there on, 0 is 1
 * @window_ms:	length of a window
 * @max_pairs:	bound of the sequential test
 * @max_ns:	and of the time it may take
 * @nap_us:	of the mapper, between two operations
 * @hog_busy_us: a hog spins this long
 * @hog_idle_us: and sleeps this long; 0: never
 * @head_start_ms: scanners run for so long before the hogs come
 * @limit_ns:	what a slow operation is
 * @seed:	of everything that is random
 * @plant:	a fault in the victim
 * @apart:	victim and decoy not in the load's scheduling group
 * @plant_idle:	lazy scanners
 */
struct knobs {
	int cpu_mapper;
	int cpu_load;
	unsigned int cpus_load;
	unsigned int window_ms;
	unsigned int max_pairs;
	int64_t max_ns;
	unsigned int nap_us;
	unsigned int hog_busy_us;
	unsigned int hog_idle_us;
	unsigned int head_start_ms;
	uint64_t limit_ns;
	uint64_t seed;
	enum plant plant;
	bool apart;
	bool plant_idle;
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
 * @reads:	reads that came back while windows of each arm were open
 * @hangs:	operations longer than TRIAL_HANG_NS, per arm
 * @disturbs_all: scanning whomever slows the mapper down
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
	uint64_t reads[NR_ARMS];
	unsigned int hangs[NR_ARMS];
	bool disturbs_all;
	unsigned int windows;
	struct trial_window log[3 * TRIAL_MAX_PAIRS];
};

/* Of two results the one that says more: held by the kernel, no CPU, 0. */
static inline int trial_worse(int a, int b)
{
	return a == -ETIMEDOUT || b == -ETIMEDOUT ? -ETIMEDOUT : a ?: b;
}

/**
 * trial_free() - end all processes of a trial, whatever state it is in
 * @trial:	the trial
 *
 * Return: 0, -ETIMEDOUT where the kernel holds one that was killed, -EAGAIN where
 * one got no CPU to end on.
 */
static inline int trial_free(struct trial *trial)
{
	int load = load_free(&trial->load);
	int victim = mapper_free(&trial->victim);
	int decoy = mapper_free(&trial->decoy);

	return trial_worse(load, trial_worse(victim, decoy));
}

/**
 * trial_setup() - start victim, decoy and load
 * @trial:	zeroed
 * @scenario:	what to measure
 * @knobs:	how
 *
 * Return: 0 or -errno: ENOENT or ENOTTY where this kernel has no such file or
 * query, ENOMEM where so many mappings are not allowed.  trial_free() is due in either case.
 */
static inline int trial_setup(struct trial *trial,
			      const struct scenario *scenario,
			      const struct knobs *knobs)
{
	struct mapper *side[NR_ARMS] = {
		[ARM_DECOY] = &trial->decoy,
		[ARM_VICTIM] = &trial->victim,
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
		trial->victim.op[i] = scenario->op[i];
	trial->victim.workers = i;
	trial->victim.plant = knobs->plant;
	for (i = ARM_DECOY; i < NR_ARMS; i++) {
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
		load->pid[i] = side[i]->peer.pid;
		region = &side[i]->shared->region;
		load->from[i] = (uintptr_t)region_slot(region, 0);
		load->to[i] = (uintptr_t)region_slot(region, scenario->slots);
		if (scenario->still)
			load->from[i] = (uintptr_t)region_slot(region, moving);
		else if (scenario->source == &source_query_at)
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
	load->plant_idle = knobs->plant_idle;
	return load_start(load);
}

/* For what was paused as a whole, this process included, to catch up. */
#define TRIAL_GRACE_NS (200 * NSEC_PER_MSEC)

/*
 * An operation has not come back.  The interferers are taken away: if that
 * frees it, its duration is a sample like any other, and the load starts anew.
 */
static inline int trial_hang(struct trial *trial, enum arm arm)
{
	int ret;

	if (!mapper_close(&trial->victim, TRIAL_GRACE_NS))
		return 0;
	trial->hangs[arm]++;
	ret = load_kill(&trial->load);
	if (ret)
		return ret;
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
 * Return: 0, -EIO when a process of the trial failed, -EAGAIN when the machine
 * is too busy to run it, -ETIMEDOUT when an operation did not even come back
 * after the load was taken away, or a scanner is stuck in a read.
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
		ret = trial_hang(trial, arm);
	if (ret)
		return ret;
	after = load_mark(&trial->load);
	*window = mapper_window(&trial->victim);
	window->idle = arm != ARM_QUIET && after.reads == before.reads &&
		       !after.flying;
	trial->active_ns[arm] += now_ns() - begin;
	trial->reads[arm] += after.reads - before.reads;
	if (trial->windows < 3 * TRIAL_MAX_PAIRS)
		trial->log[trial->windows++] = (struct trial_window){
			begin, arm, *window
		};
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

/**
 * trial_period() - the time from one operation to the next when all is well
 * @trial:	the trial
 *
 * Taken from the decoy's windows; without any, from the published pause.
 *
 * Return: ns, never 0.
 */
static inline uint64_t trial_period(const struct trial *trial)
{
	uint64_t open = (uint64_t)trial->active_ns[ARM_DECOY] *
			trial->victim.workers;
	struct histogram decoy;

	trial_hist(trial, ARM_DECOY, &decoy);
	if (!decoy.count || open < decoy.count)
		return MAPPER_NAP_US * NSEC_PER_USEC;
	return open / decoy.count;
}

/**
 * struct scanned - what all scanners did for one arm; when they are elsewhere
 * @scans:	passes from end to end
 * @bytes:	bytes, or answers
 */
struct scanned {
	uint64_t scans;
	uint64_t bytes;
};

/** trial_scanned() - see struct scanned. */
static inline struct scanned trial_scanned(const struct trial *trial,
					   enum arm arm)
{
	struct scanned sum = { 0 };
	unsigned int i;

	for (i = 0; i < trial->load.scanners; i++) {
		sum.scans += trial->load.shared->scanner[i].scans[arm];
		sum.bytes += trial->load.shared->scanner[i].bytes[arm];
	}
	return sum;
}

/** trial_evidence() - whether a pass would rest on enough, and the decoy too */
static inline bool trial_evidence(const struct trial *trial)
{
	return (trial_scanned(trial, ARM_VICTIM).scans ||
		trial->reads[ARM_VICTIM] >= TRIAL_MIN_READS) &&
	       (trial_scanned(trial, ARM_DECOY).scans ||
		trial->reads[ARM_DECOY] >= TRIAL_MIN_READS);
}

/** trial_disturbs_all() - whether scanning anybody slows everybody down */
static inline bool trial_disturbs_all(const struct trial *trial)
{
	struct histogram quiet, decoy;

	trial_hist(trial, ARM_QUIET, &quiet);
	trial_hist(trial, ARM_DECOY, &decoy);
	return quiet.count && hist_quantile(&decoy, 500000) >
			      TRIAL_QUIET_LIMIT * hist_quantile(&quiet, 500000);
}

static inline bool trial_late(const struct trial *trial)
{
	return now_ns() - trial->begin > trial->knobs.max_ns;
}

/*
 * Whether there is to be one more pair: also where all is fine, but rests on too few
 * reads as yet.  Slow files on a busy machine take nothing but time.
 */
static inline bool trial_goes_on(const struct trial *trial, enum verdict v)
{
	if (trial->hangs[ARM_VICTIM])
		return false;
	return v == VERDICT_MORE ||
	       (v == VERDICT_FINE && !trial_evidence(trial) &&
		!trial_late(trial) && !verdict_is_due(&trial->state));
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
		if (v == VERDICT_MORE && trial_late(trial))
			v = verdict_last(&trial->state);
	} while (trial_goes_on(trial, v));
	/* No statistics are needed where it took a kill to free the mapper. */
	if (trial->hangs[ARM_VICTIM])
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

#endif /* PROC_TRIAL_H */
