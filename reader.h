/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reader.h - one pass over a /proc file, as spans
 *
 * A pass is taken first and parsed later: between two read()s nothing happens
 * but a look at the changer's sequence number, so that each line is known to
 * have been looked up between two values of it.  A line belongs to the read()
 * that returned its first byte, since seq_file looks a record up in the read()
 * in which it begins, however small the buffer is (see looked_up_early()).
 */
#ifndef PROC_READER_H
#define PROC_READER_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "layout.h"
#include "machine.h"
#include "procmap.h"

/**
 * struct chunk - what one read() or ioctl() returned
 * @end:	bytes of the pass up to its end
 * @before:	the changer's sequence number before the call
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
	PARSE_TORN = -1,	/* a record that contradicts itself */
	PARSE_END = 0,
	PARSE_SPAN = 1,
};

struct reader;

/**
 * struct file_kind - a file of /proc/PID that tells of mappings
 * @name:	for people
 * @path:	below /proc/PID
 * @fields:	what it tells of a span
 * @gate:	whether it shows the gate area (span_is_gate())
 * @slow:	each record walks page tables
 * @call:	one read() or its like: appends to the reading, returns the
 *		bytes it brought, 0 at the end of the file, or -errno
 * @parse:	takes the record at @text, sets @used to its length
 */
struct file_kind {
	const char *name;
	const char *path;
	unsigned int fields;
	bool gate;
	bool slow;

	ssize_t (*call)(const struct reader *reader, struct reading *reading);
	enum parse (*parse)(const char *text, size_t len, size_t *used,
			    struct span *span);
};

/**
 * struct reader - how a file is read
 * @kind:	which file
 * @fd:		opened by reader_open()
 * @buffer:	bytes per read()
 * @limit:	stop when this many bytes were read; 0 reads to the end
 * @seq:	the changer's sequence number, or NULL
 */
struct reader {
	const struct file_kind *kind;
	int fd;
	size_t buffer;
	size_t limit;
	const atomic_uint *seq;
};

/* --- parsing ------------------------------------------------------------- */

static inline const char *parse_hex(const char *p, const char *end,
				    uint64_t *value)
{
	const char *begin = p;

	for (*value = 0; p < end; p++) {
		unsigned int digit;

		if (*p >= '0' && *p <= '9')
			digit = *p - '0';
		else if (*p >= 'a' && *p <= 'f')
			digit = *p - 'a' + 10;
		else
			break;
		if (*value >> 60)
			return NULL;
		*value = *value << 4 | digit;
	}
	return p == begin ? NULL : p;
}

static inline const char *parse_decimal(const char *p, const char *end,
					uint64_t *value)
{
	const char *begin = p;

	for (*value = 0; p < end && *p >= '0' && *p <= '9'; p++) {
		if (*value > (UINT64_MAX - 9) / 10)
			return NULL;
		*value = *value * 10 + (*p - '0');
	}
	return p == begin ? NULL : p;
}

static inline const char *parse_char(const char *p, const char *end, char c)
{
	return p && p < end && *p == c ? p + 1 : NULL;
}

static inline void span_set_name(struct span *span, const char *name,
				 size_t len)
{
	if (len > SPAN_NAME - 1)
		len = SPAN_NAME - 1;
	memcpy(span->name, name, len);
	span->name[len] = '\0';
}

/*
 * How names are compared: as maps and smaps print them.  These escape a newline
 * as "\012" and nothing else, not even a backslash, so that a file that really is
 * called "\012" looks the same there: what was escaped cannot be told, and what
 * is yet to be escaped can.  numa_maps escapes blanks, tabs and '=' as well;
 * PROCMAP_QUERY escapes nothing.
 */
#define ESCAPED_BY_MAPS "\n"
#define ESCAPED_BY_NUMA "\n\t= "

/**
 * span_escape_name() - set a name, with some characters as three octal digits
 * @span:	the name is set in it
 * @name:	the name, which is not that of @span, and ends with a 0
 * @len:	its length
 * @set:	what is escaped
 */
static inline void span_escape_name(struct span *span, const char *name,
				    size_t len, const char *set)
{
	size_t i, n = 0;

	/* Of nearly all names. */
	if (!len || strcspn(name, set) == len) {
		span_set_name(span, name, len);
		return;
	}
	for (i = 0; i < len && n < SPAN_NAME - 1; i++) {
		if (strchr(set, name[i]))
			n += snprintf(span->name + n, SPAN_NAME - n, "\\%03o",
				      (unsigned char)name[i]);
		else
			span->name[n++] = name[i];
	}
	/* A name that is too long may end within the digits. */
	span->name[n < SPAN_NAME ? n : SPAN_NAME - 1] = '\0';
}

static inline bool perm_is_sane(const char *perm)
{
	return strchr("r-", perm[0]) && strchr("w-", perm[1]) &&
	       strchr("x-", perm[2]) && strchr("ps", perm[3]);
}

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
static inline enum parse parse_maps_line(const char *text, size_t len,
					 size_t *used, struct span *span)
{
	const char *end = memchr(text, '\n', len), *p;
	uint64_t major, minor;

	*used = len;
	if (!len)
		return PARSE_END;
	if (!end)
		return PARSE_BAD;
	*used = end + 1 - text;

	p = parse_hex(text, end, &span->start);
	p = parse_char(p, end, '-');
	p = p ? parse_hex(p, end, &span->end) : NULL;
	p = parse_char(p, end, ' ');
	if (!p || end - p < 5 || !perm_is_sane(p))
		return PARSE_BAD;
	memcpy(span->perm, p, 4);
	span->perm[4] = '\0';
	p = parse_char(p + 4, end, ' ');
	p = p ? parse_hex(p, end, &span->offset) : NULL;
	p = parse_char(p, end, ' ');
	p = p ? parse_hex(p, end, &major) : NULL;
	p = parse_char(p, end, ':');
	p = p ? parse_hex(p, end, &minor) : NULL;
	p = parse_char(p, end, ' ');
	p = p ? parse_decimal(p, end, &span->inode) : NULL;
	if (!p || (p < end && *p != ' ') || span->start >= span->end)
		return PARSE_BAD;
	span->major = major;
	span->minor = minor;
	while (p < end && *p == ' ')
		p++;
	span_set_name(span, p, end - p);
	return PARSE_SPAN;
}

/* Reads "Key:   N kB" at @line; false where the key is another. */
static inline bool smaps_value(const char *line, const char *end,
			       const char *key, uint64_t *kb)
{
	size_t len = strlen(key);

	if ((size_t)(end - line) < len || memcmp(line, key, len))
		return false;
	for (line += len; line < end && *line == ' '; line++)
		;
	return parse_decimal(line, end, kb);
}

/* Whether the two letters @flag stand in the words at @line. */
static inline bool smaps_flag(const char *line, const char *end,
			      const char *flag)
{
	for (; end - line >= 3; line++)
		if (line[0] == ' ' && line[1] == flag[0] && line[2] == flag[1] &&
		    (end - line == 3 || line[3] == ' '))
			return true;
	return false;
}

/* "VmFlags: rd wr ..." against the permissions in the head; true if unlike. */
static inline bool smaps_flags_differ(const char *line, const char *end,
				      const struct span *span)
{
	static const char key[] = "VmFlags:";

	if ((size_t)(end - line) < sizeof(key) ||
	    memcmp(line, key, sizeof(key) - 1))
		return false;
	return smaps_flag(line, end, "rd") != (span->perm[0] == 'r') ||
	       smaps_flag(line, end, "wr") != (span->perm[1] == 'w') ||
	       smaps_flag(line, end, "ex") != (span->perm[2] == 'x') ||
	       smaps_flag(line, end, "ms") != (span->perm[3] == 's');
}

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
static inline enum parse parse_smaps_record(const char *text, size_t len,
					    size_t *used, struct span *span)
{
	enum parse parsed = parse_maps_line(text, len, used, span);
	uint64_t size_kb = 0, rss_kb = 0;
	bool differs = false;

	if (parsed != PARSE_SPAN)
		return parsed;
	while (*used < len && text[*used] >= 'A' && text[*used] <= 'Z') {
		const char *line = text + *used;
		const char *end = memchr(line, '\n', len - *used);

		if (!end) {
			*used = len;
			return PARSE_BAD;
		}
		smaps_value(line, end, "Size:", &size_kb);
		smaps_value(line, end, "Rss:", &rss_kb);
		differs |= smaps_flags_differ(line, end, span);
		*used += end + 1 - line;
	}
	/* Before 6.5 a stack grows under the read lock, also meanwhile. */
	if (!strcmp(span->name, "[stack]") && kernel_release() < KERNEL(6, 5))
		return PARSE_SPAN;
	if (size_kb != (span->end - span->start) / 1024 || rss_kb > size_kb ||
	    differs)
		return PARSE_TORN;
	return PARSE_SPAN;
}

/**
 * numa_name() - what numa_maps says of a name
 * @span:	the name is changed in it
 *
 * It has paths, "heap" and "stack"; nothing of [vdso], [anon:...] and the like.
 */
static inline void numa_name(struct span *span)
{
	const struct span as_in_maps = *span;

	if (span->name[0] == '/')
		span_escape_name(span, as_in_maps.name,
				 strlen(as_in_maps.name), ESCAPED_BY_NUMA);
	else if (strcmp(span->name, "[heap]") && strcmp(span->name, "[stack]"))
		span->name[0] = '\0';
}

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
static inline enum parse parse_numa_line(const char *text, size_t len,
					 size_t *used, struct span *span)
{
	const char *end = memchr(text, '\n', len), *p;

	*used = len;
	if (!len)
		return PARSE_END;
	if (!end)
		return PARSE_BAD;
	*used = end + 1 - text;

	memset(span, 0, offsetof(struct span, name) + 1);
	p = parse_hex(text, end, &span->start);
	if (!parse_char(p, end, ' '))
		return PARSE_BAD;
	while (p < end) {
		const char *word = p + 1;

		p = memchr(word, ' ', end - word);
		if (!p)
			p = end;
		if (p - word > 5 && !memcmp(word, "file=", 5))
			span_set_name(span, word + 5, p - word - 5);
		else if (p - word == 4 && !memcmp(word, "heap", 4))
			span_set_name(span, "[heap]", 6);
		else if (p - word == 5 && !memcmp(word, "stack", 5))
			span_set_name(span, "[stack]", 7);
	}
	return PARSE_SPAN;
}

static inline enum parse parse_copied_span(const char *text, size_t len,
					   size_t *used, struct span *span)
{
	*used = sizeof(*span);
	if (!len)
		return PARSE_END;
	memcpy(span, text, sizeof(*span));
	return PARSE_SPAN;
}

/* --- reading ------------------------------------------------------------- */

static inline ssize_t call_read(const struct reader *reader,
				struct reading *reading)
{
	size_t room = reading->size - reading->len;
	ssize_t got = read(reader->fd, reading->text + reading->len,
			   reader->buffer < room ? reader->buffer : room);

	if (got < 0)
		return -errno;
	reading->len += got;
	return got;
}

/**
 * query_ask() - one PROCMAP_QUERY
 * @fd:		an open /proc/PID/maps
 * @addr:	the address asked for
 * @flags:	PROCMAP_QUERY_* flags
 * @named:	ask for the name as well, which takes longer
 * @span:	filled in where there is an answer
 *
 * Return: 0, or -errno (-ENOENT: no such mapping).
 */
static inline int query_ask(int fd, uint64_t addr, uint64_t flags, bool named,
			    struct span *span)
{
	char name[PATH_MAX];
	struct procmap_query query = {
		.size = sizeof(query),
		.query_flags = flags,
		.query_addr = addr,
		.vma_name_addr = named ? (uintptr_t)name : 0,
		.vma_name_size = named ? sizeof(name) : 0,
	};

	if (ioctl(fd, PROCMAP_QUERY, &query))
		return -errno;
	span->start = query.vma_start;
	span->end = query.vma_end;
	span->offset = query.vma_offset;
	span->inode = query.inode;
	span->major = query.dev_major;
	span->minor = query.dev_minor;
	span->perm[0] = query.vma_flags & PROCMAP_QUERY_VMA_READABLE ? 'r' : '-';
	span->perm[1] = query.vma_flags & PROCMAP_QUERY_VMA_WRITABLE ? 'w' : '-';
	span->perm[2] = query.vma_flags & PROCMAP_QUERY_VMA_EXECUTABLE ? 'x' : '-';
	span->perm[3] = query.vma_flags & PROCMAP_QUERY_VMA_SHARED ? 's' : 'p';
	span->perm[4] = '\0';
	span_escape_name(span, name, query.vma_name_size ?
				     query.vma_name_size - 1 : 0,
			 ESCAPED_BY_MAPS);
	return 0;
}

/* A walk with COVERING_OR_NEXT_VMA goes from mapping to mapping like a read. */
static inline ssize_t call_query(const struct reader *reader,
				 struct reading *reading)
{
	struct span span, last = { .end = 0 };
	int err;

	/* Not what another file has left there. */
	if (reading->len % sizeof(last))
		return -EINVAL;
	if (reading->len)
		memcpy(&last, reading->text + reading->len - sizeof(last),
		       sizeof(last));
	if (reading->size - reading->len < sizeof(span))
		return -ENOSPC;
	err = query_ask(reader->fd, last.end,
			PROCMAP_QUERY_COVERING_OR_NEXT_VMA, true, &span);
	if (err)
		return err == -ENOENT ? 0 : err;
	memcpy(reading->text + reading->len, &span, sizeof(span));
	reading->len += sizeof(span);
	return sizeof(span);
}

static const struct file_kind file_maps = {
	.name = "maps", .path = "maps", .fields = SPAN_ALL, .gate = true,
	.call = call_read, .parse = parse_maps_line,
};

static const struct file_kind file_smaps = {
	.name = "smaps", .path = "smaps", .fields = SPAN_ALL, .gate = true,
	.slow = true,
	.call = call_read, .parse = parse_smaps_record,
};

static const struct file_kind file_numa_maps = {
	.name = "numa_maps", .path = "numa_maps",
	.fields = SPAN_START | SPAN_LABEL, .gate = false, .slow = true,
	.call = call_read, .parse = parse_numa_line,
};

static const struct file_kind file_query = {
	.name = "query", .path = "maps", .fields = SPAN_ALL,
	.gate = false, .call = call_query, .parse = parse_copied_span,
};

/**
 * reading_alloc() - memory for passes
 * @reading:	filled in
 * @size:	bytes of text
 * @chunks:	number of read()s
 *
 * Return: false where there is none; reading_free() frees it in any case.
 */
static inline bool reading_alloc(struct reading *reading, size_t size,
				 unsigned int chunks)
{
	memset(reading, 0, sizeof(*reading));
	reading->text = malloc(size);
	reading->chunk = malloc(chunks * sizeof(*reading->chunk));
	reading->size = size;
	reading->max_chunks = chunks;
	return reading->text && reading->chunk;
}

static inline void reading_free(struct reading *reading)
{
	free(reading->text);
	free(reading->chunk);
	reading->text = NULL;
	reading->chunk = NULL;
}

/** reading_call() - one more read(); returns its bytes, 0 or -errno. */
static inline ssize_t reading_call(const struct reader *reader,
				   struct reading *reading)
{
	struct chunk *chunk = &reading->chunk[reading->nr_chunks];
	ssize_t got;

	if (reading->nr_chunks == reading->max_chunks ||
	    reading->len == reading->size)
		return -ENOSPC;
	chunk->before = reader->seq ? atomic_load(reader->seq) : 0;
	got = reader->kind->call(reader, reading);
	chunk->after = reader->seq ? atomic_load(reader->seq) : 0;
	if (got < 0)
		return got;
	chunk->end = reading->len;
	reading->nr_chunks++;
	reading->whole = !got;
	return got;
}

/** reading_begin() - go back to the beginning of the file. */
static inline int reading_begin(const struct reader *reader,
				struct reading *reading)
{
	reading->len = 0;
	reading->nr_chunks = 0;
	reading->whole = false;
	return lseek(reader->fd, 0, SEEK_SET) ? -errno : 0;
}

/**
 * reading_go_on() - read up to the end of the file, or the reader's limit
 * @reader:	how
 * @reading:	appended to
 *
 * Return: 0, or -errno: -ESRCH where the process is gone, -ENOSPC where the
 * reading does not fit.
 */
static inline int reading_go_on(const struct reader *reader,
				struct reading *reading)
{
	ssize_t got;

	do {
		got = reading_call(reader, reading);
	} while (got > 0 && (!reader->limit || reading->len < reader->limit));
	return got < 0 ? got : 0;
}

/** reading_take() - one pass from the beginning. */
static inline int reading_take(const struct reader *reader,
			       struct reading *reading)
{
	int err = reading_begin(reader, reading);

	return err ? err : reading_go_on(reader, reading);
}

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
static inline enum parse reading_next(const struct file_kind *kind,
				      const struct reading *reading,
				      struct cursor *cursor, struct span *span)
{
	const char *text = reading->text + cursor->pos;
	size_t used, left = reading->len - cursor->pos;
	enum parse parsed = kind->parse(text, left, &used, span);

	if (!reading->whole && used == left &&
	    (parsed == PARSE_BAD || kind->parse == parse_smaps_record))
		return PARSE_END;
	while (cursor->chunk < reading->nr_chunks &&
	       cursor->pos >= reading->chunk[cursor->chunk].end)
		cursor->chunk++;
	cursor->record = cursor->pos;
	cursor->pos += used;
	return parsed;
}

/**
 * reader_open() - open a file of a process
 * @reader:	its @kind is set
 * @dir:	"self", a PID, or "PID/task/TID", below /proc
 *
 * Return: 0 or -errno; -ENOTTY where the kernel has no PROCMAP_QUERY, -EIO where
 * it has one that finds nothing.
 */
static inline int reader_open(struct reader *reader, const char *dir)
{
	char path[128];
	struct span span;

	snprintf(path, sizeof(path), "/proc/%s/%s", dir, reader->kind->path);
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		return -errno;
	if (reader->kind->call == call_query) {
		int err = query_ask(reader->fd, 0,
				    PROCMAP_QUERY_COVERING_OR_NEXT_VMA, true,
				    &span);

		if (err) {
			close(reader->fd);
			reader->fd = -1;
			/* No errno that opening the file may have. */
			return err == -ENOTTY || err == -ESRCH ? err : -EIO;
		}
	}
	return 0;
}

static inline void reader_close(struct reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
}

#endif /* PROC_READER_H */
