/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_access.h - lseek(), pread(), shared descriptors, tasks, oneself
 */
#ifndef PROC_TEST_ACCESS_H
#define PROC_TEST_ACCESS_H

#include "drive.h"

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
	end_scene(_metadata, &self->scene);
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
	struct drive drive = { .scene = &self->scene, .how = "task" };

	if (!open_scene(_metadata, drive.scene, &change_split_middle,
			&file_maps, &options))
		return;
	drive_report(_metadata, &drive, step_boundaries(&drive, 333, 1), "task",
		     again("access", "", "task", options.seed));
	ASSERT_STREQ("legal", rule_text[drive.finding.rule]);
	ASSERT_GT(drive.tally.overlapped, 2U);
}

/**
 * struct sharer - a thread that uses a descriptor together with others
 * @tid:	who it is to the kernel; 0 until it runs
 * @scene:	whose descriptor and layouts; the reading is the thread's own
 * @query:	asks PROCMAP_QUERY instead of reading
 * @near:	bytes per reading
 * @stop:	set to end it
 * @tally:	what it saw
 * @finding:	the first illegal reading
 * @error:	-errno of a reading that failed, which ended it
 * @thread:	its thread
 */
struct sharer {
	_Atomic pid_t tid;
	struct scene scene;
	bool query;
	size_t near;
	atomic_bool *stop;
	struct tally tally;
	struct finding finding;
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
	.name = "maps", .path = "maps", .fields = SPAN_ALL, .gate = true,
	.call = call_pread, .parse = parse_maps_line,
};

static void *share(void *arg)
{
	struct sharer *sharer = arg;
	struct scene *scene = &sharer->scene;

	scene->reader.kind = sharer->query ? &file_query : &file_pread;
	scene->reader.buffer = sharer->near;
	sharer->tid = syscall(SYS_gettid);
	while (!*sharer->stop && !sharer->finding.rule) {
		scene->reading.len = 0;
		scene->reading.nr_chunks = 0;
		scene->reading.whole = false;
		scene->reader.limit = sharer->query ? 3 * sizeof(struct span) : 1;
		sharer->error = reading_go_on(&scene->reader, &scene->reading);
		if (sharer->error)
			break;
		stuck_beat();
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
	struct span any;
	bool few = false, wrong = false;
	int64_t end;
	int i, err;

	if (!open_scene(_metadata, scene, &change_split_middle, &file_maps,
			&options))
		return;
	if (query && query_ask(scene->reader.fd, scene->race->stage.base, 0,
			       false, &any) == -ENOTTY)
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
	for (i = 0; i < 2; i++) {
		err = pthread_create(&sharer[i].thread, NULL, share,
				     &sharer[i]);
		ASSERT_EQ(0, err);
	}
	end = now_ns() + 200 * NSEC_PER_MSEC;
	while (now_ns() < end && !sharer[0].finding.rule &&
	       !sharer[1].finding.rule)
		nap_ns(5 * NSEC_PER_MSEC);
	stop = true;
	/* The one may have come out of a lock that the other will never get. */
	for (i = 0; i < 2; i++) {
		while (!sharer[i].tid)
			nap_ns(NSEC_PER_MSEC);
		stuck_watch_of(sharer[i].tid, scene->race->tid);
		pthread_join(sharer[i].thread, NULL);
	}
	/* A lock that one took from the other is never given back. */
	err = race_freeze(scene->race);
	scene_end_peer(scene);
	for (i = 0; i < 2; i++) {
		struct scene *seen = &sharer[i].scene;
		const char *rule = rule_text[sharer[i].finding.rule];

		tally_print(&sharer[i].tally, test, scene->race->seq / 2);
		if (sharer[i].finding.rule) {
			evidence_print(seen, &sharer[i].finding,
				       "shared descriptor",
				       again("access", "", test, seed));
			known_bug_shows(seen);
		}
		reading_free(&seen->reading);
		EXPECT_STREQ("legal", rule);
		EXPECT_EQ(0, sharer[i].error);
		wrong |= sharer[i].finding.rule || sharer[i].error;
		few |= sharer[i].tally.overlapped < RACING_FLOOR;
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
	const struct scene_options options = {
		.seed = seed_from_env(),
		.own = true,
	};
	struct drive drive = drive_of(&self->scene);
	int err;

	if (!open_scene(_metadata, drive.scene, &change_split_middle,
			&file_maps, &options))
		return;
	drive.scene->oracle.tolerate_lost_tail = *known_bug_seen;
	err = race_all(&drive, 0.15, RACING_FLOOR, RACING_PATIENCE);
	race_verdict(_metadata, &drive, err, "own_maps",
		     again("access", "", "own_maps", options.seed));
}

#endif /* PROC_TEST_ACCESS_H */
