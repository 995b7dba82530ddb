/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page_tag.h - pages that say what they are
 *
 * Each page that a process has written holds a number and a generation, all
 * over: a page that comes back from a move, a split or a swap as another page,
 * as an older one, as two halves of two, or as zeroes, is known as such.  What a
 * page has to say is kept apart from it, as one word: its ticket.  The ticket of
 * a page that nobody has written yet is 0, and its content is zeroes.
 *
 * Pure code, but for the memory it is given.
 */
#ifndef PROC_MODEL_PAGE_TAG_H
#define PROC_MODEL_PAGE_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "change.h"

/* From one word of a page to the next; odd, so that no two are the same. */
#define PAGE_STEP 0x9e3779b97f4a7c15ULL

/**
 * struct mismatch - a page that does not say what it should
 * @addr:	the page
 * @offset:	the first wrong byte's word in it
 * @tag:	what it should say
 * @found:	the word that was found there
 */
struct mismatch {
	uint64_t addr;
	uint64_t tag;
	uint64_t found;
	size_t offset;
};

/** page_tag() - of page @number in generation @generation, from 1. */
uint64_t page_tag(uint32_t number, uint32_t generation);

/** page_write() - have a page of @size bytes say @tag, which is not 0. */
void page_write(void *page, size_t size, uint64_t tag);

/**
 * page_check() - does a page say what it should?
 * @page:	the page
 * @size:	its bytes
 * @tag:	what it should say; 0 for nothing
 * @mismatch:	filled in where it does not
 *
 * Return: whether it does.
 */
bool page_check(const void *page, size_t size, uint64_t tag,
		struct mismatch *mismatch);

/** mismatch_print() - in words; returns @buf. */
const char *mismatch_print(char *buf, size_t size, const struct mismatch *mismatch);

/**
 * tags_apply() - a system call moves and drops pages, and their tags too
 * @op:		the system call
 * @tag:	of the pages of a stage
 * @per:	pages for each character of its picture
 */
void tags_apply(const struct op *op, uint64_t *tag, size_t per);

#endif /* PROC_MODEL_PAGE_TAG_H */
