/* SPDX-License-Identifier: GPL-2.0 */
/*
 * modifier.h - the process that changes its mappings, and how it is interleaved
 *
 * The modifier has these ways to go:
 *   - frozen: it has made as many transitions as it was allowed to, and waits;
 *   - by overlap: on a CPU of its own, it waits for the beginning of a reading
 *     and then for a random part of what a reading lasts, so that transitions
 *     fall on all phases of it alike (the idea of LTP's tst_fuzzy_sync);
 *   - by preemption: on the reader's CPU, with real-time priority, it sleeps a
 *     random while and then interrupts the reader, between any two of its
 *     instructions on a preemptible kernel.  The strongest lever there is;
 *   - by queueing: on the reader's CPU, it runs once the reader sleeps, which is for
 *     a lock.  It waits for that lock as well, behind the reader, and stops the
 *     reader as soon as it gives the lock back, until it is told to queue again;
 *   - by holding: as by preemption, but it then keeps the reader stopped, until it
 *     is told to let it go;
 *   - free: as fast as it can, on a CPU of its own.
 *
 * Protocol: seq counts up before and after each transition; limit is how many
 * transitions are allowed; round counts the readings begun.
 */
#ifndef PROC_TEARING_MODIFIER_H
#define PROC_TEARING_MODIFIER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/clock.h"
#include "../model/change.h"
#include "stage.h"

/* Who has made no transition after so much patience is stuck, not only busy. */
#define MODIFIER_TIMEOUT_NS (5 * NSEC_PER_SEC)

/* limit of a modifier that is to go on until it is told otherwise */
#define RACE_FREE UINT32_MAX

enum interleave {
	INTERLEAVE_OVERLAP,
	INTERLEAVE_PREEMPT,
	INTERLEAVE_QUEUE,
	INTERLEAVE_HOLD,
	INTERLEAVE_FREE,
};

struct race;

/**
 * struct background - what else is going on in the modifier's process
 * @begin:	called when the stage is there; what it maps must stay mapped
 * @made:	called after each transition, from layout @index to the next
 * @arg:	theirs, in shared memory
 *
 * Both return 0, or -errno that ends the race.
 */
struct background {
	int (*begin)(struct race *race, void *arg);
	int (*made)(struct race *race, unsigned int index, void *arg);
	void *arg;
};

/**
 * struct race - what reader and modifier share
 * @seq:	twice the transitions made, odd while one is under way
 * @limit:	transitions allowed; RACE_FREE, or wait when reached
 * @round:	readings begun
 * @reading_ns:	how long a reading lasts, a running mean
 * @timed:	transitions are to be timed; in an emulator that takes longer than
 *		many a race is wide
 * @longest_us:	how long a transition lasted at most; whoever asks sets it to 0
 * @ready:	set when the stage is built, or @error is set
 * @idle:	the modifier waits, and will look at @limit before it does more
 * @error:	-errno of what failed in the modifier
 * @stop:	end, please
 * @exec:	instead of the next transition, exec another program
 * @interleave:	see enum interleave
 * @queue:	where interleave_holds(): let the reader go before the next
 *		transition.  The background operations sets it, the modifier unsets it when the
 *		reader is asleep, or has been let go for a while...
 * @within_ns:	...of so long at most
 * @tid:	the modifier's thread
 * @reader:	the reader's
 * @level:	the modifier's, see set_level()
 * @cpu:	the CPUs where a reader is held in turn, the first one first
 * @here:	which of them it is; the modifier's own
 * @porter:	the thread that keeps the next CPU from a reader who is moved there
 * @carry:	for the porter: 1, do so
 * @carried:	counts while it does
 * @queued_ns:	when it unset @queue last; the modifier's own
 * @inject:	plant a fault: see inject_fault()
 * @seed:	of the random delays
 * @fillers:	for stage_setup()
 * @unit:	for stage_setup()
 * @background:	what else the modifier's process does
 * @file:	see struct stage
 * @change:	what to do
 * @stage:	where; filled in by the modifier
 */
struct race {
	_Atomic uint32_t seq;
	_Atomic uint32_t limit;
	_Atomic uint32_t round;
	_Atomic uint32_t reading_ns;
	_Atomic bool timed;
	_Atomic uint32_t longest_us;
	_Atomic uint32_t ready;
	_Atomic bool idle;
	_Atomic int error;
	_Atomic bool stop;
	_Atomic bool exec;
	_Atomic int interleave;
	_Atomic bool queue;
	_Atomic uint32_t within_ns;
	_Atomic pid_t tid;
	_Atomic pid_t reader;
	_Atomic int level;
	int cpu[2];
	unsigned int here;
	_Atomic pid_t porter;
	_Atomic uint32_t carry;
	_Atomic uint32_t carried;
	int64_t queued_ns;
	char inject;
	uint64_t seed;
	unsigned int fillers;
	size_t unit;
	struct background background;
	int file[STAGE_FILES];
	const struct change *change;
	struct stage stage;
};

/* A thread of the modifier's process; with a stage that shows no new mapping. */
void *porter(void *arg);

/*
 * Whether who runs now may do that.  A child tries: from SCHED_IDLE there may be
 * no way back.
 */
bool may_queue(void);

/** modifier_after_exec() - is this what a modifier became?  Does not return, then. */
void modifier_after_exec(void);

int modifier(void *arg);

int modifier_process(void *arg);

/**
 * race_step() - let a frozen modifier make transitions, and wait for them
 * @race:	the race
 * @steps:	how many
 *
 * Return: 0, -ETIMEDOUT when the modifier does not answer in MODIFIER_TIMEOUT_NS, or its
 * -errno.
 */
int race_step(struct race *race, uint32_t steps);

/**
 * race_go() - let the modifier run free
 * @race:	the race; frozen
 * @interleave:	how
 * @cpu:	the modifier's CPU, or -1 for any
 * @urgent:	it is not to be disturbed by whoever else is there
 *
 * The reader does this for the modifier, who might not get to run otherwise.
 */
void race_go(struct race *race, enum interleave interleave, int cpu, bool urgent);

/**
 * race_freeze() - stop a modifier that runs free, at a multiple of a cycle
 * @race:	the race
 *
 * Return: as race_step(); the first layout is in place.
 */
int race_freeze(struct race *race);

#endif /* PROC_TEARING_MODIFIER_H */
