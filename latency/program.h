/* SPDX-License-Identifier: GPL-2.0 */
/*
 * program.h - state that all latency tests share: knobs, positive controls, results
 */
#ifndef PROC_LATENCY_PROGRAM_H
#define PROC_LATENCY_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"
#include "trial.h"

/*
 * And once it has used this much, nothing new is begun; what nobody else judges,
 * and takes BULK_SECONDS at most, is begun later still.
 */
#define EXHAUSTED_S 20
#define SKIP_BLIND "the apparatus cannot see contention here"
#define SKIP_UNSURE "could not tell"
#define SKIP_RELEASE "interference, as expected of this release"
#define SKIP_FEW "interference, known where mappings are few"
#define SKIP_LOCKED "interference, this file is known to hold the lock"
#define SKIP_SLOW "slow machine or debug kernel"
#define SKIP_FILE "this kernel has no such file or query"
#define SKIP_MEMORY "not enough memory"
#define SKIP_MAPPINGS "this many mappings are not allowed"

/* The published number of mappings. */
#define MANY 16000

/* One waits for its turn while the other reads: with one they never meet. */
#define SCANNERS 2

/*
 * struct positive_control - what is known of a positive control
 * @tried:	whether it was measured
 * @blind:	why nothing can be told with it: a reason to SKIP, or NULL
 */
struct positive_control {
	bool tried;
	const char *blind;
};

/** enum list - @SHORT: run by default, @LONG: with FULL=1 */
enum list {
	SHORT,
	LONG,
};

/* What outlives the process that one test runs in. */
struct program {
	struct results results;
	struct positive_control positive[2][2];	/* with hogs? with brief locks? */
	int64_t spent;		/* ns, by all trials */
	uint64_t seed;
	bool announced;		/* have the parameters been printed? */
	bool ran;		/* was there a test that was not for another list? */
	struct knobs knobs;	/* of the last test */
};

extern struct program *program;
extern struct trial the_trial;

/**
 * program_end() - write the whole report, where one is asked for
 *
 * What cannot be replaced, as a pipe, is written to only here, and once.
 *
 * Return: false where it could not be written; that is printed.
 */
bool program_end(void);

/**
 * latency_begin() - what the program does first
 *
 * Return: NULL, or a constant reason why no test can run.
 */
const char *latency_begin(void);

void trial_measure(struct trial *trial, const struct scenario *scenario,
		   const struct knobs *knobs, int *error);

/*
 * Less than a verdict will do: on a busy machine the stalls themselves may eat
 * the time up.  This asks what the apparatus sees, not what the kernel does.  And
 * votes alone will not: they may agree on a difference so small that it would be
 * lost with any other file.
 */
bool control_seen(const struct trial *trial);

/* The one that answers for a scenario. */
struct positive_control *control_of(const struct scenario *scenario);

/*
 * The positive control, once per kind of pressure and of lock and not for each
 * scenario: it asks about the machine.
 */
const char *apparatus_is_blind(struct trial *trial,
			       const struct scenario *judged,
			       const struct knobs *knobs);

void finish(struct result *result, const struct knobs *knobs,
	    const char *outcome);

/* Knobs and CPUs; a reason to skip where these are not to be had. */
const char *latency_prepare(struct knobs *knobs);

/*
 * Why a test is left out, or NULL.  For the test to ask, not its fixture: harnesses
 * before 6.9 go on to the test after a skip in the setup.
 */
const char *left_out(enum list list, struct knobs *knobs, unsigned int seconds);

#endif /* PROC_LATENCY_PROGRAM_H */
