// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "fields.h"
#include "parse.h"

bool name_shown_as(const char *name, size_t len, const char *text, size_t text_len,
		   const char *set)
{
	const char *end = text + text_len;
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = name[i];

		if (!c || !strchr(set, c)) {
			if (text == end || (unsigned char)*text++ != c)
				return false;
			continue;
		}
		if (end - text < 4 || text[0] != '\\' || text[1] != '0' + (c >> 6) ||
		    text[2] != '0' + (c >> 3 & 7) || text[3] != '0' + (c & 7))
			return false;
		text += 4;
	}
	return text == end;
}

const char *maps_line_name(const char *line, size_t len, size_t *name_len)
{
	const char *end = line + len;
	unsigned int words;

	for (words = 0; words < 5; words++) {
		while (line < end && *line == ' ')
			line++;
		while (line < end && *line != ' ')
			line++;
	}
	while (line < end && *line == ' ')
		line++;
	*name_len = end - line;
	return line;
}

void span_from_query(struct span *span, const struct procmap_query *query)
{
	span->start = query->vma_start;
	span->end = query->vma_end;
	span->offset = query->vma_offset;
	span->inode = query->inode;
	span->major = query->dev_major;
	span->minor = query->dev_minor;
	span->perm[0] = query->vma_flags & PROCMAP_QUERY_VMA_READABLE ? 'r' : '-';
	span->perm[1] = query->vma_flags & PROCMAP_QUERY_VMA_WRITABLE ? 'w' : '-';
	span->perm[2] = query->vma_flags & PROCMAP_QUERY_VMA_EXECUTABLE ? 'x' : '-';
	span->perm[3] = query->vma_flags & PROCMAP_QUERY_VMA_SHARED ? 's' : 'p';
	span->perm[4] = '\0';
}

const char *query_field_differs(const struct procmap_query *query, const char *name,
				const char *line, size_t len, uint64_t page_size)
{
	struct span shown, answer = { .name = "" };
	size_t text_len, name_len = query->vma_name_size, used;
	const char *text = maps_line_name(line, len, &text_len);
	unsigned int diff;

	if (parse_maps_line(line, len + 1, &used, &shown) != PARSE_SPAN)
		return "line";
	span_from_query(&answer, query);
	diff = span_differs(&answer, &shown, SPAN_ALL & ~SPAN_LABEL);
	if (diff & SPAN_START)
		return "start";
	if (diff & SPAN_END)
		return "end";
	if (diff & SPAN_PERM)
		return "flags";
	if (answer.offset != shown.offset)
		return "offset";
	if (answer.major != shown.major || answer.minor != shown.minor)
		return "device";
	if (answer.inode != shown.inode)
		return "inode";
	if (query->vma_flags & ~(PROCMAP_QUERY_VMA_READABLE | PROCMAP_QUERY_VMA_WRITABLE |
				 PROCMAP_QUERY_VMA_EXECUTABLE | PROCMAP_QUERY_VMA_SHARED))
		return "flags without a meaning";
	if (query->vma_page_size != page_size)
		return "page size";
	if (!name_len)
		return text_len ? "name" : NULL;
	if (name[name_len - 1] || strlen(name) != name_len - 1)
		return "name size";
	return name_shown_as(name, name_len - 1, text, text_len, ESCAPED_BY_MAPS) ? NULL :
										   "name";
}
