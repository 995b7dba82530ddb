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

/**
 * struct stuck_look - who was looked at, and how often both slept
 * @reader:	its thread
 * @changer:	its thread
 * @runner:	the process that waits for the reader's end
 * @beat:	readings by then
 * @looks:	at the same ones, asleep, with no reading in between
 */
struct stuck_look {
	uint32_t reader, changer, runner, beat;
	unsigned int looks;
};

/**
 * stuck_seen() - take another look into account
 * @last:	the looks before; updated
 * @now:	who is looked at now, @looks unset
 * @asleep:	whether both sleep
 *
 * Return: whether they are stuck; then the next look is the first one.
 */
static inline bool stuck_seen(struct stuck_look *last, struct stuck_look now,
			      bool asleep)
{
	bool same = now.reader == last->reader && now.changer == last->changer &&
		    now.runner == last->runner && now.beat == last->beat;

	now.looks = !asleep ? 0 : same ? last->looks + 1 : 1;
	*last = now;
	if (now.looks < STUCK_LOOKS)
		return false;
	last->looks = 0;
	return true;
}

static inline struct stuck_look stuck_now(void)
{
	return (struct stuck_look){
		.reader = stuck->reader,
		.changer = stuck->changer,
		.runner = stuck->runner,
		.beat = stuck->beat,
	};
}

/* Says so, and ends them; not those who have come in their place meanwhile. */
static inline void stuck_end(const struct stuck_look *look)
{
	const uint32_t pid[] = { look->reader, look->changer, look->runner };
	struct known known[ARRAY_SIZE(pid)];
	struct stuck_look now;
	bool same;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pid); i++)
		known[i] = known_open(pid[i]);
	now = stuck_now();
	same = now.reader == look->reader && now.changer == look->changer &&
	       now.runner == look->runner && now.beat == look->beat;
	if (same) {
		diag("RULE BROKEN: reader and changer wait for each other");
		stuck_print("reader", look->reader);
		stuck_print("changer", look->changer);
		stuck->reader = 0;
	}
	/* Some of them may never hear of it; the last one will. */
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		if (same)
			known_signal(&known[i], SIGKILL);
		known_close(&known[i]);
	}
}

static inline int stuck_watcher(void *arg)
{
	struct stuck_look last = { 0 }, now;
	bool asleep;

	for (;;) {
		if (word_wait(&stuck->reader, 0, 10 * NSEC_PER_SEC)) {
			last.looks = 0;
			continue;
		}
		nap_ns(STUCK_LOOK_NS);
		/* A test may end at any time, and another one begin. */
		now = stuck_now();
		asleep = now.reader && now.changer && now.runner &&
			 stuck_sleeps(now.reader) && stuck_sleeps(now.changer) &&
			 task_state(stuck->other) != 'R';
		if (stuck_seen(&last, now, asleep))
			stuck_end(&now);
	}
	return arg ? 1 : 0;
}

/** stuck_begin() - have somebody look, as long as this program lives. */
static inline void stuck_begin(void)
{
	struct peer peer;

	stuck = shared_alloc(sizeof(*stuck));
	if (stuck && peer_start(&peer, stuck_watcher, NULL))
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
