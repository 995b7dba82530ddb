/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_sweep.h - all changes in a hurry, before anything takes its time
 *
 * Most kernels that are broken are broken in many places.  Who works on one
 * learns it within seconds here, and from one of the other tests what it is that
 * does not hold.  What is rare is not found: see test_racing.h.
 */
#ifndef PROC_TEST_SWEEP_H
#define PROC_TEST_SWEEP_H

#include "drive.h"

/* Overlapped readings per change and way of steering... */
#define SWEEP_FLOOR 20
/* ...and seconds at most. */
#define SWEEP_PATIENCE 0.02

/* Room for the rows of the table. */
#define SWEEP_MAX 64

static unsigned int sweep_list(const struct change *swept[])
{
	unsigned int n = 0;

#define CHANGE(row) swept[n++] = &change_##row
#include "change_list.h"
#undef CHANGE
	return n;
}

FIXTURE(sweep) {
	struct scene scene;
};

FIXTURE_SETUP(sweep)
{
}

FIXTURE_TEARDOWN(sweep)
{
	end_scene(_metadata, &self->scene);
}

/* One change: 0, also where it cannot be made here, -errno, or 1 with a finding. */
static int sweep_change(struct drive *drive, const struct change *change,
			const struct file_kind *kind,
			const struct scene_options *options)
{
	struct scene *scene = drive->scene;
	int err = scene_start(scene, change, kind, options);

	stuck_watch(scene->race ? scene->race->tid : 0);
	if (!err)
		err = scene_check_rest(scene, &drive->finding);
	if (err)
		return change_is_refused(scene, change, err) ? 0 : err;
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	scene->one_call = true;
	return race_all(drive, 0, SWEEP_FLOOR, SWEEP_PATIENCE);
}

/* They come first, and share half of a test's time. */
static bool sweeps_are_late(void)
{
	return now_ns() - began_ns > TEST_SECONDS * NSEC_PER_SEC;
}

/* The body of all sweeps. */
static void run_sweep(struct __test_metadata *_metadata, struct scene *scene,
		      const struct file_kind *kind)
{
	const struct scene_options options = race_options();
	/* Once: who is pinned to a CPU may run on no other. */
	struct drive drive = drive_of(scene);
	const struct change *swept[SWEEP_MAX];
	uint32_t transitions = 0;
	unsigned int i, n = sweep_list(swept);
	bool left = false;
	int err;

	for (i = 0; i < n; i++) {
		if (sweeps_are_late())
			SKIP(return, "machine too slow for all of them");
		err = sweep_change(&drive, swept[i], kind, &options);
		if (file_is_missing(scene, err))
			SKIP(return, "no such file in this kernel");
		ASSERT_GE(err, 0) {
			diag("%s: changer or reader: %s", swept[i]->name,
			     strerror(-err));
		}
		if (err) {
			scene_end_peer(scene);
			evidence_print(scene, &drive.finding, drive.how,
				       again("sweep", "", kind->name,
					     options.seed));
		}
		/* One bug, one red test; there may be others. */
		if (err && known_bug_shows(scene)) {
			left = true;
			drive.finding.rule = RULE_NONE;
		}
		ASSERT_STREQ("legal", rule_text[drive.finding.rule]);
		transitions += scene->race->seq / 2;
		ASSERT_EQ(0, scene_over(scene));
	}
	tally_print(&drive.tally, "sweep", transitions);
	if (left)
		SKIP(return, "left to known.tail_lost_after_merge");
	if (!tally_suffices(&drive.tally))
		SKIP(return, "race not exercised");
}

TEST_F(sweep, maps)
{
	run_sweep(_metadata, &self->scene, &file_maps);
}

TEST_F(sweep, smaps)
{
	run_sweep(_metadata, &self->scene, &file_smaps);
}

TEST_F(sweep, query)
{
	run_sweep(_metadata, &self->scene, &file_query);
}

#endif /* PROC_TEST_SWEEP_H */
