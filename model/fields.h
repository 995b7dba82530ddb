/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fields.h - compare an answer of PROCMAP_QUERY with the line of maps, field by field
 *
 * The code makes no system call and reads no /proc.
 */
#ifndef PROC_MODEL_FIELDS_H
#define PROC_MODEL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/procmap.h"
#include "layout.h"

/* Characters that numa_maps escapes in names; maps and smaps escape ESCAPED_BY_MAPS. */
#define NAME_ESCAPED_BY_NUMA "\n\t= "

/**
 * name_shown_as() - check how a file shows a name
 * @name:	the name
 * @len:	length of @name in bytes
 * @text:	what the file shows
 * @text_len:	length of @text in bytes
 * @set:	characters that the file escapes as a backslash and three octal digits
 *
 * No other character may be changed, and nothing may be left out.
 *
 * Return: true if @text is @name with the characters of @set escaped.
 */
bool name_shown_as(const char *name, size_t len, const char *text, size_t text_len,
		   const char *set);

/**
 * maps_line_name() - find the name in a line of maps
 * @line:	the line
 * @len:	length of the line in bytes, without the newline
 * @name_len:	set to the length of the name; 0 where there is none
 *
 * Return: position of the name.
 */
const char *maps_line_name(const char *line, size_t len, size_t *name_len);

/**
 * span_from_query() - take the fields of an answer that a line of maps has as well
 * @span:	filled in, but for its name
 * @query:	the answer
 */
void span_from_query(struct span *span, const struct procmap_query *query);

/**
 * query_field_differs() - compare an answer with the line of the same mapping
 * @query:	the answer
 * @name:	buffer for the name that the answer has filled in
 * @line:	line of maps, with its newline
 * @len:	length of the line in bytes, without the newline
 * @page_size:	bytes of a page of the mapping
 *
 * Return: the first field that differs, in words; NULL where none does.
 */
const char *query_field_differs(const struct procmap_query *query, const char *name,
				const char *line, size_t len, uint64_t page_size);

#endif /* PROC_MODEL_FIELDS_H */
