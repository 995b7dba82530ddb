/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pages.h - pages that say what they are
 *
 * Each page that a process has written holds a number and a generation, all
 * over: a page that comes back from a move, a split or a swap as another page,
 * as an older one, as two halves of two, or as zeroes, is known as such.  What a
 * page has to say is kept apart from it, as one word: its ticket.  The ticket of
 * a page that nobody has written yet is 0, and its content is zeroes.
 *
 * Pure code, but for the memory it is given.
 */
#ifndef PROC_PAGES_H
#define PROC_PAGES_H

#include <stdio.h>

#include "change.h"

/* From one word of a page to the next; odd, so that no two are the same. */
#define PAGE_STEP 0x9e3779b97f4a7c15ULL

/**
 * struct flaw - a page that does not say what it should
 * @addr:	the page
 * @offset:	the first wrong byte's word in it
 * @ticket:	what it should say
 * @found:	the word that was found there
 */
struct flaw {
	uint64_t addr;
	uint64_t ticket;
	uint64_t found;
	size_t offset;
};

/** page_ticket() - of page @number in generation @generation, from 1. */
static inline uint64_t page_ticket(uint32_t number, uint32_t generation)
{
	return (uint64_t)generation << 32 | number;
}

/** page_write() - have a page of @size bytes say @ticket, which is not 0. */
static inline void page_write(void *page, size_t size, uint64_t ticket)
{
	uint64_t *word = page;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++)
		word[i] = ticket + i * PAGE_STEP;
}

/**
 * page_check() - does a page say what it should?
 * @page:	the page
 * @size:	its bytes
 * @ticket:	what it should say; 0 for nothing
 * @flaw:	filled in where it does not
 *
 * Return: whether it does.
 */
static inline bool page_check(const void *page, size_t size, uint64_t ticket,
			      struct flaw *flaw)
{
	uint64_t step = ticket ? PAGE_STEP : 0, differs = 0;
	const uint64_t *word = page;
	size_t i, n = size / sizeof(*word);

	for (i = 0; i < n; i++)
		differs |= word[i] ^ (ticket + i * step);
	if (!differs)
		return true;
	for (i = 0; i < n - 1 && word[i] == ticket + i * step; i++)
		;
	flaw->addr = (uintptr_t)page;
	flaw->ticket = ticket;
	flaw->offset = i * sizeof(*word);
	flaw->found = word[i];
	return false;
}

/** flaw_print() - in words; returns @buf. */
static inline const char *flaw_print(char *buf, size_t size,
				     const struct flaw *flaw)
{
	uint64_t was = flaw->found -
		       flaw->offset / sizeof(uint64_t) * PAGE_STEP;

	snprintf(buf, size, "%08" PRIx64 " should be %u of generation %u; "
		 "at byte %zu %016" PRIx64 ", as if %u of generation %u",
		 flaw->addr, (uint32_t)flaw->ticket,
		 (uint32_t)(flaw->ticket >> 32), flaw->offset, flaw->found,
		 (uint32_t)was, (uint32_t)(was >> 32));
	return buf;
}

/**
 * tickets_follow() - a system call moves and drops pages, and their tickets too
 * @op:		the system call
 * @ticket:	of the pages of a stage
 * @per:	pages for each character of its picture
 */
static inline void tickets_follow(const struct op *op, uint64_t *ticket,
				  size_t per)
{
	uint64_t *from = ticket + op->page * per;
	size_t n = op->pages * per * sizeof(*ticket);
	size_t i;

	switch (op->type) {
	case OP_MAP:
	case OP_UNMAP:
		memset(from, 0, n);
		break;
	case OP_RESIZE:
		for (i = op->to * per; i < op->pages * per; i++)
			from[i] = 0;
		break;
	case OP_MOVE:
	case OP_COPY:
		memcpy(ticket + op->to * per, from, n);
		memset(from, 0, n);
		break;
	default:
		break;
	}
}

#endif /* PROC_PAGES_H */
