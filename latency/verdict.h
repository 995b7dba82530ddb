/* SPDX-License-Identifier: GPL-2.0 */
/*
 * verdict.h - decide whether reading the maps of a process slows down its mmap()
 *
 * The evidence comes in pairs of windows, in random order: in one window the
 * scanners read the target, in the other a control process.  Everything else is the
 * same.  Disturbances by the machine (a busy host, a slow emulator, a late timer)
 * hit both windows alike, as long as they do not depend on the group.
 *
 * The rule: a pair votes for interference when the mean operation of the target
 * took at least the square root of VERDICT_EFFECT times that of the control
 * process, and against it otherwise.  The first side that leads by VERDICT_LEAD
 * pairs is the verdict.
 *
 * That is Wald's sequential probability ratio test on the sign of each pair.  Since
 * only the sign counts, one pause of 100 ms is one vote, however heavy the tail is.
 * If a pair votes wrongly with probability p, then the verdict is wrong with
 * probability 1 / (1 + ((1 - p) / p)^VERDICT_LEAD) when the number of pairs is not
 * bounded.  A bound makes it smaller, since some verdicts become "unsure":
 *
 *     p      0.10      0.20      0.30      0.36
 *     wrong  2 in 10^8 2 in 10^5 0.1 %     1.0 %
 *
 * The sign does not show a stall that is long but not in most windows.  The rule
 * about the tail does: it counts pairs in which one side has a slow operation and
 * the other side has nothing like it.  Pauses of the host occur on either side; the
 * kernel is the cause when nearly all occur on the target's side.  See
 * verdict_tail() and the three conditions in verdict_next().  The bound of one
 * percent does not hold for stalls in fewer than two thirds of the windows: with
 * stalls in half of them, 1.2 % of the verdicts are a wrong "fine", and 3 % on a
 * host that adds pauses of its own.
 *
 * Pure code: no system calls, no clock.  All durations are in nanoseconds.
 */
#ifndef PROC_LATENCY_VERDICT_H
#define PROC_LATENCY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Smallest ratio of means that counts as interference.  Kernels with lockless
 * reads show 1.0 to 1.2, kernels that hold the lock 5 to 150.  The two
 * hypotheses are the ratios 1 and 2; the threshold of a vote is their geometric
 * mean, the square root of 2.
 */
#define VERDICT_EFFECT 2.0

/*
 * Lead in pairs that decides.  With 8, one percent of the verdicts are wrong
 * when 36 % of the pairs vote wrongly; see the table above.  A verdict takes at
 * least this many pairs, so a larger lead takes more time.
 */
#define VERDICT_LEAD 8

/*
 * Number of pairs with a slow operation on the target's side alone that
 * decides, plus VERDICT_TAIL_WEIGHT for each such pair of the control process.
 * A fair coin gets there with probability 1/2^9 + C(12,1)/2^13 + ... = 0.5 %.
 */
#define VERDICT_TAIL_LEAD 9

/*
 * Share of the pairs of a positive control in which contention must be seen for VERDICT_FINE
 * to count in the tests that rely on it.  VERDICT_LEAD allows for 36 % of wrong votes, and
 * the share is measured with an error of a tenth.
 */
#define VERDICT_CLEAR 0.75

/* enum verdict - answer of the sequential test */
enum verdict {
	VERDICT_MORE,		/* one more pair is needed */
	VERDICT_FINE,
	VERDICT_INTERFERES,
	VERDICT_UNSURE,		/* no answer within the bound on pairs */
};

/**
 * struct window - measurements of one window
 * @ops:	number of operations
 * @sum_ns: sum of their durations, ns
 * @max_ns: longest duration, ns
 * @idle:	no scanner was seen reading the process that it was to read
 */
struct window {
	uint64_t ops;
	uint64_t sum_ns;
	uint64_t max_ns;
	bool idle;
};

/**
 * struct verdict_side - sum of all windows of one side
 * @ops:	number of operations
 * @sum_ns: sum of their durations, ns
 * @slow:	number of windows with an operation over the limit
 * @alone:	number of pairs in which this side had an operation over the limit, and
 *	the maximum of the other side was smaller by VERDICT_TAIL_RATIO
 */
struct verdict_side {
	uint64_t ops;
	uint64_t sum_ns;
	unsigned int slow;
	unsigned int alone;
};

/**
 * struct verdict_state - state of the sequential test
 * @effect: smallest ratio of means that counts as interference, VERDICT_EFFECT
 *	unless there is a reason for another value; constant
 * @limit_ns: limit of a slow operation, ns; constant
 * @max_pairs: bound on the number of pairs; constant
 * @pairs:	number of pairs that voted
 * @void_pairs: number of pairs without a vote: no operations, or idle scanners
 * @lead:	votes for interference minus votes against it
 * @target: sum of the windows in which the target was read
 * @control: sum of the windows in which the control process was read
 *
 * All fields but the three constants are 0 at the start.
 */
struct verdict_state {
	double effect;
	uint64_t limit_ns;
	unsigned int max_pairs;

	unsigned int pairs;
	unsigned int void_pairs;
	int lead;
	struct verdict_side target;
	struct verdict_side control;
};

/** verdict_mean() - compute the mean duration of one side, ns; 0 without operations */
double verdict_mean(const struct verdict_side *side);

/**
 * verdict_ratio() - compute the target's mean over the control process's mean
 * @s:	state of the test
 *
 * Return: the ratio over all windows, or 0 while one side has no operation.
 */
double verdict_ratio(const struct verdict_state *s);

/** verdict_tail_doubt() - check whether the tail rules out VERDICT_FINE */
bool verdict_tail_doubt(const struct verdict_state *s);

/**
 * verdict_is_clear() - check whether enough of the pairs show interference
 * @s:	state of the test of a positive control
 *
 * Where a part of the pairs shows what is there, as on a host that seldom runs both CPUs of
 * a guest at once, the others vote against it, and a majority of them proves nothing.
 *
 * Return: whether VERDICT_CLEAR of the pairs voted for interference, or have a slow operation
 * on the target's side alone.
 */
bool verdict_is_clear(const struct verdict_state *s);

/** verdict_is_due() - check whether the bound on the number of pairs is reached */
bool verdict_is_due(const struct verdict_state *s);

/**
 * verdict_last() - decide when there will be no further pair
 * @s:	state of the test
 *
 * Return: VERDICT_INTERFERES or VERDICT_UNSURE.
 */
enum verdict verdict_last(const struct verdict_state *s);

/**
 * verdict_next() - add one pair and decide
 * @s:	state of the test
 * @target: window in which the scanners read the target
 * @control: window in which the scanners read the control process
 *
 * A pair without operations or with idle scanners has no vote, but counts for the
 * bound on pairs.  The test ends early when VERDICT_LEAD pairs had no vote and none
 * had one.
 *
 * VERDICT_FINE needs three conditions: the lead; a ratio of the means over all
 * windows that is below the effect; no doubt about the tail.  A pause of the host
 * can violate the last two.  The answer is then postponed, since further pairs
 * dilute a pause of the host, but not an effect of the kernel.
 *
 * Return: the verdict, final unless it is VERDICT_MORE.
 */
enum verdict verdict_next(struct verdict_state *s, const struct window *target,
			  const struct window *control);

/** verdict_name() - return the name of a verdict in the report */
const char *verdict_name(enum verdict v);

#endif /* PROC_LATENCY_VERDICT_H */
