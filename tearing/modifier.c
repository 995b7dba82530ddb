// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modifier.h"
#include "../lib/child.h"
#include "../lib/cpu.h"
#include "../lib/futex.h"
#include "../lib/random.h"

/* So long may a modifier hold its reader, whatever it is told. */
#define QUEUE_LONGEST_NS NSEC_PER_SEC

/* How long to wait for a CPU that somebody more urgent may have. */
#define PORTER_NS NSEC_PER_MSEC

/* What the program finds in its environment that a modifier became. */
#define MODIFIER_EXEC_MARK "PROC_MAPS_LEFT"

/*
 * Where the count wraps, its 2^31 transitions are no whole cycles of three layouts.  So
 * it begins anew when this much is reached at the end of a race, which is too short
 * to make as many again.
 */
#define RACE_COUNT_ANEW 0x40000000U

/* Whether a modifier that is interleaved so keeps its reader stopped. */
static bool interleave_holds(enum interleave interleave)
{
	return interleave == INTERLEAVE_QUEUE || interleave == INTERLEAVE_HOLD;
}

/*
 * The planted faults: a modifier that breaks its promise while a transition is
 * under way shows what a broken kernel would look like.
 *	g  the first page that is mapped all the time is gone for a moment
 *	p  and comes back with other permissions for a moment
 *	i  idle: nothing changes as soon as the race is on
 */
static void inject_fault(const struct stage *stage, char inject)
{
	const struct change *change = stage->change;
	unsigned int page = 0, k = 0;

	while (k < change->nr && change->draw[0][page])
		for (k = 0; k < change->nr; k++)
			if (change->draw[k][page] == '.') {
				page++;
				break;
			}
	if (!change->draw[0][page] || letter_is_file(change->draw[0][page]))
		return;
	if (inject == 'g') {
		munmap(stage_addr(stage, page), stage->page);
		spin_ns(20 * NSEC_PER_USEC);
	} else if (inject == 'p') {
		mprotect(stage_addr(stage, page), stage->page, PROT_EXEC);
		spin_ns(20 * NSEC_PER_USEC);
	} else {
		return;
	}
	stage_map(stage, page, 1, change->draw[0][page]);
}

void *porter(void *arg)
{
	struct race *race = arg;

	set_level(0, LEVEL_READER);
	race->porter = syscall(SYS_gettid);
	for (;;) {
		if (race->carry)
			atomic_fetch_add(&race->carried, 1);
		else
			futex_wait(&race->carry, 0, NSEC_PER_SEC);
	}
	return NULL;
}

/* Have the porter run on a CPU, and nothing beneath it. */
static bool porter_at(struct race *race, int cpu)
{
	int64_t deadline = now_ns() + PORTER_NS;
	uint32_t carried;

	if (!race->porter || !pin_thread(race->porter, cpu))
		return false;
	carried = race->carried;
	futex_store(&race->carry, 1);
	while (race->carried == carried)
		if (now_ns() > deadline)
			return false;
	return true;
}

/**
 * changer_move() - hold a reader on another CPU than before
 * @race:	its modifier is this thread, at real-time priority on the CPU that the
 *		reader wants
 * @to:		which of the race's CPUs
 *
 * The reader is never let run: the porter, more urgent than the reader and less so
 * than the modifier, has the other CPU until the modifier is there.  No longer: the
 * modifier may have to wait for a lock.
 *
 * Return: false where that cannot be.
 */
static bool changer_move(struct race *race, unsigned int to)
{
	bool moved = porter_at(race, race->cpu[to]) &&
		     pin_thread(race->reader, race->cpu[to]) &&
		     pin_thread(0, race->cpu[to]);

	race->carry = 0;
	if (moved) {
		race->here = to;
		rt_since_ns = now_ns();
	}
	return moved;
}

/* The reader goes on, where it was before. */
static void changer_let_go(struct race *race)
{
	if (race->here && !changer_move(race, 0)) {
		pin_thread(race->reader, race->cpu[0]);
		pin_thread(0, race->cpu[0]);
		race->here = 0;
	}
}

/*
 * Who is idle gets the CPU when everybody else on it sleeps; who sleeps gets it at
 * some moment of a reading.  Both keep it at real-time priority.
 */
static void modifier_queue(struct race *race, uint64_t *seed)
{
	int64_t now = now_ns();

	if (!race->queue) {
		if (now - race->queued_ns > QUEUE_LONGEST_NS) {
			changer_let_go(race);
			sleep_ns(NSEC_PER_MSEC);
		} else if (now - rt_since_ns > RT_HOLD_NS &&
			   !changer_move(race, !race->here)) {
			changer_let_go(race);
			sleep_ns(RT_PAUSE_NS);
			rt_since_ns = now_ns();
		}
		return;
	}
	changer_let_go(race);
	if (race->interleave == INTERLEAVE_HOLD) {
		sleep_ns(random_below(seed, race->within_ns + 1ULL));
	} else {
		set_policy(0, SCHED_IDLE, 0);
		sched_yield();
	}
	race->queue = false;
	race->queued_ns = now_ns();
	set_level(0, LEVEL_CHANGER);
}

/* All that modifier_queue() asks for. */
static int try_to_queue(void *arg)
{
	return arg || !set_level(0, LEVEL_CHANGER) || !set_policy(0, SCHED_IDLE, 0) ||
	       !set_level(0, LEVEL_CHANGER);
}

bool may_queue(void)
{
	struct child child;

	if (child_start(&child, try_to_queue, NULL))
		return false;
	if (!child_wait(&child, MODIFIER_TIMEOUT_NS))
		return true;
	child_kill(&child);
	return false;
}

static void modifier_interleave(struct race *race, uint64_t *seed)
{
	uint32_t round;
	int64_t deadline;

	if (race->interleave == INTERLEAVE_FREE)
		return;
	if (interleave_holds(race->interleave)) {
		modifier_queue(race, seed);
		return;
	}
	if (race->interleave == INTERLEAVE_PREEMPT) {
		sleep_ns(20 * NSEC_PER_USEC +
			 random_below(seed, 60 * NSEC_PER_USEC));
		return;
	}
	/* One transition in four follows at once: several in a reading. */
	if (!(random_next(seed) >> 62))
		return;
	round = race->round;
	deadline = now_ns() + NSEC_PER_MSEC;
	while (race->round == round && !race->stop && now_ns() < deadline)
		;
	/* As much again for the time until the reader really begins. */
	spin_ns(random_below(seed, race->reading_ns * 5 / 4 + 1));
}

/* Becomes another program, one that does nothing until it is killed. */
static void modifier_exec(void)
{
	char *const argv[] = { "leaving", NULL };
	char *const words[] = { MODIFIER_EXEC_MARK "=1", NULL };

	execve("/proc/self/exe", argv, words);
	_exit(EXIT_FAILURE);
}

void modifier_after_exec(void)
{
	if (getenv(MODIFIER_EXEC_MARK))
		pause_forever(NULL);
}

int modifier(void *arg)
{
	struct race *race = arg;
	uint64_t seed = race->seed | 1;
	uint32_t made = 0, index;
	int64_t begin, took;
	int err;

	prctl(PR_SET_TIMERSLACK, 1UL);
	err = stage_setup(&race->stage, race->change, race->fillers,
			  race->unit, race->file);
	if (!err && race->background.begin)
		err = race->background.begin(race, race->background.arg);
	race->error = err;
	race->tid = syscall(SYS_gettid);
	futex_store(&race->ready, 1);

	while (!race->error && !race->stop) {
		uint32_t limit = race->limit;

		/* In this order: see race_count_anew(). */
		made = race->seq / 2;
		if (made >= limit) {
			changer_let_go(race);
			race->idle = true;
			futex_wait(&race->limit, limit, NSEC_PER_SEC);
			race->idle = false;
			continue;
		}
		if (limit == RACE_FREE)
			modifier_interleave(race, &seed);
		if (race->interleave == INTERLEAVE_OVERLAP || race->interleave == INTERLEAVE_FREE)
			rt_pause(race->level);
		if (race->stop || race->limit != limit)
			continue;
		if (race->exec)
			modifier_exec();
		if (race->inject == 'i' && limit == RACE_FREE) {
			sleep_ns(NSEC_PER_MSEC);
			continue;
		}
		begin = race->timed ? now_ns() : 0;
		atomic_fetch_add(&race->seq, 1);
		index = made % race->change->nr;
		err = stage_apply(&race->stage, index);
		if (race->inject && limit == RACE_FREE)
			inject_fault(&race->stage, race->inject);
		if (err)
			race->error = err;
		took = begin ? (now_ns() - begin) / NSEC_PER_USEC : 0;
		if (took > race->longest_us)
			race->longest_us = took;
		atomic_fetch_add(&race->seq, 1);
		if (!err && race->background.made)
			err = race->background.made(race, index, race->background.arg);
		if (err)
			race->error = err;
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
	while (seq != target) {
		int err = futex_await(&race->seq, seq, MODIFIER_TIMEOUT_NS);

		if (err || race->error)
			return err ? err : race->error;
		seq = race->seq;
	}
	return race->error;
}

void race_go(struct race *race, enum interleave interleave, int cpu, bool urgent)
{
	int level = urgent || interleave == INTERLEAVE_PREEMPT || interleave_holds(interleave) ?
		    LEVEL_CHANGER : 0;

	race->reader = syscall(SYS_gettid);
	if (cpu >= 0)
		pin_thread(race->tid, cpu);
	race->level = set_level(race->tid, level) ? level : 0;
	race->interleave = interleave;
	futex_store(&race->limit, RACE_FREE);
}

/*
 * The first layout is in place.  A modifier that has still to see the last limit finds
 * it withdrawn before it does anything; one that sees the new one sees the new count.
 */
static void race_count_anew(struct race *race)
{
	if (race->seq / 2 < RACE_COUNT_ANEW)
		return;
	futex_store(&race->limit, 0);
	race->seq = 0;
}

int race_freeze(struct race *race)
{
	struct timeout timeout = timeout_in(MODIFIER_TIMEOUT_NS);
	uint32_t made;
	int err;

	futex_store(&race->limit, 0);
	while (!race->idle) {
		/* Who waits for an idle CPU may have to wait for long. */
		if (race->interleave == INTERLEAVE_QUEUE)
			set_level(race->tid, LEVEL_CHANGER);
		sleep_ns(50 * NSEC_PER_USEC);
		if (timed_out(&timeout))
			return race->error ? race->error : -ETIMEDOUT;
	}
	made = race->seq / 2 % race->change->nr;
	err = made ? race_step(race, race->change->nr - made) : race->error;
	if (!err)
		race_count_anew(race);
	return err;
}
