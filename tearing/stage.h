/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stage.h - a stretch of address space, and the system calls that change it
 *
 *	low addresses                                        high addresses
 *	| fillers: many mappings | guard |    stage    | guard |
 *
 * The guards are shared memory: no mapping on the stage can merge with them.
 * The stage lies as low as possible, so that its lines are the first of the
 * file and a short read() sees nothing else; fillers push it down the file.
 *
 * Everything here runs in the process whose mappings change.  It maps no other
 * memory while a test is under way: what is not on the stage is constant.
 */
#ifndef PROC_TEARING_STAGE_H
#define PROC_TEARING_STAGE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/change.h"
#include "../model/layout.h"

/*
 * The files of a stage: 'A', 'B', A once more, opened for reading only, and the
 * one that pads the text before it.
 */
enum {
	STAGE_READ_ONLY = 2,
	STAGE_PAD,
	STAGE_FILES,
};

/**
 * struct stage - a stage; in shared memory where another process reads it
 * @change:	the row it is for
 * @page:	bytes that a character of a picture stands for: a page, or some
 * @base:	first byte of the stage
 * @fillers:	number of one-page mappings below it
 * @file:	the files (memfd); -1 for no padding
 * @uffd:	userfaultfd, or -1
 * @perm:	what maps prints for the protections 0 to 7, read back: READ may
 *		imply EXEC (personality), WRITE may imply READ (riscv)
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

static inline void *stage_addr(const struct stage *stage, unsigned int page)
{
	return (void *)(uintptr_t)(stage->base + page * stage->page);
}

/* A write that no compiler leaves out. */
static inline void stage_touch(void *addr)
{
	atomic_store((_Atomic unsigned char *)addr, 1);
}

int stage_map(const struct stage *stage, unsigned int page, unsigned int pages,
	      char letter);

/**
 * stage_apply() - make one transition
 * @stage:	the stage
 * @index:	from which layout of the change to the next
 *
 * Return: 0 or -errno.
 */
int stage_apply(const struct stage *stage, unsigned int index);

/**
 * stage_setup() - build a stage in this process, in the first layout
 * @stage:	filled in
 * @change:	for which change
 * @fillers:	how many mappings are to stand before it
 * @unit:	bytes for each character of its pictures, a power of two; 0 for a
 *		page
 * @file:	the files
 *
 * Return: 0 or -errno.
 */
int stage_setup(struct stage *stage, const struct change *change,
		unsigned int fillers, size_t unit, const int file[STAGE_FILES]);

/**
 * stage_layout() - one layout of the change, within what is around it
 * @stage:	the stage
 * @rest:	the address space, read while the first layout was in place
 * @index:	which layout of the change
 * @out:	filled in; @out->span has room for @rest->nr + STAGE_PAGES spans
 */
void stage_layout(const struct stage *stage, const struct layout *rest,
		  unsigned int index, struct layout *out);

#endif /* PROC_TEARING_STAGE_H */
