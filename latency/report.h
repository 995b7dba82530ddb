/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - what a trial found, for people and for programs
 *
 * On standard output, as TAP diagnostics:
 *
 *     # maps_hog.ratio: 0.98 x           one fact a line, the same keys always
 *     #   1 us ########      #######     pictures, when something is wrong
 *
 * In a file, as JSON: what rt-tests' programs write (num_threads, thread, min,
 * avg, max, histogram in us, return_code), so that their readers can take it,
 * and beside that every window, one a line, so that awk can.
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

#define REPORT_MAX 64

/**
 * struct result - what is kept of a trial after it is over
 * @name:	of the scenario
 * @outcome:	pass, fail or skip
 * @state:	of the verdict
 * @verdict:	the verdict
 * @took:	ns
 * @hangs:	operations that did not come back in time
 * @hist:	all operations of each group
 * @windows:	how many are in @log
 * @log:	all windows in their order; begin is relative to the trial's
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
 * struct results - of a whole program, in memory that all its processes share
 * @count:	how many there are
 * @failed:	whether any has failed
 * @result:	one for each trial
 */
struct results {
	unsigned int count;
	bool failed;
	struct result result[REPORT_MAX];
};

double ns_to_us(uint64_t ns);

/** report_metrics() - everything that is printed of any trial. */
void report_metrics(const char *name, const struct trial *trial);

/**
 * report_bars() - both distributions side by side, two lines a decade
 * @trial:	the trial
 *
 * Bars are logarithmic: as long again is not twice but the square.
 */
void report_bars(const struct trial *trial);

/** report_slowest() - which operations, when, and who was reading. */
void report_slowest(const struct trial *trial);

/** report_keep() - put a finished trial among the results. */
struct result *report_keep(struct results *results, const char *name,
			   const struct trial *trial);

/** report_is_stream() - whether @path cannot be written anew, only added to */
bool report_is_stream(const char *path);

/**
 * report_json() - write all results so far
 * @path:	where, see report_put()
 * @results:	the results
 * @knobs:	how it was measured
 *
 * Return: 0 or -errno.
 */
int report_json(const char *path, const struct results *results,
		const struct knobs *knobs);

#endif /* PROC_LATENCY_REPORT_H */
