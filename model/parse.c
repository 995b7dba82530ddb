// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "../lib/machine.h"

/* Characters that numa_maps escapes in names. */
#define ESCAPED_BY_NUMA "\n\t= "

/*
 * parse_hex(), parse_decimal() and parse_char() parse one element at @p.  They return
 * the position behind it, or NULL if it is not there.  parse_char() accepts NULL.
 */
static const char *parse_hex(const char *p, const char *end, uint64_t *value)
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

static const char *parse_decimal(const char *p, const char *end,
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

static const char *parse_char(const char *p, const char *end, char c)
{
	return p && p < end && *p == c ? p + 1 : NULL;
}

void span_escape_name(struct span *span, const char *name, size_t len,
		      const char *set)
{
	size_t i, n = 0;

	/* The common case: nothing to escape. */
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
	/* snprintf() returns the untruncated length. */
	span->name[n < SPAN_NAME ? n : SPAN_NAME - 1] = '\0';
}

static bool perm_is_sane(const char *perm)
{
	return strchr("r-", perm[0]) && strchr("w-", perm[1]) &&
	       strchr("x-", perm[2]) && strchr("ps", perm[3]);
}

enum parse parse_maps_line(const char *text, size_t len, size_t *used,
			   struct span *span)
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

/* Parses "Key:   N kB" at @line; returns false if the key is another one. */
static bool smaps_value(const char *line, const char *end, const char *key,
			uint64_t *kb)
{
	size_t len = strlen(key);

	if ((size_t)(end - line) < len || memcmp(line, key, len))
		return false;
	for (line += len; line < end && *line == ' '; line++)
		;
	return parse_decimal(line, end, kb);
}

/* Returns true if the two letters @flag are a word of @line. */
static bool smaps_flag(const char *line, const char *end, const char *flag)
{
	for (; end - line >= 3; line++)
		if (line[0] == ' ' && line[1] == flag[0] && line[2] == flag[1] &&
		    (end - line == 3 || line[3] == ' '))
			return true;
	return false;
}

/* Returns true if @line is "VmFlags: rd wr ..." and contradicts the permissions. */
static bool smaps_flags_differ(const char *line, const char *end,
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

enum parse parse_smaps_record(const char *text, size_t len, size_t *used,
			      struct span *span)
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
	/* Before 6.5 a stack grows under mmap_lock held for read, as smaps holds it. */
	if (!strcmp(span->name, "[stack]") && kernel_release() < KERNEL(6, 5))
		return PARSE_SPAN;
	if (size_kb != (span->end - span->start) / 1024 || rss_kb > size_kb ||
	    differs)
		return PARSE_MIXED;
	return PARSE_SPAN;
}

void numa_name(struct span *span)
{
	static const char shared[] = "[anon_shmem:";
	const struct span as_in_maps = *span;
	const char *name = as_in_maps.name;

	/* Shared memory has a file, of which maps shows the name of the memory only. */
	if (!strncmp(name, shared, strlen(shared)))
		name = "/dev/zero (deleted)";
	/* A file need not have a path: "anon_inode:[io_uring]". */
	if (name[0] != '[')
		span_escape_name(span, name, strlen(name), ESCAPED_BY_NUMA);
	else if (strcmp(name, "[heap]") && strcmp(name, "[stack]"))
		span->name[0] = '\0';
}

enum parse parse_numa_line(const char *text, size_t len, size_t *used,
			   struct span *span)
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

enum parse parse_copied_span(const char *text, size_t len, size_t *used,
			     struct span *span)
{
	*used = sizeof(*span);
	if (!len)
		return PARSE_END;
	memcpy(span, text, sizeof(*span));
	return PARSE_SPAN;
}

bool reading_alloc(struct reading *reading, size_t size, unsigned int chunks)
{
	memset(reading, 0, sizeof(*reading));
	reading->text = malloc(size);
	reading->chunk = malloc(chunks * sizeof(*reading->chunk));
	reading->size = size;
	reading->max_chunks = chunks;
	return reading->text && reading->chunk;
}

void reading_free(struct reading *reading)
{
	free(reading->text);
	free(reading->chunk);
	reading->text = NULL;
	reading->chunk = NULL;
}

enum parse reading_next(const struct file_kind *kind,
			const struct reading *reading, struct cursor *cursor,
			struct span *span)
{
	const char *text = reading->text + cursor->pos;
	size_t used, left = reading->len - cursor->pos;
	enum parse parsed = kind->parse(text, left, &used, span);

	if (!reading->whole && used == left &&
	    (parsed == PARSE_BAD || kind->lines))
		return PARSE_END;
	while (cursor->chunk < reading->nr_chunks &&
	       cursor->pos >= reading->chunk[cursor->chunk].end)
		cursor->chunk++;
	cursor->record = cursor->pos;
	cursor->pos += used;
	return parsed;
}
