/* SPDX-License-Identifier: GPL-2.0 */
/*
 * children.h - forked children of a process under stress, up to 100 at a time
 *
 * A child has the layout and the pages that its parent had at one instant.  It
 * checks the pages and writes some of them, which its parent must not see.  It must
 * not see what its parent writes.  Then it does what its table entry says.  One child
 * of each batch is read meanwhile, and waits for the reader before it changes
 * anything.
 */
#ifndef PROC_STRESS_CHILDREN_H
#define PROC_STRESS_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>

#include "target.h"

/*
 * Maximum number of children in a batch, which are alive at once.  The free
 * memory may allow fewer.
 */
#define FORK_CHILD_MAX 100

/*
 * Maximum memory of a child, in bytes: page tables, kernel stack, and the pages
 * that it rewrites.
 */
#define FORK_CHILD_BYTES 0x100000UL

/* Number of holes that a child punches, one after the other. */
#define FORK_CHILD_HOLES 3

/* Body of a child; returns its exit code. */
typedef int (*fork_child_fn)(struct stress *stress, struct fork_child *fork_child);

/** fork_child_hole() - compute the begin and the end of hole @n in the region, bytes */
void fork_child_hole(size_t size, unsigned int n, size_t *from, size_t *to);

/** fork_child_fault() - check the pages of the region and write some */
int fork_child_fault(struct stress *stress, struct fork_child *fork_child);

/** fork_child_punch() - punch holes into the region, and check the remaining pages */
int fork_child_punch(struct stress *stress, struct fork_child *fork_child);

/**
 * exec_environment() - build the environment of the program to be executed
 * @stay:	the program is to stay alive for a moment
 *
 * To be called once for each value of @stay before any fork.
 *
 * Return: the environment, in static memory.
 */
char **exec_environment(bool stay);

/**
 * exit_after_exec() - check the environment and exit, if a child executed this program
 *
 * To be called before anything else in main().  Returns only when this is not such a
 * program.
 */
void exit_after_exec(void);

/** fork_child_exec() - execute this program anew */
int fork_child_exec(struct stress *stress, struct fork_child *fork_child);

/**
 * fork_child_batch() - fork a batch of children and wait until all have exited
 * @stress: shared state
 * @slot:	slot of the child that is read
 * @life:	body of the children
 *
 * Return: the number of children, or -errno.
 */
int fork_child_batch(struct stress *stress, struct fork_child *slot, fork_child_fn life);

#endif /* PROC_STRESS_CHILDREN_H */
