/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cpu.h - CPUs and scheduling policies
 */
#ifndef PROC_LIB_CPU_H
#define PROC_LIB_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"

/* Not in every libc's <sched.h>, which conflicts with <linux/sched.h>. */
#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif

/*
 * RLIMIT_RTTIME of this process, in nanoseconds: the longest time that a thread may
 * run at real-time priority without sleeping.  The kernel then kills the process,
 * even if nothing else gets a CPU.  The tests need less than a tenth of it.
 */
#define RT_LIMIT_NS (3 * NSEC_PER_SEC)

/*
 * Longest time in nanoseconds that a thread runs at real-time priority on one CPU
 * before it sleeps.  If a modifier blocks a reader for longer, it moves itself and
 * the reader to another CPU: modifier_move().
 */
#define RT_RUN_NS (15 * NSEC_PER_MSEC)

/* Length in nanoseconds of the sleep that gives the CPU to other threads. */
#define RT_SLEEP_NS (2 * NSEC_PER_MSEC)

/*
 * Real-time priorities.  The modifier's is above the reader's.  The reader has one
 * only in races that a busy machine must not disturb.
 */
enum { LEVEL_READER = 1, LEVEL_MODIFIER = 2 };

/**
 * pin_thread() - pin a thread to a CPU
 * @tid:	the thread, 0 for the caller
 * @cpu:	the CPU
 *
 * Return: true on success.
 */
bool pin_thread(pid_t tid, int cpu);

/**
 * cpu_pin() - pin the calling thread to a CPU
 * @cpu:	the CPU; a negative number changes nothing
 *
 * Return: 0 or -errno.
 */
int cpu_pin(int cpu);

/**
 * choose_cpus() - find the first two CPUs that this process may run on
 * @cpu:	filled in; -1 if there are fewer
 */
void choose_cpus(int cpu[2]);

/**
 * choose_cpus_apart() - find two CPUs that disturb each other least
 * @cpu:	filled in: the first CPU that this process may run on, and the last one
 *		of another core, or else the last one; -1 if there are fewer
 */
void choose_cpus_apart(int cpu[2]);

/**
 * same_core() - check whether two CPUs are threads of one core
 * @a:		a CPU
 * @b:		another CPU
 *
 * Return: true if they are; false also if the topology is unknown.
 */
bool same_core(int a, int b);

/**
 * set_policy() - set the scheduling policy of a thread
 * @tid:	the thread, 0 for the caller
 * @policy:	a SCHED_* constant, also with SCHED_RESET_ON_FORK
 * @priority:	its real-time priority, 0 for other policies
 *
 * Makes the system call itself, since musl's sched_setscheduler() always fails.
 *
 * Return: true on success.
 */
bool set_policy(pid_t tid, int policy, int priority);

/** get_policy() - get the caller's policy, without SCHED_RESET_ON_FORK. */
int get_policy(void);

/*
 * True if set_level() must not use real-time priority, because the RLIMIT_RTTIME
 * that was inherited is below RT_LIMIT_NS.  Set by policy_reset().
 */
extern bool rt_refused;

/**
 * policy_reset() - change the calling thread's policy to SCHED_OTHER
 *
 * To be called before anything is started.  At an inherited real-time priority, a
 * thread that spins would keep its CPU from the threads that could end it.  At
 * SCHED_DEADLINE, fork() fails.  Also sets RLIMIT_RTTIME to RT_LIMIT_NS.
 *
 * Return: false if the thread stays at a real-time or deadline policy.
 */
bool policy_reset(void);

/* Nice value of this program's threads at level 0. */
extern int default_nice;

/* Level of this thread, see set_level(). */
extern __thread int rt_level;

/* Time, by now_ns(), of this thread's last change of level or last sleep for others. */
extern __thread int64_t rt_since_ns;

/**
 * set_level() - set the priority of a thread
 * @tid:	the thread, 0 for the caller
 * @level:	0 for SCHED_OTHER and default_nice, else a real-time priority
 *
 * If real-time priority is refused, the thread gets nice -20 or the closest value
 * permitted.
 *
 * Return: true if the thread has the requested policy.
 */
bool set_level(pid_t tid, int level);

/**
 * rt_throttle_before() - sleep for RT_SLEEP_NS if RT_RUN_NS would be exceeded
 * @level:	level of the calling thread; nothing is done at 0
 * @ns:		longest duration of the next operation, in nanoseconds
 */
void rt_throttle_before(int level, int64_t ns);

/**
 * rt_throttle() - sleep for RT_SLEEP_NS if RT_RUN_NS is exceeded
 * @level:	level of the calling thread; nothing is done at 0
 */
void rt_throttle(int level);

#endif /* PROC_LIB_CPU_H */
