/* SPDX-License-Identifier: GPL-2.0 */
/*
 * children.h - forked children of a process under stress, a hundred at a time
 *
 * A child has the layout and the pages that its parent had at one instant.  It
 * checks the pages, writes some of them (its parent must not see that, nor the
 * child what the parent writes), and does what its table entry says.  One child
 * of each batch is read meanwhile, and waits for the reader before it changes
 * anything.
 */
#ifndef PROC_STRESS_CHILDREN_H
#define PROC_STRESS_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>

#include "target.h"

/* A batch; what a batch may have is bounded by memory, too. */
#define FORK_CHILD_MOST 100

/* Memory of a child, at most: page tables, kernel stack, what it rewrites. */
#define FORK_CHILD_BYTES 0x100000UL

/* Holes that a child punches, one after the other. */
#define FORK_CHILD_HOLES 3

typedef int (*fork_child_fn)(struct stress *stress, struct fork_child *fork_child);

/** fork_child_hole() - where in the arena the hole @n is, in bytes */
void fork_child_hole(size_t size, unsigned int n, size_t *from, size_t *to);

/* Faults the mapping in, all of it. */
int fork_child_fault(struct stress *stress, struct fork_child *fork_child);

/* Punches holes into the mapping, and faults in what remains. */
int fork_child_punch(struct stress *stress, struct fork_child *fork_child);

/* Builds the environment of the program to come; once, before any fork. */
char **exec_words(bool stay);

/**
 * exec_arrived() - is this the program that a child became?
 *
 * To be called first of all.  Does not return where it is: looks at the words
 * that came along, and exits.
 */
void exec_arrived(void);

/* Becomes another program. */
int fork_child_exec(struct stress *stress, struct fork_child *fork_child);

/**
 * fork_child_batch() - have as many children as may be, and see each of them end
 * @stress:	whose
 * @slot:	for the one to be read
 * @life:	what they do
 *
 * Return: how many, or -errno.
 */
int fork_child_batch(struct stress *stress, struct fork_child *slot, fork_child_fn life);

#endif /* PROC_STRESS_CHILDREN_H */
