/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stall.h - what does a stalled operation wait for?
 *
 * A mapper can be held up by a lockless reader in two ways:
 *
 *  - mmap_lock.  The reader met a mapping that was just being changed, gave up
 *    on its per-VMA lock and queued for mmap_lock instead.  The writer that
 *    leaves hands the lock over and wakes the reader.  From that moment the
 *    lock is held for reading by a task that is merely runnable: at nice 15,
 *    behind a hog or another scanner, it may be milliseconds until it runs.
 *
 *  - the VMA's own lock.  The reader was preempted with a mapping locked that
 *    the mapper wants to write.  That takes a kernel that preempts in the
 *    middle of a read; without, only the first is seen.
 *
 * /proc/PID/wchan of the mapper names the function that sleeps, and tells the
 * two apart; /proc/PID/stat of the scanners tells whether one of them was
 * runnable and not asleep at that moment.  Both are readable for one's own
 * processes.  A kernel without stack traces says "0" for everything.
 */
#ifndef PROC_LATENCY_STALL_H
#define PROC_LATENCY_STALL_H

#include "trial.h"

void diagnose(const char *name, struct trial *trial);

#endif /* PROC_LATENCY_STALL_H */
