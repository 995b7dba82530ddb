/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stressor.h - the table of what goes on underneath while mappings are read
 *
 * A row has one act or several, each of which a thread of the target repeats:
 * fork a batch of children, move pages, swap them out.  Beside them the modifier
 * makes the row's change, the verifier rewrites the arena, and somebody reads.
 * The judges are the same for all rows: the oracle for what is read, and the
 * pages themselves.  Evidence is each row's own, and must reach its floor.
 *
 * To add a row: write its act, add the row, and name it in test_stress.h.
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

/* No row has more at once. */
#define STRESS_OPS 8

/*
 * An act does something once.  It returns how much it did, or -EOPNOTSUPP where
 * this machine or kernel has no such thing, or -errno of what failed.  It maps
 * nothing and does not call malloc(): what is not on the stage is constant.
 */
typedef int (*stress_op)(struct stress *stress, struct fork_child *slot);

/**
 * struct stressor - a row of the table
 * @name:	for people
 * @unit:	of what is done, for people
 * @needs:	constant reason of a SKIP where this machine does not allow it
 * @allowed:	whether it does; NULL where each does
 * @op:	what is repeated, each in a thread of its own
 * @change:	made on the stage
 * @draw:	bytes for each character of its picture
 * @region:	bytes; with @cgroup, in per cent of what may be in memory
 * @huge:	with huge pages
 * @strong:	only where STRESS is set: it is felt by the whole machine
 * @exec:	the children become another program
 * @holes:	the children punch holes
 * @cgroup:	bytes that may be in memory; the rest is to be swapped; 0 for all
 * @counter:	in /proc/vmstat, which counts instead of the act
 * @floor:	less is no stress
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
};

int stress_fork_exec(struct stress *stress, struct fork_child *slot);

extern const struct stressor stressor_fork_fault;
extern const struct stressor stressor_fork_hole;
extern const struct stressor stressor_fork_exec;

/* Transitions split huge pages: half of one for each character. */
extern const struct stressor stressor_collapse;

/* Zapped under mmap_lock for reading, while others fault and read. */
extern const struct stressor stressor_unmap;
extern const struct stressor stressor_unmap_huge;
extern const struct stressor stressor_move_pages;
extern const struct stressor stressor_compact;
extern const struct stressor stressor_pageout;
extern const struct stressor stressor_pressure;

/* What is not allowed is left out; two acts have children. */
extern const struct stressor stressor_all;

unsigned int stressor_ops(const struct stressor *entry);

/* A mask of all of them. */
uint32_t stressor_all_ops(const struct stressor *entry);

/** stress_begin() - build arena and threads in the target; see struct background */
int stress_begin(struct race *race, void *arg);

/** stress_made() - a transition was made; see struct background */
int stress_made(struct race *race, unsigned int index, void *arg);

/* Whether all that the row does was refused, at a closer look. */
bool stressor_refused(const struct stress *stress);

/* Whether the target has children. */
bool stressor_forks(const struct stressor *entry);

/**
 * stress_plan() - how much of everything, chosen from what is free
 * @stress:	filled in
 * @entry:	which row
 * @strong:	a hundred children at once, not one after the other
 *
 * Return: bytes that the test will take at most, 0 where they are not to be had.
 */
uint64_t stress_plan(struct stress *stress, const struct stressor *entry,
		     bool strong);

#endif /* PROC_STRESS_STRESSOR_H */
