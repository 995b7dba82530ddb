// SPDX-License-Identifier: GPL-2.0
/*
 * proc_maps_selftest - unit tests of the parts of the other test programs
 *
 * Most tests check synthetic data, and depend neither on timing nor on the running
 * kernel.  Tests at the end may start processes.  A check that rejects nothing, or
 * rejects what is legal, fails here before it gives a wrong result about a kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "latency/histogram.h"
#include "latency/mapper.h"
#include "latency/trial.h"
#include "latency/verdict.h"
#include "latency/waits.h"
#include "lib/cgroup.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/futex.h"
#include "lib/harness.h"
#include "lib/kernel_log.h"
#include "lib/limits.h"
#include "lib/machine.h"
#include "lib/print.h"
#include "lib/random.h"
#include "lib/task.h"
#include "lib/util.h"
#include "model/change.h"
#include "model/check.h"
#include "model/contents.h"
#include "model/fields.h"
#include "model/layout.h"
#include "model/oracle.h"
#include "model/page_tag.h"
#include "model/parse.h"
#include "tearing/context.h"
#include "tearing/evidence.h"
#include "tearing/modifier.h"
#include "tearing/program.h"
#include "tearing/reader.h"
#include "tearing/run.h"
#include "tearing/stage.h"
#include "tearing/stuck.h"
#include "tearing/watchdog.h"

/* ---- latency: histogram and verdict ---- */

/* Draws a number in [0, 1). */
static double random_unit(uint64_t *state)
{
	return (double)(random_next(state) >> 11) / 9007199254740992.0;
}

TEST(histogram_buckets_tile_the_range)
{
	unsigned int i;

	EXPECT_EQ(0U, hist_floor(0));
	for (i = 0; i < HIST_BUCKETS; i++) {
		uint64_t low = hist_floor(i), high = hist_ceiling(i);

		ASSERT_LE(low, high);
		ASSERT_EQ(i, hist_index(low));
		ASSERT_EQ(i, hist_index(high));
		/* The largest relative error: the width by the smallest value. */
		ASSERT_LE((high - low) << HIST_SUB_BITS, low);
		if (i)
			ASSERT_EQ(low, hist_ceiling(i - 1) + 1);
	}
	EXPECT_EQ(1ULL << HIST_TOP_BITS, hist_floor(HIST_BUCKETS));
}

TEST(histogram_quantiles_match_sorted_samples)
{
	static const uint32_t ppm[] = { 0, 1, 500000, 900000, 990000, 999000,
					1000000 };
	static uint64_t sample[20000];
	const unsigned int n = ARRAY_SIZE(sample);
	struct histogram whole = { 0 }, half[2] = { { 0 } };
	uint64_t rng = 1, sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		/* Each power of two is equally likely. */
		sample[i] = random_next(&rng) >> (64 - HIST_TOP_BITS) >>
			    random_next(&rng) % HIST_TOP_BITS;
		sum += sample[i];
		hist_add(&half[i % 2], sample[i], 1);
	}
	hist_merge(&whole, &half[0]);
	hist_merge(&whole, &half[1]);
	qsort(sample, n, sizeof(sample[0]), compare_ns);
	EXPECT_EQ(n, whole.count);
	EXPECT_EQ(sum, whole.sum);
	EXPECT_EQ(sample[0], whole.min);
	EXPECT_EQ(sample[n - 1], whole.max);
	EXPECT_EQ(0U, whole.overflow);
	for (i = 0; i < ARRAY_SIZE(ppm); i++) {
		uint64_t rank = ((uint64_t)n * ppm[i] + 999999) / 1000000;
		uint64_t exact = sample[rank ? rank - 1 : 0];
		uint64_t upper = hist_quantile(&whole, ppm[i]);

		EXPECT_LE(exact, upper);
		EXPECT_LE((upper - exact) << HIST_SUB_BITS, exact);
	}
}

TEST(histogram_tells_overflow_and_emptiness)
{
	struct histogram h = { 0 };

	EXPECT_EQ(0U, hist_quantile(&h, 500000));
	EXPECT_EQ(0, hist_mean(&h));
	hist_add(&h, 5, 0);
	EXPECT_EQ(0U, h.count);
	hist_add(&h, 1ULL << HIST_TOP_BITS, 1);
	hist_add(&h, 1000, 9);
	EXPECT_EQ(1U, h.overflow);
	EXPECT_EQ(10U, h.count);
	EXPECT_EQ(1ULL << HIST_TOP_BITS, h.max);
	EXPECT_EQ(1ULL << HIST_TOP_BITS, hist_quantile(&h, 1000000));
	EXPECT_EQ(1U, hist_at_least(&h, 100000));
	EXPECT_EQ(10U, hist_at_least(&h, 0));
}

TEST(histogram_correction_adds_what_was_omitted)
{
	struct histogram plain = { 0 }, full = { 0 };

	/* 999 calls of 10 us, 100 us apart, and one that took 10 ms. */
	hist_add(&plain, 10000, 999);
	hist_add(&plain, 10000000, 1);
	hist_correct(&full, &plain, 100000);
	/* The correction adds 9.9 ms, 9.8 ms ... 0.1 ms: 99 values. */
	EXPECT_EQ(1000U + 99, full.count);
	EXPECT_EQ(10000000U, full.max);
	EXPECT_LE(hist_quantile(&plain, 990000), 11000U);
	EXPECT_GE(hist_quantile(&full, 990000), 8000000U);
}

/**
 * struct fake_machine - a simulated machine and kernel
 * @name:	name in diagnostics
 * @truth:	right verdict
 * @base:	typical duration of an operation in ns; they spread from 0.5 to 2 times it
 * @heavy:	inverse share of operations from a heavy tail, cut at 100 ms (Pareto
 *		distribution of exponent 1.1, which has a mean but no variance); 0: none
 * @pause:	inverse share of windows with a pause of the host of 4 to 100 ms; 0: none
 * @drift:	factor from the durations of one window to those of the next
 * @slower:	factor from the control's durations to the target's
 * @stall:	inverse share of the target's operations that stall; 0: none
 * @stall_ns:	mean duration of a stall in ns
 * @ops:	number of operations in a window
 * @wrong:	largest number of wrong verdicts in TRIALS; 0: one percent
 */
struct fake_machine {
	const char *name;
	enum verdict truth;
	double base;
	unsigned int heavy;
	unsigned int pause;
	double drift;
	double slower;
	unsigned int stall;
	double stall_ns;
	unsigned int ops;
	unsigned int wrong;
};

static const struct fake_machine fake_machines[] = {
	{ "idle machine, lockless",
	  VERDICT_FINE, 2500, 0, 0, 1, 1.0, 0, 0, 600, 0 },
	{ "lockless, a fifth slower",
	  VERDICT_FINE, 2500, 0, 0, 1, 1.2, 0, 0, 600, 0 },
	{ "heavy tail",
	  VERDICT_FINE, 2500, 100, 0, 1, 1.0, 0, 0, 300, 0 },
	{ "very heavy tail",
	  VERDICT_FINE, 2500, 10, 0, 1, 1.0, 0, 0, 300, 0 },
	{ "busy host, a pause in every tenth window",
	  VERDICT_FINE, 2500, 0, 10, 1, 1.0, 0, 0, 300, 0 },
	{ "busier host, a pause in every third window",
	  VERDICT_FINE, 2500, 0, 3, 1, 1.0, 0, 0, 300, 0 },
	{ "pauses and tail and drift",
	  VERDICT_FINE, 2500, 50, 6, 1.05, 1.0, 0, 0, 300, 0 },
	{ "drift upwards",
	  VERDICT_FINE, 2500, 0, 0, 1.1, 1.0, 0, 0, 300, 0 },
	{ "drift downwards",
	  VERDICT_FINE, 250000, 0, 0, 0.9, 1.0, 0, 0, 300, 0 },
	{ "slow emulator, few operations",
	  VERDICT_FINE, 70000, 20, 8, 1, 1.0, 0, 0, 40, 0 },
	{ "a stall in one of thirty windows, as the published setting has",
	  VERDICT_FINE, 2500, 0, 0, 1, 1.0, 18000, 4e6, 600, 0 },
	{ "twice as slow, the smallest effect",
	  VERDICT_INTERFERES, 2500, 0, 0, 1, 2.0, 0, 0, 600, 0 },
	{ "twice as slow, busy host",
	  VERDICT_INTERFERES, 2500, 0, 10, 1, 2.0, 0, 0, 300, 0 },
	{ "five times as slow, pauses and tail and drift",
	  VERDICT_INTERFERES, 2500, 50, 6, 1.05, 5.0, 0, 0, 300, 0 },
	{ "mmap_lock held over preemption",
	  VERDICT_INTERFERES, 2500, 0, 0, 1, 1.0, 40, 3e6, 300, 0 },
	{ "the same under an emulator",
	  VERDICT_INTERFERES, 70000, 20, 8, 1, 1.0, 20, 12e6, 40, 0 },
	{ "a stall in two of three windows, busy host",
	  VERDICT_INTERFERES, 2500, 0, 20, 1, 1.0, 546, 5e6, 600, 0 },
	/* A pair votes for either side equally often, so more errors are allowed. */
	{ "a stall in every other window",
	  VERDICT_INTERFERES, 2500, 0, 0, 1, 1.0, 870, 5e6, 600, 25 },
	{ "a stall in every other window, busy host",
	  VERDICT_INTERFERES, 2500, 0, 20, 1, 1.0, 870, 5e6, 600, 40 },
};

static struct window fake_window(const struct fake_machine *p, double level,
				 bool target, uint64_t *rng)
{
	struct window w = { .ops = p->ops };
	unsigned int i;
	double ns;

	for (i = 0; i < p->ops; i++) {
		ns = level * (0.5 + 1.5 * random_unit(rng));
		if (target)
			ns *= p->slower;
		if (p->heavy && random_next(rng) % p->heavy == 0) {
			/* Close to the inverse of 1 - x^-1.1, without pow(). */
			double u = 1 - random_unit(rng);

			ns = level / u;
			if (ns > 1e8)
				ns = 1e8;
		}
		if (target && p->stall && random_next(rng) % p->stall == 0)
			ns += p->stall_ns * (0.5 + random_unit(rng));
		if (i == 0 && p->pause && random_next(rng) % p->pause == 0)
			ns += 4e6 + 96e6 * random_unit(rng);
		w.sum_ns += (uint64_t)ns;
		if ((uint64_t)ns > w.max_ns)
			w.max_ns = (uint64_t)ns;
	}
	return w;
}

/* Most pairs of windows in a trial, which is what a trial of four seconds allows. */
#define TRIAL_PAIRS 36
/* Simulated trials of each machine: enough to see an error rate of one percent. */
#define TRIALS 1000

static enum verdict fake_trial(const struct fake_machine *p, uint64_t *rng,
			       unsigned int *pairs)
{
	struct verdict_state s = {
		.effect = VERDICT_EFFECT,
		.limit_ns = 500000,
		.max_pairs = TRIAL_PAIRS,
	};
	double level = p->base;
	enum verdict v;

	do {
		bool first = random_next(rng) % 2;
		struct window window[2];

		window[first] = fake_window(p, level, first, rng);
		level *= p->drift;
		window[!first] = fake_window(p, level, !first, rng);
		level *= p->drift;
		v = verdict_next(&s, &window[1], &window[0]);
	} while (v == VERDICT_MORE);
	*pairs += s.pairs;
	return v;
}

FIXTURE(verdict) {
};

FIXTURE_SETUP(verdict)
{
}

FIXTURE_TEARDOWN(verdict)
{
}

/*
 * At most one percent of the verdicts is wrong, in either direction, and at most a
 * fifth is unsure.  The test takes half a second of arithmetic.  The timeout allows
 * for emulated floating point (armhf, x87), which takes minutes.
 */
TEST_F_TIMEOUT(verdict, error_rates, 120)
{
	int64_t begin = now_ns();
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(fake_machines); i++) {
		const struct fake_machine *p = &fake_machines[i];
		unsigned int count[VERDICT_UNSURE + 1] = { 0 };
		unsigned int pairs = 0;
		uint64_t rng = i + 1;
		enum verdict wrong = p->truth == VERDICT_FINE ?
				     VERDICT_INTERFERES : VERDICT_FINE;

		if (now_ns() - begin > 60 * NSEC_PER_SEC)
			SKIP(return, "machine too slow for all of them");
		for (n = 0; n < TRIALS; n++)
			count[fake_trial(p, &rng, &pairs)]++;
		diag("right %4u wrong %3u unsure %3u pairs %4.1f  %s",
		     count[p->truth], count[wrong], count[VERDICT_UNSURE],
		     (double)pairs / TRIALS, p->name);
		ASSERT_LE(count[wrong], p->wrong ?: TRIALS / 100U) {
			diag("too often wrong: %s", p->name);
		}
		ASSERT_LE(count[VERDICT_UNSURE], TRIALS / 5U) {
			diag("too often unsure: %s", p->name);
		}
	}
}

/**
 * struct recorded - a window of 50 ms that was measured
 * @ops:	number of operations
 * @sum_us:	sum of their durations in us
 * @max_us:	longest duration in us
 *
 * Measured on a virtual machine with two CPUs that also ran two compilers and two
 * emulators.
 */
struct recorded {
	unsigned int ops;
	unsigned int sum_us;
	unsigned int max_us;
};

/* maps and PROCMAP_QUERY on Linux 6.18, of the target and the control process. */
static const struct recorded recorded_lockless[] = {
	{ 1578, 4416, 34 }, { 954, 3841, 17 }, { 1037, 5175, 74 },
	{ 1316, 3652, 17 }, { 1556, 4330, 23 }, { 1032, 3331, 42 },
	{ 1184, 3369, 23 }, { 787, 2486, 31 }, { 1156, 3361, 24 },
	{ 1231, 3312, 22 }, { 1072, 3915, 17 }, { 1451, 3982, 20 },
	{ 1447, 4278, 57 }, { 1383, 4096, 22 }, { 664, 2448, 58 },
	{ 1221, 3590, 36 }, { 931, 2687, 27 }, { 1362, 3483, 21 },
	{ 794, 2254, 12 }, { 885, 2335, 23 }, { 1017, 3068, 45 },
	{ 1597, 4180, 40 }, { 1764, 4187, 49 }, { 1513, 4024, 42 },
	{ 860, 2643, 23 }, { 1324, 4160, 39 }, { 474, 3014, 388 },
	{ 996, 2825, 31 }, { 1346, 4510, 664 }, { 1498, 4072, 38 },
	{ 654, 2130, 13 }, { 723, 2154, 20 }, { 735, 2647, 18 },
	{ 1045, 2664, 10 }, { 1037, 2889, 19 }, { 1112, 3013, 17 },
	{ 728, 2069, 13 }, { 916, 2860, 30 }, { 33, 131, 14 },
	{ 1211, 3433, 41 }, { 685, 2802, 36 }, { 1285, 4152, 38 },
	{ 1128, 3426, 64 }, { 1718, 4450, 30 }, { 1714, 4840, 35 },
	{ 968, 2909, 48 }, { 896, 4410, 58 }, { 1236, 4844, 68 },
	{ 1068, 3487, 42 }, { 1755, 4489, 20 }, { 1547, 4206, 16 },
	{ 1100, 4207, 43 }, { 1443, 4285, 32 }, { 1097, 4312, 41 },
	{ 1224, 4172, 40 }, { 1492, 4285, 28 }, { 1062, 3015, 31 },
	{ 853, 2653, 38 }, { 1046, 2910, 56 }, { 4, 57526, 33536 },
};

/* smaps and pagemap on Linux 6.18, of the target only. */
static const struct recorded recorded_locked[] = {
	{ 1005, 2846, 12 }, { 4, 65928, 34402 }, { 2, 64389, 64368 },
	{ 1140, 7553, 3928 }, { 983, 5547, 944 }, { 790, 34536, 32374 },
	{ 201, 68312, 33406 }, { 872, 2430, 19 }, { 1084, 3009, 25 },
	{ 1, 378318, 378318 }, { 1528, 4034, 34 }, { 1752, 4369, 23 },
	{ 786, 2095, 14 }, { 894, 14838, 9561 }, { 1644, 4882, 32 },
	{ 1, 567822, 567822 }, { 1197, 8218, 3732 }, { 3, 71092, 41318 },
	{ 717, 115767, 113695 }, { 1645, 4293, 26 }, { 784, 24191, 12389 },
	{ 146, 47629, 22286 }, { 1406, 3696, 40 }, { 1187, 4299, 929 },
	{ 2, 197781, 197747 }, { 1262, 3690, 22 }, { 1393, 7050, 973 },
	{ 1526, 4098, 44 }, { 252, 53712, 51968 }, { 575, 9068, 2848 },
	{ 214, 44793, 42466 }, { 974, 2913, 28 }, { 815, 3442, 135 },
	{ 1264, 4230, 20 }, { 681, 2032, 38 }, { 717, 4236, 2058 },
	{ 1, 53011, 53011 }, { 982, 3676, 312 }, { 7, 50049, 23999 },
	{ 723, 16668, 3950 },
};

static struct window recorded_draw(const struct recorded *from, unsigned int n,
				   uint64_t *rng)
{
	const struct recorded *r = &from[random_next(rng) % n];

	return (struct window){
		r->ops, r->sum_us * 1000ULL, r->max_us * 1000ULL, false
	};
}

TEST(verdict_on_recorded_windows)
{
	unsigned int count[2][VERDICT_UNSURE + 1] = { { 0 } };
	unsigned int n, locked;
	uint64_t rng = 1;

	for (n = 0; n < 2 * TRIALS; n++) {
		struct verdict_state s = {
			.effect = VERDICT_EFFECT,
			.limit_ns = 500000,
			.max_pairs = TRIAL_PAIRS,
		};
		enum verdict v;

		locked = n % 2;
		do {
			struct window target, control;

			target = locked ?
				 recorded_draw(recorded_locked,
					       ARRAY_SIZE(recorded_locked),
					       &rng) :
				 recorded_draw(recorded_lockless,
					       ARRAY_SIZE(recorded_lockless),
					       &rng);
			control = recorded_draw(recorded_lockless,
						ARRAY_SIZE(recorded_lockless),
						&rng);
			v = verdict_next(&s, &target, &control);
		} while (v == VERDICT_MORE);
		count[locked][v]++;
	}
	for (locked = 0; locked < 2; locked++)
		diag("fine %u interferes %u unsure %u  %s", count[locked][VERDICT_FINE],
		     count[locked][VERDICT_INTERFERES], count[locked][VERDICT_UNSURE],
		     locked ? "recorded, locked" : "recorded, lockless");
	EXPECT_LE(count[0][VERDICT_INTERFERES], TRIALS / 100U);
	EXPECT_LE(count[1][VERDICT_FINE], TRIALS / 100U);
	EXPECT_LE(count[0][VERDICT_UNSURE], TRIALS / 5U);
	EXPECT_LE(count[1][VERDICT_UNSURE], TRIALS / 5U);
}

static enum verdict verdict_of_pairs(struct verdict_state *s, unsigned int n,
				     uint64_t target_ns, uint64_t control_ns)
{
	struct window target = { 100, target_ns * 100, target_ns, false };
	struct window control = { 100, control_ns * 100, control_ns, false };
	enum verdict v = VERDICT_MORE;

	while (n-- && v == VERDICT_MORE)
		v = verdict_next(s, &target, &control);
	return v;
}

/* EXPECT_EQ() compares signed numbers, but the sign of an enum is up to the compiler. */
#define EXPECT_VERDICT(want, seen) EXPECT_EQ((int)(want), (int)(seen))

#define FRESH { VERDICT_EFFECT, 500000, TRIAL_PAIRS, 0, 0, 0, { 0 }, { 0 } }

TEST(verdict_needs_its_lead)
{
	struct verdict_state s = FRESH;

	EXPECT_VERDICT(VERDICT_MORE,
		       verdict_of_pairs(&s, VERDICT_LEAD - 1, 30000, 10000));
	EXPECT_VERDICT(VERDICT_INTERFERES, verdict_of_pairs(&s, 1, 30000, 10000));
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_MORE,
		       verdict_of_pairs(&s, VERDICT_LEAD - 1, 10000, 10000));
	EXPECT_VERDICT(VERDICT_FINE, verdict_of_pairs(&s, 1, 10000, 10000));
	/* The limit is the geometric mean of the same and twice the duration. */
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_INTERFERES,
		       verdict_of_pairs(&s, VERDICT_LEAD, 14200, 10000));
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_FINE,
		       verdict_of_pairs(&s, VERDICT_LEAD, 14100, 10000));
	/* A target that is faster than the control passes. */
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_FINE, verdict_of_pairs(&s, TRIAL_PAIRS, 1000, 900000));
}

TEST(verdict_gives_up)
{
	struct verdict_state s = FRESH;
	unsigned int i;

	/* The votes alternate for ever. */
	for (i = 0; i < TRIAL_PAIRS / 2; i++) {
		EXPECT_VERDICT(VERDICT_MORE, verdict_of_pairs(&s, 1, 20000, 10000));
		EXPECT_VERDICT(i == TRIAL_PAIRS / 2 - 1 ? VERDICT_UNSURE :
						     VERDICT_MORE,
			  verdict_of_pairs(&s, 1, 10000, 10000));
	}
}

TEST(verdict_without_evidence)
{
	struct window work = { 100, 1000000, 20000, false };
	struct window none = { 0, 0, 0, false };
	struct window idle = { 100, 1000000, 20000, true };
	const struct window *pair[][2] = {
		{ &none, &work }, { &work, &none },
		{ &idle, &work }, { &work, &idle },
	};
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(pair); i++) {
		struct verdict_state s = FRESH;

		for (n = 1; n < VERDICT_LEAD; n++)
			EXPECT_VERDICT(VERDICT_MORE,
				       verdict_next(&s, pair[i][0],
						    pair[i][1]));
		EXPECT_VERDICT(VERDICT_UNSURE,
			       verdict_next(&s, pair[i][0], pair[i][1]));
		EXPECT_EQ(0U, s.pairs);
	}
}

/* Run a trial of which a share of the pairs shows interference, half of them by a stall. */
static enum verdict seldom_trial(double share, struct verdict_state *s, uint64_t *rng)
{
	struct window same = { 100, 1000000, 50000, false };
	struct window slow = { 100, 4000000, 400000, false };
	struct window stall = { 100, 4000000, 3000000, false };
	enum verdict v;

	*s = (struct verdict_state)FRESH;
	do {
		bool shows = random_unit(rng) < share;

		v = verdict_next(s, !shows ? &same : random_next(rng) % 2 ? &stall : &slow, &same);
	} while (v == VERDICT_MORE);
	return v;
}

/*
 * Where contention shows in a part of the pairs, a file that takes the lock passes for one in
 * a hundred machines at most.  A machine on which it shows in all pairs can tell.
 */
TEST(verdict_by_a_clear_control)
{
	unsigned int percent, passed, unclear, n;
	struct verdict_state control, checked;

	for (percent = 10; percent <= 100; percent += 5) {
		double share = percent / 100.0;
		uint64_t rng = percent;

		passed = 0;
		unclear = 0;
		for (n = 0; n < TRIALS; n++) {
			if (seldom_trial(share, &control, &rng) != VERDICT_INTERFERES)
				continue;
			if (seldom_trial(share, &checked, &rng) != VERDICT_FINE)
				continue;
			if (verdict_is_clear(&control))
				passed++;
			else
				unclear++;
		}
		diag("shows in %3u %% of the pairs: %3u of %u pass, %3u by an unclear control",
		     percent, passed, TRIALS, unclear);
		EXPECT_GE(TRIALS / 100U, passed);
	}
	EXPECT_VERDICT(VERDICT_INTERFERES, seldom_trial(1, &control, &(uint64_t){ 1 }));
	EXPECT_TRUE(verdict_is_clear(&control));
}

/* The target stalls in half of the pairs, which the votes do not show. */
TEST(verdict_sees_the_tail)
{
	struct window quiet = { 600, 1500000, 50000, false };
	struct window stall = { 600, 1500000, 900000, false };
	struct verdict_state s = FRESH;
	enum verdict v;

	do {
		v = verdict_next(&s, s.pairs % 2 ? &stall : &quiet, &quiet);
	} while (v == VERDICT_MORE);
	EXPECT_VERDICT(VERDICT_INTERFERES, v);
	EXPECT_EQ(VERDICT_TAIL_LEAD + 0U, s.target.alone);

	/* Stalls of the control process do not count. */
	s = (struct verdict_state)FRESH;
	do {
		v = verdict_next(&s, &quiet, s.pairs % 2 ? &stall : &quiet);
	} while (v == VERDICT_MORE);
	EXPECT_VERDICT(VERDICT_FINE, v);

	/* Stalls of both processes do not count. */
	s = (struct verdict_state)FRESH;
	do {
		v = verdict_next(&s, &stall, &stall);
	} while (v == VERDICT_MORE);
	EXPECT_VERDICT(VERDICT_FINE, v);
	EXPECT_EQ(0U, s.target.alone);
}

/* Without a majority, the verdict is by one-sided stalls if the means agree. */
TEST(verdict_last_look)
{
	struct window quiet = { 600, 1500000, 50000, false };
	struct window stall = { 600, 50000000, 40000000, false };
	struct verdict_state s = FRESH;
	enum verdict v;

	s.pairs = 20;
	s.target = (struct verdict_side){ 1000, 5000000, 8, 7 };
	s.control = (struct verdict_side){ 1000, 2000000, 0, 0 };
	EXPECT_VERDICT(VERDICT_INTERFERES, verdict_last(&s));
	s.target.alone = 6;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));
	s.target.alone = 7;
	s.control.alone = 1;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));
	s.control.alone = 0;
	s.target.sum_ns = 3000000;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));
	s.target.sum_ns = 5000000;
	s.pairs = 36;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));

	/* verdict_next() asks verdict_last(): eight stalls are one short of the lead. */
	s = (struct verdict_state)FRESH;
	do {
		v = verdict_next(&s, s.pairs % 4 || s.pairs >= 32 ? &quiet :
				 &stall, &quiet);
	} while (v == VERDICT_MORE);
	EXPECT_EQ(TRIAL_PAIRS + 0U, s.pairs);
	EXPECT_VERDICT(VERDICT_INTERFERES, v);
}

/* A stall of one second in each twelfth pair is never called fine. */
TEST(verdict_means_can_veto)
{
	struct window quiet = { 600, 1500000, 50000, false };
	struct window stall = { 600, 1000000000, 900000000, false };
	struct verdict_state s = FRESH;
	enum verdict v;

	do {
		v = verdict_next(&s, s.pairs % 12 == 0 ? &stall : &quiet,
				 &quiet);
	} while (v == VERDICT_MORE);
	EXPECT_VERDICT(VERDICT_UNSURE, v);
}

/* ---- model: parsers, layouts, oracle, check ---- */

/* End of a line without a name: the kernel prints a blank. */
#define NO_NAME "\x20\n"

/* Lines of maps, and the expected results of the parser. */
static const struct {
	const char *text;
	enum parse parsed;
	struct span span;
} maps_lines[] = {
	{ "00400000-00401000 r-xp 00001000 fe:01 123 /bin/a b\n", PARSE_SPAN,
	  { .start = 0x400000, .end = 0x401000, .offset = 0x1000, .inode = 123,
	    .major = 0xfe, .minor = 1, .perm = "r-xp", .name = "/bin/a b" } },
	{ "7f0000000000-7f0000001000 rw-s 00000000 00:05 9 /memfd:x (deleted)\n",
	  PARSE_SPAN,
	  { .start = 0x7f0000000000, .end = 0x7f0000001000, .inode = 9,
	    .minor = 5, .perm = "rw-s", .name = "/memfd:x (deleted)" } },
	{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0      [vsyscall]\n",
	  PARSE_SPAN,
	  { .start = 0xffffffffff600000, .end = 0xffffffffff601000,
	    .perm = "--xp", .name = "[vsyscall]" } },
	{ "00010000-00020000 ---p 00000000 00:00 0" NO_NAME, PARSE_SPAN,
	  { .start = 0x10000, .end = 0x20000, .perm = "---p" } },
	{ "00010000-00020000 rw-p 00000000 00:00 0    [anon: a  b ]\n",
	  PARSE_SPAN,
	  { .start = 0x10000, .end = 0x20000, .perm = "rw-p",
	    .name = "[anon: a  b ]" } },
	{ "00010000-00020000 r--p 123456789000 103:0a 18446744073709551 /a\\012b\n",
	  PARSE_SPAN,
	  { .start = 0x10000, .end = 0x20000, .perm = "r--p",
	    .offset = 0x123456789000, .major = 0x103, .minor = 10,
	    .inode = 18446744073709551, .name = "/a\\012b" } },
	{ "", PARSE_END, { 0 } },
	{ "\n", PARSE_BAD, { 0 } },
	{ "00010000-00020000 rw-p 00000000 00:00 0", PARSE_BAD, { 0 } },
	{ "00010000-00010000 rw-p 00000000 00:00 0" NO_NAME, PARSE_BAD, { 0 } },
	{ "00020000-00010000 rw-p 00000000 00:00 0" NO_NAME, PARSE_BAD, { 0 } },
	{ "00010000-00020000 rwzp 00000000 00:00 0" NO_NAME, PARSE_BAD, { 0 } },
	{ "00010000-00020000 rw-p 00000000 00:00" NO_NAME, PARSE_BAD, { 0 } },
	{ "00010000 00020000 rw-p 00000000 00:00 0" NO_NAME, PARSE_BAD, { 0 } },
	{ "11112222333344445-00020000 rw-p 00000000 00:00 0" NO_NAME, PARSE_BAD, { 0 } },
	{ "00010000-0002000000010000-00020000 rw-p 00000000 00:00 0" NO_NAME,
	  PARSE_BAD, { 0 } },
};

TEST(parser_maps)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(maps_lines); i++) {
		const char *text = maps_lines[i].text;
		struct span span = { 0 };
		size_t used;

		ASSERT_EQ((int)maps_lines[i].parsed,
			  (int)parse_maps_line(text, strlen(text), &used,
					       &span)) {
			diag("%s", text);
		}
		ASSERT_EQ(strlen(text), used);
		if (maps_lines[i].parsed == PARSE_SPAN) {
			ASSERT_EQ(0U, span_differs(&span, &maps_lines[i].span,
						   SPAN_ALL)) {
				diag("%s", text);
			}
		}
	}
}

TEST(parser_smaps)
{
#define HEAD "00010000-00020000 rw-p 00000000 00:00 0" NO_NAME
	static const struct {
		const char *text;
		enum parse parsed;
	} records[] = {
		{ HEAD "Size:                 64 kB\nRss:   8 kB\n", PARSE_SPAN },
		{ HEAD "Size: 64 kB\nVmFlags: rd wr\n" HEAD, PARSE_SPAN },
		{ HEAD "Size: 60 kB\n", PARSE_MIXED },
		{ HEAD "Size: 64 kB\nVmFlags: rd mr mw me\n", PARSE_MIXED },
		{ HEAD "Size: 64 kB\nVmFlags: rd wr ex mr mw\n", PARSE_MIXED },
		{ HEAD "Size: 64 kB\nVmFlags: rd wr mr ms\n", PARSE_MIXED },
		{ HEAD "Size: 64 kB\nVmFlags: rd wr mr mw me\n", PARSE_SPAN },
		{ HEAD "Size: 64 kB\nRss: 68 kB\n", PARSE_MIXED },
		{ HEAD HEAD, PARSE_MIXED },
		{ HEAD "Size: 64 kB\nRss: 8", PARSE_BAD },
		{ "Size: 64 kB\n", PARSE_BAD },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		struct span span;
		size_t used;

		ASSERT_EQ((int)records[i].parsed,
			  (int)parse_smaps_record(records[i].text,
						  strlen(records[i].text),
						  &used, &span)) {
			diag("%s", records[i].text);
		}
	}
#undef HEAD
}

TEST(parser_numa_maps)
{
	static const struct {
		const char *text;
		enum parse parsed;
		uint64_t start;
		const char *name;
	} lines[] = {
		{ "00010000 default anon=1 dirty=1 N0=1\n", PARSE_SPAN, 0x10000, "" },
		{ "00010000 prefer (many):0 heap anon=1\n", PARSE_SPAN, 0x10000,
		  "[heap]" },
		{ "7ffc00000000 bind:0-1 stack\n", PARSE_SPAN, 0x7ffc00000000,
		  "[stack]" },
		{ "00010000 default file=/a\\040b\\075 mapped=2\n", PARSE_SPAN,
		  0x10000, "/a\\040b\\075" },
		{ "00010000\n", PARSE_BAD, 0, "" },
		{ "default\n", PARSE_BAD, 0, "" },
		{ "", PARSE_END, 0, "" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		struct span span = { 0 };
		size_t used;

		ASSERT_EQ((int)lines[i].parsed,
			  (int)parse_numa_line(lines[i].text,
					       strlen(lines[i].text), &used,
					       &span)) {
			diag("%s", lines[i].text);
		}
		if (lines[i].parsed == PARSE_SPAN) {
			EXPECT_EQ(lines[i].start, span.start);
			EXPECT_STREQ(lines[i].name, span.name);
		}
	}
}

/* Names of files as they are, and as maps and numa_maps of Linux 5.10 to 7.3 show them. */
TEST(names_are_escaped_as_each_file_does)
{
	static const struct {
		const char *name, *maps, *numa;
	} files[] = {
		{ "/a", "/a", "/a" },
		{ "/a\nb", "/a\\012b", "/a\\012b" },
		{ "/a\\012b", "/a\\012b", "/a\\012b" },
		{ "/a\\040b", "/a\\040b", "/a\\040b" },
		{ "/a b (deleted)", "/a b (deleted)", "/a\\040b\\040(deleted)" },
		{ "/\ta=\r\\", "/\ta=\r\\", "/\\011a\\075\r\\" },
		{ "[anon_shmem:a b]", "[anon_shmem:a b]", "/dev/zero\\040(deleted)" },
		{ "anon_inode:[x y]", "anon_inode:[x y]", "anon_inode:[x\\040y]" },
	};
	struct span span = { 0 };
	char text[200];
	size_t used;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		span_escape_name(&span, files[i].name, strlen(files[i].name),
				 ESCAPED_BY_MAPS);
		EXPECT_STREQ(files[i].maps, span.name);
		numa_name(&span);
		EXPECT_STREQ(files[i].numa, span.name);
		snprintf(text, sizeof(text), "1000 default file=%s mapped=1\n",
			 files[i].numa);
		ASSERT_EQ(PARSE_SPAN, (int)parse_numa_line(text, strlen(text),
							   &used, &span));
		EXPECT_STREQ(files[i].numa, span.name);
	}
}

/* Names that are too long are cut at the same place, before or after escaping. */
TEST(names_are_cut_where_they_were_escaped)
{
	char name[2 * SPAN_NAME] = "/", maps[8 * SPAN_NAME] = "/";
	struct span whole, cut;
	unsigned int pad;

	for (pad = 0; pad < 8; pad++) {
		memset(name + 1, 'x', pad);
		memset(name + 1 + pad, '\n', SPAN_NAME);
		memset(maps + 1, 'x', pad);
		maps[1 + pad] = '\0';
		while (strlen(maps) < 2 * SPAN_NAME)
			strcat(maps, "\\012");
		span_set_name(&whole, maps, strlen(maps));
		span_escape_name(&cut, name, pad + SPAN_NAME, ESCAPED_BY_MAPS);
		EXPECT_EQ(SPAN_NAME - 1U, strlen(cut.name));
		EXPECT_STREQ(whole.name, cut.name);
	}
}

/* A record of smaps with the numbers given; VmFlags with "lo" if @locked is positive. */
static void numbers_make(struct numbers *numbers, unsigned int rss, unsigned int pss,
			 unsigned int shared, unsigned int private, unsigned int anon,
			 int locked)
{
	char text[500];

	snprintf(text, sizeof(text),
		 "00010000-00014000 rw-p 00000000 00:00 0\nSize: 16 kB\n"
		 "KernelPageSize:        4 kB\nMMUPageSize:        4 kB\n"
		 "Rss:  %u kB\nPss:  %u kB\nPss_Dirty:  1 kB\nShared_Clean:  0 kB\n"
		 "Shared_Dirty:  %u kB\nPrivate_Clean:  0 kB\nPrivate_Dirty:  %u kB\n"
		 "Referenced:  0 kB\nAnonymous:  %u kB\nAnonHugePages:  1 kB\n"
		 "Swap:  0 kB\nSwapPss:  1 kB\nLocked:  %u kB\nVmFlags: rd wr%s ac\n",
		 rss, pss, shared, private, anon, locked > 0 ? (unsigned int)locked : 0,
		 locked > 0 ? " lo" : "");
	numbers_of_smaps(text, strlen(text), numbers);
}

TEST(numbers_are_read_from_records)
{
	static const char numa[] =
		"1000 default file=/N0\\0751 anon=3 dirty=2 mapped=5 N0=4 N1=1\nanon=9\n";
	struct numbers numbers;

	numbers_make(&numbers, 16, 14, 4, 12, 8, 14);
	EXPECT_EQ(16U, numbers.value[CONTENT_RSS]);
	EXPECT_EQ(14U, numbers.value[CONTENT_PSS]);
	EXPECT_EQ(4U, numbers.value[CONTENT_SHARED_DIRTY]);
	EXPECT_EQ(12U, numbers.value[CONTENT_PRIVATE_DIRTY]);
	EXPECT_EQ(8U, numbers.value[CONTENT_ANONYMOUS]);
	EXPECT_EQ(0U, numbers.value[CONTENT_SWAP]);
	EXPECT_EQ(14U, numbers.value[CONTENT_LOCKED]);
	EXPECT_EQ(16U, numbers.value[CONTENT_SIZE]);
	EXPECT_EQ(4U, numbers.value[CONTENT_PAGE]);
	EXPECT_EQ((1U << NR_SMAPS) - 1, numbers.shown);
	EXPECT_TRUE(numbers.locked);

	numbers_of_numa(numa, strlen(numa), &numbers);
	EXPECT_EQ(3U, numbers.value[CONTENT_NUMA_ANON]);
	EXPECT_EQ(2U, numbers.value[CONTENT_NUMA_DIRTY]);
	EXPECT_EQ(5U, numbers.value[CONTENT_NUMA_MAPPED]);
	EXPECT_EQ(5U, numbers.value[CONTENT_NUMA_PAGES]);
	EXPECT_TRUE(!numbers_contradict(&numbers));
}

TEST(numbers_that_contradict_each_other)
{
	static const struct {
		unsigned int rss, pss, shared, private, anon;
		int locked;
		const char *relation;
	} records[] = {
		{ 16, 14, 4, 12, 8, 0, NULL },
		{ 16, 14, 4, 12, 8, 14, NULL },
		{ 0, 0, 0, 0, 0, 0, NULL },
		{ 16, 14, 4, 8, 8, 0, "Shared and Private are not Rss" },
		{ 16, 14, 8, 12, 8, 0, "Shared and Private are not Rss" },
		{ 16, 17, 4, 12, 8, 0, "Pss above Rss" },
		{ 16, 14, 4, 12, 20, 0, "Anonymous above Rss" },
		{ 16, 14, 4, 12, 8, 16, "Locked is not what VmFlags says" },
	};
	struct numbers numbers;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		const char *relation;

		numbers_make(&numbers, records[i].rss, records[i].pss, records[i].shared,
			     records[i].private, records[i].anon, records[i].locked);
		relation = numbers_contradict(&numbers);
		EXPECT_STREQ(records[i].relation ?: "", relation ?: "");
	}
	numbers_make(&numbers, 16, 14, 4, 12, 8, 0);
	numbers.value[CONTENT_REFERENCED] = 17;
	EXPECT_STREQ("Referenced above Rss", numbers_contradict(&numbers));
	numbers.value[CONTENT_REFERENCED] = 16;
	numbers.value[CONTENT_MMU_PAGE] = 8;
	EXPECT_STREQ("MMUPageSize above KernelPageSize", numbers_contradict(&numbers));
	numbers_of_numa("1000 default mapped=2 N0=1\n", 27, &numbers);
	EXPECT_TRUE(!!numbers_contradict(&numbers));
	numbers_of_numa("1000 default anon=2 N0=1\n", 25, &numbers);
	EXPECT_TRUE(!!numbers_contradict(&numbers));
}

TEST(contents_are_those_of_current_layouts)
{
	static const struct {
		unsigned int mask;
		unsigned int rss, pss, shared, private, anon;
		const char *broken;
	} records[] = {
		{ 1, 16, 14, 4, 12, 8, NULL },
		{ 2, 12, 12, 0, 12, 8, NULL },
		{ 3, 16, 14, 4, 12, 8, NULL },
		{ 3, 12, 12, 0, 12, 8, NULL },
		{ 1, 12, 12, 0, 12, 8, "Rss:" },
		{ 2, 16, 14, 4, 12, 8, "Rss:" },
		{ 3, 20, 14, 4, 16, 8, "Rss:" },
		{ 1, 16, 16, 4, 12, 8, "Pss:" },
		{ 1, 16, 14, 8, 8, 8, "Shared_Dirty:" },
		{ 3, 12, 12, 4, 8, 8, "Private_Dirty:" },
		{ 3, 16, 14, 4, 12, 12, "Anonymous:" },
	};
	struct span span = { .start = 0x10000, .end = 0x14000, .perm = "rw-p" };
	struct layout layout[] = { { .span = &span, .nr = 1 }, { .span = &span, .nr = 1 } };
	const struct content_area area[] = {
		{ .start = 0x10000, .draw = { "PPDF", "PP.F" } },
		{ .start = 0x20000, .draw = { ".", "P" } },
	};
	struct contents contents = { .area = area, .nr = 2, .page = 0x1000, .unit = 0x1000 };
	struct oracle oracle = { .layout = layout, .nr = 2, .fields = SPAN_ALL };
	struct numbers numbers;
	bool must, may;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		numbers_make(&numbers, records[i].rss, records[i].pss, records[i].shared,
			     records[i].private, records[i].anon, 0);
		EXPECT_EQ(!records[i].broken,
			  contents_check(&contents, &oracle, records[i].mask, &span, &numbers));
		EXPECT_STREQ(records[i].broken ?: "", contents.broken ?: "") {
			diag("record %u", i);
		}
	}
	/* Pages in swap space are missing from Rss. */
	numbers_make(&numbers, 12, 10, 4, 8, 4, 0);
	numbers.value[CONTENT_SWAP] = 4;
	EXPECT_FALSE(contents_check(&contents, &oracle, 1, &span, &numbers));

	EXPECT_TRUE(contents_present(&contents, 3, 0x11000, &must, &may));
	EXPECT_TRUE(must && may);
	EXPECT_TRUE(contents_present(&contents, 3, 0x12000, &must, &may));
	EXPECT_TRUE(!must && may);
	EXPECT_TRUE(contents_present(&contents, 3, 0x20000, &must, &may));
	EXPECT_TRUE(!must && may);
	EXPECT_TRUE(contents_present(&contents, 2, 0x12000, &must, &may));
	EXPECT_TRUE(!must && !may);
	EXPECT_FALSE(contents_present(&contents, 3, 0x14000, &must, &may));
	EXPECT_FALSE(contents_present(&contents, 3, 0xf000, &must, &may));
}

/* Whatever layout each page is taken from, the sum is legal; the extremes are reached. */
TEST(contents_bounds_are_brute_force)
{
	static const char letters[] = ".PLFD";
	char picture[3][7] = { "", "", "" }, mix[7] = "";
	struct content_area area = { .draw = { picture[0], picture[1], picture[2] } };
	struct content_area mixed = { .draw = { mix } };
	struct contents all = { .area = &area, .nr = 1, .page = 0x1000, .unit = 0x1000 };
	struct contents one = { .area = &mixed, .nr = 1, .page = 0x1000, .unit = 0x1000 };
	uint64_t state = 1, low, high, sum, same, least, most;
	unsigned int round, choice, page, pages;
	enum content what;

	for (round = 0; round < 200; round++) {
		pages = 1 + random_below(&state, 5);
		for (page = 0; page < pages; page++)
			for (choice = 0; choice < 3; choice++)
				picture[choice][page] = letters[random_below(&state, 5)];
		for (choice = 0; choice < 3; choice++)
			picture[choice][pages] = '\0';
		mix[pages] = '\0';
		for (what = 0; what < NR_SUMS; what++) {
			unsigned int number, ways = 1;

			least = UINT64_MAX;
			most = 0;
			contents_sum(&all, 7, what, &low, &high);
			for (page = 0; page < pages; page++)
				ways *= 3;
			for (number = 0; number < ways; number++) {
				unsigned int rest = number;

				for (page = 0; page < pages; page++, rest /= 3)
					mix[page] = picture[rest % 3][page];
				contents_sum(&one, 1, what, &sum, &same);
				ASSERT_EQ(sum, same);
				least = sum < least ? sum : least;
				most = sum > most ? sum : most;
			}
			ASSERT_EQ(least, low);
			ASSERT_EQ(most, high);
		}
	}
}

TEST(query_fields_are_those_of_the_line)
{
	static const char line[] = "00010000-00014000 rw-s 00002000 08:01 77        /a\\012b\n";
	static const char name[] = "/a\nb";
	const struct procmap_query good = {
		.vma_start = 0x10000, .vma_end = 0x14000, .vma_offset = 0x2000,
		.vma_flags = PROCMAP_QUERY_VMA_READABLE | PROCMAP_QUERY_VMA_WRITABLE |
			     PROCMAP_QUERY_VMA_SHARED,
		.vma_page_size = 4096, .inode = 77, .dev_major = 8, .dev_minor = 1,
		.vma_name_size = sizeof(name),
	};
	const size_t len = strlen(line) - 1;	/* without the newline */
	struct procmap_query query = good;

#define DIFFERS(field, wrong) (query = good, query.field = (wrong), \
	query_field_differs(&query, name, line, len, 4096) ?: "")
	EXPECT_STREQ("", DIFFERS(inode, 77));
	EXPECT_STREQ("start", DIFFERS(vma_start, 0x11000));
	EXPECT_STREQ("end", DIFFERS(vma_end, 0x13000));
	EXPECT_STREQ("flags", DIFFERS(vma_flags, good.vma_flags & ~PROCMAP_QUERY_VMA_SHARED));
	EXPECT_STREQ("flags", DIFFERS(vma_flags, good.vma_flags | PROCMAP_QUERY_VMA_EXECUTABLE));
	EXPECT_STREQ("flags without a meaning", DIFFERS(vma_flags, good.vma_flags | 1ULL << 40));
	EXPECT_STREQ("offset", DIFFERS(vma_offset, 0x1000));
	EXPECT_STREQ("device", DIFFERS(dev_major, 9));
	EXPECT_STREQ("device", DIFFERS(dev_minor, 0));
	EXPECT_STREQ("inode", DIFFERS(inode, 78));
	EXPECT_STREQ("page size", DIFFERS(vma_page_size, 8192));
	EXPECT_STREQ("name", DIFFERS(vma_name_size, 0));
	EXPECT_STREQ("name size", DIFFERS(vma_name_size, sizeof(name) - 1));
#undef DIFFERS
	EXPECT_STREQ("name", query_field_differs(&good, "/b\na", line, len, 4096));
	EXPECT_STREQ("line", query_field_differs(&good, name, "nonsense\n", 8, 4096));
}

/* No other character is changed, and none is left out. */
TEST(names_are_shown_in_full)
{
	static const struct {
		const char *name, *text;
		bool same;
	} names[] = {
		{ "/a\nb", "/a\\012b", true },
		{ "/a\\012b", "/a\\012b", true },
		{ "/a b", "/a b", true },
		{ "/\377", "/\377", true },
		{ "/a b", "/a\\040b", false },
		{ "/a\nb", "/a\nb", false },
		{ "/a\nb", "/a\\01", false },
		{ "/ab", "/a", false },
		{ "/a", "/ab", false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_EQ(names[i].same,
			  name_shown_as(names[i].name, strlen(names[i].name), names[i].text,
					strlen(names[i].text), ESCAPED_BY_MAPS)) {
			diag("name %u", i);
		}
}

/* call_query() refuses a reading that does not end with an answer. */
TEST(queries_go_on_from_answers)
{
	static char text[1024] = "00010000-00020000 rw-p";
	struct reading reading = { .text = text, .size = sizeof(text) };
	struct reader reader = { .fd = -1 };

	EXPECT_EQ(-EBADF, call_query(&reader, &reading));
	reading.len = sizeof(struct span);
	EXPECT_EQ(-EBADF, call_query(&reader, &reading));
	reading.len = sizeof(struct span) + 1;
	EXPECT_EQ(-EINVAL, call_query(&reader, &reading));
	reading.len = 22;
	EXPECT_EQ(-EINVAL, call_query(&reader, &reading));
}

/* Pages of a tiny address space.  Each is a hole or has one of two permissions. */
#define TINY_PAGES 4
/* Number of tiny address spaces: 3 to the power of TINY_PAGES. */
#define TINY_LAYOUTS 81

struct tiny {
	struct layout layout;
	struct span span[TINY_PAGES];
};

static void tiny_make(struct tiny *tiny, unsigned int number)
{
	static const char *const perms[] = { NULL, "rw-p", "r--p" };
	unsigned int page, kind, last = 0;

	memset(tiny, 0, sizeof(*tiny));
	tiny->layout.span = tiny->span;
	for (page = 1; page <= TINY_PAGES; page++, number /= 3) {
		struct span *span = &tiny->span[tiny->layout.nr];

		kind = number % 3;
		if (kind && kind == last) {
			span[-1].end = page + 1;
		} else if (kind) {
			span->start = page;
			span->end = page + 1;
			memcpy(span->perm, perms[kind], sizeof(span->perm));
			tiny->layout.nr++;
		}
		last = kind;
	}
}

TEST(layout_next_is_brute_force)
{
	unsigned int number, i;
	uint64_t pos;

	for (number = 0; number < TINY_LAYOUTS; number++) {
		struct tiny tiny;

		tiny_make(&tiny, number);
		for (pos = 0; pos <= TINY_PAGES + 2; pos++) {
			const struct span *expected = NULL;

			for (i = tiny.layout.nr; i--;)
				if (tiny.span[i].end > pos)
					expected = &tiny.span[i];
			ASSERT_EQ((uintptr_t)expected,
				  (uintptr_t)layout_next(&tiny.layout, pos));
		}
	}
}

/* Finds the span that contains @addr; NULL for a hole. */
static const struct span *layout_covering(const struct layout *layout,
					  uint64_t addr)
{
	const struct span *next = layout_next(layout, addr);

	return next && next->start <= addr ? next : NULL;
}

/* A pair of tiny layouts, and the number of readings derived from it. */
struct walk {
	struct tiny tiny[2];
	struct layout layout[2];
	struct oracle oracle;
	unsigned int readings;
};

static void walk_make(struct walk *walk, unsigned int a, unsigned int b)
{
	unsigned int k;

	memset(walk, 0, sizeof(*walk));
	tiny_make(&walk->tiny[0], a);
	tiny_make(&walk->tiny[1], b);
	for (k = 0; k < 2; k++)
		walk->layout[k] = walk->tiny[k].layout;
	walk->oracle.layout = walk->layout;
	walk->oracle.nr = 2;
	walk->oracle.fields = SPAN_ALL;
	oracle_begin(&walk->oracle);
}

/*
 * Tries every span of both layouts as the next line of a reading that ends at @end
 * and has shown the pages of the mask @covered.  The first span above @end in either
 * layout must be accepted, every other span refused.  Returns false if the oracle
 * decides otherwise, or if an accepted reading lacks a page that both layouts map.
 */
static bool walk_on(struct walk *walk, const struct oracle *before,
		    uint64_t end, unsigned int covered)
{
	unsigned int k, i, j, page, both = 0;
	bool at_end = false;

	for (k = 0; k < 2; k++) {
		const struct layout *layout = &walk->layout[k];
		bool more = false;

		for (i = 0; i < layout->nr; i++)
			more |= layout->span[i].end > end;
		at_end |= !more;
	}
	walk->oracle = *before;
	if ((oracle_end(&walk->oracle, 3) == RULE_NONE) != at_end)
		return false;
	if (at_end) {
		for (page = 1; page <= TINY_PAGES; page++)
			both |= (layout_covering(&walk->layout[0], page) &&
				 layout_covering(&walk->layout[1], page)) << page;
		walk->readings++;
		if (both & ~covered)
			return false;
	}
	for (k = 0; k < 2; k++)
		for (i = 0; i < walk->layout[k].nr; i++) {
			const struct span *line = &walk->layout[k].span[i];
			bool legal = false;
			unsigned int l, pages = 0;

			for (l = 0; l < 2 && !legal; l++) {
				const struct layout *in = &walk->layout[l];

				for (j = 0; j < in->nr; j++)
					if (in->span[j].end > end)
						break;
				legal = j < in->nr &&
					!span_differs(&in->span[j], line,
						      SPAN_ALL);
			}
			walk->oracle = *before;
			if ((oracle_line(&walk->oracle, 3, line) == RULE_NONE) !=
			    legal)
				return false;
			for (page = line->start; page < line->end; page++)
				pages |= 1U << page;
			if (legal) {
				struct oracle after = walk->oracle;

				if (line->end <= end ||
				    !walk_on(walk, &after, line->end,
					     covered | pages))
					return false;
			}
		}
	return true;
}

/* All readings that can be derived from all pairs of tiny layouts. */
TEST(oracle_is_brute_force)
{
	unsigned int a, b, readings = 0;

	for (a = 0; a < TINY_LAYOUTS; a++)
		for (b = 0; b < TINY_LAYOUTS; b++) {
			struct oracle begin;
			struct walk walk;

			walk_make(&walk, a, b);
			begin = walk.oracle;
			ASSERT_TRUE(walk_on(&walk, &begin, 0, 0)) {
				diag("layouts %u and %u", a, b);
			}
			readings += walk.readings;
		}
	EXPECT_LT(0U + TINY_LAYOUTS * TINY_LAYOUTS, readings);
}

/* The layouts of a change between two guard mappings, at fictitious addresses. */
struct drawn {
	struct stage stage;
	struct span guards[2];
	struct span span[ORACLE_LAYOUTS][2 + STAGE_PAGES];
	struct layout layout[ORACLE_LAYOUTS];
	struct oracle oracle;
};

static void draw(struct drawn *drawn, const struct change *change)
{
	const struct layout rest = { .nr = 2, .span = drawn->guards };
	unsigned int k;

	memset(drawn, 0, sizeof(*drawn));
	drawn->stage.change = change;
	drawn->stage.page = 0x1000;
	drawn->stage.base = 0x11000;
	drawn->stage.file[0] = -1;
	drawn->stage.file[1] = -1;
	drawn->stage.file[STAGE_READ_ONLY] = -1;
	memcpy(drawn->stage.perm[PROT_NONE], "---p", 5);
	memcpy(drawn->stage.perm[PROT_READ], "r--p", 5);
	memcpy(drawn->stage.perm[PROT_READ | PROT_WRITE], "rw-p", 5);
	drawn->guards[0] = (struct span){
		.start = 0x10000, .end = 0x11000, .perm = "r--s" };
	drawn->guards[1] = (struct span){
		.start = 0x1d000, .end = 0x1e000, .perm = "r--s" };
	for (k = 0; k < change->nr; k++) {
		drawn->layout[k].span = drawn->span[k];
		stage_layout(&drawn->stage, &rest, k, &drawn->layout[k]);
		drawn->oracle.via[k] = change->op[k].via;
	}
	drawn->oracle.layout = drawn->layout;
	drawn->oracle.nr = change->nr;
	drawn->oracle.fields = SPAN_ALL;
	oracle_begin(&drawn->oracle);
}

static const struct change *entries[64];
static unsigned int nr_entries;

static void list_entries(void)
{
#define CHANGE(entry) (entries[nr_entries++] = &change_##entry)
#include "model/change_list.h"
	/* Two entries have tests of their own and are not in the list. */
	CHANGE(grow);
	CHANGE(beside);
#undef CHANGE
}

/* The layouts of each entry fit the stage, and differ from one to the next. */
TEST(changes_are_well_drawn)
{
	unsigned int i, k;

	for (i = 0; i < nr_entries; i++) {
		const struct change *change = entries[i];
		struct drawn drawn;

		ASSERT_LE(2U, change->nr);
		ASSERT_GE((unsigned int)ORACLE_LAYOUTS, change->nr);
		draw(&drawn, change);
		for (k = 0; k < change->nr; k++) {
			unsigned int next = (k + 1) % change->nr;
			unsigned int page;

			ASSERT_GE((size_t)STAGE_PAGES, strlen(change->draw[k]));
			ASSERT_EQ(strlen(change->draw[0]),
				  strlen(change->draw[k]));
			ASSERT_STRNE(change->draw[k], change->draw[next]) {
				diag("%s", change->name);
			}
			/* The layout has its holes where the drawing has them. */
			for (page = 0; change->draw[k][page]; page++)
				ASSERT_EQ(change->draw[k][page] == '.',
					  !layout_covering(&drawn.layout[k],
							   drawn.stage.base +
							   page * drawn.stage.page)) {
					diag("%s: %s", change->name, change->draw[k]);
				}
		}
	}
}

/*
 * Before Linux 6.17 a read() resumes at the planned start, since then at the reported
 * end.  For neighbouring layouts of a change, both allow the same lines, so that one
 * oracle serves all kernels without being weaker.  The exception is move_onto: a
 * mapping can appear in the hole below a planned start.  It is not in all layouts, so
 * a reading may miss it.
 */
TEST(changes_do_not_tell_the_restart_rules_apart)
{
	unsigned int i, k, n, page;
	uint64_t ends[ORACLE_POSITIONS];

	for (i = 0; i < nr_entries; i++) {
		struct drawn drawn;

		if (entries[i] == &change_move_onto)
			continue;
		draw(&drawn, entries[i]);
		for (k = 0; k < entries[i]->nr; k++)
			for (page = 0; page < STAGE_PAGES + 2; page++) {
				unsigned int next = (k + 1) % entries[i]->nr;
				unsigned int mask = 1U << k | 1U << next |
						    drawn.oracle.via[k];
				uint64_t at = 0x11000 + page * 0x1000;

				drawn.oracle.at[0] = at;
				drawn.oracle.nr_at = 1;
				oracle_resume(&drawn.oracle, mask);
				for (n = 0; n < drawn.layout[next].nr; n++) {
					struct span *line = &drawn.span[next][n];
					unsigned int lax, strict;

					oracle_match(&drawn.oracle, mask,
						     drawn.oracle.at,
						     drawn.oracle.nr_at, line,
						     ends, &lax);
					oracle_match(&drawn.oracle, mask, &at, 1,
						     line, ends, &strict);
					EXPECT_EQ(!lax, !strict) {
						diag("%s, page %u", entries[i]->name, page);
					}
				}
			}
	}
}

/**
 * struct fake_reading - a synthetic reading
 * @entry:	the change
 * @mask:	mask of the layouts that are current
 * @lines:	list of lines: "kn" is span n of layout k, a letter behind it falsifies
 *		a field, and "." is the end of the file
 * @rule:	rule that the reading breaks
 */
struct fake_reading {
	const struct change *entry;
	unsigned int mask;
	const char *lines;
	enum rule rule;
};

static const struct fake_reading fake_readings[] = {
	/* wwwwwwww / wwwrrwww; the first and the last span are guard mappings. */
	{ &change_split_middle, 3, "00 01 02 .", RULE_NONE },
	{ &change_split_middle, 3, "10 11 12 13 14 .", RULE_NONE },
	{ &change_split_middle, 3, "10 11 01 02 .", RULE_NONE },
	{ &change_split_middle, 3, "00 11 12 01 02 .", RULE_NONE },
	{ &change_split_middle, 3, "00 02", RULE_GAP },
	{ &change_split_middle, 3, "10 11 13", RULE_GAP },
	{ &change_split_middle, 3, "10 12", RULE_GAP },
	{ &change_split_middle, 1, "10 11", RULE_STALE },
	{ &change_split_middle, 2, "00 01", RULE_STALE },
	{ &change_split_middle, 3, "00 01 13", RULE_ORDER },
	{ &change_split_middle, 3, "00 00", RULE_ORDER },
	{ &change_split_middle, 3, "00 01 .", RULE_TAIL },
	{ &change_split_middle, 3, "00 01p", RULE_MIXED },
	{ &change_split_middle, 3, "00 01e", RULE_MIXED },
	{ &change_split_middle, 3, "00 01s", RULE_GAP },
	{ &change_split_middle, 3, "00 01n", RULE_FOREIGN },
	{ &change_split_middle, 3, "00 01i", RULE_FOREIGN },
	{ &change_split_middle, 3, "00 01o", RULE_FOREIGN },
	{ &change_swap_files, 3, "00 01 02 03 04 .", RULE_NONE },
	{ &change_swap_files, 3, "00 01 02n", RULE_FOREIGN },
	/* nwwn....r / n..n.ww.r: shown at neither place or at both, which is legal. */
	{ &change_move, 3, "00 01 12 04 05 .", RULE_NONE },
	{ &change_move, 3, "00 01 02 03 13 04 05 .", RULE_NONE },
	{ &change_move, 3, "00 01 02 03 05", RULE_GAP },
	/* The destination is unmapped for a moment. */
	{ &change_move_onto, 7, "00 03", RULE_SKIPPED },
	/* The signature of the known bug is a gap unless it is tolerated. */
	{ &change_merge_left_partial, 3, "00 01 12", RULE_GAP },
};

/* Gives the lines of a reading to the oracle, up to one that breaks a rule. */
static enum rule check_lines(struct __test_metadata *_metadata, struct drawn *drawn,
			     const struct fake_reading *p)
{
	enum rule rule = RULE_NONE;
	const char *c = p->lines;

	for (; *c && !rule; c++) {
		struct span line;

		if (*c == ' ')
			continue;
		if (*c == '.') {
			rule = oracle_end(&drawn->oracle, p->mask);
			continue;
		}
		line = drawn->span[c[0] - '0'][c[1] - '0'];
		c++;
		switch (c[1]) {
		case 'p':
			line.perm[0] = '-';
			break;
		case 's':
			line.start += 0x1000;
			break;
		case 'e':
			line.end -= 0x1000;
			break;
		case 'n':
			span_set_name(&line, "/another/file", 13);
			break;
		case 'i':
			line.inode++;
			break;
		case 'o':
			line.offset++;
			break;
		}
		if (c[1] && c[1] != ' ')
			c++;
		rule = oracle_line(&drawn->oracle, p->mask, &line);
	}
	/* The line that breaks a rule is the last of the list. */
	EXPECT_EQ('\0', *c) {
		diag("%s: %s", p->entry->name, p->lines);
	}
	return rule;
}

TEST(oracle_names_the_rule)
{
	unsigned int i, seen = 0;

	for (i = 0; i < ARRAY_SIZE(fake_readings); i++) {
		struct drawn drawn;
		enum rule rule;

		draw(&drawn, fake_readings[i].entry);
		rule = check_lines(_metadata, &drawn, &fake_readings[i]);
		EXPECT_STREQ(rule_text[fake_readings[i].rule], rule_text[rule]) {
			diag("%s: %s", fake_readings[i].entry->name, fake_readings[i].lines);
		}
		seen |= 1U << rule;
	}
	/* Queries and contents have tests of their own.  Malformed lines have no span. */
	for (i = 0; i < NR_RULES; i++)
		if (i != RULE_MALFORMED && i != RULE_QUERY && i != RULE_CONTENTS) {
			EXPECT_NE(0U, seen & 1U << i) {
				diag("no reading breaks: %s", rule_text[i]);
			}
		}
}

TEST(oracle_tolerates_the_known_bug_only)
{
	static const struct fake_reading lost = {
		&change_merge_left_partial, 3, "00 01 12", RULE_NONE };
	static const struct fake_reading last = {
		&change_split_middle, 3, "00 01 .", RULE_NONE };
	static const struct fake_reading gaps[] = {
		/* Two mappings are missing at the end. */
		{ &change_split_middle, 3, "00 .", RULE_TAIL },
		/* The merged mapping is missing altogether. */
		{ &change_merge_left_partial, 3, "00 12", RULE_GAP },
		/* The missing mapping was not merged with the line before. */
		{ &change_gap_alone, 2, "10 11 13", RULE_GAP },
		{ &change_split_middle, 2, "10 11 13", RULE_GAP },
	};
	struct drawn drawn;
	unsigned int i;

	draw(&drawn, lost.entry);
	drawn.oracle.tolerate_lost_tail = true;
	EXPECT_STREQ("legal", rule_text[check_lines(_metadata, &drawn, &lost)]);
	EXPECT_EQ(1U, drawn.oracle.lost_tails);
	draw(&drawn, last.entry);
	drawn.oracle.tolerate_lost_tail = true;
	EXPECT_STREQ("legal", rule_text[check_lines(_metadata, &drawn, &last)]);
	EXPECT_EQ(1U, drawn.oracle.lost_tails);
	for (i = 0; i < ARRAY_SIZE(gaps); i++) {
		enum rule rule;

		draw(&drawn, gaps[i].entry);
		drawn.oracle.tolerate_lost_tail = true;
		rule = check_lines(_metadata, &drawn, &gaps[i]);
		EXPECT_STREQ(rule_text[gaps[i].rule], rule_text[rule]) {
			diag("%s: %s", gaps[i].entry->name, gaps[i].lines);
		}
	}
}

/* Without ends, the oracle follows all spans that a start may stand for. */
TEST(oracle_follows_starts)
{
	struct drawn drawn;
	unsigned int n;

	draw(&drawn, &change_split_middle);
	drawn.oracle.fields = SPAN_START;
	for (n = 0; n < 2; n++)
		ASSERT_EQ(0U, oracle_line(&drawn.oracle, 3, &drawn.span[0][n]));
	/* The second line is either "wwwwwwww" or "www". */
	EXPECT_EQ(2U, drawn.oracle.nr_at);
	EXPECT_EQ(0U, oracle_line(&drawn.oracle, 3, &drawn.span[1][2]));
	EXPECT_EQ((unsigned int)RULE_GAP,
		  oracle_line(&drawn.oracle, 3, &drawn.span[1][4]));
}

/* Adds one position more than an array can hold. */
static int add_too_many(void *arg)
{
	uint64_t at[ORACLE_POSITIONS];
	unsigned int i, nr = 0;

	stdio_to_null();
	/* This abort is no crash that anything has to keep a core of. */
	prctl(PR_SET_DUMPABLE, 0);
	for (i = 0; i <= ORACLE_POSITIONS; i++)
		nr = oracle_add_position(at, nr, i);
	return arg || nr;
}

/* The oracle aborts rather than drop a position and report a legal line. */
TEST(oracle_drops_no_position)
{
	struct child child;

	ASSERT_EQ(0, child_start(&child, add_too_many, NULL));
	EXPECT_EQ(128 + SIGABRT, child_wait(&child, 5 * NSEC_PER_SEC));
}

/*
 * The largest number of layouts, each with a different end of the line that was read,
 * and a different next start behind each of these ends.  A span behind the last of
 * these starts is legal as well.
 */
TEST(oracle_has_room_for_all_positions)
{
	struct span span[ORACLE_LAYOUTS][ORACLE_LAYOUTS + 2] = { 0 };
	const unsigned int mask = (1U << ORACLE_LAYOUTS) - 1;
	struct layout layout[ORACLE_LAYOUTS];
	struct span line = { .start = 1000 };
	struct oracle oracle = {
		.layout = layout, .nr = ORACLE_LAYOUTS, .fields = SPAN_START,
	};
	unsigned int k, n;

	for (k = 0; k < ORACLE_LAYOUTS; k++) {
		struct span *s = span[k];

		layout[k].span = s;
		layout[k].nr = ORACLE_LAYOUTS + 2 - k;
		s->start = 1000;
		s->end = 1100 + 100 * k;
		for (n = k; n < ORACLE_LAYOUTS; n++) {
			s++;
			s->start = 1110 + 100 * n + 2 * k;
			s->end = s->start + 1;
		}
		s++;
		s->start = 5000 + 10 * k;
		s->end = s->start + 1;
	}
	oracle_begin(&oracle);
	ASSERT_EQ(0U, oracle_line(&oracle, mask, &line));
	EXPECT_EQ(0U + ORACLE_LAYOUTS, oracle.nr_at);
	oracle_resume(&oracle, mask);
	EXPECT_EQ(0U + ORACLE_POSITIONS, oracle.nr_at);
	for (k = 0; k < ORACLE_LAYOUTS - 1; k++) {
		struct oracle next = oracle;

		line = span[k][layout[k].nr - 1];
		EXPECT_EQ(0U, oracle_line(&next, mask, &line));
	}
}

/* No entry of the table needs more positions for a query or a lost tail. */
TEST(oracle_has_room_for_every_row)
{
	const struct question nothing = { .or_next = true, .perm = "--x-" };
	uint64_t tails[ORACLE_POSITIONS];
	unsigned int i, mask, page;

	for (i = 0; i < nr_entries; i++)
		for (mask = 1; mask < 1U << entries[i]->nr; mask++)
			for (page = 0; page < STAGE_PAGES + 2; page++) {
				struct question question = nothing;
				struct drawn drawn;

				draw(&drawn, entries[i]);
				question.addr = 0x10000 + page * 0x1000;
				EXPECT_EQ(0U, oracle_query(&drawn.oracle, mask,
							   &question, NULL));
				drawn.oracle.at[0] = question.addr;
				oracle_resume(&drawn.oracle, mask);
				oracle_lost_tail(&drawn.oracle, mask, tails);
			}
}

TEST(layouts_between_sequence_numbers)
{
	struct oracle oracle = { .nr = 3, .via = { 1 << 2 } };

	EXPECT_EQ(1U, layouts_between(&oracle, 0, 0));
	EXPECT_EQ(2U, layouts_between(&oracle, 2, 2));
	EXPECT_EQ(4U, layouts_between(&oracle, 4, 4));
	EXPECT_EQ(1U, layouts_between(&oracle, 6, 6));
	EXPECT_EQ(6U, layouts_between(&oracle, 2, 3));
	EXPECT_EQ(6U, layouts_between(&oracle, 3, 3));
	EXPECT_EQ(6U, layouts_between(&oracle, 3, 4));
	EXPECT_EQ(7U, layouts_between(&oracle, 1, 1));	/* via layout 2 */
	EXPECT_EQ(7U, layouts_between(&oracle, 2, 5));
	EXPECT_EQ(7U, layouts_between(&oracle, 2, 100));
}

/* At 2^32, when the sequence number wraps, a cycle of three layouts is incomplete. */
TEST(race_counts_anew_before_the_number_wraps)
{
	struct race race = { .change = &change_three_pages, .idle = true };
	const uint32_t cycles = UINT32_MAX / 2 / 3 - 7;

	EXPECT_NE(0U, (UINT32_MAX / 2 + 1) % race.change->nr);
	race.seq = 2 * 3 * cycles;
	EXPECT_EQ(0, race_freeze(&race));
	EXPECT_EQ(0U, (uint32_t)race.seq);
	EXPECT_EQ(0U, (uint32_t)race.limit);
	/* Small numbers are kept, since they are reported as transitions. */
	race.seq = 6;
	EXPECT_EQ(0, race_freeze(&race));
	EXPECT_EQ(6U, (uint32_t)race.seq);
}

/* Adds a read() that returned the text up to @end. */
static void add_chunk(struct reading *reading, size_t end, uint32_t before, uint32_t after)
{
	reading->chunk[reading->nr_chunks++] = (struct chunk){
		.end = end, .before = before, .after = after,
	};
}

/*
 * Sequence numbers decide whether lines are legal.  If the number is even and does
 * not change, the reading must equal one layout.
 */
TEST(judge_goes_by_sequence_numbers)
{
	static const struct {
		const char *text;
		uint32_t before, after;
		enum rule rule;
	} readings[] = {
#define G0 "00010000-00011000 r--s 00000000 00:00 0" NO_NAME
#define G1 "0001d000-0001e000 r--s 00000000 00:00 0" NO_NAME
#define W8 "00011000-00019000 rw-p 00000000 00:00 0" NO_NAME
#define W3 "00011000-00014000 rw-p 00000000 00:00 0" NO_NAME
#define R2 "00014000-00016000 r--p 00000000 00:00 0" NO_NAME
#define W2 "00016000-00019000 rw-p 00000000 00:00 0" NO_NAME
		{ G0 W8 G1, 0, 0, RULE_NONE },
		{ G0 W8 G1, 2, 2, RULE_STALE },
		{ G0 W3 R2 W2 G1, 2, 2, RULE_NONE },
		{ G0 W3 R2 W2 G1, 0, 0, RULE_STALE },
		/* What was merged is seen after its parts, and not before. */
		{ G0 W3 W8 G1, 2, 3, RULE_NONE },
		{ G0 W3 W8 G1, 0, 1, RULE_STALE },
		{ G0 W3 W8 G1, 0, 3, RULE_NONE },
		{ G0 W3 W2 G1, 1, 1, RULE_GAP },
		{ G0 W3 "?\n", 1, 1, RULE_MALFORMED },
		{ G0 W3 R2 W2, 0, 2, RULE_TAIL },
	};
	struct chunk chunks[2];
	struct drawn drawn;
	unsigned int i;

	draw(&drawn, &change_split_middle);
	for (i = 0; i < ARRAY_SIZE(readings); i++) {
		struct reading reading = {
			.text = (char *)readings[i].text,
			.len = strlen(readings[i].text),
			.chunk = chunks, .whole = true,
		};
		struct check_result result;

		add_chunk(&reading, reading.len, readings[i].before, readings[i].after);
		add_chunk(&reading, reading.len, readings[i].after, readings[i].after);
		result = check_reading(&drawn.oracle, &file_maps, &reading);
		EXPECT_STREQ(rule_text[readings[i].rule],
			     rule_text[result.rule]) {
			diag("reading %u", i);
		}
		EXPECT_EQ(readings[i].before != readings[i].after ||
			  (readings[i].before & 1), result.overlapped);
	}
}

/*
 * The first read() ends inside the line before the stage.  The second returns the
 * rest of that line.  The third begins with the stage, whose first line may have been
 * looked up by the second.  If the second returns a whole line, that cannot be.
 */
TEST(judge_knows_of_early_lookups)
{
#define L2 "00011000-00013000 rw-p 00000000 00:00 0" NO_NAME
#define N6 "00015000-00017000 ---p 00000000 00:00 0" NO_NAME
	enum {
		REST = sizeof(G0) - 10,
		STAGE = sizeof(G0) - 1,
		SECOND = STAGE + sizeof(W3) - 1,
	};
	static const struct {
		const struct change *entry;
		const char *text;
		/* Sequence number before the transition, and the ends of the read()s by then. */
		uint32_t seq;
		size_t end[3];
		enum rule rule;
	} readings[] = {
		{ &change_split_middle, G0 W8 G1, 0, { REST, STAGE }, RULE_NONE },
		{ &change_split_middle, G0 W8 G1, 0, { 0, STAGE }, RULE_STALE },
		/* The hole was there when the first line was looked up. */
		{ &change_gap_left, G0 L2 N6 G1, 0, { REST, STAGE }, RULE_NONE },
		/* An early line is asked for exactly, so that the next one is early, too. */
		{ &change_split_middle, G0 W3 R2 W8 G1, 2, { REST, STAGE, SECOND }, RULE_NONE },
		{ &change_split_middle, G0 W3 R2 W8 G1, 2, { 0, STAGE, SECOND }, RULE_STALE },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(readings); i++) {
		uint32_t seq = readings[i].seq;
		struct chunk chunk[5];
		struct reading reading = {
			.text = (char *)readings[i].text,
			.len = strlen(readings[i].text),
			.chunk = chunk, .whole = true,
		};
		struct check_result result;
		struct drawn drawn;

		for (k = 0; k < 3 && (!k || readings[i].end[k]); k++)
			add_chunk(&reading, readings[i].end[k], seq, seq);
		for (k = 0; k < 2; k++)
			add_chunk(&reading, reading.len, seq + 2, seq + 2);
		draw(&drawn, readings[i].entry);
		result = check_reading(&drawn.oracle, &file_maps, &reading);
		EXPECT_STREQ(rule_text[readings[i].rule], rule_text[result.rule]) {
			diag("reading %u", i);
		}
	}
#undef L2
#undef N6
}

/* ---- tearing: diagnostics of a violation ---- */

/* A test context without a modifier: the layouts of a change, and a text as read. */
struct fake_context {
	struct drawn drawn;
	struct race race;
	struct context context;
	struct chunk chunk[4];
};

static void fake_context_init(struct fake_context *fake, const struct change *entry,
			      const char *text)
{
	struct context *context = &fake->context;

	memset(fake, 0, sizeof(*fake));
	draw(&fake->drawn, entry);
	fake->race.change = entry;
	fake->race.stage = fake->drawn.stage;
	context->race = &fake->race;
	context->oracle = fake->drawn.oracle;
	memcpy(context->layout, fake->drawn.layout, sizeof(context->layout));
	context->reader.kind = &file_maps;
	context->reading = (struct reading){
		.text = (char *)text, .len = strlen(text),
		.chunk = fake->chunk, .whole = true,
	};
}

/* Redirects standard output to a file, until capture_end(). */
static int capture_begin(void)
{
	int out = dup(STDOUT_FILENO);

	fflush(stdout);
	dup2(syscall(SYS_memfd_create, "capture", 0), STDOUT_FILENO);
	return out;
}

/* Restores standard output and copies the file to @buf. */
static void capture_end(int out, char *buf, size_t size)
{
	ssize_t got;

	fflush(stdout);
	got = pread(STDOUT_FILENO, buf, size - 1, 0);
	buf[got > 0 ? got : 0] = '\0';
	dup2(out, STDOUT_FILENO);
	close(out);
}

/* The diagnostics show both layouts by which a line was checked. */
TEST(evidence_is_what_was_judged)
{
#define MIXED_LINE "00011000-00019000 r--p 00000000 00:00 0" NO_NAME
	static const char text[] = G0 MIXED_LINE;
	const size_t g0 = strlen(G0);
	struct fake_context fake;
	struct check_result result;
	char buf[4096];
	int out;

	fake_context_init(&fake, &change_split_middle, text);
	add_chunk(&fake.context.reading, g0 - 9, 0, 0);
	add_chunk(&fake.context.reading, g0, 0, 0);
	add_chunk(&fake.context.reading, strlen(text), 2, 2);
	add_chunk(&fake.context.reading, strlen(text), 2, 2);
	result = context_check(&fake.context);
	EXPECT_STREQ(rule_text[RULE_MIXED], rule_text[result.rule]);
	out = capture_begin();
	evidence_print(&fake.context, &result, "planted", "-");
	capture_end(out, buf, sizeof(buf));
	EXPECT_TRUE(!!strstr(buf, "layouts 0x3; counter 0 to 2 "));
	EXPECT_TRUE(!!strstr(buf, "(layout 0, after 00011000)"));
	EXPECT_TRUE(!!strstr(buf, "(layout 1, after 00011000)"));

	/* The end is checked by all layouts since the begin of the last line. */
	fake_context_init(&fake, &change_split_middle, G0);
	add_chunk(&fake.context.reading, g0, 0, 1);
	add_chunk(&fake.context.reading, g0, 2, 2);
	result = context_check(&fake.context);
	EXPECT_STREQ(rule_text[RULE_TAIL], rule_text[result.rule]);
	out = capture_begin();
	evidence_print(&fake.context, &result, "planted", "-");
	capture_end(out, buf, sizeof(buf));
	EXPECT_TRUE(!!strstr(buf, "layouts 0x3; counter 0 to 2 "));
	EXPECT_TRUE(!!strstr(buf, "(layout 0, after 00011000)"));
#undef MIXED_LINE
}

/* The known bug is named if a reading has its signature, and only then. */
TEST(known_bug_is_named_where_it_is_seen)
{
#define WW "00011000-00013000 rw-p 00000000 00:00 0" NO_NAME
#define RR "00015000-00017000 r--p 00000000 00:00 0" NO_NAME
#define LOW "00011000-00013000 r--p 00000000 00:00 0" NO_NAME
	static const struct {
		const char *text;
		const struct change *entry;
		uint32_t before, after;
		bool tolerated, known;
	} readings[] = {
		{ G0 WW RR G1, &change_merge_left_partial, 0, 1, false, true },
		{ G0 WW RR G1, &change_merge_left_partial, 0, 1, true, false },
		{ G0 WW G1, &change_merge_left_partial, 0, 1, false, false },
		{ G0 RR G1, &change_merge_left_partial, 0, 1, false, false },
		/* Looked up before a split, printed after it. */
		{ G0 LOW G1, &change_split_low, 1, 2, false, true },
		{ G0 LOW G1, &change_split_low, 2, 2, false, false },
	};
	struct fake_context fake;
	atomic_bool seen;
	char buf[4096];
	unsigned int i;
	int out;

	known_bug_seen = &seen;
	for (i = 0; i < ARRAY_SIZE(readings); i++) {
		size_t len = strlen(readings[i].text);
		bool named;

		seen = false;
		fake_context_init(&fake, readings[i].entry, readings[i].text);
		add_chunk(&fake.context.reading, len, readings[i].before, readings[i].after);
		add_chunk(&fake.context.reading, len, readings[i].after, readings[i].after);
		fake.context.oracle.tolerate_lost_tail = readings[i].tolerated;
		out = capture_begin();
		named = known_bug_shows(&fake.context);
		capture_end(out, buf, sizeof(buf));
		EXPECT_EQ(readings[i].known, named) {
			diag("reading %u", i);
		}
		EXPECT_EQ(named, (bool)seen);
		EXPECT_EQ(named, !!strstr(buf, "# summary: this kernel loses"));
		EXPECT_EQ(named, !!strstr(buf, "signature of known."));
		EXPECT_EQ(named, !!*buf);
	}
	known_bug_seen = NULL;
#undef WW
#undef RR
#undef LOW
}

/* Answers that a current layout gives, and others. */
TEST(oracle_judges_queries)
{
	static const struct {
		const struct change *entry;
		unsigned int mask;
		struct question question;
		/* Indices of the answer; layout is -1 for ENOENT. */
		int layout, span;
		enum rule rule;
	} answers[] = {
		{ &change_hole, 1, { 0x13000, false, false, "----" }, 0, 1, RULE_NONE },
		{ &change_hole, 2, { 0x13000, false, false, "----" }, 0, 1, RULE_QUERY },
		{ &change_hole, 2, { 0x13000, false, false, "----" }, -1, 0, RULE_NONE },
		{ &change_hole, 1, { 0x13000, false, false, "----" }, -1, 0, RULE_QUERY },
		{ &change_hole, 3, { 0x13000, false, false, "----" }, -1, 0, RULE_NONE },
		{ &change_hole, 2, { 0x13000, true, false, "----" }, 1, 2, RULE_NONE },
		{ &change_hole, 2, { 0x13000, true, false, "----" }, 1, 3, RULE_QUERY },
		{ &change_hole, 3, { 0x13000, true, false, "---s" }, 1, 3, RULE_NONE },
		{ &change_hole, 3, { 0x13000, true, false, "r--s" }, 1, 3, RULE_NONE },
		{ &change_hole, 3, { 0x13000, true, false, "--x-" }, 1, 3, RULE_QUERY },
		{ &change_hole, 3, { 0x13000, true, false, "--x-" }, -1, 0, RULE_NONE },
		{ &change_hole, 3, { 0x13000, true, true, "----" }, -1, 0, RULE_NONE },
		{ &change_hole, 3, { 0x13000, true, true, "----" }, 1, 3, RULE_QUERY },
		{ &change_swap_files, 3, { 0x11000, true, true, "----" }, 0, 2, RULE_NONE },
		{ &change_swap_files, 3, { 0x11000, true, true, "----" }, 0, 1, RULE_QUERY },
		{ &change_split_middle, 3, { 0x14000, false, false, "-w--" }, 0, 1, RULE_NONE },
		{ &change_split_middle, 3, { 0x14000, false, false, "-w--" }, -1, 0, RULE_NONE },
		{ &change_split_middle, 3, { 0x14000, false, false, "-w--" }, 1, 2, RULE_QUERY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		const struct span *answer = NULL;
		struct drawn drawn;
		enum rule rule;

		draw(&drawn, answers[i].entry);
		if (answers[i].layout >= 0)
			answer = &drawn.span[answers[i].layout][answers[i].span];
		rule = oracle_query(&drawn.oracle, answers[i].mask,
				    &answers[i].question, answer);
		EXPECT_STREQ(rule_text[answers[i].rule], rule_text[rule]) {
			diag("answer %u", i);
		}
	}
}

/* ---- model: page tags, layouts with holes ---- */

/* Size of a page in bytes; arbitrary, since no page is mapped. */
#define TAG_PAGE_SIZE 4096

/* Each wrong bit is found, and so is another page, an older one, or an empty one. */
TEST(pages_say_what_they_are)
{
	static uint64_t page[TAG_PAGE_SIZE / sizeof(uint64_t)], other;
	const uint64_t tag = page_tag(7, 3);
	struct mismatch mismatch;
	char buf[200];
	size_t bit;

	ASSERT_TRUE(page_check(page, sizeof(page), 0, &mismatch));
	ASSERT_FALSE(page_check(page, sizeof(page), tag, &mismatch));
	EXPECT_EQ(0U, mismatch.offset);
	page_write(page, sizeof(page), tag);
	ASSERT_TRUE(page_check(page, sizeof(page), tag, &mismatch));
	ASSERT_FALSE(page_check(page, sizeof(page), 0, &mismatch));
	ASSERT_FALSE(page_check(page, sizeof(page), page_tag(7, 2), &mismatch));
	ASSERT_FALSE(page_check(page, sizeof(page), page_tag(6, 3), &mismatch));
	for (bit = 0; bit < 8 * sizeof(page); bit++) {
		page[bit / 64] ^= 1ULL << bit % 64;
		ASSERT_FALSE(page_check(page, sizeof(page), tag, &mismatch));
		ASSERT_EQ(bit / 64 * 8, mismatch.offset);
		page[bit / 64] ^= 1ULL << bit % 64;
	}
	/* The page whose second half is found is named. */
	other = page_tag(9, 2);
	for (bit = 256; bit < 512; bit++)
		page[bit] = other + bit * PAGE_STEP;
	ASSERT_FALSE(page_check(page, sizeof(page), tag, &mismatch));
	EXPECT_EQ(2048U, mismatch.offset);
	ASSERT_TRUE(!!strstr(mismatch_print(buf, sizeof(buf), &mismatch),
			     "as if 9 of generation 2"));
}

/*
 * After each system call of each change, holes have no tags, pages that the call does
 * not affect keep theirs, and no tag exists twice.
 */
TEST(tickets_follow_pages)
{
	enum { PER = 2, N = STAGE_PAGES * PER };
	unsigned int i, k, n, m;

	for (i = 0; i < nr_entries; i++)
		for (k = 0; k < entries[i]->nr; k++) {
			const char *before = entries[i]->draw[k];
			const char *after = entries[i]->draw[(k + 1) % entries[i]->nr];
			const struct op *op = &entries[i]->op[k];
			uint64_t tag[N] = { 0 };

			/* The stress test has no stage in the heap or the stack. */
			if (entries[i]->place == PLACE_HEAP ||
			    entries[i]->place == PLACE_STACK)
				continue;
			for (n = 0; before[n / PER]; n++)
				if (before[n / PER] != '.')
					tag[n] = n + 1;
			tags_apply(op, tag, PER);
			for (n = 0; after[n / PER]; n++) {
				bool about = n / PER >= op->page &&
					     n / PER < op->page + op->pages;

				if (after[n / PER] == '.')
					ASSERT_EQ(0U, tag[n]) {
						diag("%s", entries[i]->name);
					}
				if (!about && tag[n] &&
				    before[n / PER] == after[n / PER])
					ASSERT_EQ(n + 1, tag[n]);
				for (m = 0; m < n; m++)
					ASSERT_TRUE(!tag[n] ||
						    tag[n] != tag[m]);
			}
			if (op->type == OP_MOVE || op->type == OP_COPY)
				ASSERT_EQ(op->page * PER + 1U,
					  tag[op->to * PER]);
			if (op->type == OP_PROTECT || op->type == OP_ATTR)
				ASSERT_EQ(op->page * PER + 1U,
					  tag[op->page * PER]);
		}
}

/* Cuts all ranges out of all layouts of six pages. */
TEST(layout_cut_is_brute_force)
{
	unsigned int mapped, starts, from, to, page, n;

	for (mapped = 0; mapped < 64; mapped++)
		for (starts = 0; starts < 64; starts++)
			for (n = 0; n < 36; n++) {
				struct span span[8] = { 0 };
				struct layout layout = { 0, span };

				from = n / 6;
				to = n % 6 + 1;
				if (from >= to)
					continue;
				/* A set bit of @starts separates neighbours. */
				for (page = 0; page < 6; page++) {
					if (!(mapped >> page & 1))
						continue;
					if (!page || !(mapped >> (page - 1) & 1) ||
					    starts >> page & 1)
						span[layout.nr++].start = page;
					span[layout.nr - 1].end = page + 1;
				}
				layout_cut(&layout, from, to);
				for (page = 0; page < 6; page++)
					ASSERT_EQ((mapped >> page & 1) &&
						  (page < from || page >= to),
						  !!layout_covering(&layout, page));
				for (page = 1; page < layout.nr; page++)
					ASSERT_LE(span[page - 1].end,
						  span[page].start);
			}
}

/* ---- lib: kernel log ---- */

TEST(complaints_are_known)
{
	struct kernel_log all = { .whole = true }, most = { .whole = false };
	static const char *const complaints[] = {
		"WARNING: CPU: 0 PID: 7 at mm/mmap.c:9 f+0x1",
		"WARNING: mm/vma.c:12 at vma_merge+0x1/0x2",
		"BUG: Bad page state in process x",
		"WARNING: possible circular locking dependency",
	};
	static const char *const hangs[] = {
		"INFO: task x:7 blocked for more than 120 seconds.",
		"watchdog: BUG: soft lockup - CPU#1 stuck for 22s!",
	};
	static const char *const others[] = {
		"WARNING: Unprivileged eBPF is enabled",
		"debug: x uses a deprecated system call",
		"traps: x[7] general protection fault ip:1 sp:2 error:0 in x[1000+1]",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(complaints); i++) {
		EXPECT_TRUE(kernel_log_is_complaint(&all, complaints[i]));
		EXPECT_TRUE(kernel_log_is_complaint(&most, complaints[i]));
	}
	for (i = 0; i < ARRAY_SIZE(hangs); i++) {
		EXPECT_TRUE(kernel_log_is_complaint(&all, hangs[i]));
		EXPECT_FALSE(kernel_log_is_complaint(&most, hangs[i]));
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_FALSE(kernel_log_is_complaint(&all, others[i]));
}

/*
 * Reports as the kernel writes them.  NAME stands for the name of this program.  Longer
 * than 60 lines, as the table is one.
 */
TEST(complaints_are_whose_task_they_name)
{
#define CUT "4,1;------------[ cut here ]------------"
#define WARN "4,1;WARNING: CPU: 0 PID: 7 at mm/mmap.c:9 f+0x1/0x20"
#define MODULES "4,1;Modules linked in:"
#define OURS "4,1;CPU: 0 UID: 0 PID: 7 Comm: NAME Tainted: G W 6.18.44 #1"
#define OTHER "4,1;CPU: 1 UID: 0 PID: 8 Comm: kworker/1:2 Not tainted 6.18.44 #1"
#define RACE "4,1;BUG: KCSAN: data-race in f / g"
#define RULER "4,1;=================================================================="
#define END "4,1;---[ end trace 0000000000000000 ]---"
	static const struct {
		/* Records as "priority,second;text". */
		const char *line[8];
		bool ours, whole;
	} logs[] = {
		{ { CUT, WARN, MODULES, OURS, END }, true },
		{ { CUT, WARN, MODULES, OTHER, END }, false },
		{ { "4,1;WARNING: mm/vma.c:9 at f+0x1/0x20, CPU#0: NAME/7" }, true },
		{ { "4,1;BUG: KASAN: slab-use-after-free in f+0x1/0x20",
		    "4,1;Read of size 8 at addr 1 by task NAME/7" }, true },
		{ { "4,1;BUG: KASAN: slab-use-after-free in f+0x1/0x20",
		    "4,1;Read of size 8 at addr 1 by task cat/7", OURS }, false },
		{ { RACE, "4,1; f+0x1/0x20", "4,1; show_map_vma+0x1/0x20", OURS }, true },
		{ { RACE, "4,1; f+0x1/0x20", "4,1; m_start+0x1/0x20", OTHER }, true },
		{ { RACE, "4,1; f+0x1/0x20", "4,1; ksys_mmap_pgoff+0x1/0x20", OURS,
		    RULER, "4,1; m_start+0x1/0x20" }, false },
		{ { "4,1;WARNING: possible recursive locking detected",
		    "4,1;NAME/7 is trying to acquire lock:" }, true },
		{ { WARN, "4,1;Pid: 7, comm: NAME Not tainted 6.18.44" }, true },
		{ { WARN, "4,1;Pid: 7, comm: cat Not tainted 6.18.44", OURS }, false },
		{ { "1,1;BUG: Bad page state in process NAME  pfn:1" }, true },
		{ { "1,1;BUG: Bad page state in process cat  pfn:1", OURS }, false },
		{ { "3,1;BUG: sleeping function called from invalid context at a.c:1",
		    "3,1;in_atomic(): 1, irqs_disabled(): 0, pid: 7, name: NAME" }, true },
		{ { "3,1;BUG: scheduling while atomic: NAME/7/0x00000002" }, true },
		/* Lines that belong to no report or to a later one. */
		{ { WARN, MODULES, "6,1;NAME (7): drop_caches: 1" }, false },
		{ { WARN, "6,1;NAME[7]: segfault at 0 ip 1 sp 2 error 4" }, false },
		{ { WARN, END, OURS }, false },
		{ { WARN, "4,9;CPU: 0 PID: 7 Comm: NAME Not tainted" }, false },
		{ { "4,1;WARNING: CPU: 0 PID: 8 at a.c:1 g+0x1/0x20", OTHER, END,
		    "4,1;cat invoked oom-killer: gfp_mask=0x1", OURS }, false },
		{ { "4,1;NAME invoked oom-killer: gfp_mask=0x1", OURS }, false },
		/* The name of another program begins with the name of this one. */
		{ { WARN, "4,1;CPU: 0 PID: 7 Comm: NAMEs Not tainted" }, false },
		/* Records written by user space: facilities user and daemon. */
		{ { "12,1;WARNING: CPU: 0 PID: 7 at mm/mmap.c:9 f+0x1/0x20", OURS },
		  false },
		{ { "28,1;BUG: Bad page state in process NAME  pfn:1" }, false },
		{ { WARN, "12,1;CPU: 1 PID: 8 Comm: cat Not tainted", OURS }, true },
		{ { WARN, "12,1;CPU: 1 PID: 7 Comm: NAME Not tainted", OTHER }, false },
		/* Where all tasks count, a hang of another one does not. */
		{ { WARN, MODULES, OTHER }, true, .whole = true },
		{ { "0,1;watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [cat:8]",
		    MODULES, OTHER }, false, .whole = true },
		{ { "0,1;watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [NAME:7]",
		    MODULES, OURS }, true, .whole = true },
		{ { "3,1;INFO: task kworker/0:1:8 blocked for more than 120 seconds.",
		    OURS }, true, .whole = true },
		{ { "3,1;rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", OTHER,
		    OURS }, false, .whole = true },
	};
	char name[16];
	unsigned int i, k;

	snprintf(name, sizeof(name), "%s", program_invocation_short_name);
	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		struct kernel_log kernel_log = { .fd = -1, .whole = logs[i].whole };
		bool ours = false;

		for (k = 0; k < 8 && logs[i].line[k]; k++) {
			const char *line = logs[i].line[k];
			const char *text = strchr(line, ';');
			const char *at = strstr(text, "NAME");
			char record[400];

			snprintf(record, sizeof(record), "%d,%u,%ld000000,-%.*s%s%s\n",
				 atoi(line), k, atol(strchr(line, ',') + 1),
				 at ? (int)(at - text) : 400, text,
				 at ? name : "", at ? at + 4 : "");
			ours |= kernel_log_add(&kernel_log, record);
		}
		EXPECT_EQ(logs[i].ours, ours) {
			diag("log %u", i);
		}
	}
#undef RULER
#undef RACE
#undef CUT
#undef WARN
#undef MODULES
#undef OURS
#undef OTHER
#undef END
}

/* ---- lib: timeouts ---- */

/* An hour in which the waiting thread did not run counts as one step. */
TEST(patience_is_for_who_runs)
{
	struct timeout timeout = {
		.left_ns = 3 * TIMEOUT_STEP_NS,
		.polled_ns = now_ns(),
		.step_ns = timeout_step(1),
	};

	timeout.polled_ns -= 3600 * NSEC_PER_SEC;
	EXPECT_FALSE(timed_out(&timeout));
	timeout.polled_ns -= 3600 * NSEC_PER_SEC;
	EXPECT_FALSE(timed_out(&timeout));
	timeout.polled_ns -= 3600 * NSEC_PER_SEC;
	EXPECT_TRUE(timed_out(&timeout));
}

/* Returns the seconds until a timeout of five seconds expires, polled every @poll_ns. */
static double seconds_to_timeout(int64_t timer_ns, int64_t poll_ns)
{
	struct timeout timeout = {
		.left_ns = 5 * NSEC_PER_SEC,
		.step_ns = timeout_step(timer_ns),
	};
	int64_t now = 0;

	do
		now += poll_ns;
	while (!timeout_poll(&timeout, now));
	return now / 1e9;
}

/* Exact timers, and ticks of 4 and 10 ms.  A sleep lasts for up to two ticks. */
TEST(patience_lasts_as_long_with_coarse_timers)
{
	EXPECT_LE(seconds_to_timeout(1, TIMEOUT_POLL_NS), 5.1);
	EXPECT_LE(seconds_to_timeout(4 * NSEC_PER_MSEC, 4 * NSEC_PER_MSEC), 5.1);
	EXPECT_LE(seconds_to_timeout(4 * NSEC_PER_MSEC, 8 * NSEC_PER_MSEC), 5.1);
	EXPECT_LE(seconds_to_timeout(10 * NSEC_PER_MSEC, 20 * NSEC_PER_MSEC),
		  5.1);
	/* Steps of an hour, in which the waiting thread did not run, count little. */
	EXPECT_GE(seconds_to_timeout(10 * NSEC_PER_MSEC, 3600 * NSEC_PER_SEC),
		  3600. * 100);
}

/* ---- tearing: watchdog ---- */

/*
 * Counts the polls, all alike, until @stuck, or anything for STUCK_NONE, is stuck; 0 where
 * that is never so.
 */
static unsigned int polls_until(enum stuck stuck, struct stuck_count *count,
				const struct stuck_poll *now)
{
	enum stuck seen = STUCK_NONE;
	unsigned int n = 0;

	while (!seen && n++ < 10 * STUCK_POLLS_ALONE)
		seen = stuck_add_poll(count, now, STUCK_CPU_NS);
	return seen && (!stuck || seen == stuck) ? n : 0;
}

/* Makes a poll of two threads in the states of @states. */
static struct stuck_poll poll_of(uint32_t reader, const char *states)
{
	return (struct stuck_poll){
		.runner = 3,
		.thread = {
			{ .tid = reader, .task.state = states[0] },
			{ .tid = reader + 1, .task.state = states[1] },
		},
	};
}

/* The polls of a pair of processes do not count for the next pair. */
TEST(stuck_is_counted_for_each_pair)
{
	struct stuck_poll first = poll_of(1, "DD"), next = poll_of(4, "DD");
	struct stuck_poll running = poll_of(4, "DR");
	const unsigned int enough = STUCK_POLLS;
	struct stuck_count count = { 0 };

	EXPECT_EQ(enough, polls_until(STUCK_BOTH, &count, &first));
	EXPECT_TRUE(stuck_add_poll(&count, &first, STUCK_CPU_NS) == STUCK_NONE);
	EXPECT_EQ(enough, polls_until(STUCK_BOTH, &count, &next));
	/* Another pair, a heartbeat, a transition or a running process restarts the count. */
	stuck_add_poll(&count, &first, STUCK_CPU_NS);
	EXPECT_EQ(enough, polls_until(STUCK_BOTH, &count, &next));
	stuck_add_poll(&count, &next, STUCK_CPU_NS);
	next.thread[STUCK_READER].beats++;
	EXPECT_EQ(enough, polls_until(STUCK_BOTH, &count, &next));
	stuck_add_poll(&count, &next, STUCK_CPU_NS);
	next.thread[STUCK_MODIFIER].beats++;
	EXPECT_EQ(enough, polls_until(STUCK_BOTH, &count, &next));
	stuck_add_poll(&count, &next, STUCK_CPU_NS);
	stuck_add_poll(&count, &running, STUCK_CPU_NS);
	EXPECT_EQ(enough, polls_until(STUCK_BOTH, &count, &next));
	/* So does a third process that can run. */
	next.other_runs = true;
	EXPECT_EQ(0U, polls_until(STUCK_BOTH, &count, &next));
}

/* A thread that sleeps alone, in the states of reader and modifier. */
TEST(stuck_is_what_sleeps_alone)
{
	static const struct {
		const char *states;
		enum stuck stuck;
	} pairs[] = {
		{ "DS", STUCK_ALONE_READER }, { "SD", STUCK_ALONE_MODIFIER },
		/* The reader is watched before there is a modifier. */
		{ "D?", STUCK_ALONE_READER },
		/* The other one may have what it waits for, and waits for a CPU. */
		{ "DR", STUCK_NONE }, { "RD", STUCK_NONE },
		{ "SS", STUCK_NONE }, { "RR", STUCK_NONE },
	};
	const unsigned int enough = STUCK_POLLS_ALONE;
	const enum stuck alone = STUCK_ALONE_MODIFIER;
	struct stuck_poll now;
	struct stuck_count count;
	enum stuck stuck;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		memset(&count, 0, sizeof(count));
		now = poll_of(1, pairs[i].states);
		EXPECT_EQ(pairs[i].stuck ? enough : 0,
			  polls_until(pairs[i].stuck, &count, &now)) {
			TH_LOG("states %s", pairs[i].states);
		}
	}
	/* A modifier sleeps while the reader makes progress and so gives back what it holds. */
	memset(&count, 0, sizeof(count));
	now = poll_of(1, "RD");
	for (i = 0, stuck = STUCK_NONE; !stuck && i < 2 * enough; i++) {
		now.thread[STUCK_READER].beats++;
		stuck = stuck_add_poll(&count, &now, STUCK_CPU_NS);
	}
	EXPECT_EQ(alone, stuck);
	EXPECT_EQ(enough, i);
}

/*
 * Counts the polls until a thread that runs is stuck; 0 where it never is.  Each poll finds
 * @ns more of CPU time, and @beats more beats.
 */
static unsigned int polls_of_runner(unsigned int thread, int64_t ns, unsigned int beats)
{
	struct stuck_poll now = poll_of(1, thread == STUCK_READER ? "RS" : "SR");
	enum stuck wanted = thread == STUCK_READER ? STUCK_ALONE_READER :
						     STUCK_ALONE_MODIFIER;
	struct stuck_count count = { 0 };
	enum stuck stuck = STUCK_NONE;
	unsigned int n = 0;

	while (!stuck && n++ < 1000) {
		stuck = stuck_add_poll(&count, &now, STUCK_CPU_NS);
		now.thread[thread].task.kernel_ns += ns / 2;
		now.thread[thread].task.user_ns += ns - ns / 2;
		now.thread[thread].beats += beats;
	}
	return stuck == wanted ? n : 0;
}

/* A thread that runs without progress is stuck by its CPU time, not by the clock. */
TEST(stuck_is_what_runs_on_and_on)
{
	const int64_t poll = STUCK_POLL_CPU_NS / 2;
	const unsigned int enough = STUCK_CPU_NS / poll;
	unsigned int i;

	for (i = 0; i < STUCK_THREADS; i++) {
		/* The first poll has nothing to be compared with. */
		EXPECT_EQ(enough + 1, polls_of_runner(i, poll, 0));
		/* It gets a third of a CPU. */
		EXPECT_EQ(3 * enough + 1, polls_of_runner(i, poll / 3 + 1, 0));
		EXPECT_EQ(0U, polls_of_runner(i, 0, 0));
		EXPECT_EQ(0U, polls_of_runner(i, poll, 1));
		/* The machine stood still for an hour at each poll, and charges it. */
		EXPECT_EQ(enough / 2 + 1, polls_of_runner(i, 3600 * NSEC_PER_SEC, 0));
	}
}

/* Tests that start processes, or look at them in /proc. */
FIXTURE(processes) {
};

FIXTURE_SETUP(processes)
{
	const char *missing = limits_missing();

	if (missing)
		SKIP(return, "%s", missing);
}

FIXTURE_TEARDOWN(processes)
{
}

/* A command name may look like the fields behind it. */
TEST_F(processes, samples_of_tasks_are_parsed)
{
	static const char line[] =
		"7 (a) R 1 2) D 1 2 3 0 -1 4194560 10 20 30 40 500 60 70 80 20 0 1 0 9\n";
	struct task_sample sample = task_sample_parse(line, 10 * NSEC_PER_MSEC);
	const struct task_sample before = task_sample(getpid());
	int64_t deadline = now_ns() + 10 * NSEC_PER_SEC;

	EXPECT_EQ('D', sample.state);
	EXPECT_EQ(5 * NSEC_PER_SEC, sample.user_ns);
	EXPECT_EQ(600 * NSEC_PER_MSEC, sample.kernel_ns);
	EXPECT_EQ('?', task_sample_parse("", 1).state);
	EXPECT_EQ('?', task_sample_parse("7 (a) R 1 2 3", 1).state);
	EXPECT_EQ('?', task_sample(0).state);
	EXPECT_EQ('R', task_sample(getpid()).state);
	spin_ns(100 * NSEC_PER_MSEC);
	/* User Mode Linux may count all of it as time in the kernel. */
	do {
		spin_ns(10 * NSEC_PER_MSEC);
		sample = task_sample(getpid());
	} while (sample.user_ns + sample.kernel_ns == before.user_ns + before.kernel_ns &&
		 now_ns() < deadline);
	EXPECT_LT(before.user_ns + before.kernel_ns, sample.user_ns + sample.kernel_ns);
}

/* ---- lib: scheduling policies ---- */

/* Policy that policy_reset() leaves of that which this program was started with. */
static int own_policy;

static int policy_when_reset(void *arg)
{
	policy_reset();
	return get_policy();
}

/* Level 0 undoes the nice value that replaces a refused real-time priority. */
static int level_and_back(void *arg)
{
	default_nice = getpriority(PRIO_PROCESS, 0);
	set_level(0, LEVEL_READER);
	set_level(0, 0);
	return getpriority(PRIO_PROCESS, 0) != default_nice || get_policy() != own_policy;
}

static int level_refused(void *arg)
{
	rt_refused = true;
	setpriority(PRIO_PROCESS, 0, -10);
	return level_and_back(arg);
}

static int hold_leaves_policy(void *arg)
{
	hold_permitted();
	return get_policy() != own_policy;
}

/* Runs as a user with RLIMIT_RTPRIO but without CAP_SYS_NICE. */
static int hold_with_rtprio(void *arg)
{
	struct rlimit limit = { LEVEL_READER, LEVEL_READER };

	setrlimit(RLIMIT_RTPRIO, &limit);
	return setuid(65534) ? 0 : hold_leaves_policy(arg);
}

/* Not every user may leave SCHED_IDLE, and in a container root may not. */
static int start_as_idle(void *arg)
{
	bool leaves;

	if (!set_policy(0, SCHED_IDLE, 0))
		return 0;
	leaves = set_policy(0, SCHED_OTHER, 0);
	set_policy(0, SCHED_IDLE, 0);
	policy_reset();
	return leaves && get_policy() != SCHED_OTHER;
}

static int start_as_batch(void *arg)
{
	if (!set_policy(0, SCHED_BATCH | SCHED_RESET_ON_FORK, 0))
		return 0;
	policy_reset();
	return get_policy() != SCHED_OTHER;
}

static int start_at_real_time(void *arg)
{
	if (!set_policy(0, SCHED_RR, 7))
		return 0;
	policy_reset();
	return get_policy() != SCHED_OTHER;
}

/* With an RLIMIT_RTTIME below RT_LIMIT_NS, there is no real-time priority. */
static int start_with_rttime(void *arg)
{
	struct rlimit limit = { 1000, 1000 };

	if (setrlimit(RLIMIT_RTTIME, &limit))
		return 0;
	policy_reset();
	return set_level(0, LEVEL_READER) || get_policy() != own_policy;
}

/* An RLIMIT_RTTIME of infinity is lowered to RT_LIMIT_NS. */
static int start_with_no_rttime(void *arg)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_RTTIME, &limit);
	policy_reset();
	return getrlimit(RLIMIT_RTTIME, &limit) ||
	       limit.rlim_cur > RT_LIMIT_NS / NSEC_PER_USEC;
}

/* Spins with rt_throttle() for longer than RLIMIT_RTTIME; tests nothing at level 0. */
static int spin_and_pause(void *arg)
{
	int64_t end = now_ns() + 20 * RT_RUN_NS;
	struct rlimit limit;

	policy_reset();
	if (!getrlimit(RLIMIT_RTTIME, &limit)) {
		limit.rlim_cur = 5 * RT_RUN_NS / NSEC_PER_USEC;
		setrlimit(RLIMIT_RTTIME, &limit);
	}
	set_level(0, LEVEL_READER);
	while (now_ns() < end)
		rt_throttle(rt_level);
	return 0;
}

static int run_once(int (*fn)(void *arg))
{
	struct child child = { 0 };

	if (child_start(&child, fn, NULL))
		return -1;
	return child_wait(&child, 20 * NSEC_PER_SEC);
}

/*
 * Attempts for spin_and_pause().  The kernel counts ticks, and on a starved machine several
 * may come before the program runs again.
 */
#define PAUSE_ATTEMPTS 10

TEST(policy_is_ones_own)
{
	int i, ret = -1;

	own_policy = run_once(policy_when_reset);
	ASSERT_LE(0, own_policy);
	EXPECT_EQ(0, run_once(level_and_back));
	EXPECT_EQ(0, run_once(level_refused));
	EXPECT_EQ(0, run_once(hold_leaves_policy));
	EXPECT_EQ(0, run_once(hold_with_rtprio));
	EXPECT_EQ(0, run_once(start_as_idle));
	EXPECT_EQ(0, run_once(start_as_batch));
	EXPECT_EQ(0, run_once(start_at_real_time));
	EXPECT_EQ(0, run_once(start_with_rttime));
	EXPECT_EQ(0, run_once(start_with_no_rttime));
	/* The kernel counts the time at real-time priority without a sleep. */
	for (i = 0; i < PAUSE_ATTEMPTS && ret; i++)
		ret = run_once(spin_and_pause);
	EXPECT_EQ(0, ret);
}

/* ---- lib: machine ---- */

TEST(releases_are_parsed)
{
	static const struct {
		const char *release;
		int number;
	} row[] = {
		{ "6.17.0", KERNEL(6, 17) },
		{ "6.18-rc1", KERNEL(6, 18) },
		{ "7.4.0-rc1-next-20261120", KERNEL(7, 4) },
		{ "6.12.0-55.el10.x86_64", KERNEL(6, 12) },
		{ "5.15.167.4-microsoft-standard-WSL2", KERNEL(5, 15) },
		{ "6.16.3+deb13-cloud-arm64", KERNEL(6, 16) },
		{ "6.6", KERNEL(6, 6) },
		{ "10.0.1", KERNEL(10, 0) },
		{ "custom", 0 },
		{ "7", 0 },
		{ "", 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(row); i++)
		EXPECT_EQ(row[i].number, release_number(row[i].release)) {
			diag("%s", row[i].release);
		}
	EXPECT_LT(KERNEL(6, 18), KERNEL(7, 0));
	EXPECT_LT(KERNEL(7, 9), KERNEL(7, 10));
	EXPECT_NE(0, kernel_release());
}

/* ---- lib: cgroup, process handles ---- */

/* The cleanup process has a session of its own before the cgroup exists. */
TEST(cgroup_is_guarded_before_it_is_there)
{
	char root[] = "/tmp/proc_maps_selftest.XXXXXX", path[64];
	struct cgroup cgroup;
	unsigned int i;

	if (!mkdtemp(root))
		SKIP(return, "no room for files");
	cgroup_root = root;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	for (i = 0; i < 20; i++) {
		/* A plain directory has no memory.max. */
		EXPECT_EQ(-ENOENT, cgroup_make(&cgroup, 1));
		EXPECT_EQ(0, access(cgroup.path, F_OK));
		EXPECT_EQ(cgroup.cleanup.pid, getsid(cgroup.cleanup.pid));
		memcpy(path, cgroup.path, sizeof(path));
		cgroup_end(&cgroup);
		EXPECT_EQ(-1, access(path, F_OK));
	}
	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	unlink(path);
	EXPECT_EQ(0, rmdir(root));
}

/* A handle stays that of a process that has ended, even if its PID is used again. */
TEST_F(processes, known_is_who_it_was)
{
	struct child child = { 0 };
	struct process_handle handle;

	ASSERT_EQ(0, child_start(&child, pause_forever, NULL));
	handle = process_open(child.pid);
	EXPECT_FALSE(process_gone(&handle));
	EXPECT_TRUE(process_signal(&handle, 0));
	EXPECT_EQ(0, child_kill(&child));
	EXPECT_TRUE(process_gone(&handle));
	if (handle.fd >= 0) {
		handle.pid = getpid();
		EXPECT_FALSE(process_signal(&handle, 0));
	}
	process_close(&handle);
	handle.pid = getpid();
	EXPECT_FALSE(process_gone(&handle));
}

/* ---- tearing: watchdog, with processes ---- */

static int vfork_child_main(void *arg)
{
	bind_to_parent();
	return pause_forever(arg);
}

/* Sleeps in state D for ever, as the parent of a vfork() does until the child ends. */
static int block_forever(void *arg)
{
	static char stack[16384];

	clone(vfork_child_main, stack + sizeof(stack), CLONE_VFORK | SIGCHLD, arg);
	return 1;
}

/* Names the caller as the modifier as well, and blocks. */
static int stuck_with_itself(void *arg)
{
	watchdog_watch(getpid());
	return block_forever(arg);
}

/* Blocks, with a modifier in an interruptible sleep. */
static int stuck_alone(void *arg)
{
	struct child modifier = { 0 };

	if (child_start(&modifier, pause_forever, NULL))
		return 1;
	watchdog_watch(modifier.pid);
	return block_forever(arg);
}

/* Sleeps, as a modifier does that is to make no transition, with a modifier that blocks. */
static int stuck_modifier(void *arg)
{
	struct child modifier = { 0 };

	if (child_start(&modifier, block_forever, NULL))
		return 1;
	watchdog_watch(modifier.pid);
	return pause_forever(arg);
}

static int spin_forever(void *arg)
{
	setpriority(PRIO_PROCESS, 0, 19);
	while (!arg)
		;
	return 0;
}

/* Blocks as stuck_with_itself(), beside another process that runs. */
static int stuck_behind(void *arg)
{
	struct child other = { 0 };

	if (child_start(&other, spin_forever, NULL))
		return 1;
	watchdog_other(other.pid);
	return stuck_with_itself(arg);
}

/* Nanoseconds between two polls of the tests' watchdogs: 0.4 s to a verdict. */
#define STUCK_POLL_NS (WATCHDOG_POLL_NS / 10)

/* Starts the watchdog and a reader. */
static int stuck_runner(void *arg)
{
	int (**reads)(void *arg) = arg;
	struct child reader = { 0 };

	if (!freopen("/dev/null", "w", stdout))
		return 1;
	watchdog_poll_ns = STUCK_POLL_NS;
	watchdog_cpu_ns = STUCK_CPU_NS / 30;
	watchdog_start();
	if (child_start(&reader, *reads, NULL))
		return 1;
	/* Waiting for the reader would not show that the watchdog kills this process. */
	return pause_forever(NULL);
}

/* Runs for ever without a call that ends, and without a modifier. */
static int stuck_running(void *arg)
{
	watchdog_watch(0);
	while (!arg)
		;
	return 0;
}

/* The same, but tells of progress. */
static int runs_with_progress(void *arg)
{
	watchdog_watch(0);
	for (;;) {
		spin_ns(NSEC_PER_MSEC);
		watchdog_heartbeat();
	}
	return !arg;
}

/*
 * The watchdog kills a reader and a modifier that are both blocked, or one of them, or a
 * reader that runs without progress, and the runner.  It kills nothing if there is progress,
 * or if another process that they may wait for is running.  The timeout allows for an
 * emulated machine on a busy host, on which six processes and their watchdogs take 30 s.
 */
TEST_F_TIMEOUT(processes, stuck_is_who_waits_for_each_other, 120)
{
	/* The first ones are stuck; the last ones run as long as any of these. */
	int (*reads[])(void *arg) = {
		stuck_with_itself, stuck_alone, stuck_modifier, stuck_running,
		stuck_behind, runs_with_progress,
	};
	const unsigned int stuck = 4;
	struct child runner[ARRAY_SIZE(reads)] = { 0 };
	unsigned int i;

	for (i = ARRAY_SIZE(reads); i--;)
		ASSERT_EQ(0, child_start(&runner[i], stuck_runner, &reads[i]));
	for (i = 0; i < stuck; i++)
		EXPECT_EQ(128 + SIGKILL, child_wait(&runner[i], 25 * NSEC_PER_SEC)) {
			TH_LOG("process %u", i);
		}
	/* The other watchdogs may get their CPU later: as long a time as these took. */
	sleep_ns(STUCK_POLLS * STUCK_POLL_NS);
	for (i = stuck; i < ARRAY_SIZE(reads); i++)
		EXPECT_TRUE(child_alive(&runner[i])) {
			TH_LOG("process %u", i);
		}
	for (i = 0; i < ARRAY_SIZE(reads); i++)
		child_kill(&runner[i]);
}

/* A wait for a task ends when its time is over, or when the task is gone. */
TEST_F(processes, patience_ends_with_the_task)
{
	struct timeout over = timeout_start(0), timeout = timeout_start(5 * NSEC_PER_SEC);
	struct start_barrier barrier = { 0 };
	struct child child = { 0 };
	int i;

	ASSERT_EQ(0, child_start(&child, pause_forever, NULL));
	EXPECT_EQ(-ETIMEDOUT, task_timed_out(&over, child.pid));
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, task_timed_out(&timeout, child.pid));
		EXPECT_EQ(0, task_timed_out(&timeout, 0));
		sleep_ns(TIMEOUT_POLL_NS);
	}
	EXPECT_EQ(-ETIMEDOUT, futex_await(&barrier.open, 0, NSEC_PER_MSEC, child.pid));
	/* It is not reaped meanwhile. */
	kill(child.pid, SIGKILL);
	EXPECT_EQ(-ESRCH, futex_await(&barrier.open, 0, 5 * NSEC_PER_SEC, child.pid));
	EXPECT_EQ(0, futex_await(&barrier.open, 1, 5 * NSEC_PER_SEC, child.pid));
	child_kill(&child);
}

/* The result of step_with_heartbeat(), in shared memory. */
struct heartbeats {
	int error;
	uint64_t checked;
	uint32_t counted;
};

/* Steps through a change, and counts heartbeats. */
static int step_with_heartbeat(void *arg)
{
	static struct context context;
	struct run run = { .context = &context, .how = "stepped" };
	struct heartbeats *beats = arg;

	watchdog_start();
	beats->error = context_start(&context, &change_hole, &file_maps, &plain_options);
	beats->counted = -watchdog_now().thread[STUCK_READER].beats;
	if (!beats->error)
		beats->error = step_boundaries(&run, READER_BUFFER, 1);
	beats->counted += watchdog_now().thread[STUCK_READER].beats;
	beats->checked = run.counters.readings;
	return context_over(&context);
}

/* The watchdog learns of each reading of a stepped test, where nothing races. */
TEST_F(processes, stepped_readings_have_heartbeats)
{
	struct heartbeats *beats = shared_alloc(sizeof(*beats));
	struct child runner = { 0 };

	ASSERT_TRUE(!!beats);
	ASSERT_EQ(0, child_start(&runner, step_with_heartbeat, beats));
	EXPECT_EQ(0, child_wait(&runner, 20 * NSEC_PER_SEC));
	child_kill(&runner);
	if (beats->error == -ENOENT || beats->error == -EACCES)
		SKIP(return, "no such file in this kernel");
	EXPECT_EQ(0, beats->error);
	EXPECT_LT(0U, beats->checked);
	/* One to find the boundary, and the one that is checked. */
	EXPECT_LE(2 * beats->checked, beats->counted);
	munmap(beats, sizeof(*beats));
}

/* ---- latency: processes ---- */

/* Starts and stops a stopwatch, which is reset after each operation. */
static int stopwatch_main(void *arg)
{
	struct stopwatch *stopwatch = arg;

	for (;;) {
		stopwatch_start(stopwatch);
		stopwatch_stop(stopwatch);
		stopwatch->begin = 0;
	}
	return 0;
}

/* No operation ever seems to have begun before the test. */
TEST(stopwatch_is_whole)
{
	struct stopwatch *stopwatch = shared_alloc(sizeof(*stopwatch));
	struct timeout timeout = timeout_start(5 * NSEC_PER_SEC);
	int64_t began = now_ns(), oldest = 0;
	struct child maker = { 0 };
	unsigned int seen = 0;

	ASSERT_TRUE(!!stopwatch);
	ASSERT_EQ(0, child_start(&maker, stopwatch_main, stopwatch));
	/* Of a maker on the same CPU, only the moments at which it is preempted are seen. */
	while (now_ns() - began < 300 * NSEC_PER_MSEC || (!seen && !timed_out(&timeout))) {
		uint32_t mark = atomic_load(&stopwatch->in_flight);

		if (!mark)
			continue;
		seen++;
		if (stopwatch_age(mark) > oldest)
			oldest = stopwatch_age(mark);
	}
	child_kill(&maker);
	munmap(stopwatch, sizeof(*stopwatch));
	EXPECT_LT(0U, seen);
	EXPECT_LT(oldest, now_ns() - began + NSEC_PER_MSEC);
}

TEST(stopwatch_marks)
{
	int64_t hour = 3600 * NSEC_PER_SEC, now = now_ns();
	int64_t age = stopwatch_age(stopwatch_mark(now - hour));

	EXPECT_NE(0U, stopwatch_mark(0));
	EXPECT_NE(0U, stopwatch_mark((1LL << 32) * NSEC_PER_USEC));
	EXPECT_LE(hour, age + 2 * NSEC_PER_USEC);
	EXPECT_GE(hour + now_ns() - now + 2 * NSEC_PER_USEC, age);
}

/*
 * Time in seconds for which blocked_main() blocks.  Longer than child_kill() waits, and
 * finite since nothing else ends the process.
 */
#define BLOCKED_S 30

static int blocking_child_main(void *arg)
{
	bind_to_parent();
	alarm(BLOCKED_S);
	return pause_forever(arg);
}

/*
 * Blocks in the kernel, as a mapper may do.  Runs as another user, which also clears
 * the signal that the death of the parent would send.
 */
static int blocked_main(void *arg)
{
	static char stack[16384];

	if (setresuid(65534, 65534, 65534))
		return 1;
	stdio_to_null();
	clone(blocking_child_main, stack + sizeof(stack), CLONE_VFORK | SIGCHLD, arg);
	return 0;
}

/* Frees a trial whose target cannot be killed, for lack of permission. */
static int blocked_runner(void *arg)
{
	struct trial *trial = arg;
	struct timeout timeout = timeout_start(5 * NSEC_PER_SEC);
	struct child *child = &trial->target.child;

	if (child_start(child, blocked_main, NULL))
		return 1;
	while (task_state(child->pid) != 'D' && !timed_out(&timeout))
		sleep_ns(TIMEOUT_POLL_NS);
	if (setresuid(65533, 65533, 65533) || !kill(child->pid, 0))
		return 2;
	child_kill_ns = 100 * NSEC_PER_MSEC;
	return trial_free(trial) == -ETIMEDOUT ? 0 : 3;
}

/* Root of a container need not be allowed to. */
static int become_another(void *arg)
{
	return setresuid(65534, 65534, 65534);
}

static int become_a_third(void *arg)
{
	return setresuid(65533, 65533, 65533);
}

TEST_F(processes, trial_tells_who_is_held)
{
	struct trial *trial = shared_alloc(sizeof(*trial));
	struct child runner = { 0 };

	if (geteuid())
		SKIP(return, "not root");
	if (run_once(become_another) || run_once(become_a_third))
		SKIP(return, "cannot become another user");
	ASSERT_TRUE(!!trial);
	EXPECT_EQ(0, trial_free(trial));
	ASSERT_EQ(0, child_start(&runner, blocked_runner, trial));
	EXPECT_EQ(0, child_wait(&runner, 25 * NSEC_PER_SEC));
	/* The target has not been reaped, so the PID is still its own. */
	if (trial->target.child.pid > 0)
		kill(trial->target.child.pid, SIGKILL);
	child_kill(&runner);
	munmap(trial, sizeof(*trial));
}

TEST(waits_are_told_from_work)
{
	struct waits sleeps = { 0 }, works = { 0 };
	unsigned int i;

	if (thread_is_traced())
		SKIP(return, "a tracer stops each system call");
	for (i = 0; i < WAITS_ENOUGH; i++) {
		struct waits_mark mark = waits_begin();
		int64_t end;

		/*
		 * A shorter one may be over before an emulated CPU is given away, and any may
		 * while the host pauses that CPU.
		 */
		sleep_ns(2 * NSEC_PER_MSEC);
		waits_end(&sleeps, &mark);
		mark = waits_begin();
		for (end = now_ns() + 50 * NSEC_PER_USEC; now_ns() < end;)
			;
		waits_end(&works, &mark);
	}
	EXPECT_LE(WAITS_ENOUGH / 2U, sleeps.slept);
	EXPECT_EQ(0U, works.slept);
	EXPECT_TRUE(waits_asleep(&sleeps));
	EXPECT_FALSE(waits_asleep(&works));
}

/* Simulates calls of @ns, of which a busy machine delays each fourth to @slow_ns. */
static struct waits fake_waits(int64_t ns, int64_t slow_ns)
{
	struct waits waits = { .rounds = WAITS_ROUNDS };
	unsigned int i;

	for (i = 0; i < WAITS_ROUNDS; i++)
		waits.took[i] = i % 4 ? ns : slow_ns;
	waits_sort(&waits);
	return waits;
}

TEST(waits_that_spin)
{
	struct waits map = fake_waits(1300, 9000000);
	struct waits fine = fake_waits(2500, 2500);
	struct waits busy = fake_waits(2500, 40000000);
	struct waits spins = fake_waits(6500, 6500);

	EXPECT_FALSE(waits_awake(&fine, &map));
	EXPECT_FALSE(waits_awake(&busy, &map));
	EXPECT_TRUE(waits_awake(&spins, &map));
	/* Up to WAITS_ROUNDS / WAITS_SHARE calls may sleep for memory or a lock. */
	fine.slept = WAITS_ROUNDS / WAITS_SHARE;
	EXPECT_FALSE(waits_asleep(&fine));
	fine.slept++;
	EXPECT_TRUE(waits_asleep(&fine));
}

/* The main() of the harness, which the main() below calls. */
#define main harness_main
TEST_HARNESS_MAIN
#undef main

int main(int argc, char **argv)
{
	/* Tests that spin must not run at an inherited real-time priority. */
	policy_reset();
	list_entries();
	return harness_main(argc, argv);
}
