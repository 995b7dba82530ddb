// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

const char *const rule_text[NR_RULES] = {
	[RULE_NONE] = "legal",
	[RULE_MALFORMED] = "malformed line",
	[RULE_ORDER] = "end does not rise",
	[RULE_GAP] = "gap where a mapping was all the time",
	[RULE_STALE] = "line of a layout that was not current",
	[RULE_MIXED] = "line that was never true",
	[RULE_FOREIGN] = "file or name of another mapping",
	[RULE_SKIPPED] = "mapping passed over",
	[RULE_TAIL] = "file ends before the last mapping",
	[RULE_QUERY] = "query answer that was never true",
	[RULE_CONTENTS] = "number that was never true",
};

void oracle_begin(struct oracle *oracle)
{
	oracle->at[0] = 0;
	oracle->nr_at = 1;
	memset(&oracle->last, 0, sizeof(oracle->last));
	oracle->fits = (1U << oracle->nr) - 1;
	oracle->older = 0;
	oracle->steps_back = 0;
	oracle->lost_tails = 0;
}

unsigned int oracle_add_position(uint64_t *at, unsigned int nr, uint64_t pos)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (at[i] == pos)
			return nr;
	if (nr == ORACLE_POSITIONS) {
		fputs("# more positions than ORACLE_POSITIONS\n", stderr);
		abort();
	}
	at[nr++] = pos;
	return nr;
}

void oracle_resume(struct oracle *oracle, unsigned int current_mask)
{
	unsigned int i, k, nr = oracle->nr_at;

	for (i = 0; i < nr; i++)
		for (k = 0; k < oracle->nr; k++) {
			const struct span *next;

			if (!(current_mask & (1U << k)))
				continue;
			next = layout_next(&oracle->layout[k], oracle->at[i]);
			if (next && next->start > oracle->at[i])
				oracle->nr_at =
					oracle_add_position(oracle->at,
							    oracle->nr_at,
							    next->start);
		}
}

unsigned int oracle_match(const struct oracle *oracle,
			  unsigned int current_mask, const uint64_t *at,
			  unsigned int nr_at, const struct span *line,
			  uint64_t *ends, unsigned int *nr_ends)
{
	unsigned int i, k, mask = 0;

	*nr_ends = 0;
	for (k = 0; k < oracle->nr; k++)
		for (i = 0; i < nr_at; i++) {
			const struct span *next;

			next = layout_next(&oracle->layout[k], at[i]);
			if (!next || span_differs(next, line, oracle->fields))
				continue;
			mask |= 1U << k;
			if (current_mask & (1U << k))
				*nr_ends = oracle_add_position(ends, *nr_ends,
							       next->end);
		}
	return mask;
}

unsigned int oracle_lost_tail(const struct oracle *oracle,
			      unsigned int current_mask, uint64_t *at)
{
	unsigned int i, k, nr = 0;

	for (k = 0; k < oracle->nr; k++) {
		const struct layout *layout = &oracle->layout[k];

		if (!((current_mask | oracle->older) & (1U << k)))
			continue;
		for (i = 0; i < oracle->nr_at; i++) {
			const struct span *next;

			next = layout_next(layout, oracle->at[i]);
			if (next && (next->start < oracle->at[i] ||
				     next == layout_last(layout)))
				nr = oracle_add_position(at, nr, next->end);
		}
	}
	return nr;
}

/*
 * Returns true if some address in [from, to) is mapped in every current layout.  A
 * range that all of them map begins at the start of a span or at @from, so no other
 * addresses need to be tried.
 */
static bool oracle_always_mapped(const struct oracle *oracle,
				 unsigned int current_mask, uint64_t from,
				 uint64_t to)
{
	uint64_t addr = from;

	while (addr < to) {
		uint64_t candidate = addr;
		unsigned int k;

		for (k = 0; k < oracle->nr; k++) {
			const struct span *next;

			if (!(current_mask & (1U << k)))
				continue;
			next = layout_next(&oracle->layout[k], addr);
			if (!next)
				return false;
			if (next->start > candidate)
				candidate = next->start;
		}
		if (candidate == addr)
			return true;
		addr = candidate;
	}
	return false;
}

/* Returns true if a layout of @mask has a span that equals @line in all @fields. */
static bool oracle_has_span(const struct oracle *oracle, unsigned int mask,
			    const struct span *line, unsigned int fields)
{
	unsigned int i, k;

	for (k = 0; k < oracle->nr; k++) {
		const struct layout *layout = &oracle->layout[k];

		if (!(mask & (1U << k)))
			continue;
		for (i = 0; i < layout->nr; i++)
			if (!span_differs(&layout->span[i], line, fields))
				return true;
	}
	return false;
}

/* Finds the first rule that an illegal line breaks. */
static enum rule oracle_broken_rule(const struct oracle *oracle,
				    unsigned int current_mask,
				    const struct span *line)
{
	unsigned int place = SPAN_START | (oracle->fields & SPAN_END);
	uint64_t from = oracle->last.end;

	if ((oracle->fields & SPAN_END) && line->end <= oracle->last.end)
		return RULE_ORDER;
	if (!(oracle->fields & SPAN_END))
		from = oracle->at[0];
	if (oracle_always_mapped(oracle, current_mask, from, line->start))
		return RULE_GAP;
	if (oracle_has_span(oracle, current_mask, line, oracle->fields))
		return RULE_SKIPPED;
	if (oracle_has_span(oracle, ~0U, line, oracle->fields))
		return RULE_STALE;
	if (oracle_has_span(oracle, ~0U, line,
			    place | (oracle->fields & SPAN_PERM)))
		return RULE_FOREIGN;
	return RULE_MIXED;
}

enum rule oracle_line(struct oracle *oracle, unsigned int current_mask,
		      const struct span *line)
{
	uint64_t ends[ORACLE_POSITIONS], tails[ORACLE_POSITIONS];
	unsigned int nr_ends, nr_tails, mask;

	mask = oracle_match(oracle, current_mask, oracle->at, oracle->nr_at,
			    line, ends, &nr_ends);
	if (!nr_ends && oracle->tolerate_lost_tail) {
		nr_tails = oracle_lost_tail(oracle, current_mask, tails);
		mask = oracle_match(oracle, current_mask, tails, nr_tails,
				    line, ends, &nr_ends);
		oracle->lost_tails += !!nr_ends;
	}
	if (!nr_ends)
		return oracle_broken_rule(oracle, current_mask, line);

	if (oracle->last.end && line->start <= oracle->last.start)
		oracle->steps_back++;
	memcpy(oracle->at, ends, nr_ends * sizeof(*ends));
	oracle->nr_at = nr_ends;
	oracle->last = *line;
	oracle->matched = mask & current_mask;
	oracle->fits &= mask;
	return RULE_NONE;
}

/* Returns the layouts that have no mapping above one of the positions. */
static unsigned int oracle_nothing_above(const struct oracle *oracle,
					 const uint64_t *at, unsigned int nr_at)
{
	unsigned int i, k, mask = 0;

	for (k = 0; k < oracle->nr; k++)
		for (i = 0; i < nr_at; i++)
			if (!layout_next(&oracle->layout[k], at[i]))
				mask |= 1U << k;
	return mask;
}

enum rule oracle_end(struct oracle *oracle, unsigned int current_mask)
{
	unsigned int mask, nr_tails;
	uint64_t tails[ORACLE_POSITIONS];

	mask = oracle_nothing_above(oracle, oracle->at, oracle->nr_at);
	oracle->fits &= mask;
	if (!(mask & current_mask) && oracle->tolerate_lost_tail) {
		nr_tails = oracle_lost_tail(oracle, current_mask, tails);
		mask = oracle_nothing_above(oracle, tails, nr_tails);
		oracle->lost_tails += !!(mask & current_mask);
	}
	return mask & current_mask ? RULE_NONE : RULE_TAIL;
}

/*
 * Returns true if a span has the properties that a question asks for.  Shared
 * anonymous memory counts as file-backed: it has an inode.
 */
static bool question_matches(const struct question *question,
			     const struct span *span)
{
	int i;

	if (question->file && !span->inode && span->name[0] != '/')
		return false;
	for (i = 0; i < 4; i++)
		if (question->perm[i] != '-' &&
		    question->perm[i] != span->perm[i])
			return false;
	return true;
}

enum rule oracle_query(const struct oracle *oracle, unsigned int current_mask,
		       const struct question *question,
		       const struct span *answer)
{
	uint64_t at[ORACLE_POSITIONS] = { question->addr };
	unsigned int nr = 1;

	while (nr) {
		uint64_t then[ORACLE_POSITIONS];
		unsigned int i, k, nr_then = 0;

		for (k = 0; k < oracle->nr; k++) {
			if (!(current_mask & (1U << k)))
				continue;
			for (i = 0; i < nr; i++) {
				const struct span *s;

				s = layout_next(&oracle->layout[k], at[i]);
				if (s && question_matches(question, s) &&
				    (question->or_next ||
				     s->start <= question->addr)) {
					if (answer &&
					    !span_differs(s, answer, oracle->fields))
						return RULE_NONE;
				} else if (s && question->or_next) {
					nr_then = oracle_add_position(then,
								      nr_then,
								      s->end);
				} else if (!answer) {
					return RULE_NONE;
				}
			}
		}
		memcpy(at, then, nr_then * sizeof(*then));
		nr = nr_then;
	}
	return RULE_QUERY;
}
