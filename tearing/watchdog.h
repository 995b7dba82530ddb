/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watchdog.h - end a test whose reader or modifier is stuck
 *
 * After a lock that is taken in the wrong order, or never released, and in a loop that
 * never ends, the reader stays in the kernel and cannot report it, and half a minute later
 * a time limit ends the test without a reason.  The watchdog is a process that polls the
 * states and CPU times of both.  Where one of them is stuck (stuck.h), the watchdog prints
 * the broken rule and where in the kernel both are, and kills the test.
 *
 * A thread that goes on running after that takes a CPU from all tests that follow.  These
 * are left out.
 */
#ifndef PROC_TEARING_WATCHDOG_H
#define PROC_TEARING_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/clock.h"
#include "stuck.h"

/* Nanoseconds between two polls.  Arbitrary; no test is slowed down by it. */
#define WATCHDOG_POLL_NS (100 * NSEC_PER_MSEC)

/* The same and STUCK_CPU_NS, for a watchdog that starts.  The unit test makes them shorter. */
extern int64_t watchdog_poll_ns;
extern int64_t watchdog_cpu_ns;

/** watchdog_is_blocked() - check whether a thread is in uninterruptible sleep. */
bool watchdog_is_blocked(uint32_t tid);

/**
 * watchdog_print() - print where in the kernel a thread is
 * @label:	label of the lines
 * @tid:	thread
 *
 * Its state and CPU time, its system call, and its stack, or its wchan where the stack
 * says nothing.  What this user may not read is left out.
 */
void watchdog_print(const char *label, uint32_t tid);

/**
 * watchdog_now() - sample what is watched
 *
 * Return: the poll.
 */
struct stuck_poll watchdog_now(void);

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

/** watchdog_heartbeat() - tell the watchdog that a call of the reader has ended. */
void watchdog_heartbeat(void);

/** watchdog_transition() - tell the watchdog that a transition has ended. */
void watchdog_transition(void);

/**
 * watchdog_unfit() - check whether the tests that follow are to be left out
 *
 * Return: whether a thread could not be killed and runs on.
 */
bool watchdog_unfit(void);

/** watchdog_disarm() - stop watching until the next watchdog_watch(). */
void watchdog_disarm(void);

#endif /* PROC_TEARING_WATCHDOG_H */
