// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "limits.h"
#include "child.h"
#include "cpu.h"

/* Most processes that a test has at the same time, beside the harness's own. */
#define LIMITS_CHILDREN 12
/* Upper bound of the file descriptors that a process of a test has open. */
#define LIMITS_FILES 16
/* Upper bound of the address space in bytes of a test's buffers and stacks. */
#define LIMITS_BYTES (32UL << 20)

const char *limits_missing(void)
{
	struct child child[LIMITS_CHILDREN] = { 0 };
	struct rlimit files;
	unsigned int i;
	void *bytes;
	int err = 0;

	if (!policy_reset())
		return "not permitted to leave real-time priority";
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
