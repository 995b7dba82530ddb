/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sources.h - sources of the scanners, by the names that users type
 */
#ifndef PROC_BENCH_SOURCES_H
#define PROC_BENCH_SOURCES_H

#include "../latency/load.h"

extern const struct source source_status;

/**
 * source_find() - the way to read that has a name, as in /proc/PID
 * @name:	the name
 *
 * Return: the source, or NULL.
 */
const struct source *source_find(const char *name);

#endif /* PROC_BENCH_SOURCES_H */
