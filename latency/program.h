/* SPDX-License-Identifier: GPL-2.0 */
/*
 * program.h - knobs, positive controls and results that all latency tests share
 */
#ifndef PROC_LATENCY_PROGRAM_H
#define PROC_LATENCY_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"
#include "trial.h"

/*
 * Time of all trials after which no further trial begins, in s.  The program
 * then ends within the 45 s that test bots allow without settings.
 */
#define EXHAUSTED_S 20

/* Reasons to skip that several tests have; bots build names of results from them. */
#define SKIP_BLIND "the apparatus cannot see contention here"
#define SKIP_SELDOM "could not tell, contention shows too seldom"
#define SKIP_UNSURE "could not tell"
#define SKIP_RELEASE "interference, as expected of this release"
#define SKIP_FEW "interference, known where mappings are few"
#define SKIP_LOCKED "interference, this file is known to hold the lock"
#define SKIP_SLOW "slow machine or debug kernel"
#define SKIP_FILE "this kernel has no such file or query"
#define SKIP_MEMORY "not enough memory"
#define SKIP_MAPPINGS "this many mappings are not allowed"

/*
 * Number of mappings of a process with many; the value of the published
 * benchmark.
 */
#define MANY 16000

/*
 * Number of scanners.  With two, one is preempted by the other even without a
 * hog.
 */
#define SCANNERS 2

/*
 * struct positive_control - result of a positive control
 * @tried:	the control was measured
 * @missed:	reason to skip the tests that rely on it, or NULL
 * @clear:	enough of its pairs showed contention for these tests to pass
 */
struct positive_control {
	bool tried;
	const char *missed;
	bool clear;
};

/**
 * enum list - selection of tests
 * @SHORT:	run by default
 * @GATED:	run with GATE=1, without which the test cannot fail, or FULL=1
 * @LONG:	run with FULL=1
 */
enum list {
	SHORT,
	GATED,
	LONG,
};

/*
 * struct program - state that outlives the process of a single test
 * @results: results of all trials
 * @positive: positive controls, by hogs and by brief locks
 * @spent:	time of all trials, ns
 * @seed:	seed of all tests
 * @announced: the parameters were printed
 * @ran:	a test was run, not left out for its list
 * @knobs:	knobs of the last test
 */
struct program {
	struct results results;
	struct positive_control positive[2][2];
	int64_t spent;
	uint64_t seed;
	bool announced;
	bool ran;
	struct knobs knobs;
};

/* In memory that is shared with the processes of the tests. */
extern struct program *program;

/* The trial of the test that runs; too large for the stack. */
extern struct trial the_trial;

/**
 * program_end() - write the whole report, if JSON asks for one
 *
 * A stream, such as a pipe, is written only here, since it cannot be replaced.
 *
 * Return: false when the report could not be written; that is printed.
 */
bool program_end(void);

/**
 * latency_begin() - set up the program before any test
 *
 * Return: NULL, or a constant reason why no test can run.
 */
const char *latency_begin(void);

/**
 * trial_measure() - end the last trial, and run a new one
 * @trial:	any trial
 * @scenario:	what to measure
 * @knobs:	how to measure
 *
 * Return: 0 or -errno.
 */
int trial_measure(struct trial *trial, const struct scenario *scenario,
		  const struct knobs *knobs);

/**
 * control_result() - keep the result of a positive control
 * @scenario:	scenario of the control
 * @trial:	trial with a verdict
 *
 * Return: NULL, or the reason to skip when the contention was not seen.
 */
const char *control_result(const struct scenario *scenario,
			   const struct trial *trial);

/**
 * control_measure() - measure the positive control of a scenario if it is due
 * @trial:	used for the measurement
 * @checked: the scenario
 * @knobs:	how to measure
 *
 * A positive control is measured once for each kind of load and of lock, and not for
 * each scenario, since its result depends on the machine only.
 *
 * Return: NULL, or the reason to skip.
 */
const char *control_measure(struct trial *trial, const struct scenario *checked,
			    const struct knobs *knobs);

/**
 * control_is_clear() - check whether a pass of a scenario counts
 * @checked: the scenario, of which control_measure() has found no reason to skip
 *
 * Return: verdict_is_clear() of its positive control.
 */
bool control_is_clear(const struct scenario *checked);

/**
 * finish() - record the outcome of a test, and write the report so far
 * @result:	result of its trial, or NULL
 * @knobs:	how it was measured
 * @outcome:	"pass", "fail" or "skip"
 */
void finish(struct result *result, const struct knobs *knobs,
	    const char *outcome);

/**
 * latency_prepare() - set up knobs, CPUs and priority of a test
 * @knobs:	filled in
 *
 * Return: NULL, or the reason to skip.
 */
const char *latency_prepare(struct knobs *knobs);

/**
 * left_out() - set up a test, unless it is left out
 * @list:	list of the test
 * @knobs:	filled in
 * @seconds: time of all trials after which the test is skipped
 *
 * To be called by the test, not by its fixture: harnesses before 6.9 run a test even
 * after a skip in its setup.
 *
 * Return: NULL, or the reason to skip.
 */
const char *left_out(enum list list, struct knobs *knobs, unsigned int seconds);

#endif /* PROC_LATENCY_PROGRAM_H */
