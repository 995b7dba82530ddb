/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_bulk.h - test that page faults proceed while another thread unmaps a lot
 *
 * One thread of the target unmaps a large mapping, another one faults, and a
 * scanner reads the target's maps.
 */
#ifndef PROC_LATENCY_TEST_BULK_H
#define PROC_LATENCY_TEST_BULK_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bulk.h"
#include "load.h"
#include "mapper.h"
#include "program.h"
#include "../lib/clock.h"
#include "../lib/env.h"
#include "../lib/harness.h"
#include "../lib/machine.h"
#include "../lib/print.h"

/*
 * Time of all trials after which this test is skipped, in s.  It is longer than
 * EXHAUSTED_S: no other test checks this, and it seldom takes more than BULK_SECONDS.
 */
#define EXHAUSTED_BULK_S 60

FIXTURE(bulk) {
	struct bulk *bulk;
	struct load *load;
	struct knobs knobs;
};

static struct bulk the_bulk;

FIXTURE_SETUP(bulk)
{
	self->bulk = &the_bulk;
	self->load = &the_trial.load;
	self->knobs = (struct knobs){ 0 };
}

FIXTURE_TEARDOWN(bulk)
{
	EXPECT_NE(-ETIMEDOUT, load_free(self->load)) {
		diag("the kernel holds a scanner that was killed");
	}
	EXPECT_NE(-ETIMEDOUT, bulk_free(self->bulk)) {
		diag("the kernel holds a process that was killed");
	}
}

/* Print all rounds with the last size. */
static void bulk_report(const struct bulk *bulk, const struct bulk_sum *sum,
			unsigned int fine, unsigned int stalled)
{
	diag("bulk.size: %llu MiB", (unsigned long long)bulk->shared->size >> 20);
	diag("bulk.rounds: %u count", sum->rounds / 2);
	diag("bulk.fine_rounds: %u count", fine);
	diag("bulk.stalled_rounds: %u count", stalled);
	if (sum->rounds)
		bulk_print("bulk", sum);
}

/*
 * Measure and print the same with huge pages.  It is not checked, as the munmap() takes a
 * hundredth of the time.
 */
static void bulk_measure_huge(struct bulk *bulk, uint32_t number, int64_t begin)
{
	struct bulk_round round[NR_GROUPS];
	struct bulk_sum sum = { 0 };
	int error = 0;

	bulk->shared->huge = true;
	bulk->shared->size = bulk->most;
	while (!error && sum.rounds < 2 * BULK_ROUNDS && !bulk_is_late(begin, false))
		error = bulk_pair(bulk, &number, &sum, round);
	if (!error && sum.rounds)
		bulk_print("bulk_huge", &sum);
}

/* Start target and control process as this run has them. */
static int bulk_begin(struct bulk *bulk, const struct knobs *knobs)
{
	bulk->most = bulk_most();
	bulk->cpu_fault = knobs->cpu_mapper;
	bulk->cpu_unmap = knobs->cpu_load;
	bulk->inject = knobs->inject == INJECT_STALL;
	return bulk_start(bulk);
}

/* Start a scanner that reads the target. */
static int bulk_start_scanner(struct load *load, const struct bulk *bulk,
			      const struct knobs *knobs)
{
	int error;

	load->source = &source_maps;
	load->scanners = 1;
	load->cpu = knobs->cpu_load;
	load->pid[GROUP_CONTROL] = bulk->child[GROUP_CONTROL].pid;
	load->pid[GROUP_TARGET] = bulk->child[GROUP_TARGET].pid;
	error = load_start(load);
	if (!error)
		error = load_switch(load, GROUP_TARGET);
	return error;
}

/*
 * Count a round as fine or stalled, or as neither.  A lock that munmap() holds
 * throughout blocks faults throughout, so a round with faults is proof of the
 * contrary.  A round without faults counts only where the munmap() is long, and that of
 * the control process did not block them; else the mapping grows, and the count begins
 * anew.
 */
static void bulk_count(struct bulk *bulk, const struct bulk_round round[NR_GROUPS],
		       struct bulk_sum *sum, unsigned int *fine, unsigned int *stalled)
{
	if (bulk_goes_on(&round[GROUP_TARGET])) {
		++*fine;
	} else if (bulk_grow(bulk, &round[GROUP_CONTROL])) {
		memset(sum, 0, sizeof(*sum));
		*fine = 0;
	} else if (bulk_share(&round[GROUP_TARGET]) >= 0.5) {
		*stalled += bulk_goes_on(&round[GROUP_CONTROL]);
	}
}

TEST_F_TIMEOUT(bulk, faults_beside_munmap, 60)
{
	unsigned int stalled = 0, fine = 0;
	struct bulk_sum sum = { 0 };
	struct bulk *bulk = self->bulk;
	struct bulk_round round[NR_GROUPS];
	uint32_t number = 0;
	int64_t begin = now_ns();
	const char *reason;
	int error;

	reason = left_out(SHORT, &self->knobs, EXHAUSTED_BULK_S);
	if (reason)
		SKIP(return, "%s", reason);
	error = bulk_begin(bulk, &self->knobs);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MEMORY);
	if (error == -ETIMEDOUT || error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	error = bulk_start_scanner(self->load, bulk, &self->knobs);
	if (error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);

	do {
		error = bulk_pair(bulk, &number, &sum, round);
		if (error == -ENOMEM)
			SKIP(return, SKIP_MEMORY);
		if (error == -ETIMEDOUT)
			SKIP(return, SKIP_UNSURE);
		ASSERT_EQ(0, error);
		bulk_count(bulk, round, &sum, &fine, &stalled);
	} while (fine < BULK_ROUNDS && stalled < BULK_STALLED &&
		 sum.rounds < 2 * BULK_MAX_ROUNDS && !bulk_is_late(begin, stalled && !fine));

	bulk_report(bulk, &sum, fine, stalled);
	if (env_value("FULL"))
		bulk_measure_huge(bulk, number, begin);
	program->spent += now_ns() - begin;
	if (fine >= BULK_ROUNDS)
		return;
	if (fine || stalled < BULK_STALLED)
		SKIP(return, SKIP_UNSURE);
	if (machine_is_slow())
		SKIP(return, SKIP_SLOW);
	finish(NULL, &self->knobs, "fail");
	ASSERT_EQ(0U, stalled) {
		diag("page faults wait for a munmap() of another thread to end");
	}
}

#endif /* PROC_LATENCY_TEST_BULK_H */
