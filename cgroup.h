/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.h - a memory cgroup that goes away with whoever made it
 *
 * Nobody can clean up after his own SIGKILL.  So a guardian does, a process of
 * its own session: it waits for a pipe to close, which happens when the last
 * process that has to do with the cgroup is gone, and then removes it.  It is
 * there before the cgroup is.
 */
#ifndef PROC_CGROUP_H
#define PROC_CGROUP_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "peer.h"

/* Where they are; a test of this has a folder of its own. */
static const char *cgroup_root = "/sys/fs/cgroup";
/* For the guardian to be ready, which is before there is anything to guard. */
#define CGROUP_READY_NS (5 * NSEC_PER_SEC)
/* For the last process to leave: what is being swapped in is not killed at once. */
#define CGROUP_PATIENCE (10 * NSEC_PER_SEC)

/**
 * struct cgroup - a memory cgroup
 * @path:	where; empty where there is none
 * @pipe:	the end whose closing is the guardian's sign
 * @guardian:	removes it
 */
struct cgroup {
	char path[64];
	int pipe;
	struct peer guardian;
};

static inline int cgroup_write(const struct cgroup *cgroup, const char *file,
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

/* Its files are the test's own: a reader of the report waits for nobody else. */
static inline void cgroup_detach(int keep)
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

static inline void cgroup_guard(const struct cgroup *cgroup, int pipe,
				_Atomic uint32_t *ready)
{
	int64_t deadline;
	char byte;

	cgroup_detach(pipe);
	word_set(ready, 1);
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	deadline = now_ns() + CGROUP_PATIENCE;
	while (rmdir(cgroup->path) && errno != ENOENT && now_ns() < deadline) {
		cgroup_write(cgroup, "cgroup.kill", "1");
		nap_ns(10 * NSEC_PER_MSEC);
	}
}

/* Has the guardian stand there, whatever happens to this process; 0 or -errno. */
static inline int cgroup_post(struct cgroup *cgroup)
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
		cgroup_guard(cgroup, end[0], ready);
		_exit(0);
	}
	close(end[0]);
	cgroup->pipe = end[1];
	cgroup->guardian.pid = pid > 0 ? pid : 0;
	err = pid < 0 ? -EAGAIN :
	      word_await(ready, 0, CGROUP_READY_NS);
	munmap(ready, sizeof(*ready));
	return err;
}

/**
 * cgroup_make() - make a memory cgroup of this process's own
 * @cgroup:	filled in; cgroup_end() is due in either case
 * @limit:	bytes that its processes may have in memory
 *
 * Return: 0, or -errno: there are no such cgroups, or not for us.
 */
static inline int cgroup_make(struct cgroup *cgroup, uint64_t limit)
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
	err = cgroup_post(cgroup);
	if (err)
		return err;
	if (mkdir(cgroup->path, 0700))
		return -errno;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)limit);
	err = cgroup_write(cgroup, "memory.max", text);
	/* The limit is on what is in memory; the rest must be able to leave. */
	return err ? err : cgroup_write(cgroup, "memory.swap.max", "max");
}

/** cgroup_enter() - this process, and what it forks from now on. */
static inline int cgroup_enter(const struct cgroup *cgroup)
{
	return cgroup_write(cgroup, "cgroup.procs", "0");
}

/** cgroup_end() - remove it; its processes have been ended.  In any state. */
static inline void cgroup_end(struct cgroup *cgroup)
{
	/* Where none could be started its pipe is here all the same. */
	if (cgroup->pipe > 0)
		close(cgroup->pipe);
	if (cgroup->guardian.pid) {
		peer_wait(&cgroup->guardian, 2 * CGROUP_PATIENCE);
	}
	memset(cgroup, 0, sizeof(*cgroup));
}

#endif /* PROC_CGROUP_H */
