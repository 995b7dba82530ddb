/* SPDX-License-Identifier: GPL-2.0 */
/*
 * layout.h - spans and layouts: an address space as data
 *
 * A span is one VMA as user space sees it.  A layout is a list of spans in ascending
 * order, without overlap.  The code makes no system call and reads no /proc, so that
 * proc_maps_selftest can test it exhaustively.
 *
 * Addresses have 64 bits on all architectures: a 32-bit reader may read the maps of
 * a 64-bit process, and struct procmap_query has 64-bit fields everywhere.
 */
#ifndef PROC_MODEL_LAYOUT_H
#define PROC_MODEL_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Size of a name in bytes, with the final 0.  Longer names are cut, which suffices to
 * tell the test's files apart.
 */
#define SPAN_NAME 128

/* Fields of a span; a file need not show all of them: numa_maps has no end. */
enum span_field {
	SPAN_START = 1 << 0,
	SPAN_END = 1 << 1,
	SPAN_PERM = 1 << 2,
	SPAN_FILE = 1 << 3,	/* offset, device and inode */
	SPAN_LABEL = 1 << 4,	/* name */
	SPAN_ALL = (1 << 5) - 1,
};

/**
 * struct span - one VMA
 * @start:	address of the first byte
 * @end:	address of the first byte behind it
 * @offset:	offset in the file in bytes; 0 without a file
 * @inode:	inode number of the file; 0 without a file
 * @major:	major number of the file's device
 * @minor:	minor number of the file's device
 * @perm:	permissions as maps prints them, such as "rw-p"
 * @name:	path, [heap], [anon:...] or an empty string, as maps prints it
 */
struct span {
	uint64_t start, end;
	uint64_t offset, inode;
	uint32_t major, minor;
	char perm[5];
	char name[SPAN_NAME];
};

/**
 * struct layout - an address space at one instant
 * @nr:		number of spans
 * @span:	the spans, by ascending address
 */
struct layout {
	unsigned int nr;
	struct span *span;
};

/**
 * span_is_gate_vma() - check whether a span is the gate VMA
 * @span:	a span
 *
 * maps shows the VMA of get_gate_vma() behind all mappings on x86 and 32-bit Arm.
 * It is no mapping of the process, and PROCMAP_QUERY does not find it.
 *
 * Return: true if it is.
 */
static inline bool span_is_gate_vma(const struct span *span)
{
	return !strcmp(span->name, "[vsyscall]") ||
	       !strcmp(span->name, "[vectors]");
}

/** span_differs() - get the fields of @fields in which two spans differ. */
static inline unsigned int span_differs(const struct span *a,
					const struct span *b,
					unsigned int fields)
{
	unsigned int diff = 0;

	if (a->start != b->start)
		diff |= SPAN_START;
	if (a->end != b->end)
		diff |= SPAN_END;
	if (memcmp(a->perm, b->perm, sizeof(a->perm)))
		diff |= SPAN_PERM;
	if (a->offset != b->offset || a->inode != b->inode ||
	    a->major != b->major || a->minor != b->minor)
		diff |= SPAN_FILE;
	if ((fields & SPAN_LABEL) && strcmp(a->name, b->name))
		diff |= SPAN_LABEL;
	return diff & fields;
}

/**
 * layout_next() - find the span that must follow in a reading
 * @layout:	the layout
 * @pos:	end of the last span reported, 0 at the beginning
 *
 * Return: the first span whose end is above @pos, or NULL if there is none.
 */
static inline const struct span *layout_next(const struct layout *layout,
					     uint64_t pos)
{
	unsigned int low = 0, high = layout->nr;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (layout->span[mid].end > pos)
			high = mid;
		else
			low = mid + 1;
	}
	return low < layout->nr ? &layout->span[low] : NULL;
}

/**
 * layout_cut() - remove a range of anonymous memory from a layout
 * @layout:	the layout; its array has space for one more span
 * @from:	address of the first byte of the range
 * @to:		address of the first byte behind it
 */
void layout_cut(struct layout *layout, uint64_t from, uint64_t to);

/**
 * span_print() - format a span as a line of maps
 * @buf:	filled in
 * @size:	size of @buf in bytes
 * @span:	the span; NULL is printed as "end of file"
 *
 * Return: @buf.
 */
const char *span_print(char *buf, size_t size, const struct span *span);

/**
 * layout_last() - find the last mapping of a layout
 * @layout:	the layout
 *
 * Return: the last span that is not the gate VMA, or NULL.
 */
const struct span *layout_last(const struct layout *layout);

/** span_set_name() - set a name of @len bytes, cut to the size of span->name. */
void span_set_name(struct span *span, const char *name, size_t len);

#endif /* PROC_MODEL_LAYOUT_H */
