/* SPDX-License-Identifier: GPL-2.0 */
/*
 * waits.h - detect system calls that wait each time
 *
 * A thread that waits in the kernel gives up its CPU.  The kernel counts that per
 * thread as a voluntary context switch, and counts preemption apart from it.  A busy
 * machine, a slow emulator or a host that takes the CPU away for a second do not
 * change the count.  The count therefore shows a wait that is too short for any
 * limit on durations.  A call that changes mappings of a single-threaded process
 * that no other process reads has no reason to wait.
 *
 * A wait that spins is not counted, but is part of the duration of each call.  Calls
 * of several kinds that take turns are slowed down alike by the machine, so the
 * kinds are compared with each other.
 */
#ifndef PROC_LATENCY_WAITS_H
#define PROC_LATENCY_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/clock.h"

/*
 * Number of calls of each kind; all together take half a millisecond on an idle
 * machine.
 */
#define WAITS_ROUNDS 200

/* Number of calls of each kind that is enough when the calls wait. */
#define WAITS_ENOUGH 16

/* Time after which no more than WAITS_ENOUGH calls of each kind are made, ns. */
#define WAITS_MAX_NS (2 * NSEC_PER_SEC)

/*
 * Inverse of the share of calls that may sleep without being a finding.  Single
 * calls may sleep for a contended lock of the allocator, for lack of memory, or
 * for a monitor that reads this process; such calls are rare.  A wait for
 * readers is in each call, or in one of a few when calls share a wait.
 */
#define WAITS_SHARE 8

/*
 * Factor by which the median of one kind of call must exceed that of another
 * kind.  Without waits, the factor is up to 2.2 (6.1, emulated, mremap() and
 * mmap()); with the shortest wait for all CPUs it is mostly five and more.
 */
#define WAITS_SLOWER 4

/**
 * struct waits - measurements of one kind of call
 * @rounds: number of calls
 * @slept:	number of calls in which the thread gave up its CPU
 * @took:	duration of each call, ns
 */
struct waits {
	unsigned int rounds;
	unsigned int slept;
	int64_t took[WAITS_ROUNDS];
};

/**
 * struct waits_mark - state of the thread at the begin of a call
 * @switches: number of voluntary context switches
 * @begin:	time, ns
 */
struct waits_mark {
	long switches;
	int64_t begin;
};

/** waits_begin() - record the state of the thread before a call */
struct waits_mark waits_begin(void);

/** waits_end() - add a call to @waits, which began at @mark */
void waits_end(struct waits *waits, const struct waits_mark *mark);

/** waits_asleep() - check whether calls of this kind usually sleep */
bool waits_asleep(const struct waits *waits);

/** waits_sort() - sort the durations, for waits_median() and waits_awake() */
void waits_sort(struct waits *waits);

/** waits_median() - return the median duration of sorted calls, ns */
int64_t waits_median(const struct waits *waits);

/**
 * waits_awake() - check whether calls of this kind are usually too slow
 * @waits:	calls of one kind, sorted
 * @other:	calls of another kind that does as much work, sorted
 *
 * Return: whether the median of @waits exceeds WAITS_SLOWER times that of @other.
 */
bool waits_awake(const struct waits *waits, const struct waits *other);

#endif /* PROC_LATENCY_WAITS_H */
