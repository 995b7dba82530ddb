/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_shapes.h - test many mappings, many readers, each position of the stage in a page of text
 */
#ifndef PROC_TEST_SHAPES_H
#define PROC_TEST_SHAPES_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include "../lib/child.h"
#include "../lib/env.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"

/* Readers of the same file at once, beside the one that is checked.  Arbitrary. */
#define OTHER_READERS 7

FIXTURE(shapes) {
	struct context context;
	struct child others[OTHER_READERS];
};

FIXTURE_SETUP(shapes)
{
}

FIXTURE_TEARDOWN(shapes)
{
	unsigned int i;

	for (i = 0; i < OTHER_READERS; i++)
		child_kill(&self->others[i]);
	context_close(_metadata, &self->context);
}

/*
 * Filler mappings.  Arbitrary; many pages of text, and well below vm.max_map_count, which
 * is 65530 by default.
 */
#define MANY_MAPPINGS 4000

/* The same with FULL=1: most mappings, where vm.max_map_count allows as many. */
#define MOST_MAPPINGS 131072

/*
 * Mappings that vm.max_map_count must allow beside the fillers.  Arbitrary; the program and
 * the stage have about 50.
 */
#define SPARE_MAPPINGS 500

/* Return the number of filler mappings that the kernel allows, MOST_MAPPINGS at most. */
static unsigned int most_mappings(void)
{
	unsigned int allowed = machine_mappings();

	if (allowed < MANY_MAPPINGS + SPARE_MAPPINGS)
		return MANY_MAPPINGS;
	allowed = (allowed - SPARE_MAPPINGS) & ~1U;
	return allowed < MOST_MAPPINGS ? allowed : MOST_MAPPINGS;
}

/*
 * Start a context with filler mappings; return whether it was started.  Where it was not,
 * the test has been skipped or has failed.
 */
static bool shapes_start(struct __test_metadata *_metadata, struct context *context,
			 const struct context_options *options)
{
	int err = context_start(context, &change_split_middle, &file_maps, options);

	if (err == -ENOMEM)
		SKIP(return false, "too few mappings allowed");
	if (err == -ETIMEDOUT)
		SKIP(return false, "too slow to make many mappings");
	ASSERT_EQ(0, err);
	return true;
}

/* Race in the context that was started, and give the verdict. */
static void shapes_race(struct __test_metadata *_metadata, struct run *run, const char *name)
{
	int err = context_check_rest(run->context, &run->result);

	run->context->oracle.tolerate_lost_tail = *known_bug_seen;
	if (!err)
		err = race_all(run, 0.3, RACING_FLOOR, RACING_TIMEOUT);
	race_verdict(_metadata, run, err, name,
		     reproduce_command("shapes", "", name, run->context->race->seed));
}

/*
 * Race in an address space with thousands of mappings: the maple tree has several levels,
 * and the kernel looks a mapping up anew for each page of text.
 */
TEST_F(shapes, many_mappings)
{
	struct context_options options = race_options();
	struct run run = run_of(&self->context);

	options.fillers = env_value("FULL") ? most_mappings() : MANY_MAPPINGS;
	if (test_begin(_metadata) && shapes_start(_metadata, run.context, &options))
		shapes_race(_metadata, &run, "many_mappings");
}

/*
 * Read a file to its end again and again.  Runs in a process of its own, which takes no
 * precedence over others, as there are many.
 */
static int read_on(void *arg)
{
	struct reader *reader = arg;
	static char text[READER_BUFFER];

	setpriority(PRIO_PROCESS, 0, 0);
	while (lseek(reader->fd, 0, SEEK_SET) == 0)
		while (read(reader->fd, text, sizeof(text)) > 0)
			;
	return 1;
}

/*
 * Race while other processes read the same file: each has a descriptor of its own, and
 * they take the locks that the checked reader takes.
 */
TEST_F(shapes, many_readers)
{
	const struct context_options options = race_options();
	struct run run = run_of(&self->context);
	struct context *context = run.context;
	struct reader reader = { .kind = &file_maps };
	char pid[16];
	unsigned int i;

	if (!test_begin(_metadata) || !shapes_start(_metadata, context, &options))
		return;
	snprintf(pid, sizeof(pid), "%d", context->child.pid);
	for (i = 0; i < OTHER_READERS; i++) {
		ASSERT_EQ(0, reader_open(&reader, pid));
		ASSERT_EQ(0, child_start(&self->others[i], read_on, &reader));
		reader_close(&reader);
	}
	shapes_race(_metadata, &run, "many_readers");
	for (i = 0; i < OTHER_READERS; i++)
		ASSERT_EQ(0, child_kill(&self->others[i]));
}

/*
 * Bytes of one line of maps without a name, at addresses below 4 GiB.  Number of fillers
 * and length of the padding that bring the stage to the end of a page follow from it.
 */
#define SHORT_LINE 41

/*
 * Read @skip records, then a page of text in one read(), make a transition, and read the
 * rest.  The end of the page of text falls on or near the stage.  Return 0, -errno, or 1
 * for a violation.
 */
static int step_at_page_end(struct run *run, unsigned int skip)
{
	struct context *context = run->context;
	struct reading *reading = &context->reading;
	struct cursor cursor = { 0 };
	struct span span;
	ssize_t got;
	int err;

	context->reader.buffer = READER_BUFFER;
	err = reading_take(&context->reader, reading);
	if (err)
		return err;
	while (skip-- && reading_next(&file_maps, reading, &cursor, &span) > 0)
		;
	err = reading_begin(&context->reader, reading);
	context->reader.buffer = cursor.pos;
	while (!err && reading->len < cursor.pos) {
		got = reading_call(&context->reader, reading);
		context->reader.buffer = cursor.pos - reading->len;
		err = got < 0 ? got : 0;
	}
	context->reader.buffer = READER_BUFFER;
	if (!err)
		err = reading_call(&context->reader, reading) < 0 ? -EIO : 0;
	if (!err)
		err = context_step(context, 1);
	if (!err)
		err = reading_go_on(&context->reader, reading);
	return err ? err : run_check(run);
}

/*
 * seq_file fills a page, drops the record that does not fit, and looks it up again in the
 * next read().  This test has the page end at each byte of each line of the stage.  Fillers
 * bring the stage to the end of the page.  The name of the first filler shifts it by
 * bytes, and the records that are read before shift it by lines.
 */
TEST_F(shapes, page_positions)
{
	unsigned int page = sysconf(_SC_PAGESIZE), pad, skip;
	struct run run = run_of(&self->context);
	struct context *context = run.context;

	if (!test_begin(_metadata))
		return;
	for (pad = 1; pad <= SHORT_LINE; pad++) {
		const struct context_options options = {
			.seed = 1,
			.pad = pad,
			.fillers = page / SHORT_LINE - 4,
		};
		int err;

		if (run_is_late(&run))
			SKIP(return, "machine too slow for all of them");
		err = context_start(context, &change_single_pages, &file_maps,
				    &options);

		if (err == -ENOMEM)
			SKIP(return, "too few mappings allowed");
		/* Twice each: one transition goes to layout 1, the next one back. */
		for (skip = 0; skip < 32 && !err; skip++)
			err = step_at_page_end(&run, skip / 2);
		ASSERT_GE(err, 0) {
			diag("%s", strerror(-err));
		}
		if (err) {
			context_end_modifier(context);
			evidence_print(context, &run.result,
				       "at the end of a page",
				       reproduce_command("shapes", "", "page_positions", 1));
		}
		ASSERT_STREQ("legal", rule_text[run.result.rule]);
		ASSERT_EQ(0, context_over(context));
	}
	counters_print(&run.counters, "page_positions", 32 * SHORT_LINE);
	/* Without mixed readings the end of the page was never near the stage. */
	ASSERT_GT(run.counters.mixed, 0U);
}

#endif /* PROC_TEST_SHAPES_H */
