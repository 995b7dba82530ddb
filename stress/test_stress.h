/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_stress.h - test readings while background operations change the memory
 *
 * For each entry of stressor.h and each file: the changes of the target are read as
 * in a race.  The children of the target are read as well; each must show layouts of
 * one instant of its parent.  A reading of a child that executes another program
 * must show the old or the new program, never both.
 *
 * Entries whose change merges mappings would show the known bug of 6.17 and later.
 * proc_maps_tearing has a test for it; here its readings are only counted.  The
 * changes of a child merge nothing, and are checked strictly.
 */
#ifndef PROC_TEST_STRESS_H
#define PROC_TEST_STRESS_H

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "child_checker.h"
#include "stressor.h"
#include "target.h"
#include "../lib/cgroup.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/env.h"
#include "../lib/futex.h"
#include "../lib/kernel_log.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/check.h"
#include "../model/oracle.h"
#include "../model/page_tag.h"
#include "../model/counters.h"
#include "../tearing/context.h"
#include "../tearing/evidence.h"
#include "../tearing/harness.h"
#include "../tearing/program.h"
#include "../tearing/reader.h"
#include "../tearing/run.h"

/* Duration of a test, in s. */
#define STRESS_SECONDS 0.08

/* Duration of a test when STRESS is set, in s. */
#define STRESS_STRONG_SECONDS 1.0

/* Maximum of DURATION, in s; the harness ends the tests after an hour. */
#define STRESS_LIMIT 3500.0

/* Time for which the target is read before the children are, in s. */
#define STRESS_SLICE 0.02

/* Maximum extension of a test without sufficient evidence, in s. */
#define STRESS_EXTEND 1.0

/* Maximum extension when STRESS is set, in s. */
#define STRESS_STRONG_EXTEND 4.0

/* Minimum number of readings of children, below which the test is skipped. */
#define FORK_CHILD_FLOOR 3

/*
 * Timeout of the end of the target's threads, in ns; each completes its
 * operation.
 */
#define STRESS_END_NS (30 * NSEC_PER_SEC)

/**
 * struct stress_context - everything a test holds
 * @context: context of the target
 * @checker: reader and oracle of its children
 * @stress: state of the background operations
 * @cgroup: cgroup of the target, if its entry has one
 * @kernel_log: monitor of the kernel log
 */
struct stress_context {
	struct context context;
	struct child_checker checker;
	struct stress *stress;
	struct cgroup cgroup;
	struct kernel_log kernel_log;
};

FIXTURE(stress) {
	struct stress_context stress_context;
};

FIXTURE_VARIANT(stress) {
	const struct stressor *entry;
};

FIXTURE_SETUP(stress)
{
	self->stress_context.cgroup.pipe = -1;
	kernel_log_begin(&self->stress_context.kernel_log, true);
}

FIXTURE_TEARDOWN(stress)
{
	struct stress_context *stress_context = &self->stress_context;
	int err = context_over(&stress_context->context);

	checker_free(&stress_context->checker);
	cgroup_end(&stress_context->cgroup);
	if (stress_context->stress)
		munmap(stress_context->stress, sizeof(*stress_context->stress));
	/* A failed ASSERT runs the teardown once more. */
	memset(stress_context, 0, sizeof(*stress_context));
	if (err)
		forget_skip(_metadata);
	ASSERT_EQ(0, err);
}

#define STRESSOR(name_) \
	FIXTURE_VARIANT_ADD(stress, name_) { .entry = &stressor_##name_ }

STRESSOR(fork_fault);
STRESSOR(fork_hole);
STRESSOR(fork_exec);
STRESSOR(collapse);
STRESSOR(unmap);
STRESSOR(unmap_huge);
STRESSOR(move_pages);
STRESSOR(compact);
STRESSOR(pageout);
STRESSOR(pressure);
STRESSOR(all);

/* Check whether a test has all the evidence that a pass needs. */
static bool stress_suffices(const struct stress *stress,
			    const struct child_checker *checker,
			    const struct counters *counters, uint64_t done)
{
	const struct stressor *entry = stress->entry;
	bool children = stressor_forks(entry) && !entry->exec;

	return counters_suffice(counters) && done >= entry->floor &&
	       (stress->performed | stress->refused) == stressor_all_ops(entry) &&
	       stress->checked && stress->written &&
	       (!children || checker->counters.readings >= FORK_CHILD_FLOOR) &&
	       (!entry->holes || checker->counters.overlapped) &&
	       /* One child of a batch is read, up to its exec at most. */
	       (!entry->exec || (checker->old && checker->fresh));
}

/* Return the work done, counted by the operations or by the kernel. */
static uint64_t stress_done(const struct stress *stress, uint64_t before)
{
	const char *counter = stress->entry->counter;

	if (!counter)
		return stress->done;
	return machine_count("/proc/vmstat", counter) - before;
}

static void stress_print(const struct stress *stress,
			 const struct child_checker *checker, uint64_t done,
			 uint64_t bytes)
{
	const struct stressor *entry = stress->entry;

	diag("%s: %" PRIu64 " %s; pages checked %lu, rewritten %lu; at most %"
	     PRIu64 " MiB", entry->name, done, entry->unit, stress->checked,
	     stress->written, bytes >> 20);
	if (stress->children)
		diag("children: %lu, at most %u at once; readings %" PRIu64
		     ", overlapped %" PRIu64 ", lines %" PRIu64, stress->forks,
		     stress->children, checker->counters.readings,
		     checker->counters.overlapped, checker->counters.lines);
	if (entry->exec)
		diag("exec: readings of the program before %" PRIu64
		     ", after %" PRIu64 ", of none %" PRIu64, checker->old,
		     checker->fresh, checker->empty);
}

/* Read until there is sufficient evidence, a violation, or no more time. */
static int stress_read(struct run *run, struct child_checker *checker,
		       struct stress *stress, bool *fork_child, uint64_t counted)
{
	bool strong = env_value("STRESS");
	double timeout = strong ? STRESS_STRONG_EXTEND : STRESS_EXTEND;
	double seconds = duration_from_env(strong ? STRESS_STRONG_SECONDS :
						    STRESS_SECONDS,
					   STRESS_LIMIT);
	int64_t begin = now_ns();
	unsigned int i;
	int err = 0;

	for (i = 0; !err; i++) {
		int64_t took = now_ns() - begin;

		if (took > seconds * NSEC_PER_SEC &&
		    (took > (seconds + timeout) * NSEC_PER_SEC ||
		     program_is_pressed() ||
		     stress_suffices(stress, checker, &run->counters,
				     stress_done(stress, counted))))
			break;
		/* There will be no evidence. */
		if (stressor_refused(stress))
			break;
		/*
		 * With two CPUs, interleave by overlap and freely in turn; with
		 * one, by preemption.
		 */
		err = race_in_slice(run, &time_slices[run->cpu[1] < 0 ?
						      TIME_SLICE_PREEMPT : i % 2],
				    STRESS_SLICE, 0, 0);
		if (err)
			break;
		err = read_children(checker, run->context, stress, &run->result);
		*fork_child = err == 1;
	}
	return err;
}

/*
 * Check whether the target was killed.  The tests do not kill it, so it was
 * killed for lack of memory; after an oops, the kernel log has a complaint.
 * The mappings of a process end before the process.
 */
static bool was_killed(struct child *child)
{
	return child_wait(child, STRESS_DIE_NS) == 128 + SIGKILL;
}

/* Describe an error; some errnos have another meaning here. */
static const char *stress_error(int err)
{
	switch (err) {
	case -ECHILD:
		return "a child was ended by a signal";
	case -ETIMEDOUT:
		return "a thread or a child does not end";
	default:
		return strerror(-err);
	}
}

/* Stop the threads of the target, each of which completes its operation. */
static int stress_end(struct stress *stress)
{
	struct timeout timeout = timeout_start(STRESS_END_NS);

	stress->stop = true;
	while (stress->running && !stress->race->error) {
		if (timed_out(&timeout))
			return -ETIMEDOUT;
		sleep_ns(100 * NSEC_PER_USEC);
	}
	return stress->race->error;
}

/*
 * The body of all tests.  It is longer than 60 lines, as its steps share the
 * state of the run, and SKIP() and ASSERT() return from here.
 */
static void run_stress(struct __test_metadata *_metadata,
		       struct stress_context *stress_context, const struct stressor *entry,
		       const struct file_kind *kind)
{
	struct stress *stress = shared_alloc(sizeof(*stress));
	struct context *context = &stress_context->context;
	uint64_t seed = seed_from_env(), bytes, counted = 0, done;
	char inject = fault_from_env(), buf[300];
	struct context_options options = {
		.seed = seed,
		.inject = race_fault_from_env(),
		.unit = entry->draw,
		.background = { stress_begin, stress_transition, stress },
	};
	struct run run = run_of(context);
	bool fork_child = false;
	int err;

	stress_context->stress = stress;
	ASSERT_TRUE(!!stress);
	if (entry->strong && !env_value("STRESS"))
		SKIP(return, "felt by the whole machine, set STRESS=1");
	bytes = stress_plan(stress, entry, env_value("STRESS"));
	if (!bytes)
		SKIP(return, "too little memory is free");
	if (entry->allowed && !entry->allowed(stress))
		SKIP(return, "%s", entry->needs);
	stress->inject = inject;
	if (entry->cgroup) {
		if (cgroup_make(&stress_context->cgroup, entry->cgroup))
			SKIP(return, "%s", entry->needs);
		stress->cgroup = &stress_context->cgroup;
	}
	if (!context_open(_metadata, context, entry->change, kind, &options))
		return;
	context->oracle.tolerate_lost_tail = true;
	ASSERT_TRUE(checker_build(&stress_context->checker, context));
	if (entry->counter)
		counted = machine_count("/proc/vmstat", entry->counter);
	futex_store(&stress->go, 1);
	err = stress_read(&run, &stress_context->checker, stress, &fork_child, counted);
	if (!err)
		err = stress_end(stress);
	if (!err)
		err = context_check_rest(context, &run.result);
	done = stress_done(stress, counted);
	if ((err < 0 || run.result.rule == RULE_TAIL) &&
	    was_killed(&context->child)) {
		run.result.rule = RULE_NONE;
		err = -ENOMEM;
	}
	context_end_modifier(context);
	counters_print(&run.counters, entry->name, context->race->seq / 2);
	if (run.counters.lost_tails)
		known_bug_print();
	stress_print(stress, &stress_context->checker, done, bytes);
	if (err == 1)
		evidence_print(fork_child ? &stress_context->checker.context : context,
			       &run.result, fork_child ? "in a child" : entry->name,
			       reproduce_command("stress", entry->name, kind->name, seed));
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	ASSERT_FALSE((bool)stress->mismatched) {
		diag("RULE BROKEN: page that does not say what it should");
		diag("  found by    %s", stress->finder);
		if (stress->mismatch.addr)
			diag("  page        %s", mismatch_print(buf, sizeof(buf),
								&stress->mismatch));
		diag("  reproduce with %s",
		     reproduce_command("stress", entry->name, kind->name, seed));
	}
	ASSERT_FALSE(kernel_log_end(&stress_context->kernel_log, buf, sizeof(buf))) {
		diag("the kernel said: %s", buf);
	}
	if (err == -ENOMEM)
		SKIP(return, "processes were killed for want of memory");
	ASSERT_EQ(0, err) {
		diag("target or reader: %s", stress_error(err));
	}
	if (stressor_refused(stress))
		SKIP(return, "%s", entry->needs);
	if (!stress_suffices(stress, &stress_context->checker, &run.counters, done))
		SKIP(return, "stress not exercised");
}

TEST_F_TIMEOUT(stress, maps, 3600)
{
	run_stress(_metadata, &self->stress_context, variant->entry, &file_maps);
}

TEST_F_TIMEOUT(stress, smaps, 3600)
{
	run_stress(_metadata, &self->stress_context, variant->entry, &file_smaps);
}

TEST_F_TIMEOUT(stress, query, 3600)
{
	run_stress(_metadata, &self->stress_context, variant->entry, &file_query);
}

#endif /* PROC_TEST_STRESS_H */
