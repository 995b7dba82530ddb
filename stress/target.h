/* SPDX-License-Identifier: GPL-2.0 */
/*
 * target.h - the memory of a process under stress, and what it must say
 *
 * The target is the process that is read.  It has
 *
 *	the stage	its modifier's; with pages on it, that go with its changes
 *	the arena	constant for the readers of its maps; its pages are
 *			rewritten, moved, swapped, and inherited by children
 *
 * All pages describe themselves (pages.h).  The modifier looks at those of the
 * stage after each transition, a thread called the verifier at those of the arena
 * all the time, and each child at what it has got.
 */
#ifndef PROC_STRESS_TARGET_H
#define PROC_STRESS_TARGET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/cgroup.h"
#include "../model/page_tag.h"
#include "stressor.h"
#include "../tearing/modifier.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* What works for the readers is not to stand in their way. */
#define STRESS_NICE 10

enum fork_child_state {
	FORK_CHILD_NONE,	/* nobody to look at */
	FORK_CHILD_READY,	/* a child waits to be read */
	FORK_CHILD_WATCHED,	/* somebody reads it */
	FORK_CHILD_GO,		/* and it may go on meanwhile */
	FORK_CHILD_RELEASED,	/* it is no longer read */
};

/**
 * struct fork_child - a child of the target that is read, too
 * @state:	see enum fork_child_state
 * @pid:	who
 * @before:	the modifier's sequence number before the fork
 * @after:	and after it
 * @seq:	twice the changes that the child has made of its own
 */
struct fork_child {
	_Atomic uint32_t state;
	_Atomic pid_t pid;
	uint32_t before, after;
	_Atomic uint32_t seq;
};

struct stressor;

/**
 * struct stress - shared by the test, the target and its children
 * @entry:	what is done
 * @race:	the modifier, a thread of the target
 * @cgroup:	the target enters it first; NULL for none
 * @inject:	a injected fault: 'c' a page that is not what it says, 'k' a child
 *		with another layout, 'e' a reading of two programs
 * @page:	bytes per page
 * @huge:	bytes per huge page; 0 for none
 * @collapsed:	what is on the stage has become huge pages
 * @node:	two nodes of memory, or twice the same
 * @swap:	there is some
 * @children:	children at once
 * @size:	of the arena, bytes
 * @go:		set by the test when everything is built
 * @stop:	set by the test at the end
 * @running:	threads of the target that have not ended
 * @refused:	mask of the acts that this machine or kernel does not allow
 * @performed:	mask of those that did something
 * @done:	what was done, in units of the row
 * @forks:	children that were born, lived and died
 * @checked:	pages that were looked at
 * @written:	pages that were rewritten
 * @generation:	of the pages, counts up
 * @mismatched:	set where one was wrong; the first of them is
 * @mismatch:	what was wrong with it
 * @finder:	and who found it
 * @region:	the target's, and its children's
 * @tag:	of the arena's pages; the target's own memory
 * @stage_tag: of the stage's pages
 * @lock:	held while the arena's pages change, or are inherited
 * @wanted:	somebody waits for @lock; the verifier lets him go first
 * @fork_child:	a child of each act, to be read
 */
struct stress {
	const struct stressor *entry;
	struct race *race;
	const struct cgroup *cgroup;
	char inject;
	size_t page, huge;
	bool collapsed;
	int node[2];
	bool swap;
	unsigned int children;
	size_t size;

	_Atomic uint32_t go;
	_Atomic bool stop;
	_Atomic uint32_t running, refused, performed;
	/* Some machines have no atomics of 64 bits. */
	atomic_ulong done, forks, checked, written;
	_Atomic uint32_t generation;

	_Atomic bool mismatched;
	struct mismatch mismatch;
	const char *finder;

	char *region;
	uint64_t *tag, *stage_tag;
	pthread_mutex_t lock;
	_Atomic uint32_t wanted;
	struct fork_child fork_child[STRESS_OPS];
};

/* Ends everything: a page, or a child, is not what it should be. */
int stress_fail(struct stress *stress, const struct mismatch *mismatch,
		const char *finder);

void stress_lock(struct stress *stress);

void stress_unlock(struct stress *stress);

/* Whether all is to end, for whichever reason. */
static inline bool stress_over(const struct stress *stress)
{
	return stress->stop || stress->race->error;
}

/**
 * region_check() - do pages of the arena say what they should?
 * @stress:	whose
 * @from:	first page
 * @to:		the page behind the last one
 * @finder:	who looks, for people
 *
 * Return: 0 or -EBADMSG.
 */
int region_check(struct stress *stress, size_t from, size_t to,
		 const char *finder);

/** region_write() - rewrite pages of the arena in a new generation. */
void region_write(struct stress *stress, size_t from, size_t to);

/** region_forget() - have the kernel drop a page of the arena. */
void region_forget(struct stress *stress, size_t page);

/* The verifier: each page of the arena is looked at and rewritten, in turn. */
int region_verify(struct stress *stress, size_t *at);

/* Huge pages for what is on the stage, where a mapping has room for one. */
bool stage_collapse(const struct stress *stress, const char *draw);

/**
 * stage_verify() - look at the pages on the stage, and rewrite some
 * @stress:	whose
 * @draw:	the layout that is in place
 *
 * What was mapped anew must be empty, and gets its pages here.
 *
 * Return: 0 or -EBADMSG.
 */
int stage_verify(struct stress *stress, const char *draw);

#endif /* PROC_STRESS_TARGET_H */
