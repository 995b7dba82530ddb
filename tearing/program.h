/* SPDX-License-Identifier: GPL-2.0 */
/*
 * program.h - state that all tests of a program share
 *
 * Time since the start, what the environment asks for, whether the known bug has
 * been seen, and the complaints of the kernel.
 */
#ifndef PROC_TEARING_PROGRAM_H
#define PROC_TEARING_PROGRAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/kernel_log.h"

/* ...as long as the program has not run for so many seconds: see settings. */
#define RACING_BUDGET 90.0

/* The harness ends a test after 30 s: what was not tried by then is left. */
#define TEST_SECONDS 15.0

/* And so long a test may take that was told how long. */
#define DURATION_LIMIT 20.0

/* Set where the known bug was seen: the tests that follow count it. */
extern _Atomic bool *known_bug_seen;

/* What it is, for the verdict as well. */
void known_bug_print(void);

/* When the program was started. */
extern int64_t began_ns;

/* What the kernel has said since, and who heard it already: shared memory. */
extern struct kernel_log *kernel_complaints;

/**
 * program_begin() - what each program of tests does first
 *
 * Return: NULL, or a constant reason why no test can run.
 */
const char *program_begin(void);

uint64_t seed_from_env(void);

/* DURATION, in seconds, or what the test takes without it; at most @most. */
double duration_from_env(double fallback, double most);

/*
 * Whether the runner's patience will end soon: a program that is told TIMEOUT on a
 * slow machine says less than one that leaves out its last tests.  With DURATION
 * it is for whoever sets it to set that, too.
 */
bool program_is_late(void);

/* First letter of the plant: see inject_fault(). */
char fault_from_env(void);

/* What the modifier may be told; other plants are others' business. */
char modifier_fault_from_env(void);

/*
 * For a program whose tests end with context_close().  Not for one that has memory in
 * motion: who waits for a page from the disk sleeps as one does who is stuck.
 */
const char *look_after_tests(void);

#endif /* PROC_TEARING_PROGRAM_H */
