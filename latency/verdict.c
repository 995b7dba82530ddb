// SPDX-License-Identifier: GPL-2.0
#include "verdict.h"

/*
 * Factor by which the maximum of a window must exceed that of the other window
 * of its pair, for the pair to count as one-sided in the tail.  The maxima of
 * two windows that differ by chance alone are mostly within a factor of four.
 */
#define VERDICT_TAIL_RATIO 4

/*
 * Number of additional one-sided pairs of the target, for each one of the control
 * process, that proves interference; see VERDICT_TAIL_LEAD for the probability.
 */
#define VERDICT_TAIL_WEIGHT 3

/*
 * Inverse of the share of all pairs that must be one-sided for a proof.  With
 * windows of 50 ms, a fifth is a stall four times a second.  Lockless kernels
 * with the published 16,000 mappings show one-sided pairs in 1 to 3 %, for the
 * target and for the control process alike.  With 512 mappings, where the
 * weakness described in stall.h sets in, about half of the pairs are one-sided.
 */
#define VERDICT_TAIL_SHARE 5

/*
 * Number of one-sided pairs of the target that decides when the time is over.
 * A single decision needs fewer than VERDICT_TAIL_LEAD, which is tested after
 * each pair.  With VERDICT_LAST_WEIGHT, a fair coin gets there with a
 * probability of at most 1.1 %.  The ratio of the means must agree.
 */
#define VERDICT_LAST_LEAD 7

/*
 * Number of additional one-sided pairs of the target, for each one of the control
 * process, that decides when the time is over; see VERDICT_LAST_LEAD.
 */
#define VERDICT_LAST_WEIGHT 2

/*
 * Number by which one-sided pairs of the target must exceed those of the
 * control process to rule out VERDICT_FINE.  The value is below that of a
 * proof, as the only consequence is "unsure".
 */
#define VERDICT_DOUBT_LEAD 2

/* Inverse of the share of all pairs that must be one-sided to rule out VERDICT_FINE. */
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
 * verdict_tail() - check whether slow operations are on the target's side alone
 * @s:	state of the test
 * @lead:	number of one-sided pairs of the target needed
 * @weight: additional number for each one-sided pair of the control process
 * @share:	inverse of the share of all pairs that must be one-sided
 *
 * Return: whether the target has enough one-sided pairs, and whether they are a
 * large enough share of all pairs.
 */
static bool verdict_tail(const struct verdict_state *s, unsigned int lead,
			 unsigned int weight, unsigned int share)
{
	unsigned int target = s->target.alone, control = s->control.alone;

	return target >= lead + weight * control &&
	       (target - control) * share >= s->pairs;
}

/** verdict_tail_proof() - check whether the tail proves interference */
static bool verdict_tail_proof(const struct verdict_state *s)
{
	return verdict_tail(s, VERDICT_TAIL_LEAD, VERDICT_TAIL_WEIGHT,
			    VERDICT_TAIL_SHARE);
}

bool verdict_tail_doubt(const struct verdict_state *s)
{
	return verdict_tail(s, VERDICT_DOUBT_LEAD, 1, VERDICT_DOUBT_SHARE);
}

bool verdict_is_clear(const struct verdict_state *s)
{
	double votes = ((int)s->pairs + s->lead) / 2.0;

	return votes >= VERDICT_CLEAR * s->pairs || s->target.alone >= VERDICT_CLEAR * s->pairs;
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
