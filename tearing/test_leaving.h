/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_leaving.h - test files of processes that exit or exec, or may not be read
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
#include "../model/check.h"
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

/*
 * Start a test context and make @records read()s of one record each.  Return false for
 * a test that is skipped.
 */
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
 * Read the rest of a file whose process exits or execs, and check it.  The file may end
 * at any record, with end of file or ESRCH.  Its records must be those of the layout
 * that was in place.
 */
static void read_rest(struct __test_metadata *_metadata,
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
	/* The end of the file may be that of its process: the reading is incomplete. */
	context->reading.whole = false;
	result = context_check(context);
	if (result.rule)
		evidence_print(context, &result, test,
			       reproduce_command("leaving", "", test, 1));
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
		read_rest(_metadata, context, "exit");
		ASSERT_EQ(0, context_over(context));
	}
}

/*
 * Wait until the modifier has exec'd another program; return whether it has.  The pipe's
 * only writing end is close-on-exec in the modifier, so @fd is hung up by the exec.
 */
static bool exec_is_over(int fd)
{
	struct timeout timeout = timeout_start(MODIFIER_TIMEOUT_NS);
	struct pollfd end = { .fd = fd };

	while (poll(&end, 1, 0) != 1) {
		if (timed_out(&timeout))
			return false;
		sleep_ns(TIMEOUT_POLL_NS);
	}
	return true;
}

/*
 * A file descriptor belongs to the address space for which it was opened.  After an exec
 * it shows no line of the new address space: not to a read() during the exec, not after
 * it, and not after the end of the new program.
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
		read_rest(_metadata, context, "exec");
		close(end[0]);
		ASSERT_EQ(0, context_over(context));
	}
}

/* The file of a process is not shown to a user without permission to trace it. */
TEST_F(leaving, forbidden)
{
	struct stat init;
	char path[64];
	int fd;

	if (!test_begin(_metadata))
		return;
	snprintf(path, sizeof(path), "/proc/%d/maps", geteuid() ? 1 : getpid());
	if (!geteuid()) {
		/* The file is root's, the reader is an unprivileged user. */
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
	/* In a container process 1 may belong to this user. */
	fd = open(path, O_RDONLY);
	if (fd >= 0 && !stat("/proc/1", &init) && init.st_uid == geteuid())
		SKIP(return, "no process of another user");
	ASSERT_EQ(-1, fd);
}

#endif /* PROC_TEST_LEAVING_H */
