/* SPDX-License-Identifier: GPL-2.0 */
/*
 * race.h - the process that changes its mappings, and how it is steered
 *
 * The changer has these ways to go:
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
#ifndef PROC_RACE_H
#define PROC_RACE_H

#include <sched.h>
#include <sys/resource.h>

#include "peer.h"
#include "random.h"
#include "stage.h"

enum steer {
	STEER_OVERLAP,
	STEER_PREEMPT,
	STEER_QUEUE,
	STEER_HOLD,
	STEER_FREE,
};

/*
 * Real-time priorities: the changer's is above the reader's, who has one only
 * where the race is urgent, that is must not be disturbed by a busy machine.
 */
enum { LEVEL_READER = 1, LEVEL_CHANGER = 2 };

/* Who has made no transition after so much patience is stuck, not only busy. */
#define STUCK_NS (5 * NSEC_PER_SEC)

/* So long may a changer hold its reader, whatever it is told. */
#define QUEUE_LONGEST_NS NSEC_PER_SEC

/* limit of a changer that is to go on until it is told otherwise */
#define RACE_FREE UINT32_MAX

/*
 * At real-time priority nothing here keeps a CPU for longer than this...  Who holds a
 * reader longer goes on on another CPU, and takes the reader along: changer_move().
 */
#define RT_HOLD_NS (15 * NSEC_PER_MSEC)
/* ...before others have it for so long. */
#define RT_PAUSE_NS (2 * NSEC_PER_MSEC)

struct race;

/**
 * struct company - what else is going on in the changer's process
 * @begin:	called when the stage is there; what it maps must stay mapped
 * @made:	called after each transition, from layout @index to the next
 * @arg:	theirs, in shared memory
 *
 * Both return 0, or -errno that ends the race.
 */
struct company {
	int (*begin)(struct race *race, void *arg);
	int (*made)(struct race *race, unsigned int index, void *arg);
	void *arg;
};

/**
 * struct race - what reader and changer share
 * @seq:	twice the transitions made, odd while one is under way
 * @limit:	transitions allowed; RACE_FREE, or wait when reached
 * @round:	readings begun
 * @reading_ns:	how long a reading lasts, a running mean
 * @timed:	transitions are to be timed; in an emulator that takes longer than
 *		many a race is wide
 * @longest_us:	how long a transition lasted at most; whoever asks sets it to 0
 * @ready:	set when the stage is built, or @error is set
 * @at_rest:	the changer waits, and will look at @limit before it does more
 * @error:	-errno of what failed in the changer
 * @stop:	end, please
 * @leave:	instead of the next transition, exec another program
 * @steer:	see enum steer
 * @queue:	where steer_holds(): let the reader go before the next
 *		transition.  The company sets it, the changer unsets it when the
 *		reader is asleep, or has been let go for a while...
 * @within_ns:	...of so long at most
 * @tid:	the changer's thread
 * @reader:	the reader's
 * @level:	the changer's, see run_at()
 * @cpu:	the CPUs where a reader is held in turn, the first one first
 * @here:	which of them it is; the changer's own
 * @porter:	the thread that keeps the next CPU from a reader who is moved there
 * @carry:	for the porter: 1, do so
 * @carried:	counts while it does
 * @queued_ns:	when it unset @queue last; the changer's own
 * @cheat:	plant a fault: see changer_cheat()
 * @seed:	of the random delays
 * @fillers:	for stage_setup()
 * @unit:	for stage_setup()
 * @company:	what else the changer's process does
 * @file:	see struct stage
 * @change:	what to do
 * @stage:	where; filled in by the changer
 */
struct race {
	_Atomic uint32_t seq;
	_Atomic uint32_t limit;
	_Atomic uint32_t round;
	_Atomic uint32_t reading_ns;
	_Atomic bool timed;
	_Atomic uint32_t longest_us;
	_Atomic uint32_t ready;
	_Atomic bool at_rest;
	_Atomic int error;
	_Atomic bool stop;
	_Atomic bool leave;
	_Atomic int steer;
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
	char cheat;
	uint64_t seed;
	unsigned int fillers;
	size_t unit;
	struct company company;
	int file[STAGE_FILES];
	const struct change *change;
	struct stage stage;
};

/* Whether a changer that is steered so keeps its reader stopped. */
static inline bool steer_holds(enum steer steer)
{
	return steer == STEER_QUEUE || steer == STEER_HOLD;
}

/* What this program's threads have where nothing else is wished. */
static int run_nice;

/* This thread's level, and since when it has had it, or has last slept for others. */
static __thread int rt_level;
static __thread int64_t rt_since_ns;

/**
 * run_at() - priority of a thread
 * @tid:	the thread, 0 for this one
 * @level:	0 is normal, above is real-time; where that is refused, as nice
 *		as can be had
 *
 * Return: whether it is as wished.
 */
static inline bool run_at(pid_t tid, int level)
{
	bool done = (!level || !rt_refused) &&
		    run_as(tid, level ? SCHED_FIFO : SCHED_OTHER, level);

	/* Also what was done instead is to be undone. */
	if (!level || !done)
		setpriority(PRIO_PROCESS, tid, level ? -20 : run_nice);
	if (!tid) {
		rt_level = done ? level : 0;
		rt_since_ns = now_ns();
	}
	return done;
}

/**
 * rt_pause_before() - give the CPU away for a moment, if it is time
 * @level:	the level that this thread has been given
 * @ns:		how long what comes next may take
 *
 * So that RT_HOLD_NS is kept.
 */
static inline void rt_pause_before(int level, int64_t ns)
{
	if (!level || now_ns() - rt_since_ns + ns < RT_HOLD_NS)
		return;
	nap_ns(RT_PAUSE_NS);
	rt_since_ns = now_ns();
}

/** rt_pause() - the same; what comes next is short */
static inline void rt_pause(int level)
{
	rt_pause_before(level, 0);
}

static inline void spin_ns(int64_t ns)
{
	int64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

/*
 * The planted faults: a changer that breaks its promise while a transition is
 * under way shows what a broken kernel would look like.
 *	g  the first page that is mapped all the time is gone for a moment
 *	p  and comes back with other permissions for a moment
 *	i  idle: nothing changes as soon as the race is on
 */
static inline void changer_cheat(const struct stage *stage, char cheat)
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
	if (cheat == 'g') {
		munmap(stage_addr(stage, page), stage->page);
		spin_ns(20 * NSEC_PER_USEC);
	} else if (cheat == 'p') {
		mprotect(stage_addr(stage, page), stage->page, PROT_EXEC);
		spin_ns(20 * NSEC_PER_USEC);
	} else {
		return;
	}
	stage_map(stage, page, 1, change->draw[0][page]);
}

/* A thread of the changer's process; with a stage that shows no new mapping. */
static inline void *porter(void *arg)
{
	struct race *race = arg;

	run_at(0, LEVEL_READER);
	race->porter = syscall(SYS_gettid);
	for (;;) {
		if (race->carry)
			atomic_fetch_add(&race->carried, 1);
		else
			word_wait(&race->carry, 0, NSEC_PER_SEC);
	}
	return NULL;
}

/* How long to wait for a CPU that somebody more urgent may have. */
#define PORTER_NS NSEC_PER_MSEC

/* Have the porter run on a CPU, and nothing beneath it. */
static inline bool porter_at(struct race *race, int cpu)
{
	int64_t deadline = now_ns() + PORTER_NS;
	uint32_t carried;

	if (!race->porter || !run_on(race->porter, cpu))
		return false;
	carried = race->carried;
	word_set(&race->carry, 1);
	while (race->carried == carried)
		if (now_ns() > deadline)
			return false;
	return true;
}

/**
 * changer_move() - hold a reader on another CPU than before
 * @race:	its changer is this thread, at real-time priority on the CPU that the
 *		reader wants
 * @to:		which of the race's CPUs
 *
 * The reader is never let run: the porter, more urgent than the reader and less so
 * than the changer, has the other CPU until the changer is there.  No longer: the
 * changer may have to wait for a lock.
 *
 * Return: false where that cannot be.
 */
static inline bool changer_move(struct race *race, unsigned int to)
{
	bool moved = porter_at(race, race->cpu[to]) &&
		     run_on(race->reader, race->cpu[to]) &&
		     run_on(0, race->cpu[to]);

	race->carry = 0;
	if (moved) {
		race->here = to;
		rt_since_ns = now_ns();
	}
	return moved;
}

/* The reader goes on, where it was before. */
static inline void changer_let_go(struct race *race)
{
	if (race->here && !changer_move(race, 0)) {
		run_on(race->reader, race->cpu[0]);
		run_on(0, race->cpu[0]);
		race->here = 0;
	}
}

/*
 * Who is idle gets the CPU when everybody else on it sleeps; who sleeps gets it at
 * some moment of a reading.  Both keep it at real-time priority.
 */
static inline void changer_queue(struct race *race, uint64_t *seed)
{
	int64_t now = now_ns();

	if (!race->queue) {
		if (now - race->queued_ns > QUEUE_LONGEST_NS) {
			changer_let_go(race);
			nap_ns(NSEC_PER_MSEC);
		} else if (now - rt_since_ns > RT_HOLD_NS &&
			   !changer_move(race, !race->here)) {
			changer_let_go(race);
			nap_ns(RT_PAUSE_NS);
			rt_since_ns = now_ns();
		}
		return;
	}
	changer_let_go(race);
	if (race->steer == STEER_HOLD) {
		nap_ns(random_below(seed, race->within_ns + 1ULL));
	} else {
		run_as(0, SCHED_IDLE, 0);
		sched_yield();
	}
	race->queue = false;
	race->queued_ns = now_ns();
	run_at(0, LEVEL_CHANGER);
}

/* All that changer_queue() asks for. */
static inline int try_to_queue(void *arg)
{
	return arg || !run_at(0, LEVEL_CHANGER) || !run_as(0, SCHED_IDLE, 0) ||
	       !run_at(0, LEVEL_CHANGER);
}

/*
 * Whether who runs now may do that.  A child tries: from SCHED_IDLE there may be
 * no way back.
 */
static inline bool may_queue(void)
{
	struct peer peer;

	if (peer_start(&peer, try_to_queue, NULL))
		return false;
	if (!peer_wait(&peer, STUCK_NS))
		return true;
	peer_kill(&peer);
	return false;
}

static inline void changer_steer(struct race *race, uint64_t *seed)
{
	uint32_t round;
	int64_t deadline;

	if (race->steer == STEER_FREE)
		return;
	if (steer_holds(race->steer)) {
		changer_queue(race, seed);
		return;
	}
	if (race->steer == STEER_PREEMPT) {
		nap_ns(20 * NSEC_PER_USEC +
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

/* What the program finds in its environment that a changer became. */
#define LEFT_MARK "PROC_MAPS_LEFT"

/* Becomes another program, one that does nothing until it is killed. */
static inline void changer_leave(void)
{
	char *const argv[] = { "leaving", NULL };
	char *const words[] = { LEFT_MARK "=1", NULL };

	execve("/proc/self/exe", argv, words);
	_exit(EXIT_FAILURE);
}

/** changer_left() - is this what a changer became?  Does not return, then. */
static inline void changer_left(void)
{
	if (getenv(LEFT_MARK))
		peer_rest(NULL);
}

static inline int changer(void *arg)
{
	struct race *race = arg;
	uint64_t seed = race->seed | 1;
	uint32_t made = 0, index;
	int64_t begin, took;
	int err;

	prctl(PR_SET_TIMERSLACK, 1UL);
	err = stage_setup(&race->stage, race->change, race->fillers,
			  race->unit, race->file);
	if (!err && race->company.begin)
		err = race->company.begin(race, race->company.arg);
	race->error = err;
	race->tid = syscall(SYS_gettid);
	word_set(&race->ready, 1);

	while (!race->error && !race->stop) {
		uint32_t limit = race->limit;

		/* In this order: see race_count_anew(). */
		made = race->seq / 2;
		if (made >= limit) {
			changer_let_go(race);
			race->at_rest = true;
			word_wait(&race->limit, limit, NSEC_PER_SEC);
			race->at_rest = false;
			continue;
		}
		if (limit == RACE_FREE)
			changer_steer(race, &seed);
		if (race->steer == STEER_OVERLAP || race->steer == STEER_FREE)
			rt_pause(race->level);
		if (race->stop || race->limit != limit)
			continue;
		if (race->leave)
			changer_leave();
		if (race->cheat == 'i' && limit == RACE_FREE) {
			nap_ns(NSEC_PER_MSEC);
			continue;
		}
		begin = race->timed ? now_ns() : 0;
		atomic_fetch_add(&race->seq, 1);
		index = made % race->change->nr;
		err = stage_apply(&race->stage, index);
		if (race->cheat && limit == RACE_FREE)
			changer_cheat(&race->stage, race->cheat);
		if (err)
			race->error = err;
		took = begin ? (now_ns() - begin) / NSEC_PER_USEC : 0;
		if (took > race->longest_us)
			race->longest_us = took;
		atomic_fetch_add(&race->seq, 1);
		if (!err && race->company.made)
			err = race->company.made(race, index, race->company.arg);
		if (err)
			race->error = err;
		if (++made == race->limit || err)
			word_set(&race->seq, race->seq);
	}
	return 0;
}

static inline int changer_process(void *arg)
{
	peer_hush();
	return changer(arg);
}

/**
 * race_step() - let a frozen changer make transitions, and wait for them
 * @race:	the race
 * @steps:	how many
 *
 * Return: 0, -ETIMEDOUT when the changer does not answer in STUCK_NS, or its
 * -errno.
 */
static inline int race_step(struct race *race, uint32_t steps)
{
	uint32_t seq = race->seq, target = seq + 2 * steps;

	word_set(&race->limit, seq / 2 + steps);
	while (seq != target) {
		int err = word_await(&race->seq, seq, STUCK_NS);

		if (err || race->error)
			return err ? err : race->error;
		seq = race->seq;
	}
	return race->error;
}

/**
 * race_go() - let the changer run free
 * @race:	the race; frozen
 * @steer:	how
 * @cpu:	the changer's CPU, or -1 for any
 * @urgent:	it is not to be disturbed by whoever else is there
 *
 * The reader does this for the changer, who might not get to run otherwise.
 */
static inline void race_go(struct race *race, enum steer steer, int cpu,
			   bool urgent)
{
	int level = urgent || steer == STEER_PREEMPT || steer_holds(steer) ?
		    LEVEL_CHANGER : 0;

	race->reader = syscall(SYS_gettid);
	if (cpu >= 0)
		run_on(race->tid, cpu);
	race->level = run_at(race->tid, level) ? level : 0;
	race->steer = steer;
	word_set(&race->limit, RACE_FREE);
}

/*
 * Where the count wraps, its 2^31 transitions are no whole laps of three layouts.  So
 * it begins anew when this much is reached at the end of a race, which is too short
 * to make as many again.
 */
#define RACE_COUNT_ANEW 0x40000000U

/*
 * The first layout is in place.  A changer that has still to see the last limit finds
 * it withdrawn before it does anything; one that sees the new one sees the new count.
 */
static inline void race_count_anew(struct race *race)
{
	if (race->seq / 2 < RACE_COUNT_ANEW)
		return;
	word_set(&race->limit, 0);
	race->seq = 0;
}

/**
 * race_freeze() - stop a changer that runs free, at a multiple of a lap
 * @race:	the race
 *
 * Return: as race_step(); the first layout is in place.
 */
static inline int race_freeze(struct race *race)
{
	struct patience patience = patience_of(STUCK_NS);
	uint32_t made;
	int err;

	word_set(&race->limit, 0);
	while (!race->at_rest) {
		/* Who waits for an idle CPU may have to wait for long. */
		if (race->steer == STEER_QUEUE)
			run_at(race->tid, LEVEL_CHANGER);
		nap_ns(50 * NSEC_PER_USEC);
		if (patience_lost(&patience))
			return race->error ? race->error : -ETIMEDOUT;
	}
	made = race->seq / 2 % race->change->nr;
	err = made ? race_step(race, race->change->nr - made) : race->error;
	if (!err)
		race_count_anew(race);
	return err;
}

#endif /* PROC_RACE_H */
