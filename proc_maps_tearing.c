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
#define RACING_SECONDS 0.05
/* A racing test that found no floor of evidence goes on up to this long. */
#define RACING_PATIENCE 2.0
/* Overlapped readings below which a race says nothing. */
#define RACING_FLOOR 30
/* Interrupts hold the reader up between any two of its instructions. */
#define READER_TIMER_NS (50 * NSEC_PER_USEC)

/* Set by the test for the known bug, for the tests that follow it. */
static _Atomic bool *known_bug_seen;

static void __attribute__((constructor)) share_known_bug(void)
{
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

	cpu[0] = cpu[1] = -1;
	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
}

/*
 * Starts a trial, or says why not: a file that is not there and a change that
 * this kernel or user cannot make are no failure of readings.
 */
#define TRIAL_START(trial, change, kind, ...) do { \
	const struct trial_options options_ = { __VA_ARGS__ }; \
	struct verdict verdict_ = { 0 }; \
	int err_ = trial_start(trial, change, kind, &options_); \
	if (!err_) \
		err_ = trial_check_rest(trial, &verdict_); \
	if (err_ == 1) { \
		trial_end_peer(trial); \
		evidence_print(trial, &verdict_, "at rest", "-"); \
		ASSERT_STREQ("legal", rule_text[verdict_.rule]); \
	} \
	if (err_ && (trial)->failed && !strcmp((trial)->failed, "file")) { \
		diag("/proc/PID/%s: %s", (kind)->name, strerror(-err_)); \
		SKIP(return, "no such file in this kernel"); \
	} \
	if (err_ && (change)->needs) { \
		diag("%s: %s", (change)->name, strerror(-err_)); \
		SKIP(return, "%s", (change)->needs); \
	} \
	ASSERT_EQ(0, err_) { \
		diag("%s: %s", (trial)->failed ? (trial)->failed : "changer", \
		     strerror(-err_)); \
	} \
} while (0)

/* The changer must be gone before anything is printed: failure is prompt. */
static void trial_end_peer(struct trial *trial)
{
	peer_kill(&trial->peer);
}

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

/**
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
static size_t trial_near(struct trial *trial)
{
	uint64_t guard = trial->race->stage.base +
			 STAGE_PAGES * trial->race->stage.page;
	struct cursor cursor = { 0 };
	struct span span;

	if (reading_take(&trial->reader, &trial->reading))
		return 0;
	while (reading_next(trial->reader.kind, &trial->reading, &cursor,
			    &span) > 0)
		if (span.start >= guard)
			break;
	return cursor.pos;
}

/* How readings are to be taken from now on: one per call, odd, a page, big. */
static void vary_reader(struct trial *trial, size_t near, uint64_t *seed)
{
	static const size_t buffers[] = { 100, 333, 4096, 1 << 16 };
	struct reader *reader = &trial->reader;

	if (trial->one_call) {
		reader->buffer = near;
		reader->limit = near;
		return;
	}

	reader->buffer = buffers[random_below(seed, 4)];
	/* Three in four see the stage and little else. */
	reader->limit = near < 4096 && random_below(seed, 4) ? near : 0;
}

/**
 * race_slice() - read while the changer changes
 * @trial:	the trial; the changer is frozen before and after
 * @slice:	how to steer
 * @seconds:	how long
 * @floor:	go on until so many readings were overlapped, or @patience
 * @patience:	seconds at most
 * @cpu:	reader's and changer's
 * @tally:	added to
 * @verdict:	of the first illegal reading
 *
 * Return: 0, -errno, or 1 with @verdict; then the reading is the illegal one.
 */
static int race_slice(struct trial *trial, const struct slice *slice,
		      double seconds, uint64_t floor, double patience,
		      const int cpu[2], struct tally *tally,
		      struct verdict *verdict)
{
	struct race *race = trial->race;
	size_t near = trial_near(trial);
	uint64_t seed = race->seed + slice->steer, first = tally->overlapped;
	int64_t begin = now_ns(), now = begin;
	int err = 0;

	if (cpu[0] >= 0)
		run_on(cpu[0]);
	race->cpu = slice->cpus > 1 ? cpu[1] : cpu[0];
	race->steer = slice->steer;
	word_set(&race->limit, RACE_FREE);
	while (now - begin < seconds * NSEC_PER_SEC ||
	       (tally->overlapped - first < floor &&
		now - begin < patience * NSEC_PER_SEC)) {
		int64_t took;

		vary_reader(trial, near, &seed);
		atomic_fetch_add(&race->round, 1);
		err = reading_take(&trial->reader, &trial->reading);
		if (err || race->error)
			break;
		*verdict = trial_judge(trial);
		tally_add(tally, verdict);
		if (verdict->rule)
			return 1;
		took = now_ns() - now;
		now += took;
		race->reading_ns += ((int64_t)took - race->reading_ns) / 8;
	}
	trial->reader.limit = 0;
	trial->reader.buffer = 1 << 16;
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

/* Readings with a transition inside one read(), without a catch, to acquit. */
#define KNOWN_FLOOR 20000
#define KNOWN_SECONDS 6.0
#define KNOWN_SLICE 0.05

FIXTURE(known) {
	struct trial trial;
};

FIXTURE_SETUP(known)
{
	die_with_runner();
}

FIXTURE_TEARDOWN(known)
{
	trial_end(&self->trial);
}

/* Would the reading be legal but for the bug described at oracle_lost_tail()? */
static bool is_lost_tail(struct trial *trial)
{
	struct verdict verdict;

	trial->oracle.tolerate_lost_tail = true;
	verdict = trial_judge(trial);
	trial->oracle.tolerate_lost_tail = false;
	return !verdict.rule && verdict.lost_tails;
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
	struct trial *trial = &self->trial;
	uint64_t seed = seed_from_env();
	struct verdict verdict = { 0 };
	int64_t begin = now_ns();
	struct tally tally = { 0 };
	uint32_t transitions;
	unsigned int i;
	int cpu[2], err = 0, timer;
	bool bug;

	choose_cpus(cpu);
	TRIAL_START(trial, &change_merge_left_partial, &file_maps,
		    .seed = seed, .cheat = plant_from_env());
	trial->one_call = true;
	timer = reader_timer_start();
	for (i = 0; !err && now_ns() - begin < KNOWN_SECONDS * NSEC_PER_SEC &&
	     tally.torn_calls < KNOWN_FLOOR; i++) {
		const struct slice *slice = &slices[i % ARRAY_SIZE(slices)];

		if (slice->cpus == 1 || cpu[1] >= 0)
			err = race_slice(trial, slice, KNOWN_SLICE, 0, 0, cpu,
					 &tally, &verdict);
	}
	close(timer);
	transitions = trial->race->seq / 2;
	ASSERT_GE(err, err == 1 ? 1 : 0) {
		diag("changer: %s", strerror(-err));
	}
	trial_end_peer(trial);
	tally_print(&tally, "known", transitions);
	diag("known: %.2f s", (now_ns() - begin) / 1e9);
	if (err == 1) {
		bug = is_lost_tail(trial);
		verdict = trial_judge(trial);
		evidence_print(trial, &verdict, slices[(i - 1) %
			       ARRAY_SIZE(slices)].name,
			       again("known", "", "tail_lost_after_merge", seed));
		*known_bug_seen = bug;
		if (bug) {
			diag("summary: this kernel loses mappings from /proc/PID/maps: a reader steps past what a merge");
			diag("summary: has just joined (lock_next_vma(), Linux 6.17 and later); the kernel is at fault, not the test");
		}
		ASSERT_STREQ("legal", rule_text[verdict.rule]);
	}
	if (tally.torn_calls < KNOWN_FLOOR)
		SKIP(return, "not provoked");
}

/* --- one test for each change, file and driver ------------------------------ */

FIXTURE(stepped) {
	struct trial trial;
};

FIXTURE_VARIANT(stepped) {
	const struct change *change;
};

FIXTURE_SETUP(stepped)
{
	die_with_runner();
}

FIXTURE_TEARDOWN(stepped)
{
	trial_end(&self->trial);
}

FIXTURE(racing) {
	struct trial trial;
};

FIXTURE_VARIANT(racing) {
	const struct change *change;
};

FIXTURE_SETUP(racing)
{
	die_with_runner();
}

FIXTURE_TEARDOWN(racing)
{
	trial_end(&self->trial);
}

#define CHANGE_VARIANTS(row) \
	FIXTURE_VARIANT_ADD(stepped, row) { .change = &change_##row }; \
	FIXTURE_VARIANT_ADD(racing, row) { .change = &change_##row };

FOR_EACH_CHANGE(CHANGE_VARIANTS)

/*
 * Reads @prefix bytes, which is a number of whole records, makes @steps
 * transitions, and reads on.
 */
static int read_step_read(struct trial *trial, size_t prefix,
			  unsigned int steps, size_t buffer)
{
	struct reader *reader = &trial->reader;
	int err = reading_begin(reader, &trial->reading);
	ssize_t got = 1;

	while (!err && trial->reading.len < prefix && got > 0) {
		reader->buffer = prefix - trial->reading.len;
		got = reading_call(reader, &trial->reading);
		if (got < 0)
			err = got;
	}
	if (!err)
		err = trial_step(trial, steps);
	reader->buffer = buffer;
	return err ? err : reading_go_on(reader, &trial->reading);
}

/**
 * step_boundaries() - a transition at each record boundary of the current layout
 * @trial:	the trial, frozen
 * @buffer:	bytes per read() behind the boundary
 * @steps:	transitions at the boundary
 * @tally:	added to
 * @verdict:	of the first illegal reading
 *
 * Each case begins in the layout in which the last one ended, so boundaries
 * are counted in records, and found anew in a reading at rest.
 *
 * Return: 0, -errno, or 1 with @verdict.
 */
static int step_boundaries(struct trial *trial, size_t buffer,
			   unsigned int steps, struct tally *tally,
			   struct verdict *verdict)
{
	struct reading *reading = &trial->reading;
	unsigned int boundary, record;
	int err;

	for (boundary = 0;; boundary++) {
		struct cursor cursor = { 0 };
		struct span span;

		trial->reader.buffer = 1 << 16;
		err = reading_take(&trial->reader, reading);
		if (err)
			return err;
		for (record = 0; record < boundary; record++)
			if (reading_next(trial->reader.kind, reading, &cursor,
					 &span) <= 0)
				return 0;
		err = read_step_read(trial, cursor.pos, steps, buffer);
		if (err)
			return err;
		*verdict = trial_judge(trial);
		tally_add(tally, verdict);
		if (verdict->rule)
			return 1;
	}
}

/* The body of all stepped tests. */
static void step(struct __test_metadata *_metadata, struct trial *trial,
		 const struct change *change, const struct file_kind *kind)
{
	static const size_t buffers[] = { 100, 333, 1 << 16 };
	struct verdict verdict = { 0 };
	struct tally tally = { 0 };
	unsigned int i, steps;
	int err = 0;

	TRIAL_START(trial, change, kind, .seed = 1);
	for (i = 0; i < ARRAY_SIZE(buffers) && !err; i++)
		for (steps = 1; steps <= change->nr && !err; steps++)
			err = step_boundaries(trial, buffers[i], steps,
					      &tally, &verdict);
	ASSERT_GE(err, err == 1 ? 1 : 0) {
		diag("changer or reader: %s", strerror(-err));
	}
	trial_end_peer(trial);
	tally_print(&tally, change->name, trial->race->seq / 2);
	if (err)
		evidence_print(trial, &verdict, "stepped",
			       again("stepped", change->name, kind->name, 1));
	ASSERT_STREQ("legal", rule_text[verdict.rule]);
	/* Without readings that a transition fell into nothing was tested. */
	ASSERT_GT(tally.overlapped, 2U);
}

/* The body of all racing tests. */
static void race(struct __test_metadata *_metadata, struct trial *trial,
		 const struct change *change, const struct file_kind *kind)
{
	double seconds = duration_from_env();
	uint64_t seed = seed_from_env();
	struct verdict verdict = { 0 };
	struct tally tally = { 0 };
	const char *how = "";
	int cpu[2], err = 0, timer;
	unsigned int i;

	choose_cpus(cpu);
	TRIAL_START(trial, change, kind, .seed = seed,
		    .cheat = plant_from_env());
	trial->oracle.tolerate_lost_tail = *known_bug_seen;
	timer = reader_timer_start();
	for (i = 0; i < ARRAY_SIZE(slices) && !err; i++) {
		const struct slice *slice = &slices[i];

		if (slice->cpus > 1 && cpu[1] < 0)
			continue;
		how = slice->name;
		err = race_slice(trial, slice, seconds * slice->share / 100,
				 RACING_FLOOR, RACING_PATIENCE, cpu, &tally,
				 &verdict);
	}
	close(timer);
	if (!err)
		err = trial_check_rest(trial, &verdict);
	ASSERT_GE(err, err == 1 ? 1 : 0) {
		diag("changer or reader: %s", strerror(-err));
	}
	trial_end_peer(trial);
	tally_print(&tally, change->name, trial->race->seq / 2);
	if (err) {
		evidence_print(trial, &verdict, how,
			       again("racing", change->name, kind->name, seed));
		if (!trial->oracle.tolerate_lost_tail && is_lost_tail(trial))
			diag("  this is the signature of known.tail_lost_after_merge");
	}
	ASSERT_STREQ("legal", rule_text[verdict.rule]);
	if (!tally_suffices(&tally))
		SKIP(return, "race not exercised");
}

TEST_F(stepped, maps)
{
	step(_metadata, &self->trial, variant->change, &file_maps);
}

TEST_F(stepped, smaps)
{
	step(_metadata, &self->trial, variant->change, &file_smaps);
}

TEST_F(stepped, numa_maps)
{
	step(_metadata, &self->trial, variant->change, &file_numa_maps);
}

TEST_F(stepped, query)
{
	step(_metadata, &self->trial, variant->change, &file_query);
}

TEST_F(racing, maps)
{
	race(_metadata, &self->trial, variant->change, &file_maps);
}

TEST_F(racing, smaps)
{
	race(_metadata, &self->trial, variant->change, &file_smaps);
}

TEST_F(racing, numa_maps)
{
	race(_metadata, &self->trial, variant->change, &file_numa_maps);
}

TEST_F(racing, query)
{
	race(_metadata, &self->trial, variant->change, &file_query);
}

TEST_HARNESS_MAIN
