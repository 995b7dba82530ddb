/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_stepped.h - read some lines, make a transition, read on
 */
#ifndef PROC_TEST_STEPPED_H
#define PROC_TEST_STEPPED_H

#include "drive.h"

FIXTURE(stepped) {
	struct scene scene;
};

FIXTURE_VARIANT(stepped) {
	const struct change *change;
};

FIXTURE_SETUP(stepped)
{
}

FIXTURE_TEARDOWN(stepped)
{
	end_scene(_metadata, &self->scene);
}

#define CHANGE(row) FIXTURE_VARIANT_ADD(stepped, row) { .change = &change_##row }
#include "change_list.h"
#undef CHANGE

/* The body of all stepped tests. */
static void run_stepped(struct __test_metadata *_metadata,
			struct scene *scene, const struct change *change,
			const struct file_kind *kind)
{
	static const size_t buffers[] = { 100, 1 << 16 };
	struct drive drive = { .scene = scene, .how = "stepped" };
	unsigned int i, steps;
	int err = 0;

	if (!open_scene(_metadata, scene, change, kind, &plain))
		return;
	/* They wait for each other thousands of times, and for nobody else. */
	run_at(0, LEVEL_READER);
	run_at(scene->race->tid, LEVEL_CHANGER);
	for (i = 0; i < ARRAY_SIZE(buffers) && !err; i++)
		for (steps = 1; steps <= change->nr && !err; steps++)
			err = step_boundaries(&drive, buffers[i], steps);
	run_at(0, 0);
	drive_report(_metadata, &drive, err, change->name,
		     again("stepped", change->name, kind->name, plain.seed));
	ASSERT_STREQ("legal", rule_text[drive.finding.rule]);
	/* Without readings that a transition fell into nothing was tested. */
	ASSERT_GT(drive.tally.overlapped, 2U);
}

TEST_F(stepped, maps)
{
	run_stepped(_metadata, &self->scene, variant->change, &file_maps);
}

TEST_F(stepped, smaps)
{
	run_stepped(_metadata, &self->scene, variant->change, &file_smaps);
}

TEST_F(stepped, numa_maps)
{
	run_stepped(_metadata, &self->scene, variant->change, &file_numa_maps);
}

TEST_F(stepped, query)
{
	run_stepped(_metadata, &self->scene, variant->change, &file_query);
}

#endif /* PROC_TEST_STEPPED_H */
