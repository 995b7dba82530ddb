/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_stopped.h - test readers that are held where nothing protects their position
 *
 * A reader keeps its position in the maple tree, whose nodes are freed under RCU.  At
 * some points the reader has left its RCU read-side critical section and has to look its
 * position up again:
 *
 *   fallback	the next mapping is write-locked.  Since 6.17 the reader then takes
 *		mmap_lock, finds the mapping, releases mmap_lock and goes on without it;
 *		in between are a few instructions
 *   smaps, numa_maps
 *		the reader walks the pages of a mapping with that mapping's lock alone
 *
 * The node of the reader's old position may be replaced and freed there, and its memory
 * reused.  A random race does not meet that.  Two threads bring it about:
 *
 *   modifier	holds the reader at such a point, at real-time priority on the reader's
 *		CPU, and makes transitions until the node it replaced first is freed.
 *		Every 15 ms both move to the other CPU, since other processes have to run
 *   background	on another CPU; tells the modifier when to release the reader.  For the
 *		fallback it keeps a mapping and mmap_lock write-locked for long.  The
 *		reader comes to that mapping and sleeps for mmap_lock; the modifier, which
 *		has waited for the CPU, queues behind the reader.  When the reader
 *		releases mmap_lock, the modifier wakes up and holds the reader there
 *
 * A failure means that the reader used freed memory, which KASAN reports in the kernel
 * log, or that it went on at a wrong position.
 *
 * Limits:
 *   - Without KASAN or poisoning of freed memory such a reader may go unnoticed.  A node
 *     that was replaced is marked as such until its memory is reused, and a mapping that
 *     is found by it is looked up once more, since there was a change.  So a test that
 *     finds nothing is skipped on such a kernel.
 *   - A kernel that is not preemptible holds the reader at its scheduling points only: in
 *     the walk over pages, or at the end of the system call.  There the fallback test
 *     covers only how the reader goes on after it has waited.
 *   - PREEMPT_RT gives mmap_lock to the waiter with the highest priority, which is the
 *     modifier, so that the reader is never held.
 */
#ifndef PROC_TEST_STOPPED_H
#define PROC_TEST_STOPPED_H

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/machine.h"
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

/* Characters of change_beside's pictures that are its large mapping, which is constant. */
#define LARGE_FROM 2
#define LARGE_PAGES 3

/*
 * Bytes for each character in the fallback test.  The large mapping has as many pages as
 * LOCKED_NS needs.
 */
#define LOCKED_UNIT (2UL << 20)

/*
 * Bytes for each character in the smaps and numa_maps tests.  The walk over the large
 * mapping takes most of a reading.
 */
#define WALKED_UNIT (8UL << 20)

/*
 * Nanoseconds for which the large mapping is write-locked at a time.  Long enough for a
 * reading to reach the mapping meanwhile.
 */
#define LOCKED_NS (10 * NSEC_PER_MSEC)

/*
 * Transitions whose nodes, half of them on each of two CPUs, are more than are freed at
 * once.  Since 6.18 SLUB has sheaves of at most 60 objects for each CPU.  Without sheaves,
 * as with slab debugging, RCU collects 500 objects, or those of 5 s: a reader is not held
 * for that long.
 */
#define STOPPED_BURST 200

/*
 * RCU grace periods that the modifier holds the reader after a burst: one that may be
 * under way, one more, one in which the modifier's CPU sees its end, and one until those
 * nodes are freed.  They are waited for, since on a busy host they may take any time.
 */
#define STOPPED_PERIODS 4

/* Nanoseconds of that at least, also where grace periods cannot be waited for. */
#define STOPPED_HOLD_NS (80 * NSEC_PER_MSEC)

/*
 * Nanoseconds that a released reader runs at most, beyond the length of a reading.
 * Arbitrary; the reader has to get on.
 */
#define STOPPED_RUN_NS (10 * NSEC_PER_MSEC)

/*
 * Bursts during which the reader was held, after which a test ends where the kernel watches
 * freed memory.  Arbitrary.
 */
#define STOPPED_ENOUGH 10

/*
 * Bursts below which a test is skipped as not exercised, and after which it ends where the
 * kernel does not watch.  Arbitrary.
 */
#define STOPPED_FLOOR 3

/* Nanoseconds after which no reading begins.  Arbitrary. */
#define STOPPED_NS (4 * NSEC_PER_SEC)

/* Nanoseconds after which the last reader is held no more, and comes to its end.  Arbitrary. */
#define STOPPED_LAST_NS (8 * NSEC_PER_SEC)

/* Seconds of a time slice.  Arbitrary. */
#define STOPPED_SLICE 0.25

/*
 * Nanoseconds between two transitions after a burst.  Nodes are freed in the order in
 * which they were replaced, about ten a tick where RCU callbacks have no other time.
 * Without a pause the nodes of the burst would wait behind thousands.
 */
#define STOPPED_TRANSITION_NS NSEC_PER_MSEC

/*
 * Pages that the modifier fills again and again while the reader is held.  A freed node
 * still looks like a replaced node, which a reader can handle, until its memory is reused.
 * SLUB_TINY gives empty slabs back at once, so that the next page is such a slab.
 * Otherwise reuse is a matter of luck.
 */
#define REUSE_PAGES 1024

/* Nanoseconds between two of these pages.  Arbitrary. */
#define REUSE_NS (20 * NSEC_PER_USEC)

/* Byte that fills these pages: no node and no pointer on any architecture. */
#define REUSE_BYTE 0x5a

/**
 * struct stopped - state of a test; in shared memory
 * @bursts:	number of bursts during which the reader was held all the time
 * @end_ns:	time at which the reader is held no more, nanoseconds
 * @locks:	the background thread write-locks the large mapping
 * @pages:	REUSE_PAGES pages; used by the modifier only, as are all below
 * @filled:	number of these pages that are filled
 * @burst_ns:	time at which the present burst began, nanoseconds
 * @burst_seq:	sequence number at which the present burst began
 */
struct stopped {
	_Atomic uint32_t bursts;
	int64_t end_ns;
	bool locks;
	unsigned char *pages;
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

/* Not in every C library; the same on all architectures. */
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 0x01
#endif

/*
 * Write-lock the large mapping, and mmap_lock, while mlock2() and munlock() walk all its
 * pages; return 0 or -errno.
 */
static int background_lock(const struct stage *stage)
{
	void *addr = stage_addr(stage, LARGE_FROM);
	size_t len = LARGE_PAGES * stage->page;

	if (syscall(SYS_mlock2, addr, len, MLOCK_ONFAULT) || munlock(addr, len))
		return -errno;
	return 0;
}

/* Wait until the nodes that a burst has replaced are freed. */
static void background_wait_freed(void)
{
	int64_t begin = now_ns();
	int periods = STOPPED_PERIODS;

	while (periods && !syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0))
		periods--;
	begin += STOPPED_HOLD_NS - now_ns();
	if (begin > 0)
		sleep_ns(begin);
}

/*
 * Have the modifier release the reader, and wait for a burst of transitions.  Return the
 * round in which the reader was held during all of the burst, or 0 where it was not.
 */
static uint32_t background_burst(struct race *race, bool locks)
{
	uint32_t seq, round;

	race->hold.release = true;
	while (race->hold.release) {
		if (!locks)
			sleep_ns(100 * NSEC_PER_USEC);
		else if (background_lock(&race->stage))
			return 0;
		if (race->limit != RACE_FREE)
			return 0;
	}
	seq = race->seq;
	round = race->overlap.round;
	while (race->seq - seq < 2 * STOPPED_BURST) {
		sleep_ns(100 * NSEC_PER_USEC);
		if (race->limit != RACE_FREE)
			return 0;
	}
	background_wait_freed();
	return race->limit == RACE_FREE && race->overlap.round == round ? round : 0;
}

/* Make bursts until the process ends. */
static void *background_thread(void *arg)
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
		/* A reading that is held again and again has no end on a busy machine. */
		if (now_ns() > stopped->end_ns) {
			race->hold.release = true;
			sleep_ns(NSEC_PER_MSEC);
			continue;
		}
		round = background_burst(race, stopped->locks);
		if (round && round != last)
			atomic_fetch_add(&stopped->bursts, 1);
		last = round;
	}
	return NULL;
}

/* Fill one more page; free all of them first where none is left. */
static void reuse_page(struct stopped *stopped)
{
	size_t page = getpagesize();

	if (stopped->filled == REUSE_PAGES) {
		madvise(stopped->pages, REUSE_PAGES * page, MADV_DONTNEED);
		stopped->filled = 0;
	}
	memset(stopped->pages + stopped->filled++ * page, REUSE_BYTE, page);
}

/* Fill pages after a transition while the reader is held; slow down after a burst. */
static int background_made(struct race *race, unsigned int index, void *arg)
{
	struct stopped *stopped = arg;
	int64_t end = now_ns() + STOPPED_TRANSITION_NS;

	if (race->limit != RACE_FREE || race->hold.release)
		return 0;
	if (stopped->burst_ns != race->hold.since_ns) {
		stopped->burst_ns = race->hold.since_ns;
		stopped->burst_seq = race->seq;
	}
	reuse_page(stopped);
	while (race->seq - stopped->burst_seq > 2 * STOPPED_BURST &&
	       !race->hold.release && now_ns() < end) {
		spin_ns(REUSE_NS);
		reuse_page(stopped);
	}
	return 0;
}

/* Reserve the pages; return 0 or -errno. */
static int reuse_begin(struct stopped *stopped)
{
	size_t len = REUSE_PAGES * getpagesize();

	stopped->pages = mmap(NULL, len, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stopped->pages == MAP_FAILED)
		return -errno;
	/* Pages are allocated one by one.  An error means that there are no huge pages. */
	madvise(stopped->pages, len, MADV_NOHUGEPAGE);
	return 0;
}

/*
 * Populate the large mapping and start the threads; return 0 or -errno.  A mapping that is
 * write-locked is populated until that takes LOCKED_NS.
 */
static int background_begin(struct race *race, void *arg)
{
	struct stopped *stopped = arg;
	unsigned char *addr = stage_addr(&race->stage, LARGE_FROM);
	size_t len = LARGE_PAGES * race->stage.page, page = getpagesize();
	size_t at = 0, end = 16 * page;
	pthread_t thread;
	int64_t took = 0;
	int err = reuse_begin(stopped);

	/* An error means that there are no huge pages. */
	madvise(addr, len, MADV_NOHUGEPAGE);
	while (!err && at < len && took < LOCKED_NS) {
		for (; at < end && at < len; at += page)
			stage_touch(addr + at);
		if (stopped->locks) {
			took = -now_ns();
			err = background_lock(&race->stage);
			took += now_ns();
		}
		end *= 2;
	}
	if (!err)
		err = -pthread_create(&thread, NULL, placeholder_thread, race);
	return err ? err : -pthread_create(&thread, NULL, background_thread, race);
}

/* Return whether the kernel is PREEMPT_RT. */
static bool is_preempt_rt(void)
{
	struct utsname uts;

	return !uname(&uts) && strstr(uts.version, "PREEMPT_RT");
}

/* Return whether the kernel detects the use of a freed maple node. */
static bool freed_is_watched(void)
{
	return file_mentions("/sys/kernel/slab/maple_node/poison", "1\n") ||
	       file_mentions("/proc/kallsyms", " kasan_report\n");
}

/*
 * Have a released reader run for a random part of a reading's length; return 0 or -errno.
 */
static int release_within_reading(struct context *context)
{
	int64_t begin = now_ns();
	int err = reading_take(&context->reader, &context->reading);

	context->race->hold.release_ns = now_ns() - begin + STOPPED_RUN_NS;
	return err;
}

TEST_F(stopped, race)
{
	struct context_options options = race_options();
	struct run run = run_of(&self->context);
	struct stopped *stopped = self->stopped;
	struct context *context = run.context;
	bool watched = freed_is_watched();
	int64_t begin = now_ns();
	int err;

	stopped->end_ns = begin + STOPPED_LAST_NS;
	options.unit = variant->unit;
	options.background = (struct background){
		.begin = background_begin,
		.made = background_made,
		.arg = stopped,
	};
	if (run.cpu[1] < 0)
		SKIP(return, "fewer than two CPUs");
	if (stopped->locks && is_preempt_rt())
		SKIP(return, "mmap_lock goes by priority here");
	if (!hold_permitted())
		SKIP(return, "no real-time priority");
	if (!context_open(_metadata, context, &change_beside, variant->kind, &options))
		return;
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	context->one_call = true;
	err = release_within_reading(context);
	while (!err && stopped->bursts < (watched ? STOPPED_ENOUGH : STOPPED_FLOOR) &&
	       now_ns() - begin < STOPPED_NS)
		err = race_in_slice(&run, &variant->slice, STOPPED_SLICE, 0, 0);
	race_report(_metadata, &run, err, variant->name,
		    reproduce_command("stopped", variant->name, "race", options.seed));
	diag("%s: %u times stopped, %.2f s", variant->name, stopped->bursts,
	     (now_ns() - begin) / 1e9);
	if (stopped->bursts < STOPPED_FLOOR)
		SKIP(return, "race not exercised");
	if (!watched)
		SKIP(return, "freed memory is not watched here");
}

#endif /* PROC_TEST_STOPPED_H */
