/* SPDX-License-Identifier: GPL-2.0 */
/*
 * verdict.h - does reading one process's maps hold up its mmap()?
 *
 * The evidence comes in pairs of windows: in one the scanners read the target,
 * in the other a control process, in random order.  Everything else is the same, so
 * whatever the machine does to both (a busy host, a slow emulator, a timer
 * that is late) does not matter, as long as it does not know which is which.
 *
 * The rule, in one sentence: a pair speaks for interference when the target's
 * mean operation took at least the square root of VERDICT_EFFECT times the
 * control's, else against it, and the first side that is VERDICT_LEAD pairs ahead
 * has it.
 *
 * That is Wald's sequential test on the sign of each pair.  Only the sign
 * counts, so one pause of 100 ms is one vote, however heavy the tail.  If a
 * pair votes wrongly with probability p, then the verdict is wrong with
 * probability 1 / (1 + ((1 - p) / p)^VERDICT_LEAD), without a bound on pairs;
 * with one, it can only be less, as "unsure" takes the rest:
 *
 *     p      0.10      0.20      0.30      0.36
 *     wrong  2 in 10^8 2 in 10^5 0.1 %     1.0 %
 *
 * What the sign cannot see is a stall that is long but not in most windows.
 * That is what the tail is for: pairs in which one side has a slow operation
 * and the other has nothing like it.  Pauses of the host fall on either side;
 * when nearly all fall on the target's, it is not the host.  See verdict_tail()
 * and the three conditions in verdict_next().  Stalls in fewer than two thirds
 * of the windows are where the one percent ends: in half of them, 1.2 % of the
 * verdicts are a wrong "fine", and 3 % on a host that adds pauses of its own.
 *
 * Pure: no system calls, no clock.  All numbers are nanoseconds.
 */
#ifndef PROC_LATENCY_VERDICT_H
#define PROC_LATENCY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The smallest effect worth a gate is the mean doubled: kernels with lockless
 * reads show 1.0 to 1.2, those that hold the lock 5 to 150.  The two hypotheses
 * are "1" and "2"; in the middle of them, on the scale of ratios, is the square
 * root of 2.  A kernel that sits just there is worth an "unsure".
 */
#define VERDICT_EFFECT 2.0

/*
 * One percent wrong with 36 % of the pairs voting wrongly, see the table above.
 * The price of a larger lead is time: eight pairs are the least there can be.
 */
#define VERDICT_LEAD 8

/*
 * So many one-sided pairs must be the target's, and three more for each one
 * that is the control's.  A fair coin that only counts the one-sided pairs gets
 * there with probability 1/2^9 + C(12,1)/2^13 + ... = 0.5 %.
 */
#define VERDICT_TAIL_LEAD 9

enum verdict {
	VERDICT_MORE,		/* give it another pair */
	VERDICT_FINE,
	VERDICT_INTERFERES,
	VERDICT_UNSURE,		/* as many pairs as it may have, and no answer */
};

/**
 * struct window - what one window measured
 * @ops:	operations that were timed
 * @sum_ns:	of their durations
 * @max_ns:	the longest
 * @idle:	the scanners were not seen reading what they should have read
 */
struct window {
	uint64_t ops;
	uint64_t sum_ns;
	uint64_t max_ns;
	bool idle;
};

/**
 * struct verdict_side - all windows of one side taken together
 * @ops:	operations
 * @sum_ns:	of their durations
 * @slow:	windows with an operation over the limit
 * @alone:	pairs in which this side had one and the other side's maximum
 *		was VERDICT_TAIL_RATIO times less
 */
struct verdict_side {
	uint64_t ops;
	uint64_t sum_ns;
	unsigned int slow;
	unsigned int alone;
};

/**
 * struct verdict_state - zeroed, but for the three constants, is a fresh one
 * @effect:	the smallest ratio of means worth a verdict against the kernel:
 *		VERDICT_EFFECT, where there is no reason for another (constant)
 * @limit_ns:	what a slow operation is (constant)
 * @max_pairs:	when to give up (constant)
 * @pairs:	pairs that voted
 * @void_pairs:	pairs without a vote: no operations, or idle scanners
 * @lead:	votes for interference less votes against
 * @target:	one side
 * @control:	the other
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

/** verdict_mean() - mean operation of one side in ns, 0 without operations. */
double verdict_mean(const struct verdict_side *side);

/**
 * verdict_ratio() - the target's mean over the control's, all windows together
 * @s:		what is known so far
 *
 * Return: the ratio, or 0 while one of them has no operation.
 */
double verdict_ratio(const struct verdict_state *s);

/** verdict_tail_doubt() - enough of it not to be sure of the contrary. */
bool verdict_tail_doubt(const struct verdict_state *s);

/** verdict_is_due() - whether there were as many pairs as there may be */
bool verdict_is_due(const struct verdict_state *s);

/**
 * verdict_last() - the verdict when there will be no further pair
 * @s:		what is known so far
 *
 * Return: VERDICT_INTERFERES or VERDICT_UNSURE.
 */
enum verdict verdict_last(const struct verdict_state *s);

/**
 * verdict_next() - take one more pair into account
 * @s:		what is known so far
 * @target:	the window in which the scanners read the target
 * @control:	the window in which they read the control process
 *
 * A pair in which nothing was timed, or in which the scanners were not seen at
 * work, says nothing about the kernel: it uses up the bound, and that is all.
 * When there is nothing but such pairs, there is no use in waiting for it.
 *
 * "Fine" needs three things: the pairs' votes; means that, over all windows so
 * far, are not as far apart as the effect; no doubt about the tail.  A pause of
 * the host can spoil the last two, and further pairs dilute it, so that puts
 * the answer off.  What the kernel does comes again.
 *
 * Return: the verdict, final unless it is VERDICT_MORE.
 */
enum verdict verdict_next(struct verdict_state *s, const struct window *target,
			  const struct window *control);

/** verdict_name() - one word for a report. */
const char *verdict_name(enum verdict v);

#endif /* PROC_LATENCY_VERDICT_H */
