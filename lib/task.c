// SPDX-License-Identifier: GPL-2.0
/*
 * task.c - what other tasks do, and waiting for them
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "task.h"

struct task_sample task_sample_parse(const char *stat, int64_t tick_ns)
{
	struct task_sample sample = { .state = '?' };
	/* The state follows the command name, which may contain parentheses. */
	const char *state = strrchr(stat, ')');
	long long user, kernel;

	if (!state || sscanf(state, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld %lld",
			     &user, &kernel) != 2)
		return sample;
	sample.state = state[2];
	sample.user_ns = user * tick_ns;
	sample.kernel_ns = kernel * tick_ns;
	return sample;
}

struct task_sample task_sample(pid_t tid)
{
	char path[48], stat[512];
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)tid, (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, stat, sizeof(stat) - 1);
		close(fd);
	}
	stat[got > 0 ? got : 0] = '\0';
	return task_sample_parse(stat, NSEC_PER_SEC / sysconf(_SC_CLK_TCK));
}

char task_state(pid_t tid)
{
	return task_sample(tid).state;
}

bool task_is_gone(pid_t tid)
{
	char state = task_state(tid);

	/* /proc may hide it (hidepid). */
	return state == '?' ? kill(tid, 0) && errno == ESRCH : state == 'Z' || state == 'X';
}

int task_timed_out(struct timeout *timeout, pid_t tid)
{
	int64_t polls = timeout->left_ns / TASK_POLL_NS;

	if (timed_out(timeout))
		return -ETIMEDOUT;
	if (!tid || timeout->left_ns / TASK_POLL_NS == polls)
		return 0;
	return task_is_gone(tid) ? -ESRCH : 0;
}

bool thread_is_traced(void)
{
	return machine_count("/proc/thread-self/status", "TracerPid:");
}
