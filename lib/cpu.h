/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cpu.h - CPUs, scheduling policies and task states
 */
#ifndef PROC_LIB_CPU_H
#define PROC_LIB_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"

/* From <linux/sched.h>, which does not go with each libc's <sched.h>. */
#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif

/*
 * So long may a thread run at real-time priority and not sleep once; then a signal
 * of the kernel's ends its process, whatever else gets no CPU.  What the tests do
 * takes no tenth of it.
 */
#define RT_LIMIT_NS (3 * NSEC_PER_SEC)

/*
 * At real-time priority nothing here keeps a CPU for longer than this...  Who holds a
 * reader longer goes on on another CPU, and takes the reader along: changer_move().
 */
#define RT_RUN_NS (15 * NSEC_PER_MSEC)

/* ...before others have it for so long. */
#define RT_SLEEP_NS (2 * NSEC_PER_MSEC)

/*
 * Real-time priorities: the modifier's is above the reader's, who has one only
 * where the race is urgent, that is must not be disturbed by a busy machine.
 */
enum { LEVEL_READER = 1, LEVEL_MODIFIER = 2 };

/**
 * pin_thread() - pin a thread to a CPU
 * @tid:	the thread, 0 for this one
 * @cpu:	the CPU
 *
 * Return: false where that is refused.
 */
bool pin_thread(pid_t tid, int cpu);

/* Not where a limit is lower: see policy_reset(). */
extern bool rt_refused;

/* By system call: musl's sched_setscheduler() does nothing but fail. */
bool set_policy(pid_t tid, int policy, int priority);

/* This thread's policy; what becomes of its children is none of it. */
int get_policy(void);

/**
 * policy_reset() - have this thread's policy be the normal one
 *
 * To be called before anything is started: at the real-time priority that was
 * inherited, all that spins here would keep its CPU from all that could end it;
 * and at SCHED_DEADLINE there are no children.
 *
 * Return: false where it has to stay at real-time priority.
 */
bool policy_reset(void);

/** task_state() - 'R', 'S', 'D' ... as in /proc/PID/stat; '?' where there is none. */
char task_state(pid_t tid);

/* What this program's threads have where nothing else is wished. */
extern int default_nice;

/* This thread's level, and since when it has had it, or has last slept for others. */
extern __thread int rt_level;
extern __thread int64_t rt_since_ns;

/**
 * set_level() - priority of a thread
 * @tid:	the thread, 0 for this one
 * @level:	0 is normal, above is real-time; where that is refused, as nice
 *		as can be had
 *
 * Return: whether it is as wished.
 */
bool set_level(pid_t tid, int level);

/**
 * rt_throttle_before() - give the CPU away for a moment, if it is time
 * @level:	the level that this thread has been given
 * @ns:		how long what comes next may take
 *
 * So that RT_RUN_NS is kept.
 */
void rt_throttle_before(int level, int64_t ns);

/** rt_throttle() - the same; what comes next is short */
void rt_throttle(int level);

/* The first two CPUs that this process may run on; -1 for none. */
void choose_cpus(int cpu[2]);

/** cpu_pin() - run on @cpu only, where @cpu is not negative; 0 or -errno. */
int cpu_pin(int cpu);

bool same_core(int a, int b);

#endif /* PROC_LIB_CPU_H */
