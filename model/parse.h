/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h - parsers that make spans of the text of /proc files
 *
 * A file is read to its end first, and parsed afterwards.  The code makes no system
 * call and reads no /proc.
 */
#ifndef PROC_MODEL_PARSE_H
#define PROC_MODEL_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "layout.h"

struct numbers;
struct reader;

/*
 * Characters that maps and smaps escape in names.  Names are compared as these files
 * print them.  A newline becomes "\012".  A backslash is not escaped, so a name that
 * contains the four characters "\012" looks the same, and no name can be unescaped.
 * numa_maps escapes blanks, tabs and '=' as well.  PROCMAP_QUERY escapes nothing.
 */
#define ESCAPED_BY_MAPS "\n"

/**
 * struct chunk - the text that one read() or ioctl() returned
 * @end:	offset of its end in the text of the reading, in bytes
 * @before:	the modifier's sequence number before the call
 * @after:	the modifier's sequence number after the call
 */
struct chunk {
	size_t end;
	uint32_t before, after;
};

/**
 * struct reading - one pass over a file
 * @text:	text of the file; for PROCMAP_QUERY an array of struct span
 * @len:	bytes in @text
 * @size:	size of @text in bytes
 * @chunk:	calls that returned the text; the last one of a whole pass is empty
 * @nr_chunks:	number of calls in @chunk
 * @max_chunks:	size of @chunk in elements
 * @whole:	true if the pass reached the end of the file
 */
struct reading {
	char *text;
	size_t len, size;
	struct chunk *chunk;
	unsigned int nr_chunks, max_chunks;
	bool whole;
};

/**
 * struct cursor - a position in a reading
 * @pos:	offset of the next record in bytes
 * @record:	offset of the current record in bytes
 * @chunk:	index of the call that returned the current record
 */
struct cursor {
	size_t pos, record;
	unsigned int chunk;
};

enum parse {
	PARSE_BAD = -2,		/* text that is no record of this file */
	PARSE_MIXED = -1,	/* record that contradicts itself */
	PARSE_END = 0,		/* no more text */
	PARSE_SPAN = 1,		/* record that was parsed */
};

/**
 * struct file_kind - a file of /proc/PID that shows mappings
 * @name:	name in diagnostics
 * @path:	path below /proc/PID
 * @fields:	mask of the span_fields that it shows
 * @gate_vma:	true if it shows the gate VMA, see span_is_gate_vma()
 * @slow:	true if each record takes a walk of the page tables
 * @lines:	true if a record has several lines, up to the first of the next record
 * @query:	true if records are answers of PROCMAP_QUERY, as struct span
 * @call:	function that makes one read() or ioctl() and appends to the reading;
 *		returns the number of bytes appended, 0 at the end, or -errno
 * @parse:	function that parses the record at @text and sets @used to its length
 * @numbers:	function that takes the numbers from a record; NULL if it has none
 * @rename:	function that changes a name of maps to the name that this file shows;
 *		NULL if they are the same
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
	void (*numbers)(const char *text, size_t len, struct numbers *numbers);
	void (*rename)(struct span *span);
};

/**
 * span_escape_name() - set a name with some characters escaped as octal numbers
 * @span:	the span whose name is set
 * @name:	the name, terminated by 0; not @span->name itself
 * @len:	length of @name in bytes
 * @set:	the characters to escape
 */
void span_escape_name(struct span *span, const char *name, size_t len,
		      const char *set);

/**
 * parse_maps_line() - parse a line of maps, or the head of a record of smaps
 * @text:	the line
 * @len:	bytes available, with the newline
 * @used:	set to the length of the line
 * @span:	filled in
 *
 * The line is "start-end perm offset major:minor inode", then blanks and a name.
 * The name extends to the newline.  It may contain blanks.
 *
 * Return: PARSE_SPAN, PARSE_END if there is no text, or PARSE_BAD.
 */
enum parse parse_maps_line(const char *text, size_t len, size_t *used,
			   struct span *span);

/**
 * parse_smaps_record() - parse a record of smaps, up to the head of the next one
 * @text:	the record
 * @len:	bytes available
 * @used:	set to the length of the record
 * @span:	filled in
 *
 * Keys begin with a capital letter, heads with a hexadecimal digit in lower case.
 * The kernel reads size, resident memory and flags after it has printed the head.
 * If they contradict the head, the mapping has changed in between.
 *
 * Return: PARSE_MIXED for such a record, else as parse_maps_line().
 */
enum parse parse_smaps_record(const char *text, size_t len, size_t *used,
			      struct span *span);

/**
 * numa_name() - change a name of maps to the name that numa_maps shows
 * @span:	the span whose name is changed
 *
 * numa_maps shows the names of files, "heap" and "stack", but not [vdso], [anon:...] and
 * others.  Shared memory with a name of its own is a file for numa_maps only.
 */
void numa_name(struct span *span);

/**
 * parse_numa_line() - parse a line of numa_maps: "start policy word word=value..."
 * @text:	the line
 * @len:	bytes available
 * @used:	set to the length of the line
 * @span:	filled in
 *
 * The line has neither an end nor permissions.
 *
 * Return: as parse_maps_line().
 */
enum parse parse_numa_line(const char *text, size_t len, size_t *used,
			   struct span *span);

/**
 * parse_copied_span() - take an answer of PROCMAP_QUERY from a reading
 * @text:	a struct span, not aligned
 * @len:	bytes available
 * @used:	set to the size of struct span
 * @span:	filled in
 *
 * Return: PARSE_SPAN, or PARSE_END if there is no text.
 */
enum parse parse_copied_span(const char *text, size_t len, size_t *used,
			     struct span *span);

/**
 * reading_alloc() - allocate the memory of a reading
 * @reading:	filled in; must be passed to reading_free() also after an error
 * @size:	size of the text in bytes
 * @chunks:	largest number of calls
 *
 * Return: true on success.
 */
bool reading_alloc(struct reading *reading, size_t size, unsigned int chunks);

/** reading_free() - free the memory of a reading. */
void reading_free(struct reading *reading);

/**
 * reading_next() - parse the next record of a reading
 * @kind:	the file that was read
 * @reading:	the reading
 * @cursor:	the position, zeroed before the first call
 * @span:	filled in
 *
 * If a reading is not whole, its last record may be incomplete and is left out.
 *
 * Return: as @kind->parse.
 */
enum parse reading_next(const struct file_kind *kind,
			const struct reading *reading, struct cursor *cursor,
			struct span *span);

#endif /* PROC_MODEL_PARSE_H */
