/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sources.h - the ways to read about a process, by the names that are used on a
 * command line
 */
#ifndef PROC_SOURCES_H
#define PROC_SOURCES_H

#include "load.h"

static const struct source source_status = {
	"status", "status", scan_text
};

/**
 * source_find() - the way to read that has a name, as in /proc/PID
 * @name:	the name
 *
 * Return: the source, or NULL.
 */
static inline const struct source *source_find(const char *name)
{
	static const struct source * const all[] = {
		&source_maps, &source_query, &source_smaps, &source_numa,
		&source_rollup, &source_pagemap, &source_status,
	};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

#endif /* PROC_SOURCES_H */
