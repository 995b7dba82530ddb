/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_grace.h - test that mmap() and munmap() do not wait for readers of any process
 *
 * Readers of maps are in RCU read-side critical sections.  A change that frees what
 * readers may use could wait for them.  That would slow down each munmap() of every
 * process, whether it is read or not, so a comparison of target and control process
 * would not show it.  Two signs do: a call that nothing blocks sleeps, see waits.h;
 * or it spins, and takes several times as long as other calls.
 *
 * A third sign is the duration: munmap() is compared with a grace period, which
 * membarrier(MEMBARRIER_CMD_GLOBAL) waits for when there is more than one CPU.  An
 * expedited grace period lasts a tenth or less, so this rule is the weaker one.
 *
 * PLANT=stall adds a sleep to each munmap().
 */
#ifndef PROC_TEST_GRACE_H
#define PROC_TEST_GRACE_H

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "load.h"
#include "program.h"
#include "report.h"
#include "trial.h"
#include "waits.h"
#include "../lib/child.h"
#include "../lib/env.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/harness.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../lib/util.h"

/*
 * Most calls that are compared with a grace period.  It is odd, to have a
 * median.  Each takes 20 to 60 ms on an idle machine, beside the reader.
 */
#define GRACE_ROUNDS 11
/*
 * Factor by which a grace period must exceed munmap().  A munmap() that waits
 * lasts a period, or the rest of one and another one; a munmap() that does not
 * wait, a hundredth or less.
 */
#define GRACE_SHARE 4
/*
 * Factor by which a grace period must exceed mmap() to be a measure.  Expedited
 * ones do not.
 */
#define GRACE_LONG 20

/* Longest time in ns that is waited for the reader before each round.  Arbitrary. */
#define GRACE_READING_NS (20 * NSEC_PER_MSEC)

/* Multiple of WAITS_MAX_NS for which too few rounds may take longer.  Arbitrary. */
#define GRACE_EXTEND 3

/* Longest time in ns of all calls that are compared with a grace period.  Arbitrary. */
#define GRACE_MAX_NS (10 * NSEC_PER_SEC)

/**
 * struct grace_beside - the reader beside which calls are made; in shared memory
 * @cpu:	CPU that it runs on, -1 for any
 * @readings:	number of readings that it has made
 */
struct grace_beside {
	int cpu;
	atomic_uint readings;
};

FIXTURE(grace) {
	struct grace_beside *beside;
	struct child reader;
};

FIXTURE_SETUP(grace)
{
	self->beside = shared_alloc(sizeof(*self->beside));
	ASSERT_TRUE(!!self->beside);
}

FIXTURE_TEARDOWN(grace)
{
	child_kill(&self->reader);
	munmap(self->beside, sizeof(*self->beside));
}

/* Sort durations and return the median in microseconds. */
static double grace_median(int64_t took[GRACE_ROUNDS], unsigned int rounds)
{
	qsort(took, rounds, sizeof(*took), compare_ns);
	return took[rounds / 2] / 1000.0;
}

/* enum grace_call - calls on two pages, made in this order */
enum grace_call {
	GRACE_MMAP,
	GRACE_REPLACE,		/* mmap() over both */
	GRACE_SPLIT,		/* mprotect() of one */
	GRACE_MERGE,		/* and back */
	GRACE_SHRINK,		/* mremap() to one */
	GRACE_MUNMAP,
	GRACE_CALLS,
	GRACE_NOTHING = GRACE_CALLS,	/* getppid(), for comparison */
	GRACE_KINDS,
};

/* Name that stands for no call. */
#define GRACE_NONE "none"

static const char * const grace_name[GRACE_KINDS] = {
	"mmap", "replace", "split", "merge", "shrink", "munmap", "nothing",
};

/* Make one call; false when it fails. */
static bool grace_does(enum grace_call call, char **p, size_t page)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	switch (call) {
	case GRACE_MMAP:
		*p = mmap(NULL, 2 * page, prot, flags, -1, 0);
		return *p != MAP_FAILED;
	case GRACE_REPLACE:
		return mmap(*p, 2 * page, prot, flags | MAP_FIXED, -1, 0) == *p;
	case GRACE_SPLIT:
		return !mprotect(*p, page, PROT_READ);
	case GRACE_MERGE:
		return !mprotect(*p, page, prot);
	case GRACE_SHRINK:
		return mremap(*p, 2 * page, page, 0) == *p;
	case GRACE_MUNMAP:
		return !munmap(*p, page);
	default:
		return syscall(SYS_getppid) >= 0;
	}
}

/*
 * Child process: read its own maps until it is killed.  It shares nothing with
 * the calls under test.
 */
static int grace_reader(void *arg)
{
	struct grace_beside *beside = arg;
	struct scan scan;

	cpu_pin(beside->cpu);
	if (scan_open(&scan, &source_maps, getpid(), 0, 0))
		return 1;
	while (scan_text(&scan) >= 0)
		atomic_fetch_add(&beside->readings, 1);
	return 1;
}

/*
 * Wait until the reader has begun another reading: without one, the calls have no reason
 * to wait.  Return false where it gets no CPU.
 */
static bool grace_is_read(struct grace_beside *beside)
{
	unsigned int readings = atomic_load(&beside->readings);
	int64_t end = now_ns() + GRACE_READING_NS;

	while (atomic_load(&beside->readings) == readings) {
		if (now_ns() > end)
			return false;
		sched_yield();
	}
	return true;
}

/*
 * Make all calls in turn, again and again, while another process is read.  Return 0,
 * -EAGAIN if it was read for too few rounds, or -errno.
 */
static int grace_waits(struct waits waits[GRACE_KINDS], struct grace_beside *beside,
		       bool inject)
{
	int64_t begin = now_ns();
	size_t page = sysconf(_SC_PAGESIZE);
	enum grace_call call;
	unsigned int i = 0;
	bool fine = true;
	char *p = NULL;

	memset(waits, 0, GRACE_KINDS * sizeof(*waits));
	while (i < WAITS_ROUNDS && fine &&
	       now_ns() - begin < WAITS_MAX_NS * (i < WAITS_ENOUGH ? GRACE_EXTEND : 1)) {
		if (!grace_is_read(beside))
			continue;
		i++;
		for (call = 0; call < GRACE_KINDS && fine; call++) {
			struct waits_mark mark = waits_begin();

			fine = grace_does(call, &p, page);
			if (inject && call == GRACE_MUNMAP)
				sleep_ns(NSEC_PER_USEC);
			waits_end(&waits[call], &mark);
		}
	}
	if (!fine)
		return errno ? -errno : -EINVAL;
	for (call = 0; call < GRACE_KINDS; call++)
		waits_sort(&waits[call]);
	return i < WAITS_ENOUGH ? -EAGAIN : 0;
}

/* Find a call that sleeps and a call that spins; GRACE_NONE for none. */
static bool grace_any(const struct waits waits[GRACE_KINDS],
		      const char **asleep, const char **awake)
{
	enum grace_call call;

	*asleep = GRACE_NONE;
	*awake = GRACE_NONE;
	for (call = 0; call < GRACE_CALLS; call++) {
		/* mmap() is compared with munmap(), all others with mmap(). */
		enum grace_call other = call == GRACE_MMAP ? GRACE_MUNMAP :
							     GRACE_MMAP;

		if (waits_asleep(&waits[call]))
			*asleep = grace_name[call];
		if (waits_awake(&waits[call], &waits[other]))
			*awake = grace_name[call];
	}
	return strcmp(*asleep, GRACE_NONE) || strcmp(*awake, GRACE_NONE);
}

static void grace_print(const struct waits waits[GRACE_KINDS])
{
	enum grace_call call;

	for (call = 0; call < GRACE_KINDS; call++) {
		diag("grace.%s.calls: %u count", grace_name[call],
		     waits[call].rounds);
		diag("grace.%s.sleeps: %u count", grace_name[call],
		     waits[call].slept);
		diag("grace.%s.p50: %.2f us", grace_name[call],
		     ns_to_us((uint64_t)waits_median(&waits[call])));
	}
}

/*
 * Measure mmap(), munmap() and a grace period in turn.  Return the number of rounds,
 * -EOPNOTSUPP without membarrier(), or -errno.
 */
static int grace_periods(int64_t map[GRACE_ROUNDS], int64_t unmap[GRACE_ROUNDS],
			 int64_t period[GRACE_ROUNDS])
{
	int64_t end = now_ns() + GRACE_MAX_NS;
	size_t len = sysconf(_SC_PAGESIZE);
	unsigned int i;

	for (i = 0; i < GRACE_ROUNDS && (!i || now_ns() < end); i++) {
		int64_t begin = now_ns(), mapped, unmapped;
		void *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE |
			       MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return -errno;
		mapped = now_ns();
		if (munmap(p, len))
			return -errno;
		unmapped = now_ns();
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0))
			return -EOPNOTSUPP;
		map[i] = mapped - begin;
		unmap[i] = unmapped - mapped;
		period[i] = now_ns() - unmapped;
	}
	return i;
}

/* Compare munmap() with a grace period, which the reader takes part in. */
static void grace_compare(struct __test_metadata *_metadata, const struct knobs *knobs)
{
	int64_t map[GRACE_ROUNDS], unmap[GRACE_ROUNDS], period[GRACE_ROUNDS];
	double map_us, unmap_us, period_us;
	int rounds;

	rounds = grace_periods(map, unmap, period);
	if (rounds == -EOPNOTSUPP)
		SKIP(return, "no membarrier() to compare with");
	ASSERT_LT(0, rounds);
	map_us = grace_median(map, rounds);
	unmap_us = grace_median(unmap, rounds);
	period_us = grace_median(period, rounds);
	diag("grace.mmap: %.2f us", map_us);
	diag("grace.munmap: %.2f us", unmap_us);
	diag("grace.period: %.2f us", period_us);
	if (GRACE_SHARE * unmap_us < period_us)
		return;
	if (period_us < GRACE_LONG * map_us)
		SKIP(return, "grace periods are too short here");
	if (machine_is_slow())
		SKIP(return, SKIP_SLOW);
	finish(NULL, knobs, "fail");
	ASSERT_LT(GRACE_SHARE * unmap_us, period_us) {
		diag("a munmap() lasts as long as an RCU grace period");
	}
}

TEST_F(grace, munmap)
{
	static struct waits waits[GRACE_KINDS];
	bool stall = env_fault("stall");
	const char *asleep, *awake;
	struct knobs knobs = { 0 };
	int error;

	/* The reader runs on a CPU of its own, if there is one. */
	self->beside->cpu = latency_prepare(&knobs) ? -1 : knobs.cpu_load;
	ASSERT_EQ(0, child_start(&self->reader, grace_reader, self->beside));
	error = grace_waits(waits, self->beside, stall);
	/*
	 * A failure takes two runs: the host may have disturbed a single one.
	 */
	if (!error && grace_any(waits, &asleep, &awake))
		error = grace_waits(waits, self->beside, stall);
	if (error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	grace_any(waits, &asleep, &awake);
	grace_print(waits);
	/* A tracer, for example, stops calls of all kinds. */
	if (waits_asleep(&waits[GRACE_NOTHING]))
		SKIP(return, SKIP_UNSURE);
	if (strcmp(asleep, GRACE_NONE))
		finish(NULL, &knobs, "fail");
	ASSERT_STREQ(GRACE_NONE, asleep) {
		diag("it sleeps, though nothing else uses what it changes");
	}
	if (strcmp(awake, GRACE_NONE)) {
		if (machine_is_slow())
			SKIP(return, SKIP_SLOW);
		finish(NULL, &knobs, "fail");
	}
	ASSERT_STREQ(GRACE_NONE, awake) {
		diag("the median one takes more than %d times as long as another call",
		     WAITS_SLOWER);
	}
	grace_compare(_metadata, &knobs);
}

#endif /* PROC_TEST_GRACE_H */
