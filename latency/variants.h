/* SPDX-License-Identifier: GPL-2.0 */
/*
 * latency_variants.h - the scenarios of proc_mmap_latency
 *
 * Who reads what of whom while that one does what.  A row is a claim: from the
 * named release on, the mapper does not notice the readers.
 */
#ifndef PROC_LATENCY_VARIANTS_H
#define PROC_LATENCY_VARIANTS_H

#include <stdbool.h>

#include "load.h"
#include "mapper.h"
#include "program.h"
#include "trial.h"
#include "../lib/machine.h"

#define NEVER KERNEL(1000, 0)

/**
 * enum kind - how a scenario's answer is to be taken
 * @STRICT:	no interference, from a release on
 * @FEW:	the same, but a known weakness of every release so far
 * @POSITIVE_CONTROL:	interference must be seen, or nothing else means anything
 */
enum kind {
	STRICT,
	FEW,
	POSITIVE_CONTROL,
};

/*
 * @lockless: the release from on which the file is read without mmap_lock:
 * maps since 6.17, PROCMAP_QUERY since 6.18, smaps and numa_maps since 7.2;
 * smaps_rollup and pagemap still take it in 7.3.
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

/* Can the apparatus see it at all?  pagemap takes mmap_lock for each 2 MiB. */
FIXTURE_VARIANT_ADD(latency, control_hog) {
	SCENARIO(control_hog, SHORT, POSITIVE_CONTROL, NEVER, pagemap, 1, MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, control_alone) {
	SCENARIO(control_alone, SHORT, POSITIVE_CONTROL, NEVER, pagemap, 0,
		 MANY, &op_mmap)
};

/*
 * And that the lock of a query would be seen, which is held for one mapping?  On a
 * busy host, where a guest's two CPUs seldom run at the same time, it may not be,
 * though the one above is.
 */
FIXTURE_VARIANT_ADD(latency, control_brief) {
	SCENARIO(control_brief, SHORT, POSITIVE_CONTROL, NEVER, pagemap_page, 1,
		 MANY, &op_mmap)
};

/* Each way to read, against mmap() and munmap(): the gate proper. */
FIXTURE_VARIANT_ADD(latency, maps_hog) {
	SCENARIO(maps_hog, SHORT, STRICT, KERNEL(6, 17), maps, 1, MANY, &op_mmap)
};

FIXTURE_VARIANT_ADD(latency, maps_alone) {
	SCENARIO(maps_alone, SHORT, STRICT, KERNEL(6, 17), maps, 0,
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

/* Other operations of the mapper against maps. */
FIXTURE_VARIANT_ADD(latency, maps_mprotect) {
	SCENARIO(maps_mprotect, SHORT, STRICT, KERNEL(6, 17), maps, 1,
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
	SCENARIO(maps_fault, SHORT, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_fault)
};

/* One thread maps and another one faults: one that waits makes others wait. */
FIXTURE_VARIANT_ADD(latency, maps_map_fault) {
	SCENARIO(maps_map_fault, LONG, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_mmap, &op_fault)
};

FIXTURE_VARIANT_ADD(latency, maps_all) {
	SCENARIO(maps_all, SHORT, STRICT, KERNEL(6, 17), maps, 1,
		 MANY, &op_mmap, &op_fault, &op_mprotect, &op_brk)
};

/*
 * The fewer mappings, the more often the reader meets the one that is just
 * being changed; see stall.h for what happens then.
 */
FIXTURE_VARIANT_ADD(latency, few_8) {
	SCENARIO(few_8, SHORT, FEW, KERNEL(6, 17), maps, 1, 8, &op_mmap)
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
 * The causes apart.  The reader asks only about the one mapping that the mapper
 * changes; or only about those that it leaves alone, and so it never has a
 * reason to fall back to mmap_lock.  If the second is harmless and the first is
 * not, then the fallback is to blame; if neither is, the lock of a mapping.
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
