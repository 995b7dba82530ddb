/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_names.h - test names of files of which a byte is odd
 *
 * maps and smaps escape newlines, numa_maps also tabs, blanks and '=', PROCMAP_QUERY
 * nothing.  No file changes any other byte.
 *
 * PLANT=content looks for another name.
 */
#ifndef PROC_TEST_NAMES_H
#define PROC_TEST_NAMES_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/env.h"
#include "../lib/print.h"
#include "../lib/util.h"
#include "../model/fields.h"
#include "context.h"
#include "evidence.h"
#include "exhibit.h"
#include "harness.h"
#include "odd_file.h"
#include "reader.h"
#include "run.h"

/*
 * Odd names.  A true name may end as the kernel marks a file that was removed, and contain
 * what looks escaped, a line of maps, or the words of numa_maps.
 */
static const char *const odd_names[] = {
	"a\nb", "\n", "\n\n\nend\n", "a\\012b", "a\\040b\\", "a\tb c", " ", "  x  ",
	"x (deleted)", "[heap]", "\xff\xfe\x80", "\xc3\xa4", "a=b anon=7 N0=9", "\r\b\x1b[7m",
	"00100000-00200000 rwxp 00000000 00:00 0\n00300000-00400000 rwxp 00000000 00:00 0",
	"%s%n%08x", "'\"`$(x)",
};

/* Files: a memfd for each name, and two on a file system, of which one is removed. */
#define ODD_FILES (3 * ARRAY_SIZE(odd_names))

/**
 * struct names_test - a test of the names in one file
 * @context:	test context
 * @file:	files with odd names
 * @list:	pointers to those that are mapped; the last one is NULL
 * @nr:		number of them
 * @name:	buffer for a name, blank
 */
struct names_test {
	struct context context;
	struct odd_file *file;
	struct odd_file *list[ODD_FILES + 1];
	unsigned int nr;
	char name[EXHIBIT_NAME];
};

FIXTURE(names) {
	struct names_test test;
};

FIXTURE_SETUP(names)
{
	memset(self->test.name, EXHIBIT_BLANK, sizeof(self->test.name));
}

FIXTURE_TEARDOWN(names)
{
	context_close(_metadata, &self->test.context);
	free(self->test.file);
}

/* Create the files.  Without a file system of one's own, each is a memfd. */
static bool create_odd_files(struct names_test *self)
{
	int fs = odd_fs_open();
	unsigned int i;

	self->file = calloc(ODD_FILES, sizeof(*self->file));
	for (i = 0; self->file && i < ODD_FILES; i++) {
		struct odd_file *file = &self->file[self->nr];
		const char *name = odd_names[i / 3];
		int err = i % 3 == 0 ? odd_file_memfd(file, name) :
			  fs < 0 ? 0 : odd_file_named(file, fs, name, i % 3 == 1);

		if (err)
			return false;
		if (i % 3 == 0 || fs >= 0)
			self->list[self->nr++] = file;
	}
	close(fs);
	return self->file;
}

/*
 * Count the records of a text whose name is that of the file.  The name of numa_maps is a
 * word behind "file=".
 */
static unsigned int count_name(const struct reading *reading, const struct odd_file *file,
			       bool numa)
{
	const char *line = reading->text, *end = line + reading->len, *newline, *name;
	unsigned int n = 0;
	size_t len;

	for (; line < end && (newline = memchr(line, '\n', end - line)); line = newline + 1) {
		if (*line >= 'A' && *line <= 'Z')
			continue;
		name = maps_line_name(line, newline - line, &len);
		if (numa) {
			name = memmem(line, newline - line, " file=", 6);
			if (!name)
				continue;
			name += 6;
			len = newline - name;
			if (memchr(name, ' ', len))
				len = (char *)memchr(name, ' ', len) - name;
		}
		n += name_shown_as(file->path, file->len, name, len,
				   numa ? NAME_ESCAPED_BY_NUMA : ESCAPED_BY_MAPS);
	}
	return n;
}

/* Each file shows each name once, in its own way. */
static void names_of_file(struct __test_metadata *_metadata, struct names_test *self,
			  const struct file_kind *kind)
{
	const struct context_options options = {
		.seed = 1, .background = { .begin = exhibit_map, .arg = self->list },
	};
	struct context *context = &self->context;
	struct run run = { .context = context, .how = "stepped" };
	unsigned int i;

	ASSERT_TRUE(create_odd_files(self));
	if (!context_open(_metadata, context, &change_swap_part, kind, &options))
		return;
	if (fault_from_env() == 'c')
		self->file[0].path[self->file[0].len - 1]++;
	context->reader.buffer = READER_BUFFER;
	ASSERT_EQ(0, reading_take(&context->reader, &context->reading));
	for (i = 0; i < self->nr; i++) {
		unsigned int n = count_name(&context->reading, &self->file[i],
					    kind == &file_numa_maps);

		ASSERT_LE(1U, n) {
			diag("RULE BROKEN: name is not shown as it has to be");
			diag("  name        %s", self->file[i].path);
		}
	}
	run_report(_metadata, &run, step_boundaries(&run, 100, 1), kind->name,
		   reproduce_command("names", "", kind->name, options.seed));
	ASSERT_STREQ("legal", rule_text[run.result.rule]);
	ASSERT_GT(run.counters.overlapped, 2U);
}

TEST_F(names, maps)
{
	names_of_file(_metadata, &self->test, &file_maps);
}

TEST_F(names, smaps)
{
	names_of_file(_metadata, &self->test, &file_smaps);
}

TEST_F(names, numa_maps)
{
	names_of_file(_metadata, &self->test, &file_numa_maps);
}

/* A query escapes nothing. */
TEST_F(names, query)
{
	const struct context_options options = {
		.seed = 1, .background = { .begin = exhibit_map, .arg = self->test.list },
	};
	struct context *context = &self->test.context;
	unsigned int i, k, found = 0;

	ASSERT_TRUE(create_odd_files(&self->test));
	if (!context_open(_metadata, context, &change_swap_part, &file_query, &options))
		return;
	if (fault_from_env() == 'c')
		self->test.file[0].path[self->test.file[0].len - 1]++;
	for (i = 0; i < context->rest.nr; i++) {
		struct procmap_query query;

		if (span_is_gate_vma(&context->rest.span[i]))
			continue;
		ASSERT_EQ(0, query_all(context->reader.fd, context->rest.span[i].start, 0,
				       EXHIBIT_NAME, self->test.name, &query));
		for (k = 0; k < self->test.nr; k++)
			if (query.vma_name_size == self->test.file[k].len + 1 &&
			    !memcmp(self->test.name, self->test.file[k].path, query.vma_name_size))
				break;
		found += k < self->test.nr;
		ASSERT_TRUE(blank_is_kept(self->test.name, query.vma_name_size));
	}
	ASSERT_LE(self->test.nr, found) {
		diag("RULE BROKEN: name is not shown as it has to be");
	}
}

#endif /* PROC_TEST_NAMES_H */
