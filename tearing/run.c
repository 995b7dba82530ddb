// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/print.h"
#include "../lib/random.h"
#include "../lib/util.h"
#include "../model/layout.h"
#include "../model/parse.h"
#include "reader.h"
#include "stage.h"
#include "watchdog.h"

#if defined(__GNUC__) && !defined(__clang__)
/* The harness's setjmp() and what gcc inlines beside it. */
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/*
 * Interrupts hold the reader up between any two of its instructions, in the kernel
 * as well: one in each reading, at the latest so long after its beginning.  A
 * window of a few instructions becomes as wide as a transition.  That takes a third
 * of the reader's time or more, and brings ten to fifty times as many finds: see
 * the README.
 */
#define READER_TIMER_NS (50 * NSEC_PER_USEC)

void context_end_modifier(struct context *context)
{
	/* Where it is a thread it has to end by itself. */
	context->race->stop = true;
	child_kill(&context->child);
}

int context_over(struct context *context)
{
	pid_t pid = context->child.pid;
	unsigned int i;

	if (!context_end(context))
		return 0;
	for (i = 0; i < WATCHDOG_POLLS; i++) {
		/* Slow, perhaps since it gets no CPU: that is no failure. */
		if (!watchdog_is_blocked(pid))
			return 0;
		sleep_ns(WATCHDOG_POLL_NS);
	}
	diag("RULE BROKEN: the changer was killed, and is held in the kernel");
	watchdog_print("changer", pid);
	return -ETIMEDOUT;
}

bool file_is_missing(const struct context *context, int err)
{
	return context->failed && !strcmp(context->failed, "file") &&
	       (err == -ENOENT || err == -ENOTTY || err == -EACCES ||
		err == -EPERM);
}

bool change_is_refused(const struct context *context, const struct change *change,
		       int err)
{
	siginfo_t info = { 0 };

	if (!change->needs || err >= 0 || !context->race)
		return false;
	if (context->race->error)
		return true;
	return context->child.pid > 0 &&
	       !waitid(P_PID, context->child.pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

const struct context_options plain_options = { .seed = 1 };

struct context_options race_options(void)
{
	return (struct context_options){
		.seed = seed_from_env(),
		.inject = modifier_fault_from_env(),
	};
}

const char *again(const char *fixture, const char *variant, const char *test,
		  uint64_t seed)
{
	static char buf[160];

	snprintf(buf, sizeof(buf), "%sSEED=%" PRIu64 " ./%s -r %s.%s%s%s",
		 env_says("STRESS") ? "STRESS=1 " : "", seed,
		 program_invocation_short_name, fixture, variant,
		 *variant ? "." : "", test);
	return buf;
}

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

void reader_timer_again(int timer)
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

/* Bytes of text up to and including the guard above the stage, at rest. */
static size_t context_near_now(struct context *context)
{
	uint64_t guard = context->race->stage.base +
			 STAGE_PAGES * context->race->stage.page;
	struct cursor cursor = { 0 };
	struct span span;

	if (reading_take(&context->reader, &context->reading))
		return 0;
	watchdog_heartbeat();
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
		/* What went wrong is told by who makes the next transition. */
		if (context_step(context, 1))
			break;
	}
	return context->near;
}

/*
 * Bytes of text before the first record that changes, where that is far from
 * the beginning of the file.
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
			    &span) > 0 && span.end <= stage->base)
		before = cursor.pos;
	return before;
}

/* How readings are to be taken from now on: one per call, odd, a page, big. */
static void vary_reader(struct context *context, size_t near, uint64_t *seed)
{
	static const size_t buffers[] = {
		100, 333, 4096, 1 << 16, 1 << 16, 1 << 16,
	};
	struct reader *reader = &context->reader;

	if (context->one_call) {
		reader->buffer = near;
		reader->limit = near;
		return;
	}

	reader->buffer = buffers[random_below(seed, ARRAY_SIZE(buffers))];
	/* Three in four see the stage and little else. */
	reader->limit = near < 4096 && random_below(seed, 4) ? near : 0;
}

/*
 * The reading begins for the modifier, who waits for it, when @before bytes have
 * been read: transitions shall not fall on what is constant.  From then on @timer
 * may fire.  Returns when that was, or -errno.
 */
static int64_t take_interleaved(struct context *context, size_t before, int timer)
{
	struct reader *reader = &context->reader, quick = *reader;
	int err = reading_begin(reader, &context->reading);
	ssize_t got = !err;
	int64_t begin;

	/* A call returns whole records: not the one that changes as well. */
	while (got > 0 && context->reading.len < before) {
		quick.buffer = before - context->reading.len;
		got = reading_call(&quick, &context->reading);
	}
	if (got < 0)
		err = got;
	reader_timer_again(timer);
	atomic_fetch_add(&context->race->round, 1);
	begin = now_ns();
	if (!err)
		err = reading_go_on(reader, &context->reading);
	return err ? err : begin;
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
	/* Behind that: it fires where it was started. */
	timer = reader_timer_start(slice);
	memcpy(race->cpu, cpu, sizeof(race->cpu));
	race_go(race, slice->interleave, cpu[slice->cpus - 1], context->urgent);
	while (now - begin < seconds * NSEC_PER_SEC ||
	       (run->counters.overlapped - first < floor &&
		now - begin < timeout * NSEC_PER_SEC &&
		now - began_ns < RACING_BUDGET * NSEC_PER_SEC)) {
		vary_reader(context, near, &seed);
		took = take_interleaved(context, context->one_call ||
					random_below(&seed, 2) ? before : 0, timer);
		watchdog_heartbeat();
		if (took < 0 || race->error)
			break;
		if (run_check(run))
			break;
		now = now_ns();
		took = now - took;
		rt_pause(rt_level);
		race->reading_ns += ((int64_t)took - race->reading_ns) / 8;
	}
	close(timer);
	run->counters.race_ns += now_ns() - begin;
	if (run->result.rule)
		return 1;
	context->reader.limit = 0;
	context->reader.buffer = 1 << 16;
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
 * Reads @prefix bytes, which is a number of whole records, makes @steps
 * transitions, and reads on.
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
	if (!err)
		err = reading_go_on(reader, &context->reading);
	watchdog_heartbeat();
	return err;
}

int step_boundaries(struct run *run, size_t buffer, unsigned int steps)
{
	struct context *context = run->context;
	struct reading *reading = &context->reading;
	unsigned int boundary, record;
	int err;

	if (context->reader.kind->slow)
		context->reader.limit = context_near(context);

	for (boundary = 0;; boundary++) {
		struct cursor cursor = { 0 };
		struct span span;

		rt_pause(rt_level);
		context->reader.buffer = 1 << 16;
		err = reading_take(&context->reader, reading);
		if (err)
			return err;
		watchdog_heartbeat();
		for (record = 0; record < boundary; record++)
			if (reading_next(context->reader.kind, reading, &cursor,
					 &span) <= 0)
				return 0;
		err = read_step_read(context, cursor.pos, steps, buffer);
		if (err)
			return err;
		if (run_check(run))
			return 1;
	}
}
