// SPDX-License-Identifier: GPL-2.0
/*
 * Are the judges right?  Everything here is planted: no /proc, no clock, no
 * luck.  A judge that cannot say no, or says it too often, fails here and not
 * on somebody's kernel.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "histogram.h"
#include "verdict.h"
#include "../kselftest_harness.h"

/* ---- latency: histogram and verdict, begin ---- */

/* xorshift64*, so that every run judges the same evidence. */
static uint64_t plant_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* A number from 0 up to but not including 1. */
static double plant_unit(uint64_t *state)
{
	return (double)(plant_next(state) >> 11) / 9007199254740992.0;
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
		/* The promised error: the width against the smallest value. */
		ASSERT_LE((high - low) << HIST_SUB_BITS, low);
		if (i)
			ASSERT_EQ(low, hist_ceiling(i - 1) + 1);
	}
	EXPECT_EQ(1ULL << HIST_TOP_BITS, hist_floor(HIST_BUCKETS));
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
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
		/* All magnitudes, as often each. */
		sample[i] = plant_next(&rng) >> (64 - HIST_TOP_BITS) >>
			    plant_next(&rng) % HIST_TOP_BITS;
		sum += sample[i];
		hist_add(&half[i % 2], sample[i], 1);
	}
	hist_merge(&whole, &half[0]);
	hist_merge(&whole, &half[1]);
	qsort(sample, n, sizeof(sample[0]), by_size);
	EXPECT_EQ(n, whole.count);
	EXPECT_EQ(sum, whole.sum);
	EXPECT_EQ(sample[0], whole.min);
	EXPECT_EQ(sample[n - 1], whole.max);
	EXPECT_EQ(0U, whole.overflow);
	for (i = 0; i < ARRAY_SIZE(ppm); i++) {
		uint64_t rank = ((uint64_t)n * ppm[i] + 999999) / 1000000;
		uint64_t exact = sample[rank ? rank - 1 : 0];
		uint64_t told = hist_quantile(&whole, ppm[i]);

		EXPECT_LE(exact, told);
		EXPECT_LE((told - exact) << HIST_SUB_BITS, exact);
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
	/* 9.9 ms, 9.8 ms ... 0.1 ms: a hundred, less one. */
	EXPECT_EQ(1000U + 99, full.count);
	EXPECT_EQ(10000000U, full.max);
	EXPECT_LE(hist_quantile(&plain, 990000), 11000U);
	EXPECT_GE(hist_quantile(&full, 990000), 8000000U);
}

/*
 * A machine and a kernel, as the verdict sees them.  Durations in ns.
 * @base:	of most operations; they spread from half to double of it
 * @heavy:	one in so many is from a heavy tail (Pareto, exponent 1.1: the
 *		mean exists, the variance does not), cut at 100 ms; 0: none
 * @pause:	one in so many windows has a pause of the host, 4 to 100 ms
 * @drift:	each window is so much slower than the one before
 * @slower:	the victim's operations are this many times as long
 * @stall:	one in so many of the victim's operations stalls; 0: none
 * @stall_ns:	for this long
 * @ops:	operations in a window
 * @wrong:	so many of a thousand verdicts may be wrong; 0: the promised ten
 */
struct planted {
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

static const struct planted planted[] = {
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
	/* Votes like a coin's: here the promise ends. */
	{ "a stall in every other window",
	  VERDICT_INTERFERES, 2500, 0, 0, 1, 1.0, 870, 5e6, 600, 25 },
	{ "a stall in every other window, busy host",
	  VERDICT_INTERFERES, 2500, 0, 20, 1, 1.0, 870, 5e6, 600, 40 },
};

static struct window plant_window(const struct planted *p, double level,
				  bool victim, uint64_t *rng)
{
	struct window w = { .ops = p->ops };
	unsigned int i;
	double ns;

	for (i = 0; i < p->ops; i++) {
		ns = level * (0.5 + 1.5 * plant_unit(rng));
		if (victim)
			ns *= p->slower;
		if (p->heavy && plant_next(rng) % p->heavy == 0) {
			/* Inverse of 1 - x^-1.1, without a power function. */
			double u = 1 - plant_unit(rng);

			ns = level / u;
			if (ns > 1e8)
				ns = 1e8;
		}
		if (victim && p->stall && plant_next(rng) % p->stall == 0)
			ns += p->stall_ns * (0.5 + plant_unit(rng));
		if (i == 0 && p->pause && plant_next(rng) % p->pause == 0)
			ns += 4e6 + 96e6 * plant_unit(rng);
		w.sum_ns += (uint64_t)ns;
		if ((uint64_t)ns > w.max_ns)
			w.max_ns = (uint64_t)ns;
	}
	return w;
}

#define PLANT_PAIRS 36		/* what four seconds allow */
#define PLANT_TRIALS 1000

static enum verdict plant_trial(const struct planted *p, uint64_t *rng,
				unsigned int *pairs)
{
	struct verdict_state s = {
		.effect = VERDICT_EFFECT,
		.limit_ns = 500000,
		.max_pairs = PLANT_PAIRS,
	};
	double level = p->base;
	enum verdict v;

	do {
		bool first = plant_next(rng) % 2;
		struct window window[2];

		window[first] = plant_window(p, level, first, rng);
		level *= p->drift;
		window[!first] = plant_window(p, level, !first, rng);
		level *= p->drift;
		v = verdict_next(&s, &window[1], &window[0]);
	} while (v == VERDICT_MORE);
	*pairs += s.pairs;
	return v;
}

/*
 * At most one percent wrong, each way.  What is not wrong may be unsure, but
 * not so often that the gate would be useless.
 */
TEST(verdict_error_rates)
{
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(planted); i++) {
		const struct planted *p = &planted[i];
		unsigned int count[VERDICT_UNSURE + 1] = { 0 };
		unsigned int pairs = 0;
		uint64_t rng = i + 1;
		enum verdict wrong = p->truth == VERDICT_FINE ?
				     VERDICT_INTERFERES : VERDICT_FINE;

		for (n = 0; n < PLANT_TRIALS; n++)
			count[plant_trial(p, &rng, &pairs)]++;
		ksft_print_msg("right %4u wrong %3u unsure %3u pairs %4.1f  %s\n",
			       count[p->truth], count[wrong],
			       count[VERDICT_UNSURE],
			       (double)pairs / PLANT_TRIALS, p->name);
		EXPECT_LE(count[wrong], p->wrong ?: PLANT_TRIALS / 100U) {
			TH_LOG("too often wrong: %s", p->name);
		}
		EXPECT_LE(count[VERDICT_UNSURE], PLANT_TRIALS / 5U) {
			TH_LOG("too often unsure: %s", p->name);
		}
	}
}

/*
 * Windows of 50 ms as they were, from a VM with two CPUs that also ran two
 * compilers and two emulators: operations, sum and maximum in us.
 */
struct recorded {
	unsigned int ops;
	unsigned int sum_us;
	unsigned int max_us;
};

/* maps and PROCMAP_QUERY on 6.18, victim and decoy alike */
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

/* smaps and pagemap on 6.18, the victim's side */
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
	const struct recorded *r = &from[plant_next(rng) % n];

	return (struct window){
		r->ops, r->sum_us * 1000ULL, r->max_us * 1000ULL, false
	};
}

TEST(verdict_on_recorded_windows)
{
	unsigned int count[2][VERDICT_UNSURE + 1] = { { 0 } };
	unsigned int n, locked;
	uint64_t rng = 1;

	for (n = 0; n < 2 * PLANT_TRIALS; n++) {
		struct verdict_state s = {
			.effect = VERDICT_EFFECT,
			.limit_ns = 500000,
			.max_pairs = PLANT_PAIRS,
		};
		enum verdict v;

		locked = n % 2;
		do {
			struct window victim, decoy;

			victim = locked ?
				 recorded_draw(recorded_locked,
					       ARRAY_SIZE(recorded_locked),
					       &rng) :
				 recorded_draw(recorded_lockless,
					       ARRAY_SIZE(recorded_lockless),
					       &rng);
			decoy = recorded_draw(recorded_lockless,
					      ARRAY_SIZE(recorded_lockless),
					      &rng);
			v = verdict_next(&s, &victim, &decoy);
		} while (v == VERDICT_MORE);
		count[locked][v]++;
	}
	for (locked = 0; locked < 2; locked++)
		ksft_print_msg("fine %u interferes %u unsure %u  %s\n",
			       count[locked][VERDICT_FINE],
			       count[locked][VERDICT_INTERFERES],
			       count[locked][VERDICT_UNSURE],
			       locked ? "recorded, locked" :
					"recorded, lockless");
	EXPECT_LE(count[0][VERDICT_INTERFERES], PLANT_TRIALS / 100U);
	EXPECT_LE(count[1][VERDICT_FINE], PLANT_TRIALS / 100U);
	EXPECT_LE(count[0][VERDICT_UNSURE], PLANT_TRIALS / 5U);
	EXPECT_LE(count[1][VERDICT_UNSURE], PLANT_TRIALS / 5U);
}

static enum verdict plant_pairs(struct verdict_state *s, unsigned int n,
				uint64_t victim_ns, uint64_t decoy_ns)
{
	struct window victim = { 100, victim_ns * 100, victim_ns, false };
	struct window decoy = { 100, decoy_ns * 100, decoy_ns, false };
	enum verdict v = VERDICT_MORE;

	while (n-- && v == VERDICT_MORE)
		v = verdict_next(s, &victim, &decoy);
	return v;
}

/* Enumerations have no sign to speak of, the harness's integers do. */
#define EXPECT_VERDICT(want, seen) EXPECT_EQ((int)(want), (int)(seen))

#define FRESH { VERDICT_EFFECT, 500000, PLANT_PAIRS, 0, 0, 0, { 0 }, { 0 } }

TEST(verdict_needs_its_lead)
{
	struct verdict_state s = FRESH;

	EXPECT_VERDICT(VERDICT_MORE,
		       plant_pairs(&s, VERDICT_LEAD - 1, 30000, 10000));
	EXPECT_VERDICT(VERDICT_INTERFERES, plant_pairs(&s, 1, 30000, 10000));
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_MORE,
		       plant_pairs(&s, VERDICT_LEAD - 1, 10000, 10000));
	EXPECT_VERDICT(VERDICT_FINE, plant_pairs(&s, 1, 10000, 10000));
	/* In the middle between "the same" and "twice as long". */
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_INTERFERES,
		       plant_pairs(&s, VERDICT_LEAD, 14200, 10000));
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_FINE,
		       plant_pairs(&s, VERDICT_LEAD, 14100, 10000));
	/* Nobody fails for being fast. */
	s = (struct verdict_state)FRESH;
	EXPECT_VERDICT(VERDICT_FINE, plant_pairs(&s, PLANT_PAIRS, 1000, 900000));
}

TEST(verdict_gives_up)
{
	struct verdict_state s = FRESH;
	unsigned int i;

	/* One vote each, for ever. */
	for (i = 0; i < PLANT_PAIRS / 2; i++) {
		EXPECT_VERDICT(VERDICT_MORE, plant_pairs(&s, 1, 20000, 10000));
		EXPECT_VERDICT(i == PLANT_PAIRS / 2 - 1 ? VERDICT_UNSURE :
						     VERDICT_MORE,
			  plant_pairs(&s, 1, 10000, 10000));
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

/* Votes say fine, but half of the pairs stall; and the decoy never does. */
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
	EXPECT_EQ(VERDICT_TAIL_LEAD + 0U, s.victim.alone);

	/* The other way round it is nobody's fault. */
	s = (struct verdict_state)FRESH;
	do {
		v = verdict_next(&s, &quiet, s.pairs % 2 ? &stall : &quiet);
	} while (v == VERDICT_MORE);
	EXPECT_VERDICT(VERDICT_FINE, v);

	/* Nor is it when both have it. */
	s = (struct verdict_state)FRESH;
	do {
		v = verdict_next(&s, &stall, &stall);
	} while (v == VERDICT_MORE);
	EXPECT_VERDICT(VERDICT_FINE, v);
	EXPECT_EQ(0U, s.victim.alone);
}

/* The last look: one-sided enough for once, and the means agree. */
TEST(verdict_last_look)
{
	struct window quiet = { 600, 1500000, 50000, false };
	struct window stall = { 600, 50000000, 40000000, false };
	struct verdict_state s = FRESH;
	enum verdict v;

	s.pairs = 20;
	s.victim = (struct verdict_side){ 1000, 5000000, 8, 7 };
	s.decoy = (struct verdict_side){ 1000, 2000000, 0, 0 };
	EXPECT_VERDICT(VERDICT_INTERFERES, verdict_last(&s));
	s.victim.alone = 6;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));
	s.victim.alone = 7;
	s.decoy.alone = 1;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));
	s.decoy.alone = 0;
	s.victim.sum_ns = 3000000;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));
	s.victim.sum_ns = 5000000;
	s.pairs = 36;
	EXPECT_VERDICT(VERDICT_UNSURE, verdict_last(&s));

	/* And it is looked: eight stalls are short of a proof by one. */
	s = (struct verdict_state)FRESH;
	do {
		v = verdict_next(&s, s.pairs % 4 || s.pairs >= 32 ? &quiet :
				 &stall, &quiet);
	} while (v == VERDICT_MORE);
	EXPECT_EQ(PLANT_PAIRS + 0U, s.pairs);
	EXPECT_VERDICT(VERDICT_INTERFERES, v);
}

/* Eleven calm pairs, and then a second's stall: never called fine. */
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

/* ---- latency: histogram and verdict, end ---- */

TEST_HARNESS_MAIN
