/* SPDX-License-Identifier: GPL-2.0 */
/*
 * histogram.h - histogram of latencies with fixed memory and bounded error
 *
 * Error:   a quantile is at most 1/2^HIST_SUB_BITS (6.25 %) above the sample
 *          it stands for, and never below it.  Count, sum, minimum and maximum
 *          are exact.
 * Range:   0 ns to 2^HIST_TOP_BITS ns (68 s).  Longer samples are counted as
 *          overflow, and are part of count, sum and maximum.  A quantile in the
 *          overflow is the maximum.
 * Memory:  ((HIST_TOP_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS) buckets of
 *          eight bytes, 4.1 KiB.  Nothing is allocated.
 *
 * A value below 16 has a bucket of its own.  Any other value has a leading bit
 * e >= 4.  The four bits after it choose one of 16 buckets of width 2^(e - 4):
 *
 *     value   1 s s s s x x x x        leading bit, 4 bits of bucket, the rest
 *     bucket  (e - 3) * 16 + ssss
 *
 * The smallest value of a bucket with leading bit e is at least 2^e, and the bucket
 * is 2^(e - 4) wide.  The error is therefore 1/16.
 *
 * Pure code: no system calls, no clock.
 */
#ifndef PROC_LATENCY_HISTOGRAM_H
#define PROC_LATENCY_HISTOGRAM_H

#include <stdint.h>

/*
 * Number of bits after the leading one that choose a bucket.  The resulting
 * error of 6 % is below the difference of two runs of the same kernel.  One bit
 * more would double the cache footprint of a timed loop.
 */
#define HIST_SUB_BITS 4

/*
 * Number of bits of the longest duration.  The range of 68 s includes the
 * longest wait of a trial, twice TRIAL_HANG_NS.
 */
#define HIST_TOP_BITS 36

/* Number of buckets. */
#define HIST_BUCKETS ((HIST_TOP_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS)

/**
 * struct histogram - a histogram, which is empty when zeroed
 * @count:	number of samples
 * @overflow: number of samples above the range
 * @sum:	sum of all samples, ns
 * @min:	smallest sample, ns; 0 while @count is 0
 * @max:	largest sample, ns
 * @bucket: number of samples per bucket
 */
struct histogram {
	uint64_t count;
	uint64_t overflow;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint64_t bucket[HIST_BUCKETS];
};

/** hist_index() - compute the bucket of @ns, which must be in range */
unsigned int hist_index(uint64_t ns);

/** hist_floor() - compute the smallest value of bucket @index, ns */
uint64_t hist_floor(unsigned int index);

/** hist_ceiling() - compute the largest value of bucket @index, ns */
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
 * hist_quantile() - compute the value that a share of the samples does not exceed
 * @h:	the histogram
 * @ppm:	the share in parts per million: 990000 for p99
 *
 * Return: ns, rounded up to the end of the bucket but never above the maximum; 0
 * without samples.
 */
uint64_t hist_quantile(const struct histogram *h, uint32_t ppm);

/** hist_mean() - compute the mean, ns; 0 without samples */
double hist_mean(const struct histogram *h);

/** hist_at_least() - count the samples in the bucket of @ns or above */
uint64_t hist_at_least(const struct histogram *h, uint64_t ns);

/**
 * hist_correct() - add the samples that a blocked caller did not take
 * @to:	histogram to which the samples of @from and the missing ones are added
 * @from:	samples of one caller that calls, waits, and calls again
 * @period_ns: usual time from one call to the next, ns
 *
 * A caller that is blocked for 60 ms makes one slow call.  Callers that come every
 * @period_ns would have made many calls, each blocked for the rest of the 60 ms.
 * The difference is called coordinated omission, and is added here.  A sample counts
 * as the ceiling of its bucket, so the correction errs upwards by the error of the
 * histogram.
 */
void hist_correct(struct histogram *to, const struct histogram *from,
		  uint64_t period_ns);

#endif /* PROC_LATENCY_HISTOGRAM_H */
