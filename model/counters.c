// SPDX-License-Identifier: GPL-2.0
#include "counters.h"

void counters_add(struct counters *counters, const struct check_result *result)
{
	counters->readings++;
	counters->lines += result->lines;
	counters->overlapped_calls += result->overlapped_calls;
	counters->repeated += !!result->steps_back;
	counters->lost_tails += !!result->lost_tails;
	counters->layouts |= result->fits;
	if (!result->overlapped)
		return;
	counters->overlapped++;
	if (result->fits & 1)
		counters->original++;
	else if (result->fits)
		counters->modified++;
	else
		counters->mixed++;
}
