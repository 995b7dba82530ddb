/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_racing.h - test each change in each file, in a race
 *
 * The reader and the modifier run free, or in one of the other interleaving modes.
 */
#ifndef PROC_TEST_RACING_H
#define PROC_TEST_RACING_H

#include <stdbool.h>
#include <stdint.h>

#include "../model/change.h"
#include "../model/parse.h"
#include "context.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"

/*
 * Seconds of racing per change, where DURATION says nothing else: in maps, and in each
 * other file.  Chosen so that the whole program takes about 20 s.
 */
#define RACING_SECONDS 0.03
#define RACING_OTHER_SECONDS 0.01

/* Seconds.  Bound of a time slice in another file than maps.  Arbitrary. */
#define RACING_OTHER_TIMEOUT 0.5

FIXTURE(racing) {
	struct context context;
};

FIXTURE_VARIANT(racing) {
	const struct change *change;
};

FIXTURE_SETUP(racing)
{
}

FIXTURE_TEARDOWN(racing)
{
	context_close(_metadata, &self->context);
}

#define CHANGE(entry) FIXTURE_VARIANT_ADD(racing, entry) { .change = &change_##entry }
#include "../model/change_list.h"
#undef CHANGE

/* Race one change in one file. */
static void run_racing(struct __test_metadata *_metadata,
		       struct context *context, const struct change *change,
		       const struct file_kind *kind)
{
	const struct context_options options = race_options();
	const bool first = kind == &file_maps;
	struct run run = run_of(context);
	uint64_t floor = RACING_FLOOR;
	int err;

	if (!context_open(_metadata, context, change, kind, &options))
		return;
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	/* Any two of three time slices are enough for the verdict; with one CPU there is one. */
	if (!first && run.cpu[1] >= 0)
		floor /= 2;
	err = race_all(&run, duration_from_env(first ? RACING_SECONDS : RACING_OTHER_SECONDS,
					       DURATION_LIMIT),
		       floor, first ? RACING_TIMEOUT : RACING_OTHER_TIMEOUT);
	if (!err)
		err = context_check_rest(context, &run.result);
	race_verdict(_metadata, &run, err, change->name,
		     reproduce_command("racing", change->name, kind->name, options.seed));
}

TEST_F(racing, maps)
{
	run_racing(_metadata, &self->context, variant->change, &file_maps);
}

TEST_F(racing, smaps)
{
	run_racing(_metadata, &self->context, variant->change, &file_smaps);
}

TEST_F(racing, numa_maps)
{
	run_racing(_metadata, &self->context, variant->change, &file_numa_maps);
}

TEST_F(racing, query)
{
	run_racing(_metadata, &self->context, variant->change, &file_query);
}

#endif /* PROC_TEST_RACING_H */
