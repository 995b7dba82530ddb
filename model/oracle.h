/* SPDX-License-Identifier: GPL-2.0 */
/*
 * oracle.h - the rule for legal readings of an address space
 *
 * A layout is current during a system call if the address space had that layout at
 * some time between the begin and the end of the call.  The rule:
 *
 *	After a line that ended at E, the next line is the first span whose end is
 *	above E in one of the layouts that are current during the read().
 *
 * For any layouts it follows that
 *   - ends strictly rise (starts may repeat or step back: a mapping may be seen
 *     before and after it grew),
 *   - every address that is mapped in all current layouts is covered,
 *   - no line mixes two layouts,
 *   - with one current layout, the reading equals that layout,
 *   - PROCMAP_QUERY answers for an address what a line would show.
 *
 * A line of a file without ends (numa_maps) may have ended at several addresses.
 * The oracle follows all of them.
 *
 * The code makes no system call and reads no /proc.
 */
#ifndef PROC_MODEL_ORACLE_H
#define PROC_MODEL_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

/* Most layouts of a change.  A mask of layouts must fit an unsigned int. */
#define ORACLE_LAYOUTS 8

/*
 * Most positions at which a reading may resume.  A line can end at a different
 * address in each layout.  Behind each end lies one possible next start for every
 * layout whose own end of the line is not above it: n + n * (n + 1) / 2 in total.
 */
#define ORACLE_POSITIONS (ORACLE_LAYOUTS * (ORACLE_LAYOUTS + 3) / 2)

enum rule {
	RULE_NONE,
	RULE_MALFORMED,		/* text that is no line of the file */
	RULE_ORDER,		/* end that is not above the last end */
	RULE_GAP,		/* an address missing that is mapped in all layouts */
	RULE_STALE,		/* line of a layout that was not current */
	RULE_MIXED,		/* line of no layout */
	RULE_FOREIGN,		/* address of one mapping, file or name of another */
	RULE_SKIPPED,		/* line behind a mapping of each current layout */
	RULE_TAIL,		/* end of the file before the last mapping */
	RULE_QUERY,		/* answer of PROCMAP_QUERY that fits no layout */
	RULE_CONTENTS,		/* number that fits the contents of no layout */
	NR_RULES,
};

struct contents;

/**
 * struct oracle - the layouts of a change, and the state of one reading
 * @layout:	array of the layouts
 * @nr:		number of layouts
 * @via:	for each layout, mask of the layouts that the transition from it passes
 *		through
 * @fields:	mask of the fields that the file shows
 * @tolerate_lost_tail: true to count the signature of the known bug (see
 *		oracle_lost_tail()) instead of reporting a violation
 * @contents:	what is known of the contents of mappings, or NULL
 * @at:		addresses at which the last line may have ended, or the next read()
 *		may resume
 * @nr_at:	number of addresses in @at
 * @last:	last line
 * @matched:	mask of the current layouts that explain it
 * @fits:	mask of the layouts that alone explain all lines
 * @older:	mask of layouts that were current at any time in the read() so far, which the
 *		position of the known bug may be of; set before each line
 * @steps_back:	number of lines that start at or below the start of the line before
 * @lost_tails:	number of lines that only the known bug explains
 *
 * The caller sets the first six fields, and @older.
 */
struct oracle {
	const struct layout *layout;
	unsigned int nr;
	unsigned int via[ORACLE_LAYOUTS];
	unsigned int fields;
	bool tolerate_lost_tail;
	struct contents *contents;

	uint64_t at[ORACLE_POSITIONS];
	unsigned int nr_at;
	struct span last;
	unsigned int matched;
	unsigned int fits;
	unsigned int older;
	unsigned int steps_back;
	unsigned int lost_tails;
};

/**
 * struct question - the arguments of a PROCMAP_QUERY
 * @addr:	query_addr
 * @or_next:	true for COVERING_OR_NEXT_VMA: a later mapping may match
 * @file:	true for FILE_BACKED_VMA
 * @perm:	letters of "rwxs" that must be set; '-' if either will do
 */
struct question {
	uint64_t addr;
	bool or_next;
	bool file;
	char perm[5];
};

/* Texts of the rules for diagnostics; bots search for them. */
extern const char *const rule_text[NR_RULES];

/** oracle_begin() - reset the state of the reading; the layouts are kept. */
void oracle_begin(struct oracle *oracle);

/**
 * oracle_add_position() - add a position to an array without duplicates
 * @at:		array of ORACLE_POSITIONS addresses
 * @nr:		number of addresses in it
 * @pos:	the address to add
 *
 * Aborts if the array is full.  Without one of the positions, a legal line would be
 * reported as a violation, although the defect is in the table of changes.
 *
 * Return: the new number of addresses.
 */
unsigned int oracle_add_position(uint64_t *at, unsigned int nr, uint64_t pos);

/**
 * oracle_resume() - add the positions at which the next read() may resume
 * @oracle:	the reading, after the last line of a read()
 * @current_mask: layouts that were current during the read() that ended
 *
 * Between two read()s, kernels before 6.17 keep the start of the next line instead
 * of the end of the last line.  Both are allowed.  They differ only across a hole.
 */
void oracle_resume(struct oracle *oracle, unsigned int current_mask);

/**
 * oracle_match() - apply the rule to one line
 * @oracle:	the layouts
 * @current_mask: layouts that are current
 * @at:		positions at which the line before may have ended
 * @nr_at:	number of positions
 * @line:	the line
 * @ends:	filled with the ends of the spans of current layouts that the line may
 *		stand for
 * @nr_ends:	set to the number of ends
 *
 * Return: mask of the layouts that explain the line, current or not.
 */
unsigned int oracle_match(const struct oracle *oracle,
			  unsigned int current_mask, const uint64_t *at,
			  unsigned int nr_at, const struct span *line,
			  uint64_t *ends, unsigned int *nr_ends);

/**
 * oracle_lost_tail() - find the positions that the known bug of 6.17 and later leads to
 * @oracle:	the reading
 * @current_mask: layouts that were current
 * @at:		filled in
 *
 * lock_next_vma() continues at the last position of its iterator.  If a merge has
 * replaced the maple-tree node at that position, the walk restarts, finds the merged
 * mapping there, and steps past its end.  What the merge added above the line that
 * was printed last is never reported.  The same comes of a mapping that was split
 * between its lookup and its line: the position is its old end.  The positions are the
 * ends of spans, current or older, that reach across the end of the last line.
 *
 * lock_next_vma() also trusts a walk that finds no more mapping, although mappings
 * may have changed during it.  The last mapping is then lost, and its end is another
 * position.
 *
 * Return: the number of positions filled into @at.
 */
unsigned int oracle_lost_tail(const struct oracle *oracle,
			      unsigned int current_mask, uint64_t *at);

/**
 * oracle_line() - check the next line of a reading
 * @oracle:	the reading
 * @current_mask: layouts that were current during the read() that looked it up
 * @line:	the line
 *
 * After a violation no more lines of the reading can be checked.
 *
 * Return: RULE_NONE, or the rule that the line breaks.
 */
enum rule oracle_line(struct oracle *oracle, unsigned int current_mask,
		      const struct span *line);

/**
 * oracle_end() - check the end of the file
 * @oracle:	the reading
 * @current_mask: layouts that were current during the last two read()s, since the
 *		one that returned the last line may have found the end already
 *
 * Return: RULE_NONE or RULE_TAIL.
 */
enum rule oracle_end(struct oracle *oracle, unsigned int current_mask);

/**
 * oracle_query() - check one answer of PROCMAP_QUERY
 * @oracle:	the layouts; the state of the reading is not used
 * @current_mask: layouts that were current during the ioctl()
 * @question:	arguments of the ioctl()
 * @answer:	the mapping that was returned; NULL for ENOENT
 *
 * The kernel steps over mappings that do not match the question.  Each step may see
 * a different layout.
 *
 * Return: RULE_NONE or RULE_QUERY.
 */
enum rule oracle_query(const struct oracle *oracle, unsigned int current_mask,
		       const struct question *question,
		       const struct span *answer);

#endif /* PROC_MODEL_ORACLE_H */
