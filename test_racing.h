/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_racing.h - each change while it is read, in each file
 */
#ifndef PROC_TEST_RACING_H
#define PROC_TEST_RACING_H

#include "drive.h"

/* Seconds of racing per change and file; the whole program stays below 15 s. */
#define RACING_SECONDS 0.03

static double duration_from_env(void)
{
	const char *duration = getenv("DURATION");
	double seconds = duration ? strtod(duration, NULL) : 0;

	return seconds > 0 ? seconds : RACING_SECONDS;
}

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
	scene_end(&self->scene);
}

#define CHANGE(row) FIXTURE_VARIANT_ADD(racing, row) { .change = &change_##row }
#include "change_list.h"
#undef CHANGE

/* The body of all racing tests. */
static void run_racing(struct __test_metadata *_metadata,
		       struct scene *scene, const struct change *change,
		       const struct file_kind *kind)
{
	double seconds = duration_from_env();
	uint64_t seed = seed_from_env();
	const struct scene_options options = {
		.seed = seed,
		.cheat = plant_from_env(),
	};
	struct finding finding = { 0 };
	struct tally tally = { 0 };
	const char *how = "";
	int cpu[2], err = 0, timer;
	unsigned int i;

	choose_cpus(cpu);
	if (!open_scene(_metadata, scene, change, kind, &options))
		return;
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	timer = reader_timer_start();
	for (i = 0; i < ARRAY_SIZE(slices) && !err; i++) {
		const struct slice *slice = &slices[i];

		if (slice->cpus > 1 && cpu[1] < 0)
			continue;
		how = slice->name;
		err = race_slice(scene, slice, seconds * slice->share / 100,
				 RACING_FLOOR, RACING_PATIENCE, cpu, &tally,
				 &finding);
	}
	close(timer);
	if (!err)
		err = scene_check_rest(scene, &finding);
	ASSERT_GE(err, err == 1 ? 1 : 0) {
		diag("changer or reader: %s", strerror(-err));
	}
	scene_end_peer(scene);
	tally_print(&tally, change->name, scene->race->seq / 2);
	if (err) {
		evidence_print(scene, &finding, how,
			       again("racing", change->name, kind->name, seed));
		if (!scene->oracle.tolerate_lost_tail && is_lost_tail(scene))
			diag("  this is the signature of known.tail_lost_after_merge");
	}
	ASSERT_STREQ("legal", rule_text[finding.rule]);
	if (!tally_suffices(&tally))
		SKIP(return, "race not exercised");
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
