/* SPDX-License-Identifier: GPL-2.0 */
/*
 * disturber.h - operations of others that take the locks that reader and modifier take
 *
 * A disturber repeats one operation on the target's address space, and changes no
 * mapping of it.  It is a thread of the target or another process.  It only works while
 * the modifier races.
 */
#ifndef PROC_TEARING_DISTURBER_H
#define PROC_TEARING_DISTURBER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/child.h"
#include "../model/change.h"
#include "context.h"
#include "modifier.h"

struct disturbance;

/**
 * struct disturber - a row of the table of disturbers
 * @name:	name in test names
 * @change:	change of the mappings beside which it works; it merges nothing, so that
 *		populated pages do not matter, and the known bug does not show
 * @inside:	it is a thread of the target
 * @prepare:	called before the first operation; in the target it may map memory, which
 *		stays mapped
 * @once:	one operation
 * @pause_ns:	nanoseconds between two operations
 * @needs:	constant reason of a SKIP if @prepare or the first operation is refused
 *
 * The functions return 0 or -errno.
 */
struct disturber {
	const char *name;
	const struct change *change;
	bool inside;
	int (*prepare)(struct disturbance *disturbance);
	int (*once)(struct disturbance *disturbance);
	int64_t pause_ns;
	const char *needs;
};

/**
 * struct disturbance - a disturber at work; in shared memory
 * @ready:	1 once @prepare has returned
 * @error:	-errno, after which no operation follows; 0 for none
 * @done:	number of operations
 * @disturber:	row of the table
 * @race:	the race
 * @cpu:	the reader's CPU; -1 for none
 * @fd:		file descriptor of the disturber
 * @page:	two pages of the target, outside of the stage
 * @from:	index in @page of the one that is populated
 */
struct disturbance {
	_Atomic uint32_t ready;
	_Atomic int error;
	atomic_ulong done;
	const struct disturber *disturber;
	struct race *race;
	int cpu;
	int fd;
	char *page[2];
	unsigned int from;
};

/* Rows of the table: disturber_faults and so on. */
extern const struct disturber disturber_faults;
extern const struct disturber disturber_uffd_move;
extern const struct disturber disturber_vm_readv;
extern const struct disturber disturber_mem;
extern const struct disturber disturber_cmdline;
extern const struct disturber disturber_environ;
extern const struct disturber disturber_ptrace;
extern const struct disturber disturber_clear_refs;
extern const struct disturber disturber_madvise;
extern const struct disturber disturber_recycle;

/**
 * disturber_begin() - prepare a disturber in the target, and start its thread
 * @race:	the race
 * @arg:	the disturbance
 *
 * For struct background's @begin.  Does nothing for a disturber that is a process.
 *
 * Return: 0; an error is in @arg's @error.
 */
int disturber_begin(struct race *race, void *arg);

/**
 * disturber_process() - prepare a disturber of the target, and have it work
 * @arg:	the disturbance
 *
 * For child_start().
 *
 * Return: 1, after an error.
 */
int disturber_process(void *arg);

#endif /* PROC_TEARING_DISTURBER_H */
