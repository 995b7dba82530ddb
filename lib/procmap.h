/* SPDX-License-Identifier: GPL-2.0 */
/*
 * procmap.h - definitions of the PROCMAP_QUERY ioctl
 *
 * Kernel headers before Linux 6.11 have none.  These are the ABI of 6.11.
 */
#ifndef PROC_LIB_PROCMAP_H
#define PROC_LIB_PROCMAP_H

#include <linux/fs.h>
#include <sys/ioctl.h>

#ifndef PROCMAP_QUERY
enum {
	PROCMAP_QUERY_VMA_READABLE = 0x01,
	PROCMAP_QUERY_VMA_WRITABLE = 0x02,
	PROCMAP_QUERY_VMA_EXECUTABLE = 0x04,
	PROCMAP_QUERY_VMA_SHARED = 0x08,
	PROCMAP_QUERY_COVERING_OR_NEXT_VMA = 0x10,
	PROCMAP_QUERY_FILE_BACKED_VMA = 0x20,
};

struct procmap_query {
	__u64 size, query_flags, query_addr;
	__u64 vma_start, vma_end, vma_flags, vma_page_size;
	__u64 vma_offset, inode;
	__u32 dev_major, dev_minor;
	__u32 vma_name_size, build_id_size;
	__u64 vma_name_addr, build_id_addr;
};

#define PROCMAP_QUERY _IOWR('f', 17, struct procmap_query)
#endif

#endif /* PROC_LIB_PROCMAP_H */
