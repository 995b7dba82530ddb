/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_fields.h - test every field that PROCMAP_QUERY returns
 *
 * maps is the other witness: each field of an answer must be the one of the line, or of a
 * line of a layout that was current.  Of the build ID, it is the ELF file's own note.
 *
 * PLANT=content changes a field of the answer before it is checked.
 */
#ifndef PROC_TEST_FIELDS_H
#define PROC_TEST_FIELDS_H

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../lib/random.h"
#include "../lib/util.h"
#include "../model/change.h"
#include "../model/check.h"
#include "../model/fields.h"
#include "../model/oracle.h"
#include "context.h"
#include "evidence.h"
#include "exhibit.h"
#include "harness.h"
#include "odd_file.h"
#include "program.h"
#include "reader.h"
#include "run.h"
#include "watchdog.h"

/**
 * struct fields_file - an ELF file in memory whose only note is a build ID
 * @fd:		file descriptor
 * @map:	its first page, mapped; MAP_FAILED for none
 * @id:		build ID
 */
struct fields_file {
	int fd;
	void *map;
	unsigned char id[64];
};

static void fields_file_close(struct fields_file *elf)
{
	if (elf->map != MAP_FAILED)
		munmap(elf->map, 1);
	if (elf->fd >= 0)
		close(elf->fd);
}

FIXTURE(fields) {
	struct context context;
	char name[EXHIBIT_NAME];
	struct odd_file file;
	struct fields_file elf;
};

FIXTURE_SETUP(fields)
{
	self->file.fd = -1;
	self->elf.fd = -1;
	self->elf.map = MAP_FAILED;
	memset(self->name, EXHIBIT_BLANK, sizeof(self->name));
}

FIXTURE_TEARDOWN(fields)
{
	context_close(_metadata, &self->context);
	fields_file_close(&self->elf);
	if (self->file.fd >= 0)
		close(self->file.fd);
}

/* Changes of files, of permissions, and of single pages. */
static const struct change *const fields_changes[] = {
	&change_swap_part, &change_three_pages, &change_single_pages,
};

/* Change an answer, where PLANT=content asks for it. */
static void fields_plant(struct procmap_query *query)
{
	if (fault_from_env() == 'c')
		query->vma_page_size *= 2;
}

/**
 * struct fields_line - a line of maps, and the page size of its mapping
 * @line:	the line
 * @len:	length in bytes, without the newline
 * @page_size:	bytes
 * @span:	the line as a span
 */
struct fields_line {
	const char *line;
	size_t len;
	uint64_t page_size;
	struct span span;
};

/*
 * Find the next mapping in the text of smaps, or of maps where a kernel has no smaps.
 * Return the position behind it, or NULL.
 */
static const char *fields_next(const char *text, const char *end, struct fields_line *line)
{
	static const char key[] = "KernelPageSize:";
	size_t used;

	if (parse_maps_line(text, end - text, &used, &line->span) != PARSE_SPAN)
		return NULL;
	line->line = text;
	line->len = used - 1;
	line->page_size = sysconf(_SC_PAGESIZE);
	for (text += used; text < end && *text >= 'A' && *text <= 'Z';
	     text = (const char *)memchr(text, '\n', end - text) + 1)
		if (!strncmp(text, key, sizeof(key) - 1))
			line->page_size = strtoull(text + sizeof(key), NULL, 10) << 10;
	return text;
}

/* Compare the answers for the first and the last byte of a mapping with its line. */
static void fields_compare(struct __test_metadata *_metadata, struct context *context,
			   char *name, const struct fields_line *line)
{
	const uint64_t addr[] = { line->span.start, line->span.end - 1 };
	struct procmap_query query;
	const char *differs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addr); i++) {
		ASSERT_EQ(0, query_all(context->reader.fd, addr[i], 0, EXHIBIT_NAME, name,
				       &query));
		fields_plant(&query);
		differs = query_field_differs(&query, name, line->line, line->len,
					      line->page_size);
		ASSERT_TRUE(!differs) {
			diag("RULE BROKEN: field of a query that the line has not");
			diag("  field       %s", differs);
			diag("  line        %.*s", (int)line->len, line->line);
		}
		ASSERT_TRUE(blank_is_kept(name, query.vma_name_size)) {
			diag("RULE BROKEN: query writes behind the name");
		}
	}
}

/* Read the text from which the lines are taken; it is in context->reading. */
static int fields_read(struct context *context)
{
	struct reader smaps = { .kind = &file_smaps, .buffer = READER_BUFFER };
	char dir[16];
	int err;

	snprintf(dir, sizeof(dir), "%d", context->child.pid);
	err = reader_open(&smaps, dir);
	if (err) {
		smaps.kind = &file_maps;
		err = reader_open(&smaps, dir);
	}
	if (!err)
		err = reading_take(&smaps, &context->reading);
	reader_close(&smaps);
	return err;
}

/* Each field of each mapping, in each layout, among mappings of every kind. */
TEST_F(fields, rest)
{
	const struct context_options options = {
		.seed = 1, .background = { .begin = exhibit_map },
	};
	struct context *context = &self->context;
	unsigned int i, k, mappings = 0;

	for (i = 0; i < ARRAY_SIZE(fields_changes); i++) {
		if (!context_open(_metadata, context, fields_changes[i], &file_query,
				  &options))
			return;
		for (k = 0; k < fields_changes[i]->nr; k++) {
			const char *text, *end;
			struct fields_line line;

			ASSERT_EQ(0, fields_read(context));
			text = context->reading.text;
			end = text + context->reading.len;
			while ((text = fields_next(text, end, &line))) {
				if (span_is_gate_vma(&line.span))
					break;
				fields_compare(_metadata, context, self->name, &line);
				mappings++;
			}
			ASSERT_EQ(0, context_step(context, 1));
		}
		ASSERT_EQ(0, context_over(context));
	}
	diag("rest: mappings %u", mappings);
	ASSERT_GT(mappings, 100U);
}

/* Bytes of a buffer up to which a random size may be: 6 more than the longest name here. */
#define FIELDS_SIZE 24

/* Seconds of a time slice.  Arbitrary. */
#define FIELDS_SLICE 0.02

/*
 * Seconds.  Bound of a time slice with too few overlapped queries.  Arbitrary; a busy
 * machine seldom runs reader and modifier at the same time.
 */
#define FIELDS_TIMEOUT 0.2

/*
 * Check one answer about the stage; return the rule that it breaks, in words, or NULL.
 * @err is the error of the query, which was told of @size bytes, @mask the layouts that
 * were current.
 */
static const char *fields_judge(struct context *context, unsigned int mask,
				const struct procmap_query *query, int err, uint32_t size,
				const char *name)
{
	const struct question question = { .addr = query->query_addr, .perm = "----" };
	struct oracle *oracle = &context->oracle;
	struct span answer = { 0 };
	unsigned int k;

	/* Too small a buffer is one for a layout in which the name does not fit. */
	for (k = 0; err == -ENAMETOOLONG && k < oracle->nr; k++) {
		const struct span *span = layout_next(&oracle->layout[k],
						      query->query_addr);

		if ((mask & 1U << k) && span && span->start <= query->query_addr &&
		    strlen(span->name) + 1 > size)
			return NULL;
	}
	if (err == -ENAMETOOLONG)
		return "name that fits is refused";
	if (err)
		return oracle_query(oracle, mask, &question, NULL) ?
		       "query answer that was never true" : NULL;
	if (query->vma_page_size != context->race->stage.page)
		return "field of a query that the line has not";
	if (query->vma_name_size > size)
		return "query writes behind the name";
	span_from_query(&answer, query);
	if (query->vma_name_size)
		span_set_name(&answer, name, strnlen(name, query->vma_name_size));
	if (query->vma_name_size && strlen(answer.name) + 1 != query->vma_name_size)
		return "field of a query that the line has not";
	if (!size)
		oracle->fields &= ~SPAN_LABEL;
	k = oracle_query(oracle, mask, &question, &answer);
	oracle->fields |= SPAN_LABEL;
	return k ? "query answer that was never true" : NULL;
}

/*
 * Query a random page of the stage with a buffer of random size, and check the answer.
 * Return 0, -errno, or 1 for a wrong answer, which is printed.
 */
static int fields_ask(struct context *context, uint64_t *seed, char *name,
		      struct counters *counters)
{
	const struct stage *stage = &context->race->stage;
	uint64_t addr = stage->base + random_below(seed, STAGE_PAGES * stage->page);
	uint32_t size = random_below(seed, FIELDS_SIZE), before = context->race->seq, after;
	struct procmap_query query;
	const char *broken;
	unsigned int mask;
	int err;

	err = query_all(context->reader.fd, addr, 0, size, name, &query);
	after = context->race->seq;
	if (err && err != -ENOENT && err != -ENAMETOOLONG)
		return err;
	fields_plant(&query);
	mask = layouts_between(&context->oracle, before, after);
	broken = fields_judge(context, mask, &query, err, size, name);
	if (!blank_is_kept(name, err ? 0 : query.vma_name_size))
		broken = "query writes behind the name";
	counters->readings++;
	counters->overlapped += before != after;
	if (!broken)
		return 0;
	context_end_modifier(context);
	diag("RULE BROKEN: %s", broken);
	diag("  asked       %08" PRIx64 " with a buffer of %u bytes, layouts 0x%x", addr,
	     size, mask);
	diag("  answer      %s, %08" PRIx64 "-%08" PRIx64 ", page %" PRIu64 ", name of %u",
	     err ? strerror(-err) : "mapping", (uint64_t)query.vma_start,
	     (uint64_t)query.vma_end, (uint64_t)query.vma_page_size, query.vma_name_size);
	evidence_pictures(context);
	return 1;
}

/* Query in one time slice; return 0, -errno, or 1 for a wrong answer. */
static int fields_race(struct context *context, const struct time_slice *slice,
		       const int cpu[2], uint64_t *seed, char *name,
		       struct counters *counters)
{
	uint64_t enough = counters->overlapped + RACING_FLOOR;
	int64_t begin = now_ns();
	int err = 0;

	if (cpu[0] >= 0)
		pin_thread(0, cpu[0]);
	race_go(context->race, slice->interleave, cpu[slice->cpus - 1], false);
	while (!err && now_ns() - begin < NSEC_PER_SEC *
	       (counters->overlapped < enough ? FIELDS_TIMEOUT : FIELDS_SLICE)) {
		err = fields_ask(context, seed, name, counters);
		watchdog_heartbeat();
	}
	return err ? err : race_freeze(context->race);
}

/*
 * Each field, in a race: page size and size of the name are those of a layout that was
 * current, a buffer is too small only where such a layout's name does not fit, and
 * nothing is written behind the name.
 */
TEST_F(fields, racing)
{
	const struct context_options options = race_options();
	uint64_t seed = options.seed | 1;
	struct counters counters = { 0 };
	unsigned int i;
	int cpu[2];

	choose_cpus(cpu);
	for (i = 0; i < ARRAY_SIZE(fields_changes); i++) {
		struct context *context = &self->context;

		if (!context_open(_metadata, context, fields_changes[i], &file_query,
				  &options))
			return;
		if (cpu[1] >= 0)
			ASSERT_EQ(0, fields_race(context, &time_slices[TIME_SLICE_FREE], cpu,
						 &seed, self->name, &counters));
		ASSERT_EQ(0, fields_race(context, &time_slices[TIME_SLICE_PREEMPT], cpu,
					 &seed, self->name, &counters));
		ASSERT_EQ(0, context_over(context));
	}
	diag("racing: queries %" PRIu64 ", overlapped %" PRIu64, counters.readings,
	     counters.overlapped);
	if (counters.overlapped < RACING_FLOOR)
		SKIP(return, "race not exercised");
}

/* Sizes of a buffer that are tried beside those around the length of the name. */
static const uint32_t fields_sizes[] = {
	1, 2, PATH_MAX - 1, PATH_MAX, PATH_MAX + 1, EXHIBIT_NAME, 1U << 31, UINT32_MAX,
};

/*
 * Query with one size of the buffer.  A name and its final 0 either fit, or nothing at all
 * is written.  The kernel has a limit of its own, PATH_MAX.
 */
static void fields_size(struct __test_metadata *_metadata, int fd, uint64_t addr,
			uint32_t size, size_t len, char *name)
{
	bool fits = len + 1 <= size && len + 1 <= PATH_MAX;
	struct procmap_query query, asked;
	int err = query_all(fd, addr, 0, size, name, &query);

	if (fault_from_env() == 'c')
		query.vma_name_size++;
	ASSERT_EQ(fits ? 0 : -ENAMETOOLONG, err) {
		diag("RULE BROKEN: %s", fits ? "name that fits is refused" :
						 "name that does not fit is no error");
		diag("  name        %zu bytes, buffer %u", len, size);
	}
	if (fits) {
		ASSERT_EQ(len + 1, query.vma_name_size);
		ASSERT_EQ(len, strnlen(name, EXHIBIT_NAME));
	} else {
		asked = (struct procmap_query){
			.size = sizeof(asked), .query_addr = addr,
			.vma_name_addr = (uintptr_t)name, .vma_name_size = size,
		};
		ASSERT_EQ(0, memcmp(&asked, &query, sizeof(asked))) {
			diag("RULE BROKEN: query fails and answers");
		}
	}
	ASSERT_TRUE(blank_is_kept(name, fits ? len + 1 : 0)) {
		diag("RULE BROKEN: query writes behind the name");
	}
}

/* Query with each size of the buffer around the length of one name. */
static void fields_sizes_around(struct __test_metadata *_metadata, int fd, uint64_t addr,
				size_t len, char *name)
{
	uint32_t size;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields_sizes); i++)
		fields_size(_metadata, fd, addr, fields_sizes[i], len, name);
	for (size = len > 2 ? len - 2 : 1; size <= len + 3; size++)
		fields_size(_metadata, fd, addr, size, len, name);
}

/* Buffers of every size around the length of the name, for names of each origin. */
TEST_F(fields, name_sizes)
{
	const struct context_options options = {
		.seed = 1, .background = { .begin = exhibit_map },
	};
	struct context *context = &self->context;
	unsigned int i, named = 0;

	if (!context_open(_metadata, context, &change_swap_part, &file_query, &options))
		return;
	for (i = 0; i < context->rest.nr; i++) {
		const struct span *span = &context->rest.span[i];

		if (!span->name[0] || span_is_gate_vma(span) ||
		    strlen(span->name) == SPAN_NAME - 1 || strchr(span->name, '\\'))
			continue;
		fields_sizes_around(_metadata, context->reader.fd, span->start,
				    strlen(span->name), self->name);
		named++;
	}
	ASSERT_GT(named, 20U);
}

/* Return the line of maps whose name is that of the file, or NULL. */
static const char *line_of_file(const struct reading *reading, const struct odd_file *file,
				size_t *len)
{
	const char *line = reading->text, *end = line + reading->len, *newline, *name;
	size_t name_len;

	for (; line < end && (newline = memchr(line, '\n', end - line)); line = newline + 1) {
		*len = newline - line;
		name = maps_line_name(line, *len, &name_len);
		if (name_shown_as(file->path, file->len, name, name_len, ESCAPED_BY_MAPS))
			return line;
	}
	return NULL;
}

/* Lengths of paths: around PATH_MAX, with the final 0, and above two pages. */
static const unsigned int fields_lengths[] = {
	PATH_MAX - 2, PATH_MAX - 1, PATH_MAX, PATH_MAX + 1, 2 * PATH_MAX + 300,
};

/*
 * A path of PATH_MAX bytes or more is shown in full by maps, and is no answer of a query,
 * however large the buffer.  A query without a name gets the other fields all the same.
 */
TEST_F(fields, long_names)
{
	struct odd_file *file[] = { &self->file, NULL };
	const struct context_options options = {
		.seed = 1, .background = { .begin = exhibit_map, .arg = file },
	};
	struct context *context = &self->context;
	struct procmap_query query;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields_lengths); i++) {
		int fs = odd_fs_open();
		const char *line;
		struct span span;
		size_t len = 0, used;

		if (odd_fs_missing(fs))
			SKIP(return, "no file system of its own");
		ASSERT_GE(fs, 0);
		ASSERT_EQ(0, odd_file_deep(&self->file, fs, fields_lengths[i], 'x'));
		close(fs);
		ASSERT_EQ(fields_lengths[i], strlen(self->file.path));
		if (!context_open(_metadata, context, &change_split_middle, &file_maps,
				  &options))
			return;
		if (query_all(context->reader.fd, 0, 0, 0, self->name, &query) == -ENOTTY)
			SKIP(return, "no such file in this kernel");
		ASSERT_EQ(0, fields_read(context));
		line = line_of_file(&context->reading, &self->file, &len);
		ASSERT_TRUE(!!line) {
			diag("RULE BROKEN: path of %u bytes is not shown", fields_lengths[i]);
		}
		ASSERT_EQ(PARSE_SPAN, parse_maps_line(line, len + 1, &used, &span));
		fields_sizes_around(_metadata, context->reader.fd, span.start,
				    self->file.len, self->name);
		ASSERT_EQ(0, query_all(context->reader.fd, span.start, 0, 0, self->name,
				       &query));
		ASSERT_EQ(0U, query.vma_name_size);
		ASSERT_EQ(span.inode, query.inode);
		ASSERT_EQ(span.offset, query.vma_offset);
		ASSERT_EQ(0, context_over(context));
		close(self->file.fd);
		self->file.fd = -1;
	}
}

/* Place of the notes in the file.  Arbitrary; behind the program headers. */
#define FIELDS_NOTES 256

/* Bytes of a build ID that the kernel knows at most. */
#define FIELDS_ID 20

/*
 * Append a note; return its bytes.  @bytes bytes of descriptor begin with @fill and rise.
 */
static size_t put_note(char *at, const char *owner, unsigned int type, size_t bytes,
		       unsigned char fill)
{
	Elf64_Nhdr note = {
		.n_namesz = strlen(owner) + 1, .n_descsz = bytes, .n_type = type,
	};
	size_t name = (note.n_namesz + 3) & ~3U, i;

	memcpy(at, &note, sizeof(note));
	memcpy(at + sizeof(note), owner, note.n_namesz);
	for (i = 0; i < bytes; i++)
		at[sizeof(note) + name + i] = fill + i;
	return sizeof(note) + name + ((bytes + 3) & ~3U);
}

/*
 * Write an ELF file whose build ID has @bytes bytes, behind notes that are none: another
 * type, another owner.  All of the page is written, since a hole crashes some kernels.
 */
static bool write_id(struct fields_file *elf, size_t bytes, bool wide)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr note;
	} elf64 = {
		.head = { .e_ident = ELFMAG, .e_type = ET_DYN, .e_phnum = 1,
			  .e_phoff = sizeof(elf64.head), .e_phentsize = sizeof(elf64.note) },
		.note = { .p_type = PT_NOTE, .p_offset = FIELDS_NOTES, .p_align = 4 },
	};
	struct {
		Elf32_Ehdr head;
		Elf32_Phdr note;
	} elf32 = {
		.head = { .e_ident = ELFMAG, .e_type = ET_DYN, .e_phnum = 1,
			  .e_phoff = sizeof(elf32.head), .e_phentsize = sizeof(elf32.note) },
		.note = { .p_type = PT_NOTE, .p_offset = FIELDS_NOTES, .p_align = 4 },
	};
	char page[4096] = { 0 };
	size_t used = FIELDS_NOTES, i;

	used += put_note(page + used, "GNU", 1, 16, 1);
	used += put_note(page + used, "Other", 3, 12, 2);
	used += put_note(page + used, "GNU", 3, bytes, 0x11 * bytes);
	used += put_note(page + used, "GNU", 5, 4, 3);
	for (i = 0; i < bytes; i++)
		elf->id[i] = 0x11 * bytes + i;
	elf64.head.e_ident[EI_CLASS] = ELFCLASS64;
	elf32.head.e_ident[EI_CLASS] = ELFCLASS32;
	elf64.note.p_filesz = used - FIELDS_NOTES;
	elf32.note.p_filesz = used - FIELDS_NOTES;
	memcpy(page, wide ? (void *)&elf64 : &elf32, wide ? sizeof(elf64) : sizeof(elf32));
	return pwrite(elf->fd, page, sizeof(page), 0) == sizeof(page);
}

/* Query the build ID of this process's mapping at @addr; return its bytes or -errno. */
static int query_id(int fd, uint64_t addr, unsigned char *id, uint32_t size)
{
	struct procmap_query query = {
		.size = sizeof(query), .query_addr = addr,
		.build_id_addr = (uintptr_t)id, .build_id_size = size,
	};

	return ioctl(fd, PROCMAP_QUERY, &query) ? -errno : (int)query.build_id_size;
}

/*
 * The build ID is the note of the file, of any length that there is, and nothing is
 * written behind it.  A mapping without a build ID has one of no bytes.
 */
TEST_F(fields, build_id)
{
	struct fields_file *elf = &self->elf;
	struct reader maps = { .kind = &file_query };
	unsigned char id[64], blank[64];
	int bytes, wide, got;

	memset(blank, 0xa5, sizeof(blank));
	got = reader_open(&maps, "self");
	if (got == -ENOTTY)
		SKIP(return, "no such file in this kernel");
	ASSERT_EQ(0, got);
	elf->fd = syscall(SYS_memfd_create, "id", 0);
	ASSERT_GE(elf->fd, 0);
	for (bytes = 0; bytes <= FIELDS_ID + 1; bytes++)
		for (wide = 0; wide < 2; wide++) {
			int expected = bytes > FIELDS_ID ? 0 : bytes;

			ASSERT_TRUE(write_id(elf, bytes, wide));
			elf->map = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, elf->fd, 0);
			ASSERT_TRUE(elf->map != MAP_FAILED);
			memset(id, 0xa5, sizeof(id));
			got = query_id(maps.fd, (uintptr_t)elf->map, id, sizeof(id));
			if (fault_from_env() == 'c')
				id[expected / 2]++;
			ASSERT_EQ(expected, got) {
				diag("RULE BROKEN: build ID of %d bytes instead of %d", got,
				     expected);
			}
			ASSERT_EQ(0, memcmp(id, elf->id, expected)) {
				diag("RULE BROKEN: build ID that is not the file's note");
			}
			ASSERT_EQ(0, memcmp(id + expected, blank, sizeof(id) - expected)) {
				diag("RULE BROKEN: query writes behind the build ID");
			}
			/* As large as the build ID is large enough. */
			ASSERT_EQ(expected, expected ? query_id(maps.fd,
								(uintptr_t)elf->map, id,
								expected) : 0);
			munmap(elf->map, 1);
			elf->map = MAP_FAILED;
		}
	ASSERT_EQ(0, query_id(maps.fd, (uintptr_t)self, id, sizeof(id)));
	reader_close(&maps);
}

#endif /* PROC_TEST_FIELDS_H */
