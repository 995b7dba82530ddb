/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h - the text of /proc files as spans
 *
 * A pass over a file is read first and parsed later.  Pure code.
 */
#ifndef PROC_MODEL_PARSE_H
#define PROC_MODEL_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "layout.h"

struct reader;

/*
 * How names are compared: as maps and smaps print them.  These escape a newline
 * as "\012" and nothing else, not even a backslash, so that a file that really is
 * called "\012" looks the same there: what was escaped cannot be told, and what
 * is yet to be escaped can.  numa_maps escapes blanks, tabs and '=' as well;
 * PROCMAP_QUERY escapes nothing.
 */
#define ESCAPED_BY_MAPS "\n"

/**
 * struct chunk - what one read() or ioctl() returned
 * @end:	bytes of the pass up to its end
 * @before:	the modifier's sequence number before the call
 * @after:	and after it
 */
struct chunk {
	size_t end;
	uint32_t before, after;
};

/**
 * struct reading - one pass over a file
 * @text:	what was read; for PROCMAP_QUERY an array of struct span
 * @len:	bytes in @text
 * @size:	bytes that fit
 * @chunk:	the calls that brought it; the last one of a whole pass is empty
 * @nr_chunks:	how many
 * @max_chunks:	how many fit
 * @whole:	the pass reached the end of the file
 */
struct reading {
	char *text;
	size_t len, size;
	struct chunk *chunk;
	unsigned int nr_chunks, max_chunks;
	bool whole;
};

/**
 * struct cursor - a place in a reading
 * @pos:	first byte of the record to come
 * @chunk:	the call that brought the record last returned
 * @record:	first byte of the record last returned
 */
struct cursor {
	size_t pos, record;
	unsigned int chunk;
};

enum parse {
	PARSE_BAD = -2,		/* no line of this file */
	PARSE_MIXED = -1,	/* a record that contradicts itself */
	PARSE_END = 0,
	PARSE_SPAN = 1,
};

/**
 * struct file_kind - a file of /proc/PID that tells of mappings
 * @name:	for people
 * @path:	below /proc/PID
 * @fields:	what it tells of a span
 * @gate_vma:	whether it shows the gate area (span_is_gate_vma())
 * @slow:	each record walks page tables
 * @lines:	a record has several lines, and ends where the next one begins
 * @query:	records are answers of PROCMAP_QUERY: each a struct span, no text
 * @rename:	changes the name of a span to what the file says of it; NULL where
 *		that is what maps says
 * @call:	one read() or its like: appends to the reading, returns the
 *		bytes it brought, 0 at the end of the file, or -errno
 * @parse:	takes the record at @text, sets @used to its length
 */
struct file_kind {
	const char *name;
	const char *path;
	unsigned int fields;
	bool gate_vma;
	bool slow;
	bool lines;
	bool query;

	ssize_t (*call)(const struct reader *reader, struct reading *reading);
	enum parse (*parse)(const char *text, size_t len, size_t *used,
			    struct span *span);
	void (*rename)(struct span *span);
};

/**
 * span_escape_name() - set a name, with some characters as three octal digits
 * @span:	the name is set in it
 * @name:	the name, which is not that of @span, and ends with a 0
 * @len:	its length
 * @set:	what is escaped
 */
void span_escape_name(struct span *span, const char *name, size_t len,
		      const char *set);

/**
 * parse_maps_line() - one line of maps, also the head of a record of smaps
 * @text:	the line
 * @len:	bytes available, the newline among them
 * @used:	set to the length of the line
 * @span:	filled in
 *
 * "start-end perm offset major:minor inode", then blanks and a name.  The name
 * goes up to the newline: it may hold blanks, and a newline in it is escaped.
 *
 * Return: PARSE_SPAN, PARSE_END for no text, or PARSE_BAD.
 */
enum parse parse_maps_line(const char *text, size_t len, size_t *used,
			   struct span *span);

/**
 * parse_smaps_record() - the head, and all lines up to the next head
 * @text:	the record
 * @len:	bytes available
 * @used:	set to the length of the record
 * @span:	filled in
 *
 * Keys begin with a capital, heads with a hexadecimal digit in lower case.  The
 * size, what is resident and the flags are looked up after the head is printed:
 * a record in which they do not go together was made of two moments.
 */
enum parse parse_smaps_record(const char *text, size_t len, size_t *used,
			      struct span *span);

/**
 * numa_name() - what numa_maps says of a name
 * @span:	the name is changed in it
 *
 * It has paths, "heap" and "stack"; nothing of [vdso], [anon:...] and the like.
 */
void numa_name(struct span *span);

/**
 * parse_numa_line() - one line of numa_maps: "start policy word word=value..."
 * @text:	the line
 * @len:	bytes available
 * @used:	set to the length of the line
 * @span:	filled in
 *
 * There is neither an end nor permissions: what can be judged is that the
 * starts are those of successors, and that file, heap and stack belong to them.
 */
enum parse parse_numa_line(const char *text, size_t len, size_t *used,
			   struct span *span);

enum parse parse_copied_span(const char *text, size_t len, size_t *used,
			     struct span *span);

/**
 * reading_alloc() - memory for passes
 * @reading:	filled in
 * @size:	bytes of text
 * @chunks:	number of read()s
 *
 * Return: false where there is none; reading_free() frees it in any case.
 */
bool reading_alloc(struct reading *reading, size_t size, unsigned int chunks);

void reading_free(struct reading *reading);

/**
 * reading_next() - the next record of a pass
 * @kind:	the file it was read from
 * @reading:	the pass
 * @cursor:	zeroed before the first call
 * @span:	filled in
 *
 * A pass that was stopped by a limit may end inside a record: that is no error,
 * the record is left out.
 */
enum parse reading_next(const struct file_kind *kind,
			const struct reading *reading, struct cursor *cursor,
			struct span *span);

#endif /* PROC_MODEL_PARSE_H */
