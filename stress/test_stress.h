/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_stress.h - what is read while the memory underneath is in motion
 *
 * For each row of stressor.h and each file: the changes of the target, read as
 * in a race; the children of the target, each of which must show the layouts of
 * one instant of its parent; and those that exec, of which a reading is old or
 * new and never both.
 *
 * Rows of which the change merges mappings would show the known bug of 6.17 and
 * later.  It has a test elsewhere (proc_maps_tearing); here its signature is
 * counted.  What a child changes merges with nothing, and is judged strictly.
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
#include "../model/check.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/page_tag.h"
#include "../model/parse.h"
#include "../model/counters.h"
#include "children.h"
#include "stressor.h"
#include "target.h"
#include "../tearing/context.h"
#include "../tearing/evidence.h"
#include "../tearing/harness.h"
#include "../tearing/program.h"
#include "../tearing/reader.h"
#include "../tearing/run.h"

/* Seconds per row and file by default, and where STRESS is set. */
#define STRESS_SECONDS 0.12
#define STRESS_STRONG_SECONDS 1.0
/* The harness ends these after an hour. */
#define STRESS_LIMIT 3500.0
/* One turn of reading: the target, then a child. */
#define STRESS_SLICE 0.02
/* Without evidence enough, go on up to so much longer. */
#define STRESS_EXTEND 1.0
#define STRESS_STRONG_EXTEND 4.0
/* Readings of children below which nothing is said of them. */
#define FORK_CHILD_FLOOR 3
/* How long to wait for the new program of a child, among a hundred others. */
#define EXEC_TIMEOUT_NS NSEC_PER_SEC
/* From the end of its mappings to that of a process that was killed. */
#define STRESS_DIE_NS NSEC_PER_SEC
/* At the end each thread of the target finishes what it is about. */
#define STRESS_END_NS (30 * NSEC_PER_SEC)

/**
 * struct child_checker - what reads and judges the children
 * @context:	a child in place of the modifier; layouts and reading are its own
 * @counters:	readings of children that change nothing but holes
 * @old:	readings of the program before an exec
 * @fresh:	readings of the program after one
 * @empty:	readings that came too late
 */
struct child_checker {
	struct context context;
	struct counters counters;
	uint64_t old, fresh, empty;
};

/**
 * struct stress_context - what a test holds
 * @context:	the target and its readings
 * @checker:	its children's
 * @stress:	what goes on in the target
 * @cgroup:	the target's, where the row has one
 * @kernel_log:	the kernel's own complaints
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
	/* The harness would name the reason of a skip behind "not ok", too. */
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

/* All the evidence, or none: a test without it proves nothing. */
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
	       /* Of a batch one is read, up to its new program at most. */
	       (!entry->exec || (checker->old && checker->fresh));
}

/* What the row has done: by its own count, or the kernel's. */
static uint64_t stress_done(const struct stress *stress, uint64_t before)
{
	const char *counter = stress->entry->counter;

	if (!counter)
		return stress->done;
	return machine_count("/proc/vmstat", counter) - before;
}

/* --- children ---------------------------------------------------------------- */

/* A scene like the target's, but with layouts of its own. */
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

/* The layouts of a child that was forked while layout @k was in place. */
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
 * Is the reading of a child legal for one layout that its parent had while it
 * was forked?  Not for two of them together: a child is one instant.
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
	/* Who prints the evidence asks what would have been legal. */
	checker_layouts(checker, context, stress, best_k);
	return context_check(&checker->context);
}

static bool is_punching(const struct stress *stress, const struct fork_child *slot,
			const struct process_handle *handle)
{
	return stress->entry->holes && slot->seq < 2 * FORK_CHILD_HOLES &&
	       !process_gone(handle);
}

/*
 * Whether a child is not there any more, or soon will not be: its parent, who waits
 * for it, may be late.
 */
static bool fork_child_is_gone(const struct process_handle *handle)
{
	struct timeout timeout = timeout_start(STRESS_DIE_NS);

	while (!process_gone(handle)) {
		if (timed_out(&timeout))
			return false;
		sleep_ns(NSEC_PER_MSEC);
	}
	return true;
}

/* Readings of a child that may punch holes meanwhile. */
static int read_child(struct child_checker *checker, const struct context *context,
		      const struct stress *stress, struct fork_child *slot,
		      const struct process_handle *handle, struct check_result *result)
{
	static const size_t buffers[] = { 1 << 16, 300, 1 << 16, 4096 };
	struct context *fork_child = &checker->context;
	unsigned int i;
	int err = 0;

	futex_store(&slot->state, FORK_CHILD_GO);
	for (i = 0; (i < ARRAY_SIZE(buffers) ||
		     is_punching(stress, slot, handle)) && !err; i++) {
		fork_child->reader.buffer = buffers[i % ARRAY_SIZE(buffers)];
		err = reading_take(&fork_child->reader, &fork_child->reading);
		if (err)
			break;
		*result = checker_check(checker, context, stress, slot);
		/* It may have been killed for want of memory. */
		if (result->rule == RULE_TAIL && fork_child_is_gone(handle)) {
			result->rule = RULE_NONE;
			return 0;
		}
		counters_add(&checker->counters, result);
		err = !!result->rule;
	}
	return err == -ESRCH ? 0 : err;
}

/* Is it a line of what only the target and its children have? */
static bool is_old_line(const struct context *context, const struct span *line)
{
	uint64_t unit = context->race->stage.page;
	uint64_t base = context->race->stage.base;

	return line->end > base - unit &&
	       line->start < base + (STAGE_PAGES + 1) * unit;
}

/* Has a reading any such line? */
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
 * A reading with a line of the old program is one of the old program, from its
 * beginning up to wherever it ends.  Of another one nothing is known but that
 * its ends rise.
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

	/* Nobody knows whether the file ended or its process. */
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

/* Reads up to where the file ends; that the process is gone is no error. */
static int read_what_is_left(struct context *fork_child)
{
	int err = reading_go_on(&fork_child->reader, &fork_child->reading);

	return err == -ESRCH ? 0 : err;
}

/* Waits until the new program is there, which is called after its file. */
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

/* PLANT=exec: what comes next in the reading is another program. */
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
 * One reading is begun before the exec, and goes on after it or while it is under
 * way; others are begun after it, sooner or later.
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
 * read_children() - read each child that waits for it
 * @checker:	its scene holds the reading that is judged
 * @context:	the target
 * @stress:	the target's
 * @result:	of the first illegal reading
 *
 * Return: 0, -errno, or 1 with @result.
 */
static int read_children(struct child_checker *checker, const struct context *context,
			 struct stress *stress, struct check_result *result)
{
	struct reader *reader = &checker->context.reader;
	struct process_handle handle;
	unsigned int i;
	char dir[16];
	int err = 0;

	for (i = 0; i < STRESS_OPS && !err; i++) {
		struct fork_child *slot = &stress->fork_child[i];
		uint32_t ready = FORK_CHILD_READY;

		if (!atomic_compare_exchange_strong(&slot->state, &ready,
						    FORK_CHILD_WATCHED))
			continue;
		/* It waits to be let go, so that the number is its own. */
		handle = process_open(slot->pid);
		reader->seq = &slot->seq;
		snprintf(dir, sizeof(dir), "%d", slot->pid);
		err = reader_open(reader, dir);
		if (!err && stress->entry->op[i] == stress_fork_exec)
			err = read_exec(checker, context, stress, slot, dir,
					result);
		else if (!err)
			err = read_child(checker, context, stress, slot,
					 &handle, result);
		reader_close(reader);
		process_close(&handle);
		futex_store(&slot->state, FORK_CHILD_RELEASED);
		if (err == -ENOENT || err == -ESRCH)
			err = 0;
	}
	return err;
}

/* --- the tests -------------------------------------------------------------- */

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

/* Reads until there is evidence, or a finding, or no more patience. */
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
		     now_ns() - began_ns > RACING_BUDGET * NSEC_PER_SEC ||
		     stress_suffices(stress, checker, &run->counters,
				     stress_done(stress, counted))))
			break;
		/* No evidence will come. */
		if (stressor_refused(stress))
			break;
		/* Two CPUs: by overlap, or free; one: by preemption. */
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
 * By somebody else, who is short of memory: an oops would be in the log.  Of a
 * process that dies the mappings go first.
 */
static bool was_killed(struct child *child)
{
	return child_wait(child, STRESS_DIE_NS) == 128 + SIGKILL;
}

/* What went wrong, in words where errno has others in mind. */
static const char *stress_error(int err)
{
	switch (err) {
	case -ECHILD:
		return "a child was ended by a signal";
	case -ETIMEDOUT:
		return "somebody does not end";
	default:
		return strerror(-err);
	}
}

/* The threads end when they are through with what they are about. */
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

/* The body of all tests. */
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
		.background = { stress_begin, stress_made, stress },
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
