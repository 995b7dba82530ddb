// SPDX-License-Identifier: GPL-2.0
/*
 * What may a reading of /proc/PID/maps show while the mappings change?
 *
 * Since Linux 6.17 the file is read under RCU and per-VMA locks, so that one
 * reading may mix moments.  What it must never show is a gap where there was a
 * mapping all the time, or a line that was never true.  oracle.h says that in
 * one rule, change.h has the changes as pictures; here are the ways to drive
 * one against the other:
 *
 *   known	the bug of 6.17 and later, in a test of its own
 *   stepped	read some lines, make a transition, read on: for each change at
 *		each record boundary; no race, no luck, one CPU will do
 *   racing	reader and changer run free or are steered against each other
 *   shapes	many mappings, each position of the stage in a page of text
 *   access	lseek(), pread(), shared descriptors, tasks, oneself
 *   query	PROCMAP_QUERY's filters, and its bad use
 *   leaving	processes that exit or exec, or may not be read
 *
 * Not tested: the values in smaps and numa_maps beyond what a layout says, and
 * anything of files below /proc/PID/map_files.
 *
 * Knobs: DURATION (seconds per racing test), SEED, PLANT (gap, perm, idle: let
 * the changer cheat, to see what red looks like).
 */
#include <grp.h>
#include <sys/timerfd.h>

#include "../kselftest_harness.h"
#include "evidence.h"

#if defined(__GNUC__) && !defined(__clang__)
/* The harness's setjmp() and what gcc inlines beside it. */
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/* Seconds of racing per change and file; the whole program stays below 15 s. */
#define RACING_SECONDS 0.03
/* A racing test that found no floor of evidence goes on up to this long... */
#define RACING_PATIENCE 2.0
/* ...as long as the program has not run for so many seconds: see settings. */
#define RACING_BUDGET 90.0
/* Overlapped readings below which a race says nothing. */
#define RACING_FLOOR 30
/* Interrupts hold the reader up between any two of its instructions. */
#define READER_TIMER_NS (50 * NSEC_PER_USEC)

/* Set by the test for the known bug, for the tests that follow it. */
static _Atomic bool *known_bug_seen;

/* When the program was started. */
static int64_t began_ns;

static void __attribute__((constructor)) prepare(void)
{
	peer_bind_forks();
	began_ns = now_ns();
	/* Where it is permitted: a busy machine leaves fewer races. */
	setpriority(PRIO_PROCESS, 0, -10);
	known_bug_seen = shared_alloc(sizeof(*known_bug_seen));
}

static uint64_t seed_from_env(void)
{
	const char *seed = getenv("SEED");

	return seed ? strtoull(seed, NULL, 0) : (uint64_t)now_ns();
}

static double duration_from_env(void)
{
	const char *duration = getenv("DURATION");
	double seconds = duration ? strtod(duration, NULL) : 0;

	return seconds > 0 ? seconds : RACING_SECONDS;
}

/* First letter of the plant: see changer_cheat(). */
static char plant_from_env(void)
{
	const char *plant = getenv("PLANT");

	return plant ? plant[0] : 0;
}

/* The first two CPUs that this process may run on; -1 for none. */
static void choose_cpus(int cpu[2])
{
	cpu_set_t set;
	int i, n = 0;

	cpu[0] = -1;
	cpu[1] = -1;
	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
}

/* The changer must be gone before anything is printed: failure is prompt. */
static void scene_end_peer(struct scene *scene)
{
	peer_kill(&scene->peer);
}

/*
 * Starts a scene, or says why not: a file that is not there and a change that
 * this kernel or user cannot make are no failure of readings.  Returns false
 * where the test is to be skipped.
 */
static bool open_scene(struct __test_metadata *_metadata, struct scene *scene,
		       const struct change *change,
		       const struct file_kind *kind,
		       const struct scene_options *options)
{
	struct finding finding = { 0 };
	int err = scene_start(scene, change, kind, options);

	if (!err)
		err = scene_check_rest(scene, &finding);
	if (err == 1) {
		scene_end_peer(scene);
		evidence_print(scene, &finding, "at rest", "-");
		ASSERT_STREQ("legal", rule_text[finding.rule]);
	}
	if (err)
		diag("%s, %s: %s", change->name,
		     scene->failed ? scene->failed : "changer", strerror(-err));
	if (err && scene->failed && !strcmp(scene->failed, "file"))
		SKIP(return false, "no such file in this kernel");
	if (err && change->needs)
		SKIP(return false, "%s", change->needs);
	ASSERT_EQ(0, err);
	return true;
}

/* Most scenes need nothing special, and nothing random. */
static const struct scene_options plain = { .seed = 1 };

/* How to run one test again, for evidence_print(). */
static const char *again(const char *fixture, const char *variant,
			 const char *test, uint64_t seed)
{
	static char buf[160];

	snprintf(buf, sizeof(buf),
		 "SEED=%" PRIu64 " ./proc_maps_tearing -r %s.%s%s%s", seed,
		 fixture, variant, *variant ? "." : "", test);
	return buf;
}

/* --- racing ---------------------------------------------------------------- */

/*
 * struct slice - a stretch of racing with one way of steering
 * @steer:	the changer's
 * @name:	for people
 * @share:	of the time of a test, in per cent
 * @cpus:	how many CPUs it takes
 */
static const struct slice {
	enum steer steer;
	const char *name;
	unsigned int share;
	unsigned int cpus;
} slices[] = {
	{ STEER_OVERLAP, "overlap", 40, 2 },
	{ STEER_FREE, "free", 20, 2 },
	{ STEER_PREEMPT, "preempt", 40, 1 },
};

static int reader_timer_start(void)
{
	struct itimerspec its = {
		.it_interval.tv_nsec = READER_TIMER_NS,
		.it_value.tv_nsec = READER_TIMER_NS,
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd >= 0)
		timerfd_settime(fd, 0, &its, NULL);
	return fd;
}

/* Bytes of text up to and including the guard above the stage. */
static size_t scene_near(struct scene *scene)
{
	uint64_t guard = scene->race->stage.base +
			 STAGE_PAGES * scene->race->stage.page;
	struct cursor cursor = { 0 };
	struct span span;

	if (reading_take(&scene->reader, &scene->reading))
		return 0;
	while (reading_next(scene->reader.kind, &scene->reading, &cursor,
			    &span) > 0)
		if (span.start >= guard)
			break;
	return cursor.pos;
}

/* How readings are to be taken from now on: one per call, odd, a page, big. */
static void vary_reader(struct scene *scene, size_t near, uint64_t *seed)
{
	static const size_t buffers[] = {
		100, 333, 4096, 1 << 16, 1 << 16, 1 << 16,
	};
	struct reader *reader = &scene->reader;

	if (scene->one_call) {
		reader->buffer = near;
		reader->limit = near;
		return;
	}

	reader->buffer = buffers[random_below(seed, ARRAY_SIZE(buffers))];
	/* Three in four see the stage and little else. */
	reader->limit = near < 4096 && random_below(seed, 4) ? near : 0;
}

/**
 * race_slice() - read while the changer changes
 * @scene:	the scene; the changer is frozen before and after
 * @slice:	how to steer
 * @seconds:	how long
 * @floor:	go on until so many readings were overlapped, or @patience
 * @patience:	seconds at most
 * @cpu:	reader's and changer's
 * @tally:	added to
 * @finding:	of the first illegal reading
 *
 * Return: 0, -errno, or 1 with @finding; then the reading is the illegal one.
 */
static int race_slice(struct scene *scene, const struct slice *slice,
		      double seconds, uint64_t floor, double patience,
		      const int cpu[2], struct tally *tally,
		      struct finding *finding)
{
	struct race *race = scene->race;
	size_t near = scene_near(scene);
	uint64_t seed = race->seed + slice->steer, first = tally->overlapped;
	int64_t begin = now_ns(), now = begin;
	int err = 0;

	if (cpu[0] >= 0)
		run_on(0, cpu[0]);
	race_go(race, slice->steer, cpu[slice->cpus - 1], scene->urgent);
	while (now - begin < seconds * NSEC_PER_SEC ||
	       (tally->overlapped - first < floor &&
		now - begin < patience * NSEC_PER_SEC &&
		now - began_ns < RACING_BUDGET * NSEC_PER_SEC)) {
		int64_t took;

		vary_reader(scene, near, &seed);
		atomic_fetch_add(&race->round, 1);
		err = reading_take(&scene->reader, &scene->reading);
		if (err || race->error)
			break;
		*finding = scene_judge(scene);
		tally_add(tally, finding);
		if (finding->rule)
			return 1;
		took = now_ns() - now;
		now += took;
		race->reading_ns += ((int64_t)took - race->reading_ns) / 8;
	}
	scene->reader.limit = 0;
	scene->reader.buffer = 1 << 16;
	if (err || race->error)
		return err ? err : race->error;
	return race_freeze(race);
}

/* Both outcomes of a race must have been there, or it was none. */
static bool tally_suffices(const struct tally *tally)
{
	return tally->overlapped >= RACING_FLOOR &&
	       (tally->layouts & (tally->layouts - 1));
}

/* --- the known bug ---------------------------------------------------------- */

/*
 * When is a kernel acquitted?  Where reads are lockless, two layouts mix within
 * one read() every now and then; each such reading came close.  Of them one in
 * 4,000 or more was a catch on a kernel without preemption, one in 100 or more
 * on one with it (6.17 to 7.3, bare and emulated).  Where one read() never mixes
 * layouts while the changer is on another CPU, it holds the lock, and there is
 * nothing to catch.
 */
#define KNOWN_ENOUGH 200000	/* close readings: no need to go on */
#define KNOWN_FLOOR 150		/* close readings: fewer say nothing */
#define KNOWN_LOCKED 20000	/* overlapped readings, none of them close */
#define KNOWN_SECONDS 5.0
#define KNOWN_SLICE 0.05

FIXTURE(known) {
	struct scene scene;
};

FIXTURE_SETUP(known)
{
}

FIXTURE_TEARDOWN(known)
{
	scene_end(&self->scene);
}

static const char *const known_bug[] = {
	"this kernel loses mappings from /proc/PID/maps: a reader steps past what a merge",
	"has just joined (lock_next_vma(), 6.17 and later); the kernel is at fault, not the test",
};

/* Would the reading be legal but for the bug described at oracle_lost_tail()? */
static bool is_lost_tail(struct scene *scene)
{
	struct finding finding;

	scene->oracle.tolerate_lost_tail = true;
	finding = scene_judge(scene);
	scene->oracle.tolerate_lost_tail = false;
	return !finding.rule && finding.lost_tails;
}

/*
 * A reader has just printed the head of a split mapping.  mprotect() joins head
 * and tail; that is over before the reader looks for the next mapping, so that
 * nothing asks it to try again.  Its iterator, left at the head, finds the
 * joined mapping in place of it, and goes on behind: the tail is never printed.
 *
 *	layout 0	wwrrrr		reader prints ww
 *	layout 1	wwwwrr		reader goes on behind wwww, prints rr
 *
 * A failure means that a monitor can miss a mapping that was there all the time.
 */
TEST_F_TIMEOUT(known, tail_lost_after_merge, 30)
{
	struct scene *scene = &self->scene;
	uint64_t seed = seed_from_env();
	const struct scene_options options = {
		.seed = seed,
		.cheat = plant_from_env(),
	};
	struct finding finding = { 0 };
	uint64_t close_by[ARRAY_SIZE(slices)] = { 0 };
	int64_t begin = now_ns();
	struct tally tally = { 0 };
	uint32_t transitions;
	unsigned int i;
	int cpu[2], err = 0, timer;
	bool bug;

	choose_cpus(cpu);
	if (!open_scene(_metadata, scene, &change_merge_left_partial,
			&file_maps, &options))
		return;
	scene->one_call = true;
	timer = reader_timer_start();
	scene->urgent = true;
	run_at(0, LEVEL_READER);
	for (i = 0; !err && now_ns() - begin < KNOWN_SECONDS * NSEC_PER_SEC &&
	     tally.mixed < KNOWN_ENOUGH &&
	     (tally.mixed || tally.torn_calls < KNOWN_LOCKED); i++) {
		unsigned int way = i % ARRAY_SIZE(slices);
		uint64_t before = tally.mixed;

		if (slices[way].cpus > 1 && cpu[1] < 0)
			continue;
		/* Without preemption, say, that way leads nowhere. */
		if (before && i >= ARRAY_SIZE(slices) && !close_by[way])
			continue;
		err = race_slice(scene, &slices[way], KNOWN_SLICE, 0, 0, cpu,
				 &tally, &finding);
		close_by[way] += tally.mixed - before;
	}
	run_at(0, 0);
	close(timer);
	transitions = scene->race->seq / 2;
	ASSERT_GE(err, err == 1 ? 1 : 0) {
		diag("changer: %s", strerror(-err));
	}
	scene_end_peer(scene);
	tally_print(&tally, "known", transitions);
	diag("known: %.2f s", (now_ns() - begin) / 1e9);
	if (err == 1) {
		bug = is_lost_tail(scene);
		finding = scene_judge(scene);
		evidence_print(scene, &finding, slices[(i - 1) %
			       ARRAY_SIZE(slices)].name,
			       again("known", "", "tail_lost_after_merge", seed));
		*known_bug_seen = bug;
		if (bug) {
			diag("summary: %s", known_bug[0]);
			diag("summary: %s", known_bug[1]);
		}
		ASSERT_STREQ("legal", rule_text[finding.rule]);
	}
	if (tally.mixed ? tally.mixed < KNOWN_FLOOR :
			  tally.torn_calls < KNOWN_LOCKED || cpu[1] < 0)
		SKIP(return, "not provoked");
}

/* --- stepping, change by change ---------------------------------------------- */

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
	scene_end(&self->scene);
}

#define CHANGE(row) FIXTURE_VARIANT_ADD(stepped, row) { .change = &change_##row }
#include "change_list.h"
#undef CHANGE

/*
 * Reads @prefix bytes, which is a number of whole records, makes @steps
 * transitions, and reads on.
 */
static int read_step_read(struct scene *scene, size_t prefix,
			  unsigned int steps, size_t buffer)
{
	struct reader *reader = &scene->reader;
	int err = reading_begin(reader, &scene->reading);
	ssize_t got = 1;

	while (!err && scene->reading.len < prefix && got > 0) {
		reader->buffer = prefix - scene->reading.len;
		got = reading_call(reader, &scene->reading);
		if (got < 0)
			err = got;
	}
	if (!err)
		err = scene_step(scene, steps);
	reader->buffer = buffer;
	return err ? err : reading_go_on(reader, &scene->reading);
}

/**
 * step_boundaries() - a transition at each record boundary of the current layout
 * @scene:	the scene, frozen
 * @buffer:	bytes per read() behind the boundary
 * @steps:	transitions at the boundary
 * @tally:	added to
 * @finding:	of the first illegal reading
 *
 * Each case begins in the layout in which the last one ended, so boundaries
 * are counted in records, and found anew in a reading at rest.  Slow files are
 * read no further than the stage.
 *
 * Return: 0, -errno, or 1 with @finding.
 */
static int step_boundaries(struct scene *scene, size_t buffer,
			   unsigned int steps, struct tally *tally,
			   struct finding *finding)
{
	struct reading *reading = &scene->reading;
	unsigned int boundary, record;
	int err;

	if (scene->reader.kind->slow)
		scene->reader.limit = scene_near(scene);

	for (boundary = 0;; boundary++) {
		struct cursor cursor = { 0 };
		struct span span;

		scene->reader.buffer = 1 << 16;
		err = reading_take(&scene->reader, reading);
		if (err)
			return err;
		for (record = 0; record < boundary; record++)
			if (reading_next(scene->reader.kind, reading, &cursor,
					 &span) <= 0)
				return 0;
		err = read_step_read(scene, cursor.pos, steps, buffer);
		if (err)
			return err;
		*finding = scene_judge(scene);
		tally_add(tally, finding);
		if (finding->rule)
			return 1;
	}
}

/* The body of all stepped tests. */
static void run_stepped(struct __test_metadata *_metadata,
			struct scene *scene, const struct change *change,
			const struct file_kind *kind)
{
	static const size_t buffers[] = { 100, 1 << 16 };
	struct finding finding = { 0 };
	struct tally tally = { 0 };
	unsigned int i, steps;
	int err = 0;

	if (!open_scene(_metadata, scene, change, kind, &plain))
		return;
	/* They wait for each other thousands of times, and for nobody else. */
	run_at(0, LEVEL_READER);
	run_at(scene->race->tid, LEVEL_CHANGER);
	for (i = 0; i < ARRAY_SIZE(buffers) && !err; i++)
		for (steps = 1; steps <= change->nr && !err; steps++)
			err = step_boundaries(scene, buffers[i], steps,
					      &tally, &finding);
	ASSERT_GE(err, err == 1 ? 1 : 0) {
		diag("changer or reader: %s", strerror(-err));
	}
	run_at(0, 0);
	scene_end_peer(scene);
	tally_print(&tally, change->name, scene->race->seq / 2);
	if (err)
		evidence_print(scene, &finding, "stepped",
			       again("stepped", change->name, kind->name, 1));
	ASSERT_STREQ("legal", rule_text[finding.rule]);
	/* Without readings that a transition fell into nothing was tested. */
	ASSERT_GT(tally.overlapped, 2U);
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

/* --- shapes of the file ------------------------------------------------------ */

FIXTURE(shapes) {
	struct scene scene;
};

FIXTURE_SETUP(shapes)
{
}

FIXTURE_TEARDOWN(shapes)
{
	scene_end(&self->scene);
}

/* So many mappings that a reading takes many pages of text. */
#define MANY_MAPPINGS 4000

/*
 * With thousands of mappings the maple tree has several levels, and a reading
 * has as many restarts as pages of text.
 */
TEST_F(shapes, many_mappings)
{
	uint64_t seed = seed_from_env();
	const struct scene_options options = {
		.seed = seed,
		.fillers = MANY_MAPPINGS,
	};
	struct scene *scene = &self->scene;
	struct finding finding = { 0 };
	struct tally tally = { 0 };
	unsigned int i;
	int cpu[2], err;

	choose_cpus(cpu);
	err = scene_start(scene, &change_split_middle, &file_maps, &options);
	if (err == -ENOMEM)
		SKIP(return, "too few mappings allowed");
	if (err == -ETIMEDOUT)
		SKIP(return, "too slow to make many mappings");
	ASSERT_EQ(0, err);
	err = scene_check_rest(scene, &finding);
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	for (i = 0; i < ARRAY_SIZE(slices) && !err; i++)
		if (slices[i].cpus == 1 || cpu[1] >= 0)
			err = race_slice(scene, &slices[i], 0.1, RACING_FLOOR,
					 RACING_PATIENCE, cpu, &tally,
					 &finding);
	ASSERT_GE(err, err == 1 ? 1 : 0);
	scene_end_peer(scene);
	tally_print(&tally, "many_mappings", scene->race->seq / 2);
	if (err)
		evidence_print(scene, &finding, "in a race",
			       again("shapes", "", "many_mappings", seed));
	ASSERT_STREQ("legal", rule_text[finding.rule]);
	if (!tally_suffices(&tally))
		SKIP(return, "race not exercised");
}

/* Bytes of one line of maps without a name, of addresses below 4 GiB. */
#define SHORT_LINE 41

/*
 * One big read() after @skip records, a transition, the rest: the end of the
 * page of text falls on or near the stage.
 */
static int step_at_page_end(struct scene *scene, unsigned int skip,
			    struct tally *tally, struct finding *finding)
{
	struct reading *reading = &scene->reading;
	struct cursor cursor = { 0 };
	struct span span;
	ssize_t got;
	int err;

	scene->reader.buffer = 1 << 16;
	err = reading_take(&scene->reader, reading);
	if (err)
		return err;
	while (skip-- && reading_next(&file_maps, reading, &cursor, &span) > 0)
		;
	err = reading_begin(&scene->reader, reading);
	scene->reader.buffer = cursor.pos;
	while (!err && reading->len < cursor.pos) {
		got = reading_call(&scene->reader, reading);
		scene->reader.buffer = cursor.pos - reading->len;
		err = got < 0 ? got : 0;
	}
	scene->reader.buffer = 1 << 16;
	if (!err)
		err = reading_call(&scene->reader, reading) < 0 ? -EIO : 0;
	if (!err)
		err = scene_step(scene, 1);
	if (!err)
		err = reading_go_on(&scene->reader, reading);
	if (err)
		return err;
	*finding = scene_judge(scene);
	tally_add(tally, finding);
	return !!finding->rule;
}

/*
 * seq_file fills a page, drops the record that did not fit, and looks it up
 * again in the next read().  Here that happens at each byte of each line of the
 * stage: fillers bring the stage to the end of the page, the name of the first
 * one shifts it by single bytes, and records left out shift it by lines.
 */
TEST_F(shapes, page_positions)
{
	unsigned int page = sysconf(_SC_PAGESIZE), pad, skip;
	struct finding finding = { 0 };
	struct tally tally = { 0 };
	struct scene *scene = &self->scene;

	for (pad = 1; pad <= SHORT_LINE; pad++) {
		const struct scene_options options = {
			.seed = 1,
			.pad = pad,
			.fillers = page / SHORT_LINE - 4,
		};
		int err = scene_start(scene, &change_single_pages, &file_maps,
				      &options);

		for (skip = 0; skip < 16 && !err; skip++)
			err = step_at_page_end(scene, skip, &tally, &finding);
		ASSERT_GE(err, err == 1 ? 1 : 0) {
			diag("%s", strerror(-err));
		}
		if (err) {
			scene_end_peer(scene);
			evidence_print(scene, &finding, "at the end of a page",
				       again("shapes", "", "page_positions", 1));
		}
		ASSERT_STREQ("legal", rule_text[finding.rule]);
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
	tally_print(&tally, "page_positions", 16 * SHORT_LINE);
	/* Else the end of the page was never near the stage. */
	ASSERT_GT(tally.mixed, 0U);
}

/* --- ways to read ------------------------------------------------------------ */

FIXTURE(access) {
	struct scene scene;
	char *text;
	size_t len;
};

FIXTURE_SETUP(access)
{
}

FIXTURE_TEARDOWN(access)
{
	scene_end(&self->scene);
	free(self->text);
}

/* Keeps the text of a reading at rest, to compare others with. */
static bool keep_text(char **text, size_t *len, struct scene *scene)
{
	scene->reader.buffer = 1 << 16;
	if (reading_take(&scene->reader, &scene->reading))
		return false;
	free(*text);
	*len = scene->reading.len;
	*text = malloc(*len);
	if (*text)
		memcpy(*text, scene->reading.text, *len);
	return *text;
}

/*
 * The last lines ([stack], [vdso], [vsyscall]) are the ones that get lost when
 * a position behind the last mapping is not kept from one read() to the next.
 */
TEST_F(access, buffer_sizes)
{
	struct scene *scene = &self->scene;
	size_t size, largest = 2 * sysconf(_SC_PAGESIZE);

	if (!open_scene(_metadata, scene, &change_single_pages, &file_maps,
			&plain))
		return;
	ASSERT_TRUE(keep_text(&self->text, &self->len, scene));
	for (size = 1; size <= largest; size += size < 300 ? 1 : 97) {
		scene->reader.buffer = size;
		/* A read() per byte is more than a reading has room for. */
		if (self->len / size + 2 > scene->reading.max_chunks)
			continue;
		ASSERT_EQ(0, reading_take(&scene->reader, &scene->reading));
		ASSERT_EQ(self->len, scene->reading.len) {
			diag("read() of %zu bytes: %zu instead of %zu in all",
			     size, scene->reading.len, self->len);
		}
		ASSERT_EQ(0, memcmp(self->text, scene->reading.text,
				    self->len)) {
			diag("read() of %zu bytes: other text", size);
		}
	}
}

/*
 * An offset is counted in bytes of text: the kernel prints all that precedes it
 * again.  At rest, each must give the same text, also after a change.
 */
TEST_F(access, offsets)
{
	struct scene *scene = &self->scene;
	unsigned int lap;
	char buf[300];

	if (!open_scene(_metadata, scene, &change_split_middle, &file_maps,
			&plain))
		return;
	for (lap = 0; lap < 4; lap++) {
		int fd = scene->reader.fd;
		size_t offset;

		ASSERT_TRUE(keep_text(&self->text, &self->len, scene));
		for (offset = 0; offset <= self->len; offset += 1 + offset % 7) {
			ssize_t got = pread(fd, buf, sizeof(buf), offset);

			ASSERT_GE(got, 0);
			ASSERT_GE(self->len - offset, (size_t)got);
			ASSERT_TRUE(got || offset == self->len);
			ASSERT_EQ(0, memcmp(buf, self->text + offset, got)) {
				diag("pread() at %zu: other text", offset);
			}
			ASSERT_EQ((off_t)offset, lseek(fd, offset, SEEK_SET));
			got = read(fd, buf, 64);
			ASSERT_GE(got, 0);
			ASSERT_EQ(0, memcmp(buf, self->text + offset, got)) {
				diag("lseek() to %zu: other text", offset);
			}
		}
		ASSERT_EQ(0, scene_step(scene, 1));
	}
}

/* The file of a thread is the file of its process. */
TEST_F(access, task)
{
	const struct scene_options options = { .seed = 1, .task = true };
	struct scene *scene = &self->scene;
	struct finding finding = { 0 };
	struct tally tally = { 0 };
	int err;

	if (!open_scene(_metadata, scene, &change_split_middle, &file_maps,
			&options))
		return;
	err = step_boundaries(scene, 333, 1, &tally, &finding);
	ASSERT_GE(err, err == 1 ? 1 : 0);
	if (err)
		evidence_print(scene, &finding, "task",
			       again("access", "", "task", 1));
	ASSERT_STREQ("legal", rule_text[finding.rule]);
	ASSERT_GT(tally.overlapped, 2U);
}

/**
 * struct sharer - a thread that uses a descriptor together with others
 * @scene:	whose descriptor and layouts; the reading is the thread's own
 * @query:	asks PROCMAP_QUERY instead of reading
 * @near:	bytes per reading
 * @stop:	set to end it
 * @tally:	what it saw
 * @finding:	the first illegal reading
 * @thread:	its thread
 */
struct sharer {
	struct scene scene;
	bool query;
	size_t near;
	atomic_bool *stop;
	struct tally tally;
	struct finding finding;
	pthread_t thread;
};

/* One pread() from the beginning of the file, as much as it brings. */
static ssize_t call_pread(const struct reader *reader, struct reading *reading)
{
	ssize_t got = pread(reader->fd, reading->text, reader->buffer, 0);

	if (got < 0)
		return -errno;
	reading->len = got;
	return got;
}

static const struct file_kind file_pread = {
	.name = "maps", .path = "maps", .fields = SPAN_ALL, .gate = true,
	.call = call_pread, .parse = parse_maps_line,
};

static void *share(void *arg)
{
	struct sharer *sharer = arg;
	struct scene *scene = &sharer->scene;

	scene->reader.kind = sharer->query ? &file_query : &file_pread;
	scene->reader.buffer = sharer->near;
	while (!*sharer->stop && !sharer->finding.rule) {
		scene->reading.len = 0;
		scene->reading.nr_chunks = 0;
		scene->reading.whole = false;
		scene->reader.limit = sharer->query ? 3 * sizeof(struct span) : 1;
		if (reading_go_on(&scene->reader, &scene->reading))
			break;
		sharer->finding = scene_judge(scene);
		tally_add(&sharer->tally, &sharer->finding);
	}
	return NULL;
}

/* Two threads on one descriptor, whose private data the kernel must guard. */
static void share_descriptor(struct __test_metadata *_metadata,
			     struct scene *scene, bool query, const char *test)
{
	struct sharer sharer[2] = { 0 };
	uint64_t seed = seed_from_env();
	const struct scene_options options = { .seed = seed };
	atomic_bool stop = false;
	struct reader probe;
	int64_t end;
	int i;

	if (!open_scene(_metadata, scene, &change_split_middle, &file_maps,
			&options))
		return;
	probe = scene->reader;
	probe.kind = &file_query;
	if (query && call_query(&probe, &scene->reading) == -ENOTTY)
		SKIP(return, "no such file in this kernel");
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	for (i = 0; i < 2; i++) {
		sharer[i].scene = *scene;
		sharer[i].query = query && i;
		sharer[i].near = scene_near(scene);
		sharer[i].stop = &stop;
		ASSERT_TRUE(reading_alloc(&sharer[i].scene.reading, 1 << 16,
					  64));
	}
	race_go(scene->race, STEER_PREEMPT, -1, false);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&sharer[i].thread, NULL, share,
					    &sharer[i]));
	end = now_ns() + 200 * NSEC_PER_MSEC;
	while (now_ns() < end && !sharer[0].finding.rule &&
	       !sharer[1].finding.rule)
		nap_ns(5 * NSEC_PER_MSEC);
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(sharer[i].thread, NULL);
	scene_end_peer(scene);
	for (i = 0; i < 2; i++) {
		struct scene *seen = &sharer[i].scene;
		const char *rule = rule_text[sharer[i].finding.rule];

		tally_print(&sharer[i].tally, test, scene->race->seq / 2);
		if (sharer[i].finding.rule)
			evidence_print(seen, &sharer[i].finding,
				       "shared descriptor",
				       again("access", "", test, seed));
		reading_free(&seen->reading);
		EXPECT_STREQ("legal", rule);
	}
	ASSERT_EQ(0, atomic_load(&scene->race->error));
	if (sharer[0].tally.overlapped < RACING_FLOOR)
		SKIP(return, "race not exercised");
}

TEST_F(access, shared_read_read)
{
	share_descriptor(_metadata, &self->scene, false, "shared_read_read");
}

TEST_F(access, shared_read_query)
{
	share_descriptor(_metadata, &self->scene, true, "shared_read_query");
}

/*
 * One's own maps, while another thread of the process changes them: the reader
 * waits for locks of its own address space.
 */
TEST_F(access, own_maps)
{
	uint64_t seed = seed_from_env();
	const struct scene_options options = { .seed = seed, .own = true };
	struct scene *scene = &self->scene;
	struct finding finding = { 0 };
	struct tally tally = { 0 };
	unsigned int i;
	int cpu[2], err;

	choose_cpus(cpu);
	err = scene_start(scene, &change_split_middle, &file_maps, &options);
	ASSERT_EQ(0, err) {
		diag("%s: %s", scene->failed, strerror(-err));
	}
	err = scene_check_rest(scene, &finding);
	scene->oracle.tolerate_lost_tail = *known_bug_seen;
	for (i = 0; i < ARRAY_SIZE(slices) && !err; i++)
		if (slices[i].cpus == 1 || cpu[1] >= 0)
			err = race_slice(scene, &slices[i], 0.05, RACING_FLOOR,
					 RACING_PATIENCE, cpu, &tally,
					 &finding);
	ASSERT_GE(err, err == 1 ? 1 : 0);
	scene->race->stop = true;
	tally_print(&tally, "own_maps", scene->race->seq / 2);
	if (err)
		evidence_print(scene, &finding, "own maps",
			       again("access", "", "own_maps", seed));
	ASSERT_STREQ("legal", rule_text[finding.rule]);
	if (!tally_suffices(&tally))
		SKIP(return, "race not exercised");
}

/* --- PROCMAP_QUERY ------------------------------------------------------------ */

FIXTURE(query) {
	struct scene scene;
};

FIXTURE_SETUP(query)
{
}

FIXTURE_TEARDOWN(query)
{
	scene_end(&self->scene);
}

/* One combination of flags, from 0 to QUESTIONS - 1. */
#define QUESTIONS 64

static uint64_t question_make(struct question *question, uint64_t addr,
			      unsigned int flags)
{
	question->addr = addr;
	question->or_next = flags & PROCMAP_QUERY_COVERING_OR_NEXT_VMA;
	question->file = flags & PROCMAP_QUERY_FILE_BACKED_VMA;
	memcpy(question->perm, "----", 5);
	if (flags & PROCMAP_QUERY_VMA_READABLE)
		question->perm[0] = 'r';
	if (flags & PROCMAP_QUERY_VMA_WRITABLE)
		question->perm[1] = 'w';
	if (flags & PROCMAP_QUERY_VMA_EXECUTABLE)
		question->perm[2] = 'x';
	if (flags & PROCMAP_QUERY_VMA_SHARED)
		question->perm[3] = 's';
	return flags;
}

/* Asks once, and judges; a wrong answer is printed. */
static int ask_and_judge(struct scene *scene, uint64_t addr, unsigned int flags,
			 struct tally *tally, enum rule *rule)
{
	_Atomic uint32_t *seq = &scene->race->seq;
	uint32_t before = *seq, after;
	struct question question;
	struct span span;
	unsigned int mask;
	char buf[320];
	int err;

	err = query_ask(scene->reader.fd, addr,
			question_make(&question, addr, flags), &span);
	after = *seq;
	if (err && err != -ENOENT)
		return err;
	mask = layouts_between(&scene->oracle, before, after);
	*rule = oracle_query(&scene->oracle, mask, &question,
			     err ? NULL : &span);
	tally->readings++;
	tally->overlapped += before != after;
	tally->layouts |= mask;
	if (!*rule)
		return 0;
	scene_end_peer(scene);
	diag("RULE BROKEN: %s", rule_text[*rule]);
	diag("  asked       %08" PRIx64 " with flags 0x%x, change %s, layouts 0x%x",
	     addr, flags, scene->race->change->name, mask);
	diag("  answer      %s",
	     err ? "ENOENT" : span_print(buf, sizeof(buf), &span));
	evidence_pictures(scene);
	return 1;
}

/* A row with holes, a file, and mappings of three permissions. */
static const struct change *const questioned[] = {
	&change_three_pages, &change_gap_left, &change_swap_part, &change_move,
	&change_two_bits, &change_read_only_file,
};

/* Each flag, at each page of the stage and its guards, in each layout. */
TEST_F(query, filters)
{
	unsigned int i, k, page, flags;
	struct tally tally = { 0 };
	enum rule rule = RULE_NONE;

	for (i = 0; i < ARRAY_SIZE(questioned); i++) {
		struct scene *scene = &self->scene;
		struct stage *stage;
		uint64_t first;

		if (!open_scene(_metadata, scene, questioned[i], &file_query,
				&plain))
			return;
		stage = &scene->race->stage;
		first = stage->base - stage->page;
		for (k = 0; k < questioned[i]->nr; k++) {
			for (page = 0; page < STAGE_PAGES + 2; page++)
				for (flags = 0; flags < QUESTIONS; flags++)
					ASSERT_EQ(0, ask_and_judge(scene, first +
								   page * stage->page + page % 3,
								   flags, &tally, &rule));
			ASSERT_EQ(0, scene_step(scene, 1));
		}
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
	diag("filters: questions %" PRIu64, tally.readings);
}

/* The same while the changer changes. */
TEST_F(query, filters_racing)
{
	uint64_t seed = seed_from_env(), random = seed | 1;
	const struct scene_options options = {
		.seed = seed,
		.cheat = plant_from_env(),
	};
	struct tally tally = { 0 };
	enum rule rule = RULE_NONE;
	unsigned int i;
	int cpu[2];

	choose_cpus(cpu);
	for (i = 0; i < ARRAY_SIZE(questioned); i++) {
		struct scene *scene = &self->scene;
		struct stage *stage;
		int64_t end;

		if (!open_scene(_metadata, scene, questioned[i], &file_query,
				&options))
			return;
		stage = &scene->race->stage;
		if (cpu[0] >= 0)
			run_on(0, cpu[0]);
		race_go(scene->race, cpu[1] < 0 ? STEER_PREEMPT : STEER_FREE,
			cpu[1] < 0 ? cpu[0] : cpu[1], false);
		end = now_ns() + 100 * NSEC_PER_MSEC;
		while (now_ns() < end)
			ASSERT_EQ(0, ask_and_judge(scene, stage->base +
				random_below(&random, STAGE_PAGES * stage->page),
				random_below(&random, QUESTIONS), &tally,
				&rule));
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
	diag("filters_racing: questions %" PRIu64 ", overlapped %" PRIu64,
	     tally.readings, tally.overlapped);
	if (tally.overlapped < RACING_FLOOR)
		SKIP(return, "race not exercised");
}

/*
 * struct misuse - a request that the kernel must refuse
 * @what:	for people
 * @size:	of the request; 0 for the right one
 * @flags:	query_flags
 * @name_size:	of the buffer for the name
 * @id_size:	of the buffer for the build ID
 * @name:	there is a buffer for the name
 * @id:		there is one for the build ID
 * @tail:	a byte behind the structure is not 0
 * @err:	the errno expected
 */
static const struct misuse {
	const char *what;
	uint64_t size, flags;
	uint32_t name_size, id_size;
	bool name, id, tail;
	int err;
} misuses[] = {
	{ "size 1", .size = 1, .err = EINVAL },
	{ "size without address", .size = 16, .err = EINVAL },
	{ "non-zero tail", .size = sizeof(struct procmap_query) + 8,
	  .tail = true, .err = E2BIG },
	{ "more than a page", .size = 1 << 20, .err = E2BIG },
	{ "unknown flag", .flags = 0x40, .err = EINVAL },
	{ "unknown high flag", .flags = 1ULL << 63, .err = EINVAL },
	{ "name size without buffer", .name_size = 64, .err = EINVAL },
	{ "name buffer without size", .name = true, .err = EINVAL },
	{ "id size without buffer", .id_size = 64, .err = EINVAL },
	{ "id buffer without size", .id = true, .err = EINVAL },
	{ "name buffer too small", .name = true, .name_size = 1,
	  .err = ENAMETOOLONG },
	{ "id buffer too small", .id = true, .id_size = 1,
	  .err = ENAMETOOLONG },
	{ "both too small", .name = true, .name_size = 1, .id = true,
	  .id_size = 1, .err = ENAMETOOLONG },
};

/* The first executable file mapping of the changer: the program itself. */
static uint64_t find_program(struct scene *scene)
{
	unsigned int i;

	for (i = 0; i < scene->rest.nr; i++)
		if (scene->rest.span[i].name[0] == '/' &&
		    scene->rest.span[i].perm[2] == 'x')
			return scene->rest.span[i].start;
	return 0;
}

/*
 * Bad requests are refused, and leave no lock and no reference behind: after
 * each of them the target can still map and unmap.  A reference too few takes
 * the address space away under the target's feet.
 */
TEST_F(query, misuse)
{
	struct scene *scene = &self->scene;
	unsigned int i, lap;
	char name[64], id[64];
	struct {
		struct procmap_query query;
		char tail[16];
	} request;

	if (!open_scene(_metadata, scene, &change_hole, &file_query, &plain))
		return;
	for (lap = 0; lap < 20; lap++)
		for (i = 0; i < ARRAY_SIZE(misuses); i++) {
			const struct misuse *m = &misuses[i];
			int err;

			memset(&request, 0, sizeof(request));
			request.query.size = m->size ? m->size :
						       sizeof(request.query);
			request.query.query_flags = m->flags;
			request.query.query_addr = find_program(scene);
			request.query.vma_name_size = m->name_size;
			request.query.build_id_size = m->id_size;
			request.query.vma_name_addr = m->name ? (uintptr_t)name : 0;
			request.query.build_id_addr = m->id ? (uintptr_t)id : 0;
			request.tail[0] = m->tail;
			err = ioctl(scene->reader.fd, PROCMAP_QUERY, &request) ?
			      errno : 0;
			/* A program without a build ID has none to cut off. */
			if (!err && m->id && !request.query.build_id_size)
				continue;
			ASSERT_EQ(m->err, err) {
				diag("%s", m->what);
			}
			ASSERT_EQ(0, scene_step(scene, 2)) {
				diag("%s: the target is stuck", m->what);
			}
		}
	ASSERT_EQ(-1, ioctl(scene->reader.fd, PROCMAP_QUERY, NULL));
	ASSERT_EQ(EFAULT, errno);
	ASSERT_TRUE(peer_alive(&scene->peer));
}

/* --- processes that leave, and those that are none of one's business ----------- */

FIXTURE(leaving) {
	struct scene scene;
};

FIXTURE_SETUP(leaving)
{
}

FIXTURE_TEARDOWN(leaving)
{
	scene_end(&self->scene);
}

/*
 * Reads what is left of a file whose process is going.  It may end at any
 * record, with end of file or ESRCH; what it shows must be the old layout.
 */
static void read_the_leaver(struct __test_metadata *_metadata,
			    struct scene *scene, const char *test)
{
	struct finding finding;
	int err;

	scene->reader.buffer = 100;
	do {
		err = reading_call(&scene->reader, &scene->reading);
	} while (err > 0);
	ASSERT_TRUE(err == 0 || err == -ESRCH) {
		diag("%s: %s", test, strerror(-err));
	}
	/* Nobody knows whether the file ended or its process. */
	scene->reading.whole = false;
	finding = scene_judge(scene);
	if (finding.rule)
		evidence_print(scene, &finding, test,
			       again("leaving", "", test, 1));
	ASSERT_STREQ("legal", rule_text[finding.rule]);
}

TEST_F(leaving, exit)
{
	unsigned int records;

	for (records = 0; records < 24; records++) {
		struct scene *scene = &self->scene;

		if (!open_scene(_metadata, scene, &change_hole, &file_maps,
				&plain))
			return;
		scene->reader.buffer = 100;
		ASSERT_EQ(0, reading_begin(&scene->reader, &scene->reading));
		while (scene->reading.nr_chunks < records)
			ASSERT_GE(reading_call(&scene->reader,
					       &scene->reading), 0);
		if (records & 1)
			kill(scene->peer.pid, SIGKILL);
		else
			scene_end_peer(scene);
		read_the_leaver(_metadata, scene, "exit");
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
}

/*
 * A descriptor belongs to the address space that it was opened for: after an
 * exec it shows no line of the new one.
 */
TEST_F(leaving, exec)
{
	unsigned int records;
	int err;

	for (records = 0; records < 24; records++) {
		struct scene *scene = &self->scene;

		if (!open_scene(_metadata, scene, &change_hole, &file_maps,
				&plain))
			return;
		scene->reader.buffer = 100;
		ASSERT_EQ(0, reading_begin(&scene->reader, &scene->reading));
		while (scene->reading.nr_chunks < records)
			ASSERT_GE(reading_call(&scene->reader,
					       &scene->reading), 0);
		scene->race->leave = true;
		word_set(&scene->race->limit, scene->race->seq / 2 + 1);
		/* Every other time the reader is there while it execs. */
		err = records & 1 ? 0 : peer_wait(&scene->peer, 5 * NSEC_PER_SEC);
		ASSERT_GE(err, 0);
		read_the_leaver(_metadata, scene, "exec");
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
}

/* Somebody else's maps are not shown to those who may not trace him. */
TEST_F(leaving, forbidden)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", geteuid() ? 1 : getpid());
	if (!geteuid()) {
		/* The process is root's, the reader shall be nobody. */
		pid_t pid = fork();
		int status;

		ASSERT_GE(pid, 0);
		if (!pid) {
			if (setgroups(0, NULL) || setgid(65534) ||
			    setuid(65534))
				_exit(4);
			fd = open(path, O_RDONLY);
			_exit(fd >= 0 || (errno != EACCES && errno != ENOENT &&
					  errno != EPERM));
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		if (WEXITSTATUS(status) == 4)
			SKIP(return, "cannot become another user");
		ASSERT_EQ(0, WEXITSTATUS(status));
		return;
	}
	fd = open(path, O_RDONLY);
	ASSERT_EQ(-1, fd);
}

/* --- racing, change by change: long, and so behind what is quick and certain ---- */

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

TEST_HARNESS_MAIN
