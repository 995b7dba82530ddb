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

#include "trial.h"

/**
 * diagnose() - measure one more window and print what slow operations wait for
 * @name:	name of the scenario
 * @trial:	trial with a verdict
 */
void diagnose(const char *name, struct trial *trial);

#endif /* PROC_LATENCY_STALL_H */
