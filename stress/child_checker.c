// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_checker.h"
#include "children.h"
#include "stressor.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/futex.h"
#include "../lib/random.h"
#include "../lib/util.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "../tearing/evidence.h"
#include "../tearing/reader.h"

/*
 * Timeout of the execution of a child's new program, in ns; up to a hundred
 * children run at once.
 */
#define EXEC_TIMEOUT_NS NSEC_PER_SEC

bool checker_build(struct child_checker *checker, const struct context *context)
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
			const struct process_handle *handle)
{
	return stress->entry->holes && slot->seq < 2 * FORK_CHILD_HOLES &&
	       !process_gone(handle);
}

/*
 * Check whether a child is gone, or exits within STRESS_DIE_NS.  Its parent,
 * which waits for it, may be late.
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

/* Read a child, which may punch holes meanwhile. */
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
		/* The child may have been killed for lack of memory. */
		if (result->rule == RULE_TAIL && fork_child_is_gone(handle)) {
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

int read_children(struct child_checker *checker, const struct context *context,
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
						    FORK_CHILD_BEING_READ))
			continue;
		/* The child waits to be released, so its PID is not reused. */
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

void checker_free(struct child_checker *checker)
{
	unsigned int k;

	for (k = 0; k <= FORK_CHILD_HOLES; k++)
		free(checker->context.layout[k].span);
	reading_free(&checker->context.reading);
}
