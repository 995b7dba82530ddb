/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_records.h - test records that are longer than a page, and than the reader's buffer
 *
 * The kernel formats a record into a buffer.  Where it does not fit, the kernel stops, and
 * starts again with a larger buffer, from a position that has to be the same.  The records
 * are those of files with long paths, at the first, at a middle, and at one of the last
 * places, or three in a row; each is to be shown in full while mappings change.
 *
 * PLANT=content expects another path.
 */
#ifndef PROC_TEST_RECORDS_H
#define PROC_TEST_RECORDS_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/env.h"
#include "../lib/print.h"
#include "../lib/util.h"
#include "../model/fields.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "odd_file.h"
#include "program.h"
#include "reader.h"
#include "run.h"
#include "stage.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum record_place {
	RECORD_FIRST,		/* below the stage */
	RECORD_MIDDLE,		/* between stage and libraries */
	RECORD_LAST,		/* above all other mappings, where there is space */
	RECORD_ROW,		/* three mappings side by side, below the stage */
};

/*
 * Lengths of the paths in bytes: above one page and above two, and one whose newlines make
 * it four times as long where it is shown.
 */
static const struct {
	size_t len;
	char letter;
} record_paths[] = { { 9000, 'l' }, { 5000, 'm' }, { 3000, '\n' } };

#define RECORDS ARRAY_SIZE(record_paths)

/* Bytes of a path by which it is known.  Arbitrary; four times as many fit into a span. */
#define RECORD_KNOWN 30

/**
 * struct records - files with long paths, and where they are mapped
 * @place:	place
 * @file:	files
 */
struct records {
	enum record_place place;
	struct odd_file file[RECORDS];
};

/* Files of the test that runs, for the parsers, which have no other argument. */
static struct records *records;

/* Seconds of a race, and of a time slice at most.  Arbitrary; stepping is certain. */
#define RECORD_SECONDS 0.01

/* Map the files; for struct background's @begin. */
static int map_records(struct race *race, void *arg)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct records *map = arg;
	unsigned int i;

	for (i = 0; i < (map->place == RECORD_ROW ? RECORDS : 1); i++) {
		uint64_t at = map->place == RECORD_MIDDLE ? 0 :
			      map->place == RECORD_LAST ? (1ULL << 47) - 16 * page :
			      race->stage.base - (8 - i) * page;
		void *addr = (void *)(uintptr_t)at;

		if (mmap(addr, page, PROT_READ, MAP_SHARED | (at ? MAP_FIXED_NOREPLACE : 0),
			 map->file[i].fd, 0) == MAP_FAILED &&
		    mmap(NULL, page, PROT_READ, MAP_SHARED, map->file[i].fd, 0) == MAP_FAILED)
			return -errno;
	}
	return 0;
}

/*
 * Parse a record; where its name begins as a long path, all of it has to be that path.
 * @name and @len are the name as it was read.
 */
static enum parse check_path(enum parse parsed, const struct span *span, const char *name,
			     size_t len, const char *set)
{
	unsigned int i;

	for (i = 0; i < RECORDS && parsed == PARSE_SPAN; i++) {
		const struct odd_file *file = &records->file[i];
		struct span path;

		span_escape_name(&path, file->path, RECORD_KNOWN, ESCAPED_BY_MAPS);
		if (!strncmp(span->name, path.name, strlen(path.name)) &&
		    !name_shown_as(file->path, file->len, name, len, set))
			return PARSE_MIXED;
	}
	return parsed;
}

static enum parse parse_long_maps(const char *text, size_t len, size_t *used,
				  struct span *span)
{
	const char *end = memchr(text, '\n', len), *name;
	enum parse parsed = parse_maps_line(text, len, used, span);
	size_t name_len;

	if (!end)
		return parsed;
	name = maps_line_name(text, end - text, &name_len);
	return check_path(parsed, span, name, name_len, ESCAPED_BY_MAPS);
}

static enum parse parse_long_smaps(const char *text, size_t len, size_t *used,
				   struct span *span)
{
	size_t head;
	enum parse parsed = parse_long_maps(text, len, &head, span);

	return parsed == PARSE_SPAN ? parse_smaps_record(text, len, used, span) :
				      (*used = head, parsed);
}

static enum parse parse_long_numa(const char *text, size_t len, size_t *used,
				  struct span *span)
{
	const char *end = memchr(text, '\n', len), *name;
	enum parse parsed = parse_numa_line(text, len, used, span);

	name = end ? memmem(text, end - text, " file=", 6) : NULL;
	if (!name)
		return parsed;
	name += 6;
	if (memchr(name, ' ', end - name))
		end = memchr(name, ' ', end - name);
	return check_path(parsed, span, name, end - name, NAME_ESCAPED_BY_NUMA);
}

/**
 * struct records_test - a test of long records at one place
 * @context:	test context
 * @records:	files
 */
struct records_test {
	struct context context;
	struct records *records;
};

FIXTURE(records) {
	struct records_test test;
};

FIXTURE_VARIANT(records) {
	enum record_place place;
};

FIXTURE_SETUP(records)
{
}

FIXTURE_TEARDOWN(records)
{
	context_close(_metadata, &self->test.context);
	free(self->test.records);
}

FIXTURE_VARIANT_ADD(records, first) { .place = RECORD_FIRST };
FIXTURE_VARIANT_ADD(records, middle) { .place = RECORD_MIDDLE };
FIXTURE_VARIANT_ADD(records, last) { .place = RECORD_LAST };
FIXTURE_VARIANT_ADD(records, row) { .place = RECORD_ROW };

/* Create the files; return 0 or -errno. */
static int create_records(struct records *map)
{
	int fs = odd_fs_open(), err = fs < 0 ? fs : 0;
	unsigned int i;

	for (i = 0; i < RECORDS && !err; i++)
		err = odd_file_deep(&map->file[i], fs, record_paths[i].len,
				    record_paths[i].letter);
	if (fs >= 0)
		close(fs);
	return err;
}

/* Step through a change, and race it, among long records. */
static void run_records(struct __test_metadata *_metadata, struct records_test *self,
			enum record_place place, const struct file_kind *plain,
			enum parse (*parse)(const char *text, size_t len, size_t *used,
					    struct span *span), const char *variant)
{
	static const size_t buffers[] = { 4096, 100, 333 };
	struct context_options options = race_options();
	struct context *context = &self->context;
	struct run run = run_of(context);
	static struct file_kind kind;
	unsigned int i, stepped = ARRAY_SIZE(buffers);
	int err;

	kind = *plain;
	kind.parse = parse;
	self->records = calloc(1, sizeof(*self->records));
	records = self->records;
	ASSERT_TRUE(!!records);
	records->place = place;
	err = create_records(records);
	if (odd_fs_missing(err))
		SKIP(return, "no file system of its own");
	ASSERT_EQ(0, err);
	options.background = (struct background){ .begin = map_records, .arg = records };
	if (!context_open(_metadata, context, &change_split_middle, &kind, &options))
		return;
	if (fault_from_env() == 'c')
		records->file[0].path[records->file[0].len - 1]++;
	context->oracle.tolerate_lost_tail = *known_bug_seen;
	run.how = "stepped";
	/* Records of smaps and numa_maps take long: only the race, without FULL=1. */
	if (!env_value("FULL"))
		stepped = plain->slow ? 0 : 1;
	for (i = 0, err = 0; i < stepped && !err; i++)
		err = step_boundaries(&run, buffers[i], 1);
	if (!err)
		err = race_freeze(context->race);
	context->reader.limit = 0;
	if (!err)
		err = race_all(&run, duration_from_env(RECORD_SECONDS, DURATION_LIMIT),
			       RACING_FLOOR, RECORD_SECONDS);
	race_report(_metadata, &run, err, plain->name,
		    reproduce_command("records", variant, plain->name, options.seed));
	if (!stepped && !run.counters.overlapped)
		SKIP(return, "race not exercised");
	ASSERT_GT(run.counters.overlapped, stepped ? 2U : 0U);
}

/* Names of the variants, by place. */
static const char *const record_places[] = { "first", "middle", "last", "row" };

TEST_F(records, maps)
{
	run_records(_metadata, &self->test, variant->place, &file_maps, parse_long_maps,
		    record_places[variant->place]);
}

TEST_F(records, smaps)
{
	run_records(_metadata, &self->test, variant->place, &file_smaps, parse_long_smaps,
		    record_places[variant->place]);
}

TEST_F(records, numa_maps)
{
	run_records(_metadata, &self->test, variant->place, &file_numa_maps, parse_long_numa,
		    record_places[variant->place]);
}

#endif /* PROC_TEST_RECORDS_H */
