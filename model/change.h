/* SPDX-License-Identifier: GPL-2.0 */
/*
 * change.h - the table of address-space changes
 *
 * A change takes a stage (a private range of the address space between two guard
 * mappings) from one layout to the next and, after the last, back to the first.
 * Each transition is one system call.  A layout is drawn with one character a page.
 * Equal neighbours are one mapping:
 *
 *	.  hole			w  rw-p			r  r--p		n  ---p
 *	A B  file A or B, shared, rw-s, at the offset of the page
 *	C    file A, opened read-only and mapped shared: r--s without VM_SHARED
 *	p q  rw-p, named p or q by PR_SET_VMA_ANON_NAME
 *	l  rw-p, locked		d  rw-p, not dumped	u  rw-p, userfaultfd
 *	h  rw-p, the heap	s  rw-p, the stack	g  rw-p, grows down
 *	k  r--p, the heap
 *
 * The legal readings are derived from the drawings.  To add a change, add an entry
 * to change.c and its name to change_list.h.
 */
#ifndef PROC_MODEL_CHANGE_H
#define PROC_MODEL_CHANGE_H

#include <stdbool.h>
#include <sys/mman.h>

#include "oracle.h"

/* Pages of a stage; the longest drawing has 9. */
#define STAGE_PAGES 12

enum op_type {
	OP_PROTECT,	/* mprotect() to the permissions of @letter */
	OP_MAP,		/* mmap(MAP_FIXED) of a mapping drawn as @letter */
	OP_UNMAP,	/* munmap() */
	OP_RESIZE,	/* mremap() in place, to @to pages */
	OP_MOVE,	/* mremap(MREMAP_FIXED) to page @to */
	OP_COPY,	/* mremap(MREMAP_DONTUNMAP) to page @to; the source stays */
	OP_ATTR,	/* set the attribute of @letter; 'w' clears it */
	OP_BRK,		/* brk() to page @to */
	OP_TOUCH,	/* a write to @page, which makes a stack grow */
	OP_FILL,	/* a write to each of @pages */
	OP_DROP,	/* madvise(MADV_DONTNEED) */
};

/**
 * struct op - one system call of a change
 * @type:	kind of the call
 * @page:	first page, counted from the start of the stage
 * @pages:	number of pages
 * @letter:	character that the pages have in the next drawing
 * @to:		destination page or new number of pages, see enum op_type
 * @via:	mask of the layouts that the call itself passes through
 */
struct op {
	enum op_type type;
	unsigned char page, pages;
	char letter;
	unsigned char to;
	unsigned char via;
};

/* The place of a stage in the address space. */
enum place {
	PLACE_STAGE,	/* between two guards, low in the address space */
	PLACE_HEAP,	/* the last pages of the heap and the hole above them */
	PLACE_STACK,	/* the first pages of the stack and the hole below them */
	PLACE_TOP,	/* above all other mappings */
};

/**
 * struct change - an entry of the table
 * @name:	name in test names and diagnostics
 * @place:	place of the stage
 * @needs:	constant reason of a SKIP if the kernel refuses the change; NULL if
 *		every kernel must be able to make it
 * @nr:		number of layouts
 * @draw:	drawings of the layouts, of the same length
 * @op:		system calls; op[i] makes draw[i + 1] out of draw[i], and the last one
 *		makes draw[0]
 */
struct change {
	const char *name;
	enum place place;
	const char *needs;
	unsigned int nr;
	const char *draw[ORACLE_LAYOUTS];
	struct op op[ORACLE_LAYOUTS];
};

/* Every entry of change_list.h: change_split_middle and so on. */
#define CHANGE(entry) extern const struct change change_##entry
#include "change_list.h"
#undef CHANGE

/* Entries with tests of their own. */
extern const struct change change_grow;
extern const struct change change_heap_end;
extern const struct change change_beside;

/** letter_prot() - get the PROT_* bits of a character of a drawing. */
static inline int letter_prot(char letter)
{
	switch (letter) {
	case 'n':
		return PROT_NONE;
	case 'C':
	case 'k':
	case 'r':
		return PROT_READ;
	default:
		return PROT_READ | PROT_WRITE;
	}
}

/** letter_is_file() - check whether a character of a drawing maps a file. */
static inline bool letter_is_file(char letter)
{
	return letter >= 'A' && letter <= 'C';
}

/**
 * draw_run() - find the end of a run of equal characters
 * @draw:	a drawing
 * @from:	index of the first character
 *
 * Return: index of the first character behind the run.
 */
unsigned int draw_run(const char *draw, unsigned int from);

#endif /* PROC_MODEL_CHANGE_H */
