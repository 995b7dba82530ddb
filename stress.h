/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stress.h - the memory of a process under stress, and what it must say
 *
 * The target is the process that is read.  It has
 *
 *	the stage	its changer's; with pages on it, that go with its changes
 *	the arena	constant for the readers of its maps; its pages are
 *			rewritten, moved, swapped, and inherited by children
 *
 * All pages describe themselves (pages.h).  The changer looks at those of the
 * stage after each transition, a thread called the keeper at those of the arena
 * all the time, and each child at what it has got.
 */
#ifndef PROC_STRESS_H
#define PROC_STRESS_H

#include "cgroup.h"
#include "pages.h"
#include "race.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* No row has more at once. */
#define STRESS_ACTS 8
/* What works for the readers is not to stand in their way. */
#define STRESS_NICE 10
/* Pages that the keeper treats in one go, with its lock held. */
#define STRESS_STRIDE 16

enum kid_state {
	KID_NONE,	/* nobody to look at */
	KID_READY,	/* a child waits to be read */
	KID_WATCHED,	/* somebody reads it */
	KID_GO,		/* and it may go on meanwhile */
	KID_RELEASED,	/* it is no longer read */
};

/**
 * struct kid - a child of the target that is read, too
 * @state:	see enum kid_state
 * @pid:	who
 * @before:	the changer's sequence number before the fork
 * @after:	and after it
 * @seq:	twice the changes that the child has made of its own
 */
struct kid {
	_Atomic uint32_t state;
	_Atomic pid_t pid;
	uint32_t before, after;
	_Atomic uint32_t seq;
};

struct stressor;

/**
 * struct stress - shared by the test, the target and its children
 * @row:	what is done
 * @race:	the changer, a thread of the target
 * @cgroup:	the target enters it first; NULL for none
 * @plant:	a planted fault: 'c' a page that is not what it says, 'k' a child
 *		with another layout, 'e' a reading of two programs
 * @page:	bytes per page
 * @huge:	bytes per huge page; 0 for none
 * @collapsed:	what is on the stage has become huge pages
 * @node:	two nodes of memory, or twice the same
 * @swap:	there is some
 * @kids:	children at once
 * @size:	of the arena, bytes
 * @go:		set by the test when everything is built
 * @stop:	set by the test at the end
 * @running:	threads of the target that have not ended
 * @refused:	mask of the acts that this machine or kernel does not allow
 * @acted:	mask of those that did something
 * @done:	what was done, in units of the row
 * @forks:	children that were born, lived and died
 * @checked:	pages that were looked at
 * @written:	pages that were rewritten
 * @generation:	of the pages, counts up
 * @flawed:	set where one was wrong; the first of them is
 * @flaw:	what was wrong with it
 * @finder:	and who found it
 * @arena:	the target's, and its children's
 * @ticket:	of the arena's pages; the target's own memory
 * @stage_ticket: of the stage's pages
 * @lock:	held while the arena's pages change, or are inherited
 * @wanted:	somebody waits for @lock; the keeper lets him go first
 * @kid:	a child of each act, to be read
 */
struct stress {
	const struct stressor *row;
	struct race *race;
	const struct cgroup *cgroup;
	char plant;
	size_t page, huge;
	bool collapsed;
	int node[2];
	bool swap;
	unsigned int kids;
	size_t size;

	_Atomic uint32_t go;
	_Atomic bool stop;
	_Atomic uint32_t running, refused, acted;
	/* Some machines have no atomics of 64 bits. */
	atomic_ulong done, forks, checked, written;
	_Atomic uint32_t generation;

	_Atomic bool flawed;
	struct flaw flaw;
	const char *finder;

	char *arena;
	uint64_t *ticket, *stage_ticket;
	pthread_mutex_t lock;
	_Atomic uint32_t wanted;
	struct kid kid[STRESS_ACTS];
};

/* Ends everything: a page, or a child, is not what it should be. */
static inline int stress_fail(struct stress *stress, const struct flaw *flaw,
			      const char *finder)
{
	if (!atomic_exchange(&stress->flawed, true)) {
		if (flaw)
			stress->flaw = *flaw;
		stress->finder = finder;
		stress->race->error = -EBADMSG;
	}
	return -EBADMSG;
}

static inline void stress_lock(struct stress *stress)
{
	atomic_fetch_add(&stress->wanted, 1);
	pthread_mutex_lock(&stress->lock);
	atomic_fetch_sub(&stress->wanted, 1);
}

static inline void stress_unlock(struct stress *stress)
{
	pthread_mutex_unlock(&stress->lock);
}

/* Whether all is to end, for whichever reason. */
static inline bool stress_over(const struct stress *stress)
{
	return stress->stop || stress->race->error;
}

/**
 * arena_check() - do pages of the arena say what they should?
 * @stress:	whose
 * @from:	first page
 * @to:		the page behind the last one
 * @finder:	who looks, for people
 *
 * Return: 0 or -EBADMSG.
 */
static inline int arena_check(struct stress *stress, size_t from, size_t to,
			      const char *finder)
{
	struct flaw flaw;
	size_t i;

	for (i = from; i < to; i++)
		if (!page_check(stress->arena + i * stress->page, stress->page,
				stress->ticket[i], &flaw))
			return stress_fail(stress, &flaw, finder);
	atomic_fetch_add(&stress->checked, to - from);
	return 0;
}

/** arena_write() - rewrite pages of the arena in a new generation. */
static inline void arena_write(struct stress *stress, size_t from, size_t to)
{
	uint32_t generation = atomic_fetch_add(&stress->generation, 1) + 1;
	size_t i;

	for (i = from; i < to; i++) {
		stress->ticket[i] = page_ticket(i, generation);
		page_write(stress->arena + i * stress->page, stress->page,
			   stress->ticket[i]);
	}
	atomic_fetch_add(&stress->written, to - from);
}

/** arena_forget() - have the kernel drop a page of the arena. */
static inline void arena_forget(struct stress *stress, size_t page)
{
	stress_lock(stress);
	madvise(stress->arena + page * stress->page, stress->page,
		MADV_DONTNEED);
	stress->ticket[page] = 0;
	stress_unlock(stress);
}

/* The keeper: each page of the arena is looked at and rewritten, in turn. */
static inline int arena_keep(struct stress *stress, size_t *at)
{
	size_t to = *at + STRESS_STRIDE;
	int err;

	while (stress->wanted && !stress_over(stress))
		nap_ns(20 * NSEC_PER_USEC);
	pthread_mutex_lock(&stress->lock);
	err = arena_check(stress, *at, to, "the process itself");
	if (!err)
		arena_write(stress, *at, to);
	pthread_mutex_unlock(&stress->lock);
	if (stress->plant == 'c' && to == stress->size / stress->page)
		stress->arena[stress->page + 100] ^= 1;
	*at = to == stress->size / stress->page ? 0 : to;
	return err;
}

/* Huge pages for what is on the stage, where a mapping has room for one. */
static inline bool stage_collapse(const struct stress *stress, const char *draw)
{
	const struct stage *stage = &stress->race->stage;
	unsigned int from, to;
	bool any = false;

	for (from = 0; draw[from]; from = to) {
		to = draw_run(draw, from);
		if (draw[from] != '.' &&
		    !madvise(stage_addr(stage, from),
			     (to - from) * stage->page, MADV_COLLAPSE))
			any = true;
	}
	return any;
}

/**
 * stage_keep() - look at the pages on the stage, and rewrite some
 * @stress:	whose
 * @draw:	the layout that is in place
 *
 * What was mapped anew must be empty, and gets its pages here.
 *
 * Return: 0 or -EBADMSG.
 */
static inline int stage_keep(struct stress *stress, const char *draw)
{
	uint32_t generation = atomic_fetch_add(&stress->generation, 1) + 1;
	size_t per = stress->race->stage.page / stress->page, n = 0, i;
	struct flaw flaw;
	char *p;

	for (i = 0; i < strlen(draw) * per; i++) {
		char letter = draw[i / per];
		uint64_t *ticket = &stress->stage_ticket[i];

		if (letter == '.' || letter_is_file(letter) ||
		    !(letter_prot(letter) & PROT_READ))
			continue;
		p = (char *)stage_addr(&stress->race->stage, 0) +
		    i * stress->page;
		if (!page_check(p, stress->page, *ticket, &flaw))
			return stress_fail(stress, &flaw, "the changer");
		n++;
		if (!(letter_prot(letter) & PROT_WRITE) ||
		    (*ticket && (i + generation) % 8))
			continue;
		*ticket = page_ticket(i, generation);
		page_write(p, stress->page, *ticket);
	}
	atomic_fetch_add(&stress->checked, n);
	return 0;
}

#endif /* PROC_STRESS_H */
