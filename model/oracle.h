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
#ifndef PROC_MODEL_ORACLE_H
#define PROC_MODEL_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

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
	RULE_MIXED,		/* a line of no layout: two are mixed in it */
	RULE_FOREIGN,		/* right place, somebody else's file or name */
	RULE_SKIPPED,		/* stepped over a mapping of each layout */
	RULE_TAIL,		/* the file ended too early */
	RULE_QUERY,		/* PROCMAP_QUERY answered what no layout says */
	NR_RULES,
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

extern const char *const rule_text[NR_RULES];

/** oracle_begin() - forget the last reading, keep the layouts. */
void oracle_begin(struct oracle *oracle);

/*
 * Adds @pos to the @nr positions in @at.  Without one of them a legal line would be
 * illegal: a table that needs more is a defect of this program, which must not be
 * told as one of the kernel.
 */
unsigned int oracle_add_position(uint64_t *at, unsigned int nr, uint64_t pos);

/**
 * oracle_resume() - a read() ended here, another goes on
 * @oracle:	the judge
 * @current_mask: layouts that were current during the read() that ended
 */
void oracle_resume(struct oracle *oracle, unsigned int current_mask);

/*
 * The successor rule for one line.  Fills @ends with the ends of the spans that
 * the line can stand for in current layouts.  Returns all layouts, current or
 * not, that explain it.
 */
unsigned int oracle_match(const struct oracle *oracle,
			  unsigned int current_mask, const uint64_t *at,
			  unsigned int nr_at, const struct span *line,
			  uint64_t *ends, unsigned int *nr_ends);

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
unsigned int oracle_lost_tail(const struct oracle *oracle,
			      unsigned int current_mask, uint64_t *at);

/**
 * oracle_line() - judge the next line of a reading
 * @oracle:	the judge
 * @current_mask: layouts that were current during the read() that looked it up
 * @line:	the line
 *
 * Return: RULE_NONE, or the rule that it breaks; then the reading is over.
 */
enum rule oracle_line(struct oracle *oracle, unsigned int current_mask,
		      const struct span *line);

/**
 * oracle_end() - judge the end of the file
 * @oracle:	the judge
 * @current_mask: layouts that were current during the last two read()s: the
 *		one that returned the last line may have seen the end already
 *
 * Return: RULE_NONE or RULE_TAIL.
 */
enum rule oracle_end(struct oracle *oracle, unsigned int current_mask);

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
enum rule oracle_query(const struct oracle *oracle, unsigned int current_mask,
		       const struct question *question,
		       const struct span *answer);

#endif /* PROC_MODEL_ORACLE_H */
