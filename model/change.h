/* SPDX-License-Identifier: GPL-2.0 */
/*
 * change.h - the table of address-space changes
 *
 * A change takes a stage (a private stretch of address space between two
 * guards) from one layout to the next and, after the last, back to the first.
 * Each transition is one system call.  A layout is drawn, one character a page;
 * equal neighbours are one mapping:
 *
 *	.  hole			w  rw-p			r  r--p		n  ---p
 *	A B  file A or B, shared, read and write, at the offset of the page
 *	C    file A, opened for reading only: shared, but not to the kernel
 *	p q  rw-p, named p or q by PR_SET_VMA_ANON_NAME
 *	l  rw-p, locked		d  rw-p, not dumped	u  rw-p, userfaultfd
 *	h  rw-p, the heap	s  rw-p, the stack	g  rw-p, grows down
 *
 * The picture is the specification: the legal readings are derived from it.
 * To add a change, add a row and name it in change_list.h.
 */
#ifndef PROC_MODEL_CHANGE_H
#define PROC_MODEL_CHANGE_H

#include <stdbool.h>
#include <sys/mman.h>

#include "oracle.h"

#define STAGE_PAGES 12

enum op_type {
	OP_PROTECT,	/* mprotect() to what the letter says */
	OP_MAP,		/* mmap(MAP_FIXED) */
	OP_UNMAP,	/* munmap() */
	OP_RESIZE,	/* mremap() in place, to @to pages */
	OP_MOVE,	/* mremap(MREMAP_FIXED) to page @to */
	OP_COPY,	/* the same with MREMAP_DONTUNMAP: the source stays */
	OP_ATTR,	/* the attribute of the letter; 'w' takes it away */
	OP_BRK,		/* brk() to page @to */
	OP_TOUCH,	/* a write, which makes the stack grow */
};

/**
 * struct op - one system call
 * @type:	which
 * @page:	first page it is about
 * @pages:	how many
 * @letter:	what they become
 * @to:		see enum op_type
 * @via:	mask of the layouts that the call itself passes through
 */
struct op {
	enum op_type type;
	unsigned char page, pages;
	char letter;
	unsigned char to;
	unsigned char via;
};

/* Where a change takes place. */
enum place {
	PLACE_STAGE,	/* between two guards, low in the address space */
	PLACE_HEAP,	/* the last pages of the heap and what follows */
	PLACE_STACK,	/* the first pages of the stack and what precedes */
	PLACE_TOP,	/* above everything else */
};

/**
 * struct change - a row of the table
 * @name:	for people
 * @place:	where
 * @needs:	constant reason of a SKIP where the kernel refuses the change;
 *		NULL where each kernel must be able to make it
 * @nr:		number of layouts
 * @draw:	the layouts
 * @op:		op[i] makes draw[i + 1] out of draw[i], the last one draw[0]
 */
struct change {
	const char *name;
	enum place place;
	const char *needs;
	unsigned int nr;
	const char *draw[ORACLE_LAYOUTS];
	struct op op[ORACLE_LAYOUTS];
};

extern const struct change change_split_middle;
extern const struct change change_split_low;
extern const struct change change_split_high;
extern const struct change change_split_by_map;
extern const struct change change_split_lock;
extern const struct change change_split_dontdump;
extern const struct change change_split_uffd;
extern const struct change change_merge_both;
extern const struct change change_merge_left_full;
extern const struct change change_merge_left_partial;
extern const struct change change_merge_right_full;
extern const struct change change_merge_right_partial;
extern const struct change change_hole;
extern const struct change change_gap_left;
extern const struct change change_gap_right;
extern const struct change change_gap_alone;
extern const struct change change_creep;

/*
 * The reader finds a mapping, it loses its head, something else is installed
 * there: the reader must go back for the new head.
 */
extern const struct change change_replace_head;

/* One page each: a cursor that steps one page too far must lose one. */
extern const struct change change_single_pages;
extern const struct change change_three_pages;
extern const struct change change_resize;
extern const struct change change_move;

/*
 * Unlike mmap(MAP_FIXED), mremap() first unmaps what is in the way: since 6.17 a
 * reader can see that moment, which is the third layout.
 */
extern const struct change change_move_onto;
extern const struct change change_move_keep;
extern const struct change change_heap;
extern const struct change change_stack;

/*
 * What the stack does, near the beginning of the file.  A mapping that grows
 * keeps its distance to the one below, but for one that nobody can use.
 */
extern const struct change change_grow;

/*
 * On both sides of a mapping that somebody else locks, so that the node of the maple
 * tree that this one is in is replaced each time or every other.
 */
extern const struct change change_beside;
extern const struct change change_rename;

/* Two permissions change at once, in a mapping that stays as it is. */
extern const struct change change_two_bits;

/* Nothing comes behind: who finds no more mappings must be sure of it. */
extern const struct change change_top;
extern const struct change change_read_only_file;

/* Device, inode, offset and path must be those of one file. */
extern const struct change change_swap_files;
extern const struct change change_swap_part;

static inline int letter_prot(char letter)
{
	switch (letter) {
	case 'n':
		return PROT_NONE;
	case 'C':
	case 'r':
		return PROT_READ;
	default:
		return PROT_READ | PROT_WRITE;
	}
}

static inline bool letter_is_file(char letter)
{
	return letter >= 'A' && letter <= 'C';
}

/* The end of the run of equal characters in a picture that begins at @from. */
unsigned int draw_run(const char *draw, unsigned int from);

#endif /* PROC_MODEL_CHANGE_H */
