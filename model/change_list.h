/* SPDX-License-Identifier: GPL-2.0 */
/*
 * change_list.h - list of the entries of change.h
 *
 * To be included with CHANGE() defined.  The names are parts of test names, under
 * which CI systems keep their history: do not rename them.
 */
CHANGE(split_middle);
CHANGE(split_low);
CHANGE(split_high);
CHANGE(split_by_map);
CHANGE(split_lock);
CHANGE(split_dontdump);
CHANGE(split_uffd);
CHANGE(merge_both);
CHANGE(merge_left_full);
CHANGE(merge_left_partial);
CHANGE(merge_right_full);
CHANGE(merge_right_partial);
CHANGE(hole);
CHANGE(gap_left);
CHANGE(gap_right);
CHANGE(gap_alone);
CHANGE(creep);
CHANGE(replace_head);
CHANGE(single_pages);
CHANGE(three_pages);
CHANGE(resize);
CHANGE(move);
CHANGE(move_onto);
CHANGE(move_keep);
CHANGE(heap);
CHANGE(stack);
CHANGE(rename);
CHANGE(two_bits);
CHANGE(top);
CHANGE(read_only_file);
CHANGE(swap_files);
CHANGE(swap_part);
