// SPDX-License-Identifier: GPL-2.0
#include "verdict.h"

/*
 * One window's maximum must be this many times its partner's before the pair
 * counts as one-sided in the tail: the maxima of two windows that differ by
 * chance alone are mostly within a factor of four.
 */
#define VERDICT_TAIL_RATIO 4
#define VERDICT_TAIL_WEIGHT 3

/*
 * And they must be a fifth of all pairs: with windows of 50 ms, a stall four
 * times a second.  Lockless kernels with the published 16,000 mappings show
 * one-sided pairs in 1 to 3 %, as many for the control process; with 512 mappings, where
 * the weakness described in stall.h sets in, about half of the pairs.
 */
#define VERDICT_TAIL_SHARE 5

/*
 * When there is no more time there is one last look, and a single look may ask
 * for less than one after each pair: seven, and two more for each one of the
 * control's, is 1.1 % at most for a fair coin.  The means must agree.
 */
#define VERDICT_LAST_LEAD 7
#define VERDICT_LAST_WEIGHT 2

/*
 * Two more than the control process, and an eighth of all pairs, are no proof, but too
 * many to call it fine.
 */
#define VERDICT_DOUBT_LEAD 2
#define VERDICT_DOUBT_SHARE 8

double verdict_mean(const struct verdict_side *side)
{
	return side->ops ? (double)side->sum_ns / (double)side->ops : 0;
}

double verdict_ratio(const struct verdict_state *s)
{
	double control = verdict_mean(&s->control);

	return control > 0 ? verdict_mean(&s->target) / control : 0;
}

static void verdict_side_add(struct verdict_side *side,
			     const struct window *own,
			     const struct window *other, uint64_t limit_ns)
{
	side->ops += own->ops;
	side->sum_ns += own->sum_ns;
	if (own->max_ns <= limit_ns)
		return;
	side->slow++;
	if (own->max_ns / VERDICT_TAIL_RATIO >= other->max_ns)
		side->alone++;
}

/**
 * verdict_tail() - whether slow operations are the target's, not the machine's
 * @s:		what is known so far
 * @lead:	how many pairs must be one-sided
 * @weight:	and how many more for each one that is the control's
 * @share:	one in so many of all pairs must be
 *
 * Return: whether so many pairs have a slow operation on the target's side
 * alone, and whether these are not rare.
 */
static bool verdict_tail(const struct verdict_state *s, unsigned int lead,
			 unsigned int weight, unsigned int share)
{
	unsigned int target = s->target.alone, control = s->control.alone;

	return target >= lead + weight * control &&
	       (target - control) * share >= s->pairs;
}

/** verdict_tail_proof() - enough of it to be sure. */
static bool verdict_tail_proof(const struct verdict_state *s)
{
	return verdict_tail(s, VERDICT_TAIL_LEAD, VERDICT_TAIL_WEIGHT,
			    VERDICT_TAIL_SHARE);
}

bool verdict_tail_doubt(const struct verdict_state *s)
{
	return verdict_tail(s, VERDICT_DOUBT_LEAD, 1, VERDICT_DOUBT_SHARE);
}

bool verdict_is_due(const struct verdict_state *s)
{
	return s->pairs + s->void_pairs >= s->max_pairs;
}

enum verdict verdict_last(const struct verdict_state *s)
{
	if (verdict_ratio(s) >= s->effect &&
	    verdict_tail(s, VERDICT_LAST_LEAD, VERDICT_LAST_WEIGHT,
			 VERDICT_TAIL_SHARE))
		return VERDICT_INTERFERES;
	return VERDICT_UNSURE;
}

enum verdict verdict_next(struct verdict_state *s, const struct window *target,
			  const struct window *control)
{
	double slower;

	if (!target->ops || !control->ops || target->idle || control->idle) {
		s->void_pairs++;
	} else {
		slower = (double)target->sum_ns / (double)target->ops /
			 ((double)control->sum_ns / (double)control->ops);
		s->pairs++;
		s->lead += slower * slower >= s->effect ? 1 : -1;
		verdict_side_add(&s->target, target, control, s->limit_ns);
		verdict_side_add(&s->control, control, target, s->limit_ns);
	}

	if (s->lead >= VERDICT_LEAD || verdict_tail_proof(s))
		return VERDICT_INTERFERES;
	if (s->lead <= -VERDICT_LEAD && verdict_ratio(s) < s->effect &&
	    !verdict_tail_doubt(s))
		return VERDICT_FINE;
	if (verdict_is_due(s) ||
	    (!s->pairs && s->void_pairs >= VERDICT_LEAD))
		return verdict_last(s);
	return VERDICT_MORE;
}

const char *verdict_name(enum verdict v)
{
	switch (v) {
	case VERDICT_FINE:
		return "fine";
	case VERDICT_INTERFERES:
		return "interferes";
	case VERDICT_UNSURE:
		return "unsure";
	default:
		return "more";
	}
}
