/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counters.h - counters of the readings of a test
 */
#ifndef PROC_MODEL_COUNTERS_H
#define PROC_MODEL_COUNTERS_H

#include <stdint.h>

#include "check.h"

/**
 * struct counters - sums over the readings of a test
 * @readings:	number of readings
 * @overlapped:	readings during which a transition was made
 * @overlapped_calls:	read()s or ioctl()s during which a transition was made
 * @lines:	lines checked
 * @original:	overlapped readings that the first layout alone explains
 * @modified:	overlapped readings that another layout alone explains
 * @mixed:	overlapped readings that only several layouts together explain
 * @repeated:	readings that show a mapping again after it grew
 * @lost_tails:	readings with the signature of the known bug
 * @race_ns:	duration of the race in nanoseconds
 * @layouts:	mask of the layouts that alone explain a reading
 */
struct counters {
	uint64_t readings, overlapped, overlapped_calls, lines;
	uint64_t original, modified, mixed, repeated, lost_tails;
	int64_t race_ns;
	unsigned int layouts;
};

/** counters_add() - add the result of one reading. */
void counters_add(struct counters *counters, const struct check_result *result);

#endif /* PROC_MODEL_COUNTERS_H */
