// SPDX-License-Identifier: GPL-2.0
#include "change.h"

const struct change change_split_middle = {
	.name = "split_middle", .nr = 2,
	.draw = { "wwwwwwww",
		  "wwwrrwww" },
	.op = { { OP_PROTECT, 3, 2, 'r' },
		{ OP_PROTECT, 3, 2, 'w' } },		/* merge both sides */
};

const struct change change_split_low = {
	.name = "split_low", .nr = 2,
	.draw = { "wwwwww",
		  "rrwwww" },
	.op = { { OP_PROTECT, 0, 2, 'r' },
		{ OP_PROTECT, 0, 2, 'w' } },
};

const struct change change_split_high = {
	.name = "split_high", .nr = 2,
	.draw = { "wwwwww",
		  "wwwwrr" },
	.op = { { OP_PROTECT, 4, 2, 'r' },
		{ OP_PROTECT, 4, 2, 'w' } },
};

const struct change change_split_by_map = {
	.name = "split_by_map", .nr = 2,
	.draw = { "wwwwww",
		  "wwrrww" },
	.op = { { OP_MAP, 2, 2, 'r' },
		{ OP_MAP, 2, 2, 'w' } },
};

const struct change change_split_lock = {
	.name = "split_lock", .nr = 2,
	.needs = "mlock() refused",
	.draw = { "wwwwww",
		  "wwllww" },
	.op = { { OP_ATTR, 2, 2, 'l' },
		{ OP_ATTR, 2, 2, 'w' } },
};

const struct change change_split_dontdump = {
	.name = "split_dontdump", .nr = 2,
	.draw = { "wwwwww",
		  "wwddww" },
	.op = { { OP_ATTR, 2, 2, 'd' },
		{ OP_ATTR, 2, 2, 'w' } },
};

const struct change change_split_uffd = {
	.name = "split_uffd", .nr = 2,
	.needs = "no userfaultfd for this user",
	.draw = { "wwwwww",
		  "wwuuww" },
	.op = { { OP_ATTR, 2, 2, 'u' },
		{ OP_ATTR, 2, 2, 'w' } },
};

const struct change change_merge_both = {
	.name = "merge_both", .nr = 2,
	.draw = { "rrrnnrrr",
		  "rrrrrrrr" },
	.op = { { OP_PROTECT, 3, 2, 'r' },
		{ OP_PROTECT, 3, 2, 'n' } },
};

const struct change change_merge_left_full = {
	.name = "merge_left_full", .nr = 2,
	.draw = { "wwrrnn",
		  "wwwwnn" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

const struct change change_merge_left_partial = {
	.name = "merge_left_partial", .nr = 2,
	.draw = { "wwrrrr",
		  "wwwwrr" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

const struct change change_merge_right_full = {
	.name = "merge_right_full", .nr = 2,
	.draw = { "nnrrww",
		  "nnwwww" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

const struct change change_merge_right_partial = {
	.name = "merge_right_partial", .nr = 2,
	.draw = { "rrrrww",
		  "rrwwww" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

const struct change change_hole = {
	.name = "hole", .nr = 2,
	.draw = { "wwwwww",
		  "ww..ww" },
	.op = { { OP_UNMAP, 2, 2 },
		{ OP_MAP, 2, 2, 'w' } },		/* merge both sides */
};

const struct change change_gap_left = {
	.name = "gap_left", .nr = 2,
	.draw = { "ww..nn",
		  "wwwwnn" },
	.op = { { OP_MAP, 2, 2, 'w' },
		{ OP_UNMAP, 2, 2 } },
};

const struct change change_gap_right = {
	.name = "gap_right", .nr = 2,
	.draw = { "nn..ww",
		  "nnwwww" },
	.op = { { OP_MAP, 2, 2, 'w' },
		{ OP_UNMAP, 2, 2 } },
};

const struct change change_gap_alone = {
	.name = "gap_alone", .nr = 2,
	.draw = { "ww..ww",
		  "wwrrww" },				/* no merge at all */
	.op = { { OP_MAP, 2, 2, 'r' },
		{ OP_UNMAP, 2, 2 } },
};

const struct change change_creep = {
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
 * The head of a mapping is replaced after the reader has found the mapping.  The
 * reader must go back to report the new head.
 */
const struct change change_replace_head = {
	.name = "replace_head", .nr = 3,
	.draw = { "wwwwww",
		  "rwwwww",
		  "nnwwww" },
	.op = { { OP_MAP, 0, 1, 'r' },
		{ OP_MAP, 0, 2, 'n' },
		{ OP_MAP, 0, 2, 'w' } },
};

/* Mappings of one page: a cursor that advances one page too far skips one. */
const struct change change_single_pages = {
	.name = "single_pages", .nr = 2,
	.draw = { "wrwrwrwr",
		  "wrwwwrwr" },
	.op = { { OP_PROTECT, 3, 1, 'w' },
		{ OP_PROTECT, 3, 1, 'r' } },
};

const struct change change_three_pages = {
	.name = "three_pages", .nr = 3,
	.draw = { "wwwrrrwww",
		  "wwwnnnwww",
		  "www...www" },
	.op = { { OP_PROTECT, 3, 3, 'n' },
		{ OP_UNMAP, 3, 3 },
		{ OP_MAP, 3, 3, 'r' } },
};

const struct change change_resize = {
	.name = "resize", .nr = 2,
	.draw = { "wwwwww..r",
		  "www.....r" },
	.op = { { OP_RESIZE, 0, 6, 0, 3 },
		{ OP_RESIZE, 0, 3, 0, 6 } },
};

const struct change change_move = {
	.name = "move", .nr = 2,
	.draw = { "nwwn....r",
		  "n..n.ww.r" },
	.op = { { OP_MOVE, 1, 2, 0, 5 },
		{ OP_MOVE, 5, 2, 0, 1 } },
};

/*
 * Unlike mmap(MAP_FIXED), mremap() first unmaps the destination.  Since Linux 6.17 a
 * reader can see that state, which is the third layout.
 */
const struct change change_move_onto = {
	.name = "move_onto", .nr = 3,
	.draw = { "ww.rr.n",
		  "...ww.n",
		  "ww....n" },
	.op = { { OP_MOVE, 0, 2, 0, 3, .via = 1 << 2 },
		{ OP_MOVE, 3, 2 },
		{ OP_MAP, 3, 2, 'r' } },
};

const struct change change_move_keep = {
	.name = "move_keep", .nr = 2,
	.needs = "no MREMAP_DONTUNMAP",
	.draw = { "nww.....r",
		  "nww..ww.r" },
	.op = { { OP_COPY, 1, 2, 0, 5 },
		{ OP_UNMAP, 5, 2 } },
};

const struct change change_heap = {
	.name = "heap", .place = PLACE_HEAP, .nr = 2,
	.draw = { "hhhh....",
		  "hhhhhhhh" },
	.op = { { OP_BRK, 0, 0, 0, 8 },
		{ OP_BRK, 0, 0, 0, 4 } },
};

/*
 * The end of the heap is a mapping of its own, and brk() takes it away whole.  The kernel
 * tells the heap by mm->brk, which brk() lowers first.
 */
const struct change change_heap_end = {
	.name = "heap_end", .place = PLACE_HEAP, .nr = 3,
	.draw = { "hhhh....",
		  "hhhhhhhh",
		  "hhhhkkkk" },
	.op = { { OP_BRK, 0, 0, 0, 8 },
		{ OP_PROTECT, 4, 4, 'k' },
		{ OP_BRK, 0, 0, 0, 4 } },
};

const struct change change_stack = {
	.name = "stack", .place = PLACE_STACK, .nr = 2,
	.draw = { "....ssss",
		  "ssssssss" },
	.op = { { OP_TOUCH, 0, 0 },
		{ OP_UNMAP, 0, 4 } },
};

/*
 * A mapping that grows like the stack, near the beginning of the file.  It keeps its
 * distance (stack_guard_gap) to the mapping below, unless that is PROT_NONE.
 */
const struct change change_grow = {
	.name = "grow", .nr = 2,
	.needs = "no mapping that grows down",
	.draw = { "n...gggg",
		  "n.gggggg" },
	.op = { { OP_TOUCH, 2, 0 },
		{ OP_UNMAP, 2, 2 } },
};

/*
 * Changes on both sides of a mapping that another process locks and unlocks.  They
 * replace the maple-tree node of that mapping at each transition or every other.
 */
const struct change change_beside = {
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

const struct change change_rename = {
	.name = "rename", .nr = 2,
	.needs = "no names for anonymous memory",
	.draw = { "wwppppww",
		  "wwqqqqww" },
	.op = { { OP_ATTR, 2, 4, 'q' },
		{ OP_ATTR, 2, 4, 'p' } },
};

/* Two permissions change at once, in a mapping that keeps its bounds. */
const struct change change_two_bits = {
	.name = "two_bits", .nr = 2,
	.draw = { "rnnnr",
		  "rwwwr" },
	.op = { { OP_PROTECT, 1, 3, 'w' },
		{ OP_PROTECT, 1, 3, 'n' } },
};

/* No mapping follows: a walk that finds no more must be verified. */
const struct change change_top = {
	.name = "top", .place = PLACE_TOP, .nr = 2,
	.needs = "no room above the stack",
	.draw = { "wwrr",
		  "wwww" },
	.op = { { OP_PROTECT, 2, 2, 'w' },
		{ OP_PROTECT, 2, 2, 'r' } },
};

const struct change change_read_only_file = {
	.name = "read_only_file", .nr = 2,
	.draw = { "nCCCCn",
		  "nCBBCn" },
	.op = { { OP_MAP, 2, 2, 'B' },
		{ OP_MAP, 2, 2, 'C' } },
};

/* Device, inode, offset and path must be those of the same file. */
const struct change change_swap_files = {
	.name = "swap_files", .nr = 2,
	.draw = { "nAAAAn",
		  "nBBBBn" },
	.op = { { OP_MAP, 1, 4, 'B' },
		{ OP_MAP, 1, 4, 'A' } },
};

const struct change change_swap_part = {
	.name = "swap_part", .nr = 2,
	.draw = { "AAAAAA",
		  "AABBAA" },
	.op = { { OP_MAP, 2, 2, 'B' },
		{ OP_MAP, 2, 2, 'A' } },
};

unsigned int draw_run(const char *draw, unsigned int from)
{
	unsigned int to = from;

	while (draw[to] && draw[to] == draw[from])
		to++;
	return to;
}
