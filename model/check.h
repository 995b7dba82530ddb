/* SPDX-License-Identifier: GPL-2.0 */
/*
 * check.h - hold one reading against the oracle
 *
 * Pure code: the reading has been taken.
 */
#ifndef PROC_MODEL_CHECK_H
#define PROC_MODEL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "oracle.h"
#include "parse.h"

/**
 * struct check_result - what became of one reading
 * @rule:	the rule that was broken, or RULE_NONE
 * @overlapped:	a transition was made during the reading
 * @overlapped_calls:	single read()s that a transition overlapped
 * @fits:	layouts that alone explain the whole reading
 * @steps_back:	lines that start no higher than the line before
 * @lost_tails:	signatures of the known bug that were tolerated
 * @lines:	lines judged
 * @current:	layouts that were held to be current for the record at @where
 * @before:	the modifier's sequence number when these begin
 * @after:	and when they end
 * @where:	the offending record, or the end of the text
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
 * layouts_between() - which layouts were current
 * @oracle:	knows their number, and what a transition passes through
 * @before:	sequence number
 * @after:	a later one
 *
 * Return: a mask of layouts.
 */
unsigned int layouts_between(const struct oracle *oracle, uint32_t before,
			     uint32_t after);

/**
 * check_reading() - hold one reading against the rules
 * @oracle:	layouts and fields; its reading state is overwritten
 * @kind:	the file that was read
 * @reading:	the reading
 *
 * Return: the finding.
 */
struct check_result check_reading(struct oracle *oracle, const struct file_kind *kind,
				  const struct reading *reading);

#endif /* PROC_MODEL_CHECK_H */
