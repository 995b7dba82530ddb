/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stuck.h - decide whether a reader or a modifier is stuck, from samples of both
 *
 * A thread makes progress where its number of beats changes.  One without progress is
 * stuck after STUCK_POLLS polls that find it and its partner in uninterruptible sleep,
 * after STUCK_POLLS_ALONE polls that find it there alone, or once it has used
 * STUCK_CPU_NS of CPU time.  A poll that finds it awake restarts the count of its sleep; one
 * that finds something else able to run, which it may wait for, does not count.
 *
 * Neither polls nor CPU time are wall-clock time: while the whole machine stands still,
 * nothing is polled, and a thread that waits for a CPU uses none.
 */
#ifndef PROC_TEARING_STUCK_H
#define PROC_TEARING_STUCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/clock.h"
#include "../lib/task.h"

/*
 * Polls that find both asleep before they count as stuck.  Arbitrary: 3 s at
 * WATCHDOG_POLL_NS; where a lock is handed on, however slowly, a poll finds one of both
 * running earlier.
 */
#define STUCK_POLLS 30

/*
 * Polls that find one asleep without its partner.  Arbitrary: 3.5 s at WATCHDOG_POLL_NS.
 */
#define STUCK_POLLS_ALONE 35

/*
 * Nanoseconds.  CPU time of a thread without progress before it counts as stuck.  A test
 * needs up to 20 ms, an emulator thirty times that, and a guest that its host gave a tenth
 * of the time was seen to be charged 6.5 s.
 */
#define STUCK_CPU_NS (10 * NSEC_PER_SEC)

/* Times that a debug kernel may take as long, see machine_is_slow().  Arbitrary. */
#define STUCK_CPU_SLOW 3

/*
 * Nanoseconds.  The most CPU time that counts for one poll.  A virtual machine that its
 * host stops charges the time to the thread that ran.  Twice the time between polls.
 */
#define STUCK_POLL_CPU_NS (200 * NSEC_PER_MSEC)

/* Indexes of the threads of a pair. */
enum { STUCK_READER, STUCK_MODIFIER, STUCK_THREADS };

/**
 * enum stuck - what is stuck
 * @STUCK_NONE:	 nothing
 * @STUCK_BOTH:	 both threads sleep
 * @STUCK_ALONE_READER: the reader alone makes no progress
 * @STUCK_ALONE_MODIFIER: the same of the modifier
 */
enum stuck {
	STUCK_NONE,
	STUCK_BOTH,
	STUCK_ALONE_READER,
	STUCK_ALONE_MODIFIER,
};

/**
 * struct stuck_poll - a pair of threads at a poll
 * @runner:	process that waits for the reader's end
 * @other_runs:	a third thread can run, which may hold a lock that both wait for
 * @thread:	reader and modifier
 * @thread.tid:	thread; 0 for none
 * @thread.beats: number of calls or transitions that have ended
 * @thread.task: its state and its CPU time
 */
struct stuck_poll {
	uint32_t runner;
	bool other_runs;
	struct {
		uint32_t tid;
		uint32_t beats;
		struct task_sample task;
	} thread[STUCK_THREADS];
};

/**
 * struct stuck_count - what polls in a row have found
 * @last:	the last poll
 * @asleep:	polls since a thread was last awake or made progress, but for those at which
 *		something could run that it may wait for
 * @ran_ns:	CPU time of a thread since its last progress, nanoseconds
 */
struct stuck_count {
	struct stuck_poll last;
	unsigned int asleep[STUCK_THREADS];
	int64_t ran_ns[STUCK_THREADS];
};

/** stuck_same_pair() - check whether two polls are about the same threads. */
bool stuck_same_pair(const struct stuck_poll *a, const struct stuck_poll *b);

/**
 * stuck_add_poll() - count a poll
 * @count:	what the polls before have found, zeroed at first; updated
 * @now:	this poll
 * @cpu_ns:	CPU time of a thread that counts as stuck, nanoseconds
 *
 * Return: what is stuck; then counting begins anew.
 */
enum stuck stuck_add_poll(struct stuck_count *count, const struct stuck_poll *now,
			  int64_t cpu_ns);

#endif /* PROC_TEARING_STUCK_H */
