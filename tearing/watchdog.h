/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watchdog.h - end a reader and a modifier that wait for each other
 *
 * After a lock that is taken in the wrong order, or never released, the reader sleeps
 * in the kernel and cannot report it, and half a minute later a time limit ends the
 * test without a reason.  The watchdog is a process that polls the states of both.
 * Where both are in uninterruptible sleep at WATCHDOG_POLLS polls in a row, and no
 * reading ends in between, it prints that and kills the test.
 *
 * The watchdog counts polls, not seconds: while the whole machine stands still, it does
 * not poll.  A thread that waits for a CPU does not sleep.
 */
#ifndef PROC_TEARING_WATCHDOG_H
#define PROC_TEARING_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/clock.h"

/* Nanoseconds between two polls.  Arbitrary; no test is slowed down by it. */
#define WATCHDOG_POLL_NS (100 * NSEC_PER_MSEC)

/* The same, for a watchdog that starts.  The unit test makes it shorter. */
extern int64_t watchdog_poll_ns;

/*
 * Polls in a row that find both asleep before they count as stuck: 3 s.  Arbitrary;
 * where a lock is handed on, however slowly, a poll finds one of both running earlier.
 */
#define WATCHDOG_POLLS 30

/**
 * struct watchdog_poll - threads at a poll, and the number of polls that found both asleep
 * @reader:	the reader's thread
 * @modifier:	the modifier's thread
 * @runner:	process that waits for the reader's end
 * @heartbeat:	number of readings that have ended
 * @polls:	polls in a row with the values above that found both threads asleep
 */
struct watchdog_poll {
	uint32_t reader, modifier, runner, heartbeat;
	unsigned int polls;
};

/** watchdog_is_blocked() - check whether a thread is in uninterruptible sleep. */
bool watchdog_is_blocked(uint32_t tid);

/**
 * watchdog_print() - print where in the kernel a thread sleeps
 * @label:	label of the lines
 * @tid:	thread
 *
 * Prints nothing where this user may read neither its stack nor its wchan.
 */
void watchdog_print(const char *label, uint32_t tid);

/**
 * watchdog_add_poll() - count a poll
 * @last:	state after the polls before; updated
 * @now:	threads at this poll, @polls unset
 * @asleep:	both threads sleep
 *
 * Return: whether both are stuck; then counting begins anew.
 */
bool watchdog_add_poll(struct watchdog_poll *last, struct watchdog_poll now, bool asleep);

/**
 * watchdog_now() - read what is watched
 *
 * Return: the threads, and the heartbeat; no polls.
 */
struct watchdog_poll watchdog_now(void);

/** watchdog_start() - start the watchdog, which ends with this program. */
void watchdog_start(void);

/** watchdog_watch_threads() - watch a reader's thread and a modifier's thread. */
void watchdog_watch_threads(pid_t reader, pid_t modifier);

/** watchdog_watch() - watch this thread, which is the reader, and a modifier's thread. */
void watchdog_watch(pid_t modifier);

/**
 * watchdog_other() - name a third thread that may hold a lock that both wait for
 * @tid:	thread; while it can run, both are not stuck
 */
void watchdog_other(pid_t tid);

/** watchdog_heartbeat() - tell the watchdog that a reading has ended. */
void watchdog_heartbeat(void);

/** watchdog_disarm() - stop watching until the next watchdog_watch(). */
void watchdog_disarm(void);

#endif /* PROC_TEARING_WATCHDOG_H */
