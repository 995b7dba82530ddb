/* SPDX-License-Identifier: GPL-2.0 */
/*
 * oracle.h - which readings of an address space are legal
 *
 * One sentence decides:
 *
 *	After a line that ended at E may come the first span whose end is above
 *	E, in one of the layouts that were current during that read().
 *
 * Nothing is listed by hand; for any layouts it follows that
 *   - ends strictly rise (starts may repeat or step back: a mapping may be seen
 *     before and after it grew),
 *   - every address that is mapped in all current layouts is covered,
 *   - no line mixes two layouts,
 *   - with one current layout the reading equals that layout,
 *   - PROCMAP_QUERY answers for an address what a line would say.
 *
 * Where one read() ends and the next begins, kernels before 6.17 remember the
 * start of the line to come instead of the end of the line that was:
 * oracle_resume() allows both.  They differ only across a hole.
 *
 * Files without ends (numa_maps) leave several answers to "where did that line
 * end"; the oracle follows all of them.
 *
 * Pure code: no /proc, no system calls.
 */
#ifndef PROC_ORACLE_H
#define PROC_ORACLE_H

#include <stdlib.h>

#include "layout.h"

/* No change has more layouts: a mask of them fits an unsigned int. */
#define ORACLE_LAYOUTS 8
/*
 * A line may end at another place in each layout; behind an end there is a planned
 * start in each layout in which the line has ended by then.
 */
#define ORACLE_POSITIONS (ORACLE_LAYOUTS * (ORACLE_LAYOUTS + 3) / 2)

enum rule {
	RULE_NONE,
	RULE_MALFORMED,		/* a line that is none */
	RULE_ORDER,		/* the end did not rise */
	RULE_GAP,		/* lost what was mapped all the time */
	RULE_STALE,		/* a line of a layout that was not current */
	RULE_TORN,		/* a line of no layout: two are mixed in it */
	RULE_FOREIGN,		/* right place, somebody else's file or name */
	RULE_SKIPPED,		/* stepped over a mapping of each layout */
	RULE_TAIL,		/* the file ended too early */
	RULE_QUERY,		/* PROCMAP_QUERY answered what no layout says */
	NR_RULES,
};

static const char *const rule_text[NR_RULES] = {
	[RULE_NONE] = "legal",
	[RULE_MALFORMED] = "malformed line",
	[RULE_ORDER] = "end does not rise",
	[RULE_GAP] = "gap where a mapping was all the time",
	[RULE_STALE] = "line of a layout that was not current",
	[RULE_TORN] = "line that was never true",
	[RULE_FOREIGN] = "file or name of another mapping",
	[RULE_SKIPPED] = "mapping passed over",
	[RULE_TAIL] = "file ends before the last mapping",
	[RULE_QUERY] = "query answer that was never true",
};

/**
 * struct oracle - the judge of one reading
 * @layout:	all layouts of the change, set by the caller
 * @nr:		how many
 * @via:	layouts that the transition from each layout passes through
 * @fields:	what the file tells of a span
 * @tolerate_lost_tail: count the signature of the known bug (see
 *		oracle_lost_tail()) instead of calling it a gap
 * @at:		where the last line may have ended, or be resumed
 * @nr_at:	how many such positions there are
 * @last:	the last line
 * @fits:	layouts that alone explain all lines so far
 * @steps_back:	lines that start at or below the start of the line before
 * @lost_tails:	lines that only the known bug explains
 */
struct oracle {
	const struct layout *layout;
	unsigned int nr;
	unsigned int via[ORACLE_LAYOUTS];
	unsigned int fields;
	bool tolerate_lost_tail;

	uint64_t at[ORACLE_POSITIONS];
	unsigned int nr_at;
	struct span last;
	unsigned int fits;
	unsigned int steps_back;
	unsigned int lost_tails;
};

/** oracle_begin() - forget the last reading, keep the layouts. */
static inline void oracle_begin(struct oracle *oracle)
{
	oracle->at[0] = 0;
	oracle->nr_at = 1;
	memset(&oracle->last, 0, sizeof(oracle->last));
	oracle->fits = (1U << oracle->nr) - 1;
	oracle->steps_back = 0;
	oracle->lost_tails = 0;
}

/*
 * Adds @pos to the @nr positions in @at.  Without one of them a legal line would be
 * illegal: a table that needs more is a defect of this program, which must not be
 * told as one of the kernel.
 */
static inline unsigned int oracle_add(uint64_t *at, unsigned int nr,
				      uint64_t pos)
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

/**
 * oracle_resume() - a read() ended here, another goes on
 * @oracle:	the judge
 * @current_mask: layouts that were current during the read() that ended
 */
static inline void oracle_resume(struct oracle *oracle,
				 unsigned int current_mask)
{
	unsigned int i, k, nr = oracle->nr_at;

	for (i = 0; i < nr; i++)
		for (k = 0; k < oracle->nr; k++) {
			const struct span *next;

			if (!(current_mask & (1U << k)))
				continue;
			next = layout_next(&oracle->layout[k], oracle->at[i]);
			if (next && next->start > oracle->at[i])
				oracle->nr_at = oracle_add(oracle->at,
							   oracle->nr_at,
							   next->start);
		}
}

/*
 * The successor rule for one line.  Fills @ends with the ends of the spans that
 * the line can stand for in current layouts.  Returns all layouts, current or
 * not, that explain it.
 */
static inline unsigned int oracle_match(const struct oracle *oracle,
					unsigned int current_mask,
					const uint64_t *at, unsigned int nr_at,
					const struct span *line,
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
				*nr_ends = oracle_add(ends, *nr_ends,
						      next->end);
		}
	return mask;
}

/* The last mapping of a layout; what the kernel adds of its own comes behind. */
static inline const struct span *layout_last(const struct layout *layout)
{
	unsigned int n = layout->nr;

	if (n && span_is_gate(&layout->span[n - 1]))
		n--;
	return n ? &layout->span[n - 1] : NULL;
}

/**
 * oracle_lost_tail() - where the known bug of 6.17 and later would go on
 * @oracle:	the judge
 * @current_mask: layouts that were current
 * @at:		filled in
 *
 * lock_next_vma() continues at the iterator's last position.  When a merge has
 * replaced the node under it, the walk starts anew, finds the merged mapping at
 * that position, and steps past all of it: what the merge added above the line
 * just printed is never reported.  So the positions that the bug leads to are
 * the ends of current spans that reach across the end of the last line.
 *
 * It also believes a walk that finds nothing more, whatever changed meanwhile:
 * the last mapping of all is lost, and the position is its end.
 *
 * Return: the number of positions filled into @at.
 */
static inline unsigned int oracle_lost_tail(const struct oracle *oracle,
					    unsigned int current_mask,
					    uint64_t *at)
{
	unsigned int i, k, nr = 0;

	for (k = 0; k < oracle->nr; k++) {
		const struct layout *layout = &oracle->layout[k];

		if (!(current_mask & (1U << k)))
			continue;
		for (i = 0; i < oracle->nr_at; i++) {
			const struct span *next;

			next = layout_next(layout, oracle->at[i]);
			if (next && (next->start < oracle->at[i] ||
				     next == layout_last(layout)))
				nr = oracle_add(at, nr, next->end);
		}
	}
	return nr;
}

/*
 * Whether some address in [from, to) is mapped in every current layout.  It is
 * enough to look at the starts of spans and at @from itself: where all are
 * mapped, the stretch begins with one of these.
 */
static inline bool oracle_always_mapped(const struct oracle *oracle,
					unsigned int current_mask,
					uint64_t from, uint64_t to)
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

/* Does any layout in @mask hold a span that differs from @line in no @fields? */
static inline bool oracle_knows(const struct oracle *oracle, unsigned int mask,
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

/* Names the rule that an illegal line breaks; the first that applies. */
static inline enum rule oracle_blame(const struct oracle *oracle,
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
	if (oracle_knows(oracle, current_mask, line, oracle->fields))
		return RULE_SKIPPED;
	if (oracle_knows(oracle, ~0U, line, oracle->fields))
		return RULE_STALE;
	if (oracle_knows(oracle, ~0U, line,
			 place | (oracle->fields & SPAN_PERM)))
		return RULE_FOREIGN;
	return RULE_TORN;
}

/**
 * oracle_line() - judge the next line of a reading
 * @oracle:	the judge
 * @current_mask: layouts that were current during the read() that looked it up
 * @line:	the line
 *
 * Return: RULE_NONE, or the rule that it breaks; then the reading is over.
 */
static inline enum rule oracle_line(struct oracle *oracle,
				    unsigned int current_mask,
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
		return oracle_blame(oracle, current_mask, line);

	if (oracle->last.end && line->start <= oracle->last.start)
		oracle->steps_back++;
	memcpy(oracle->at, ends, nr_ends * sizeof(*ends));
	oracle->nr_at = nr_ends;
	oracle->last = *line;
	oracle->fits &= mask;
	return RULE_NONE;
}

/* The layouts that have nothing above one of the positions. */
static inline unsigned int oracle_nothing_above(const struct oracle *oracle,
						const uint64_t *at,
						unsigned int nr_at)
{
	unsigned int i, k, mask = 0;

	for (k = 0; k < oracle->nr; k++)
		for (i = 0; i < nr_at; i++)
			if (!layout_next(&oracle->layout[k], at[i]))
				mask |= 1U << k;
	return mask;
}

/**
 * oracle_end() - judge the end of the file
 * @oracle:	the judge
 * @current_mask: layouts that were current during the last two read()s: the
 *		one that returned the last line may have seen the end already
 *
 * Return: RULE_NONE or RULE_TAIL.
 */
static inline enum rule oracle_end(struct oracle *oracle,
				   unsigned int current_mask)
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

/**
 * struct question - what PROCMAP_QUERY was asked
 * @addr:	the address
 * @or_next:	COVERING_OR_NEXT_VMA: without a match, the next one counts
 * @file:	FILE_BACKED_VMA
 * @perm:	letters that must be set, of "rwxs"; '-' where it does not matter
 */
struct question {
	uint64_t addr;
	bool or_next;
	bool file;
	char perm[5];
};

/* A mapping of shared anonymous memory has a file, with an inode, too. */
static inline bool question_fits(const struct question *question,
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

/**
 * oracle_query() - judge one answer of PROCMAP_QUERY
 * @oracle:	the layouts; the state of a reading is not touched
 * @current_mask: layouts that were current during the ioctl()
 * @question:	what was asked
 * @answer:	what was answered; NULL for ENOENT
 *
 * A walk over mappings that do not fit the question is made of steps, each of
 * which may see another layout.
 *
 * Return: RULE_NONE or RULE_QUERY.
 */
static inline enum rule oracle_query(const struct oracle *oracle,
				     unsigned int current_mask,
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
				if (s && question_fits(question, s) &&
				    (question->or_next ||
				     s->start <= question->addr)) {
					if (answer &&
					    !span_differs(s, answer, oracle->fields))
						return RULE_NONE;
				} else if (s && question->or_next) {
					nr_then = oracle_add(then, nr_then,
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

#endif /* PROC_ORACLE_H */
