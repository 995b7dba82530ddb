// SPDX-License-Identifier: GPL-2.0
#include "check.h"
#include "contents.h"
#include "layout.h"

unsigned int layouts_between(const struct oracle *oracle, uint32_t before,
			     uint32_t after)
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
 * Returns true if the record at the cursor may have been looked up by the read()
 * before the one that returned it.  Normally a record belongs to the read() that
 * returned its first byte.  If a read() asks for exactly the rest of the record
 * before, or for exactly that record where it was looked up @early itself, seq_file
 * (since 5.10) also looks up the next record, and keeps it for the next read() since
 * nothing of it fits.
 */
static bool looked_up_early(const struct reading *reading, const struct cursor *cursor,
			    unsigned int before, bool early)
{
	return cursor->chunk > before + !early &&
	       cursor->record == reading->chunk[cursor->chunk - 1].end;
}

/* Counts the calls during which a transition was made. */
static unsigned int overlapped_calls(const struct reading *reading)
{
	unsigned int i, calls = 0;

	for (i = 0; i < reading->nr_chunks; i++)
		if (reading->chunk[i].before != reading->chunk[i].after ||
		    reading->chunk[i].before & 1)
			calls++;
	return calls;
}

/* Applies the rule of contents.h to a record that is a line of a current layout. */
static enum rule check_contents(const struct oracle *oracle, unsigned int mask,
				const struct file_kind *kind, const struct reading *reading,
				const struct cursor *cursor, const struct span *span)
{
	struct numbers numbers;

	if (!oracle->contents || !kind->numbers)
		return RULE_NONE;
	kind->numbers(reading->text + cursor->record, cursor->pos - cursor->record, &numbers);
	return contents_check(oracle->contents, oracle, mask, span, &numbers) ?
	       RULE_NONE : RULE_CONTENTS;
}

/* Returns the first transition in [@from, @last] at which the last line was true. */
static uint32_t first_match(const struct oracle *oracle, uint32_t from, uint32_t last)
{
	uint32_t i = from;

	while (i < last && !(oracle->matched & (1U << i % oracle->nr |
						oracle->via[i % oracle->nr])))
		i++;
	return i;
}

/* Returns the layouts of layouts_between() from transition @low on. */
static unsigned int layouts_from(const struct oracle *oracle, uint32_t low,
				 const struct chunk *chunk)
{
	uint32_t before = chunk->before / 2 > low ? chunk->before : 2 * low;

	return before / 2 > (chunk->after + 1) / 2 ? 0 :
	       layouts_between(oracle, before, chunk->after);
}

/*
 * The record at the cursor is looked up after those before it, so it is not of a layout
 * that was over when the line before can first have been true: transition @low.
 */
struct check_result check_reading(struct oracle *oracle, const struct file_kind *kind,
				  const struct reading *reading)
{
	struct check_result result = { 0 };
	struct cursor *cursor = &result.where;
	unsigned int nr = reading->nr_chunks, before = 0, mask = 0;
	uint32_t low = nr ? reading->chunk[0].before / 2 : 0;
	enum parse parsed;
	bool early = false;
	struct span span;

	result.overlapped_calls = overlapped_calls(reading);
	result.overlapped = result.overlapped_calls ||
		(nr && reading->chunk[0].before != reading->chunk[nr - 1].after);

	oracle_begin(oracle);
	while ((parsed = reading_next(kind, reading, cursor, &span)) !=
	       PARSE_END) {
		const struct chunk *chunk = &reading->chunk[cursor->chunk];

		/* A record that was kept lies behind a position of the read() before. */
		if (result.lines && (cursor->chunk != before || early))
			oracle_resume(oracle, mask);
		mask = layouts_from(oracle, low, chunk);
		oracle->older = layouts_between(oracle, chunk->before, chunk->after);
		result.before = chunk->before;
		early = result.lines && looked_up_early(reading, cursor, before, early);
		if (early) {
			mask |= layouts_from(oracle, low, &chunk[-1]);
			oracle->older |= layouts_between(oracle, chunk[-1].before, chunk[-1].after);
			result.before = chunk[-1].before;
		}
		result.after = chunk->after;
		before = cursor->chunk;
		result.rule = parsed == PARSE_BAD ? RULE_MALFORMED :
			       parsed == PARSE_MIXED ? RULE_MIXED :
			       oracle_line(oracle, mask, &span);
		if (!result.rule)
			result.rule = check_contents(oracle, mask, kind, reading, cursor, &span);
		if (result.rule)
			break;
		if (result.before / 2 > low)
			low = result.before / 2;
		low = first_match(oracle, low, (result.after + 1) / 2);
		result.lines++;
	}
	if (parsed == PARSE_END && reading->whole) {
		/* The end was found by the read() that returned no more lines. */
		const struct chunk *last = &reading->chunk[nr - 1];

		oracle_resume(oracle, mask);
		result.before = reading->chunk[before].before;
		result.after = last->after;
		mask |= layouts_between(oracle, result.before / 2 > low ? result.before : 2 * low,
					result.after);
		result.rule = oracle_end(oracle, mask);
	}
	result.current = mask;
	result.fits = oracle->fits;
	result.steps_back = oracle->steps_back;
	result.lost_tails = oracle->lost_tails;
	return result;
}
