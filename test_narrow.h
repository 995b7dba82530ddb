/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_narrow.h - races whose window is a few instructions
 *
 * In a random race these windows are met once in minutes.  Each gets the change,
 * and the way to read, that meet it most often, at real-time priority, up to a
 * second:
 *
 *   behind	a vma is found for its tail and loses it before it is locked
 *   name	a name is replaced while it is printed
 *   last	the last vma of all is enlarged while the next one is looked for
 *
 * A failure means what its rule says; that the window is narrow only means that
 * users see it seldom.
 */
#ifndef PROC_TEST_NARROW_H
#define PROC_TEST_NARROW_H

#include "drive.h"

/* Overlapped readings that are enough, and seconds at most. */
#define NARROW_ENOUGH 10000
#define NARROW_SECONDS 1.0
#define NARROW_SLICE 0.02

FIXTURE(narrow) {
	struct scene scene;
};

FIXTURE_VARIANT(narrow) {
	const char *name;
	const struct change *change;
	bool by_record;
};

/* Only where a read() begins, the lookup begins in the middle of the merged vma. */
FIXTURE_VARIANT_ADD(narrow, behind) {
	.name = "behind",
	.change = &change_merge_left_partial,
	.by_record = true,
};

FIXTURE_VARIANT_ADD(narrow, name) {
	.name = "name",
	.change = &change_rename,
};

FIXTURE_VARIANT_ADD(narrow, last) {
	.name = "last",
	.change = &change_top,
};

FIXTURE_SETUP(narrow)
{
}

FIXTURE_TEARDOWN(narrow)
{
	scene_end(&self->scene);
}

TEST_F(narrow, maps)
{
	const struct scene_options options = race_options();
	struct drive drive = drive_of(&self->scene);
	struct scene *scene = drive.scene;
	int64_t begin = now_ns();
	int err = 0, timer;
	unsigned int i;

	if (!open_scene(_metadata, scene, variant->change, &file_maps, &options))
		return;
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	scene->one_call = !variant->by_record;
	scene->by_record = variant->by_record;
	scene->urgent = true;
	run_at(0, LEVEL_READER);
	timer = reader_timer_start();
	for (i = 0; !err && drive.tally.overlapped < NARROW_ENOUGH &&
	     now_ns() - begin < NARROW_SECONDS * NSEC_PER_SEC; i++)
		err = race_slice(&drive, &slices[i % ARRAY_SIZE(slices)],
				 NARROW_SLICE, 0, 0);
	close(timer);
	run_at(0, 0);
	race_verdict(_metadata, &drive, err, variant->name,
		     again("narrow", variant->name, "maps", options.seed));
}

#endif /* PROC_TEST_NARROW_H */
