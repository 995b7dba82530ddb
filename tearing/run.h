/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.h - run readings of a test context against its changes
 *
 * Racing: the reader and the modifier run at the same time, in time slices with one
 * interleaving mode each.  Stepped: a frozen modifier makes transitions at each record
 * boundary of a reading.
 */
#ifndef PROC_TEARING_RUN_H
#define PROC_TEARING_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/check.h"
#include "../model/counters.h"
#include "context.h"
#include "modifier.h"

/*
 * Seconds.  Bound of a time slice that goes on until it has its floor of overlapped
 * readings.  Arbitrary.
 */
#define RACING_TIMEOUT 2.0

/*
 * Overlapped readings.  A race with fewer is reported as not exercised, and most time
 * slices go on until they have that many.  Arbitrary.
 */
#define RACING_FLOOR 30

/**
 * struct time_slice - a stretch of racing in one interleaving mode
 * @interleave:	mode
 * @name:	name of the mode in the output
 * @share:	share of a test's time, per cent
 * @cpus:	number of CPUs that the mode needs
 */
struct time_slice {
	enum interleave interleave;
	const char *name;
	unsigned int share;
	unsigned int cpus;
};

/* Indexes of @time_slices. */
enum time_slice_index {
	TIME_SLICE_OVERLAP,
	TIME_SLICE_FREE,
	TIME_SLICE_PREEMPT,
	NR_SLICES,
};

/* Time slices of a racing test. */
extern const struct time_slice time_slices[NR_SLICES];

/**
 * time_slice_narrow() - choose a time slice of a race for a narrow window
 * @i:	number of the time slice in the race, from 0
 *
 * Return: two times in three preemption, which meets narrow windows most often.
 */
const struct time_slice *time_slice_narrow(unsigned int i);

/**
 * struct run - readings of a test context against its changes
 * @context:	test context
 * @cpu:	CPUs of the reader and of the modifier in a race; -1 for none
 * @counters:	counters of all readings
 * @result:	check of the last reading; a violation where a function returned 1
 * @near_only:	step_boundaries() steps at few boundaries before and behind the stage
 * @how:	mode and circumstances of the last reading, in words
 * @began_ns:	time of the beginning, nanoseconds
 */
struct run {
	struct context *context;
	int cpu[2];
	struct counters counters;
	struct check_result result;
	bool near_only;
	const char *how;
	int64_t began_ns;
};

/** run_of() - begin a run of a test context, and choose its CPUs. */
struct run run_of(struct context *context);

/** run_is_late() - check whether a run has used up TEST_SECONDS. */
bool run_is_late(const struct run *run);

/** run_check() - check the reading that was taken; return 1 for a violation, else 0. */
int run_check(struct run *run);

/**
 * reader_timer_start() - have a timer interrupt the reader's CPU
 * @slice:	time slice
 *
 * In a mode that shares the reader's CPU there is no timer: there the modifier itself
 * interrupts the reader.
 *
 * The timer fires READER_TIMER_NS after it was started or last read, on the CPU where
 * that was done.  It does not fire again until it is read, by reader_timer_rearm(), so
 * that a slow machine is not flooded with interrupts.
 *
 * Return: a file descriptor, or -1 where there is no timer; then the race meets fewer
 * windows.
 */
int reader_timer_start(const struct time_slice *slice);

/** reader_timer_rearm() - let a timer that has fired fire again. */
void reader_timer_rearm(int timer);

/**
 * context_near() - measure the text up to the guard above the stage
 * @context:	test context; its modifier is frozen
 *
 * The layout with the longest text counts, so that a reading of this length ends
 * behind the stage in each layout.  Measured once for each test context.
 *
 * Return: bytes.
 */
size_t context_near(struct context *context);

/**
 * race_in_slice() - read while the modifier makes transitions in one mode
 * @run:	run; its modifier is frozen before and after
 * @slice:	time slice; skipped where there are fewer CPUs than it needs
 * @seconds:	duration
 * @floor:	overlapped readings until which the time slice goes on beyond @seconds
 * @timeout:	seconds; bound of that
 *
 * Return: 0, -errno, or 1 where @run->result is a violation.
 */
int race_in_slice(struct run *run, const struct time_slice *slice, double seconds,
		  uint64_t floor, double timeout);

/**
 * race_all() - race in all time slices, in each for its share of the time
 * @run:	see race_in_slice()
 * @seconds:	duration of all time slices together
 * @floor:	overlapped readings in each time slice
 * @timeout:	seconds; bound of each time slice that has not reached its floor
 *
 * Return: as race_in_slice().
 */
int race_all(struct run *run, double seconds, uint64_t floor,
	     double timeout);

/**
 * counters_suffice() - check whether there was a race
 * @counters:	counters of all readings
 *
 * Return: whether RACING_FLOOR readings were overlapped, and two layouts were seen.
 */
bool counters_suffice(const struct counters *counters);

/**
 * step_boundaries() - make transitions at each record boundary of a reading
 * @run:	run; its modifier is frozen
 * @buffer:	bytes per read() behind the boundary
 * @steps:	number of transitions at the boundary
 *
 * Each case begins in the layout in which the last one ended.  So a boundary is a
 * number of records, and its position is taken from a reading of that layout.  Slow
 * files are read up to the guard above the stage.
 *
 * Return: 0, -errno, or 1 where @run->result is a violation.
 */
int step_boundaries(struct run *run, size_t buffer, unsigned int steps);

#endif /* PROC_TEARING_RUN_H */
