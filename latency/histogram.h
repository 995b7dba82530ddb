/* SPDX-License-Identifier: GPL-2.0 */
/*
 * histogram.h - latencies in fixed memory, with a known error
 *
 * Error:   a quantile is at most 1/2^HIST_SUB_BITS (6.25 %) above the sample
 *          it stands for, and never below it.  Count, sum, minimum and maximum
 *          are exact.
 * Range:   0 ns to 2^HIST_TOP_BITS ns (68 s).  What is longer is counted as
 *          overflow; it still is in count, sum and maximum, and a quantile that
 *          falls there is the maximum.
 * Memory:  ((HIST_TOP_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS) buckets of
 *          eight bytes, 4.1 KiB.  Nothing is allocated, ever.
 *
 * How: a value below 16 is its own bucket.  Any other value has a leading bit
 * e >= 4; the four bits after it choose one of 16 buckets of width 2^(e - 4):
 *
 *     value   1 s s s s x x x x        leading bit, 4 bits of bucket, the rest
 *     bucket  (e - 3) * 16 + ssss
 *
 * The smallest value of a bucket with leading bit e is at least 2^e and the
 * bucket is 2^(e - 4) wide, which is where the 1/16 comes from.
 *
 * Pure: no system calls, no clock.
 */
#ifndef PROC_LATENCY_HISTOGRAM_H
#define PROC_LATENCY_HISTOGRAM_H

#include <stdint.h>

/*
 * 6 % is finer than what two runs of the same kernel differ by; one bit more
 * would double the memory that a timed loop drags through the cache.
 */
#define HIST_SUB_BITS 4

/* The longest thing that is waited for is a hang's five seconds, twice. */
#define HIST_TOP_BITS 36
#define HIST_BUCKETS ((HIST_TOP_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS)

/**
 * struct histogram - zeroed memory is an empty histogram
 * @count:	number of samples
 * @overflow:	how many of them lie above the range
 * @sum:	of all samples, ns
 * @min:	smallest sample, ns; 0 while @count is 0
 * @max:	largest sample, ns
 * @bucket:	samples per bucket
 */
struct histogram {
	uint64_t count;
	uint64_t overflow;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint64_t bucket[HIST_BUCKETS];
};

/** hist_index() - the bucket of @ns, which must be in range. */
unsigned int hist_index(uint64_t ns);

/** hist_floor() - the smallest value that falls into bucket @index, ns. */
uint64_t hist_floor(unsigned int index);

/** hist_ceiling() - the largest value that falls into bucket @index, ns. */
uint64_t hist_ceiling(unsigned int index);

/** hist_add() - record @times samples of @ns nanoseconds each. */
static inline void hist_add(struct histogram *h, uint64_t ns, uint64_t times)
{
	if (!times)
		return;
	if (!h->count || ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	h->count += times;
	h->sum += ns * times;
	if (ns >> HIST_TOP_BITS)
		h->overflow += times;
	else
		h->bucket[hist_index(ns)] += times;
}

/** hist_merge() - add the samples of @from to @to. */
void hist_merge(struct histogram *to, const struct histogram *from);

/**
 * hist_quantile() - the value that a share of the samples does not exceed
 * @h:		the histogram
 * @ppm:	the share in parts per million: 990000 for p99
 *
 * Return: ns, rounded up to the end of its bucket but never above the maximum;
 * 0 when there are no samples.
 */
uint64_t hist_quantile(const struct histogram *h, uint32_t ppm);

/** hist_mean() - the mean in ns, 0 when there are no samples. */
double hist_mean(const struct histogram *h);

/** hist_at_least() - how many samples lie in @ns's bucket or above. */
uint64_t hist_at_least(const struct histogram *h, uint64_t ns);

/**
 * hist_correct() - what would have been seen without waiting for one's turn
 * @to:		gets the samples of @from and those that @from's owner missed
 * @from:	what one caller measured that calls, waits, and calls again
 * @period_ns:	how long it usually takes from one call to the next
 *
 * A caller that is held up for 60 ms makes one slow call, where callers that
 * come every @period_ns would have made many, each of them held up for what
 * was left of the 60 ms ("coordinated omission").  Those are added here.  A
 * bucket counts as its ceiling, so the correction errs upwards by the
 * histogram's own error.
 */
void hist_correct(struct histogram *to, const struct histogram *from,
		  uint64_t period_ns);

#endif /* PROC_LATENCY_HISTOGRAM_H */
