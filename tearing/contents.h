/* SPDX-License-Identifier: GPL-2.0 */
/*
 * contents.h - changes whose pages are drawn as well, and mappings that are always populated
 */
#ifndef PROC_TEARING_CONTENTS_H
#define PROC_TEARING_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/change.h"
#include "../model/contents.h"
#include "context.h"
#include "modifier.h"

/* Areas whose contents are known: the stage, and five mappings that are constant. */
#define CONTENT_AREAS 6

/**
 * struct contents_row - a change, and what is populated in each layout
 * @change:	the change
 * @pages:	drawing of each layout's pages, see model/contents.h
 */
struct contents_row {
	struct change change;
	const char *pages[ORACLE_LAYOUTS];
};

/**
 * struct contents_setup - what the modifier has populated; in shared memory
 * @row:	row
 * @both:	memory that this process and the modifier share, CONTENT_BOTH characters
 * @area:	areas, filled in by the modifier
 * @nr:		number of areas
 * @page:	bytes for each character of a drawing
 */
struct contents_setup {
	const struct contents_row *row;
	char *both;
	struct content_area area[CONTENT_AREAS];
	unsigned int nr;
	size_t page;
};

extern const struct contents_row contents_protect;
extern const struct contents_row contents_mapped;
extern const struct contents_row contents_discard;
extern const struct contents_row contents_move;
extern const struct contents_row contents_lock;
extern const struct contents_row contents_file;

/**
 * contents_prepare() - allocate what the modifier shares
 * @row:	row
 * @page:	bytes for each character of a drawing
 *
 * Return: argument of contents_begin(), or NULL.
 */
struct contents_setup *contents_prepare(const struct contents_row *row, size_t page);

/** contents_free() - free the memory of contents_prepare(), which may be NULL. */
void contents_free(struct contents_setup *setup);

/**
 * contents_begin() - populate the stage, and map what is always populated
 * @race:	the modifier's race
 * @arg:	return value of contents_prepare()
 *
 * For struct background's @begin.  Huge pages are off in this process.
 *
 * Return: 0 or -errno.
 */
int contents_begin(struct race *race, void *arg);

/** contents_known() - describe what is populated, for struct oracle's @contents. */
struct contents contents_known(const struct contents_setup *setup);

/**
 * rollup_read() - read smaps_rollup once
 * @fd:		file descriptor
 * @numbers:	filled in
 *
 * Return: 0 or -errno.
 */
int rollup_read(int fd, struct numbers *numbers);

/**
 * contents_smaps_sum() - add up the numbers of all records of a reading of smaps
 * @context:	test context whose reading is one of smaps
 * @sum:	filled in
 *
 * Return: number of records.
 */
unsigned int contents_smaps_sum(const struct context *context, struct numbers *sum);

/** pages_moved() - count pages of the machine that the kernel has migrated or swapped. */
uint64_t pages_moved(void);

#endif /* PROC_TEARING_CONTENTS_H */
