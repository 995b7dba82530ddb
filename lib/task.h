/* SPDX-License-Identifier: GPL-2.0 */
/*
 * task.h - what other tasks do, and waiting for them
 */
#ifndef PROC_LIB_TASK_H
#define PROC_LIB_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"

/**
 * task_state() - get the state of a task
 * @tid:	the task
 *
 * Return: the letter of /proc/PID/stat, such as 'R', 'S' or 'D'; '?' if there is no
 * such task.
 */
char task_state(pid_t tid);

/* Nanoseconds of a timeout between two looks whether the task waited for is gone.  Arbitrary. */
#define TASK_POLL_NS (20 * NSEC_PER_MSEC)

/**
 * struct task_sample - what a thread is doing, and has done
 * @state:	letter as by task_state()
 * @user_ns:	its CPU time in user space, nanoseconds
 * @kernel_ns:	its CPU time in the kernel, nanoseconds
 */
struct task_sample {
	char state;
	int64_t user_ns;
	int64_t kernel_ns;
};

/**
 * task_sample_parse() - take a line of /proc/PID/task/TID/stat apart
 * @stat:	the line; a command name in it may contain anything
 * @tick_ns:	length of a clock tick in nanoseconds
 *
 * Return: the sample; its state is '?' if this is no such line.
 */
struct task_sample task_sample_parse(const char *stat, int64_t tick_ns);

/**
 * task_sample() - get the state and the CPU time of a thread
 * @tid:	the thread; other threads of its process do not count
 *
 * Return: the sample; its state is '?' if there is no such thread.
 */
struct task_sample task_sample(pid_t tid);

/** task_is_gone() - check whether a task has ended, reaped or not. */
bool task_is_gone(pid_t tid);

/**
 * task_timed_out() - take the time since the last poll off a timeout of a wait for a task
 * @timeout:	the timeout, as for timed_out(); a second or more
 * @tid:	the task that is to do what is waited for; 0 for no certain one
 *
 * Return: -ETIMEDOUT if nothing is left, -ESRCH if the task is gone, which is seen within
 * TASK_POLL_NS, else 0.
 */
int task_timed_out(struct timeout *timeout, pid_t tid);

/** thread_is_traced() - check whether a tracer stops this thread at its system calls. */
bool thread_is_traced(void);

#endif /* PROC_LIB_TASK_H */
