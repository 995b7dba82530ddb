/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - print the results of trials, and write them as JSON
 *
 * On standard output, as TAP diagnostics:
 *
 *     # maps_hog.ratio: 0.98 x           one value a line, with constant keys
 *     #   1 us ########      #######     histograms, on failure
 *
 * In a file, as JSON: the fields of the rt-tests programs (num_threads, thread,
 * min, avg, max, histogram in us, return_code), so that their readers can parse it,
 * and in addition all windows, one a line, for awk.
 */
#ifndef PROC_LATENCY_REPORT_H
#define PROC_LATENCY_REPORT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "load.h"
#include "trial.h"
#include "verdict.h"

/* Maximum number of results in a report; there are about half as many tests. */
#define REPORT_MAX 64

/**
 * struct result - results of a trial
 * @name:	name of the scenario
 * @outcome: "pass", "fail" or "skip"
 * @state:	state of the sequential test
 * @verdict: the verdict
 * @took:	duration of the trial, ns
 * @hangs:	number of operations that took longer than TRIAL_HANG_NS
 * @hist:	durations of all operations, per group
 * @windows: number of windows in @log
 * @log:	all windows, in order; their begin is relative to that of the trial
 */
struct result {
	char name[48];
	const char *outcome;
	struct verdict_state state;
	enum verdict verdict;
	int64_t took;
	unsigned int hangs;
	struct histogram hist[NR_GROUPS];
	unsigned int windows;
	struct trial_window log[3 * TRIAL_MAX_PAIRS];
};

/**
 * struct results - results of all trials, in memory shared by all processes
 * @count:	number of results
 * @failed: a test has failed
 * @result: results of each trial
 */
struct results {
	unsigned int count;
	bool failed;
	struct result result[REPORT_MAX];
};

/** ns_to_us() - convert nanoseconds to microseconds */
double ns_to_us(uint64_t ns);

/** report_metrics() - print the metrics of a trial */
void report_metrics(const char *name, const struct trial *trial);

/**
 * report_bars() - print the histograms of target and control process
 * @trial:	the trial
 *
 * There are two lines a decade.  The length of a bar is logarithmic: a bar of twice
 * the length is the square of the count.
 */
void report_bars(const struct trial *trial);

/** report_slowest() - print the slowest operations, and the scanners */
void report_slowest(const struct trial *trial);

/** report_keep() - add a finished trial to the results; NULL when they are full */
struct result *report_keep(struct results *results, const char *name,
			   const struct trial *trial);

/**
 * report_json() - write all results so far as JSON
 * @path:	path, see report_put()
 * @results: the results
 * @knobs:	how they were measured
 *
 * Return: 0 or -errno.
 */
int report_json(const char *path, const struct results *results,
		const struct knobs *knobs);

#endif /* PROC_LATENCY_REPORT_H */
