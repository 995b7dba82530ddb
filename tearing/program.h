/* SPDX-License-Identifier: GPL-2.0 */
/*
 * program.h - state and environment that all tests of a program share
 */
#ifndef PROC_TEARING_PROGRAM_H
#define PROC_TEARING_PROGRAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/env.h"
#include "../lib/kernel_log.h"

/*
 * Seconds since the start of a test.  After this time the rest of the test is left out.
 * Arbitrary.
 */
#define TEST_SECONDS 15.0

/* Seconds.  Upper bound of DURATION, for one test.  A third of the time that it has. */
#define DURATION_LIMIT 20.0

/* Set once a test has found the known bug; tests that follow tolerate and count it. */
extern _Atomic bool *known_bug_seen;

/* Time at which the program was started, nanoseconds. */
extern int64_t began_ns;

/* Monitor of the kernel log, in shared memory: each test reads on where one ended. */
extern struct kernel_log *kernel_complaints;

/** known_bug_print() - print what the known bug is, in the summary of a run. */
void known_bug_print(void);

/**
 * program_begin() - check the environment and set up what all tests share
 *
 * To be called first in each program of tests.
 *
 * Return: NULL, or a constant reason why no test can run.
 */
const char *program_begin(void);

/**
 * program_watch_tests() - start the kernel-log monitor and the watchdog
 *
 * For a program whose tests end with context_close().  Not for a program whose memory
 * is swapped or migrated: a thread that waits for a page from the disk is in the same
 * state as one that waits for a lock for ever.
 *
 * Return: NULL, or a constant reason why no test can run.
 */
const char *program_watch_tests(void);

/**
 * program_is_late() - check whether most of the runner's timeout is used up
 *
 * On a slow machine the last tests are left out, since a program that runs into the
 * timeout reports less.  With DURATION set, only a timeout that was set as well counts.
 *
 * Return: whether no further test is to begin.
 */
bool program_is_late(void);

/**
 * program_is_pressed() - check whether three quarters of the runner's timeout are used up
 *
 * Return: whether no time slice is to be extended any more for the sake of its floor.
 */
bool program_is_pressed(void);

/**
 * duration_from_env() - take the duration of a test from DURATION
 * @fallback:	seconds without it
 * @most:	seconds; upper bound of DURATION
 *
 * Return: seconds.
 */
double duration_from_env(double fallback, double most);

/** fault_from_env() - take the injected fault, a letter, from PLANT; 0 for none. */
char fault_from_env(void);

/** race_fault_from_env() - the same, but only a fault of the modifier or the reader. */
char race_fault_from_env(void);

#endif /* PROC_TEARING_PROGRAM_H */
