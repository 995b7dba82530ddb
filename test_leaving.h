/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_leaving.h - processes that leave, and those that are none of one's business
 */
#ifndef PROC_TEST_LEAVING_H
#define PROC_TEST_LEAVING_H

#include <grp.h>
#include <poll.h>

#include "drive.h"

FIXTURE(leaving) {
	struct scene scene;
};

FIXTURE_SETUP(leaving)
{
}

FIXTURE_TEARDOWN(leaving)
{
	end_scene(_metadata, &self->scene);
}

/* Starts a process and makes @records read()s; false where that is skipped. */
static bool begin_to_read(struct __test_metadata *_metadata,
			  struct scene *scene, unsigned int records)
{
	if (!open_scene(_metadata, scene, &change_hole, &file_maps, &plain))
		return false;
	scene->reader.buffer = 100;
	ASSERT_EQ(0, reading_begin(&scene->reader, &scene->reading));
	while (scene->reading.nr_chunks < records) {
		ssize_t got = reading_call(&scene->reader, &scene->reading);

		ASSERT_GE(got, 0);
	}
	return true;
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

		if (!begin_to_read(_metadata, scene, records))
			return;
		if (records & 1)
			kill(scene->peer.pid, SIGKILL);
		else
			scene_end_peer(scene);
		read_the_leaver(_metadata, scene, "exit");
		ASSERT_EQ(0, scene_over(scene));
	}
}

/* Before everything else, since the changer may have become this program. */
static void __attribute__((constructor(101))) arrive(void)
{
	changer_left();
}

/* A pipe that nobody writes to ends with the last one who could have: at exec. */
static bool exec_is_over(int fd)
{
	struct pollfd end = { .fd = fd };

	return poll(&end, 1, STUCK_NS / NSEC_PER_MSEC) == 1;
}

/*
 * A descriptor belongs to the address space that it was opened for: after an
 * exec it shows no line of the new one, whether the reader is there while it
 * happens, comes afterwards, or when the new program has gone as well.
 */
TEST_F(leaving, exec)
{
	unsigned int records;

	for (records = 0; records < 24; records++) {
		struct scene *scene = &self->scene;
		int end[2];

		ASSERT_EQ(0, pipe2(end, O_CLOEXEC));
		if (!begin_to_read(_metadata, scene, records))
			return;
		close(end[1]);
		scene->race->leave = true;
		word_set(&scene->race->limit, scene->race->seq / 2 + 1);
		if (records % 3)
			ASSERT_TRUE(exec_is_over(end[0]));
		if (records % 3 == 2)
			scene_end_peer(scene);
		read_the_leaver(_metadata, scene, "exec");
		close(end[0]);
		ASSERT_EQ(0, scene_over(scene));
	}
}

/* Somebody else's maps are not shown to those who may not trace him. */
TEST_F(leaving, forbidden)
{
	struct stat init;
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
	/* In a container the first process may be one's own. */
	fd = open(path, O_RDONLY);
	if (fd >= 0 && !stat("/proc/1", &init) && init.st_uid == geteuid())
		SKIP(return, "no process of another user");
	ASSERT_EQ(-1, fd);
}

#endif /* PROC_TEST_LEAVING_H */
