/* SPDX-License-Identifier: GPL-2.0 */
/*
 * variants.h - scenarios of test_interference.h
 *
 * A scenario is a reader, a file, a number of mappings and the operations of the
 * mapper.  Each is a claim: from the release @lockless on, readers do not slow down
 * the mapper.
 */
#ifndef PROC_LATENCY_VARIANTS_H
#define PROC_LATENCY_VARIANTS_H

#include <stdbool.h>

#include "load.h"
#include "mapper.h"
#include "program.h"
#include "trial.h"
#include "../lib/machine.h"

/* Number of pages of one large mapping: 64 MiB on most machines.  Arbitrary. */
#define BIG_PAGES 16384

/* Value of @lockless for files that are read with mmap_lock in all releases. */
#define NEVER KERNEL(1000, 0)

/**
 * enum kind - how to take the verdict of a scenario
 * @STRICT: interference is a failure, from the release @lockless on
 * @FEW:	as STRICT, but interference is a known weakness of all releases so far
 * @POSITIVE_CONTROL: interference must be seen; otherwise tests that rely on the
 *	control are skipped
 */
enum kind {
	STRICT,
	FEW,
	POSITIVE_CONTROL,
};

/*
 * @lockless: first release that reads the file without mmap_lock.  These are
 * 6.17 for maps, 6.18 for PROCMAP_QUERY, and 7.2 for smaps and numa_maps.  7.3
 * still takes the lock for smaps_rollup and pagemap, for cmdline, and, to write, for
 * clear_refs.
 */
FIXTURE_VARIANT(latency) {
	const char *name;
	enum list list;
	enum kind kind;
	int lockless;
	struct scenario scenario;
};

#define SCENARIO(name_, list_, kind_, lockless_, file_, hogs_, slots_, ...) \
	.name = #name_,							\
	.list = list_,							\
	.kind = kind_,							\
	.lockless = lockless_,						\
	.scenario = {							\
		.source = &source_##file_,				\
		.op = { __VA_ARGS__ },					\
		.slots = slots_,					\
		.scanners = SCANNERS,					\
		.hogs = hogs_,						\
	},

/* Positive controls for files: pagemap takes mmap_lock for each 2 MiB. */
FIXTURE_VARIANT_ADD(latency, control_hog) {
	SCENARIO(control_hog, SHORT, POSITIVE_CONTROL, NEVER, pagemap, 1, MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, control_alone) {
	SCENARIO(control_alone, LONG, POSITIVE_CONTROL, NEVER, pagemap, 0,
		 MANY, &op_mmap)
};

/*
 * Positive control for queries, which would hold the lock for one mapping only.
 * On a busy host, where two CPUs of a guest seldom run at the same time, such a
 * short lock may not be seen when that of control_hog is.
 */
FIXTURE_VARIANT_ADD(latency, control_brief) {
	SCENARIO(control_brief, SHORT, POSITIVE_CONTROL, NEVER, pagemap_page, 1,
		 MANY, &op_mmap)
};

/* All files, with mmap() and munmap(). */
FIXTURE_VARIANT_ADD(latency, maps_hog) {
	SCENARIO(maps_hog, SHORT, STRICT, KERNEL(6, 17), maps, 1, MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, maps_alone) {
	SCENARIO(maps_alone, LONG, STRICT, KERNEL(6, 17), maps, 0,
		 MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, query_hog) {
	SCENARIO(query_hog, SHORT, STRICT, KERNEL(6, 18), query, 1,
		 MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, query_alone) {
	SCENARIO(query_alone, LONG, STRICT, KERNEL(6, 18), query, 0,
		 MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, smaps_hog) {
	SCENARIO(smaps_hog, SHORT, STRICT, KERNEL(7, 2), smaps, 1, MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, smaps_alone) {
	SCENARIO(smaps_alone, LONG, STRICT, KERNEL(7, 2), smaps, 0,
		 MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, numa_maps_hog) {
	SCENARIO(numa_maps_hog, LONG, STRICT, KERNEL(7, 2), numa, 1,
		 MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, numa_maps_alone) {
	SCENARIO(numa_maps_alone, LONG, STRICT, KERNEL(7, 2), numa, 0,
		 MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, smaps_rollup_hog) {
	SCENARIO(smaps_rollup_hog, LONG, STRICT, NEVER, rollup, 1, MANY, &op_mmap)
};

/* Files of which a monitor does not expect that they take mmap_lock. */
FIXTURE_VARIANT_ADD(latency, cmdline_hog) {
	SCENARIO(cmdline_hog, LONG, STRICT, NEVER, cmdline, 1, MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, clear_refs_hog) {
	SCENARIO(clear_refs_hog, LONG, STRICT, NEVER, clear_refs, 1, MANY, &op_mmap)
};

/*
 * One large mapping, populated, a page of which changes.  A line of smaps is a walk of all its
 * pages, and whatever is locked meanwhile is locked long.
 */
#define BIG(name_, op_)							\
	.name = #name_,							\
	.list = LONG,							\
	.kind = STRICT,							\
	.lockless = NEVER,						\
	.scenario = {							\
		.source = &source_smaps,				\
		.op = { op_ },						\
		.slots = BIG_PAGES,					\
		.scanners = SCANNERS,					\
		.hogs = 1,						\
		.populate = true,					\
		.solid = true,						\
	},

FIXTURE_VARIANT_ADD(latency, big_smaps_mmap) {
	BIG(big_smaps_mmap, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, big_smaps_mprotect) {
	BIG(big_smaps_mprotect, &op_mprotect)
};

FIXTURE_VARIANT_ADD(latency, big_smaps_fault) {
	BIG(big_smaps_fault, &op_fault)
};

/* Other operations of the mapper, with maps. */
FIXTURE_VARIANT_ADD(latency, maps_mprotect) {
	SCENARIO(maps_mprotect, LONG, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_mprotect)
};

FIXTURE_VARIANT_ADD(latency, maps_mremap) {
	SCENARIO(maps_mremap, LONG, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_mremap)
};

FIXTURE_VARIANT_ADD(latency, maps_brk) {
	SCENARIO(maps_brk, LONG, STRICT, KERNEL(6, 17), maps, 1, MANY, &op_brk)
};

FIXTURE_VARIANT_ADD(latency, maps_fault) {
	SCENARIO(maps_fault, LONG, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_fault)
};

/*
 * One thread maps and another one faults: a thread that waits for the lock
 * blocks others.
 */
FIXTURE_VARIANT_ADD(latency, maps_map_fault) {
	SCENARIO(maps_map_fault, LONG, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_mmap, &op_fault)
};

FIXTURE_VARIANT_ADD(latency, maps_all) {
	SCENARIO(maps_all, SHORT, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_mmap, &op_fault, &op_mprotect, &op_brk)
};

/*
 * Few mappings: the reader meets the mapping that is being changed more often,
 * see stall.h.
 */
FIXTURE_VARIANT_ADD(latency, few_8) {
	SCENARIO(few_8, GATED, FEW, KERNEL(6, 17), maps, 1, 8, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, few_64) {
	SCENARIO(few_64, LONG, FEW, KERNEL(6, 17), maps, 1, 64, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, few_512) {
	SCENARIO(few_512, LONG, FEW, KERNEL(6, 17), maps, 1, 512, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, few_4096) {
	SCENARIO(few_4096, LONG, FEW, KERNEL(6, 17), maps, 1, 4096, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, few_8_alone) {
	SCENARIO(few_8_alone, LONG, FEW, KERNEL(6, 17), maps, 0, 8, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, few_8_fault) {
	SCENARIO(few_8_fault, LONG, FEW, KERNEL(6, 17), maps, 1, 8, &op_fault)
};

/*
 * Tell the causes apart.  In few_ask_changing, the reader queries only the
 * mapping that the mapper changes; in few_ask_still, only the others, so it
 * never falls back to mmap_lock.  If few_ask_still is harmless and
 * few_ask_changing is not, the fallback is the cause; if neither is, the
 * per-VMA lock is.
 */
FIXTURE_VARIANT_ADD(latency, few_ask_changing) {
	.name = "few_ask_changing",
	.list = LONG,
	.kind = FEW,
	.lockless = KERNEL(6, 18),
	.scenario = {
		.source = &source_query_at,
		.op = { &op_mmap },
		.slots = 8,
		.moving = 1,
		.scanners = SCANNERS,
		.hogs = 1,
	},
};

FIXTURE_VARIANT_ADD(latency, few_ask_still) {
	.name = "few_ask_still",
	.list = LONG,
	.kind = STRICT,
	.lockless = KERNEL(6, 18),
	.scenario = {
		.source = &source_query_at,
		.op = { &op_mmap },
		.slots = 8,
		.moving = 1,
		.still = true,
		.scanners = SCANNERS,
		.hogs = 1,
	},
};

#endif /* PROC_LATENCY_VARIANTS_H */
