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
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "children.h"
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
#include "../lib/random.h"
#include "../lib/util.h"
#include "../model/change.h"
#include "../model/judge.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/page_tag.h"
#include "../model/parse.h"
#include "../model/tally.h"
#include "../tearing/context.h"
#include "../tearing/evidence.h"
#include "../tearing/harness.h"
#include "../tearing/program.h"
#include "../tearing/reader.h"
#include "../tearing/run.h"

/* Duration of a test, in s. */
#define STRESS_SECONDS 0.12

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
 * Timeout of the execution of a child's new program, in ns; up to a hundred
 * children run at once.
 */
#define EXEC_TIMEOUT_NS NSEC_PER_SEC

/*
 * Timeout from the end of the mappings of a killed process to its exit, in ns.
 */
#define STRESS_DIE_NS NSEC_PER_SEC

/*
 * Timeout of the end of the target's threads, in ns; each completes its
 * operation.
 */
#define STRESS_END_NS (30 * NSEC_PER_SEC)

/**
 * struct child_checker - reader and oracle of the children
 * @context: context with layouts and a reading of its own, for a child instead of
 *	the modifier
 * @counters: counters of readings of children that do not execute a program
 * @old:	number of readings of the program before an exec
 * @fresh:	number of readings of the program after an exec
 * @empty:	number of readings without a line, which came too late
 */
struct child_checker {
	struct context context;
	struct counters counters;
	uint64_t old, fresh, empty;
};

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
	unsigned int k;

	for (k = 0; k <= FORK_CHILD_HOLES; k++)
		free(stress_context->checker.context.layout[k].span);
	reading_free(&stress_context->checker.context.reading);
	cgroup_end(&stress_context->cgroup);
	if (stress_context->stress)
		munmap(stress_context->stress, sizeof(*stress_context->stress));
	/* The harness would print the reason of a skip after "not ok", too. */
	if (err)
		_metadata->results->reason[0] = '\0';
	EXPECT_EQ(0, err);
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
	       /*
	        * One child of a batch is read, until its new program runs at
	        * most.
	        */
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

/* Build a context like that of the target, with layouts of its own. */
static bool checker_build(struct child_checker *checker, const struct context *context)
{
	struct context *fork_child = &checker->context;
	unsigned int space = context->rest.nr + STAGE_PAGES + FORK_CHILD_HOLES, k;

	*fork_child = *context;
	memset(&fork_child->reading, 0, sizeof(fork_child->reading));
	fork_child->unpictured = true;
	fork_child->oracle.layout = fork_child->layout;
	fork_child->oracle.tolerate_lost_tail = false;
	memset(fork_child->oracle.via, 0, sizeof(fork_child->oracle.via));
	for (k = 0; k <= FORK_CHILD_HOLES; k++)
		fork_child->layout[k].span = calloc(space, sizeof(struct span));
	for (k = 0; k <= FORK_CHILD_HOLES; k++)
		if (!fork_child->layout[k].span)
			return false;
	return reading_alloc(&fork_child->reading, CONTEXT_TEXT(space),
			     CONTEXT_TEXT(space) / 32);
}

/*
 * Derive the layouts of a child that was forked while layout @k was in place.
 */
static void checker_layouts(struct child_checker *checker, const struct context *context,
			    const struct stress *stress, unsigned int k)
{
	struct context *fork_child = &checker->context;
	unsigned int n, hole;
	size_t from, to;

	fork_child->oracle.nr = stress->entry->holes ? FORK_CHILD_HOLES + 1 : 1;
	for (n = 0; n < fork_child->oracle.nr; n++) {
		struct layout *layout = &fork_child->layout[n];

		layout->nr = context->layout[k].nr;
		memcpy(layout->span, context->layout[k].span,
		       layout->nr * sizeof(*layout->span));
		for (hole = 0; hole < n; hole++) {
			fork_child_hole(stress->size, hole, &from, &to);
			layout_cut(layout, (uintptr_t)stress->region + from,
				   (uintptr_t)stress->region + to);
		}
	}
}

/*
 * Check the reading of a child against each layout that its parent had during
 * fork(). A child has the layout of one instant, so two of them together are
 * not legal.
 */
static struct check_result checker_check(struct child_checker *checker,
					 const struct context *context,
					 const struct stress *stress,
					 const struct fork_child *slot)
{
	unsigned int k, mask = layouts_between(&context->oracle, slot->before,
					       slot->after);
	struct check_result result, best = { 0 };
	unsigned int best_k = 0;

	for (k = 0; k < context->oracle.nr; k++) {
		if (!(mask & (1U << k)))
			continue;
		checker_layouts(checker, context, stress, k);
		result = context_check(&checker->context);
		if (!result.rule)
			return result;
		if (!best.rule || result.lines > best.lines) {
			best = result;
			best_k = k;
		}
	}
	/* evidence_print() prints the layouts that would have been legal. */
	checker_layouts(checker, context, stress, best_k);
	return context_check(&checker->context);
}

/* Check whether a child still has holes to punch. */
static bool is_punching(const struct stress *stress, const struct fork_child *slot,
			const struct known *known)
{
	return stress->entry->holes && slot->seq < 2 * FORK_CHILD_HOLES &&
	       !known_gone(known);
}

/*
 * Check whether a child is gone, or exits within STRESS_DIE_NS.  Its parent,
 * which waits for it, may be late.
 */
static bool fork_child_is_gone(const struct known *known)
{
	struct timeout timeout = timeout_in(STRESS_DIE_NS);

	while (!known_gone(known)) {
		if (timed_out(&timeout))
			return false;
		sleep_ns(NSEC_PER_MSEC);
	}
	return true;
}

/* Read a child, which may punch holes meanwhile. */
static int read_child(struct child_checker *checker, const struct context *context,
		      const struct stress *stress, struct fork_child *slot,
		      const struct known *known, struct check_result *result)
{
	static const size_t buffers[] = { 1 << 16, 300, 1 << 16, 4096 };
	struct context *fork_child = &checker->context;
	unsigned int i;
	int err = 0;

	futex_store(&slot->state, FORK_CHILD_GO);
	for (i = 0; (i < ARRAY_SIZE(buffers) ||
		     is_punching(stress, slot, known)) && !err; i++) {
		fork_child->reader.buffer = buffers[i % ARRAY_SIZE(buffers)];
		err = reading_take(&fork_child->reader, &fork_child->reading);
		if (err)
			break;
		*result = checker_check(checker, context, stress, slot);
		/* The child may have been killed for lack of memory. */
		if (result->rule == RULE_TAIL && fork_child_is_gone(known)) {
			result->rule = RULE_NONE;
			return 0;
		}
		counters_add(&checker->counters, result);
		err = !!result->rule;
	}
	return err == -ESRCH ? 0 : err;
}

/*
 * Check whether a line shows the stage, which only the target and its children
 * have.
 */
static bool is_old_line(const struct context *context, const struct span *line)
{
	uint64_t unit = context->race->stage.page;
	uint64_t base = context->race->stage.base;

	return line->end > base - unit &&
	       line->start < base + (STAGE_PAGES + 1) * unit;
}

/* Check whether a reading has a line of the old program. */
static bool has_old_line(const struct context *context,
			 const struct file_kind *kind,
			 const struct reading *reading)
{
	struct cursor cursor = { 0 };
	struct span span;

	while (reading_next(kind, reading, &cursor, &span) == PARSE_SPAN)
		if (is_old_line(context, &span))
			return true;
	return false;
}

/*
 * Check a reading across an exec.  A reading with a line of the old program
 * must be one of the old program up to its end, wherever that is.  The layout
 * of the new program is not known; its lines must be in order.
 */
static struct check_result check_exec(struct child_checker *checker,
				      const struct context *context,
				      const struct stress *stress,
				      const struct fork_child *slot)
{
	const struct file_kind *kind = checker->context.reader.kind;
	struct reading *reading = &checker->context.reading;
	struct check_result result = { 0 };
	uint64_t end = 0;
	enum parse parsed;
	struct span span;

	/* The reading may have ended with the file or with its process. */
	reading->whole = false;
	if (has_old_line(context, kind, reading)) {
		checker->old++;
		return checker_check(checker, context, stress, slot);
	}
	while ((parsed = reading_next(kind, reading, &result.where, &span)) ==
	       PARSE_SPAN) {
		if (span.end <= end) {
			result.rule = RULE_ORDER;
			return result;
		}
		end = span.end;
		result.lines++;
	}
	if (parsed != PARSE_END)
		result.rule = RULE_MALFORMED;
	checker->fresh += result.lines > 0;
	checker->empty += !result.lines;
	return result;
}

/* Read up to the end of the file.  The end of the process is not an error. */
static int read_what_is_left(struct context *fork_child)
{
	int err = reading_go_on(&fork_child->reader, &fork_child->reading);

	return err == -ESRCH ? 0 : err;
}

/*
 * Wait until the new program runs, whose comm is the name of its file, "exe".
 */
static void wait_for_exec(const char *dir, int64_t deadline)
{
	char path[32], comm[16] = "";
	ssize_t got = 1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/comm", dir);
	while (got > 0 && strncmp(comm, "exe", 3) && now_ns() < deadline) {
		sleep_ns(100 * NSEC_PER_USEC);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		got = read(fd, comm, sizeof(comm));
		close(fd);
	}
}

/*
 * Inject a fault (PLANT=exec): the rest of the reading is of another program.
 */
static void inject_exec(struct context *fork_child, const char *dir, int64_t deadline)
{
	struct reader other = fork_child->reader;

	wait_for_exec(dir, deadline);
	if (reader_open(&other, dir))
		return;
	reader_close(&fork_child->reader);
	fork_child->reader = other;
}

/*
 * Read a child that executes another program.  One reading begins before the
 * exec and continues during or after it; the others begin after it.
 */
static int read_exec(struct child_checker *checker, const struct context *context,
		     const struct stress *stress, struct fork_child *slot,
		     const char *dir, struct check_result *result)
{
	struct context *fork_child = &checker->context;
	uint64_t random = now_ns() | 1, fresh = checker->fresh;
	int64_t deadline = now_ns() + EXEC_TIMEOUT_NS;
	unsigned int i;
	int err;

	fork_child->reader.buffer = 200;
	err = reading_begin(&fork_child->reader, &fork_child->reading);
	for (i = random_below(&random, 20) + 2; i && !err; i--) {
		ssize_t got = reading_call(&fork_child->reader, &fork_child->reading);

		err = got < 0 ? got : 0;
	}
	futex_store(&slot->state, FORK_CHILD_GO);
	if (random_below(&random, 2))
		wait_for_exec(dir, deadline);
	else
		sleep_ns(random_below(&random, 500 * NSEC_PER_USEC));
	if (stress->inject == 'e')
		inject_exec(fork_child, dir, deadline);
	if (!err)
		err = read_what_is_left(fork_child);
	for (i = 0; !err; i++) {
		*result = check_exec(checker, context, stress, slot);
		if (result->rule)
			return 1;
		reader_close(&fork_child->reader);
		if (now_ns() > deadline || checker->fresh > fresh ||
		    reader_open(&fork_child->reader, dir))
			return 0;
		fork_child->reader.buffer = i & 1 ? 1 << 16 : 200;
		reading_begin(&fork_child->reader, &fork_child->reading);
		err = read_what_is_left(fork_child);
		sleep_ns(random_below(&random, NSEC_PER_MSEC));
	}
	return err;
}

/**
 * read_children() - read each child that waits for its reader
 * @checker: its context holds the reading that is checked
 * @context: context of the target
 * @stress: shared state
 * @result: set to the result of the first illegal reading
 *
 * Return: 0, -errno, or 1 with @result.
 */
static int read_children(struct child_checker *checker, const struct context *context,
			 struct stress *stress, struct check_result *result)
{
	struct reader *reader = &checker->context.reader;
	struct known known;
	unsigned int i;
	char dir[16];
	int err = 0;

	for (i = 0; i < STRESS_OPS && !err; i++) {
		struct fork_child *slot = &stress->fork_child[i];
		uint32_t ready = FORK_CHILD_READY;

		if (!atomic_compare_exchange_strong(&slot->state, &ready,
						    FORK_CHILD_BEING_READ))
			continue;
		/* The child waits to be released, so its PID is not reused. */
		known = known_open(slot->pid);
		reader->seq = &slot->seq;
		snprintf(dir, sizeof(dir), "%d", slot->pid);
		err = reader_open(reader, dir);
		if (!err && stress->entry->op[i] == stress_fork_exec)
			err = read_exec(checker, context, stress, slot, dir,
					result);
		else if (!err)
			err = read_child(checker, context, stress, slot,
					 &known, result);
		reader_close(reader);
		known_close(&known);
		futex_store(&slot->state, FORK_CHILD_RELEASED);
		if (err == -ENOENT || err == -ESRCH)
			err = 0;
	}
	return err;
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
	bool strong = env_says("STRESS");
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
		     now_ns() - began_ns > RACING_BUDGET * NSEC_PER_SEC ||
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
	struct timeout timeout = timeout_in(STRESS_END_NS);

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
		.inject = modifier_fault_from_env(),
		.unit = entry->draw,
		.background = { stress_begin, stress_transition, stress },
	};
	struct run run = run_of(context);
	bool fork_child = false;
	int err;

	stress_context->stress = stress;
	ASSERT_TRUE(!!stress);
	if (entry->strong && !env_says("STRESS"))
		SKIP(return, "felt by the whole machine, set STRESS=1");
	bytes = stress_plan(stress, entry, env_says("STRESS"));
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
			       again("stress", entry->name, kind->name, seed));
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	ASSERT_FALSE((bool)stress->mismatched) {
		diag("RULE BROKEN: page that does not say what it should");
		diag("  found by    %s", stress->finder);
		if (stress->mismatch.addr)
			diag("  page        %s", mismatch_print(buf, sizeof(buf),
								&stress->mismatch));
		diag("  once more   %s", again("stress", entry->name, kind->name,
					       seed));
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
