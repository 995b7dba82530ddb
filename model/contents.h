/* SPDX-License-Identifier: GPL-2.0 */
/*
 * contents.h - the numbers of a line: how many pages of a mapping are populated
 *
 * What is populated is drawn, as the layouts of change.h are, with one character a page:
 *
 *	.  no page		P  private anonymous page	L  the same, locked
 *	F  page of a file in memory, mapped once
 *	D  page of shared memory, mapped by two processes
 *
 * All pages are dirty.  The rule: a page was in one of the layouts that were current,
 * so each number of a line lies between the sums of the least and of the most that its
 * pages can have counted.  At rest both are the same.
 *
 * The code makes no system call and reads no /proc.
 */
#ifndef PROC_MODEL_CONTENTS_H
#define PROC_MODEL_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oracle.h"

/* Numbers of smaps, in kB, and of numa_maps, in pages. */
enum content {
	CONTENT_RSS,
	CONTENT_PSS,
	CONTENT_SHARED_CLEAN,
	CONTENT_SHARED_DIRTY,
	CONTENT_PRIVATE_CLEAN,
	CONTENT_PRIVATE_DIRTY,
	CONTENT_ANONYMOUS,
	CONTENT_LOCKED,
	CONTENT_SWAP,
	NR_SUMS,			/* those above are sums over pages */
	CONTENT_REFERENCED = NR_SUMS,
	CONTENT_SIZE,
	CONTENT_PAGE,
	CONTENT_MMU_PAGE,
	NR_SMAPS,
	CONTENT_NUMA_PAGES = NR_SMAPS,	/* N0=, N1=, ... together */
	CONTENT_NUMA_ANON,
	CONTENT_NUMA_DIRTY,
	CONTENT_NUMA_MAPPED,
	NR_CONTENTS,
};

/**
 * struct numbers - the numbers of a record
 * @value:	values
 * @shown:	mask of those that the record has
 * @locked:	VmFlags has "lo"
 */
struct numbers {
	uint64_t value[NR_CONTENTS];
	unsigned int shown;
	bool locked;
};

/**
 * struct content_area - pages whose contents are known in each layout
 * @start:	address of the first page
 * @draw:	drawing for each layout of the change, of the same length
 */
struct content_area {
	uint64_t start;
	const char *draw[ORACLE_LAYOUTS];
};

/**
 * struct contents - what is known of the pages, and the number that breaks the rule
 * @area:	areas that do not overlap
 * @nr:		number of areas
 * @page:	bytes for each character of a drawing
 * @unit:	bytes of a page
 * @broken:	name of the number that broke the rule, or relation between two of them
 * @seen:	its value
 * @low:	least legal value
 * @high:	largest legal value
 */
struct contents {
	const struct content_area *area;
	unsigned int nr;
	uint64_t page;
	uint64_t unit;
	const char *broken;
	uint64_t seen, low, high;
};

/** numbers_of_smaps() - take the numbers from a record of smaps or smaps_rollup. */
void numbers_of_smaps(const char *text, size_t len, struct numbers *numbers);

/** numbers_of_numa() - take the numbers from a line of numa_maps. */
void numbers_of_numa(const char *text, size_t len, struct numbers *numbers);

/**
 * numbers_contradict() - check the relations that hold for each record of smaps
 * @numbers:	numbers of the record
 *
 * The sum of shared and private pages is Rss, and so on.
 *
 * Return: the relation that does not hold, in words, or NULL.
 */
const char *numbers_contradict(const struct numbers *numbers);

/**
 * contents_sum() - find the least and the largest number of all areas together
 * @contents:	what is known
 * @mask:	layouts that were current
 * @what:	number
 * @low:	set to the least legal value, kB or pages
 * @high:	set to the largest legal value, kB or pages
 */
void contents_sum(const struct contents *contents, unsigned int mask, enum content what,
		  uint64_t *low, uint64_t *high);

/**
 * contents_check() - apply the rule to the numbers of a record
 * @contents:	what is known; @broken and the values beside it are set
 * @oracle:	layouts and fields
 * @mask:	layouts that were current
 * @span:	the record as a span, which a current layout explains
 * @numbers:	its numbers
 *
 * Return: whether the numbers are legal.
 */
bool contents_check(struct contents *contents, const struct oracle *oracle,
		    unsigned int mask, const struct span *span,
		    const struct numbers *numbers);

/**
 * contents_present() - check which pages must be or may be present
 * @contents:	what is known
 * @mask:	layouts that were current
 * @addr:	address
 * @must:	set if the page is present in all of them
 * @may:	set if the page is present in any of them
 *
 * Return: whether the address is in an area.
 */
bool contents_present(const struct contents *contents, unsigned int mask, uint64_t addr,
		      bool *must, bool *may);

#endif /* PROC_MODEL_CONTENTS_H */
