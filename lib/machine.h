/* SPDX-License-Identifier: GPL-2.0 */
/*
 * machine.h - facts about the machine: kernel release, memory, mappings, NUMA nodes, speed
 */
#ifndef PROC_LIB_MACHINE_H
#define PROC_LIB_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* A kernel release as one number, ordered as the releases are. */
#define KERNEL(major, minor) ((major) * 1000 + (minor))

/**
 * release_number() - parse the name of a release
 * @release:	as "uname -r" prints it
 *
 * Only the first two numbers count: what follows, a vendor is free to choose.
 *
 * Return: the release as KERNEL() encodes it; 0 if there are no two numbers.
 */
int release_number(const char *release);

/**
 * kernel_release() - get the release of the running kernel
 *
 * Return: the release as KERNEL() encodes it; 0 if it cannot be parsed.
 */
int kernel_release(void);

/**
 * machine_count() - read a number from a file of lines "WORD NUMBER", with blanks or tabs
 * @path:	the file, such as /proc/vmstat or /proc/meminfo
 * @word:	the word, with its colon if the file has one
 *
 * Return: the number; 0 if there is no such line.
 */
uint64_t machine_count(const char *path, const char *word);

/** machine_free() - get the bytes of memory that are available without swapping. */
uint64_t machine_free(void);

/** machine_swap() - get the bytes of free swap space. */
uint64_t machine_swap(void);

/** machine_mappings() - get the number of mappings that a process may have; 0 if unknown. */
unsigned int machine_mappings(void);

/**
 * machine_nodes() - find the first and the last NUMA node that has memory
 * @node:	filled in
 *
 * Return: true if they are different.
 */
bool machine_nodes(int node[2]);

/**
 * machine_is_slow() - check for a debug kernel, or one that is declared slow
 *
 * lockdep, KASAN and KCSAN make each lock or memory access many times slower.  They
 * are recognized by what they leave in /proc, since the configuration of the kernel
 * may be compressed or missing.  KSFT_MACHINE_SLOW declares any machine slow.
 *
 * Return: true if latencies of this machine are no evidence.
 */
bool machine_is_slow(void);

/**
 * file_mentions() - search a file for a word
 * @path:	path of the file
 * @word:	word; a newline at its end is that of a line
 *
 * Return: whether a line of the file contains @word.
 */
bool file_mentions(const char *path, const char *word);

#endif /* PROC_LIB_MACHINE_H */
