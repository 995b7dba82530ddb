/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stage.h - the test area of an address space, and the system calls that change it
 *
 *	low addresses                                        high addresses
 *	| fillers: many mappings | guard |    stage    | guard |
 *
 * The stage is the part of the address space in which the mappings change.  The
 * guards are shared memory, so that no mapping of the stage can merge with them.
 * The stage lies as low as possible: its lines are the first of the file, and a
 * short read() returns no other lines.  Filler mappings move them down the file.
 *
 * All functions but stage_layout() run in the process whose mappings change.  That
 * process maps no other memory during a test: mappings outside the stage are
 * constant.
 */
#ifndef PROC_TEARING_STAGE_H
#define PROC_TEARING_STAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/change.h"
#include "../model/layout.h"

/*
 * Indexes of a stage's files.  0 is file A and 1 is file B of the pictures, 2 is file
 * A opened for reading only, and 3 is the file whose name pads the text before the
 * stage.
 */
enum {
	STAGE_READ_ONLY = 2,
	STAGE_PAD,
	STAGE_FILES,
};

/**
 * struct stage - a stage; in shared memory where another process reads it
 * @change:	table entry of the change
 * @page:	bytes for each character of a picture, one page or several
 * @base:	address of the first byte of the stage
 * @fillers:	number of filler mappings below the lower guard, @page bytes each
 * @file:	file descriptors (memfd); -1 at STAGE_PAD for no padding
 * @uffd:	file descriptor (userfaultfd), or -1
 * @perm:	permissions that maps shows for each protection from 0 to 7; learnt,
 *		since READ may imply EXEC (personality) and WRITE may imply READ
 *		(riscv)
 */
struct stage {
	const struct change *change;
	unsigned long page;
	uint64_t base;
	unsigned int fillers;
	int file[STAGE_FILES];
	int uffd;
	char perm[8][5];
};

/** stage_addr() - compute the address of character @page of the stage's pictures. */
static inline void *stage_addr(const struct stage *stage, unsigned int page)
{
	return (void *)(uintptr_t)(stage->base + page * stage->page);
}

/** stage_touch() - write to a page, by a store that the compiler does not leave out. */
static inline void stage_touch(void *addr)
{
	atomic_store((_Atomic unsigned char *)addr, 1);
}

/** stage_populate() - write to each page of @len bytes. */
void stage_populate(void *addr, size_t len);

/**
 * stage_map() - map pages of the stage as a letter of the pictures says
 * @stage:	the stage
 * @page:	first page
 * @pages:	number of pages
 * @letter:	letter, see change.h; the attributes of stage_set_attr() are not set
 *
 * Return: 0 or -errno.
 */
int stage_map(const struct stage *stage, unsigned int page, unsigned int pages,
	      char letter);

/**
 * stage_apply() - make one transition
 * @stage:	the stage
 * @index:	layout of the change that is in place; the next one replaces it
 *
 * Return: 0 or -errno.
 */
int stage_apply(const struct stage *stage, unsigned int index);

/**
 * stage_setup() - build a stage in this process, in the first layout
 * @stage:	filled in
 * @change:	table entry of the change
 * @fillers:	number of filler mappings
 * @unit:	bytes for each character of a picture, a power of two; 0 for a page
 * @file:	file descriptors, see struct stage
 *
 * Return: 0 or -errno.
 */
int stage_setup(struct stage *stage, const struct change *change,
		unsigned int fillers, size_t unit, const int file[STAGE_FILES]);

/**
 * stage_hold() - keep other mappings out of what the first layout leaves free
 * @stage:	stage, in its first layout
 * @hold:	map that part; false: unmap it
 *
 * For the time in which a test maps other memory.  Where mmap() goes from low addresses to
 * high ones, as on User Mode Linux and with an unlimited stack, it would use that part.
 *
 * Return: 0 or -errno.
 */
int stage_hold(const struct stage *stage, bool hold);

/**
 * stage_layout() - derive the address space for one layout of the change
 * @stage:	the stage
 * @rest:	address space as read while the first layout was in place
 * @index:	layout of the change
 * @out:	filled in; @out->span has space for @rest->nr + STAGE_PAGES spans
 */
void stage_layout(const struct stage *stage, const struct layout *rest,
		  unsigned int index, struct layout *out);

#endif /* PROC_TEARING_STAGE_H */
