// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "children.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/futex.h"
#include "../model/change.h"
#include "../model/page_tag.h"
#include "../tearing/stage.h"

/* Between two looks at what the parent writes, in its own memory. */
#define FORK_CHILD_KEEPS_NS NSEC_PER_MSEC

/* A program that was arrived at stays so long, for who wants to read it. */
#define FORK_CHILD_STAYS_NS (50 * NSEC_PER_MSEC)

/* How long the one waits for its reader, and then for the reader's end. */
#define FORK_CHILD_READY_NS (200 * NSEC_PER_MSEC)
#define FORK_CHILD_WATCHED_NS (5 * NSEC_PER_SEC)

/* A child that takes longer hangs. */
#define FORK_CHILD_LIFE_NS (20 * NSEC_PER_SEC)

/* A child writes one page in so many of those it got. */
#define FORK_CHILD_WRITES 16

/*
 * What goes from one program to the next are the pages of its arguments: the
 * kernel moves them to where the new stack is, while they may be migrated.
 */
#define EXEC_WORDS 64
#define EXEC_LENGTH 2000

/* The first word of the environment: whether to stay for a moment. */
#define EXEC_MARK "PROC_MAPS_STRESS_EXEC="

enum fork_child_exit {
	FORK_CHILD_FINE = 0,
	FORK_CHILD_FLAWED = 3,		/* a page was wrong */
	FORK_CHILD_NO_EXEC = 4,
};

void fork_child_hole(size_t size, unsigned int n, size_t *from, size_t *to)
{
	*from = (2 * n + 1) * (size / 8);
	*to = *from + size / 16;
}

/* The child's side of being read; true where somebody does. */
static bool fork_child_is_read(struct stress *stress, struct fork_child *fork_child)
{
	uint32_t ready = FORK_CHILD_READY;

	if (!fork_child)
		return false;
	fork_child->after = stress->race->seq;
	fork_child->pid = getpid();
	if (stress->inject == 'k')
		munmap(stage_addr(&stress->race->stage, STAGE_PAGES),
		       stress->race->stage.page);
	atomic_store(&fork_child->state, FORK_CHILD_READY);
	futex_wait(&fork_child->state, FORK_CHILD_READY, FORK_CHILD_READY_NS);
	if (atomic_compare_exchange_strong(&fork_child->state, &ready, FORK_CHILD_NONE))
		return false;
	futex_await(&fork_child->state, FORK_CHILD_WATCHED, FORK_CHILD_WATCHED_NS);
	return true;
}

static void fork_child_wait_for_reader(struct fork_child *fork_child)
{
	futex_await(&fork_child->state, FORK_CHILD_GO, FORK_CHILD_WATCHED_NS);
}

/* Writes some pages in @from .. @to, and looks whether they keep it. */
static int fork_child_write(struct stress *stress, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i += FORK_CHILD_WRITES)
		region_write(stress, i, i + 1);
	return region_check(stress, from, to, "a child, of what it wrote");
}

/* Whether a page of the stage may be read, or written, in each layout. */
static bool stage_always(const struct change *change, unsigned int page,
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
static uint64_t fork_child_sum(const struct stress *stress)
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
static int fork_child_keeps(struct stress *stress)
{
	const struct stage *stage = &stress->race->stage;
	uint64_t sum = fork_child_sum(stress);
	unsigned int i;

	sleep_ns(FORK_CHILD_KEEPS_NS);
	if (fork_child_sum(stress) != sum)
		return stress_fail(stress, NULL,
				   "a child, of pages that its parent writes");
	for (i = 0; stage->change->draw[0][i]; i++)
		if (stage_always(stage->change, i, PROT_READ | PROT_WRITE))
			stage_touch(stage_addr(stage, i));
	return 0;
}

int fork_child_fault(struct stress *stress, struct fork_child *fork_child)
{
	size_t pages = stress->size / stress->page;
	bool read = fork_child_is_read(stress, fork_child);

	if (region_check(stress, 0, pages, "a child, of what it inherited") ||
	    fork_child_write(stress, 0, pages) || fork_child_keeps(stress))
		return FORK_CHILD_FLAWED;
	if (read)
		fork_child_wait_for_reader(fork_child);
	return FORK_CHILD_FINE;
}

int fork_child_punch(struct stress *stress, struct fork_child *fork_child)
{
	size_t from, to, begin = 0, end;
	bool read = fork_child_is_read(stress, fork_child);
	unsigned int n;

	for (n = 0; n < FORK_CHILD_HOLES; n++) {
		fork_child_hole(stress->size, n, &from, &to);
		if (read) {
			sleep_ns(50 * NSEC_PER_USEC);
			atomic_fetch_add(&fork_child->seq, 1);
		}
		munmap(stress->region + from, to - from);
		if (read)
			atomic_fetch_add(&fork_child->seq, 1);
	}
	for (n = 0; n <= FORK_CHILD_HOLES; n++) {
		fork_child_hole(stress->size, n, &from, &to);
		end = n < FORK_CHILD_HOLES ? from : stress->size;
		if (region_check(stress, begin / stress->page,
				 end / stress->page, "a child with holes") ||
		    fork_child_write(stress, begin / stress->page, end / stress->page))
			return FORK_CHILD_FLAWED;
		begin = to;
	}
	if (read)
		fork_child_wait_for_reader(fork_child);
	return FORK_CHILD_FINE;
}

static char exec_letter(unsigned int word, unsigned int at)
{
	return 'a' + (word * 7 + at) % 26;
}

char **exec_words(bool stay)
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

void exec_arrived(void)
{
	unsigned int i, k;

	if (!environ[0] || strncmp(environ[0], EXEC_MARK, strlen(EXEC_MARK)))
		return;
	for (i = 0; i < EXEC_WORDS; i++)
		for (k = 0; k <= EXEC_LENGTH; k++)
			if (!environ[i + 1] || environ[i + 1][k] !=
			    (k < EXEC_LENGTH ? exec_letter(i, k) : '\0'))
				_exit(FORK_CHILD_FLAWED);
	if (environ[0][strlen(EXEC_MARK)])
		sleep_ns(FORK_CHILD_STAYS_NS);
	_exit(FORK_CHILD_FINE);
}

int fork_child_exec(struct stress *stress, struct fork_child *fork_child)
{
	char *const argv[] = { "proc_maps_stress", NULL };
	bool read = fork_child_is_read(stress, fork_child);

	if (read)
		atomic_fetch_add(&fork_child->seq, 1);
	execve("/proc/self/exe", argv, exec_words(read));
	return FORK_CHILD_NO_EXEC;
}

/*
 * How a child ended: 0, -EBADMSG where it found something wrong, -ETIMEDOUT where
 * it did not end, -ECHILD where a signal ended it.  SIGKILL comes from no test,
 * but from a lack of memory.
 */
static int fork_child_ended(struct stress *stress, pid_t pid)
{
	struct child child = { .pid = pid };
	int code = child_wait(&child, FORK_CHILD_LIFE_NS);

	if (code == FORK_CHILD_FINE)
		return 0;
	if (code == 128 + SIGKILL)
		return -ENOMEM;
	if (code == FORK_CHILD_NO_EXEC)
		return -ENOEXEC;
	if (code == -ETIMEDOUT) {
		child_kill(&child);
		return code;
	}
	if (code == FORK_CHILD_FLAWED)
		return stress_fail(stress, NULL, "a program, of its arguments");
	return -ECHILD;
}

int fork_child_batch(struct stress *stress, struct fork_child *slot, fork_child_fn life)
{
	uint32_t state = slot->state;
	pid_t pid[FORK_CHILD_MOST];
	unsigned int n, i;
	int err = 0;

	/* Its reader may still be busy with the one before. */
	if (state == FORK_CHILD_RELEASED)
		atomic_store(&slot->state, FORK_CHILD_NONE);
	for (n = 0; n < stress->children && !stress_over(stress); n++) {
		struct fork_child *fork_child = n || slot->state != FORK_CHILD_NONE ? NULL : slot;

		stress_lock(stress);
		if (fork_child) {
			fork_child->seq = 0;
			fork_child->before = stress->race->seq;
		}
		pid[n] = fork();
		if (!pid[n])
			_exit(life(stress, fork_child));
		stress_unlock(stress);
		if (pid[n] < 0)
			break;
	}
	for (i = 0; i < n; i++) {
		int ended = fork_child_ended(stress, pid[i]);

		err = err ? err : ended;
	}
	atomic_fetch_add(&stress->forks, n);
	return err ? err : (int)n;
}
