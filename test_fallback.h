/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_fallback.h - readers that have to wait for mmap_lock after all
 *
 * A mapping that is write-locked cannot be read under its own lock.  Since 6.17 the
 * reader takes mmap_lock then, finds the mapping anew, lets go of mmap_lock and
 * goes on without.  For a moment it is protected by nothing: what it remembers from
 * before may have been replaced and freed, and the memory be somebody else's.
 *
 * That is a window of a few instructions, and this is how it is met:
 *
 *   locker	on another CPU, has a mapping and mmap_lock write-locked for long
 *   reader	comes to that mapping, and sleeps until it gets mmap_lock
 *   changer	has waited for the reader's CPU, and now queues behind the reader.
 *		It is woken by the reader's giving back the lock, and, at real-time
 *		priority, stops the reader right there; then it changes so many
 *		things, and for so long, that what it replaced first is freed
 *
 * A failure means that the reader used memory that was freed (KASAN says so in the
 * kernel's log), or went on where nothing is what it was.  Where the kernel is not
 * preempted the reader is stopped at the end of its system call, and what is tested
 * is only how it goes on after it had to wait.  PREEMPT_RT hands mmap_lock to who is
 * more urgent: there the changer is always first.
 */
#ifndef PROC_TEST_FALLBACK_H
#define PROC_TEST_FALLBACK_H

#include <linux/membarrier.h>

#include "drive.h"

/* What the locker locks, on the stage of change_beside... */
#define LOCKED_FROM 2
#define LOCKED_PAGES 3
/* ...where each character is so many bytes.  How many of their pages are there... */
#define LOCKED_UNIT (2UL << 20)
/* ...depends on how long it takes to look at them: a reader shall pass meanwhile. */
#define LOCKED_NS (10 * NSEC_PER_MSEC)

/*
 * Transitions that replace more nodes than are freed at once: SLUB has sheaves of
 * 60 at most since 6.18.  Without sheaves, as with its debugging, it is 500, or what
 * comes together in 5 s, and a reader is not held for so long.
 */
#define FALLBACK_BURST 100
/*
 * How long the changer then goes on, in RCU grace periods: one that may be under
 * way, one more, and as much again until it is the turn of those nodes.  Counted in
 * time, since who ends a period may be waiting for the changer's CPU; where a period
 * cannot be measured it is the least, and never more than the changer keeps the CPU.
 */
#define FALLBACK_PERIODS 4
#define FALLBACK_HOLD_LEAST (80 * NSEC_PER_MSEC)
#define FALLBACK_HOLD_MOST (QUEUE_LONGEST_NS / 2)
/* Bursts during all of which no new reading began: so many are enough... */
#define FALLBACK_ENOUGH 10
/* ...and fewer than these are none. */
#define FALLBACK_FLOOR 3
/* Seconds at most, and between two looks. */
#define FALLBACK_SECONDS 4.0
#define FALLBACK_SLICE 0.25

FIXTURE(fallback) {
	_Atomic uint32_t *stopped;
	struct scene scene;
};

FIXTURE_SETUP(fallback)
{
	self->stopped = shared_alloc(sizeof(*self->stopped));
	ASSERT_TRUE(!!self->stopped);
}

FIXTURE_TEARDOWN(fallback)
{
	end_scene(_metadata, &self->scene);
	munmap(self->stopped, sizeof(*self->stopped));
}

/* Write-locks the mapping for as long as it takes to look at all its pages. */
static int locker_lock(const struct stage *stage)
{
	void *addr = stage_addr(stage, LOCKED_FROM);
	size_t len = LOCKED_PAGES * stage->page;

	if (syscall(SYS_mlock2, addr, len, MLOCK_ONFAULT) || munlock(addr, len))
		return -errno;
	return 0;
}

/* Returns in which round the reader was stopped for all of a burst; 0 for none. */
static uint32_t locker_burst(struct race *race, int64_t hold_ns)
{
	uint32_t seq, round;

	race->queue = true;
	while (race->queue)
		if (locker_lock(&race->stage) || race->limit != RACE_FREE)
			return 0;
	seq = race->seq;
	round = race->round;
	while (race->seq - seq < 2 * FALLBACK_BURST) {
		nap_ns(100 * NSEC_PER_USEC);
		if (race->limit != RACE_FREE)
			return 0;
	}
	nap_ns(hold_ns);
	return race->limit == RACE_FREE && race->round == round ? round : 0;
}

/* How long to stop the reader, by what a grace period takes here. */
static int64_t locker_hold_ns(void)
{
	int64_t begin = now_ns(), hold_ns = 0;

	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0))
		hold_ns = FALLBACK_PERIODS * (now_ns() - begin);
	if (hold_ns < FALLBACK_HOLD_LEAST)
		return FALLBACK_HOLD_LEAST;
	return hold_ns < FALLBACK_HOLD_MOST ? hold_ns : FALLBACK_HOLD_MOST;
}

/* Ends with its process. */
static void *locker(void *arg)
{
	struct race *race = arg;
	_Atomic uint32_t *stopped = race->company.arg;
	int64_t hold_ns = locker_hold_ns();
	uint32_t round, last = 0;
	int cpu[2];

	choose_cpus(cpu);
	run_on(0, cpu[1]);
	stuck_other(syscall(SYS_gettid));
	for (;;) {
		if (race->limit != RACE_FREE) {
			nap_ns(NSEC_PER_MSEC);
			continue;
		}
		round = locker_burst(race, hold_ns);
		if (round && round != last)
			atomic_fetch_add(stopped, 1);
		last = round;
	}
	return NULL;
}

/* As many pages as it takes to be busy for a while, or all there are. */
static int locker_begin(struct race *race, void *arg)
{
	unsigned char *addr = stage_addr(&race->stage, LOCKED_FROM);
	size_t len = LOCKED_PAGES * race->stage.page, page = getpagesize();
	size_t at = 0, some = 16 * page;
	pthread_t thread;
	int64_t took = 0;
	int err = 0;

	/* Where this is refused there are no huge pages. */
	madvise(addr, len, MADV_NOHUGEPAGE);
	while (!err && at < len && took < LOCKED_NS) {
		for (; at < some && at < len; at += page)
			stage_touch(addr + at);
		took = -now_ns();
		err = locker_lock(&race->stage);
		took += now_ns();
		some *= 2;
	}
	return err ? err : -pthread_create(&thread, NULL, locker, race);
}

static const struct slice slice_queue = {
	.steer = STEER_QUEUE, .name = "queue", .cpus = 1,
};

static bool is_preempt_rt(void)
{
	struct utsname uts;

	return !uname(&uts) && strstr(uts.version, "PREEMPT_RT");
}

TEST_F(fallback, queue)
{
	struct scene_options options = race_options();
	struct drive drive = drive_of(&self->scene);
	struct scene *scene = drive.scene;
	int64_t begin = now_ns();
	int err = 0;

	options.unit = LOCKED_UNIT;
	options.company = (struct company){ .begin = locker_begin,
					    .arg = self->stopped };
	if (drive.cpu[1] < 0)
		SKIP(return, "fewer than two CPUs");
	if (is_preempt_rt())
		SKIP(return, "mmap_lock goes by priority here");
	if (!may_queue())
		SKIP(return, "no real-time priority");
	if (!open_scene(_metadata, scene, &change_beside, &file_maps, &options))
		return;
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	scene->one_call = true;
	while (!err && *self->stopped < FALLBACK_ENOUGH &&
	       now_ns() - begin < FALLBACK_SECONDS * NSEC_PER_SEC)
		err = race_slice(&drive, &slice_queue, FALLBACK_SLICE, 0, 0);
	race_report(_metadata, &drive, err, "fallback",
		    again("fallback", "", "queue", options.seed));
	diag("fallback: %u times stopped, %.2f s", *self->stopped,
	     (now_ns() - begin) / 1e9);
	if (*self->stopped < FALLBACK_FLOOR)
		SKIP(return, "race not exercised");
}

#endif /* PROC_TEST_FALLBACK_H */
