/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stuck.h - reader and changer that wait for each other
 *
 * A lock taken in the wrong order, or never given back, and nobody moves any
 * more: the reader is in the kernel and cannot say so, and half a minute later a
 * time limit ends the test without a word of the reason.  So a process of its
 * own looks at both of them.  Where both are in uninterruptible sleep at each of
 * many looks, and no reading comes to its end, it says so and ends the test.
 *
 * Looks are counted, not seconds: while the whole machine stands still, nobody
 * looks.  Who only waits for a CPU does not sleep.
 */
#ifndef PROC_STUCK_H
#define PROC_STUCK_H

#include "evidence.h"

#define STUCK_LOOK_NS (100 * NSEC_PER_MSEC)
/* Where a lock is handed on, however slowly, one of both is soon seen to run. */
#define STUCK_LOOKS 30

/**
 * struct stuck - who is looked at; shared memory
 * @reader:	its thread; 0 while there is none
 * @changer:	its thread
 * @other:	a thread that may have what both wait for; 0 for none
 * @runner:	the process that waits for the reader's end
 * @beat:	counts readings
 */
static struct stuck {
	_Atomic uint32_t reader;
	_Atomic uint32_t changer;
	_Atomic uint32_t other;
	_Atomic uint32_t runner;
	_Atomic uint32_t beat;
} *stuck;

/* Whether it is in state D: asleep, and not for a signal or a timer. */
static inline bool stuck_sleeps(uint32_t tid)
{
	return task_state(tid) == 'D';
}

/* Where in the kernel it is, as far as one may know. */
static inline void stuck_print(const char *who, uint32_t tid)
{
	static const char *const files[] = { "stack", "wchan" };
	char path[32], line[128] = "";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files) && !line[0]; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%u/%s", tid, files[i]);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file)) {
			line[strcspn(line, "\n")] = '\0';
			diag("  %-11s %s", who, line);
		}
		if (file)
			fclose(file);
	}
}

static inline int stuck_look(void *arg)
{
	uint32_t beat = 0, reader, changer, runner;
	unsigned int looks = 0;

	for (;;) {
		if (word_wait(&stuck->reader, 0, 10 * NSEC_PER_SEC))
			continue;
		nap_ns(STUCK_LOOK_NS);
		/* A test may end at any time, and another one begin. */
		reader = stuck->reader;
		changer = stuck->changer;
		runner = stuck->runner;
		if (stuck->beat == beat && reader && changer && runner &&
		    stuck_sleeps(reader) && stuck_sleeps(changer) &&
		    task_state(stuck->other) != 'R')
			looks++;
		else
			looks = 0;
		beat = stuck->beat;
		if (looks < STUCK_LOOKS)
			continue;
		diag("RULE BROKEN: reader and changer wait for each other");
		stuck_print("reader", reader);
		stuck_print("changer", changer);
		/* Some of them may never hear of it; the last one will. */
		kill(reader, SIGKILL);
		kill(changer, SIGKILL);
		kill(runner, SIGKILL);
		stuck->reader = 0;
	}
	return arg ? 1 : 0;
}

/** stuck_begin() - have somebody look, as long as this program lives. */
static inline void stuck_begin(void)
{
	struct peer peer;

	stuck = shared_alloc(sizeof(*stuck));
	if (stuck && peer_start(&peer, stuck_look, NULL))
		diag("nobody looks whether tests are stuck");
}

/** stuck_watch_of() - thread @reader reads what thread @changer changes. */
static inline void stuck_watch_of(pid_t reader, pid_t changer)
{
	if (!stuck)
		return;
	stuck->changer = changer;
	stuck->runner = getppid();
	word_set(&stuck->reader, reader);
}

/** stuck_watch() - this thread does. */
static inline void stuck_watch(pid_t changer)
{
	stuck_watch_of(syscall(SYS_gettid), changer);
}

/** stuck_other() - both may wait for thread @tid, which may only want a CPU. */
static inline void stuck_other(pid_t tid)
{
	if (stuck)
		stuck->other = tid;
}

/** stuck_beat() - another reading came to its end. */
static inline void stuck_beat(void)
{
	if (stuck)
		atomic_fetch_add(&stuck->beat, 1);
}

/** stuck_done() - until the next time, nobody does. */
static inline void stuck_done(void)
{
	if (!stuck)
		return;
	stuck->other = 0;
	word_set(&stuck->reader, 0);
}

#endif /* PROC_STUCK_H */
