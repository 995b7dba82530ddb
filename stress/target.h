/* SPDX-License-Identifier: GPL-2.0 */
/*
 * target.h - memory of a process under stress, and its page tags
 *
 * The target is the process that is read.  It has
 *
 *	the stage	mappings that its modifier changes, with pages that follow
 *			the changes
 *	the region	mapping that is constant in the file; its pages are
 *			rewritten, moved, swapped, and inherited by children
 *
 * Each page has a tag (page_tag.h), which is what its content must be.  The modifier
 * checks the pages of the stage after each transition, the verifier thread checks
 * those of the region all the time, and each child checks what it inherited.
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

/*
 * Nice value of the threads of the target.  The modifier and the readers come
 * first.
 */
#define STRESS_NICE 10

/* enum fork_child_state - protocol of a child and its reader */
enum fork_child_state {
	FORK_CHILD_NONE,	/* there is no child to read */
	FORK_CHILD_READY,	/* the child waits for its reader */
	FORK_CHILD_BEING_READ,	/* the child is read, and does not change anything */
	FORK_CHILD_GO,		/* the child is read, and changes its mappings */
	FORK_CHILD_RELEASED,	/* the child is no longer read */
};

/**
 * struct fork_child - a child of the target that is read
 * @state:	see enum fork_child_state
 * @pid:	PID
 * @before: sequence number of the modifier before the fork
 * @after:	sequence number of the modifier after the fork
 * @seq:	twice the number of changes that the child has made; odd during one
 */
struct fork_child {
	_Atomic uint32_t state;
	_Atomic pid_t pid;
	uint32_t before, after;
	_Atomic uint32_t seq;
};

struct stressor;

/**
 * struct stress - state shared by the test, the target and its children
 * @entry:	table entry
 * @race:	state of the modifier, a thread of the target
 * @cgroup: cgroup that the target enters first; NULL for none
 * @inject: injected fault: 'c' a page with another content, 'k' a child with another
 *	layout, 'e' a reading of two programs; 0 for none
 * @page:	size of a page, bytes
 * @huge:	size of a huge page, bytes; 0 for none
 * @collapsed: the pages of the stage were collapsed to huge pages
 * @node:	two nodes of memory, or the same one twice
 * @swap:	swap is available
 * @children: maximum number of children at once
 * @size:	size of the region, bytes
 * @go:	set by the test when everything is built
 * @stop:	set by the test at the end
 * @running: number of threads of the target that have not ended
 * @refused: mask of the operations that this machine or kernel does not support
 * @performed: mask of the operations that have done some work
 * @done:	work done, in units of the entry
 * @forks:	number of children that were forked and have exited
 * @checked: number of pages checked
 * @written: number of pages rewritten
 * @generation: generation of the last pages written; counts up
 * @mismatched: set when a page had an unexpected content
 * @mismatch: the first mismatch
 * @finder: process that found it, in the output
 * @region: address of the region, in the target and its children
 * @tag:	tags of the pages of the region; private to the target
 * @stage_tag: tags of the pages of the stage; private to the target
 * @lock:	held while pages of the region change, or a child inherits them
 * @wanted: number of threads that wait for @lock; the verifier lets them go first
 * @fork_child: child of each operation that is read
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
	/* Not all architectures have 64-bit atomics. */
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

/**
 * stress_fail() - end the test because of a mismatch
 * @stress: shared state
 * @mismatch: the mismatch, or NULL
 * @finder: process that found it, for the output
 *
 * Return: -EBADMSG.
 */
int stress_fail(struct stress *stress, const struct mismatch *mismatch,
		const char *finder);

/** stress_lock() - lock the pages of the region, before the verifier thread */
void stress_lock(struct stress *stress);

/** stress_unlock() - unlock the pages of the region */
void stress_unlock(struct stress *stress);

/** stress_over() - check whether the test ends, for any reason */
static inline bool stress_over(const struct stress *stress)
{
	return stress->stop || stress->race->error;
}

/**
 * region_check() - check the content of pages of the region
 * @stress: shared state
 * @from:	index of the first page
 * @to:	index after the last page
 * @finder: name of this process, for the output
 *
 * Return: 0 or -EBADMSG.
 */
int region_check(struct stress *stress, size_t from, size_t to,
		 const char *finder);

/** region_write() - rewrite pages of the region in a new generation */
void region_write(struct stress *stress, size_t from, size_t to);

/** region_forget() - drop a page of the region */
void region_forget(struct stress *stress, size_t page);

/**
 * region_verify() - check and rewrite the next pages of the region
 * @stress: shared state
 * @at:	index of the next page, updated
 *
 * The function of the verifier thread.
 *
 * Return: 0 or -EBADMSG.
 */
int region_verify(struct stress *stress, size_t *at);

/**
 * stage_collapse() - collapse mappings of the stage to huge pages
 * @stress: shared state
 * @draw:	picture of the current layout
 *
 * Return: whether a range was collapsed.
 */
bool stage_collapse(const struct stress *stress, const char *draw);

/**
 * stage_verify() - check the pages of the stage, and rewrite some
 * @stress: shared state
 * @draw:	picture of the current layout
 *
 * A page that was mapped anew must be empty, and is written here.
 *
 * Return: 0 or -EBADMSG.
 */
int stage_verify(struct stress *stress, const char *draw);

#endif /* PROC_STRESS_TARGET_H */
