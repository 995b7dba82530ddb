// SPDX-License-Identifier: GPL-2.0
/*
 * watchdog.c - end a reader and a modifier that wait for each other
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watchdog.h"
#include "../lib/child.h"
#include "../lib/cpu.h"
#include "../lib/futex.h"
#include "../lib/print.h"
#include "../lib/util.h"

/**
 * struct watchdog - threads that are watched; in shared memory
 * @reader:	the reader's thread; 0 while none is watched
 * @modifier:	the modifier's thread
 * @other:	thread that may hold a lock that both wait for; 0 for none
 * @runner:	process that waits for the reader's end
 * @heartbeat:	number of readings that have ended
 */
static struct watchdog {
	_Atomic uint32_t reader;
	_Atomic uint32_t modifier;
	_Atomic uint32_t other;
	_Atomic uint32_t runner;
	_Atomic uint32_t heartbeat;
} *watchdog;

int64_t watchdog_poll_ns = WATCHDOG_POLL_NS;

bool watchdog_is_blocked(uint32_t tid)
{
	return task_state(tid) == 'D';
}

void watchdog_print(const char *label, uint32_t tid)
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
			diag("  %-11s %s", label, line);
		}
		if (file)
			fclose(file);
	}
}

bool watchdog_add_poll(struct watchdog_poll *last, struct watchdog_poll now, bool asleep)
{
	bool same = now.reader == last->reader && now.modifier == last->modifier &&
		    now.runner == last->runner && now.heartbeat == last->heartbeat;

	now.polls = !asleep ? 0 : same ? last->polls + 1 : 1;
	*last = now;
	if (now.polls < WATCHDOG_POLLS)
		return false;
	last->polls = 0;
	return true;
}

struct watchdog_poll watchdog_now(void)
{
	return (struct watchdog_poll){
		.reader = watchdog->reader,
		.modifier = watchdog->modifier,
		.runner = watchdog->runner,
		.heartbeat = watchdog->heartbeat,
	};
}

/*
 * Print that both threads of a poll are stuck, and kill them and the runner.  Nothing
 * is done where other threads are watched by now: the numbers may have been reused.
 */
static void watchdog_kill(const struct watchdog_poll *poll)
{
	const uint32_t pid[] = { poll->reader, poll->modifier, poll->runner };
	struct process_handle handle[ARRAY_SIZE(pid)];
	struct watchdog_poll now;
	bool same;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pid); i++)
		handle[i] = process_open(pid[i]);
	now = watchdog_now();
	same = now.reader == poll->reader && now.modifier == poll->modifier &&
	       now.runner == poll->runner && now.heartbeat == poll->heartbeat;
	if (same) {
		diag("RULE BROKEN: reader and modifier wait for each other");
		watchdog_print("reader", poll->reader);
		watchdog_print("modifier", poll->modifier);
		watchdog->reader = 0;
	}
	/* The stuck threads may never die of it; the runner, which is the last, does. */
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		if (same)
			process_signal(&handle[i], SIGKILL);
		process_close(&handle[i]);
	}
}

/* Poll until the program ends. */
static int watchdog_process(void *arg)
{
	struct watchdog_poll last = { 0 }, now;
	bool asleep;

	for (;;) {
		if (futex_wait(&watchdog->reader, 0, 10 * NSEC_PER_SEC)) {
			last.polls = 0;
			continue;
		}
		sleep_ns(watchdog_poll_ns);
		/* Read once: a test may end at any time, and another one begin. */
		now = watchdog_now();
		asleep = now.reader && now.modifier && now.runner &&
			 watchdog_is_blocked(now.reader) && watchdog_is_blocked(now.modifier) &&
			 task_state(watchdog->other) != 'R';
		if (watchdog_add_poll(&last, now, asleep))
			watchdog_kill(&now);
	}
	return arg ? 1 : 0;
}

void watchdog_start(void)
{
	struct child child;

	watchdog = shared_alloc(sizeof(*watchdog));
	if (watchdog && child_start(&child, watchdog_process, NULL))
		diag("no watchdog: tests that are stuck run into the time limit");
}

void watchdog_watch_threads(pid_t reader, pid_t modifier)
{
	if (!watchdog)
		return;
	watchdog->modifier = modifier;
	watchdog->runner = getppid();
	futex_store(&watchdog->reader, reader);
}

void watchdog_watch(pid_t modifier)
{
	watchdog_watch_threads(syscall(SYS_gettid), modifier);
}

void watchdog_other(pid_t tid)
{
	if (watchdog)
		watchdog->other = tid;
}

void watchdog_heartbeat(void)
{
	if (watchdog)
		atomic_fetch_add(&watchdog->heartbeat, 1);
}

void watchdog_disarm(void)
{
	if (!watchdog)
		return;
	watchdog->other = 0;
	futex_store(&watchdog->reader, 0);
}
