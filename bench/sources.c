// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "sources.h"

/* A file that does not show mappings, for comparison. */
static const struct source source_status = {
	"status", "status", scan_text
};

const struct source *source_find(const char *name)
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
