/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_grace.h - does mmap() or munmap() wait for readers, whoever is read?
 *
 * Readers of maps are in RCU sections, and who frees what they may look at is
 * tempted to wait for them.  That slows each munmap() of every process down, ten
 * or a thousand times, scanned or not, so that a comparison of target and control process
 * shows nothing.  What shows it: a call that nothing is in the way of sleeps, see
 * waits.h; or, if it spins, takes several times as long as other calls do.
 *
 * How long can be told as well: a munmap() is compared with a grace period itself, of
 * which membarrier(MEMBARRIER_CMD_GLOBAL) is one on more than one CPU.  Periods can
 * be told to hurry, and then last a tenth or less; so that is the weaker rule.
 *
 * PLANT=stall has a nap in each munmap().
 */
#ifndef PROC_TEST_GRACE_H
#define PROC_TEST_GRACE_H

#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../kselftest_harness.h"
#include "load.h"
#include "program.h"
#include "report.h"
#include "trial.h"
#include "waits.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/machine.h"
#include "../lib/print.h"

#if defined(__GNUC__) && !defined(__clang__)
/* The harness's setjmp() and what gcc inlines beside it. */
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/* An odd number has a median; on an idle machine each takes some 20 ms. */
#define GRACE_ROUNDS 25
/*
 * A munmap() that waits lasts a whole period, or what is left of two; one that
 * does not, a hundredth or less.
 */
#define GRACE_SHARE 4
/* Periods can be told to hurry; then they are no measure. */
#define GRACE_LONG 20

FIXTURE(grace) {
};

FIXTURE_SETUP(grace)
{
}

FIXTURE_TEARDOWN(grace)
{
}

/* In microseconds; sorts. */
static double grace_median(int64_t took[GRACE_ROUNDS])
{
	qsort(took, GRACE_ROUNDS, sizeof(*took), compare_ns);
	return took[GRACE_ROUNDS / 2] / 1000.0;
}

/* What is done to two pages in turn, first to last. */
enum grace_call {
	GRACE_MMAP,
	GRACE_REPLACE,		/* mmap() over both */
	GRACE_SPLIT,		/* mprotect() of one */
	GRACE_MERGE,		/* and back */
	GRACE_SHRINK,		/* mremap() to one */
	GRACE_MUNMAP,
	GRACE_CALLS,
	GRACE_NOTHING = GRACE_CALLS,	/* beside them, a call that does nothing */
	GRACE_KINDS,
};

/* What none of them is called. */
#define GRACE_NONE "none"

static const char * const grace_name[GRACE_KINDS] = {
	"mmap", "replace", "split", "merge", "shrink", "munmap", "nothing",
};

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

/* Reads about itself, for as long as it lives: nothing that the calls have to do with. */
static int grace_reader(void *arg)
{
	const int *cpu = arg;
	struct scan scan;

	cpu_pin(*cpu);
	if (scan_open(&scan, &source_maps, getpid(), 0, 0))
		return 1;
	while (scan_text(&scan) >= 0)
		;
	return 1;
}

/* All of them in turn, again and again, while another process is being read. */
static bool grace_waits(struct waits waits[GRACE_KINDS], int cpu_reader,
			bool inject)
{
	int64_t begin = now_ns();
	size_t page = sysconf(_SC_PAGESIZE);
	struct child reader = { 0 };
	enum grace_call call;
	bool fine = true;
	unsigned int i;
	char *p = NULL;

	memset(waits, 0, GRACE_KINDS * sizeof(*waits));
	/* Where there can be none, the calls have still no reason to wait. */
	child_start(&reader, grace_reader, &cpu_reader);
	for (i = 0; i < WAITS_ROUNDS && fine; i++) {
		if (i >= WAITS_ENOUGH && now_ns() - begin > WAITS_MAX_NS)
			break;
		for (call = 0; call < GRACE_KINDS && fine; call++) {
			struct waits_mark mark = waits_begin();

			fine = grace_does(call, &p, page);
			if (inject && call == GRACE_MUNMAP)
				sleep_ns(NSEC_PER_USEC);
			waits_end(&waits[call], &mark);
		}
	}
	child_kill(&reader);
	for (call = 0; call < GRACE_KINDS; call++)
		waits_sort(&waits[call]);
	return fine;
}

/* Which call waits asleep, and which awake; false where it is no call. */
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

TEST_F(grace, munmap)
{
	int64_t map[GRACE_ROUNDS], unmap[GRACE_ROUNDS], period[GRACE_ROUNDS];
	static struct waits waits[GRACE_KINDS];
	const char *inject = getenv("PLANT");
	bool stall = inject && !strcmp(inject, "stall");
	size_t len = sysconf(_SC_PAGESIZE);
	double map_us, unmap_us, period_us;
	const char *asleep, *awake;
	enum grace_call call;
	struct knobs knobs = { 0 };
	unsigned int i;

	/* The reader has a CPU of its own, where there is one. */
	if (latency_prepare(&knobs))
		knobs.cpu_load = -1;
	ASSERT_TRUE(grace_waits(waits, knobs.cpu_load, stall));
	/* Once may be the host. */
	if (grace_any(waits, &asleep, &awake))
		ASSERT_TRUE(grace_waits(waits, knobs.cpu_load, stall));
	grace_any(waits, &asleep, &awake);
	for (call = 0; call < GRACE_KINDS; call++) {
		diag("grace.%s.calls: %u count", grace_name[call],
		     waits[call].rounds);
		diag("grace.%s.sleeps: %u count", grace_name[call],
		     waits[call].slept);
		diag("grace.%s.p50: %.2f us", grace_name[call],
		     ns_to_us((uint64_t)waits_median(&waits[call])));
	}
	/* A tracer, say, stops each call of any kind. */
	if (waits_asleep(&waits[GRACE_NOTHING]))
		SKIP(return, SKIP_UNSURE);
	if (strcmp(asleep, GRACE_NONE))
		finish(NULL, &knobs, "fail");
	ASSERT_STREQ(GRACE_NONE, asleep) {
		TH_LOG("it sleeps, though nothing else uses what it changes");
	}
	if (strcmp(awake, GRACE_NONE)) {
		if (machine_is_slow())
			SKIP(return, SKIP_SLOW);
		finish(NULL, &knobs, "fail");
	}
	ASSERT_STREQ(GRACE_NONE, awake) {
		TH_LOG("the median one takes more than %d times as long as another call",
		       WAITS_SLOWER);
	}

	for (i = 0; i < GRACE_ROUNDS; i++) {
		int64_t begin = now_ns(), mapped, unmapped;
		void *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE |
			       MAP_ANONYMOUS, -1, 0);

		ASSERT_TRUE(p != MAP_FAILED);
		mapped = now_ns();
		ASSERT_EQ(0, munmap(p, len));
		unmapped = now_ns();
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0))
			SKIP(return, "no membarrier() to compare with");
		map[i] = mapped - begin;
		unmap[i] = unmapped - mapped;
		period[i] = now_ns() - unmapped;
	}
	map_us = grace_median(map);
	unmap_us = grace_median(unmap);
	period_us = grace_median(period);
	diag("grace.mmap: %.2f us", map_us);
	diag("grace.munmap: %.2f us", unmap_us);
	diag("grace.period: %.2f us", period_us);
	if (GRACE_SHARE * unmap_us < period_us)
		return;
	if (period_us < GRACE_LONG * map_us)
		SKIP(return, "grace periods are too short here");
	if (machine_is_slow())
		SKIP(return, SKIP_SLOW);
	finish(NULL, &knobs, "fail");
	ASSERT_LT(GRACE_SHARE * unmap_us, period_us) {
		TH_LOG("a munmap() lasts as long as an RCU grace period");
	}
}

#endif /* PROC_TEST_GRACE_H */
