/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_shapes.h - test many mappings, and each position of the stage in a page of text
 */
#ifndef PROC_TEST_SHAPES_H
#define PROC_TEST_SHAPES_H

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

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

FIXTURE(shapes) {
	struct context context;
};

FIXTURE_SETUP(shapes)
{
}

FIXTURE_TEARDOWN(shapes)
{
	context_close(_metadata, &self->context);
}

/*
 * Filler mappings.  Arbitrary; many pages of text, and well below vm.max_map_count, which
 * is 65530 by default.
 */
#define MANY_MAPPINGS 4000

/*
 * Race in an address space with thousands of mappings: the maple tree has several levels,
 * and the kernel looks a mapping up anew for each page of text.
 */
TEST_F(shapes, many_mappings)
{
	const struct context_options options = {
		.seed = seed_from_env(),
		.fillers = MANY_MAPPINGS,
	};
	struct run run = run_of(&self->context);
	struct context *context = run.context;
	int err;

	if (!test_begin(_metadata))
		return;
	err = context_start(context, &change_split_middle, &file_maps, &options);
	if (err == -ENOMEM)
		SKIP(return, "too few mappings allowed");
	if (err == -ETIMEDOUT)
		SKIP(return, "too slow to make many mappings");
	ASSERT_EQ(0, err);
	err = context_check_rest(context, &run.result);
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	if (!err)
		err = race_all(&run, 0.3, RACING_FLOOR, RACING_TIMEOUT);
	race_verdict(_metadata, &run, err, "many_mappings",
		     reproduce_command("shapes", "", "many_mappings", options.seed));
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
