/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_contents.h - test the numbers of smaps, numa_maps, smaps_rollup and pagemap
 *
 * What is populated is known to the page, see model/contents.h.  The same drivers and the
 * same oracle as for the lines: one record boundary at a time, and in a race.
 *
 * PLANT=content empties a page that the drawings have as populated.
 */
#ifndef PROC_TEST_CONTENTS_H
#define PROC_TEST_CONTENTS_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/print.h"
#include "../lib/util.h"
#include "../model/check.h"
#include "../model/contents.h"
#include "contents.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "program.h"
#include "reader.h"
#include "run.h"
#include "watchdog.h"

/*
 * Overlapped readings of smaps_rollup or pagemap below which the race of a test was not
 * exercised.  Arbitrary; as few as for smaps.
 */
#define CONTENTS_FLOOR 3

/*
 * Seconds.  Bound of a time slice with too few overlapped readings.  Arbitrary; stepping has
 * tested each row already.
 */
#define CONTENTS_TIMEOUT 0.01

/*
 * Seconds of a time slice in which smaps_rollup or pagemap is read.  With FULL=1 each takes
 * CONTENTS_FULL times as long.  Arbitrary; all tests of this file take about a second.
 */
#define CONTENTS_SLICE 0.01

/*
 * Readings of smaps_rollup below which a time slice goes on, for CONTENTS_EXTEND times as
 * long: where a reading takes long, few of them give way to a writer.  Arbitrary.
 */
#define CONTENTS_READINGS 100

/* Multiple of a time slice after which it ends in any case.  Arbitrary. */
#define CONTENTS_EXTEND 5

/* Factor of all durations with FULL=1.  Arbitrary. */
#define CONTENTS_FULL 20

/*
 * Readings of smaps and smaps_rollup of which one pair has to agree.  Arbitrary; pages of
 * libraries may come and go between both.
 */
#define ROLLUP_TRIES 20

/*
 * Pages for each character of a drawing where smaps_rollup is read.  Arbitrary; the more
 * there are, the more often a writer waits for the reader.
 */
#define ROLLUP_PAGES 16

/**
 * struct contents_test - a test of the numbers of one row
 * @context:	test context
 * @setup:	what the modifier shares
 * @known:	what is known of the contents
 * @moved:	pages that the kernel had moved before
 * @fd:		file descriptor of smaps_rollup or pagemap, or -1
 */
struct contents_test {
	struct context context;
	struct contents_setup *setup;
	struct contents known;
	uint64_t moved;
	int fd;
};

FIXTURE(contents) {
	struct contents_test test;
};

FIXTURE_VARIANT(contents) {
	const struct contents_row *row;
};

FIXTURE_SETUP(contents)
{
	self->test.fd = -1;
	self->test.moved = pages_moved();
}

FIXTURE_TEARDOWN(contents)
{
	context_close(_metadata, &self->test.context);
	contents_free(self->test.setup);
	if (self->test.fd >= 0)
		close(self->test.fd);
}

#define ROW(entry) FIXTURE_VARIANT_ADD(contents, entry) { .row = &contents_##entry }
ROW(protect);
ROW(mapped);
ROW(discard);
ROW(move);
ROW(lock);
ROW(file);
#undef ROW

/* Draw a constant mapping otherwise than it is. */
static void contents_plant(struct content_area *area)
{
	unsigned int k;

	for (k = 0; k < ORACLE_LAYOUTS; k++)
		area->draw[k] = "DDDD.D";
}

/* Start a test context whose contents are known; return false for a test that is skipped. */
static bool contents_open(struct __test_metadata *_metadata,
			  struct contents_test *self, const struct contents_row *row,
			  const struct file_kind *kind, size_t page)
{
	struct context_options options = {
		.seed = seed_from_env(), .unit = page,
		.background = { .begin = contents_begin },
	};
	struct context *context = &self->context;

	self->setup = contents_prepare(row, page);
	ASSERT_TRUE(self->setup && self->setup->both);
	options.background.arg = self->setup;
	if (!context_open(_metadata, context, &row->change, kind, &options))
		return false;
	self->known = contents_known(self->setup);
	context->oracle.contents = &self->known;
	if (fault_from_env() == 'c')
		contents_plant(&self->setup->area[1]);
	return true;
}

/* Reason to skip a test.  Pages that move are counted otherwise, or not at all. */
#define CONTENTS_MOVED "pages were migrated or swapped meanwhile"

/* Print a violation, and fail the test. */
static void contents_verdict(struct __test_metadata *_metadata,
			     struct contents_test *self, struct run *run, int err,
			     const char *file, const char *reproduce)
{
	run_report(_metadata, run, err, file, reproduce);
	if (run->result.rule == RULE_CONTENTS && pages_moved() != self->moved)
		SKIP(return, CONTENTS_MOVED);
	if (err)
		known_bug_shows(run->context);
	ASSERT_STREQ("legal", rule_text[run->result.rule]);
}

/* Return the factor of durations, by FULL. */
static unsigned int contents_factor(void)
{
	return env_value("FULL") ? CONTENTS_FULL : 1;
}

/* Step through a row, and race it, in one file. */
static void run_contents(struct __test_metadata *_metadata, struct contents_test *self,
			 const struct contents_row *row, const struct file_kind *kind)
{
	static const size_t buffers[] = { 100, READER_BUFFER };
	struct context *context = &self->context;
	double seconds = contents_factor() * CONTENTS_TIMEOUT;
	struct run run = run_of(context);
	unsigned int i, steps;
	uint64_t seed;
	int err;

	if (!contents_open(_metadata, self, row, kind, sysconf(_SC_PAGESIZE)))
		return;
	seed = context->race->seed;
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	err = context_check_rest(context, &run.result);
	run.how = err ? "at rest" : "stepped";
	for (i = 0; i < (env_value("FULL") ? ARRAY_SIZE(buffers) : 1) && !err; i++)
		for (steps = 1; steps <= (env_value("FULL") ? row->change.nr : 1) && !err;
		     steps++)
			err = step_boundaries(&run, buffers[i], steps);
	/* The steps may have ended in another layout. */
	if (!err)
		err = race_freeze(context->race);
	context->reader.limit = 0;
	if (!err)
		err = race_all(&run, duration_from_env(seconds, DURATION_LIMIT), RACING_FLOOR,
			       seconds);
	if (!err) {
		context->reader.limit = 0;
		context->reader.buffer = READER_BUFFER;
		err = context_check_rest(context, &run.result);
	}
	contents_verdict(_metadata, self, &run, err, kind->name,
			 reproduce_command("contents", row->change.name, kind->name, seed));
	ASSERT_GT(run.counters.overlapped, 2U);
}

TEST_F(contents, smaps)
{
	run_contents(_metadata, &self->test, variant->row, &file_smaps);
}

TEST_F(contents, numa_maps)
{
	run_contents(_metadata, &self->test, variant->row, &file_numa_maps);
}

/* Open another file of the target; return false, and skip the test, where there is none. */
static bool contents_open_file(struct __test_metadata *_metadata,
			       struct contents_test *self, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", self->context.child.pid, name);
	self->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (self->fd < 0 && (errno == ENOENT || errno == EACCES || errno == EPERM))
		SKIP(return false, "no such file in this kernel");
	ASSERT_GE(self->fd, 0);
	return true;
}

/* Print a number that was never true. */
static void print_number(const char *number, uint64_t seen, uint64_t low, uint64_t high,
			 unsigned int mask)
{
	diag("RULE BROKEN: %s", rule_text[RULE_CONTENTS]);
	diag("  number      %s %" PRIu64 ", legal %" PRIu64 " to %" PRIu64 ", layouts 0x%x",
	     number, seen, low, high, mask);
}

/*
 * Compare smaps_rollup with the sum over smaps while nothing changes.  Return 0, -errno, or
 * 1 where they differ each time.  Pss is rounded once for each mapping of smaps.
 */
static int rollup_is_sum(struct contents_test *self, struct numbers *rollup)
{
	struct context *context = &self->context;
	unsigned int i, n, try;
	struct numbers sum;
	int err;

	for (try = 0; try < ROLLUP_TRIES; try++) {
		bool same = true;

		err = reading_take(&context->reader, &context->reading);
		if (!err)
			err = rollup_read(self->fd, rollup);
		if (err)
			return err;
		n = contents_smaps_sum(context, &sum);
		if (fault_from_env() == 'c')
			sum.value[CONTENT_RSS]++;
		for (i = 0; i <= CONTENT_REFERENCED && same; i++) {
			bool rounded = i == CONTENT_PSS || i == CONTENT_LOCKED;
			uint64_t high = sum.value[i] + (rounded ? n : 0);

			same = rollup->value[i] >= sum.value[i] && rollup->value[i] <= high;
		}
		if (same)
			return numbers_contradict(rollup) ? 1 : 0;
	}
	i--;
	print_number("of smaps_rollup", rollup->value[i], sum.value[i], sum.value[i], 0);
	return 1;
}

/**
 * struct rollup_base - what the mappings whose contents are not known count
 * @low:	least number of kB
 * @high:	largest number of kB
 */
struct rollup_base {
	uint64_t low, high;
};

/* Widen the base by a rollup of the first layout, at rest. */
static void rollup_base_add(const struct contents *known, struct rollup_base *base,
			    const struct numbers *rollup)
{
	uint64_t low, high, rest;

	contents_sum(known, 1, CONTENT_ANONYMOUS, &low, &high);
	rest = rollup->value[CONTENT_ANONYMOUS] + rollup->value[CONTENT_SWAP] - low;
	base->low = rest < base->low ? rest : base->low;
	base->high = rest > base->high ? rest : base->high;
}

/**
 * struct rollup_seen - a rollup, and the layouts that were current
 * @value:	anonymous memory, also in swap space, kB
 * @mask:	mask of the layouts
 * @overlaps:	a transition was under way, or made
 */
struct rollup_seen {
	uint64_t value;
	unsigned int mask;
	bool overlaps;
};

/* Rollups of a race that are kept.  Arbitrary. */
#define ROLLUPS 4096

/* Take rollups in one time slice; return their number or -errno. */
static int rollup_race(struct contents_test *self, struct rollup_seen *seen,
		       const struct time_slice *slice, const int cpu[2])
{
	struct context *context = &self->context;
	int64_t length = contents_factor() * CONTENTS_SLICE * NSEC_PER_SEC;
	unsigned int n = 0, overlapped = 0;
	int64_t begin = now_ns();
	int err = 0;

	race_go(context->race, slice->interleave, cpu[slice->cpus - 1], false);
	while (!err && n < ROLLUPS &&
	       now_ns() - begin < length * (n < CONTENTS_READINGS || overlapped < CONTENTS_FLOOR ?
					    CONTENTS_EXTEND : 1)) {
		uint32_t before = context->race->seq;
		struct numbers rollup;

		err = rollup_read(self->fd, &rollup);
		seen[n].value = rollup.value[CONTENT_ANONYMOUS] + rollup.value[CONTENT_SWAP];
		seen[n].overlaps = context->race->seq != before;
		overlapped += seen[n].overlaps;
		seen[n++].mask = layouts_between(&context->oracle, before,
						 context->race->seq);
		watchdog_heartbeat();
	}
	if (!err)
		err = race_freeze(context->race);
	return err ? err : (int)n;
}

/* Check rollups against the sums of the layouts; return whether all are legal. */
static bool rollups_legal(const struct contents *known, const struct rollup_base *base,
			  const struct rollup_seen *seen, unsigned int n)
{
	uint64_t low, high;
	unsigned int i;

	for (i = 0; i < n; i++) {
		contents_sum(known, seen[i].mask, CONTENT_ANONYMOUS, &low, &high);
		low += base->low;
		high += base->high;
		if (seen[i].value >= low && seen[i].value <= high)
			continue;
		print_number("Anonymous of smaps_rollup", seen[i].value, low, high,
			     seen[i].mask);
		return false;
	}
	return true;
}

/*
 * smaps_rollup is the sum over all mappings: at rest that of smaps, and in a race one
 * between the smallest and the largest sum of the layouts that were current, also where
 * the kernel has given way to a writer in the middle.
 */
TEST_F(contents, rollup)
{
	static struct rollup_seen seen[ROLLUPS];
	struct rollup_base base = { .low = UINT64_MAX };
	struct context *context = &self->test.context;
	struct numbers rollup;
	unsigned int k, i, overlapped = 0;
	int cpu[2], n, err;

	choose_cpus(cpu);
	if (!contents_open(_metadata, &self->test, variant->row, &file_smaps,
			   ROLLUP_PAGES * sysconf(_SC_PAGESIZE)) ||
	    !contents_open_file(_metadata, &self->test, "smaps_rollup"))
		return;
	for (k = 0; k <= context->oracle.nr; k++) {
		err = rollup_is_sum(&self->test, &rollup);
		ASSERT_EQ(0, err);
		if (k % context->oracle.nr == 0)
			rollup_base_add(&self->test.known, &base, &rollup);
		if (k < context->oracle.nr)
			ASSERT_EQ(0, context_step(context, 1));
	}
	for (i = TIME_SLICE_FREE; i <= TIME_SLICE_PREEMPT; i++) {
		if (time_slices[i].cpus > 1 && cpu[1] < 0)
			continue;
		if (cpu[0] >= 0)
			pin_thread(0, cpu[0]);
		n = rollup_race(&self->test, seen, &time_slices[i], cpu);
		ASSERT_GE(n, 0);
		ASSERT_EQ(0, rollup_is_sum(&self->test, &rollup));
		rollup_base_add(&self->test.known, &base, &rollup);
		diag("rollup: %s, readings %d, of the rest %" PRIu64 " to %" PRIu64 " kB",
		     time_slices[i].name, n, base.low, base.high);
		if (!rollups_legal(&self->test.known, &base, seen, n)) {
			if (pages_moved() != self->test.moved)
				SKIP(return, CONTENTS_MOVED);
			ASSERT_STREQ("legal", rule_text[RULE_CONTENTS]);
		}
		while (n--)
			overlapped += seen[n].overlaps;
	}
	if (overlapped < CONTENTS_FLOOR)
		SKIP(return, "race not exercised");
}

/* Bits of an entry of pagemap. */
#define PAGEMAP_PRESENT 0x8000000000000000ULL
#define PAGEMAP_SWAP 0x4000000000000000ULL
#define PAGEMAP_FILE 0x2000000000000000ULL

/* Check the entries of one area; return 0, -errno, or 1 for a wrong one. */
static int pagemap_area(struct contents_test *self, const struct content_area *area)
{
	const struct contents *known = &self->known;
	size_t nr = strlen(area->draw[0]) * (known->page / known->unit), i;
	uint32_t before = self->context.race->seq;
	uint64_t entry[STAGE_PAGES];
	unsigned int mask;
	ssize_t got;

	got = pread(self->fd, entry, nr * sizeof(*entry), area->start / known->unit *
		    sizeof(*entry));
	if (got < 0)
		return -errno;
	if (got != (ssize_t)(nr * sizeof(*entry)))
		return -EIO;
	mask = layouts_between(&self->context.oracle, before, self->context.race->seq);
	for (i = 0; i < nr; i++) {
		bool seen = entry[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAP), must, may;
		char letter = area->draw[0][i * known->unit / known->page];

		contents_present(known, mask, area->start + i * known->unit, &must, &may);
		if (seen ? !may : must) {
			print_number("present pages", seen, must, may, mask);
			return 1;
		}
		/* Whose page it is, is known where only one layout was current. */
		if ((entry[i] & PAGEMAP_PRESENT) && area != known->area &&
		    !(entry[i] & PAGEMAP_FILE) != (letter == 'P' || letter == 'L')) {
			print_number("pages of a file", !!(entry[i] & PAGEMAP_FILE),
				     letter != 'P', letter != 'P', mask);
			return 1;
		}
	}
	return 0;
}

/* Check the entries of all areas. */
static int pagemap_check(struct contents_test *self)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < self->known.nr && !err; i++)
		err = pagemap_area(self, &self->known.area[i]);
	return err;
}

/*
 * Race a check of all areas in one time slice, and for longer while too few of the checks
 * overlapped a transition.  Return 0, -errno, or 1 for a wrong answer.
 */
static int areas_race(struct contents_test *self, int (*check)(struct contents_test *self),
		      const struct time_slice *slice, int cpu, unsigned int *overlapped)
{
	int64_t length = contents_factor() * CONTENTS_SLICE * NSEC_PER_SEC;
	struct race *race = self->context.race;
	unsigned int before = *overlapped;
	int64_t begin = now_ns();
	int err = 0;

	race_go(race, slice->interleave, cpu, false);
	while (!err && now_ns() - begin <
	       length * (*overlapped - before < CONTENTS_FLOOR ? CONTENTS_EXTEND : 1)) {
		uint32_t seq = race->seq;

		err = check(self);
		*overlapped += race->seq != seq;
		watchdog_heartbeat();
	}
	return err ? err : race_freeze(race);
}

/* Check all areas in each layout, and in a race. */
static void run_areas(struct __test_metadata *_metadata, struct contents_test *self,
		      int (*check)(struct contents_test *self))
{
	struct context *context = &self->context;
	unsigned int i, overlapped = 0;
	int cpu[2], err = 0;

	choose_cpus(cpu);
	if (cpu[0] >= 0)
		pin_thread(0, cpu[0]);
	for (i = 0; i < 2 * context->oracle.nr && !err; i++) {
		err = check(self);
		if (!err)
			err = context_step(context, 1);
	}
	for (i = TIME_SLICE_FREE; i <= TIME_SLICE_PREEMPT && !err; i++)
		if (time_slices[i].cpus == 1 || cpu[1] >= 0)
			err = areas_race(self, check, &time_slices[i],
					 cpu[time_slices[i].cpus - 1], &overlapped);
	if (err == 1 && pages_moved() != self->moved)
		SKIP(return, CONTENTS_MOVED);
	ASSERT_EQ(0, err);
	if (overlapped < CONTENTS_FLOOR)
		SKIP(return, "race not exercised");
}

/* pagemap shows the pages that are always present, and none that never is. */
TEST_F(contents, pagemap)
{
	if (contents_open(_metadata, &self->test, variant->row, &file_maps,
			  sysconf(_SC_PAGESIZE)) &&
	    contents_open_file(_metadata, &self->test, "pagemap"))
		run_areas(_metadata, &self->test, pagemap_check);
}

/* Categories, and the argument of PAGEMAP_SCAN (Linux 6.7). */
#define SCAN_PRESENT 0x08
#define SCAN_SWAPPED 0x10

struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, returned;
};

#define PAGEMAP_SCAN_CALL _IOWR('f', 16, struct scan_arg)

/* Scan an area, one region a call, and check it; return 0, -errno, or 1. */
static int scan_area(struct contents_test *self, const struct content_area *area)
{
	const struct contents *known = &self->known;
	uint64_t end = area->start + strlen(area->draw[0]) * known->page, addr;
	struct scan_region region;
	struct scan_arg arg = {
		.size = sizeof(arg), .end = end, .vec = (uintptr_t)&region, .vec_len = 1,
		.anyof = SCAN_PRESENT | SCAN_SWAPPED, .returned = SCAN_PRESENT,
	};

	for (arg.start = area->start; arg.start < end; arg.start = arg.walk_end) {
		uint32_t before = self->context.race->seq;
		int found = ioctl(self->fd, PAGEMAP_SCAN_CALL, &arg);
		unsigned int mask = layouts_between(&self->context.oracle, before,
						    self->context.race->seq);

		if (found < 0)
			return -errno;
		if (arg.walk_end <= arg.start || arg.walk_end > end) {
			print_number("walk_end", arg.walk_end, arg.start, end, mask);
			return 1;
		}
		for (addr = arg.start; addr < arg.walk_end; addr += known->unit) {
			bool seen = found && addr >= region.start && addr < region.end;
			bool must, may;

			contents_present(known, mask, addr, &must, &may);
			if (seen ? !may : must) {
				print_number("scanned pages", seen, must, may, mask);
				return 1;
			}
		}
	}
	return 0;
}

/* Scan all areas. */
static int scan_check(struct contents_test *self)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < self->known.nr && !err; i++)
		err = scan_area(self, &self->known.area[i]);
	return err;
}

/* A scan that is resumed where it ended finds what one scan would have found. */
TEST_F(contents, scan)
{
	if (!contents_open(_metadata, &self->test, variant->row, &file_maps,
			   sysconf(_SC_PAGESIZE)) ||
	    !contents_open_file(_metadata, &self->test, "pagemap"))
		return;
	if (scan_area(&self->test, self->test.known.area) == -ENOTTY)
		SKIP(return, "no such file in this kernel");
	run_areas(_metadata, &self->test, scan_check);
}

#endif /* PROC_TEST_CONTENTS_H */
