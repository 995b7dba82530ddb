/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watchdog.h - reader and modifier that wait for each other
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
#ifndef PROC_TEARING_WATCHDOG_H
#define PROC_TEARING_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/clock.h"
#include "modifier.h"

#define WATCHDOG_POLL_NS (100 * NSEC_PER_MSEC)

/* Where a lock is handed on, however slowly, one of both is soon seen to run. */
#define WATCHDOG_POLLS 30

/**
 * struct watchdog_main - who was looked at, and how often both slept
 * @reader:	its thread
 * @modifier:	its thread
 * @runner:	the process that waits for the reader's end
 * @heartbeat:	readings by then
 * @looks:	at the same ones, asleep, with no reading in between
 */
struct watchdog_main {
	uint32_t reader, modifier, runner, heartbeat;
	unsigned int polls;
};

/* Whether it is in state D: asleep, and not for a signal or a timer. */
bool watchdog_is_blocked(uint32_t tid);

/* Where in the kernel it is, as far as one may know. */
void watchdog_print(const char *who, uint32_t tid);

/**
 * stuck_seen() - take another look into account
 * @last:	the looks before; updated
 * @now:	who is looked at now, @looks unset
 * @asleep:	whether both sleep
 *
 * Return: whether they are stuck; then the next look is the first one.
 */
bool stuck_seen(struct watchdog_main *last, struct watchdog_main now, bool asleep);

/** watchdog_start() - have somebody look, as long as this program lives. */
void watchdog_start(void);

/** watchdog_watch_threads() - thread @reader reads what thread @modifier changes. */
void watchdog_watch_threads(pid_t reader, pid_t modifier);

/** watchdog_watch() - this thread does. */
void watchdog_watch(pid_t modifier);

/** watchdog_other() - both may wait for thread @tid, which may only want a CPU. */
void watchdog_other(pid_t tid);

/** watchdog_heartbeat() - another reading came to its end. */
void watchdog_heartbeat(void);

/** watchdog_disarm() - until the next time, nobody does. */
void watchdog_disarm(void);

#endif /* PROC_TEARING_WATCHDOG_H */
