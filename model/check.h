/* SPDX-License-Identifier: GPL-2.0 */
/*
 * check.h - check of a whole reading against the oracle
 *
 * The code makes no system call and reads no /proc.
 */
#ifndef PROC_MODEL_CHECK_H
#define PROC_MODEL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "oracle.h"
#include "parse.h"

/**
 * struct check_result - the result of checking one reading
 * @rule:	rule that was broken, or RULE_NONE
 * @overlapped:	true if a transition was made during the reading
 * @overlapped_calls:	number of calls during which a transition was made
 * @fits:	mask of the layouts that alone explain the whole reading
 * @steps_back:	number of lines that start at or below the start of the line before
 * @lost_tails:	number of tolerated signatures of the known bug
 * @lines:	number of lines checked
 * @current:	mask of the layouts that were current for the record at @where
 * @before:	the modifier's sequence number when the first of these was current
 * @after:	the modifier's sequence number when the last of these was current
 * @where:	the record that breaks the rule, or the end of the text
 */
struct check_result {
	enum rule rule;
	bool overlapped;
	unsigned int overlapped_calls;
	unsigned int fits;
	unsigned int steps_back, lost_tails, lines;
	unsigned int current;
	uint32_t before, after;
	struct cursor where;
};

/**
 * layouts_between() - find the layouts that were current between two instants
 * @oracle:	the layouts
 * @before:	the modifier's sequence number at the first instant
 * @after:	the modifier's sequence number at the second instant
 *
 * The number is even between transitions, and odd during one.
 *
 * Return: mask of the layouts.
 */
unsigned int layouts_between(const struct oracle *oracle, uint32_t before,
			     uint32_t after);

/**
 * check_reading() - check one reading by the rule of the oracle
 * @oracle:	the layouts and fields; the state of the reading is overwritten
 * @kind:	the file that was read
 * @reading:	the reading
 *
 * Return: the result.
 */
struct check_result check_reading(struct oracle *oracle, const struct file_kind *kind,
				  const struct reading *reading);

#endif /* PROC_MODEL_CHECK_H */
