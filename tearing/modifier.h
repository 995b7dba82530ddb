/* SPDX-License-Identifier: GPL-2.0 */
/*
 * modifier.h - the process that changes its mappings, and how it is interleaved
 *
 * A transition is one system call, which takes the stage from one layout of its
 * change to the next.  struct race lies in memory that the reader and the
 * modifier share.  Five protocols use it:
 *
 *	what		set by		fields
 *	start, end	modifier	ready, error, tid; idle
 *			reader		stop, exec
 *	transitions	modifier	seq: +1 before and +1 after each of them
 *			reader		limit: transitions that are allowed in all
 *	interleaving	reader		interleave, level, reader; overlap, which
 *					only the mode of its name needs
 *	holding		background	hold.release: the held reader may run
 *			modifier	hold.release, once the reader is held again
 *			both		hold.placeholder, hold.occupy, hold.occupied,
 *					while the held reader moves to another CPU
 *	timing		reader		timing.on
 *			modifier	timing.longest_us, which the reader resets
 *
 * A modifier whose limit is reached is frozen: it sleeps until the limit changes.
 * With a limit of RACE_FREE it is interleaved with the reader in one of the modes
 * of enum interleave.
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

/*
 * Nanoseconds.  Timeout for one transition.  A modifier that is stuck in the kernel is found
 * by the watchdog long before.  One that is not may wait for a CPU, or for a timer of a CPU,
 * that the host of a virtual machine has taken away: as long as a test may take.
 */
#define MODIFIER_TIMEOUT_NS (45 * NSEC_PER_SEC)

/* Value of struct race's @limit that no number of transitions reaches. */
#define RACE_FREE UINT32_MAX

/**
 * enum interleave - when a modifier without a limit makes its transitions
 * @INTERLEAVE_OVERLAP:	on a CPU of its own; a random time after a reading began,
 *			up to the length of a reading, so that transitions fall
 *			on all phases of it alike (the idea of LTP's
 *			tst_fuzzy_sync)
 * @INTERLEAVE_PREEMPT:	on the reader's CPU, at real-time priority, after a random
 *			sleep; on a preemptible kernel it interrupts the reader
 *			between any two instructions
 * @INTERLEAVE_QUEUE:	on the reader's CPU, as soon as the reader sleeps for a
 *			lock; the modifier queues for the same lock behind the
 *			reader, and holds the reader when it unlocks
 * @INTERLEAVE_HOLD:	as INTERLEAVE_PREEMPT, but the reader is held
 * @INTERLEAVE_FREE:	on a CPU of its own, one after the other
 *
 * A held reader can run, but gets no CPU until struct race's @hold.release is set.
 */
enum interleave {
	INTERLEAVE_OVERLAP,
	INTERLEAVE_PREEMPT,
	INTERLEAVE_QUEUE,
	INTERLEAVE_HOLD,
	INTERLEAVE_FREE,
};

struct race;

/**
 * struct background - operations beside the transitions, in the modifier's process
 * @begin:	called once the stage is built; what it maps must stay mapped
 * @made:	called after each transition, from layout @index to the next
 * @arg:	argument of both, in shared memory
 *
 * Both return 0, or -errno, which ends the race.
 */
struct background {
	int (*begin)(struct race *race, void *arg);
	int (*made)(struct race *race, unsigned int index, void *arg);
	void *arg;
};

/**
 * struct race - memory that the reader and the modifier share
 * @seq:	sequence number: twice the transitions made, odd during one
 * @limit:	number of transitions that are allowed, or RACE_FREE
 * @ready:	1 once the stage is built or @error is set
 * @idle:	the modifier waits, and reads @limit before its next transition
 * @error:	-errno of the modifier's failure, or 0
 * @stop:	request to end the modifier
 * @exec:	request to exec another program in place of the next transition
 * @interleave:	mode, an enum interleave
 * @tid:	the modifier's thread
 * @reader:	the reader's thread
 * @level:	the modifier's level, see set_level()
 * @overlap:	readings, for INTERLEAVE_OVERLAP
 * @overlap.round: number of readings begun
 * @overlap.reading_ns: running mean of the duration of a reading, nanoseconds
 * @hold:	the held reader, for INTERLEAVE_QUEUE and INTERLEAVE_HOLD
 * @hold.release: request to let a held reader run before the next transition; set by
 *		the background thread, cleared by the modifier once the reader is
 *		held again
 * @hold.release_ns: longest time that INTERLEAVE_HOLD lets the reader run then,
 *		nanoseconds
 * @hold.cpu:	CPUs on which a reader is held in turn; the first is the reader's own
 * @hold.cpu_index: index in @hold.cpu of the present one; used by the modifier only
 * @hold.placeholder: thread that occupies the CPU to which a held reader moves, or 0
 * @hold.occupy: request to the placeholder, 1, to spin on its CPU
 * @hold.occupied: counter that rises while the placeholder spins
 * @hold.since_ns: time at which the modifier last cleared @hold.release, nanoseconds
 * @timing:	durations of transitions
 * @timing.on:	transitions are timed; off by default, since in an emulator reading
 *		the clock takes longer than many a race is wide
 * @timing.longest_us: duration of the longest transition since this was set to 0,
 *		microseconds
 * @inject:	injected fault, see inject_fault(); 0 for none
 * @seed:	seed of the random delays
 * @fillers:	argument of stage_setup()
 * @unit:	argument of stage_setup()
 * @background:	operations beside the transitions
 * @file:	argument of stage_setup(), see struct stage
 * @change:	table entry of the change
 * @stage:	stage, filled in by the modifier
 */
struct race {
	_Atomic uint32_t seq;
	_Atomic uint32_t limit;
	_Atomic uint32_t ready;
	_Atomic bool idle;
	_Atomic int error;
	_Atomic bool stop;
	_Atomic bool exec;
	_Atomic int interleave;
	_Atomic pid_t tid;
	_Atomic pid_t reader;
	_Atomic int level;
	struct {
		_Atomic uint32_t round;
		_Atomic uint32_t reading_ns;
	} overlap;
	struct {
		_Atomic bool release;
		_Atomic uint32_t release_ns;
		int cpu[2];
		unsigned int cpu_index;
		_Atomic pid_t placeholder;
		_Atomic uint32_t occupy;
		_Atomic uint32_t occupied;
		int64_t since_ns;
	} hold;
	struct {
		_Atomic bool on;
		_Atomic uint32_t longest_us;
	} timing;
	char inject;
	uint64_t seed;
	unsigned int fillers;
	size_t unit;
	struct background background;
	int file[STAGE_FILES];
	const struct change *change;
	struct stage stage;
};

/**
 * placeholder_thread() - occupy the CPU to which a held reader moves
 * @arg:	the race
 *
 * A thread of the modifier's process.  Its stack is a mapping, so it has to be
 * started by the background operations, before the layouts are derived.
 *
 * Return: does not return.
 */
void *placeholder_thread(void *arg);

/**
 * hold_permitted() - check whether this process may use the modes that hold the reader
 *
 * Uses a child process, since a thread may not be allowed to leave SCHED_IDLE.
 *
 * Return: true where all priorities of modifier_hold() are permitted.
 */
bool hold_permitted(void);

/**
 * modifier_exec() - exec this program anew
 * @arg:	NULL for a program that pauses for ever; else it exits
 *
 * Return: does not return.
 */
int modifier_exec(void *arg);

/**
 * modifier_after_exec() - pause for ever, or exit, in a program of modifier_exec()
 *
 * Return: only where it is not.
 */
void modifier_after_exec(void);

/**
 * modifier() - build the stage, then make transitions until @stop is set
 * @arg:	the race
 *
 * Return: 0.
 */
int modifier(void *arg);

/** modifier_process() - run modifier() as a child process, without output. */
int modifier_process(void *arg);

/**
 * race_step() - have a frozen modifier make transitions, and wait for them
 * @race:	the race
 * @steps:	number of transitions
 *
 * Return: 0, the modifier's -errno, -ESRCH where it is gone, or -ETIMEDOUT where a
 * transition takes longer than MODIFIER_TIMEOUT_NS.
 */
int race_step(struct race *race, uint32_t steps);

/**
 * race_go() - let a frozen modifier make transitions without a limit
 * @race:	the race
 * @interleave:	mode
 * @cpu:	the modifier's CPU, or -1 for any
 * @urgent:	use real-time priority in the modes that need none as well
 *
 * The reader's thread sets the modifier's CPU and priority, since a modifier
 * without that priority may get no CPU to set them on.
 */
void race_go(struct race *race, enum interleave interleave, int cpu, bool urgent);

/**
 * race_freeze() - freeze a modifier in the first layout of its change
 * @race:	the race
 *
 * Return: as race_step().
 */
int race_freeze(struct race *race);

#endif /* PROC_TEARING_MODIFIER_H */
