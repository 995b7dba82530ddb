/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kid.h - children of a process under stress, a hundred at a time
 *
 * A child has the layout and the pages that its parent had at one instant.  It
 * looks at the pages, writes some of them, which the parent must not see, as it
 * must not see what the parent writes, and does what its row says.  One of each
 * batch is read meanwhile: it waits for the reader before it changes anything.
 */
#ifndef PROC_KID_H
#define PROC_KID_H

#include "stress.h"

/* A batch; what a batch may have is bounded by memory, too. */
#define KID_MOST 100
/* Memory of a child, at most: page tables, kernel stack, what it rewrites. */
#define KID_BYTES 0x100000UL
/* Between two looks at what the parent writes, in its own memory. */
#define KID_KEEPS_NS NSEC_PER_MSEC
/* A program that was arrived at stays so long, for who wants to read it. */
#define KID_STAYS_NS (50 * NSEC_PER_MSEC)
/* How long the one waits for its reader, and then for the reader's end. */
#define KID_READY_NS (200 * NSEC_PER_MSEC)
#define KID_WATCHED_NS (5 * NSEC_PER_SEC)
/* A child that takes longer hangs. */
#define KID_LIFE_NS (20 * NSEC_PER_SEC)
/* Holes that a child punches, one after the other. */
#define KID_HOLES 3
/* A child writes one page in so many of those it got. */
#define KID_WRITES 16

enum kid_exit {
	KID_FINE = 0,
	KID_FLAWED = 3,		/* a page was wrong */
	KID_NO_EXEC = 4,
};

typedef int (*kid_life)(struct stress *stress, struct kid *kid);

/** kid_hole() - where in the arena the hole @n is, in bytes */
static inline void kid_hole(size_t size, unsigned int n, size_t *from,
			    size_t *to)
{
	*from = (2 * n + 1) * (size / 8);
	*to = *from + size / 16;
}

/* The child's side of being read; true where somebody does. */
static inline bool kid_is_read(struct stress *stress, struct kid *kid)
{
	uint32_t ready = KID_READY;

	if (!kid)
		return false;
	kid->after = stress->race->seq;
	kid->pid = getpid();
	if (stress->plant == 'k')
		munmap(stage_addr(&stress->race->stage, STAGE_PAGES),
		       stress->race->stage.page);
	atomic_store(&kid->state, KID_READY);
	word_wait(&kid->state, KID_READY, KID_READY_NS);
	if (atomic_compare_exchange_strong(&kid->state, &ready, KID_NONE))
		return false;
	word_await(&kid->state, KID_WATCHED, KID_WATCHED_NS);
	return true;
}

static inline void kid_wait_for_reader(struct kid *kid)
{
	word_await(&kid->state, KID_GO, KID_WATCHED_NS);
}

/* Writes some pages in @from .. @to, and looks whether they keep it. */
static inline int kid_write(struct stress *stress, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i += KID_WRITES)
		arena_write(stress, i, i + 1);
	return arena_check(stress, from, to, "a child, of what it wrote");
}

/* Whether a page of the stage may be read, or written, in each layout. */
static inline bool stage_always(const struct change *change, unsigned int page,
				int prot)
{
	unsigned int k;

	for (k = 0; k < change->nr; k++)
		if (change->draw[k][page] == '.' ||
		    letter_is_file(change->draw[k][page]) ||
		    (letter_prot(change->draw[k][page]) & prot) != prot)
			return false;
	return true;
}

/* All that the stage says, in one word. */
static inline uint64_t kid_sum(const struct stress *stress)
{
	const struct stage *stage = &stress->race->stage;
	uint64_t sum = 0;
	unsigned int i;
	size_t k;

	for (i = 0; stage->change->draw[0][i]; i++) {
		const uint64_t *word = stage_addr(stage, i);

		if (stage_always(stage->change, i, PROT_READ))
			for (k = 0; k < stage->page / sizeof(*word); k++)
				sum = sum * PAGE_STEP + word[k];
	}
	return sum;
}

/*
 * The stage is written by the parent all the time, also while it forks.  So a
 * child does not know what it has to say; but it must go on saying it.  And what
 * the child writes there is the parent's to find.
 */
static inline int kid_keeps(struct stress *stress)
{
	const struct stage *stage = &stress->race->stage;
	uint64_t sum = kid_sum(stress);
	unsigned int i;

	nap_ns(KID_KEEPS_NS);
	if (kid_sum(stress) != sum)
		return stress_fail(stress, NULL,
				   "a child, of pages that its parent writes");
	for (i = 0; stage->change->draw[0][i]; i++)
		if (stage_always(stage->change, i, PROT_READ | PROT_WRITE))
			stage_touch(stage_addr(stage, i));
	return 0;
}

/* Faults the mapping in, all of it. */
static inline int kid_fault(struct stress *stress, struct kid *kid)
{
	size_t pages = stress->size / stress->page;
	bool read = kid_is_read(stress, kid);

	if (arena_check(stress, 0, pages, "a child, of what it inherited") ||
	    kid_write(stress, 0, pages) || kid_keeps(stress))
		return KID_FLAWED;
	if (read)
		kid_wait_for_reader(kid);
	return KID_FINE;
}

/* Punches holes into the mapping, and faults in what remains. */
static inline int kid_punch(struct stress *stress, struct kid *kid)
{
	size_t from, to, begin = 0, end;
	bool read = kid_is_read(stress, kid);
	unsigned int n;

	for (n = 0; n < KID_HOLES; n++) {
		kid_hole(stress->size, n, &from, &to);
		if (read) {
			nap_ns(50 * NSEC_PER_USEC);
			atomic_fetch_add(&kid->seq, 1);
		}
		munmap(stress->arena + from, to - from);
		if (read)
			atomic_fetch_add(&kid->seq, 1);
	}
	for (n = 0; n <= KID_HOLES; n++) {
		kid_hole(stress->size, n, &from, &to);
		end = n < KID_HOLES ? from : stress->size;
		if (arena_check(stress, begin / stress->page,
				end / stress->page, "a child with holes") ||
		    kid_write(stress, begin / stress->page, end / stress->page))
			return KID_FLAWED;
		begin = to;
	}
	if (read)
		kid_wait_for_reader(kid);
	return KID_FINE;
}

/* --- across exec ----------------------------------------------------------- */

/*
 * What goes from one program to the next are the pages of its arguments: the
 * kernel moves them to where the new stack is, while they may be migrated.
 */
#define EXEC_WORDS 64
#define EXEC_LENGTH 2000
/* The first word of the environment: whether to stay for a moment. */
#define EXEC_MARK "PROC_MAPS_STRESS_EXEC="

static inline char exec_letter(unsigned int word, unsigned int at)
{
	return 'a' + (word * 7 + at) % 26;
}

/* Builds the environment of the program to come; once, before any fork. */
static inline char **exec_words(bool stay)
{
	static char text[2][EXEC_WORDS][EXEC_LENGTH + 1];
	static char *words[2][EXEC_WORDS + 2];
	unsigned int i, k;

	words[stay][0] = stay ? EXEC_MARK "stay" : EXEC_MARK;
	for (i = 0; i < EXEC_WORDS && !text[stay][i][0]; i++) {
		for (k = 0; k < EXEC_LENGTH; k++)
			text[stay][i][k] = exec_letter(i, k);
		words[stay][i + 1] = text[stay][i];
	}
	return words[stay];
}

/**
 * exec_arrived() - is this the program that a child became?
 *
 * To be called first of all.  Does not return where it is: looks at the words
 * that came along, and exits.
 */
static inline void exec_arrived(void)
{
	unsigned int i, k;

	if (!environ[0] || strncmp(environ[0], EXEC_MARK, strlen(EXEC_MARK)))
		return;
	for (i = 0; i < EXEC_WORDS; i++)
		for (k = 0; k <= EXEC_LENGTH; k++)
			if (!environ[i + 1] || environ[i + 1][k] !=
			    (k < EXEC_LENGTH ? exec_letter(i, k) : '\0'))
				_exit(KID_FLAWED);
	if (environ[0][strlen(EXEC_MARK)])
		nap_ns(KID_STAYS_NS);
	_exit(KID_FINE);
}

/* Becomes another program. */
static inline int kid_exec(struct stress *stress, struct kid *kid)
{
	char *const argv[] = { "proc_maps_stress", NULL };
	bool read = kid_is_read(stress, kid);

	if (read)
		atomic_fetch_add(&kid->seq, 1);
	execve("/proc/self/exe", argv, exec_words(read));
	return KID_NO_EXEC;
}

/* --- the parent's side ------------------------------------------------------- */

/*
 * How a child ended: 0, -EBADMSG where it found something wrong, -ETIMEDOUT where
 * it did not end, -ECHILD where a signal ended it.  SIGKILL comes from no test,
 * but from a lack of memory.
 */
static inline int kid_ended(struct stress *stress, pid_t pid)
{
	struct peer peer = { .pid = pid };
	int code = peer_wait(&peer, KID_LIFE_NS);

	if (code == KID_FINE)
		return 0;
	if (code == 128 + SIGKILL)
		return -ENOMEM;
	if (code == KID_NO_EXEC)
		return -ENOEXEC;
	if (code == -ETIMEDOUT) {
		peer_kill(&peer);
		return code;
	}
	if (code == KID_FLAWED)
		return stress_fail(stress, NULL, "a program, of its arguments");
	return -ECHILD;
}

/**
 * kid_batch() - have as many children as may be, and see each of them end
 * @stress:	whose
 * @slot:	for the one to be read
 * @life:	what they do
 *
 * Return: how many, or -errno.
 */
static inline int kid_batch(struct stress *stress, struct kid *slot,
			    kid_life life)
{
	uint32_t state = slot->state;
	pid_t pid[KID_MOST];
	unsigned int n, i;
	int err = 0;

	/* Its reader may still be busy with the one before. */
	if (state == KID_RELEASED)
		atomic_store(&slot->state, KID_NONE);
	for (n = 0; n < stress->kids && !stress_over(stress); n++) {
		struct kid *kid = n || slot->state != KID_NONE ? NULL : slot;

		stress_lock(stress);
		if (kid) {
			kid->seq = 0;
			kid->before = stress->race->seq;
		}
		pid[n] = fork();
		if (!pid[n])
			_exit(life(stress, kid));
		stress_unlock(stress);
		if (pid[n] < 0)
			break;
	}
	for (i = 0; i < n; i++) {
		int ended = kid_ended(stress, pid[i]);

		err = err ? err : ended;
	}
	atomic_fetch_add(&stress->forks, n);
	return err ? err : (int)n;
}

#endif /* PROC_KID_H */
