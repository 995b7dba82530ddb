// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "futex.h"

/*
 * Timeout in nanoseconds for the start of the cleanup process.  Generous: a fork()
 * and a few system calls, on a busy machine.
 */
#define CGROUP_READY_NS (5 * NSEC_PER_SEC)

/*
 * Time in nanoseconds in which the cleanup process retries to remove the directory.
 * A killed process stays in the cgroup until the page that it swaps in has arrived.
 */
#define CGROUP_TIMEOUT_NS (10 * NSEC_PER_SEC)

const char *cgroup_root = "/sys/fs/cgroup";

static int cgroup_write(const struct cgroup *cgroup, const char *file,
			const char *text)
{
	char path[128];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", cgroup->path, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/*
 * Starts a session and closes all inherited files but @keep.  The runner reads the
 * test program's standard output until the last process has closed it.
 */
static void cgroup_detach(int keep)
{
	int fd, null = open("/dev/null", O_RDWR);

	setsid();
	prctl(PR_SET_PDEATHSIG, 0);
	for (fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (fd = 3; fd < 256; fd++)
		if (fd != keep)
			close(fd);
}

/* Runs the cleanup process: waits for the end of @pipe, and removes the directory. */
static void cgroup_cleanup_main(const struct cgroup *cgroup, int pipe,
				_Atomic uint32_t *ready)
{
	int64_t deadline;
	char byte;

	cgroup_detach(pipe);
	futex_store(ready, 1);
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	deadline = now_ns() + CGROUP_TIMEOUT_NS;
	while (rmdir(cgroup->path) && errno != ENOENT && now_ns() < deadline) {
		cgroup_write(cgroup, "cgroup.kill", "1");
		sleep_ns(10 * NSEC_PER_MSEC);
	}
}

/* Starts the cleanup process and waits until it is in its session; 0 or -errno. */
static int cgroup_start_cleanup(struct cgroup *cgroup)
{
	_Atomic uint32_t *ready = shared_alloc(sizeof(*ready));
	int end[2], err;
	pid_t pid;

	if (!ready)
		return -ENOMEM;
	if (pipe2(end, O_CLOEXEC)) {
		err = -errno;
		munmap(ready, sizeof(*ready));
		return err;
	}
	pid = fork();
	if (!pid) {
		close(end[1]);
		cgroup_cleanup_main(cgroup, end[0], ready);
		_exit(0);
	}
	close(end[0]);
	cgroup->pipe = end[1];
	cgroup->cleanup.pid = pid > 0 ? pid : 0;
	err = pid < 0 ? -EAGAIN : futex_await(ready, 0, CGROUP_READY_NS, pid);
	munmap(ready, sizeof(*ready));
	return err;
}

int cgroup_make(struct cgroup *cgroup, uint64_t limit)
{
	char text[128];
	int err;

	memset(cgroup, 0, sizeof(*cgroup));
	cgroup->pipe = -1;
	snprintf(text, sizeof(text), "%s/cgroup.controllers", cgroup_root);
	if (access(text, R_OK))
		return -errno;
	snprintf(cgroup->path, sizeof(cgroup->path), "%s/proc_maps_stress.%d",
		 cgroup_root, getpid());
	err = cgroup_start_cleanup(cgroup);
	if (err)
		return err;
	if (mkdir(cgroup->path, 0700))
		return -errno;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)limit);
	err = cgroup_write(cgroup, "memory.max", text);
	/* Memory above the limit must go to swap, not to the OOM killer. */
	return err ? err : cgroup_write(cgroup, "memory.swap.max", "max");
}

int cgroup_enter(const struct cgroup *cgroup)
{
	return cgroup_write(cgroup, "cgroup.procs", "0");
}

void cgroup_end(struct cgroup *cgroup)
{
	/* The pipe exists even if the fork() of the cleanup process failed. */
	if (cgroup->pipe > 0)
		close(cgroup->pipe);
	if (cgroup->cleanup.pid)
		child_wait(&cgroup->cleanup, 2 * CGROUP_TIMEOUT_NS);
	memset(cgroup, 0, sizeof(*cgroup));
}
