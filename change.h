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
#ifndef PROC_CHANGE_H
#define PROC_CHANGE_H

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

/* --- splits: the kernel must never show the parts without each other ------- */

static const struct change change_split_middle = {
	.name = "split_middle", .nr = 2,
	.draw = { "wwwwwwww",
		  "wwwrrwww" },
	.op = { { OP_PROTECT, 3, 2, 'r' },
		{ OP_PROTECT, 3, 2, 'w' } },		/* merge both sides */
};

static const struct change change_split_low = {
	.name = "split_low", .nr = 2,
	.draw = { "wwwwww",
		  "rrwwww" },
	.op = { { OP_PROTECT, 0, 2, 'r' },
		{ OP_PROTECT, 0, 2, 'w' } },
};

static const struct change change_split_high = {
	.name = "split_high", .nr = 2,
	.draw = { "wwwwww",
		  "wwwwrr" },
	.op = { { OP_PROTECT, 4, 2, 'r' },
		{ OP_PROTECT, 4, 2, 'w' } },
};

static const struct change change_split_by_map = {
	.name = "split_by_map", .nr = 2,
	.draw = { "wwwwww",
		  "wwrrww" },
	.op = { { OP_MAP, 2, 2, 'r' },
		{ OP_MAP, 2, 2, 'w' } },
};

static const struct change change_split_lock = {
	.name = "split_lock", .nr = 2,
	.needs = "mlock() refused",
	.draw = { "wwwwww",
		  "wwllww" },
	.op = { { OP_ATTR, 2, 2, 'l' },
		{ OP_ATTR, 2, 2, 'w' } },
};

static const struct change change_split_dontdump = {
	.name = "split_dontdump", .nr = 2,
	.draw = { "wwwwww",
		  "wwddww" },
	.op = { { OP_ATTR, 2, 2, 'd' },
		{ OP_ATTR, 2, 2, 'w' } },
};

static const struct change change_split_uffd = {
	.name = "split_uffd", .nr = 2,
	.needs = "no userfaultfd for this user",
	.draw = { "wwwwww",
		  "wwuuww" },
	.op = { { OP_ATTR, 2, 2, 'u' },
		{ OP_ATTR, 2, 2, 'w' } },
};

/* --- merges over an existing mapping, full and partial --------------------- */

static const struct change change_merge_both = {
	.name = "merge_both", .nr = 2,
	.draw = { "rrrnnrrr",
		  "rrrrrrrr" },
	.op = { { OP_PROTECT, 3, 2, 'r' },
		{ OP_PROTECT, 3, 2, 'n' } },
};

static const struct change change_merge_left_full = {
	.name = "merge_left_full", .nr = 2,
	.draw = { "wwrrnn",
		  "wwwwnn" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

static const struct change change_merge_left_partial = {
	.name = "merge_left_partial", .nr = 2,
	.draw = { "wwrrrr",
		  "wwwwrr" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

static const struct change change_merge_right_full = {
	.name = "merge_right_full", .nr = 2,
	.draw = { "nnrrww",
		  "nnwwww" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

static const struct change change_merge_right_partial = {
	.name = "merge_right_partial", .nr = 2,
	.draw = { "rrrrww",
		  "rrwwww" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

/* --- merges into a gap: what was next to it is there all the time ---------- */

static const struct change change_hole = {
	.name = "hole", .nr = 2,
	.draw = { "wwwwww",
		  "ww..ww" },
	.op = { { OP_UNMAP, 2, 2 },
		{ OP_MAP, 2, 2, 'w' } },		/* merge both sides */
};

static const struct change change_gap_left = {
	.name = "gap_left", .nr = 2,
	.draw = { "ww..nn",
		  "wwwwnn" },
	.op = { { OP_MAP, 2, 2, 'w' },
		{ OP_UNMAP, 2, 2 } },
};

static const struct change change_gap_right = {
	.name = "gap_right", .nr = 2,
	.draw = { "nn..ww",
		  "nnwwww" },
	.op = { { OP_MAP, 2, 2, 'w' },
		{ OP_UNMAP, 2, 2 } },
};

static const struct change change_gap_alone = {
	.name = "gap_alone", .nr = 2,
	.draw = { "ww..ww",
		  "wwrrww" },				/* no merge at all */
	.op = { { OP_MAP, 2, 2, 'r' },
		{ OP_UNMAP, 2, 2 } },
};

/* --- boundaries that wander, heads that are replaced ----------------------- */

static const struct change change_creep = {
	.name = "creep", .nr = 4,
	.draw = { "wrrrrn",
		  "wwrrrn",
		  "wwwrrn",
		  "wwwwrn" },
	.op = { { OP_PROTECT, 1, 1, 'w' },
		{ OP_PROTECT, 2, 1, 'w' },
		{ OP_PROTECT, 3, 1, 'w' },
		{ OP_PROTECT, 1, 3, 'r' } },
};

/*
 * The reader finds a mapping, it loses its head, something else is installed
 * there: the reader must go back for the new head.
 */
static const struct change change_replace_head = {
	.name = "replace_head", .nr = 3,
	.draw = { "wwwwww",
		  "rwwwww",
		  "nnwwww" },
	.op = { { OP_MAP, 0, 1, 'r' },
		{ OP_MAP, 0, 2, 'n' },
		{ OP_MAP, 0, 2, 'w' } },
};

/* One page each: a cursor that steps one page too far must lose one. */
static const struct change change_single_pages = {
	.name = "single_pages", .nr = 2,
	.draw = { "wrwrwrwr",
		  "wrwwwrwr" },
	.op = { { OP_PROTECT, 3, 1, 'w' },
		{ OP_PROTECT, 3, 1, 'r' } },
};

static const struct change change_three_pages = {
	.name = "three_pages", .nr = 3,
	.draw = { "wwwrrrwww",
		  "wwwnnnwww",
		  "www...www" },
	.op = { { OP_PROTECT, 3, 3, 'n' },
		{ OP_UNMAP, 3, 3 },
		{ OP_MAP, 3, 3, 'r' } },
};

/* --- mremap() -------------------------------------------------------------- */

static const struct change change_resize = {
	.name = "resize", .nr = 2,
	.draw = { "wwwwww..r",
		  "www.....r" },
	.op = { { OP_RESIZE, 0, 6, 0, 3 },
		{ OP_RESIZE, 0, 3, 0, 6 } },
};

static const struct change change_move = {
	.name = "move", .nr = 2,
	.draw = { "nwwn....r",
		  "n..n.ww.r" },
	.op = { { OP_MOVE, 1, 2, 0, 5 },
		{ OP_MOVE, 5, 2, 0, 1 } },
};

/*
 * Unlike mmap(MAP_FIXED), mremap() first unmaps what is in the way: since 6.17 a
 * reader can see that moment, which is the third layout.
 */
static const struct change change_move_onto = {
	.name = "move_onto", .nr = 3,
	.draw = { "ww.rr.n",
		  "...ww.n",
		  "ww....n" },
	.op = { { OP_MOVE, 0, 2, 0, 3, .via = 1 << 2 },
		{ OP_MOVE, 3, 2 },
		{ OP_MAP, 3, 2, 'r' } },
};

static const struct change change_move_keep = {
	.name = "move_keep", .nr = 2,
	.needs = "no MREMAP_DONTUNMAP",
	.draw = { "nww.....r",
		  "nww..ww.r" },
	.op = { { OP_COPY, 1, 2, 0, 5 },
		{ OP_UNMAP, 5, 2 } },
};

/* --- heap, stack, names, files --------------------------------------------- */

static const struct change change_heap = {
	.name = "heap", .place = PLACE_HEAP, .nr = 2,
	.draw = { "hhhh....",
		  "hhhhhhhh" },
	.op = { { OP_BRK, 0, 0, 0, 8 },
		{ OP_BRK, 0, 0, 0, 4 } },
};

static const struct change change_stack = {
	.name = "stack", .place = PLACE_STACK, .nr = 2,
	.draw = { "....ssss",
		  "ssssssss" },
	.op = { { OP_TOUCH, 0, 0 },
		{ OP_UNMAP, 0, 4 } },
};

/*
 * What the stack does, near the beginning of the file.  A mapping that grows
 * keeps its distance to the one below, but for one that nobody can use.
 */
static const struct change change_grow = {
	.name = "grow", .nr = 2,
	.needs = "no mapping that grows down",
	.draw = { "n...gggg",
		  "n.gggggg" },
	.op = { { OP_TOUCH, 2, 0 },
		{ OP_UNMAP, 2, 2 } },
};

/*
 * On both sides of a mapping that somebody else locks, so that the node of the maple
 * tree that this one is in is replaced each time or every other.
 */
static const struct change change_beside = {
	.name = "beside", .nr = 4,
	.needs = "mlock() refused",
	.draw = { "rnwwwnr",
		  "rrwwwnr",
		  "rrwwwrr",
		  "rnwwwrr" },
	.op = { { OP_PROTECT, 1, 1, 'r' },
		{ OP_PROTECT, 5, 1, 'r' },
		{ OP_PROTECT, 1, 1, 'n' },
		{ OP_PROTECT, 5, 1, 'n' } },
};

static const struct change change_rename = {
	.name = "rename", .nr = 2,
	.needs = "no names for anonymous memory",
	.draw = { "wwppppww",
		  "wwqqqqww" },
	.op = { { OP_ATTR, 2, 4, 'q' },
		{ OP_ATTR, 2, 4, 'p' } },
};

/* Two permissions change at once, in a mapping that stays as it is. */
static const struct change change_two_bits = {
	.name = "two_bits", .nr = 2,
	.draw = { "rnnnr",
		  "rwwwr" },
	.op = { { OP_PROTECT, 1, 3, 'w' },
		{ OP_PROTECT, 1, 3, 'n' } },
};

/* Nothing comes behind: who finds no more mappings must be sure of it. */
static const struct change change_top = {
	.name = "top", .place = PLACE_TOP, .nr = 2,
	.needs = "no room above the stack",
	.draw = { "wwrr",
		  "wwww" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

static const struct change change_read_only_file = {
	.name = "read_only_file", .nr = 2,
	.draw = { "nCCCCn",
		  "nCBBCn" },
	.op = { { OP_MAP, 2, 2, 'B' },
		{ OP_MAP, 2, 2, 'C' } },
};

/* Device, inode, offset and path must be those of one file. */
static const struct change change_swap_files = {
	.name = "swap_files", .nr = 2,
	.draw = { "nAAAAn",
		  "nBBBBn" },
	.op = { { OP_MAP, 1, 4, 'B' },
		{ OP_MAP, 1, 4, 'A' } },
};

static const struct change change_swap_part = {
	.name = "swap_part", .nr = 2,
	.draw = { "AAAAAA",
		  "AABBAA" },
	.op = { { OP_MAP, 2, 2, 'B' },
		{ OP_MAP, 2, 2, 'A' } },
};

#endif /* PROC_CHANGE_H */
