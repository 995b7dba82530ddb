/* SPDX-License-Identifier: GPL-2.0 */
/*
 * machine.h - what the kernel says about the machine: release, memory, nodes, speed
 */
#ifndef PROC_LIB_MACHINE_H
#define PROC_LIB_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/sysmacros.h>

/* Releases, in their order. */
#define KERNEL(major, minor) ((major) * 1000 + (minor))

/** kernel_release() - of the running kernel, as KERNEL() has it; 0: not known. */
int kernel_release(void);

/**
 * machine_count() - a number behind a word
 * @path:	a file of lines "WORD NUMBER": /proc/vmstat, /proc/meminfo
 * @word:	with its colon, where it has one
 *
 * Return: the number; 0 where there is none.
 */
uint64_t machine_count(const char *path, const char *word);

/** machine_free() - bytes that can be had without swapping. */
uint64_t machine_free(void);

/** machine_swap() - bytes of swap that are free. */
uint64_t machine_swap(void);

/**
 * machine_nodes() - the first and the last node that has memory
 * @node:	filled in
 *
 * Return: whether they are two.
 */
bool machine_nodes(int node[2]);

/*
 * lockdep and KASAN make every lock and every access many times slower, and
 * lockdep adds locks of its own.  Neither is asked of its own configuration,
 * which may be compressed or missing, but of what it leaves in /proc.
 */
bool machine_is_slow(void);

#endif /* PROC_LIB_MACHINE_H */
