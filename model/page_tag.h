/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page_tag.h - pages with a content that identifies them
 *
 * A tag is the number and the generation of a page in one word.  Every word of a
 * page is derived from its tag.  The check finds a page that was exchanged for
 * another one, for an older one, for halves of two, or for zeroes by a move, a split
 * or a swap.  The expected tags are kept apart from the pages.  The tag of a page
 * that has not been written is 0, and its content is zeroes.
 *
 * The code makes no system call and reads no /proc.
 */
#ifndef PROC_MODEL_PAGE_TAG_H
#define PROC_MODEL_PAGE_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "change.h"

/*
 * Difference between two words of a page that follow each other: 2^64 divided by the
 * golden ratio.  It is odd, so that all words of a page are different.
 */
#define PAGE_STEP 0x9e3779b97f4a7c15ULL

/**
 * struct mismatch - a page with a wrong content
 * @addr:	address of the page
 * @tag:	expected tag
 * @found:	first word that is wrong
 * @offset:	offset of that word in the page, in bytes
 */
struct mismatch {
	uint64_t addr;
	uint64_t tag;
	uint64_t found;
	size_t offset;
};

/** page_tag() - make the tag of page @number in @generation, which is not 0. */
uint64_t page_tag(uint32_t number, uint32_t generation);

/** page_write() - fill a page of @size bytes with the words of @tag, which is not 0. */
void page_write(void *page, size_t size, uint64_t tag);

/**
 * page_check() - compare the content of a page with its tag
 * @page:	the page
 * @size:	size of the page in bytes
 * @tag:	expected tag; 0 for zeroes
 * @mismatch:	filled in if the content is wrong
 *
 * Return: true if the content is right.
 */
bool page_check(const void *page, size_t size, uint64_t tag,
		struct mismatch *mismatch);

/** mismatch_print() - describe a mismatch in at most @size bytes; returns @buf. */
const char *mismatch_print(char *buf, size_t size, const struct mismatch *mismatch);

/**
 * tags_apply() - move and clear tags as a system call moves and drops pages
 * @op:		the system call
 * @tag:	tags of the pages of a stage
 * @per:	number of pages for each character of the drawing
 */
void tags_apply(const struct op *op, uint64_t *tag, size_t per);

#endif /* PROC_MODEL_PAGE_TAG_H */
