// SPDX-License-Identifier: GPL-2.0
/*
 * modifier.c - transitions, interleaving modes, and holding the reader
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modifier.h"
#include "../lib/child.h"
#include "../lib/cpu.h"
#include "../lib/futex.h"
#include "../lib/random.h"
#include "../lib/task.h"
#include "inject.h"
#include "watchdog.h"

/*
 * Nanoseconds.  Bound of the time that a reader is held without a request to release
 * it.  Arbitrary; well above the time that a test needs.
 */
#define HOLD_LONGEST_NS NSEC_PER_SEC

/*
 * Nanoseconds.  Timeout for the placeholder to get a CPU, which a thread of higher
 * priority may have.  Arbitrary; the reader is held meanwhile.
 */
#define PLACEHOLDER_TIMEOUT_NS NSEC_PER_MSEC

/*
 * Nanoseconds.  Bound of the time at real-time priority on one CPU where a move to
 * the other one fails, as it does again and again in an emulator.  Below the 50 ms
 * that a thread of normal priority is to wait for at most.
 */
#define MOVE_LONGEST_NS (3 * RT_RUN_NS)

/* Environment variable by which the program knows that a modifier has exec'd it. */
#define MODIFIER_EXEC_MARK "PROC_MAPS_LEFT"

/*
 * Transitions.  From this number on race_freeze() resets the sequence number, which
 * wraps after 2^31 transitions: that is no whole number of cycles of three layouts.
 * The other half of the range is more than one race can make.
 */
#define RACE_COUNT_RESET 0x40000000U

/* Return whether the modifier holds the reader in this mode. */
static bool interleave_holds(enum interleave interleave)
{
	return interleave == INTERLEAVE_QUEUE || interleave == INTERLEAVE_HOLD;
}

void *placeholder_thread(void *arg)
{
	struct race *race = arg;

	set_level(0, LEVEL_READER);
	race->hold.placeholder = syscall(SYS_gettid);
	for (;;) {
		if (race->hold.occupy)
			atomic_fetch_add(&race->hold.occupied, 1);
		else
			futex_wait(&race->hold.occupy, 0, NSEC_PER_SEC);
	}
	return NULL;
}

/*
 * Have the placeholder spin on a CPU, so that no thread of lower priority runs there.
 * Return whether it does.
 */
static bool placeholder_occupy(struct race *race, int cpu)
{
	int64_t deadline = now_ns() + PLACEHOLDER_TIMEOUT_NS;
	uint32_t occupied;

	if (!race->hold.placeholder || !pin_thread(race->hold.placeholder, cpu))
		return false;
	occupied = race->hold.occupied;
	futex_store(&race->hold.occupy, 1);
	while (race->hold.occupied == occupied)
		if (now_ns() > deadline)
			return false;
	return true;
}

/**
 * modifier_move() - move the modifier and its held reader to another CPU
 * @race:	the race; this thread is its modifier, at real-time priority on the
 *		CPU that the reader waits for
 * @to:		index of the CPU in @race->hold.cpu
 *
 * The reader does not run meanwhile: the placeholder, which has a higher priority
 * than the reader and a lower one than the modifier, occupies the other CPU until
 * the modifier is there.  The placeholder stops then, since the modifier may have
 * to wait for a lock.
 *
 * Return: whether they have moved.
 */
static bool modifier_move(struct race *race, unsigned int to)
{
	bool moved = placeholder_occupy(race, race->hold.cpu[to]) &&
		     pin_thread(race->reader, race->hold.cpu[to]) &&
		     pin_thread(0, race->hold.cpu[to]);

	race->hold.occupy = 0;
	if (moved) {
		race->hold.cpu_index = to;
		rt_since_ns = now_ns();
	}
	return moved;
}

/* Move a held reader back to its own CPU, where it runs once the modifier sleeps. */
static void modifier_release(struct race *race)
{
	if (race->hold.cpu_index && !modifier_move(race, 0)) {
		pin_thread(race->reader, race->hold.cpu[0]);
		pin_thread(0, race->hold.cpu[0]);
		race->hold.cpu_index = 0;
	}
}

/*
 * Hold the reader; where @hold.release is set, let it run first.
 *
 * At SCHED_IDLE the modifier gets the CPU when all other threads there sleep.  After
 * a random sleep it gets the CPU at a random moment of a reading.  In both cases it
 * keeps the CPU at real-time priority.
 */
static void modifier_hold(struct race *race, uint64_t *seed)
{
	int64_t now = now_ns();

	if (!race->hold.release) {
		if (now - race->hold.since_ns > HOLD_LONGEST_NS) {
			modifier_release(race);
			sleep_ns(NSEC_PER_MSEC);
		} else if (now - rt_since_ns > RT_RUN_NS &&
			   !modifier_move(race, !race->hold.cpu_index) &&
			   now - rt_since_ns > MOVE_LONGEST_NS) {
			modifier_release(race);
			sleep_ns(RT_SLEEP_NS);
			rt_since_ns = now_ns();
		}
		return;
	}
	modifier_release(race);
	if (race->interleave == INTERLEAVE_HOLD) {
		sleep_ns(random_below(seed, race->hold.release_ns + 1ULL));
	} else {
		set_policy(0, SCHED_IDLE, 0);
		sched_yield();
	}
	race->hold.release = false;
	race->hold.since_ns = now_ns();
	set_level(0, LEVEL_MODIFIER);
}

/* Set each priority that modifier_hold() sets; return 0 where all are permitted. */
static int try_hold(void *arg)
{
	return arg || !set_level(0, LEVEL_MODIFIER) || !set_policy(0, SCHED_IDLE, 0) ||
	       !set_level(0, LEVEL_MODIFIER);
}

bool hold_permitted(void)
{
	struct child child;

	if (child_start(&child, try_hold, NULL))
		return false;
	if (!child_wait(&child, MODIFIER_TIMEOUT_NS))
		return true;
	child_kill(&child);
	return false;
}

/* Wait for the moment of the next transition, as the mode has it. */
static void modifier_interleave(struct race *race, uint64_t *seed)
{
	uint32_t round;
	int64_t deadline;

	if (race->interleave == INTERLEAVE_FREE)
		return;
	if (interleave_holds(race->interleave)) {
		modifier_hold(race, seed);
		return;
	}
	if (race->interleave == INTERLEAVE_PREEMPT) {
		sleep_ns(20 * NSEC_PER_USEC +
			 random_below(seed, 60 * NSEC_PER_USEC));
		return;
	}
	/* One transition in four does not wait, so that some readings overlap several. */
	if (!(random_next(seed) >> 62))
		return;
	round = race->overlap.round;
	deadline = now_ns() + NSEC_PER_MSEC;
	while (race->overlap.round == round && !race->stop && now_ns() < deadline)
		;
	/* The quarter is for the time between @overlap.round and the first read(). */
	spin_ns(random_below(seed, race->overlap.reading_ns * 5 / 4 + 1));
}

int modifier_exec(void *arg)
{
	char *const argv[] = { program_invocation_short_name, NULL };
	char *const words[] = {
		arg ? MODIFIER_EXEC_MARK "=exit" : MODIFIER_EXEC_MARK "=1", NULL,
	};

	execve("/proc/self/exe", argv, words);
	_exit(EXIT_FAILURE);
}

void modifier_after_exec(void)
{
	const char *mark = getenv(MODIFIER_EXEC_MARK);

	/* Not "exe": a complaint of the kernel is ours by its name. */
	if (mark)
		prctl(PR_SET_NAME, program_invocation_short_name);
	if (mark && !strcmp(mark, "exit"))
		_exit(EXIT_SUCCESS);
	if (mark)
		pause_forever(NULL);
}

/* Make the transition from layout @index; return 0, or -errno, also in @race->error. */
static int modifier_transition(struct race *race, unsigned int index, bool inject)
{
	int64_t begin = race->timing.on ? now_ns() : 0, took;
	int err;

	atomic_fetch_add(&race->seq, 1);
	err = stage_apply(&race->stage, index);
	if (inject)
		inject_fault(&race->stage, race->inject);
	if (err)
		race->error = err;
	took = begin ? (now_ns() - begin) / NSEC_PER_USEC : 0;
	if (took > race->timing.longest_us)
		race->timing.longest_us = took;
	atomic_fetch_add(&race->seq, 1);
	watchdog_transition();
	if (!err && race->background.made)
		err = race->background.made(race, index, race->background.arg);
	if (err)
		race->error = err;
	return err;
}

int modifier(void *arg)
{
	struct race *race = arg;
	uint64_t seed = race->seed | 1;
	uint32_t made = 0;
	int err;

	prctl(PR_SET_TIMERSLACK, 1UL);
	err = stage_setup(&race->stage, race->change, race->fillers,
			  race->unit, race->file);
	if (!err && race->background.begin) {
		err = stage_hold(&race->stage, true);
		if (!err)
			err = race->background.begin(race, race->background.arg);
		if (!err)
			err = stage_hold(&race->stage, false);
	}
	race->error = err;
	race->tid = syscall(SYS_gettid);
	futex_store(&race->ready, 1);

	while (!race->error && !race->stop) {
		uint32_t limit = race->limit;

		/* After @limit is read: see race_count_reset(). */
		made = race->seq / 2;
		if (made >= limit) {
			modifier_release(race);
			race->idle = true;
			futex_wait(&race->limit, limit, NSEC_PER_SEC);
			race->idle = false;
			continue;
		}
		if (limit == RACE_FREE)
			modifier_interleave(race, &seed);
		if (race->interleave == INTERLEAVE_OVERLAP ||
		    race->interleave == INTERLEAVE_FREE)
			rt_throttle(race->level);
		if (race->stop || race->limit != limit)
			continue;
		if (race->exec)
			modifier_exec(NULL);
		if (race->inject == 'i' && limit == RACE_FREE) {
			sleep_ns(NSEC_PER_MSEC);
			continue;
		}
		err = modifier_transition(race, made % race->change->nr,
					  race->inject && limit == RACE_FREE);
		if (++made == race->limit || err)
			futex_store(&race->seq, race->seq);
	}
	return 0;
}

int modifier_process(void *arg)
{
	stdio_to_null();
	return modifier(arg);
}

int race_step(struct race *race, uint32_t steps)
{
	uint32_t seq = race->seq, target = seq + 2 * steps;

	futex_store(&race->limit, seq / 2 + steps);
	while (seq != target && !race->error) {
		int err = futex_await(&race->seq, seq, MODIFIER_TIMEOUT_NS, race->tid);

		if (err)
			return err;
		seq = race->seq;
	}
	return race->error;
}

void race_go(struct race *race, enum interleave interleave, int cpu, bool urgent)
{
	bool real_time = urgent || interleave == INTERLEAVE_PREEMPT ||
			 interleave_holds(interleave);
	int level = real_time ? LEVEL_MODIFIER : 0;

	race->reader = syscall(SYS_gettid);
	if (cpu >= 0)
		pin_thread(race->tid, cpu);
	race->level = set_level(race->tid, level) ? level : 0;
	race->interleave = interleave;
	futex_store(&race->limit, RACE_FREE);
}

/*
 * Reset the sequence number where it is high; the first layout is in place.
 *
 * A modifier that has read the last limit reads the limit again before a transition,
 * and finds it changed.  A modifier that reads the new limit, 0, makes no transition,
 * whatever sequence number it reads after it.
 */
static void race_count_reset(struct race *race)
{
	if (race->seq / 2 < RACE_COUNT_RESET)
		return;
	futex_store(&race->limit, 0);
	race->seq = 0;
}

int race_freeze(struct race *race)
{
	struct timeout timeout = timeout_start(MODIFIER_TIMEOUT_NS);
	uint32_t made;
	int err;

	futex_store(&race->limit, 0);
	while (!race->idle) {
		/* At SCHED_IDLE the modifier may get no CPU for a long time. */
		if (race->interleave == INTERLEAVE_QUEUE)
			set_level(race->tid, LEVEL_MODIFIER);
		sleep_ns(50 * NSEC_PER_USEC);
		err = race->error ?: task_timed_out(&timeout, race->tid);
		if (err)
			return err;
	}
	made = race->seq / 2 % race->change->nr;
	err = made ? race_step(race, race->change->nr - made) : race->error;
	if (!err)
		race_count_reset(race);
	return err;
}
