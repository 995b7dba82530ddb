// SPDX-License-Identifier: GPL-2.0
/*
 * watchdog.c - end a test whose reader or modifier is stuck
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watchdog.h"
#include "../lib/child.h"
#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/futex.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../lib/task.h"
#include "../lib/util.h"

/*
 * Polls after SIGKILL.  A thread that has neither ended by then, nor is stuck, waits for
 * a CPU, and the tests go on.  Arbitrary: 20 s.
 */
#define WATCHDOG_DEATH_POLLS 200

/**
 * struct watchdog - threads that are watched; in shared memory
 * @reader:	the reader's thread; 0 while none is watched
 * @modifier:	the modifier's thread
 * @other:	thread that may hold a lock that both wait for; 0 for none
 * @runner:	process that waits for the reader's end
 * @unfit:	a thread could not be killed and runs on
 * @heartbeat:	number of the reader's calls that have ended
 * @transitions: number of transitions that have ended
 */
static struct watchdog {
	_Atomic uint32_t reader;
	_Atomic uint32_t modifier;
	_Atomic uint32_t other;
	_Atomic uint32_t runner;
	_Atomic bool unfit;
	_Atomic uint32_t heartbeat;
	_Atomic uint32_t transitions;
} *watchdog;

int64_t watchdog_poll_ns = WATCHDOG_POLL_NS;
int64_t watchdog_cpu_ns = STUCK_CPU_NS;

bool watchdog_is_blocked(uint32_t tid)
{
	return task_state(tid) == 'D';
}

/* Print the lines of a thread's file; return whether there are any. */
static bool watchdog_print_file(const char *label, uint32_t tid, const char *name)
{
	char path[32], line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/%s", tid, name);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		/* What wchan says of a thread that runs. */
		if (strcmp(line, "0"))
			diag("  %-11s %s", label, line);
	}
	if (file)
		fclose(file);
	return line[0];
}

void watchdog_print(const char *label, uint32_t tid)
{
	struct task_sample task = task_sample(tid);

	diag("  %-11s state %c, %.1f s of CPU time, %.1f s of it in the kernel", label,
	     task.state, (task.user_ns + task.kernel_ns) / 1e9, task.kernel_ns / 1e9);
	watchdog_print_file("  syscall", tid, "syscall");
	if (!watchdog_print_file("  at", tid, "stack"))
		watchdog_print_file("  at", tid, "wchan");
}

/* Sample a thread that has made @beats. */
static void watchdog_sample(struct stuck_poll *poll, unsigned int i, uint32_t tid,
			    uint32_t beats)
{
	poll->thread[i].tid = tid;
	poll->thread[i].beats = beats;
	poll->thread[i].task.state = '?';
	if (tid)
		poll->thread[i].task = task_sample(tid);
}

struct stuck_poll watchdog_now(void)
{
	struct stuck_poll poll = { .runner = watchdog->runner };

	/* The beats are read first: what has moved since is seen at the next poll. */
	watchdog_sample(&poll, STUCK_READER, watchdog->reader, watchdog->heartbeat);
	watchdog_sample(&poll, STUCK_MODIFIER, watchdog->modifier, watchdog->transitions);
	poll.other_runs = watchdog->other && task_state(watchdog->other) == 'R';
	return poll;
}

/* Print which rule the threads of a poll have broken, and where they are. */
static void watchdog_tell(enum stuck stuck, const struct stuck_poll *poll)
{
	static const char *const rule[] = {
		[STUCK_BOTH] = "reader and modifier wait for each other",
		[STUCK_ALONE_READER] = "a call of the reader does not end",
		[STUCK_ALONE_MODIFIER] = "a transition does not end",
	};

	diag("RULE BROKEN: %s", rule[stuck]);
	watchdog_print("reader", poll->thread[STUCK_READER].tid);
	if (poll->thread[STUCK_MODIFIER].tid)
		watchdog_print("modifier", poll->thread[STUCK_MODIFIER].tid);
}

/*
 * Wait for the end of threads that were killed.  One that is found stuck a second time
 * while it runs, after a third of the CPU time, cannot be killed: then the tests that
 * follow are left out.
 */
static void watchdog_await_end(const struct stuck_poll *killed,
			       const struct process_handle handle[STUCK_THREADS])
{
	struct stuck_count count = { 0 };
	unsigned int i, polls, gone;

	for (polls = 0; polls < WATCHDOG_DEATH_POLLS; polls++) {
		struct stuck_poll now = *killed;
		enum stuck stuck;

		for (i = 0, gone = 0; i < STUCK_THREADS; i++) {
			if (!handle[i].pid || process_gone(&handle[i]))
				gone++;
			else
				watchdog_sample(&now, i, killed->thread[i].tid, 0);
		}
		if (gone == STUCK_THREADS)
			return;
		stuck = stuck_add_poll(&count, &now, watchdog_cpu_ns / 3);
		i = stuck == STUCK_ALONE_MODIFIER ? STUCK_MODIFIER : STUCK_READER;
		if (stuck && now.thread[i].task.state != 'D') {
			watchdog->unfit = true;
			/* It cannot be ended, but it can give way to others. */
			set_policy(now.thread[i].tid, SCHED_IDLE, 0);
			diag("summary: %s",
			     "a process runs on in the kernel and cannot be killed: this machine");
			diag("summary: %s",
			     "is not fit for further tests, which are left out; restart it");
		}
		if (stuck)
			return;
		sleep_ns(watchdog_poll_ns);
	}
}

/* Check for a planted fault: threads that are to be killed get no signal. */
static bool watchdog_spares(void)
{
	const char *plant = env_value("PLANT");

	return plant && !strcmp(plant, "undying");
}

/*
 * Print that threads of a poll are stuck, and kill them and the runner.  Nothing is done
 * where other threads are watched by now: the numbers may have been reused.
 */
static void watchdog_kill(enum stuck stuck, const struct stuck_poll *poll)
{
	/* The stuck threads may never die of it; the runner, which is the last, does. */
	const uint32_t pid[] = {
		[STUCK_READER] = poll->thread[STUCK_READER].tid,
		[STUCK_MODIFIER] = poll->thread[STUCK_MODIFIER].tid,
		[STUCK_THREADS] = poll->runner,
	};
	struct process_handle handle[ARRAY_SIZE(pid)] = { 0 };
	struct stuck_poll now;
	unsigned int i;
	uint32_t reader = pid[STUCK_READER];
	bool same;

	for (i = 0; i < ARRAY_SIZE(pid); i++)
		if (pid[i])
			handle[i] = process_open(pid[i]);
	now = watchdog_now();
	same = stuck_same_pair(&now, poll) &&
	       now.thread[STUCK_READER].beats == poll->thread[STUCK_READER].beats;
	if (same) {
		/* The next test begins once the runner has ended, and must not before. */
		process_signal(&handle[STUCK_THREADS], SIGSTOP);
		watchdog_tell(stuck, poll);
		for (i = 0; i < STUCK_THREADS; i++)
			if (pid[i] && !watchdog_spares())
				process_signal(&handle[i], SIGKILL);
		watchdog_await_end(poll, handle);
		atomic_compare_exchange_strong(&watchdog->reader, &reader, 0);
		process_signal(&handle[STUCK_THREADS], SIGKILL);
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		if (pid[i])
			process_close(&handle[i]);
}

/* Poll until the program ends. */
static int watchdog_process(void *arg)
{
	struct stuck_count count = { 0 };
	struct stuck_poll now;
	enum stuck stuck;

	for (;;) {
		if (futex_wait(&watchdog->reader, 0, 10 * NSEC_PER_SEC)) {
			memset(&count, 0, sizeof(count));
			continue;
		}
		sleep_ns(watchdog_poll_ns);
		/* Read once: a test may end at any time, and another one begin. */
		now = watchdog_now();
		stuck = stuck_add_poll(&count, &now, watchdog_cpu_ns);
		if (stuck)
			watchdog_kill(stuck, &now);
	}
	return arg ? 1 : 0;
}

void watchdog_start(void)
{
	struct child child;

	if (machine_is_slow())
		watchdog_cpu_ns *= STUCK_CPU_SLOW;
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

void watchdog_transition(void)
{
	if (watchdog)
		atomic_fetch_add(&watchdog->transitions, 1);
}

bool watchdog_unfit(void)
{
	return watchdog && watchdog->unfit;
}

void watchdog_disarm(void)
{
	if (!watchdog)
		return;
	watchdog->other = 0;
	futex_store(&watchdog->reader, 0);
}
