/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_beside.h - test changes in races beside others that take the same locks
 *
 * Each variant is a row of the table of disturbers (disturber.c).  A reading is judged as
 * in all other races: what a disturber does changes no layout.
 */
#ifndef PROC_TEST_BESIDE_H
#define PROC_TEST_BESIDE_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/child.h"
#include "../lib/env.h"
#include "../lib/futex.h"
#include "../lib/print.h"
#include "../lib/util.h"
#include "../model/change.h"
#include "../model/parse.h"
#include "context.h"
#include "disturber.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"

/*
 * Seconds of racing beside a disturber in one file.  Arbitrary; most of the time of these
 * tests is spent on RACING_FLOOR readings in each time slice.
 */
#define BESIDE_SECONDS 0.02

/* The same with FULL=1.  Arbitrary; they take half a minute. */
#define BESIDE_SECONDS_FULL 1.0

/**
 * struct beside_test - state of a test
 * @disturbance: the disturber at work; in shared memory
 * @child:	its process; unused where it is a thread of the target
 * @context:	the test context
 */
struct beside_test {
	struct disturbance *disturbance;
	struct child child;
	struct context context;
};

FIXTURE(beside) {
	struct beside_test test;
};

FIXTURE_VARIANT(beside) {
	const struct disturber *disturber;
};

FIXTURE_SETUP(beside)
{
	self->test.disturbance = shared_alloc(sizeof(*self->test.disturbance));
	ASSERT_TRUE(!!self->test.disturbance);
}

FIXTURE_TEARDOWN(beside)
{
	child_kill(&self->test.child);
	context_close(_metadata, &self->test.context);
	munmap(self->test.disturbance, sizeof(*self->test.disturbance));
}

#define DISTURBER(row) FIXTURE_VARIANT_ADD(beside, row) { \
	.disturber = &disturber_##row }
DISTURBER(faults);
DISTURBER(uffd_move);
DISTURBER(vm_readv);
DISTURBER(mem);
DISTURBER(cmdline);
DISTURBER(environ);
DISTURBER(ptrace);
DISTURBER(clear_refs);
DISTURBER(madvise);
DISTURBER(recycle);
#undef DISTURBER

/*
 * Return whether the first operation has failed, so that this kernel, or this user, has no
 * such operation.
 */
static bool disturber_is_refused(const struct disturbance *disturbance)
{
	int err = disturbance->error;

	return err && !disturbance->done && err != -ESRCH && err != -ENOMEM && err != -EIO &&
	       err != -EFAULT;
}

/* Start a disturber that is a process, and wait until it is prepared. */
static int beside_start(struct beside_test *test)
{
	int err = 0;

	if (!test->disturbance->disturber->inside)
		err = child_start(&test->child, disturber_process, test->disturbance);
	if (!err)
		err = futex_await(&test->disturbance->ready, 0, MODIFIER_TIMEOUT_NS,
				  test->child.pid);
	return err;
}

/* Race a change in one file beside a disturber. */
static void run_beside(struct __test_metadata *_metadata, struct beside_test *test,
		       const struct disturber *disturber, const struct file_kind *kind)
{
	struct disturbance *disturbance = test->disturbance;
	struct context_options options = race_options();
	struct context *context = &test->context;
	struct run run = run_of(context);
	int err;

	disturbance->disturber = disturber;
	disturbance->cpu = run.cpu[0];
	options.background.begin = disturber_begin;
	options.background.arg = disturbance;
	if (!context_open(_metadata, context, disturber->change, kind, &options))
		return;
	ASSERT_EQ(0, beside_start(test));
	if (disturber_is_refused(disturbance))
		SKIP(return, "%s", disturber->needs);
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	err = race_all(&run, duration_from_env(env_value("FULL") ? BESIDE_SECONDS_FULL :
						     BESIDE_SECONDS, DURATION_LIMIT),
		       RACING_FLOOR, RACING_TIMEOUT);
	if (!err)
		err = context_check_rest(context, &run.result);
	ASSERT_EQ(0, child_kill(&test->child));
	diag("beside %s: %llu operations of it", disturber->name,
	     (unsigned long long)disturbance->done);
	race_report(_metadata, &run, err, disturber->change->name,
		    reproduce_command("beside", disturber->name, kind->name, options.seed));
	ASSERT_TRUE(!disturbance->error || disturber_is_refused(disturbance)) {
		diag("disturber: %s", strerror(-disturbance->error));
	}
	if (disturbance->error)
		SKIP(return, "%s", disturber->needs);
	if (!disturbance->done)
		SKIP(return, "disturber not exercised");
	if (!counters_suffice(&run.counters))
		SKIP(return, "race not exercised");
}

TEST_F(beside, maps)
{
	run_beside(_metadata, &self->test, variant->disturber, &file_maps);
}

/* The same locks are taken as for maps, in the same order: only with time at hand. */
TEST_F(beside, query)
{
	if (!env_value("FULL"))
		SKIP(return, "long list, set FULL=1");
	run_beside(_metadata, &self->test, variant->disturber, &file_query);
}

#endif /* PROC_TEST_BESIDE_H */
