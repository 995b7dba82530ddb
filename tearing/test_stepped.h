/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_stepped.h - test each change in each file, one record boundary at a time
 *
 * The reader reads some records, a transition is made, and the reader reads the rest.
 * There is no race, so one CPU is enough.  Without FULL=1, at few of the boundaries before
 * and behind the stage.
 */
#ifndef PROC_TEST_STEPPED_H
#define PROC_TEST_STEPPED_H

#include <stddef.h>

#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/util.h"
#include "../model/change.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "context.h"
#include "harness.h"
#include "reader.h"
#include "run.h"

FIXTURE(stepped) {
	struct context context;
};

FIXTURE_VARIANT(stepped) {
	const struct change *change;
};

FIXTURE_SETUP(stepped)
{
}

FIXTURE_TEARDOWN(stepped)
{
	context_close(_metadata, &self->context);
}

#define CHANGE(entry) FIXTURE_VARIANT_ADD(stepped, entry) { .change = &change_##entry }
#include "../model/change_list.h"
#undef CHANGE

/* Step through one change in one file. */
static void run_stepped(struct __test_metadata *_metadata,
			struct context *context, const struct change *change,
			const struct file_kind *kind)
{
	static const size_t buffers[] = { READER_BUFFER, 100 };
	/* A query fills no buffer. */
	const unsigned int nr = kind->query ? 1 : ARRAY_SIZE(buffers);
	struct run run = {
		.context = context, .how = "stepped", .near_only = !env_value("FULL"),
	};
	unsigned int i, steps;
	int err = 0;

	if (!context_open(_metadata, context, change, kind, &plain_options))
		return;
	/* Both wait for each other thousands of times: other processes delay each. */
	set_level(0, LEVEL_READER);
	set_level(context->race->tid, LEVEL_MODIFIER);
	for (i = 0; i < nr && !err; i++)
		for (steps = 1; steps <= change->nr && !err; steps++)
			err = step_boundaries(&run, buffers[i], steps);
	set_level(0, 0);
	run_report(_metadata, &run, err, change->name,
		   reproduce_command("stepped", change->name, kind->name, plain_options.seed));
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	/* Without overlapped readings nothing was tested. */
	ASSERT_GT(run.counters.overlapped, 2U);
}

TEST_F(stepped, maps)
{
	run_stepped(_metadata, &self->context, variant->change, &file_maps);
}

TEST_F(stepped, smaps)
{
	run_stepped(_metadata, &self->context, variant->change, &file_smaps);
}

TEST_F(stepped, numa_maps)
{
	run_stepped(_metadata, &self->context, variant->change, &file_numa_maps);
}

TEST_F(stepped, query)
{
	run_stepped(_metadata, &self->context, variant->change, &file_query);
}

#endif /* PROC_TEST_STEPPED_H */
