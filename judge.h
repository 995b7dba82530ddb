/* SPDX-License-Identifier: GPL-2.0 */
/*
 * judge.h - a reading of a stage, held against the layouts
 *
 * The changer counts: its sequence number is odd while a transition is under
 * way, and half of it is the number of transitions made.  From the numbers
 * before and after a read() follows which layouts were current during it: one
 * if it did not move, two if one transition overlapped, all if it went round.
 */
#ifndef PROC_JUDGE_H
#define PROC_JUDGE_H

#include "reader.h"
#include "oracle.h"

/**
 * struct finding - what became of one reading
 * @rule:	the rule that was broken, or RULE_NONE
 * @overlapped:	a transition was made during the reading
 * @overlapped_calls:	single read()s that a transition overlapped
 * @fits:	layouts that alone explain the whole reading
 * @steps_back:	lines that start no higher than the line before
 * @lost_tails:	signatures of the known bug that were tolerated
 * @lines:	lines judged
 * @current:	layouts that were held to be current for the record at @where
 * @before:	the changer's sequence number when these begin
 * @after:	and when they end
 * @where:	the offending record, or the end of the text
 */
struct finding {
	enum rule rule;
	bool overlapped;
	unsigned int overlapped_calls;
	unsigned int fits;
	unsigned int steps_back, lost_tails, lines;
	unsigned int current;
	uint32_t before, after;
	struct cursor where;
};

/**
 * layouts_between() - which layouts were current
 * @oracle:	knows their number, and what a transition passes through
 * @before:	sequence number
 * @after:	a later one
 *
 * Return: a mask of layouts.
 */
static inline unsigned int layouts_between(const struct oracle *oracle,
					   uint32_t before, uint32_t after)
{
	uint32_t i, first = before / 2, last = (after + 1) / 2;
	unsigned int mask = 0;

	if (last - first >= oracle->nr)
		return (1U << oracle->nr) - 1;
	for (i = first; i <= last; i++) {
		mask |= 1U << i % oracle->nr;
		if (i < last)
			mask |= oracle->via[i % oracle->nr];
	}
	return mask;
}

/*
 * A record belongs to the read() that returned its first byte, with one
 * exception.  Where a read() asks for exactly what was left of the record
 * before, seq_file (since 5.10) looks the next one up although there is no room
 * for any of it, and keeps it for the read() that follows.
 */
static inline bool looked_up_early(const struct reading *reading,
				   const struct cursor *cursor,
				   unsigned int before)
{
	return cursor->chunk > before + 1 &&
	       cursor->record == reading->chunk[cursor->chunk - 1].end;
}

/**
 * judge() - hold one reading against the rules
 * @oracle:	layouts and fields; its reading state is overwritten
 * @kind:	the file that was read
 * @reading:	the reading
 *
 * Return: the finding.
 */
static inline struct finding judge(struct oracle *oracle,
				   const struct file_kind *kind,
				   const struct reading *reading)
{
	struct finding finding = { 0 };
	struct cursor *cursor = &finding.where;
	unsigned int i, before = 0, mask = 0;
	enum parse parsed;
	struct span span;

	for (i = 0; i < reading->nr_chunks; i++)
		if (reading->chunk[i].before != reading->chunk[i].after ||
		    reading->chunk[i].before & 1)
			finding.overlapped_calls++;
	finding.overlapped = finding.overlapped_calls ||
		(i && reading->chunk[0].before != reading->chunk[i - 1].after);

	oracle_begin(oracle);
	while ((parsed = reading_next(kind, reading, cursor, &span)) !=
	       PARSE_END) {
		const struct chunk *chunk = &reading->chunk[cursor->chunk];

		if (finding.lines && cursor->chunk != before)
			oracle_resume(oracle, mask);
		if (!finding.lines || cursor->chunk != before) {
			mask = layouts_between(oracle, chunk->before,
					       chunk->after);
			finding.before = chunk->before;
		}
		if (finding.lines && looked_up_early(reading, cursor, before)) {
			mask |= layouts_between(oracle, chunk[-1].before,
						chunk[-1].after);
			finding.before = chunk[-1].before;
		}
		finding.after = chunk->after;
		before = cursor->chunk;
		finding.rule = parsed == PARSE_BAD ? RULE_MALFORMED :
			       parsed == PARSE_TORN ? RULE_TORN :
			       oracle_line(oracle, mask, &span);
		if (finding.rule)
			break;
		finding.lines++;
	}
	if (parsed == PARSE_END && reading->whole) {
		/* The end is seen by the read() that found no more lines. */
		const struct chunk *last = &reading->chunk[reading->nr_chunks - 1];

		oracle_resume(oracle, mask);
		finding.before = reading->chunk[before].before;
		finding.after = last->after;
		mask |= layouts_between(oracle, finding.before, finding.after);
		finding.rule = oracle_end(oracle, mask);
	}
	finding.current = mask;
	finding.fits = oracle->fits;
	finding.steps_back = oracle->steps_back;
	finding.lost_tails = oracle->lost_tails;
	return finding;
}

#endif /* PROC_JUDGE_H */
