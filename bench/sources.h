/* SPDX-License-Identifier: GPL-2.0 */
/* sources.h - find the method of reading by the name of a file */
#ifndef PROC_BENCH_SOURCES_H
#define PROC_BENCH_SOURCES_H

#include "../latency/load.h"

/**
 * source_find() - find a method of reading by its name
 * @name:	name in /proc/PID, or "query"
 *
 * Return: the method, or NULL.
 */
const struct source *source_find(const char *name);

#endif /* PROC_BENCH_SOURCES_H */
