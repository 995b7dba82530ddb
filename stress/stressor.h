/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stressor.h - table of background operations that run while mappings are read
 *
 * A table entry has one operation or several.  A thread of the target repeats each
 * of them: fork a batch of children, move pages, swap them out.  Meanwhile the
 * modifier makes the change of the entry, the verifier thread rewrites the region,
 * and the test reads.  All entries are checked alike: readings by the oracle, and
 * pages by their tags.  The number of operations must reach the minimum of the entry.
 *
 * To add an entry: write its operation, add the entry, and name it in test_stress.h.
 */
#ifndef PROC_STRESS_STRESSOR_H
#define PROC_STRESS_STRESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/change.h"
#include "../tearing/modifier.h"

struct fork_child;
struct stress;

/* Maximum number of operations of an entry. */
#define STRESS_OPS 8

/*
 * Function of an operation, called again and again.  It returns the amount of
 * work done, -EOPNOTSUPP when this machine or kernel does not support the
 * operation, or -errno.  It does not map memory and does not call malloc():
 * mappings outside the stage are constant.
 */
typedef int (*stress_op)(struct stress *stress, struct fork_child *slot);

/**
 * struct stressor - an entry of the table
 * @name:	name in the output
 * @unit:	unit of the amount of work, in the output
 * @needs:	constant reason of a SKIP when @allowed is false
 * @allowed: check whether this machine allows the entry; NULL when each does
 * @op:	operations, each repeated by a thread of its own
 * @change: change that the modifier makes on the stage
 * @draw:	size of a mapping for each character of the picture, bytes
 * @region: size of the region, bytes; with @cgroup, in per cent of its limit
 * @huge:	the region has huge pages
 * @strong: only run when STRESS is set, since the whole machine is affected
 * @exec:	children execute another program
 * @holes:	children punch holes
 * @cgroup: memory limit of the target, bytes, so that it swaps; 0 for none
 * @counter: field of /proc/vmstat that counts the work; NULL: the operations do
 * @floor:	minimum of work, in @unit, below which the test is skipped
 * @children:	maximum number of children at once where STRESS is not set
 */
struct stressor {
	const char *name, *unit, *needs;
	bool (*allowed)(const struct stress *stress);
	stress_op op[STRESS_OPS];
	const struct change *change;
	size_t draw, region;
	bool huge, strong, exec, holes;
	size_t cgroup;
	const char *counter;
	uint64_t floor;
	unsigned int children;
};

/** stress_fork_exec() - operation: fork children that execute another program */
int stress_fork_exec(struct stress *stress, struct fork_child *slot);

extern const struct stressor stressor_fork_fault;
extern const struct stressor stressor_fork_hole;
extern const struct stressor stressor_fork_exec;

/*
 * Transitions split huge pages, as each character of the picture is half of
 * one.
 */
extern const struct stressor stressor_collapse;

/*
 * Mappings are zapped under mmap_lock for reading, while others are faulted in
 * and read.
 */
extern const struct stressor stressor_unmap;
extern const struct stressor stressor_unmap_huge;
extern const struct stressor stressor_move_pages;
extern const struct stressor stressor_compact;
extern const struct stressor stressor_pageout;
extern const struct stressor stressor_pressure;

/*
 * All operations at once.  Those that are not supported are left out.  Two of
 * them fork children.
 */
extern const struct stressor stressor_all;

/** stressor_all_ops() - return a mask with a bit for each operation of an entry */
uint32_t stressor_all_ops(const struct stressor *entry);

/** stress_begin() - build the region and start the threads; see struct background */
int stress_begin(struct race *race, void *arg);

/** stress_transition() - follow a transition of the modifier; see struct background */
int stress_transition(struct race *race, unsigned int index, void *arg);

/** stressor_refused() - check whether no operation of the entry is supported */
bool stressor_refused(const struct stress *stress);

/** stressor_forks() - check whether the entry forks children */
bool stressor_forks(const struct stressor *entry);

/**
 * stress_plan() - choose sizes and numbers that fit in the free memory
 * @stress: filled in
 * @entry:	table entry
 * @strong: up to FORK_CHILD_MAX children at once, not @entry->children
 *
 * Return: maximum memory that the test takes, bytes; 0 when too little is free.
 */
uint64_t stress_plan(struct stress *stress, const struct stressor *entry,
		     bool strong);

#endif /* PROC_STRESS_STRESSOR_H */
