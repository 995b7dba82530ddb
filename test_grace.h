/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_grace.h - does munmap() wait for an RCU grace period?
 *
 * Readers of maps are in RCU sections, and who frees what they may look at is
 * tempted to wait for them.  That slows each munmap() of every process down a
 * thousandfold, scanned or not, so that a comparison of victim and decoy shows
 * nothing.  What it can be compared with is a grace period itself, of which
 * membarrier(MEMBARRIER_CMD_GLOBAL) is one on more than one CPU.  PLANT=stall
 * has one in each munmap().
 */
#ifndef PROC_TEST_GRACE_H
#define PROC_TEST_GRACE_H

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "peer.h"
#include "report.h"
#include "../kselftest_harness.h"

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

TEST_F(grace, munmap)
{
	int64_t map[GRACE_ROUNDS], unmap[GRACE_ROUNDS], period[GRACE_ROUNDS];
	const char *plant = getenv("PLANT");
	size_t len = sysconf(_SC_PAGESIZE);
	double map_us, unmap_us, period_us;
	struct knobs knobs = { 0 };
	unsigned int i;

	for (i = 0; i < GRACE_ROUNDS; i++) {
		int64_t begin = now_ns(), mapped, unmapped;
		void *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE |
			       MAP_ANONYMOUS, -1, 0);

		ASSERT_TRUE(p != MAP_FAILED);
		mapped = now_ns();
		ASSERT_EQ(0, munmap(p, len));
		if (plant && !strcmp(plant, "stall"))
			syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0);
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
	say("grace.mmap: %.2f us", map_us);
	say("grace.munmap: %.2f us", unmap_us);
	say("grace.period: %.2f us", period_us);
	if (GRACE_SHARE * unmap_us < period_us)
		return;
	if (period_us < GRACE_LONG * map_us)
		SKIP(return, "grace periods are too short here");
	if (machine_is_slow())
		SKIP(return, SKIP_SLOW);
	choose_knobs(&knobs);
	finish(NULL, &knobs, "fail");
	ASSERT_LT(GRACE_SHARE * unmap_us, period_us) {
		TH_LOG("a munmap() lasts as long as an RCU grace period");
	}
}

#endif /* PROC_TEST_GRACE_H */
