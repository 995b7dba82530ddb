/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_access.h - lseek(), pread(), shared descriptors, tasks, oneself
 */
#ifndef PROC_TEST_ACCESS_H
#define PROC_TEST_ACCESS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/judge.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "../model/tally.h"
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

/* Keeps the text of a reading at rest, to compare others with. */
static bool keep_text(char **text, size_t *len, struct context *context)
{
	context->reader.buffer = 1 << 16;
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
 * The last lines ([stack], [vdso], [vsyscall]) are the ones that get lost when
 * a position behind the last mapping is not kept from one read() to the next.
 */
TEST_F(access, buffer_sizes)
{
	struct context *context = &self->context;
	size_t size, largest = 2 * sysconf(_SC_PAGESIZE);

	if (!context_open(_metadata, context, &change_single_pages, &file_maps,
			  &plain_options))
		return;
	ASSERT_TRUE(keep_text(&self->text, &self->len, context));
	for (size = 1; size <= largest; size += size < 300 ? 1 : 97) {
		context->reader.buffer = size;
		/* A read() per byte is more than a reading has room for. */
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
 * An offset is counted in bytes of text: the kernel prints all that precedes it
 * again.  At rest, each must give the same text, also after a change.
 */
TEST_F(access, offsets)
{
	struct context *context = &self->context;
	unsigned int cycle;
	char buf[300];

	if (!context_open(_metadata, context, &change_split_middle, &file_maps,
			  &plain_options))
		return;
	for (cycle = 0; cycle < 4; cycle++) {
		int fd = context->reader.fd;
		size_t offset;

		ASSERT_TRUE(keep_text(&self->text, &self->len, context));
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
		ASSERT_EQ(0, context_step(context, 1));
	}
}

/* The file of a thread is the file of its process. */
TEST_F(access, task)
{
	const struct context_options options = { .seed = 1, .task = true };
	struct run run = { .context = &self->context, .how = "task" };

	if (!context_open(_metadata, run.context, &change_split_middle,
			  &file_maps, &options))
		return;
	run_report(_metadata, &run, step_boundaries(&run, 333, 1), "task",
		   again("access", "", "task", options.seed));
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	ASSERT_GT(run.counters.overlapped, 2U);
}

/**
 * struct sharer - a thread that uses a descriptor together with others
 * @tid:	who it is to the kernel; 0 until it runs
 * @context:	whose descriptor and layouts; the reading is the thread's own
 * @query:	asks PROCMAP_QUERY instead of reading
 * @near:	bytes per reading
 * @stop:	set to end it
 * @counters:	what it saw
 * @result:	the first illegal reading
 * @error:	-errno of a reading that failed, which ended it
 * @thread:	its thread
 */
struct sharer {
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
	.name = "maps", .path = "maps", .fields = SPAN_ALL, .gate_vma = true,
	.call = call_pread, .parse = parse_maps_line,
};

static void *share(void *arg)
{
	struct sharer *sharer = arg;
	struct context *context = &sharer->context;

	context->reader.kind = sharer->query ? &file_query : &file_pread;
	context->reader.buffer = sharer->near;
	sharer->tid = syscall(SYS_gettid);
	while (!*sharer->stop && !sharer->result.rule) {
		context->reading.len = 0;
		context->reading.nr_chunks = 0;
		context->reading.whole = false;
		context->reader.limit = sharer->query ? 3 * sizeof(struct span) : 1;
		sharer->error = reading_go_on(&context->reader, &context->reading);
		if (sharer->error)
			break;
		watchdog_heartbeat();
		sharer->result = context_check(context);
		counters_add(&sharer->counters, &sharer->result);
	}
	return NULL;
}

/* Two threads on one descriptor, whose private data the kernel must guard. */
static void share_descriptor(struct __test_metadata *_metadata,
			     struct context *context, bool query, const char *test)
{
	struct sharer sharer[2] = { 0 };
	uint64_t seed = seed_from_env();
	const struct context_options options = { .seed = seed };
	atomic_bool stop = false;
	struct span any;
	bool few = false, wrong = false;
	int64_t end;
	int i, err;

	if (!context_open(_metadata, context, &change_split_middle, &file_maps,
			  &options))
		return;
	if (query && query_ask(context->reader.fd, context->race->stage.base, 0,
			       false, &any) == -ENOTTY)
		SKIP(return, "no such file in this kernel");
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	for (i = 0; i < 2; i++) {
		sharer[i].context = *context;
		sharer[i].query = query && i;
		sharer[i].near = context_near(context);
		sharer[i].stop = &stop;
		ASSERT_TRUE(reading_alloc(&sharer[i].context.reading, 1 << 16,
					  64));
	}
	race_go(context->race, INTERLEAVE_PREEMPT, -1, false);
	for (i = 0; i < 2; i++) {
		err = pthread_create(&sharer[i].thread, NULL, share,
				     &sharer[i]);
		ASSERT_EQ(0, err);
	}
	end = now_ns() + 200 * NSEC_PER_MSEC;
	while (now_ns() < end && !sharer[0].result.rule &&
	       !sharer[1].result.rule)
		sleep_ns(5 * NSEC_PER_MSEC);
	stop = true;
	/* The one may have come out of a lock that the other will never get. */
	for (i = 0; i < 2; i++) {
		while (!sharer[i].tid)
			sleep_ns(NSEC_PER_MSEC);
		watchdog_watch_threads(sharer[i].tid, context->race->tid);
		pthread_join(sharer[i].thread, NULL);
	}
	/* A lock that one took from the other is never given back. */
	err = race_freeze(context->race);
	context_end_modifier(context);
	for (i = 0; i < 2; i++) {
		struct context *seen = &sharer[i].context;
		const char *rule = rule_text[sharer[i].result.rule];

		counters_print(&sharer[i].counters, test, context->race->seq / 2);
		if (sharer[i].result.rule) {
			evidence_print(seen, &sharer[i].result,
				       "shared descriptor",
				       again("access", "", test, seed));
			known_bug_shows(seen);
		}
		reading_free(&seen->reading);
		EXPECT_STREQ("legal", rule);
		EXPECT_EQ(0, sharer[i].error);
		wrong |= sharer[i].result.rule || sharer[i].error;
		few |= sharer[i].counters.overlapped < RACING_FLOOR;
	}
	ASSERT_EQ(0, err) {
		diag("the target is stuck, or %s", strerror(-err));
	}
	/* SKIP would take back what an EXPECT has found. */
	if (few && !wrong)
		SKIP(return, "race not exercised");
}

TEST_F(access, shared_read_read)
{
	share_descriptor(_metadata, &self->context, false, "shared_read_read");
}

TEST_F(access, shared_read_query)
{
	share_descriptor(_metadata, &self->context, true, "shared_read_query");
}

/*
 * One's own maps, while another thread of the process changes them: the reader
 * waits for locks of its own address space.
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
		     again("access", "", "own_maps", options.seed));
}

#endif /* PROC_TEST_ACCESS_H */
