/* SPDX-License-Identifier: GPL-2.0 */
/*
 * monitor_reads.h - count what is read in /proc of a process
 *
 * The kernel reports each open() and read() of a file in /proc/PID to an inotify
 * watch, with the name of the file, whatever process it is that reads.  That needs
 * neither ptrace() nor privilege, and misses no file that is open for a microsecond
 * only.  Equal events in a row are one event, so that reads are a lower bound; opens
 * are exact.
 *
 * The watch is of an inode, which a folder of /proc gets anew when its name is dropped from
 * the dentry cache.  An open descriptor keeps it there.
 *
 * What this program itself opens there is counted as well.  It opens nothing in
 * /proc of target and control process between reads_skip() and reads_take().
 */
#ifndef PROC_BENCH_MONITOR_READS_H
#define PROC_BENCH_MONITOR_READS_H

#include <stdint.h>
#include <sys/types.h>

/* Maximum number of files of one process that are counted; /proc/PID has about 60. */
#define READS_FILES 128

/* Maximum number of threads of a process whose folders are watched; arbitrary. */
#define READS_THREADS 64

/**
 * struct reads_file - accesses to one file
 * @name:	name below /proc/PID; that of a thread's file begins with "task/", that of
 *	a folder ends with "/"
 * @opens:	number of times that it was opened
 * @reads:	number of times that it was read, at least
 */
struct reads_file {
	char name[40];
	uint64_t opens;
	uint64_t reads;
};

/**
 * struct reads - accesses to the files of one process
 * @fd:		the inotify instance
 * @process:	watch of /proc/PID; other watches are those of threads
 * @kept:	descriptors that keep the folders in the dentry cache
 * @folders:	number of descriptors in @kept
 * @files:	number of files in @file
 * @file:	accesses to each file
 */
struct reads {
	int fd;
	int process;
	int kept[1 + READS_THREADS];
	unsigned int folders;
	unsigned int files;
	struct reads_file file[READS_FILES];
};

/**
 * reads_open() - start to count for a process
 * @reads:	filled in
 * @pid:	the process, whose threads have all been started
 *
 * Return: 0 or -errno.
 */
int reads_open(struct reads *reads, pid_t pid);

/** reads_close() - end the counting */
void reads_close(struct reads *reads);

/**
 * reads_take() - count what has happened since the last call
 * @reads:	the counters
 *
 * Return: the number of accesses.
 */
uint64_t reads_take(struct reads *reads);

/**
 * reads_skip() - drop what has happened since the last call
 * @reads:	the counters, which stay the same
 *
 * Return: the number of accesses.
 */
uint64_t reads_skip(struct reads *reads);

#endif /* PROC_BENCH_MONITOR_READS_H */
