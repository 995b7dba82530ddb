/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.h - a memory cgroup that is removed when its users are gone
 *
 * A process cannot clean up after its own SIGKILL.  A guardian process in a
 * session of its own waits for a pipe to close, which happens when the last user
 * of the cgroup is gone, and removes the cgroup.
 */
#ifndef PROC_LIB_CGROUP_H
#define PROC_LIB_CGROUP_H

#include <stdint.h>

#include "child.h"

/**
 * struct cgroup - a memory cgroup
 * @path:	where; empty where there is none
 * @pipe:	the end whose closing is the guardian's sign
 * @guardian:	removes it
 */
struct cgroup {
	char path[64];
	int pipe;
	struct child guardian;
};

/* Where they are; a test of this has a folder of its own. */
extern const char *cgroup_root;

/**
 * cgroup_make() - make a memory cgroup of this process's own
 * @cgroup:	filled in; cgroup_end() is due in either case
 * @limit:	bytes that its processes may have in memory
 *
 * Return: 0, or -errno: there are no such cgroups, or not for us.
 */
int cgroup_make(struct cgroup *cgroup, uint64_t limit);

/** cgroup_enter() - this process, and what it forks from now on. */
int cgroup_enter(const struct cgroup *cgroup);

/** cgroup_end() - remove it; its processes have been ended.  In any state. */
void cgroup_end(struct cgroup *cgroup);

#endif /* PROC_LIB_CGROUP_H */
