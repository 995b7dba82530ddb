/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_racing.h - each change while it is read, in each file
 */
#ifndef PROC_TEST_RACING_H
#define PROC_TEST_RACING_H

#include "drive.h"

/* Seconds of racing per change and file: the whole program takes 20 s or so. */
#define RACING_SECONDS 0.03

FIXTURE(racing) {
	struct scene scene;
};

FIXTURE_VARIANT(racing) {
	const struct change *change;
};

FIXTURE_SETUP(racing)
{
}

FIXTURE_TEARDOWN(racing)
{
	end_scene(_metadata, &self->scene);
}

#define CHANGE(row) FIXTURE_VARIANT_ADD(racing, row) { .change = &change_##row }
#include "change_list.h"
#undef CHANGE

/* The body of all racing tests. */
static void run_racing(struct __test_metadata *_metadata,
		       struct scene *scene, const struct change *change,
		       const struct file_kind *kind)
{
	const struct scene_options options = race_options();
	struct drive drive = drive_of(scene);
	int err;

	if (!open_scene(_metadata, scene, change, kind, &options))
		return;
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	err = race_all(&drive, duration_from_env(RACING_SECONDS, DURATION_LIMIT),
		       RACING_FLOOR, RACING_PATIENCE);
	if (!err)
		err = scene_check_rest(scene, &drive.finding);
	race_verdict(_metadata, &drive, err, change->name,
		     again("racing", change->name, kind->name, options.seed));
}

TEST_F(racing, maps)
{
	run_racing(_metadata, &self->scene, variant->change, &file_maps);
}

TEST_F(racing, smaps)
{
	run_racing(_metadata, &self->scene, variant->change, &file_smaps);
}

TEST_F(racing, numa_maps)
{
	run_racing(_metadata, &self->scene, variant->change, &file_numa_maps);
}

TEST_F(racing, query)
{
	run_racing(_metadata, &self->scene, variant->change, &file_query);
}

#endif /* PROC_TEST_RACING_H */
