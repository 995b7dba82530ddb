// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "contents.h"

static const char *const content_name[NR_CONTENTS] = {
	[CONTENT_RSS] = "Rss:",
	[CONTENT_PSS] = "Pss:",
	[CONTENT_SHARED_CLEAN] = "Shared_Clean:",
	[CONTENT_SHARED_DIRTY] = "Shared_Dirty:",
	[CONTENT_PRIVATE_CLEAN] = "Private_Clean:",
	[CONTENT_PRIVATE_DIRTY] = "Private_Dirty:",
	[CONTENT_ANONYMOUS] = "Anonymous:",
	[CONTENT_LOCKED] = "Locked:",
	[CONTENT_SWAP] = "Swap:",
	[CONTENT_REFERENCED] = "Referenced:",
	[CONTENT_SIZE] = "Size:",
	[CONTENT_PAGE] = "KernelPageSize:",
	[CONTENT_MMU_PAGE] = "MMUPageSize:",
	[CONTENT_NUMA_PAGES] = "N",
	[CONTENT_NUMA_ANON] = "anon=",
	[CONTENT_NUMA_DIRTY] = "dirty=",
	[CONTENT_NUMA_MAPPED] = "mapped=",
};

/*
 * struct page_counts - what one page adds to the numbers
 * @letter:	character of the drawing
 * @halves:	halves of a page, for each number
 */
static const struct page_counts {
	char letter;
	unsigned char halves[NR_CONTENTS];
} page_counts[] = {
	{ 'P', { [CONTENT_RSS] = 2, [CONTENT_PSS] = 2, [CONTENT_PRIVATE_DIRTY] = 2,
		 [CONTENT_ANONYMOUS] = 2, [CONTENT_NUMA_PAGES] = 2,
		 [CONTENT_NUMA_ANON] = 2, [CONTENT_NUMA_DIRTY] = 2 } },
	{ 'L', { [CONTENT_RSS] = 2, [CONTENT_PSS] = 2, [CONTENT_PRIVATE_DIRTY] = 2,
		 [CONTENT_ANONYMOUS] = 2, [CONTENT_LOCKED] = 2, [CONTENT_NUMA_PAGES] = 2,
		 [CONTENT_NUMA_ANON] = 2, [CONTENT_NUMA_DIRTY] = 2 } },
	{ 'F', { [CONTENT_RSS] = 2, [CONTENT_PSS] = 2, [CONTENT_PRIVATE_DIRTY] = 2,
		 [CONTENT_NUMA_PAGES] = 2, [CONTENT_NUMA_DIRTY] = 2 } },
	{ 'D', { [CONTENT_RSS] = 2, [CONTENT_PSS] = 1, [CONTENT_SHARED_DIRTY] = 2,
		 [CONTENT_NUMA_PAGES] = 2, [CONTENT_NUMA_DIRTY] = 2 } },
	{ '.', { 0 } },
};

/* Returns the halves of a page that a character adds to a number. */
static unsigned int letter_halves(char letter, enum content what)
{
	unsigned int i = 0;

	while (page_counts[i].letter != letter && page_counts[i].letter != '.')
		i++;
	return page_counts[i].halves[what];
}

/* Returns how much half a page is in the unit of a number. */
static uint64_t half_page(const struct contents *contents, enum content what)
{
	return what < NR_SMAPS ? contents->page / 2048 : contents->page / contents->unit;
}

/* Turns halves of a page into the unit of a number. */
static uint64_t from_halves(const struct contents *contents, enum content what,
			    uint64_t halves)
{
	uint64_t value = halves * half_page(contents, what);

	return what < NR_SMAPS ? value : value / 2;
}

void numbers_of_smaps(const char *text, size_t len, struct numbers *numbers)
{
	const char *end = text + len, *next;
	unsigned int i;

	memset(numbers, 0, sizeof(*numbers));
	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', end - text);
		if (!next)
			return;
		for (i = 0; i < NR_SMAPS; i++) {
			size_t key = strlen(content_name[i]);

			if ((size_t)(next - text) < key || memcmp(text, content_name[i], key))
				continue;
			numbers->value[i] = strtoull(text + key, NULL, 10);
			numbers->shown |= 1U << i;
		}
		if (next - text > 8 && !memcmp(text, "VmFlags:", 8))
			numbers->locked = memmem(text, next - text, " lo", 3);
	}
}

void numbers_of_numa(const char *text, size_t len, struct numbers *numbers)
{
	const char *end = memchr(text, '\n', len), *word;
	unsigned int i;

	memset(numbers, 0, sizeof(*numbers));
	for (; end && (word = memchr(text, ' ', end - text)); text = word + 1) {
		const char *rest = word + 1;

		for (i = CONTENT_NUMA_ANON; i < NR_CONTENTS; i++) {
			size_t key = strlen(content_name[i]);

			if ((size_t)(end - rest) < key || memcmp(rest, content_name[i], key))
				continue;
			numbers->value[i] = strtoull(rest + key, NULL, 10);
			numbers->shown |= 1U << i;
		}
		if (end - rest > 2 && rest[0] == 'N' && rest[1] >= '0' && rest[1] <= '9') {
			const char *is = memchr(rest, '=', end - rest);

			if (is)
				numbers->value[CONTENT_NUMA_PAGES] += strtoull(is + 1, NULL, 10);
		}
	}
	/* A number that is 0 is left out. */
	numbers->shown |= 1U << CONTENT_NUMA_PAGES | 1U << CONTENT_NUMA_ANON |
			  1U << CONTENT_NUMA_DIRTY;
}

const char *numbers_contradict(const struct numbers *numbers)
{
	const uint64_t *value = numbers->value;

	if (!(numbers->shown & 1U << CONTENT_RSS)) {
		bool all = value[CONTENT_NUMA_PAGES] == value[CONTENT_NUMA_ANON] ||
			   value[CONTENT_NUMA_PAGES] == value[CONTENT_NUMA_DIRTY];

		if (value[CONTENT_NUMA_MAPPED] != (all ? 0 : value[CONTENT_NUMA_PAGES]))
			return "mapped is not the sum over the nodes";
		if (value[CONTENT_NUMA_ANON] > value[CONTENT_NUMA_PAGES] ||
		    value[CONTENT_NUMA_DIRTY] > value[CONTENT_NUMA_PAGES])
			return "anon or dirty above the sum over the nodes";
		return NULL;
	}
	if (value[CONTENT_SHARED_CLEAN] + value[CONTENT_SHARED_DIRTY] +
	    value[CONTENT_PRIVATE_CLEAN] + value[CONTENT_PRIVATE_DIRTY] != value[CONTENT_RSS])
		return "Shared and Private are not Rss";
	if (value[CONTENT_PSS] > value[CONTENT_RSS])
		return "Pss above Rss";
	if (value[CONTENT_REFERENCED] > value[CONTENT_RSS])
		return "Referenced above Rss";
	if (value[CONTENT_ANONYMOUS] > value[CONTENT_RSS])
		return "Anonymous above Rss";
	if (!(numbers->shown & 1U << CONTENT_SIZE))
		return NULL;
	if (value[CONTENT_LOCKED] != (numbers->locked ? value[CONTENT_PSS] : 0))
		return "Locked is not what VmFlags says";
	if (value[CONTENT_MMU_PAGE] > value[CONTENT_PAGE])
		return "MMUPageSize above KernelPageSize";
	return NULL;
}

/* Adds the least and the most that one character of an area counts. */
static void add_letter(const struct content_area *area, unsigned int mask, size_t i,
		       enum content what, uint64_t *low, uint64_t *high)
{
	unsigned int k, least = 2, most = 0;

	for (k = 0; k < ORACLE_LAYOUTS; k++) {
		unsigned int halves;

		if (!(mask & 1U << k))
			continue;
		halves = letter_halves(area->draw[k][i], what);
		least = halves < least ? halves : least;
		most = halves > most ? halves : most;
	}
	*low += least;
	*high += most;
}

void contents_sum(const struct contents *contents, unsigned int mask, enum content what,
		  uint64_t *low, uint64_t *high)
{
	unsigned int n;
	size_t i;

	*low = 0;
	*high = 0;
	for (n = 0; n < contents->nr; n++)
		for (i = 0; contents->area[n].draw[0][i]; i++)
			add_letter(&contents->area[n], mask, i, what, low, high);
	*low = from_halves(contents, what, *low);
	*high = from_halves(contents, what, *high);
}

/* Returns the area with an address, or NULL. */
static const struct content_area *find_area(const struct contents *contents, uint64_t addr)
{
	unsigned int n;

	for (n = 0; n < contents->nr; n++) {
		const struct content_area *area = &contents->area[n];

		if (addr >= area->start &&
		    addr - area->start < strlen(area->draw[0]) * contents->page)
			return area;
	}
	return NULL;
}

/* Applies the rule to the numbers of a record, if it is @span in the layouts of @mask. */
static bool span_contents(struct contents *contents, const struct content_area *area,
			  unsigned int mask, const struct span *span,
			  const struct numbers *numbers)
{
	size_t from = (span->start - area->start) / contents->page, i;
	size_t to = (span->end - area->start) / contents->page;
	enum content what;

	for (what = 0; what < NR_CONTENTS; what++) {
		uint64_t low = 0, high = 0, seen = numbers->value[what];

		if (!(numbers->shown & 1U << what) || (what >= NR_SUMS && what < NR_SMAPS) ||
		    what == CONTENT_NUMA_MAPPED)
			continue;
		for (i = from; i < to && area->draw[0][i]; i++)
			add_letter(area, mask, i, what, &low, &high);
		low = from_halves(contents, what, low);
		high = from_halves(contents, what, high);
		if (seen >= low && seen <= high)
			continue;
		contents->broken = content_name[what];
		contents->seen = seen;
		contents->low = low;
		contents->high = high;
		return false;
	}
	return true;
}

bool contents_check(struct contents *contents, const struct oracle *oracle,
		    unsigned int mask, const struct span *span,
		    const struct numbers *numbers)
{
	const struct content_area *area = find_area(contents, span->start);
	const struct span *as[ORACLE_LAYOUTS] = { NULL };
	unsigned int k, j, same;
	bool explained = false;

	contents->seen = 0;
	contents->low = 0;
	contents->high = 0;
	contents->broken = numbers_contradict(numbers);
	if (contents->broken)
		return false;
	for (k = 0; area && k < oracle->nr; k++) {
		if (!(mask & 1U << k))
			continue;
		as[k] = layout_next(&oracle->layout[k], span->start);
		if (as[k] && span_differs(as[k], span, oracle->fields))
			as[k] = NULL;
	}
	for (k = 0; k < oracle->nr; k++) {
		if (!as[k])
			continue;
		for (j = 0, same = 0; j < oracle->nr; j++)
			if (as[j] && as[j]->end == as[k]->end)
				same |= 1U << j;
		if (span_contents(contents, area, same, as[k], numbers))
			return true;
		explained = true;
	}
	return !explained;
}

bool contents_present(const struct contents *contents, unsigned int mask, uint64_t addr,
		      bool *must, bool *may)
{
	const struct content_area *area = find_area(contents, addr);
	unsigned int k;

	*must = true;
	*may = false;
	for (k = 0; area && k < ORACLE_LAYOUTS; k++) {
		bool present;

		if (!(mask & 1U << k))
			continue;
		present = area->draw[k][(addr - area->start) / contents->page] != '.';
		*must &= present;
		*may |= present;
	}
	return area;
}
