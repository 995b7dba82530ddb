// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <sys/resource.h>

#include "waits.h"

static long waits_switches(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

struct waits_mark waits_begin(void)
{
	struct waits_mark mark = { .switches = waits_switches() };

	mark.begin = now_ns();
	return mark;
}

void waits_end(struct waits *waits, const struct waits_mark *mark)
{
	int64_t took = now_ns() - mark->begin;

	if (waits->rounds >= WAITS_ROUNDS)
		return;
	waits->slept += waits_switches() != mark->switches;
	waits->took[waits->rounds++] = took;
}

bool waits_asleep(const struct waits *waits)
{
	return waits->slept * WAITS_SHARE > waits->rounds;
}

void waits_sort(struct waits *waits)
{
	qsort(waits->took, waits->rounds, sizeof(*waits->took), compare_ns);
}

int64_t waits_median(const struct waits *waits)
{
	return waits->took[waits->rounds / 2];
}

bool waits_awake(const struct waits *waits, const struct waits *other)
{
	return waits_median(waits) > WAITS_SLOWER * waits_median(other);
}
