/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counters.h - counters of the readings of a test
 */
#ifndef PROC_MODEL_COUNTERS_H
#define PROC_MODEL_COUNTERS_H

#include <stdint.h>

#include "check.h"

/**
 * struct counters - what happened in the readings of a test
 * @readings:	how many
 * @overlapped:	of these, with a transition during the reading
 * @overlapped_calls:	single read()s or ioctl()s during a transition
 * @lines:	lines judged
 * @original:	overlapped readings that one layout explains: the first one
 * @modified:	another one
 * @mixed:	overlapped readings that only several layouts explain
 * @repeated:	readings in which a mapping was seen again after it grew
 * @lost_tails:	readings with the signature of the known bug
 * @race_ns:	how long was raced for them, up to what ended it
 * @layouts:	mask of the layouts seen
 */
struct counters {
	uint64_t readings, overlapped, overlapped_calls, lines;
	uint64_t original, modified, mixed, repeated, lost_tails;
	int64_t race_ns;
	unsigned int layouts;
};

void counters_add(struct counters *counters, const struct check_result *result);

#endif /* PROC_MODEL_COUNTERS_H */
