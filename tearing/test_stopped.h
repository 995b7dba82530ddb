/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_stopped.h - readers that are stopped where nothing protects what they remember
 *
 * A reader remembers its place in the maple tree, whose nodes are freed under RCU.
 * There are moments when it has left RCU, and has to find its place anew:
 *
 *   fallback	the mapping that comes next is write-locked.  Since 6.17 the reader
 *		takes mmap_lock then, finds the mapping, lets go of mmap_lock and
 *		goes on without; in between are a few instructions
 *   smaps, numa_maps
 *		it looks at the pages of a mapping, with that mapping's lock alone
 *
 * What the reader remembers from before may then be replaced and freed, and the memory
 * be somebody else's.  That does not happen by chance, and is brought about by:
 *
 *   modifier	on the reader's CPU, stops it at real-time priority, and changes so
 *		many things, and for so long, that what it replaced first is freed.
 *		Every 15 ms both move to the other CPU, since others want to run
 *   background operations	on another CPU, tells the modifier when to let the reader go.  For the
 *		fallback it has a mapping and mmap_lock write-locked for long: the
 *		reader comes to that mapping and sleeps until it gets mmap_lock; the
 *		modifier has waited for the reader's CPU and queues behind it; the
 *		reader's giving back the lock wakes the modifier, which stops it
 *		right there
 *
 * A failure means that the reader used memory that was freed (KASAN says so in the
 * kernel's log), or went on where nothing is what it was.  Without KASAN, or poison in
 * what is freed, a reader may use such memory and do well: a node that was replaced
 * says so until its memory is somebody else's, and what a reader finds by it is looked
 * up once more since there was a change.  So a pass is one only where it is watched; a
 * failure is one everywhere.  Where the kernel is not
 * preempted the reader is stopped where it offers that, which it does among its pages,
 * or at the end of its system call; and what is tested of the fallback is only how it
 * goes on after it had to wait.  PREEMPT_RT hands mmap_lock to who is more urgent:
 * there the modifier is always first.
 */
#ifndef PROC_TEST_STOPPED_H
#define PROC_TEST_STOPPED_H

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/parse.h"
#include "context.h"
#include "harness.h"
#include "modifier.h"
#include "program.h"
#include "reader.h"
#include "run.h"
#include "stage.h"
#include "watchdog.h"

/* The mapping that is locked, or has the pages, on the stage of change_beside... */
#define LARGE_FROM 2
#define LARGE_PAGES 3
/* ...where each character is so many bytes.  What is walked is most of a reading... */
#define LOCKED_UNIT (2UL << 20)
#define WALKED_UNIT (8UL << 20)
/* ...what is locked has pages for so long a lock, and a reader shall pass meanwhile. */
#define LOCKED_NS (10 * NSEC_PER_MSEC)

/*
 * Transitions that replace more nodes than are freed at once, half of them on each
 * of two CPUs: SLUB has sheaves of 60 at most, for each CPU, since 6.18.  Without sheaves, as with its debugging, it is 500, or what
 * comes together in 5 s, and a reader is not held for so long.
 */
#define STOPPED_BURST 200
/*
 * How long the modifier then goes on, in RCU grace periods: one that may be under way,
 * one more, one in which the modifier's CPU sees that it is over, and as much again
 * until it is the turn of those nodes.  They are waited for: where time is lost, as on a
 * busy host, none may come to its end in the time that it takes otherwise.  Where that
 * cannot be, it is a time.
 */
#define STOPPED_PERIODS 4
#define STOPPED_HOLD (80 * NSEC_PER_MSEC)
/* How long a reader is let go, beyond what a reading takes: it shall get on. */
#define STOPPED_PAUSE (10 * NSEC_PER_MSEC)
/* Bursts during all of which no new reading began: so many are enough... */
#define STOPPED_ENOUGH 10
/* ...and fewer than these are none. */
#define STOPPED_FLOOR 3
/* Seconds at most, and between two looks. */
#define STOPPED_SECONDS 4.0
#define STOPPED_SLICE 0.25

/*
 * What was replaced is freed after what was replaced before, some ten nodes a tick
 * where RCU's callbacks get no other time: once the burst is made there is only one
 * transition in so long a time, or the first nodes would wait behind thousands.
 */
#define STOPPED_SLOWLY NSEC_PER_MSEC
/*
 * Pages that the modifier fills meanwhile, again and again.  Freed nodes still look like
 * nodes that were replaced, and a reader knows what to do then, until somebody else
 * writes there.  That is a matter of luck where slabs are kept; but SLUB_TINY gives
 * empty ones back at once, and the next page that is asked for is such a one.
 */
#define LITTER_PAGES 1024
#define LITTER_NS (20 * NSEC_PER_USEC)
/* No node and no pointer, on any architecture. */
#define LITTER 0x5a

/*
 * What the background operations shares with the test: counts @times, @locks the mapping.  The
 * modifier's own: @filled pages of @litter, in the burst that began at @burst_ns with
 * @burst_seq.
 */
struct stopped {
	_Atomic uint32_t times;
	bool locks;
	unsigned char *litter;
	size_t filled;
	int64_t burst_ns;
	uint32_t burst_seq;
};

FIXTURE(stopped) {
	struct stopped *stopped;
	struct context context;
};

FIXTURE_VARIANT(stopped) {
	const char *name;
	const struct file_kind *kind;
	struct time_slice slice;
	size_t unit;
};

FIXTURE_VARIANT_ADD(stopped, fallback) {
	.name = "fallback",
	.kind = &file_maps,
	.slice = { INTERLEAVE_QUEUE, "queue", .cpus = 1 },
	.unit = LOCKED_UNIT,
};

FIXTURE_VARIANT_ADD(stopped, smaps) {
	.name = "smaps",
	.kind = &file_smaps,
	.slice = { INTERLEAVE_HOLD, "hold", .cpus = 1 },
	.unit = WALKED_UNIT,
};

FIXTURE_VARIANT_ADD(stopped, numa_maps) {
	.name = "numa_maps",
	.kind = &file_numa_maps,
	.slice = { INTERLEAVE_HOLD, "hold", .cpus = 1 },
	.unit = WALKED_UNIT,
};

FIXTURE_SETUP(stopped)
{
	self->stopped = shared_alloc(sizeof(*self->stopped));
	ASSERT_TRUE(!!self->stopped);
	self->stopped->locks = variant->slice.interleave == INTERLEAVE_QUEUE;
}

FIXTURE_TEARDOWN(stopped)
{
	context_close(_metadata, &self->context);
	munmap(self->stopped, sizeof(*self->stopped));
}

/* The same for all architectures; not every C library has it. */
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 0x01
#endif

/* Write-locks the large mapping for as long as it takes to look at all its pages. */
static int background_lock(const struct stage *stage)
{
	void *addr = stage_addr(stage, LARGE_FROM);
	size_t len = LARGE_PAGES * stage->page;

	if (syscall(SYS_mlock2, addr, len, MLOCK_ONFAULT) || munlock(addr, len))
		return -errno;
	return 0;
}

/* As long as it takes until what was replaced is freed. */
static void background_hold(void)
{
	int64_t begin = now_ns();
	int periods = STOPPED_PERIODS;

	while (periods && !syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0))
		periods--;
	begin += STOPPED_HOLD - now_ns();
	if (begin > 0)
		sleep_ns(begin);
}

/* Returns in which round the reader was stopped for all of a burst; 0 for none. */
static uint32_t background_burst(struct race *race, bool locks)
{
	uint32_t seq, round;

	race->release = true;
	while (race->release) {
		if (!locks)
			sleep_ns(100 * NSEC_PER_USEC);
		else if (background_lock(&race->stage))
			return 0;
		if (race->limit != RACE_FREE)
			return 0;
	}
	seq = race->seq;
	round = race->round;
	while (race->seq - seq < 2 * STOPPED_BURST) {
		sleep_ns(100 * NSEC_PER_USEC);
		if (race->limit != RACE_FREE)
			return 0;
	}
	background_hold();
	return race->limit == RACE_FREE && race->round == round ? round : 0;
}

/* Ends with its process. */
static void *background(void *arg)
{
	struct race *race = arg;
	struct stopped *stopped = race->background.arg;
	uint32_t round, last = 0;
	int cpu[2];

	choose_cpus(cpu);
	pin_thread(0, cpu[1]);
	watchdog_other(syscall(SYS_gettid));
	for (;;) {
		if (race->limit != RACE_FREE) {
			sleep_ns(NSEC_PER_MSEC);
			continue;
		}
		round = background_burst(race, stopped->locks);
		if (round && round != last)
			atomic_fetch_add(&stopped->times, 1);
		last = round;
	}
	return NULL;
}

static void litter(struct stopped *stopped)
{
	size_t page = getpagesize();

	if (stopped->filled == LITTER_PAGES) {
		madvise(stopped->litter, LITTER_PAGES * page, MADV_DONTNEED);
		stopped->filled = 0;
	}
	memset(stopped->litter + stopped->filled++ * page, LITTER, page);
}

/* After each transition, while the reader is stopped. */
static int background_made(struct race *race, unsigned int index, void *arg)
{
	struct stopped *stopped = arg;
	int64_t end = now_ns() + STOPPED_SLOWLY;

	if (race->limit != RACE_FREE || race->release)
		return 0;
	if (stopped->burst_ns != race->held_ns) {
		stopped->burst_ns = race->held_ns;
		stopped->burst_seq = race->seq;
	}
	litter(stopped);
	while (race->seq - stopped->burst_seq > 2 * STOPPED_BURST &&
	       !race->release && now_ns() < end) {
		spin_ns(LITTER_NS);
		litter(stopped);
	}
	return 0;
}

static int litter_begin(struct stopped *stopped)
{
	size_t len = LITTER_PAGES * getpagesize();

	stopped->litter = mmap(NULL, len, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stopped->litter == MAP_FAILED)
		return -errno;
	/* A page at a time; where this is refused there are no huge pages. */
	madvise(stopped->litter, len, MADV_NOHUGEPAGE);
	return 0;
}

/* All pages; to be locked, only as many as it takes to be busy for a while. */
static int background_begin(struct race *race, void *arg)
{
	struct stopped *stopped = arg;
	unsigned char *addr = stage_addr(&race->stage, LARGE_FROM);
	size_t len = LARGE_PAGES * race->stage.page, page = getpagesize();
	size_t at = 0, some = 16 * page;
	pthread_t thread;
	int64_t took = 0;
	int err = litter_begin(stopped);

	/* Where this is refused there are no huge pages. */
	madvise(addr, len, MADV_NOHUGEPAGE);
	while (!err && at < len && took < LOCKED_NS) {
		for (; at < some && at < len; at += page)
			stage_touch(addr + at);
		if (stopped->locks) {
			took = -now_ns();
			err = background_lock(&race->stage);
			took += now_ns();
		}
		some *= 2;
	}
	if (!err)
		err = -pthread_create(&thread, NULL, placeholder_thread, race);
	return err ? err : -pthread_create(&thread, NULL, background, race);
}

static bool is_preempt_rt(void)
{
	struct utsname uts;

	return !uname(&uts) && strstr(uts.version, "PREEMPT_RT");
}

static bool file_has_line(const char *path, const char *end)
{
	FILE *file = fopen(path, "r");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file)) {
		size_t len = strlen(line);

		found = len >= strlen(end) &&
			!strcmp(line + len - strlen(end), end);
	}
	if (file)
		fclose(file);
	return found;
}

/* Whether the kernel notices that a maple node is used after it was freed. */
static bool freed_is_watched(void)
{
	return file_has_line("/sys/kernel/slab/maple_node/poison", "1\n") ||
	       file_has_line("/proc/kallsyms", " kasan_report\n");
}

/* So that a reader is stopped anywhere in a reading; 0 or -errno. */
static int stop_within_reading(struct context *context)
{
	int64_t begin = now_ns();
	int err = reading_take(&context->reader, &context->reading);

	context->race->release_ns = now_ns() - begin + STOPPED_PAUSE;
	return err;
}

TEST_F(stopped, race)
{
	struct context_options options = race_options();
	struct run run = run_of(&self->context);
	struct stopped *stopped = self->stopped;
	struct context *context = run.context;
	int64_t begin = now_ns();
	int err;

	options.unit = variant->unit;
	options.background = (struct background){ .begin = background_begin,
					    .made = background_made,
					    .arg = stopped };
	if (run.cpu[1] < 0)
		SKIP(return, "fewer than two CPUs");
	if (stopped->locks && is_preempt_rt())
		SKIP(return, "mmap_lock goes by priority here");
	if (!may_queue())
		SKIP(return, "no real-time priority");
	if (!context_open(_metadata, context, &change_beside, variant->kind, &options))
		return;
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	context->one_call = true;
	err = stop_within_reading(context);
	while (!err && stopped->times < STOPPED_ENOUGH &&
	       now_ns() - begin < STOPPED_SECONDS * NSEC_PER_SEC)
		err = race_in_slice(&run, &variant->slice, STOPPED_SLICE, 0, 0);
	race_report(_metadata, &run, err, variant->name,
		    again("stopped", variant->name, "race", options.seed));
	diag("%s: %u times stopped, %.2f s", variant->name, stopped->times,
	     (now_ns() - begin) / 1e9);
	if (stopped->times < STOPPED_FLOOR)
		SKIP(return, "race not exercised");
	if (!freed_is_watched())
		SKIP(return, "freed memory is not watched here");
}

#endif /* PROC_TEST_STOPPED_H */
