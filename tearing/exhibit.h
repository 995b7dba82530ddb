/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exhibit.h - mappings of every kind beside the stage, and queries of all their fields
 */
#ifndef PROC_TEARING_EXHIBIT_H
#define PROC_TEARING_EXHIBIT_H

#include <stddef.h>
#include <stdint.h>

#include "../lib/procmap.h"
#include "modifier.h"

/*
 * Bytes of a buffer for a name: three times PATH_MAX, which is the most that the kernel
 * fills, so that a write behind the name is seen.
 */
#define EXHIBIT_NAME 12288

/* Byte of which a buffer for a name consists before a query; no name contains it. */
#define EXHIBIT_BLANK '\xfe'

/**
 * map_apart() - map memory between two pages that are not accessible
 * @len:	bytes, a multiple of the page size
 * @prot:	PROT_* bits
 * @flags:	MAP_* bits
 * @fd:		file descriptor, or -1
 * @offset:	offset in the file in bytes
 *
 * It is a mapping of its own, which merges with no other one.
 *
 * Return: its address, or NULL.
 */
char *map_apart(size_t len, int prot, int flags, int fd, size_t offset);

/**
 * exhibit_map() - map memory of every kind that this kernel and this user allow
 * @race:	not used
 * @arg:	NULL-terminated array of pointers to files (struct odd_file); NULL for none
 *
 * For struct background's @begin.  Each permission, private and shared, of anonymous
 * memory and of a file at an offset; names, huge pages, memfd_secret(), System V memory,
 * mseal(), MAP_DROPPABLE, guard regions, protection keys, rings of io_uring and perf, huge
 * pages of a file, and a file of an overlayfs.
 * What is refused is left out.  Each file of @arg is mapped.
 *
 * Return: 0, or -errno where a file of @arg cannot be mapped.
 */
int exhibit_map(struct race *race, void *arg);

/**
 * query_all() - query all fields of a mapping but the build ID
 * @fd:		file descriptor of maps
 * @addr:	address
 * @flags:	PROCMAP_QUERY_* flags
 * @size:	bytes of the buffer that the kernel is told of; 0 for no name
 * @name:	buffer of EXHIBIT_NAME bytes, blank before the call
 * @query:	filled in
 *
 * Return: 0 or -errno.
 */
int query_all(int fd, uint64_t addr, uint64_t flags, uint32_t size, char *name,
	      struct procmap_query *query);

/**
 * blank_is_kept() - check that a query has written nothing behind a name, and blank it
 * @name:	buffer of EXHIBIT_NAME bytes
 * @size:	bytes that the query says to have written
 *
 * Return: whether it has not.
 */
bool blank_is_kept(char *name, size_t size);

#endif /* PROC_TEARING_EXHIBIT_H */
