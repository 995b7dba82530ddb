// SPDX-License-Identifier: GPL-2.0
/*
 * exhibit.c - mappings of every kind beside the stage, and queries of all their fields
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "exhibit.h"
#include "../lib/util.h"
#include "odd_file.h"

/* Definitions that older C libraries do not have. */
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

/* The numbers are the same on all architectures (Linux 5.14 and 6.10). */
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102		/* Linux 6.13 */
#endif

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25		/* Linux 6.1 */
#endif

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 0x0004U
#endif

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

/* struct perf_event_attr as it was first: an event that never happens, in this process. */
static const struct {
	uint32_t type, size;
	uint64_t config, period, sample, read_format, flags;
	uint32_t wakeup, bp_type;
	uint64_t config1;
} dummy_event = {
	.type = 1,			/* PERF_TYPE_SOFTWARE */
	.size = sizeof(dummy_event),
	.config = 9,			/* PERF_COUNT_SW_DUMMY */
	.flags = 1 << 5 | 1 << 6,	/* exclude_kernel, exclude_hv */
};

char *map_apart(size_t len, int prot, int flags, int fd, size_t offset)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, len + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mmap(p + page, len, prot, flags | MAP_FIXED, fd, offset) != MAP_FAILED)
		return p + page;
	munmap(p, len + 2 * page);
	return NULL;
}

/* Map anonymous memory and a file with each permission. */
static void map_permissions(int fd)
{
	static const int sharing[] = { MAP_PRIVATE, MAP_SHARED };
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned int i;
	int prot;

	for (prot = 0; prot < 8; prot++)
		for (i = 0; i < ARRAY_SIZE(sharing); i++) {
			map_apart((1 + i) * page, prot, sharing[i] | MAP_ANONYMOUS, -1, 0);
			map_apart((1 + i) * page, prot, sharing[i], fd, page);
		}
}

/* Map what not each kernel has; @page is the size of a page in bytes. */
static void map_special(size_t page)
{
	int rw = PROT_READ | PROT_WRITE, fd;
	char *p;

	p = map_apart(2 * page, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p)
		prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, 2 * page, "an exhibit");
	p = map_apart(2 * page, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p)
		prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, 2 * page, "shared exhibit");
	p = map_apart(2 * page, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p)
		syscall(SYS_mseal, p, 2 * page, 0);
	map_apart(2 * page, rw, MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);
	p = map_apart(4 * page, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p)
		madvise(p + page, page, MADV_GUARD_INSTALL);
	/* Nothing is reserved: the pool of huge pages may be empty. */
	mmap(NULL, 4 << 20, rw,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
	fd = syscall(SYS_memfd_secret, 0);
	if (fd >= 0 && !ftruncate(fd, 2 * page))
		map_apart(2 * page, rw, MAP_SHARED, fd, 0);
	fd = shmget(IPC_PRIVATE, 2 * page, IPC_CREAT | 0600);
	if (fd >= 0) {
		p = shmat(fd, NULL, 0);
		shmctl(fd, IPC_RMID, NULL);
	}
}

/* Bytes of a huge page on most machines; elsewhere the file has none. */
#define HUGE_PAGE (2 << 20)

/* Map a file whose pages are a huge one, and a file of an overlay; @page is as above. */
static void map_files(size_t page)
{
	int fd = syscall(SYS_memfd_create, "collapsed exhibit", 0);
	char *p = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, 2 * HUGE_PAGE))
		p = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED) {
		*p = 1;
		madvise(p, 2 * HUGE_PAGE, MADV_COLLAPSE);
	}
	fd = odd_file_overlay();
	if (fd >= 0)
		map_apart(page, PROT_READ, MAP_PRIVATE, fd, 0);
}

/* Map what belongs to a file descriptor that is no file; @page is as above. */
static void map_rings(size_t page)
{
	int rw = PROT_READ | PROT_WRITE, fd;
	uint32_t ring[30] = { 0 };	/* struct io_uring_params */
	char *p;

	fd = syscall(SYS_io_uring_setup, 1, ring);
	if (fd >= 0)
		map_apart(page, rw, MAP_SHARED, fd, 0);
	fd = syscall(SYS_perf_event_open, &dummy_event, 0, -1, -1, 0);
	if (fd >= 0)
		map_apart(2 * page, rw, MAP_SHARED, fd, 0);
	fd = syscall(SYS_memfd_create, "huge exhibit", MFD_HUGETLB);
	if (fd >= 0)
		mmap(NULL, 4 << 20, rw, MAP_SHARED | MAP_NORESERVE, fd, 0);
	fd = syscall(SYS_pkey_alloc, 0, 0);
	p = fd >= 0 ? map_apart(2 * page, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;
	if (p)
		syscall(SYS_pkey_mprotect, p, 2 * page, rw, fd);
}

int exhibit_map(struct race *race, void *arg)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = syscall(SYS_memfd_create, "exhibit", 0);
	struct odd_file **file = arg;

	if (fd >= 0 && !ftruncate(fd, 4 * page))
		map_permissions(fd);
	map_special(page);
	map_rings(page);
	map_files(page);
	for (; file && *file; file++)
		if (mmap(NULL, page, PROT_READ, MAP_SHARED, (*file)->fd, page) == MAP_FAILED)
			return -errno;
	return 0;
}

int query_all(int fd, uint64_t addr, uint64_t flags, uint32_t size, char *name,
	      struct procmap_query *query)
{
	*query = (struct procmap_query){
		.size = sizeof(*query),
		.query_flags = flags,
		.query_addr = addr,
		.vma_name_addr = size ? (uintptr_t)name : 0,
		.vma_name_size = size,
	};
	return ioctl(fd, PROCMAP_QUERY, query) ? -errno : 0;
}

bool blank_is_kept(char *name, size_t size)
{
	bool kept = true;
	size_t i;

	for (i = size; i < EXHIBIT_NAME; i++)
		kept &= name[i] == EXHIBIT_BLANK;
	memset(name, EXHIBIT_BLANK, EXHIBIT_NAME);
	return kept;
}
