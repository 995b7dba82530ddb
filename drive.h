/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drive.h - what drives readings against changes
 *
 * Opens a scene or says why not; races it, in slices of different steering;
 * steps it, with a transition at each record boundary.  For tests: what goes
 * wrong is reported by the kselftest harness.
 */
#ifndef PROC_DRIVE_H
#define PROC_DRIVE_H

#include <sys/timerfd.h>

#include "../kselftest_harness.h"
#include "env.h"
#include "machine.h"
#include "stuck.h"

#if defined(__GNUC__) && !defined(__clang__)
/* The harness's setjmp() and what gcc inlines beside it. */
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/* A racing test that found no floor of evidence goes on so long in each slice... */
#define RACING_PATIENCE 2.0
/* ...as long as the program has not run for so many seconds: see settings. */
#define RACING_BUDGET 90.0
/* Overlapped readings below which a race says nothing. */
#define RACING_FLOOR 30
/*
 * Interrupts hold the reader up between any two of its instructions, in the kernel
 * as well: one in each reading, at the latest so long after its beginning.  A
 * window of a few instructions becomes as wide as a transition.  That takes a third
 * of the reader's time or more, and brings ten to fifty times as many finds: see
 * the README.
 */
#define READER_TIMER_NS (50 * NSEC_PER_USEC)

/* When the program was started. */
static int64_t began_ns;

/* What the kernel has said since, and who heard it already: shared memory. */
static struct watch *kernel_watch;

/* Before any test, as room_missing() is asked. */
static inline void no_memory(void)
{
	ksft_print_header();
	ksft_exit_skip("too little memory for what the tests share\n");
}

static void __attribute__((constructor)) prepare(void)
{
	const char *missing = env_complaint() ?: room_missing();

	if (missing) {
		ksft_print_header();
		ksft_exit_skip("%s\n", missing);
	}
	peer_bind_forks();
	began_ns = now_ns();
	/* Where it is permitted: a busy machine leaves fewer races. */
	setpriority(PRIO_PROCESS, 0, -10);
	run_nice = getpriority(PRIO_PROCESS, 0);
	known_bug_seen = shared_alloc(sizeof(*known_bug_seen));
	if (!known_bug_seen)
		no_memory();
}

static inline uint64_t seed_from_env(void)
{
	const char *seed = env_says("SEED");

	return seed ? strtoull(seed, NULL, 0) : (uint64_t)now_ns();
}

/* The harness ends a test after 30 s: what was not tried by then is left. */
#define TEST_SECONDS 15.0
/* And so long a test may take that was told how long. */
#define DURATION_LIMIT 20.0

/* DURATION, in seconds, or what the test takes without it; at most @most. */
static inline double duration_from_env(double fallback, double most)
{
	const char *duration = env_says("DURATION");
	double seconds = duration ? strtod(duration, NULL) : 0;

	if (!(seconds > 0))
		return fallback;
	return seconds < most ? seconds : most;
}

/*
 * Whether the runner's patience will end soon: a program that is told TIMEOUT on a
 * slow machine says less than one that leaves out its last tests.  With DURATION
 * it is for whoever sets it to set that, too.
 */
static inline bool program_is_late(void)
{
	double limit = runner_patience();

	if (env_says("DURATION") && !env_says("kselftest_override_timeout"))
		return false;
	/* At five sixths of it no further test is begun. */
	return limit > 0 && now_ns() - began_ns > limit * NSEC_PER_SEC * 5 / 6;
}

/* First letter of the plant: see changer_cheat(). */
static inline char plant_from_env(void)
{
	const char *plant = getenv("PLANT");

	return plant ? plant[0] : 0;
}

/* What the changer may be told; other plants are others' business. */
static inline char cheat_from_env(void)
{
	char plant = plant_from_env();

	return plant && strchr("gpi", plant) ? plant : 0;
}

/* The first two CPUs that this process may run on; -1 for none. */
static inline void choose_cpus(int cpu[2])
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
static inline void scene_end_peer(struct scene *scene)
{
	/* Where it is a thread it has to end by itself. */
	scene->race->stop = true;
	peer_kill(&scene->peer);
}

/*
 * For a program whose tests end with end_scene().  Not for one that has memory in
 * motion: who waits for a page from the disk sleeps as one does who is stuck.
 */
static inline void look_after_tests(void)
{
	kernel_watch = shared_alloc(sizeof(*kernel_watch));
	if (!kernel_watch)
		no_memory();
	watch_begin(kernel_watch, false);
	stuck_begin();
}

/**
 * scene_over() - end a scene, and see its changer go
 * @scene:	in any state; zeroed then
 *
 * Return: 0, or -ETIMEDOUT where it was killed and waits for a lock for good;
 * that is printed.
 */
static inline int scene_over(struct scene *scene)
{
	pid_t pid = scene->peer.pid;
	unsigned int i;

	if (!scene_end(scene))
		return 0;
	for (i = 0; i < STUCK_LOOKS; i++) {
		/* Slow, perhaps since it gets no CPU: that is no failure. */
		if (!stuck_sleeps(pid))
			return 0;
		nap_ns(STUCK_LOOK_NS);
	}
	diag("RULE BROKEN: the changer was killed, and is held in the kernel");
	stuck_print("changer", pid);
	return -ETIMEDOUT;
}

/*
 * The harness names the reason of a skip behind "not ok", too.  What follows must be
 * a failure of ASSERT: harnesses before 6.9 keep to a skip beside one of EXPECT.
 */
#undef TH_LOG_ENABLED
#define TH_LOG_ENABLED 0
static inline void forget_skip(struct __test_metadata *_metadata)
{
	SKIP(return, "%s", "");
}

#undef TH_LOG_ENABLED
#define TH_LOG_ENABLED 1

/*
 * The end of each test: a kernel that complained meanwhile has failed it,
 * whatever was read.
 */
static inline void end_scene(struct __test_metadata *_metadata,
			     struct scene *scene)
{
	bool complained;
	char said[300];
	int err;

	err = scene_over(scene);
	stuck_done();
	complained = watch_look(kernel_watch, said, sizeof(said));
	/* Not in braces behind ASSERT: after a failure those are always run. */
	if (complained) {
		diag("RULE BROKEN: the kernel complains of itself");
		diag("  it said     %s", said);
	}
	if (complained || err)
		forget_skip(_metadata);
	ASSERT_FALSE(complained);
	ASSERT_EQ(0, err);
}

/* Whether a scene did not start since this kernel, or user, has no such file. */
static inline bool file_is_missing(const struct scene *scene, int err)
{
	return scene->failed && !strcmp(scene->failed, "file") &&
	       (err == -ENOENT || err == -ENOTTY || err == -EACCES ||
		err == -EPERM);
}

/*
 * Whether a change that needs something was refused: its changer says so, or died
 * of it.  All else is a failure, such as a reader's that cannot read the result.
 */
static inline bool change_is_refused(const struct scene *scene,
				     const struct change *change, int err)
{
	siginfo_t info = { 0 };

	if (!change->needs || err >= 0 || !scene->race)
		return false;
	if (scene->race->error)
		return true;
	return scene->peer.pid > 0 &&
	       !waitid(P_PID, scene->peer.pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

/*
 * Starts a scene, or says why not: a file that is not there and a change that
 * this kernel or user cannot make are no failure of readings.  Returns false
 * where the test is to be skipped.
 */
static inline bool open_scene(struct __test_metadata *_metadata,
			      struct scene *scene, const struct change *change,
			      const struct file_kind *kind,
			      const struct scene_options *options)
{
	struct finding finding = { 0 };
	int err;

	if (program_is_late())
		SKIP(return false, "machine too slow for all of them");
	err = scene_start(scene, change, kind, options);
	stuck_watch(scene->race ? scene->race->tid : 0);
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
	if (file_is_missing(scene, err))
		SKIP(return false, "no such file in this kernel");
	if (change_is_refused(scene, change, err))
		SKIP(return false, "%s", change->needs);
	ASSERT_EQ(0, err);
	return true;
}

/* Most scenes need nothing special, and nothing random. */
static const struct scene_options plain = { .seed = 1 };

/* A race is random, and may have a planted fault. */
static inline struct scene_options race_options(void)
{
	return (struct scene_options){
		.seed = seed_from_env(),
		.cheat = cheat_from_env(),
	};
}

/* How to run one test again, for evidence_print(). */
static inline const char *again(const char *fixture, const char *variant,
				const char *test, uint64_t seed)
{
	static char buf[160];

	snprintf(buf, sizeof(buf), "%sSEED=%" PRIu64 " ./%s -r %s.%s%s%s",
		 env_says("STRESS") ? "STRESS=1 " : "", seed,
		 program_invocation_short_name, fixture, variant,
		 *variant ? "." : "", test);
	return buf;
}

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

/* The @i-th slice of a race for a narrow window: preemption meets it best. */
static inline const struct slice *slice_narrow(unsigned int i)
{
	return &slices[i % 3 < 2 ? 2 : i / 3 % 2];
}

/**
 * reader_timer_start() - interrupt this thread from now on
 * @slice:	how it races
 *
 * Where the changer shares the reader's CPU there is no timer: what the reader is
 * held up by is its changer, and an interrupt more makes no window wider for that.
 *
 * Every READER_TIMER_NS, but once only until reader_timer_again(): a timerfd
 * fires again when somebody has read it.  So a slow machine is not drowned.
 * It fires on the CPU of whoever started or read it.
 *
 * Return: for reader_timer_again() and close(); -1 where there is no timer, which
 * costs opportunities and nothing else.
 */
static inline int reader_timer_start(const struct slice *slice)
{
	struct itimerspec its = {
		.it_interval.tv_nsec = READER_TIMER_NS,
		.it_value.tv_nsec = READER_TIMER_NS,
	};
	int fd = -1;

	if (slice->cpus > 1)
		fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd >= 0)
		timerfd_settime(fd, 0, &its, NULL);
	return fd;
}

/** reader_timer_again() - where it has fired, let it fire again. */
static inline void reader_timer_again(int timer)
{
	uint64_t fired;

	if (timer < 0 || read(timer, &fired, sizeof(fired)) < 0)
		return;
}

/**
 * struct drive - readings of a scene against its changes
 * @scene:	the scene
 * @cpu:	reader's and changer's, of a race; -1 for none
 * @tally:	of all readings
 * @finding:	of the last one, which is illegal where a drive returns 1
 * @how:	driver and circumstances of that one
 * @began_ns:	when
 */
struct drive {
	struct scene *scene;
	int cpu[2];
	struct tally tally;
	struct finding finding;
	const char *how;
	int64_t began_ns;
};

static inline struct drive drive_of(struct scene *scene)
{
	struct drive drive = {
		.scene = scene,
		.how = "at rest",
		.began_ns = now_ns(),
	};

	choose_cpus(drive.cpu);
	return drive;
}

static inline bool drive_is_late(const struct drive *drive)
{
	return now_ns() - drive->began_ns > TEST_SECONDS * NSEC_PER_SEC;
}

/* Judges the reading that was taken: 0, or 1 where it is illegal. */
static inline int drive_judge(struct drive *drive)
{
	drive->finding = scene_judge(drive->scene);
	tally_add(&drive->tally, &drive->finding);
	return !!drive->finding.rule;
}

/* Bytes of text up to and including the guard above the stage, at rest. */
static inline size_t scene_near_now(struct scene *scene)
{
	uint64_t guard = scene->race->stage.base +
			 STAGE_PAGES * scene->race->stage.page;
	struct cursor cursor = { 0 };
	struct span span;

	if (reading_take(&scene->reader, &scene->reading))
		return 0;
	stuck_beat();
	while (reading_next(scene->reader.kind, &scene->reading, &cursor,
			    &span) > 0)
		if (span.start >= guard)
			break;
	return cursor.pos;
}

/*
 * The same of the layout that takes the most: who reads up to there has seen the
 * guard, whatever changes meanwhile.  Measured in one lap, once for each scene.
 */
static inline size_t scene_near(struct scene *scene)
{
	unsigned int k, steps = scene->near ? 0 : scene->race->change->nr;
	size_t now;

	scene->reader.limit = 0;
	for (k = 0; k < steps; k++) {
		now = scene_near_now(scene);
		if (scene->near < now)
			scene->near = now;
		/* What went wrong is told by who makes the next transition. */
		if (scene_step(scene, 1))
			break;
	}
	return scene->near;
}

/*
 * Bytes of text before the first record that changes, where that is far from
 * the beginning of the file.
 */
static inline size_t scene_before(struct scene *scene)
{
	const struct stage *stage = &scene->race->stage;
	struct cursor cursor = { 0 };
	size_t before = 0;
	struct span span;

	if (stage->change->place == PLACE_STAGE ||
	    reading_take(&scene->reader, &scene->reading))
		return 0;
	while (reading_next(scene->reader.kind, &scene->reading, &cursor,
			    &span) > 0 && span.end <= stage->base)
		before = cursor.pos;
	return before;
}

/* How readings are to be taken from now on: one per call, odd, a page, big. */
static inline void vary_reader(struct scene *scene, size_t near, uint64_t *seed)
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

/*
 * The reading begins for the changer, who waits for it, when @before bytes have
 * been read: transitions shall not fall on what is constant.  From then on @timer
 * may fire.  Returns when that was, or -errno.
 */
static inline int64_t take_steered(struct scene *scene, size_t before, int timer)
{
	struct reader *reader = &scene->reader, quick = *reader;
	int err = reading_begin(reader, &scene->reading);
	ssize_t got = !err;
	int64_t begin;

	/* A call returns whole records: not the one that changes as well. */
	while (got > 0 && scene->reading.len < before) {
		quick.buffer = before - scene->reading.len;
		got = reading_call(&quick, &scene->reading);
	}
	if (got < 0)
		err = got;
	reader_timer_again(timer);
	atomic_fetch_add(&scene->race->round, 1);
	begin = now_ns();
	if (!err)
		err = reading_go_on(reader, &scene->reading);
	return err ? err : begin;
}

/**
 * race_slice() - read while the changer changes
 * @drive:	its changer is frozen before and after
 * @slice:	how to steer; what takes more CPUs than there are is left out
 * @seconds:	how long
 * @floor:	go on until so many readings were overlapped, or @patience
 * @patience:	seconds at most
 *
 * Return: 0, -errno, or 1 with a finding; then the reading is the illegal one.
 */
static inline int race_slice(struct drive *drive, const struct slice *slice,
			     double seconds, uint64_t floor, double patience)
{
	struct scene *scene = drive->scene;
	struct race *race = scene->race;
	const int *cpu = drive->cpu;
	size_t near, before;
	uint64_t seed = race->seed + slice->steer;
	uint64_t first = drive->tally.overlapped;
	int64_t begin, now, took = 0;
	int timer;

	if (slice->cpus > 1 && cpu[1] < 0)
		return 0;
	drive->how = slice->name;
	stuck_watch(race->tid);
	near = scene_near(scene);
	before = scene_before(scene);
	begin = now_ns();
	now = begin;
	if (cpu[0] >= 0)
		run_on(0, cpu[0]);
	/* Behind that: it fires where it was started. */
	timer = reader_timer_start(slice);
	memcpy(race->cpu, cpu, sizeof(race->cpu));
	race_go(race, slice->steer, cpu[slice->cpus - 1], scene->urgent);
	while (now - begin < seconds * NSEC_PER_SEC ||
	       (drive->tally.overlapped - first < floor &&
		now - begin < patience * NSEC_PER_SEC &&
		now - began_ns < RACING_BUDGET * NSEC_PER_SEC)) {
		vary_reader(scene, near, &seed);
		took = take_steered(scene, scene->one_call ||
				    random_below(&seed, 2) ? before : 0, timer);
		stuck_beat();
		if (took < 0 || race->error)
			break;
		if (drive_judge(drive))
			break;
		now = now_ns();
		took = now - took;
		rt_pause(rt_level);
		race->reading_ns += ((int64_t)took - race->reading_ns) / 8;
	}
	close(timer);
	drive->tally.race_ns += now_ns() - begin;
	if (drive->finding.rule)
		return 1;
	scene->reader.limit = 0;
	scene->reader.buffer = 1 << 16;
	if (took < 0 || race->error)
		return took < 0 ? took : race->error;
	drive->how = "at rest";
	return race_freeze(race);
}

/**
 * race_all() - all slices, each for its share of the time
 * @drive:	see race_slice()
 * @seconds:	of all slices
 * @floor:	of each slice
 * @patience:	of each slice
 *
 * Return: as race_slice().
 */
static inline int race_all(struct drive *drive, double seconds, uint64_t floor,
			   double patience)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(slices) && !err; i++)
		err = race_slice(drive, &slices[i],
				 seconds * slices[i].share / 100, floor,
				 patience);
	return err;
}

/* Both outcomes of a race must have been there, or it was none. */
static inline bool tally_suffices(const struct tally *tally)
{
	return tally->overlapped >= RACING_FLOOR &&
	       (tally->layouts & (tally->layouts - 1));
}

/**
 * drive_report() - a drive is over: what it saw, and what was wrong
 * @_metadata:	the test's; it fails where reader or changer did
 * @drive:	its changer is ended
 * @err:	0, -errno, or 1 with a finding, which is printed
 * @what:	begins the line of counters
 * @again:	see evidence_print()
 */
static inline void drive_report(struct __test_metadata *_metadata,
				struct drive *drive, int err, const char *what,
				const char *again)
{
	struct scene *scene = drive->scene;

	scene_end_peer(scene);
	tally_print(&drive->tally, what, scene->race->seq / 2);
	if (err < 0)
		diag("  once more   %s", again);
	ASSERT_GE(err, 0) {
		diag("changer or reader: %s", strerror(-err));
	}
	if (err)
		evidence_print(scene, &drive->finding, drive->how, again);
}

/** race_report() - report a race, and fail its test where a reading was illegal. */
static inline void race_report(struct __test_metadata *_metadata,
			       struct drive *drive, int err, const char *what,
			       const char *again)
{
	drive_report(_metadata, drive, err, what, again);
	if (err)
		known_bug_shows(drive->scene);
	ASSERT_STREQ("legal", rule_text[drive->finding.rule]);
}

/** race_verdict() - the same, and skip the test where there was no race. */
static inline void race_verdict(struct __test_metadata *_metadata,
				struct drive *drive, int err, const char *what,
				const char *again)
{
	race_report(_metadata, drive, err, what, again);
	if (!tally_suffices(&drive->tally))
		SKIP(return, "race not exercised");
}

/*
 * Reads @prefix bytes, which is a number of whole records, makes @steps
 * transitions, and reads on.
 */
static inline int read_step_read(struct scene *scene, size_t prefix,
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
	if (!err)
		err = reading_go_on(reader, &scene->reading);
	stuck_beat();
	return err;
}

/**
 * step_boundaries() - a transition at each record boundary of the current layout
 * @drive:	its changer is frozen
 * @buffer:	bytes per read() behind the boundary
 * @steps:	transitions at the boundary
 *
 * Each case begins in the layout in which the last one ended, so boundaries
 * are counted in records, and found anew in a reading at rest.  Slow files are
 * read no further than the stage.
 *
 * Return: 0, -errno, or 1 with a finding.
 */
static inline int step_boundaries(struct drive *drive, size_t buffer,
				  unsigned int steps)
{
	struct scene *scene = drive->scene;
	struct reading *reading = &scene->reading;
	unsigned int boundary, record;
	int err;

	if (scene->reader.kind->slow)
		scene->reader.limit = scene_near(scene);

	for (boundary = 0;; boundary++) {
		struct cursor cursor = { 0 };
		struct span span;

		rt_pause(rt_level);
		scene->reader.buffer = 1 << 16;
		err = reading_take(&scene->reader, reading);
		if (err)
			return err;
		stuck_beat();
		for (record = 0; record < boundary; record++)
			if (reading_next(scene->reader.kind, reading, &cursor,
					 &span) <= 0)
				return 0;
		err = read_step_read(scene, cursor.pos, steps, buffer);
		if (err)
			return err;
		if (drive_judge(drive))
			return 1;
	}
}

#endif /* PROC_DRIVE_H */
