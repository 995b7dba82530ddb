// SPDX-License-Identifier: GPL-2.0
/*
 * run.c - racing in time slices, and stepping from record to record
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/random.h"
#include "../lib/util.h"
#include "../model/change.h"
#include "../model/layout.h"
#include "../model/parse.h"
#include "program.h"
#include "reader.h"
#include "stage.h"
#include "watchdog.h"

/*
 * Nanoseconds from the start of the reader's timer to its interrupt.  The interrupt
 * delays the reader between any two instructions, in the kernel too, so that a window
 * of a few instructions becomes as wide as a transition.  Measured: it takes a third
 * of the reader's time or more, and ten to fifty times as many violations are found.
 */
#define READER_TIMER_NS (50 * NSEC_PER_USEC)

const struct time_slice time_slices[NR_SLICES] = {
	[TIME_SLICE_OVERLAP] = { INTERLEAVE_OVERLAP, "overlap", 40, 2 },
	[TIME_SLICE_FREE] = { INTERLEAVE_FREE, "free", 20, 2 },
	[TIME_SLICE_PREEMPT] = { INTERLEAVE_PREEMPT, "preempt", 40, 1 },
};

const struct time_slice *time_slice_narrow(unsigned int i)
{
	return &time_slices[i % 3 < 2 ? TIME_SLICE_PREEMPT : i / 3 % 2];
}

int reader_timer_start(const struct time_slice *slice)
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

void reader_timer_rearm(int timer)
{
	uint64_t fired;

	if (timer < 0 || read(timer, &fired, sizeof(fired)) < 0)
		return;
}

struct run run_of(struct context *context)
{
	struct run run = {
		.context = context,
		.how = "at rest",
		.began_ns = now_ns(),
	};

	choose_cpus(run.cpu);
	return run;
}

bool run_is_late(const struct run *run)
{
	return now_ns() - run->began_ns > TEST_SECONDS * NSEC_PER_SEC;
}

int run_check(struct run *run)
{
	run->result = context_check(run->context);
	counters_add(&run->counters, &run->result);
	return !!run->result.rule;
}

/*
 * Measure the text up to and including the guard above the stage, in the layout that is
 * in place; return its bytes.
 */
static size_t context_near_now(struct context *context)
{
	uint64_t guard = context->race->stage.base +
			 STAGE_PAGES * context->race->stage.page;
	struct cursor cursor = { 0 };
	struct span span;

	if (reading_take(&context->reader, &context->reading))
		return 0;
	while (reading_next(context->reader.kind, &context->reading, &cursor,
			    &span) > 0)
		if (span.start >= guard)
			break;
	return cursor.pos;
}

size_t context_near(struct context *context)
{
	unsigned int k, steps = context->near ? 0 : context->race->change->nr;
	size_t now;

	context->reader.limit = 0;
	for (k = 0; k < steps; k++) {
		now = context_near_now(context);
		if (context->near < now)
			context->near = now;
		/* The next transition returns the error as well. */
		if (context_step(context, 1))
			break;
	}
	return context->near;
}

/*
 * Measure the text before the first record that changes, where that is far from the
 * beginning of the file; return its bytes.
 */
static size_t context_before(struct context *context)
{
	const struct stage *stage = &context->race->stage;
	struct cursor cursor = { 0 };
	size_t before = 0;
	struct span span;

	if (stage->change->place == PLACE_STAGE ||
	    reading_take(&context->reader, &context->reading))
		return 0;
	while (reading_next(context->reader.kind, &context->reading, &cursor,
			    &span) > 0 && span.start < stage->base &&
	       span.end <= stage->base)
		before = cursor.pos;
	return before;
}

/* Choose the buffer and the limit of the next reading at random. */
static void vary_reader(struct context *context, size_t near, uint64_t *seed)
{
	/* One record per read(), a few records, a page, and all at once. */
	static const size_t buffers[] = {
		100, 333, 4096, READER_BUFFER, READER_BUFFER, READER_BUFFER,
	};
	struct reader *reader = &context->reader;

	if (context->one_call) {
		reader->buffer = near;
		reader->limit = near;
		return;
	}

	reader->buffer = buffers[random_below(seed, ARRAY_SIZE(buffers))];
	/* Three readings in four end behind the stage. */
	reader->limit = near < 4096 && random_below(seed, 4) ? near : 0;
}

/*
 * Take a reading while the modifier is interleaved with it.
 *
 * The reading is announced to the modifier, and @timer is started, when @before bytes
 * have been read, so that no transition is spent on records that are constant.
 *
 * Return the time of that in nanoseconds, or -errno.
 */
static int64_t take_interleaved(struct context *context, size_t before, int timer)
{
	struct reader *reader = &context->reader, quick = *reader;
	int err = reading_begin(reader, &context->reading);
	ssize_t got = !err;
	int64_t begin;

	/* A buffer of the size that is left excludes the record that changes. */
	while (got > 0 && context->reading.len < before) {
		quick.buffer = before - context->reading.len;
		got = reading_call(&quick, &context->reading);
	}
	if (got < 0)
		err = got;
	reader_timer_rearm(timer);
	atomic_fetch_add(&context->race->overlap.round, 1);
	begin = now_ns();
	if (!err)
		err = reading_go_on(reader, &context->reading);
	return err ? err : begin;
}

/*
 * Inject a fault into the reader: l (loop) and u (undying) stay in the kernel for ever, in
 * system calls that take long.
 */
static void reader_inject(char inject)
{
	static char buf[1 << 20];

	while (inject == 'l' || inject == 'u')
		getrandom(buf, sizeof(buf), 0);
}

int race_in_slice(struct run *run, const struct time_slice *slice, double seconds,
		  uint64_t floor, double timeout)
{
	struct context *context = run->context;
	struct race *race = context->race;
	const int *cpu = run->cpu;
	size_t near, before;
	uint64_t seed = race->seed + slice->interleave;
	uint64_t first = run->counters.overlapped;
	int64_t begin, now, took = 0;
	int timer;

	if (slice->cpus > 1 && cpu[1] < 0)
		return 0;

	run->how = slice->name;
	watchdog_watch(race->tid);
	near = context_near(context);
	before = context_before(context);
	begin = now_ns();
	now = begin;
	if (cpu[0] >= 0)
		pin_thread(0, cpu[0]);
	/* After pin_thread(): the timer fires on the CPU where it was started. */
	timer = reader_timer_start(slice);
	memcpy(race->hold.cpu, cpu, sizeof(race->hold.cpu));
	race_go(race, slice->interleave, cpu[slice->cpus - 1], context->urgent);
	reader_inject(race->inject);

	while (now - begin < seconds * NSEC_PER_SEC ||
	       (run->counters.overlapped - first < floor &&
		now - begin < timeout * NSEC_PER_SEC && !program_is_pressed())) {
		vary_reader(context, near, &seed);
		took = take_interleaved(context, context->one_call ||
					random_below(&seed, 2) ? before : 0, timer);
		if (took < 0 || race->error)
			break;
		if (run_check(run))
			break;
		now = now_ns();
		took = now - took;
		rt_throttle(rt_level);
		race->overlap.reading_ns += ((int64_t)took - race->overlap.reading_ns) / 8;
	}
	close(timer);
	run->counters.race_ns += now_ns() - begin;
	if (run->result.rule)
		return 1;
	context->reader.limit = 0;
	context->reader.buffer = READER_BUFFER;
	if (took < 0 || race->error)
		return took < 0 ? took : race->error;
	run->how = "at rest";
	return race_freeze(race);
}

int race_all(struct run *run, double seconds, uint64_t floor,
	     double timeout)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < NR_SLICES && !err; i++)
		err = race_in_slice(run, &time_slices[i],
				    seconds * time_slices[i].share / 100, floor,
				    timeout);
	return err;
}

bool counters_suffice(const struct counters *counters)
{
	return counters->overlapped >= RACING_FLOOR &&
	       (counters->layouts & (counters->layouts - 1));
}

/*
 * Read @prefix bytes, which are whole records, make @steps transitions, and read the
 * rest; return 0 or -errno.
 */
static int read_step_read(struct context *context, size_t prefix,
			  unsigned int steps, size_t buffer)
{
	struct reader *reader = &context->reader;
	int err = reading_begin(reader, &context->reading);
	ssize_t got = 1;

	while (!err && context->reading.len < prefix && got > 0) {
		reader->buffer = prefix - context->reading.len;
		got = reading_call(reader, &context->reading);
		if (got < 0)
			err = got;
	}
	if (!err)
		err = context_step(context, steps);
	reader->buffer = buffer;
	return err ? err : reading_go_on(reader, &context->reading);
}

/*
 * Boundaries before and behind the stage at which transitions are made with @near_only.
 * Arbitrary: a reader that is there has all changes before it, or behind it, and at each
 * boundary it is the same.
 */
#define BOUNDARIES_BEYOND 3

/*
 * Return the number of the first boundary at which transitions are made: 0 without
 * @near_only, and where the stage is near the beginning of the file.
 */
static unsigned int first_boundary(struct run *run)
{
	struct context *context = run->context;
	size_t before = run->near_only ? context_before(context) : 0;
	unsigned int records = 0;
	struct cursor cursor = { 0 };
	struct span span;

	while (cursor.pos < before &&
	       reading_next(context->reader.kind, &context->reading, &cursor, &span) > 0)
		records++;
	return records < BOUNDARIES_BEYOND ? 0 : records - BOUNDARIES_BEYOND;
}

int step_boundaries(struct run *run, size_t buffer, unsigned int steps)
{
	struct context *context = run->context;
	struct reading *reading = &context->reading;
	size_t near = context_near(context);
	unsigned int boundary = first_boundary(run), record, behind = 0;
	int err;

	if (context->reader.kind->slow)
		context->reader.limit = near;

	for (; !run->near_only || behind < BOUNDARIES_BEYOND; boundary++) {
		struct cursor cursor = { 0 };
		struct span span;

		rt_throttle(rt_level);
		context->reader.buffer = READER_BUFFER;
		err = reading_take(&context->reader, reading);
		if (err)
			return err;
		for (record = 0; record < boundary; record++)
			if (reading_next(context->reader.kind, reading, &cursor,
					 &span) <= 0)
				return 0;
		behind += cursor.pos > near;
		err = read_step_read(context, cursor.pos, steps, buffer);
		if (err)
			return err;
		if (run_check(run))
			return 1;
	}
	return 0;
}
