/* SPDX-License-Identifier: GPL-2.0 */
/*
 * monitor_shape.h - make target and control process like the process of a user
 *
 * The region of latency/mapper.h has the mappings.  What a monitor has to walk
 * besides is memory in another mapping, small pages or huge ones, and threads that
 * sleep.
 */
#ifndef PROC_BENCH_MONITOR_SHAPE_H
#define PROC_BENCH_MONITOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../latency/mapper.h"

/**
 * struct shape - what target and control process consist of
 * @mappings:	number of mappings in the region
 * @resident:	resident memory, bytes, with the pages of the region
 * @huge:	of it in huge pages, bytes
 * @threads:	number of threads, with those that operate
 * @op:		operation of each worker, up to the first NULL
 * @like:	PID of the process whose shape it is, or 0
 * @scaled:	@mappings or @resident are smaller than those of that process
 */
struct shape {
	unsigned int mappings;
	uint64_t resident;
	uint64_t huge;
	unsigned int threads;
	const struct operation *op[MAPPER_WORKERS];
	pid_t like;
	bool scaled;
};

/* The shape of this program; shape_prepare() is called in children. */
extern struct shape shape;

/**
 * shape_operations() - choose the operations by their names
 * @list:	names with commas between
 *
 * Return: NULL, or the reason why there is no such list.
 */
const char *shape_operations(char *list);

/** shape_operation_name() - return the name of an operation */
const char *shape_operation_name(const struct operation *op);

/**
 * shape_like() - copy counts and sizes of a running process
 * @pid:	the process
 *
 * Reads status and smaps_rollup, and counts the lines of maps.  A shape that this
 * machine has no room for is made smaller.
 *
 * Return: 0 or -errno.
 */
int shape_like(pid_t pid);

/** shape_most_resident() - compute the bytes that each process may have */
uint64_t shape_most_resident(void);

/** shape_most_mappings() - compute how many mappings vm.max_map_count allows */
unsigned int shape_most_mappings(void);

/**
 * shape_prepare() - make memory and threads of the calling process; see @prepare of
 * struct mapper
 *
 * Return: 0 or -errno.
 */
int shape_prepare(void);

#endif /* PROC_BENCH_MONITOR_SHAPE_H */
