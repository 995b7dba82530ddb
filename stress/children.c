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

/*
 * Time between two checks of the pages that the parent writes, in ns; the
 * parent makes a few transitions in it.
 */
#define FORK_CHILD_RECHECK_NS NSEC_PER_MSEC

/*
 * Time for which an executed program stays alive to be read, in ns; several
 * readings of a small process.
 */
#define FORK_CHILD_STAY_NS (50 * NSEC_PER_MSEC)

/*
 * Timeout of a child for its reader to begin, in ns.  It is short, since the
 * reader is busy with another child for longer at times.
 */
#define FORK_CHILD_READY_NS (200 * NSEC_PER_MSEC)

/* Timeout of a child for its reader to end, in ns, for a busy machine. */
#define FORK_CHILD_READ_NS (5 * NSEC_PER_SEC)

/* Timeout of a child, in ns; a child that has not exited by then hangs. */
#define FORK_CHILD_LIFE_NS (20 * NSEC_PER_SEC)

/* A child writes one in this many of the pages that it inherited. */
#define FORK_CHILD_WRITES 16

/*
 * Number of strings in the environment of an executed program.  Their pages are
 * passed from one program to the next: the kernel moves them to the new stack,
 * while they may be migrated.
 */
#define EXEC_STRINGS 64

/* Length of each of these strings, in bytes: half a page. */
#define EXEC_LENGTH 2000

/*
 * First string of the environment; "stay" follows when the program is to stay
 * alive for a moment.
 */
#define EXEC_MARK "PROC_MAPS_STRESS_EXEC="

/* enum fork_child_exit - exit codes of a child */
enum fork_child_exit {
	FORK_CHILD_FINE = 0,
	FORK_CHILD_MISMATCH = 3,		/* a page did not have the expected content */
	FORK_CHILD_NO_EXEC = 4,
};

void fork_child_hole(size_t size, unsigned int n, size_t *from, size_t *to)
{
	*from = (2 * n + 1) * (size / 8);
	*to = *from + size / 16;
}

/* Offer a child to its reader.  Returns true when the child is read. */
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
	futex_await(&fork_child->state, FORK_CHILD_BEING_READ, FORK_CHILD_READ_NS, 0);
	return true;
}

/* Wait until the reader has left a child. */
static void fork_child_wait_for_reader(struct fork_child *fork_child)
{
	futex_await(&fork_child->state, FORK_CHILD_GO, FORK_CHILD_READ_NS, 0);
}

/* Write some of the pages from @from up to @to, and check all of them. */
static int fork_child_write(struct stress *stress, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i += FORK_CHILD_WRITES)
		region_write(stress, i, i + 1);
	return region_check(stress, from, to, "a child, of what it wrote");
}

/* Check whether a page of the stage has the protection @prot in each layout. */
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

/* Compute a checksum of all pages of the stage that are always readable. */
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
 * Check that pages of the stage do not change in a child.  The parent writes
 * them all the time, also during fork(), so their content is not known to the
 * child.  The pages that the child writes must not change in the parent, which
 * checks that itself.
 */
static int fork_child_check_stage(struct stress *stress)
{
	const struct stage *stage = &stress->race->stage;
	uint64_t sum = fork_child_sum(stress);
	unsigned int i;

	sleep_ns(FORK_CHILD_RECHECK_NS);
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
	    fork_child_write(stress, 0, pages) || fork_child_check_stage(stress))
		return FORK_CHILD_MISMATCH;
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
			return FORK_CHILD_MISMATCH;
		begin = to;
	}
	if (read)
		fork_child_wait_for_reader(fork_child);
	return FORK_CHILD_FINE;
}

/* Return the expected character of a string of the environment. */
static char exec_letter(unsigned int word, unsigned int at)
{
	return 'a' + (word * 7 + at) % 26;
}

char **exec_environment(bool stay)
{
	static char text[2][EXEC_STRINGS][EXEC_LENGTH + 1];
	static char *words[2][EXEC_STRINGS + 2];
	unsigned int i, k;

	words[stay][0] = stay ? EXEC_MARK "stay" : EXEC_MARK;
	for (i = 0; i < EXEC_STRINGS && !text[stay][i][0]; i++) {
		for (k = 0; k < EXEC_LENGTH; k++)
			text[stay][i][k] = exec_letter(i, k);
		words[stay][i + 1] = text[stay][i];
	}
	return words[stay];
}

void exit_after_exec(void)
{
	unsigned int i, k;

	if (!environ[0] || strncmp(environ[0], EXEC_MARK, strlen(EXEC_MARK)))
		return;
	for (i = 0; i < EXEC_STRINGS; i++)
		for (k = 0; k <= EXEC_LENGTH; k++)
			if (!environ[i + 1] || environ[i + 1][k] !=
			    (k < EXEC_LENGTH ? exec_letter(i, k) : '\0'))
				_exit(FORK_CHILD_MISMATCH);
	if (environ[0][strlen(EXEC_MARK)])
		sleep_ns(FORK_CHILD_STAY_NS);
	_exit(FORK_CHILD_FINE);
}

int fork_child_exec(struct stress *stress, struct fork_child *fork_child)
{
	char *const argv[] = { "proc_maps_stress", NULL };
	bool read = fork_child_is_read(stress, fork_child);

	if (read)
		atomic_fetch_add(&fork_child->seq, 1);
	execve("/proc/self/exe", argv, exec_environment(read));
	return FORK_CHILD_NO_EXEC;
}

/*
 * Wait for a child.  Returns 0, -EBADMSG when the child found a mismatch,
 * -ETIMEDOUT when it did not exit, -ENOMEM after SIGKILL, -ECHILD after another
 * signal, -ENOEXEC. The tests send no SIGKILL, so it comes from a lack of
 * memory.
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
	if (code == FORK_CHILD_MISMATCH)
		return stress_fail(stress, NULL, "a program, of its arguments");
	return -ECHILD;
}

int fork_child_batch(struct stress *stress, struct fork_child *slot, fork_child_fn life)
{
	uint32_t state = slot->state;
	pid_t pid[FORK_CHILD_MAX];
	unsigned int n, i;
	int err = 0;

	/* The reader of the previous batch may still be busy with its child. */
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
