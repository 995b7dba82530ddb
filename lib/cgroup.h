/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.h - a memory cgroup that is removed even if its maker is killed
 *
 * A process cannot clean up after its own SIGKILL.  A cleanup process in a session
 * of its own reads a pipe.  The kernel closes the write end with the last process
 * that holds it, and the cleanup process then removes the cgroup.
 */
#ifndef PROC_LIB_CGROUP_H
#define PROC_LIB_CGROUP_H

#include <stdint.h>

#include "child.h"

/**
 * struct cgroup - a memory cgroup
 * @path:	its directory; empty if there is none
 * @pipe:	write end of the pipe that the cleanup process reads; -1 if there is none
 * @cleanup:	the process that removes the directory
 */
struct cgroup {
	char path[64];
	int pipe;
	struct child cleanup;
};

/* Mount point of cgroup v2.  The unit test replaces it by a folder of its own. */
extern const char *cgroup_root;

/**
 * cgroup_make() - create a memory cgroup and its cleanup process
 * @cgroup:	filled in; must be passed to cgroup_end() also after an error
 * @limit:	memory.max in bytes
 *
 * Return: 0, or -errno if there is no cgroup v2, or no permission.
 */
int cgroup_make(struct cgroup *cgroup, uint64_t limit);

/**
 * cgroup_enter() - move the calling process into a cgroup
 * @cgroup:	after cgroup_make()
 *
 * Children that are forked later start in the same cgroup.
 *
 * Return: 0 or -errno.
 */
int cgroup_enter(const struct cgroup *cgroup);

/**
 * cgroup_end() - remove a cgroup
 * @cgroup:	in any state, also after cgroup_make() failed
 *
 * The caller has ended the processes in it.
 */
void cgroup_end(struct cgroup *cgroup);

#endif /* PROC_LIB_CGROUP_H */
