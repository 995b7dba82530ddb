/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_stress.h - what is read while the memory underneath is in motion
 *
 * For each row of stressor.h and each file: the changes of the target, read as
 * in a race; the children of the target, each of which must show the layouts of
 * one instant of its parent; and those that exec, of which a reading is old or
 * new and never both.
 *
 * Rows of which the change merges mappings would show the known bug of 6.17 and
 * later.  It has a test elsewhere (proc_maps_tearing); here its signature is
 * counted.  What a child changes merges with nothing, and is judged strictly.
 */
#ifndef PROC_TEST_STRESS_H
#define PROC_TEST_STRESS_H

#include "drive.h"
#include "stressor.h"

/* Seconds per row and file by default, and where STRESS is set. */
#define STRESS_SECONDS 0.12
#define STRESS_STRONG_SECONDS 1.0
/* The harness ends these after an hour. */
#define STRESS_LIMIT 3500.0
/* One turn of reading: the target, then a child. */
#define STRESS_SLICE 0.02
/* Without evidence enough, go on up to so much longer. */
#define STRESS_PATIENCE 1.0
#define STRESS_STRONG_PATIENCE 4.0
/* Readings of children below which nothing is said of them. */
#define KID_FLOOR 3
/* How long to wait for the new program of a child, among a hundred others. */
#define EXEC_PATIENCE_NS NSEC_PER_SEC
/* From the end of its mappings to that of a process that was killed. */
#define STRESS_DIE_NS NSEC_PER_SEC
/* At the end each thread of the target finishes what it is about. */
#define STRESS_END_NS (30 * NSEC_PER_SEC)

/**
 * struct nursery - what reads and judges the children
 * @scene:	a child in place of the changer; layouts and reading are its own
 * @tally:	readings of children that change nothing but holes
 * @old:	readings of the program before an exec
 * @fresh:	readings of the program after one
 * @empty:	readings that came too late
 */
struct nursery {
	struct scene scene;
	struct tally tally;
	uint64_t old, fresh, empty;
};

/**
 * struct session - what a test holds
 * @scene:	the target and its readings
 * @nursery:	its children's
 * @stress:	what goes on in the target
 * @cgroup:	the target's, where the row has one
 * @watch:	the kernel's own complaints
 */
struct session {
	struct scene scene;
	struct nursery nursery;
	struct stress *stress;
	struct cgroup cgroup;
	struct watch watch;
};

FIXTURE(stress) {
	struct session session;
};

FIXTURE_VARIANT(stress) {
	const struct stressor *row;
};

FIXTURE_SETUP(stress)
{
	self->session.cgroup.pipe = -1;
	watch_begin(&self->session.watch, true);
}

FIXTURE_TEARDOWN(stress)
{
	struct session *session = &self->session;
	int err = scene_over(&session->scene);
	unsigned int k;

	for (k = 0; k <= KID_HOLES; k++)
		free(session->nursery.scene.layout[k].span);
	reading_free(&session->nursery.scene.reading);
	cgroup_end(&session->cgroup);
	if (session->stress)
		munmap(session->stress, sizeof(*session->stress));
	/* The harness would name the reason of a skip behind "not ok", too. */
	if (err)
		_metadata->results->reason[0] = '\0';
	EXPECT_EQ(0, err);
}

#define STRESSOR(name_) \
	FIXTURE_VARIANT_ADD(stress, name_) { .row = &stressor_##name_ }

STRESSOR(fork_fault);
STRESSOR(fork_hole);
STRESSOR(fork_exec);
STRESSOR(collapse);
STRESSOR(unmap);
STRESSOR(unmap_huge);
STRESSOR(move_pages);
STRESSOR(compact);
STRESSOR(pageout);
STRESSOR(pressure);
STRESSOR(all);

/* All the evidence, or none: a test without it proves nothing. */
static bool stress_suffices(const struct stress *stress,
			    const struct nursery *nursery,
			    const struct tally *tally, uint64_t done)
{
	const struct stressor *row = stress->row;
	bool kids = stressor_forks(row) && !row->exec;

	return tally_suffices(tally) && done >= row->floor &&
	       (stress->acted | stress->refused) == stressor_all_acts(row) &&
	       stress->checked && stress->written &&
	       (!kids || nursery->tally.readings >= KID_FLOOR) &&
	       /* Of a batch one is read, up to its new program at most. */
	       (!row->exec || (nursery->old && nursery->fresh));
}

/* What the row has done: by its own count, or the kernel's. */
static uint64_t stress_done(const struct stress *stress, uint64_t before)
{
	const char *counter = stress->row->counter;

	if (!counter)
		return stress->done;
	return machine_count("/proc/vmstat", counter) - before;
}

/* --- children ---------------------------------------------------------------- */

/* A scene like the target's, but with layouts of its own. */
static bool nursery_build(struct nursery *nursery, const struct scene *scene)
{
	struct scene *kid = &nursery->scene;
	unsigned int room = scene->rest.nr + STAGE_PAGES + KID_HOLES, k;

	*kid = *scene;
	memset(&kid->reading, 0, sizeof(kid->reading));
	kid->unpictured = true;
	kid->oracle.layout = kid->layout;
	kid->oracle.tolerate_lost_tail = false;
	memset(kid->oracle.via, 0, sizeof(kid->oracle.via));
	for (k = 0; k <= KID_HOLES; k++)
		kid->layout[k].span = calloc(room, sizeof(struct span));
	for (k = 0; k <= KID_HOLES; k++)
		if (!kid->layout[k].span)
			return false;
	return reading_alloc(&kid->reading, SCENE_TEXT(room),
			     SCENE_TEXT(room) / 32);
}

/* The layouts of a child that was forked while layout @k was in place. */
static void nursery_layouts(struct nursery *nursery, const struct scene *scene,
			    const struct stress *stress, unsigned int k)
{
	struct scene *kid = &nursery->scene;
	unsigned int n, hole;
	size_t from, to;

	kid->oracle.nr = stress->row->holes ? KID_HOLES + 1 : 1;
	for (n = 0; n < kid->oracle.nr; n++) {
		struct layout *layout = &kid->layout[n];

		layout->nr = scene->layout[k].nr;
		memcpy(layout->span, scene->layout[k].span,
		       layout->nr * sizeof(*layout->span));
		for (hole = 0; hole < n; hole++) {
			kid_hole(stress->size, hole, &from, &to);
			layout_cut(layout, (uintptr_t)stress->arena + from,
				   (uintptr_t)stress->arena + to);
		}
	}
}

/*
 * Is the reading of a child legal for one layout that its parent had while it
 * was forked?  Not for two of them together: a child is one instant.
 */
static struct finding nursery_judge(struct nursery *nursery,
				    const struct scene *scene,
				    const struct stress *stress,
				    const struct kid *slot)
{
	unsigned int k, mask = layouts_between(&scene->oracle, slot->before,
					       slot->after);
	struct finding finding, best = { 0 };
	unsigned int best_k = 0;

	for (k = 0; k < scene->oracle.nr; k++) {
		if (!(mask & (1U << k)))
			continue;
		nursery_layouts(nursery, scene, stress, k);
		finding = scene_judge(&nursery->scene);
		if (!finding.rule)
			return finding;
		if (!best.rule || finding.lines > best.lines) {
			best = finding;
			best_k = k;
		}
	}
	/* Who prints the evidence asks what would have been legal. */
	nursery_layouts(nursery, scene, stress, best_k);
	return scene_judge(&nursery->scene);
}

static bool is_punching(const struct stress *stress, const struct kid *slot,
			const struct known *known)
{
	return stress->row->holes && slot->seq < 2 * KID_HOLES &&
	       !known_gone(known);
}

/*
 * Whether a child is not there any more, or soon will not be: its parent, who waits
 * for it, may be late.
 */
static bool kid_is_gone(const struct known *known)
{
	struct patience patience = patience_of(STRESS_DIE_NS);

	while (!known_gone(known)) {
		if (patience_lost(&patience))
			return false;
		nap_ns(NSEC_PER_MSEC);
	}
	return true;
}

/* Readings of a child that may punch holes meanwhile. */
static int watch_child(struct nursery *nursery, const struct scene *scene,
		       const struct stress *stress, struct kid *slot,
		       const struct known *known, struct finding *finding)
{
	static const size_t buffers[] = { 1 << 16, 300, 1 << 16, 4096 };
	struct scene *kid = &nursery->scene;
	unsigned int i;
	int err = 0;

	word_set(&slot->state, KID_GO);
	for (i = 0; (i < ARRAY_SIZE(buffers) ||
		     is_punching(stress, slot, known)) && !err; i++) {
		kid->reader.buffer = buffers[i % ARRAY_SIZE(buffers)];
		err = reading_take(&kid->reader, &kid->reading);
		if (err)
			break;
		*finding = nursery_judge(nursery, scene, stress, slot);
		/* It may have been killed for want of memory. */
		if (finding->rule == RULE_TAIL && kid_is_gone(known)) {
			finding->rule = RULE_NONE;
			return 0;
		}
		tally_add(&nursery->tally, finding);
		err = !!finding->rule;
	}
	return err == -ESRCH ? 0 : err;
}

/* Is it a line of what only the target and its children have? */
static bool is_old_line(const struct scene *scene, const struct span *line)
{
	uint64_t unit = scene->race->stage.page;
	uint64_t base = scene->race->stage.base;

	return line->end > base - unit &&
	       line->start < base + (STAGE_PAGES + 1) * unit;
}

/* Has a reading any such line? */
static bool has_old_line(const struct scene *scene,
			 const struct file_kind *kind,
			 const struct reading *reading)
{
	struct cursor cursor = { 0 };
	struct span span;

	while (reading_next(kind, reading, &cursor, &span) == PARSE_SPAN)
		if (is_old_line(scene, &span))
			return true;
	return false;
}

/*
 * A reading with a line of the old program is one of the old program, from its
 * beginning up to wherever it ends.  Of another one nothing is known but that
 * its ends rise.
 */
static struct finding judge_exec(struct nursery *nursery,
				 const struct scene *scene,
				 const struct stress *stress,
				 const struct kid *slot)
{
	const struct file_kind *kind = nursery->scene.reader.kind;
	struct reading *reading = &nursery->scene.reading;
	struct finding finding = { 0 };
	uint64_t end = 0;
	enum parse parsed;
	struct span span;

	/* Nobody knows whether the file ended or its process. */
	reading->whole = false;
	if (has_old_line(scene, kind, reading)) {
		nursery->old++;
		return nursery_judge(nursery, scene, stress, slot);
	}
	while ((parsed = reading_next(kind, reading, &finding.where, &span)) ==
	       PARSE_SPAN) {
		if (span.end <= end) {
			finding.rule = RULE_ORDER;
			return finding;
		}
		end = span.end;
		finding.lines++;
	}
	if (parsed != PARSE_END)
		finding.rule = RULE_MALFORMED;
	nursery->fresh += finding.lines > 0;
	nursery->empty += !finding.lines;
	return finding;
}

/* Reads up to where the file ends; that the process is gone is no error. */
static int read_what_is_left(struct scene *kid)
{
	int err = reading_go_on(&kid->reader, &kid->reading);

	return err == -ESRCH ? 0 : err;
}

/* Waits until the new program is there, which is called after its file. */
static void wait_for_exec(const char *dir, int64_t deadline)
{
	char path[32], comm[16] = "";
	ssize_t got = 1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/comm", dir);
	while (got > 0 && strncmp(comm, "exe", 3) && now_ns() < deadline) {
		nap_ns(100 * NSEC_PER_USEC);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		got = read(fd, comm, sizeof(comm));
		close(fd);
	}
}

/* PLANT=exec: what comes next in the reading is another program. */
static void plant_exec(struct scene *kid, const char *dir, int64_t deadline)
{
	struct reader other = kid->reader;

	wait_for_exec(dir, deadline);
	if (reader_open(&other, dir))
		return;
	reader_close(&kid->reader);
	kid->reader = other;
}

/*
 * One reading is begun before the exec, and goes on after it or while it is under
 * way; others are begun after it, sooner or later.
 */
static int watch_exec(struct nursery *nursery, const struct scene *scene,
		      const struct stress *stress, struct kid *slot,
		      const char *dir, struct finding *finding)
{
	struct scene *kid = &nursery->scene;
	uint64_t random = now_ns() | 1, fresh = nursery->fresh;
	int64_t deadline = now_ns() + EXEC_PATIENCE_NS;
	unsigned int i;
	int err;

	kid->reader.buffer = 200;
	err = reading_begin(&kid->reader, &kid->reading);
	for (i = random_below(&random, 20) + 2; i && !err; i--) {
		ssize_t got = reading_call(&kid->reader, &kid->reading);

		err = got < 0 ? got : 0;
	}
	word_set(&slot->state, KID_GO);
	if (random_below(&random, 2))
		wait_for_exec(dir, deadline);
	else
		nap_ns(random_below(&random, 500 * NSEC_PER_USEC));
	if (stress->plant == 'e')
		plant_exec(kid, dir, deadline);
	if (!err)
		err = read_what_is_left(kid);
	for (i = 0; !err; i++) {
		*finding = judge_exec(nursery, scene, stress, slot);
		if (finding->rule)
			return 1;
		reader_close(&kid->reader);
		if (now_ns() > deadline || nursery->fresh > fresh ||
		    reader_open(&kid->reader, dir))
			return 0;
		kid->reader.buffer = i & 1 ? 1 << 16 : 200;
		reading_begin(&kid->reader, &kid->reading);
		err = read_what_is_left(kid);
		nap_ns(random_below(&random, NSEC_PER_MSEC));
	}
	return err;
}

/**
 * watch_kids() - read each child that waits for it
 * @nursery:	its scene holds the reading that is judged
 * @scene:	the target
 * @stress:	the target's
 * @finding:	of the first illegal reading
 *
 * Return: 0, -errno, or 1 with @finding.
 */
static int watch_kids(struct nursery *nursery, const struct scene *scene,
		      struct stress *stress, struct finding *finding)
{
	struct reader *reader = &nursery->scene.reader;
	struct known known;
	unsigned int i;
	char dir[16];
	int err = 0;

	for (i = 0; i < STRESS_ACTS && !err; i++) {
		struct kid *slot = &stress->kid[i];
		uint32_t ready = KID_READY;

		if (!atomic_compare_exchange_strong(&slot->state, &ready,
						    KID_WATCHED))
			continue;
		/* It waits to be let go, so that the number is its own. */
		known = known_open(slot->pid);
		reader->seq = &slot->seq;
		snprintf(dir, sizeof(dir), "%d", slot->pid);
		err = reader_open(reader, dir);
		if (!err && stress->row->act[i] == act_fork_exec)
			err = watch_exec(nursery, scene, stress, slot, dir,
					 finding);
		else if (!err)
			err = watch_child(nursery, scene, stress, slot,
					  &known, finding);
		reader_close(reader);
		known_close(&known);
		word_set(&slot->state, KID_RELEASED);
		if (err == -ENOENT || err == -ESRCH)
			err = 0;
	}
	return err;
}

/* --- the tests -------------------------------------------------------------- */

static void stress_print(const struct stress *stress,
			 const struct nursery *nursery, uint64_t done,
			 uint64_t bytes)
{
	const struct stressor *row = stress->row;

	diag("%s: %" PRIu64 " %s; pages checked %lu, rewritten %lu; at most %"
	     PRIu64 " MiB", row->name, done, row->unit, stress->checked,
	     stress->written, bytes >> 20);
	if (stress->kids)
		diag("children: %lu, at most %u at once; readings %" PRIu64
		     ", overlapped %" PRIu64 ", lines %" PRIu64, stress->forks,
		     stress->kids, nursery->tally.readings,
		     nursery->tally.overlapped, nursery->tally.lines);
	if (row->exec)
		diag("exec: readings of the program before %" PRIu64
		     ", after %" PRIu64 ", of none %" PRIu64, nursery->old,
		     nursery->fresh, nursery->empty);
}

/* Reads until there is evidence, or a finding, or no more patience. */
static int stress_read(struct drive *drive, struct nursery *nursery,
		       struct stress *stress, bool *kid, uint64_t counted)
{
	bool strong = env_says("STRESS");
	double patience = strong ? STRESS_STRONG_PATIENCE : STRESS_PATIENCE;
	double seconds = duration_from_env(strong ? STRESS_STRONG_SECONDS :
						    STRESS_SECONDS,
					   STRESS_LIMIT);
	int64_t begin = now_ns();
	unsigned int i;
	int err = 0;

	for (i = 0; !err; i++) {
		int64_t took = now_ns() - begin;

		if (took > seconds * NSEC_PER_SEC &&
		    (took > (seconds + patience) * NSEC_PER_SEC ||
		     now_ns() - began_ns > RACING_BUDGET * NSEC_PER_SEC ||
		     stress_suffices(stress, nursery, &drive->tally,
				     stress_done(stress, counted))))
			break;
		/* No evidence will come. */
		if (stressor_refused(stress))
			break;
		/* Two CPUs: by overlap, or free; one: by preemption. */
		err = race_slice(drive, &slices[drive->cpu[1] < 0 ? 2 : i % 2],
				 STRESS_SLICE, 0, 0);
		if (err)
			break;
		err = watch_kids(nursery, drive->scene, stress, &drive->finding);
		*kid = err == 1;
	}
	return err;
}

/*
 * By somebody else, who is short of memory: an oops would be in the log.  Of a
 * process that dies the mappings go first.
 */
static bool was_killed(struct peer *peer)
{
	return peer_wait(peer, STRESS_DIE_NS) == 128 + SIGKILL;
}

/* What went wrong, in words where errno has others in mind. */
static const char *stress_error(int err)
{
	switch (err) {
	case -ECHILD:
		return "a child was ended by a signal";
	case -ETIMEDOUT:
		return "somebody does not end";
	default:
		return strerror(-err);
	}
}

/* The threads end when they are through with what they are about. */
static int stress_end(struct stress *stress)
{
	struct patience patience = patience_of(STRESS_END_NS);

	stress->stop = true;
	while (stress->running && !stress->race->error) {
		if (patience_lost(&patience))
			return -ETIMEDOUT;
		nap_ns(100 * NSEC_PER_USEC);
	}
	return stress->race->error;
}

/* The body of all tests. */
static void run_stress(struct __test_metadata *_metadata,
		       struct session *session, const struct stressor *row,
		       const struct file_kind *kind)
{
	struct stress *stress = shared_alloc(sizeof(*stress));
	struct scene *scene = &session->scene;
	uint64_t seed = seed_from_env(), bytes, counted = 0, done;
	char plant = plant_from_env(), buf[300];
	struct scene_options options = {
		.seed = seed,
		.cheat = cheat_from_env(),
		.unit = row->draw,
		.company = { stress_begin, stress_made, stress },
	};
	struct drive drive = drive_of(scene);
	bool kid = false;
	int err;

	session->stress = stress;
	ASSERT_TRUE(!!stress);
	if (row->strong && !env_says("STRESS"))
		SKIP(return, "felt by the whole machine, set STRESS=1");
	bytes = stress_plan(stress, row, env_says("STRESS"));
	if (!bytes)
		SKIP(return, "too little memory is free");
	if (row->allowed && !row->allowed(stress))
		SKIP(return, "%s", row->needs);
	stress->plant = plant;
	if (row->cgroup) {
		if (cgroup_make(&session->cgroup, row->cgroup))
			SKIP(return, "%s", row->needs);
		stress->cgroup = &session->cgroup;
	}
	if (!open_scene(_metadata, scene, row->change, kind, &options))
		return;
	scene->oracle.tolerate_lost_tail = true;
	ASSERT_TRUE(nursery_build(&session->nursery, scene));
	if (row->counter)
		counted = machine_count("/proc/vmstat", row->counter);
	word_set(&stress->go, 1);
	err = stress_read(&drive, &session->nursery, stress, &kid, counted);
	if (!err)
		err = stress_end(stress);
	if (!err)
		err = scene_check_rest(scene, &drive.finding);
	done = stress_done(stress, counted);
	if ((err < 0 || drive.finding.rule == RULE_TAIL) &&
	    was_killed(&scene->peer)) {
		drive.finding.rule = RULE_NONE;
		err = -ENOMEM;
	}
	scene_end_peer(scene);
	tally_print(&drive.tally, row->name, scene->race->seq / 2);
	if (drive.tally.lost_tails)
		known_bug_print();
	stress_print(stress, &session->nursery, done, bytes);
	if (err == 1)
		evidence_print(kid ? &session->nursery.scene : scene,
			       &drive.finding, kid ? "in a child" : row->name,
			       again("stress", row->name, kind->name, seed));
	ASSERT_STREQ("legal", rule_text[drive.finding.rule]);
	ASSERT_FALSE((bool)stress->flawed) {
		diag("RULE BROKEN: page that does not say what it should");
		diag("  found by    %s", stress->finder);
		if (stress->flaw.addr)
			diag("  page        %s", flaw_print(buf, sizeof(buf),
							    &stress->flaw));
		diag("  once more   %s", again("stress", row->name, kind->name,
					       seed));
	}
	ASSERT_FALSE(watch_end(&session->watch, buf, sizeof(buf))) {
		diag("the kernel said: %s", buf);
	}
	if (err == -ENOMEM)
		SKIP(return, "processes were killed for want of memory");
	ASSERT_EQ(0, err) {
		diag("target or reader: %s", stress_error(err));
	}
	if (stressor_refused(stress))
		SKIP(return, "%s", row->needs);
	if (!stress_suffices(stress, &session->nursery, &drive.tally, done))
		SKIP(return, "stress not exercised");
}

TEST_F_TIMEOUT(stress, maps, 3600)
{
	run_stress(_metadata, &self->session, variant->row, &file_maps);
}

TEST_F_TIMEOUT(stress, smaps, 3600)
{
	run_stress(_metadata, &self->session, variant->row, &file_smaps);
}

TEST_F_TIMEOUT(stress, query, 3600)
{
	run_stress(_metadata, &self->session, variant->row, &file_query);
}

#endif /* PROC_TEST_STRESS_H */
