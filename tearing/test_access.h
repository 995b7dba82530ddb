/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_access.h - test the ways to access a file
 *
 *   buffer_sizes	read() with buffers of many sizes
 *   offsets		lseek() and pread()
 *   again_*		a file read again after lseek(), by pread(), on a new descriptor
 *   awake_*		a reader of a process at rest does not sleep
 *   task		the file of a thread, /proc/PID/task/TID/maps
 *   shared_*		two threads that share a file descriptor
 *   own_maps		a process that reads its own file
 *
 * PLANT=content changes a byte of what again_* compares, PLANT=block counts as sleep.
 */
#ifndef PROC_TEST_ACCESS_H
#define PROC_TEST_ACCESS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/print.h"
#include "../lib/task.h"
#include "../model/change.h"
#include "../model/check.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "../model/counters.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "modifier.h"
#include "program.h"
#include "reader.h"
#include "run.h"
#include "watchdog.h"

FIXTURE(access) {
	struct context context;
	char *text;
	size_t len;
};

FIXTURE_SETUP(access)
{
}

FIXTURE_TEARDOWN(access)
{
	context_close(_metadata, &self->context);
	free(self->text);
}

/* Take a reading of the layout in place, and keep a copy of its text. */
static bool keep_text(char **text, size_t *len, struct context *context)
{
	context->reader.buffer = READER_BUFFER;
	if (reading_take(&context->reader, &context->reading))
		return false;
	free(*text);
	*len = context->reading.len;
	*text = malloc(*len);
	if (*text)
		memcpy(*text, context->reading.text, *len);
	return *text;
}

/*
 * Each buffer size gives the same text.  A kernel that does not keep a position behind
 * the last mapping from one read() to the next loses [stack], [vdso] or [vsyscall].
 */
TEST_F(access, buffer_sizes)
{
	struct run run = run_of(&self->context);
	struct context *context = run.context;
	size_t size, largest = 2 * sysconf(_SC_PAGESIZE);

	if (!context_open(_metadata, context, &change_single_pages, &file_maps,
			  &plain_options))
		return;
	ASSERT_TRUE(keep_text(&self->text, &self->len, context));
	for (size = 1; size <= largest; size += size < 300 ? 1 : 97) {
		if (run_is_late(&run))
			SKIP(return, "machine too slow for all of them");
		context->reader.buffer = size;
		/* A reading has no space for a read() per byte. */
		if (self->len / size + 2 > context->reading.max_chunks)
			continue;
		ASSERT_EQ(0, reading_take(&context->reader, &context->reading));
		ASSERT_EQ(self->len, context->reading.len) {
			diag("read() of %zu bytes: %zu instead of %zu in all",
			     size, context->reading.len, self->len);
		}
		ASSERT_EQ(0, memcmp(self->text, context->reading.text,
				    self->len)) {
			diag("read() of %zu bytes: other text", size);
		}
	}
}

/*
 * Each offset gives the text that a whole reading has there, in each layout.  An offset is
 * a number of bytes of text: the kernel prints all text that precedes it again.
 */
TEST_F(access, offsets)
{
	struct run run = run_of(&self->context);
	struct context *context = run.context;
	unsigned int cycle;
	char buf[300];

	if (!context_open(_metadata, context, &change_split_middle, &file_maps,
			  &plain_options))
		return;
	for (cycle = 0; cycle < change_split_middle.nr; cycle++) {
		int fd = context->reader.fd;
		size_t offset;

		ASSERT_TRUE(keep_text(&self->text, &self->len, context));
		for (offset = 0; offset <= self->len; offset += 1 + offset % 7) {
			ssize_t got;

			if (run_is_late(&run))
				SKIP(return, "machine too slow for all of them");
			got = pread(fd, buf, sizeof(buf), offset);
			ASSERT_GE(got, 0);
			ASSERT_GE(self->len - offset, (size_t)got);
			ASSERT_TRUE(got || offset == self->len);
			ASSERT_EQ(0, memcmp(buf, self->text + offset, got)) {
				diag("pread() at %zu: other text", offset);
			}
			ASSERT_EQ((off_t)offset, lseek(fd, offset, SEEK_SET));
			got = read(fd, buf, 64);
			ASSERT_GE(got, 0);
			ASSERT_TRUE(got || offset == self->len);
			ASSERT_EQ(0, memcmp(buf, self->text + offset, got)) {
				diag("lseek() to %zu: other text", offset);
			}
			watchdog_heartbeat();
		}
		ASSERT_EQ(0, context_step(context, 1));
	}
}

/*
 * Return the length of the text up to the guard above the stage.  What follows has pages
 * that other processes map as well, whose numbers may change at any time.
 */
static size_t text_of_stage(const struct context *context)
{
	uint64_t guard = context->race->stage.base + STAGE_PAGES * context->race->stage.page;
	struct cursor cursor = { 0 };
	struct span span;
	size_t len = 0;

	while (reading_next(context->reader.kind, &context->reading, &cursor, &span) > 0 &&
	       span.start < guard)
		len = cursor.pos;
	return len;
}

/* Read the first @len bytes by pread(), a line or two a call; return 0 or -errno. */
static int read_in_pieces(int fd, char *text, size_t len)
{
	size_t done;
	ssize_t got;

	for (done = 0; done < len; done += got) {
		size_t size = len - done < 100 ? len - done : 100;

		got = pread(fd, text + done, size, done);
		if (got <= 0)
			return got ? -errno : -ENODATA;
	}
	return 0;
}

/* Ways to read a file again. */
enum again {
	AGAIN_LSEEK,
	AGAIN_PREAD,
	AGAIN_OPEN,
	NR_AGAIN,
};

/* Read the first @len bytes again; return 0, -errno, or 1 where they differ from @kept. */
static int read_again(struct context *context, enum again way, const char *kept, size_t len)
{
	struct reading *reading = &context->reading;
	char dir[16];
	int err = 0;

	if (way == AGAIN_OPEN) {
		snprintf(dir, sizeof(dir), "%d", context->child.pid);
		reader_close(&context->reader);
		err = reader_open(&context->reader, dir);
	}
	if (!err && way == AGAIN_PREAD)
		err = read_in_pieces(context->reader.fd, reading->text, len);
	else if (!err)
		err = reading_take(&context->reader, reading);
	if (err)
		return err;
	return (way != AGAIN_PREAD && reading->len < len) || memcmp(kept, reading->text, len);
}

/*
 * Readings of smaps and numa_maps of which one has to agree with the one before.  Arbitrary;
 * the kernel may take a page away at any time, or its referenced bit.
 */
#define AGAIN_TRIES 5

/* Populate the stage, so that there are numbers.  For struct background's @begin. */
static int populate_stage(struct race *race, void *arg)
{
	unsigned int i;

	for (i = 0; race->stage.change->draw[0][i]; i++)
		stage_touch(stage_addr(&race->stage, i));
	return 0;
}

/* Compose the command that repeats the test of a file. */
static const char *access_command(const char *what, const struct file_kind *kind)
{
	char test[32];

	snprintf(test, sizeof(test), "%s_%s", what, kind->name);
	return reproduce_command("access", "", test, 1);
}

/* At rest a file says the same each time, and however it is read. */
static void run_again(struct __test_metadata *_metadata, struct context *context,
		      const struct file_kind *kind, char **kept)
{
	static const char *const ways[NR_AGAIN] = {
		"after lseek()", "by pread()", "on a new descriptor",
	};
	const struct context_options options = {
		.seed = 1, .background = { .begin = populate_stage },
	};
	const unsigned int tries = kind == &file_maps ? 1 : AGAIN_TRIES;
	unsigned int step, try;
	size_t len, whole;
	int err;

	if (!context_open(_metadata, context, &change_split_middle, kind, &options))
		return;
	for (step = 0; step < NR_AGAIN * change_split_middle.nr; step++) {
		enum again way = step % NR_AGAIN;

		for (try = 0, err = 1; err == 1 && try < tries; try++) {
			ASSERT_TRUE(keep_text(kept, &whole, context));
			len = kind == &file_maps ? whole : text_of_stage(context);
			ASSERT_LT(0U, len);
			if (fault_from_env() == 'c')
				++**kept;
			err = read_again(context, way, *kept, len);
		}
		ASSERT_GE(err, 0) {
			diag("%s, %s: %s", kind->name, ways[way], strerror(-err));
		}
		ASSERT_EQ(0, err) {
			diag("RULE BROKEN: at rest %s says something else %s", kind->name,
			     ways[way]);
			diag("  reproduce with %s", access_command("again", kind));
		}
		if (way == NR_AGAIN - 1)
			ASSERT_EQ(0, context_step(context, 1));
	}
}

TEST_F(access, again_maps)
{
	run_again(_metadata, &self->context, &file_maps, &self->text);
}

TEST_F(access, again_smaps)
{
	run_again(_metadata, &self->context, &file_smaps, &self->text);
}

TEST_F(access, again_numa_maps)
{
	run_again(_metadata, &self->context, &file_numa_maps, &self->text);
}

/* Readings of a file in access.awake_*.  Arbitrary. */
#define AWAKE_READINGS 32

/*
 * Times that a reader may sleep in them: one reading in eight, since an allocation may wait
 * for memory, and another process may change what it waits for.
 */
#define AWAKE_LIMIT (AWAKE_READINGS / 8)

/*
 * A reader sleeps where something is in its way.  Nothing is while the process does not
 * change its mappings: the kernel counts no voluntary switch.
 */
static void run_awake(struct __test_metadata *_metadata, struct context *context,
		      const struct file_kind *kind)
{
	struct rusage before, after;
	unsigned int i;
	long slept;

	if (thread_is_traced())
		SKIP(return, "a tracer stops each system call");
	if (!context_open(_metadata, context, &change_single_pages, kind, &plain_options))
		return;
	getrusage(RUSAGE_THREAD, &before);
	for (i = 0; i < AWAKE_READINGS; i++)
		ASSERT_EQ(0, reading_take(&context->reader, &context->reading));
	getrusage(RUSAGE_THREAD, &after);
	slept = after.ru_nvcsw - before.ru_nvcsw;
	if (fault_from_env() == 'b')
		slept += AWAKE_READINGS;
	ASSERT_GE(AWAKE_LIMIT, slept) {
		diag("RULE BROKEN: a reader of %s sleeps with nothing in its way", kind->name);
		diag("  slept       %ld times in %u readings", slept, AWAKE_READINGS);
		diag("  reproduce with %s", access_command("awake", kind));
	}
}

TEST_F(access, awake_maps)
{
	run_awake(_metadata, &self->context, &file_maps);
}

TEST_F(access, awake_smaps)
{
	run_awake(_metadata, &self->context, &file_smaps);
}

TEST_F(access, awake_numa_maps)
{
	run_awake(_metadata, &self->context, &file_numa_maps);
}

TEST_F(access, awake_query)
{
	run_awake(_metadata, &self->context, &file_query);
}

/* The file of a thread shows the mappings of its process. */
TEST_F(access, task)
{
	const struct context_options options = { .seed = 1, .task = true };
	struct run run = { .context = &self->context, .how = "task" };

	if (!context_open(_metadata, run.context, &change_split_middle,
			  &file_maps, &options))
		return;
	run_report(_metadata, &run, step_boundaries(&run, 333, 1), "task",
		   reproduce_command("access", "", "task", options.seed));
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	ASSERT_GT(run.counters.overlapped, 2U);
}

/**
 * struct shared_reader - a thread that shares a file descriptor with another one
 * @tid:	thread ID; 0 until the thread runs
 * @context:	copy of the test context; the reading is the thread's own
 * @query:	use PROCMAP_QUERY in place of pread()
 * @near:	bytes per reading
 * @stop:	request to end the thread
 * @counters:	counters of its readings
 * @result:	check of the last reading; a violation has ended the thread
 * @error:	-errno of a failed reading, which has ended the thread
 * @thread:	thread
 */
struct shared_reader {
	_Atomic pid_t tid;
	struct context context;
	bool query;
	size_t near;
	atomic_bool *stop;
	struct counters counters;
	struct check_result result;
	int error;
	pthread_t thread;
};

/* Make one pread() from the beginning of the file; return its bytes or -errno. */
static ssize_t call_pread(const struct reader *reader, struct reading *reading)
{
	ssize_t got = pread(reader->fd, reading->text, reader->buffer, 0);

	if (got < 0)
		return -errno;
	reading->len = got;
	return got;
}

static const struct file_kind file_pread = {
	.name = "maps", .path = "maps", .fields = SPAN_ALL, .gate_vma = true,
	.call = call_pread, .parse = parse_maps_line,
};

/* Take readings until the thread is to end, or a reading fails or is illegal. */
static void *shared_reader_main(void *arg)
{
	struct shared_reader *reader = arg;
	struct context *context = &reader->context;

	context->reader.kind = reader->query ? &file_query : &file_pread;
	context->reader.buffer = reader->near;
	reader->tid = syscall(SYS_gettid);
	while (!*reader->stop && !reader->result.rule) {
		context->reading.len = 0;
		context->reading.nr_chunks = 0;
		context->reading.whole = false;
		context->reader.limit = reader->query ? 3 * sizeof(struct span) : 1;
		reader->error = reading_go_on(&context->reader, &context->reading);
		if (reader->error)
			break;
		reader->result = context_check(context);
		counters_add(&reader->counters, &reader->result);
	}
	return NULL;
}

/* Race both threads against the modifier, for 200 ms or until one finds a violation. */
static void shared_readers_race(struct __test_metadata *_metadata,
				struct context *context, struct shared_reader reader[2],
				atomic_bool *stop)
{
	int64_t end;
	int i, err;

	race_go(context->race, INTERLEAVE_PREEMPT, -1, false);
	for (i = 0; i < 2; i++) {
		err = pthread_create(&reader[i].thread, NULL, shared_reader_main,
				     &reader[i]);
		ASSERT_EQ(0, err);
	}
	end = now_ns() + 200 * NSEC_PER_MSEC;
	while (now_ns() < end && !reader[0].result.rule && !reader[1].result.rule)
		sleep_ns(5 * NSEC_PER_MSEC);
	*stop = true;
	/* One thread may have got the lock that the other one never gets. */
	for (i = 0; i < 2; i++) {
		while (!reader[i].tid)
			sleep_ns(NSEC_PER_MSEC);
		watchdog_watch_threads(reader[i].tid, context->race->tid);
		pthread_join(reader[i].thread, NULL);
	}
}

/*
 * Test two threads that share a file descriptor, whose private data the kernel has to
 * protect.
 */
static void run_shared_readers(struct __test_metadata *_metadata,
			       struct context *context, bool query, const char *test)
{
	struct shared_reader reader[2] = { 0 };
	uint64_t seed = seed_from_env();
	const struct context_options options = { .seed = seed };
	atomic_bool stop = false;
	struct span any;
	bool few = false, wrong = false;
	int i, err;

	if (!context_open(_metadata, context, &change_split_middle, &file_maps,
			  &options))
		return;
	if (query && query_ask(context->reader.fd, context->race->stage.base, 0,
			       false, &any) == -ENOTTY)
		SKIP(return, "no such file in this kernel");
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	for (i = 0; i < 2; i++) {
		reader[i].context = *context;
		reader[i].query = query && i;
		reader[i].near = context_near(context);
		reader[i].stop = &stop;
		ASSERT_TRUE(reading_alloc(&reader[i].context.reading, 1 << 16,
					  64));
	}
	shared_readers_race(_metadata, context, reader, &stop);
	/* The modifier is stuck where the kernel has lost track of a lock of a thread. */
	err = race_freeze(context->race);
	context_end_modifier(context);
	for (i = 0; i < 2; i++) {
		struct context *seen = &reader[i].context;
		const char *rule = rule_text[reader[i].result.rule];

		counters_print(&reader[i].counters, test, context->race->seq / 2);
		if (reader[i].result.rule) {
			evidence_print(seen, &reader[i].result,
				       "shared descriptor",
				       reproduce_command("access", "", test, seed));
			known_bug_shows(seen);
		}
		reading_free(&seen->reading);
		EXPECT_STREQ("legal", rule);
		EXPECT_EQ(0, reader[i].error);
		wrong |= reader[i].result.rule || reader[i].error;
		few |= reader[i].counters.overlapped < RACING_FLOOR;
	}
	ASSERT_EQ(0, err) {
		diag("the target is stuck, or %s", strerror(-err));
	}
	/* After a failure of an EXPECT, a SKIP would hide it. */
	if (few && !wrong)
		SKIP(return, "race not exercised");
}

TEST_F(access, shared_read_read)
{
	run_shared_readers(_metadata, &self->context, false, "shared_read_read");
}

TEST_F(access, shared_read_query)
{
	run_shared_readers(_metadata, &self->context, true, "shared_read_query");
}

/*
 * A process reads its own file while another of its threads makes the transitions.  The
 * reader waits for locks of its own address space.
 */
TEST_F(access, own_maps)
{
	const struct context_options options = {
		.seed = seed_from_env(),
		.own = true,
	};
	struct run run = run_of(&self->context);
	int err;

	if (!context_open(_metadata, run.context, &change_split_middle,
			  &file_maps, &options))
		return;
	run.context->oracle.tolerate_lost_tail = *known_bug_seen;
	err = race_all(&run, 0.15, RACING_FLOOR, RACING_TIMEOUT);
	race_verdict(_metadata, &run, err, "own_maps",
		     reproduce_command("access", "", "own_maps", options.seed));
}

#endif /* PROC_TEST_ACCESS_H */
