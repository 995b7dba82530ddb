/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stall.h - find out what a stalled operation waits for
 *
 * A lockless reader can block a mapper in two ways:
 *
 *  - mmap_lock.  The reader met a mapping that was being changed, gave up on its
 *    per-VMA lock and queued for mmap_lock.  The writer hands the lock over when it
 *    releases it, and wakes up the reader.  From then on, a task that is merely
 *    runnable holds the lock for reading.  At nice 15, behind a hog or another
 *    scanner, the task may run only milliseconds later.
 *
 *  - the per-VMA lock.  The reader was preempted with a mapping locked that the
 *    mapper is to write-lock.  That needs a kernel that preempts in the middle of a
 *    read; on other kernels only the first is seen.
 *
 * /proc/PID/wchan of the mapper names the function that sleeps, which tells the two
 * apart.  /proc/PID/stat of the scanners shows whether one of them was runnable at
 * that moment.  A process can read both files of its own children.  A kernel
 * without stack traces shows "0" for all functions.
 */
#ifndef PROC_LATENCY_STALL_H
#define PROC_LATENCY_STALL_H

#include <stddef.h>
#include <sys/types.h>

#include "trial.h"

/* enum stall_place - what a thread is found waiting for */
enum stall_place {
	STALL_RUNNING,		/* not asleep: preempted, or about to wake up */
	STALL_MMAP_LOCK,	/* the lock of the address space */
	STALL_VMA_LOCK,		/* the lock of one mapping */
	STALL_ELSEWHERE,	/* asleep for another reason */
};

/**
 * stall_place() - find out what a thread waits for
 * @pid:	its process
 * @tid:	the thread
 * @where:	set to the function that sleeps; empty or "0" if there is none
 * @size:	size of @where, bytes
 *
 * Return: the place.
 */
enum stall_place stall_place(pid_t pid, pid_t tid, char *where, size_t size);

/**
 * diagnose() - measure one more window and print what slow operations wait for
 * @name:	name of the scenario
 * @trial:	trial with a verdict
 */
void diagnose(const char *name, struct trial *trial);

#endif /* PROC_LATENCY_STALL_H */
