// SPDX-License-Identifier: GPL-2.0
#include "histogram.h"

unsigned int hist_index(uint64_t ns)
{
	unsigned int lead, group;

	if (ns < (1u << HIST_SUB_BITS))
		return ns & ((1u << HIST_SUB_BITS) - 1);
	lead = 63 - (unsigned int)__builtin_clzll(ns);
	group = lead - HIST_SUB_BITS;
	return ((group + 1) << HIST_SUB_BITS) +
	       ((unsigned int)(ns >> group) & ((1u << HIST_SUB_BITS) - 1));
}

uint64_t hist_floor(unsigned int index)
{
	unsigned int group = index >> HIST_SUB_BITS;
	uint64_t sub = index & ((1u << HIST_SUB_BITS) - 1);

	if (!group)
		return sub;
	return (sub + (1u << HIST_SUB_BITS)) << (group - 1);
}

uint64_t hist_ceiling(unsigned int index)
{
	return hist_floor(index + 1) - 1;
}

void hist_merge(struct histogram *to, const struct histogram *from)
{
	unsigned int i;

	if (!from->count)
		return;
	if (!to->count || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->count += from->count;
	to->overflow += from->overflow;
	to->sum += from->sum;
	for (i = 0; i < HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

uint64_t hist_quantile(const struct histogram *h, uint32_t ppm)
{
	uint64_t rank, seen = 0;
	unsigned int i;

	/* Split, since count * ppm may overflow for a run of many hours. */
	rank = h->count / 1000000 * ppm +
	       (h->count % 1000000 * ppm + 999999) / 1000000;
	if (!rank)
		return h->min;
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return hist_ceiling(i) < h->max ? hist_ceiling(i) :
							  h->max;
	}
	return h->max;
}

double hist_mean(const struct histogram *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}

uint64_t hist_at_least(const struct histogram *h, uint64_t ns)
{
	uint64_t n = h->overflow;
	unsigned int i;

	if (ns >> HIST_TOP_BITS)
		return n;
	for (i = hist_index(ns); i < HIST_BUCKETS; i++)
		n += h->bucket[i];
	return n;
}

void hist_correct(struct histogram *to, const struct histogram *from,
		  uint64_t period_ns)
{
	unsigned int i;

	hist_merge(to, from);
	if (!period_ns)
		return;
	for (i = 0; i < HIST_BUCKETS; i++) {
		uint64_t left = hist_ceiling(i);

		if (!from->bucket[i])
			continue;
		if (left > from->max)
			left = from->max;
		while (left > period_ns) {
			left -= period_ns;
			hist_add(to, left, from->bucket[i]);
		}
	}
}
