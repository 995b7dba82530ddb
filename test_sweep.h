/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_sweep.h - all changes in a hurry, before anything takes its time
 *
 * Most kernels that are broken are broken in many places.  Who works on one
 * learns it in a second here, and from one of the other tests what it is that
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
	scene_end(&self->scene);
}

/* One change: 0, also where it cannot be made here, -errno, or 1 with @finding. */
static int sweep_change(struct scene *scene, const struct change *change,
			const struct scene_options *options,
			const int cpu[2], struct tally *tally,
			struct finding *finding, const char **how)
{
	unsigned int i;
	int err;

	*how = "at rest";
	err = scene_start(scene, change, &file_maps, options);
	if (!err)
		err = scene_check_rest(scene, finding);
	if (err)
		return err < 0 && change->needs ? 0 : err;
	scene->one_call = true;
	for (i = 0; i < ARRAY_SIZE(slices) && !err; i++) {
		if (slices[i].cpus > 1 && cpu[1] < 0)
			continue;
		*how = slices[i].name;
		err = race_slice(scene, &slices[i], 0, SWEEP_FLOOR,
				 SWEEP_PATIENCE, cpu, tally, finding);
	}
	return err;
}

TEST_F(sweep, maps)
{
	struct scene *scene = &self->scene;
	uint64_t seed = seed_from_env();
	const struct scene_options options = {
		.seed = seed,
		.cheat = plant_from_env(),
	};
	const struct change *swept[SWEEP_MAX];
	struct finding finding = { 0 };
	struct tally tally = { 0 };
	uint32_t transitions = 0;
	const char *how;
	unsigned int i, n = sweep_list(swept);
	int cpu[2], err, timer = reader_timer_start();

	/* Once: who is pinned to a CPU may run on no other. */
	choose_cpus(cpu);
	for (i = 0; i < n; i++) {
		err = sweep_change(scene, swept[i], &options, cpu, &tally,
				   &finding, &how);
		ASSERT_GE(err, err == 1 ? 1 : 0) {
			diag("%s: changer or reader: %s", swept[i]->name,
			     strerror(-err));
		}
		if (err) {
			scene_end_peer(scene);
			evidence_print(scene, &finding, how,
				       again("sweep", "", "maps", seed));
		}
		/* One bug, one red test. */
		if (err && is_lost_tail(scene)) {
			*known_bug_seen = true;
			SKIP(return, "left to known.tail_lost_after_merge");
		}
		ASSERT_STREQ("legal", rule_text[finding.rule]);
		transitions += scene->race->seq / 2;
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
	close(timer);
	tally_print(&tally, "sweep", transitions);
	if (!tally_suffices(&tally))
		SKIP(return, "race not exercised");
}

#endif /* PROC_TEST_SWEEP_H */
