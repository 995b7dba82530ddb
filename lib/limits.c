// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "limits.h"
#include "child.h"
#include "cpu.h"

/* Upper bound of the processes that a test has at the same time, beside the harness's own. */
#define LIMITS_CHILDREN 24
/* Upper bound of the file descriptors that a process of a test has open: names has 51. */
#define LIMITS_FILES 64
/* Upper bound of the address space in bytes of a test's buffers and stacks. */
#define LIMITS_BYTES (32UL << 20)

const char *limits_missing(void)
{
	struct child child[LIMITS_CHILDREN] = { 0 };
	char self[16], proc[16] = "";
	struct rlimit files;
	unsigned int i;
	void *bytes;
	int err = 0;

	if (!policy_reset())
		return "not permitted to leave real-time priority";
	snprintf(self, sizeof(self), "%d", getpid());
	if (readlink("/proc/self", proc, sizeof(proc) - 1) < 0 || strcmp(self, proc))
		return "no /proc of this PID namespace";
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < LIMITS_FILES)
		return "too few file descriptors allowed";
	bytes = mmap(NULL, LIMITS_BYTES, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return "too little address space allowed";
	munmap(bytes, LIMITS_BYTES);
	for (i = 0; i < LIMITS_CHILDREN && !err; i++)
		err = child_start(&child[i], pause_forever, NULL);
	for (i = 0; i < LIMITS_CHILDREN; i++)
		child_kill(&child[i]);
	return err ? "too few processes allowed" : NULL;
}
