/* SPDX-License-Identifier: GPL-2.0 */
/*
 * waits.h - does a system call wait for something, each time?
 *
 * A thread that waits in the kernel gives its CPU away, and the kernel counts that
 * for each thread apart from what a thread is preempted.  A busy machine, a slow
 * emulator, a host that takes the CPU away for a second: none of them makes a
 * thread wait that would not.  So the count of voluntary switches says what no
 * duration can, however short the wait is, and a call that changes mappings of a
 * process with a single thread, of which nothing reads, has no reason for one.
 *
 * A wait that spins is not counted.  It is in the duration of each call, though, and
 * calls of several kinds that take turns owe as much to the machine, each kind.
 */
#ifndef PROC_LATENCY_WAITS_H
#define PROC_LATENCY_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/clock.h"

/* Calls of each kind; half a millisecond in all on an idle machine. */
#define WAITS_ROUNDS 200

/* Where each call waits, fewer will do: no more are begun after so long. */
#define WAITS_ENOUGH 16
#define WAITS_MAX_NS (2 * NSEC_PER_SEC)

/*
 * One in so many calls may sleep: a lock of the allocator that is contended, memory
 * that is scarce, a monitor that reads this very process.  They are rare where they
 * occur at all; a wait for readers is in each call, or where calls share one, in one
 * of a few.
 */
#define WAITS_SHARE 8

/*
 * The median call of one kind takes up to 2.2 times as long as that of another (6.1,
 * emulated, mremap() and mmap()); with the shortest wait for all CPUs that there is,
 * mostly five times and more.
 */
#define WAITS_SLOWER 4

/**
 * struct waits - what is known of one kind of call
 * @rounds:	calls
 * @slept:	of them, those in which the thread gave its CPU away
 * @took:	how long each took, ns
 */
struct waits {
	unsigned int rounds;
	unsigned int slept;
	int64_t took[WAITS_ROUNDS];
};

/** struct waits_mark - what a thread had done when a call began */
struct waits_mark {
	long switches;
	int64_t begin;
};

/** waits_begin() - to be called before a call */
struct waits_mark waits_begin(void);

/** waits_end() - to be called after it */
void waits_end(struct waits *waits, const struct waits_mark *mark);

/** waits_asleep() - whether calls of this kind sleep as a rule */
bool waits_asleep(const struct waits *waits);

/** waits_sort() - to be called before what follows */
void waits_sort(struct waits *waits);

int64_t waits_median(const struct waits *waits);

/**
 * waits_awake() - whether calls of this kind take too long as a rule
 * @waits:	calls of one kind, sorted
 * @other:	calls of another kind that does as much, sorted
 */
bool waits_awake(const struct waits *waits, const struct waits *other);

#endif /* PROC_LATENCY_WAITS_H */
