/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.h - run readings of a test context against its changes
 *
 * Racing: time slices, each with one interleaving mode.  Stepped: a transition at
 * each record boundary.
 */
#ifndef PROC_TEARING_RUN_H
#define PROC_TEARING_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/change.h"
#include "../model/judge.h"
#include "../model/tally.h"
#include "context.h"
#include "modifier.h"
#include "program.h"

/* A racing test that found no floor of evidence goes on so long in each slice... */
#define RACING_TIMEOUT 2.0

/* Overlapped readings below which a race says nothing. */
#define RACING_FLOOR 30

/*
 * struct time_slice - a stretch of racing with one way of interleaving
 * @interleave:	the modifier's
 * @name:	for people
 * @share:	of the time of a test, in per cent
 * @cpus:	how many CPUs it takes
 */
struct time_slice {
	enum interleave interleave;
	const char *name;
	unsigned int share;
	unsigned int cpus;
};

/* Indexes of @slices. */
enum time_slice_index {
	TIME_SLICE_OVERLAP,
	TIME_SLICE_FREE,
	TIME_SLICE_PREEMPT,
	NR_SLICES,
};

/**
 * struct run - readings of a scene against its changes
 * @context:	the scene
 * @cpu:	reader's and modifier's, of a race; -1 for none
 * @counters:	of all readings
 * @result:	of the last one, which is illegal where a drive returns 1
 * @how:	driver and circumstances of that one
 * @began_ns:	when
 */
struct run {
	struct context *context;
	int cpu[2];
	struct counters counters;
	struct check_result result;
	const char *how;
	int64_t began_ns;
};

/* The modifier must be gone before anything is printed: failure is prompt. */
void context_end_modifier(struct context *context);

/**
 * context_over() - end a scene, and see its modifier go
 * @context:	in any state; zeroed then
 *
 * Return: 0, or -ETIMEDOUT where it was killed and waits for a lock for good;
 * that is printed.
 */
int context_over(struct context *context);

/* Whether a scene did not start since this kernel, or user, has no such file. */
bool file_is_missing(const struct context *context, int err);

/*
 * Whether a change that needs something was refused: its modifier says so, or died
 * of it.  All else is a failure, such as a reader's that cannot read the result.
 */
bool change_is_refused(const struct context *context, const struct change *change,
		       int err);

/* Most test contexts need nothing special, and nothing random. */
extern const struct context_options plain_options;

/* A race is random, and may have a injected fault. */
struct context_options race_options(void);

/* How to run one test again, for evidence_print(). */
const char *again(const char *fixture, const char *variant, const char *test,
		  uint64_t seed);

extern const struct time_slice time_slices[NR_SLICES];

/* The @i-th slice of a race for a narrow window: preemption meets it best. */
const struct time_slice *time_slice_narrow(unsigned int i);

/**
 * reader_timer_start() - interrupt this thread from now on
 * @slice:	how it races
 *
 * Where the modifier shares the reader's CPU there is no timer: what the reader is
 * held up by is its modifier, and an interrupt more makes no window wider for that.
 *
 * Every READER_TIMER_NS, but once only until reader_timer_again(): a timerfd
 * fires again when somebody has read it.  So a slow machine is not drowned.
 * It fires on the CPU of whoever started or read it.
 *
 * Return: for reader_timer_again() and close(); -1 where there is no timer, which
 * costs opportunities and nothing else.
 */
int reader_timer_start(const struct time_slice *slice);

/** reader_timer_again() - where it has fired, let it fire again. */
void reader_timer_again(int timer);

struct run run_of(struct context *context);

bool run_is_late(const struct run *run);

/* Judges the reading that was taken: 0, or 1 where it is illegal. */
int run_check(struct run *run);

/*
 * The same of the layout that takes the most: who reads up to there has seen the
 * guard, whatever changes meanwhile.  Measured in one cycle, once for each scene.
 */
size_t context_near(struct context *context);

/**
 * race_in_slice() - read while the modifier changes
 * @run:	its modifier is frozen before and after
 * @slice:	how to steer; what takes more CPUs than there are is left out
 * @seconds:	how long
 * @floor:	go on until so many readings were overlapped, or @timeout
 * @timeout:	seconds at most
 *
 * Return: 0, -errno, or 1 with a finding; then the reading is the illegal one.
 */
int race_in_slice(struct run *run, const struct time_slice *slice, double seconds,
		  uint64_t floor, double timeout);

/**
 * race_all() - all slices, each for its share of the time
 * @run:	see race_in_slice()
 * @seconds:	of all slices
 * @floor:	of each slice
 * @timeout:	of each slice
 *
 * Return: as race_in_slice().
 */
int race_all(struct run *run, double seconds, uint64_t floor,
	     double timeout);

/* Both outcomes of a race must have been there, or it was none. */
bool counters_suffice(const struct counters *counters);

/**
 * step_boundaries() - a transition at each record boundary of the current layout
 * @run:	its modifier is frozen
 * @buffer:	bytes per read() behind the boundary
 * @steps:	transitions at the boundary
 *
 * Each case begins in the layout in which the last one ended, so boundaries
 * are counted in records, and found anew in a reading at rest.  Slow files are
 * read no further than the stage.
 *
 * Return: 0, -errno, or 1 with a finding.
 */
int step_boundaries(struct run *run, size_t buffer, unsigned int steps);

#endif /* PROC_TEARING_RUN_H */
