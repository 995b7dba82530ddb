/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_leaving.h - processes that leave, and those that are none of one's business
 */
#ifndef PROC_TEST_LEAVING_H
#define PROC_TEST_LEAVING_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/futex.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/judge.h"
#include "../model/oracle.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "modifier.h"
#include "reader.h"
#include "run.h"

FIXTURE(leaving) {
	struct context context;
};

FIXTURE_SETUP(leaving)
{
}

FIXTURE_TEARDOWN(leaving)
{
	context_close(_metadata, &self->context);
}

/* Starts a process and makes @records read()s; false where that is skipped. */
static bool begin_to_read(struct __test_metadata *_metadata,
			  struct context *context, unsigned int records)
{
	if (!context_open(_metadata, context, &change_hole, &file_maps, &plain_options))
		return false;
	context->reader.buffer = 100;
	ASSERT_EQ(0, reading_begin(&context->reader, &context->reading));
	while (context->reading.nr_chunks < records) {
		ssize_t got = reading_call(&context->reader, &context->reading);

		ASSERT_GE(got, 0);
	}
	return true;
}

/*
 * Reads what is left of a file whose process is going.  It may end at any
 * record, with end of file or ESRCH; what it shows must be the old layout.
 */
static void read_the_leaver(struct __test_metadata *_metadata,
			    struct context *context, const char *test)
{
	struct check_result result;
	int err;

	context->reader.buffer = 100;
	do {
		err = reading_call(&context->reader, &context->reading);
	} while (err > 0);
	ASSERT_TRUE(err == 0 || err == -ESRCH) {
		diag("%s: %s", test, strerror(-err));
	}
	/* Nobody knows whether the file ended or its process. */
	context->reading.whole = false;
	result = context_check(context);
	if (result.rule)
		evidence_print(context, &result, test,
			       again("leaving", "", test, 1));
	ASSERT_STREQ("legal", rule_text[result.rule]);
}

TEST_F(leaving, exit)
{
	unsigned int records;

	for (records = 0; records < 24; records++) {
		struct context *context = &self->context;

		if (!begin_to_read(_metadata, context, records))
			return;
		if (records & 1)
			kill(context->child.pid, SIGKILL);
		else
			context_end_modifier(context);
		read_the_leaver(_metadata, context, "exit");
		ASSERT_EQ(0, context_over(context));
	}
}

/* A pipe that nobody writes to ends with the last one who could have: at exec. */
static bool exec_is_over(int fd)
{
	struct pollfd end = { .fd = fd };

	return poll(&end, 1, MODIFIER_TIMEOUT_NS / NSEC_PER_MSEC) == 1;
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
		struct context *context = &self->context;
		int end[2];

		ASSERT_EQ(0, pipe2(end, O_CLOEXEC));
		if (!begin_to_read(_metadata, context, records))
			return;
		close(end[1]);
		context->race->exec = true;
		futex_store(&context->race->limit, context->race->seq / 2 + 1);
		if (records % 3)
			ASSERT_TRUE(exec_is_over(end[0]));
		if (records % 3 == 2)
			context_end_modifier(context);
		read_the_leaver(_metadata, context, "exec");
		close(end[0]);
		ASSERT_EQ(0, context_over(context));
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
