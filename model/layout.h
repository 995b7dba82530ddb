/* SPDX-License-Identifier: GPL-2.0 */
/*
 * layout.h - what an address space looks like, as data
 *
 * A span is one VMA as user space sees it; a layout is a list of spans in
 * rising order, without overlap.  Nothing in here knows about /proc or makes a
 * system call, so all of it can be checked exhaustively (proc_maps_selftest).
 *
 * Addresses are 64 bits wide everywhere: a 32-bit reader may look at a 64-bit
 * process, and struct procmap_query is 64-bit on every architecture.
 */
#ifndef PROC_MODEL_LAYOUT_H
#define PROC_MODEL_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Longer names are compared by their first SPAN_NAME - 1 bytes. */
#define SPAN_NAME 128

/* Which fields of a span a file tells; numa_maps, say, has no end. */
enum span_field {
	SPAN_START = 1 << 0,
	SPAN_END = 1 << 1,
	SPAN_PERM = 1 << 2,
	SPAN_FILE = 1 << 3,	/* offset, device and inode */
	SPAN_LABEL = 1 << 4,	/* the name */
	SPAN_ALL = (1 << 5) - 1,
};

/**
 * struct span - one VMA
 * @start:	first byte
 * @end:	first byte behind it
 * @offset:	offset in the file, in bytes; 0 without a file
 * @inode:	inode of the file; 0 without one
 * @major:	device of the file
 * @minor:	device of the file
 * @perm:	"rwxp" as maps prints it
 * @name:	path, [heap], [anon:...] or nothing, as maps prints it
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
 * @span:	the spans, ascending
 */
struct layout {
	unsigned int nr;
	struct span *span;
};

/*
 * What get_gate_vma() adds behind all mappings on x86 and 32-bit group.  It is no
 * mapping of the process, and PROCMAP_QUERY does not find it.
 */
static inline bool span_is_gate_vma(const struct span *span)
{
	return !strcmp(span->name, "[vsyscall]") ||
	       !strcmp(span->name, "[vectors]");
}

/** span_differs() - the fields out of @fields in which two spans differ. */
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
 * layout_next() - the successor rule
 * @layout:	the layout
 * @pos:	the end of what was reported last, 0 at the beginning
 *
 * Return: the first span whose end is above @pos, or NULL behind the last.
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

/** layout_covering() - the span that @addr lies in, or NULL for a hole. */
static inline const struct span *layout_covering(const struct layout *layout,
						 uint64_t addr)
{
	const struct span *next = layout_next(layout, addr);

	return next && next->start <= addr ? next : NULL;
}

/**
 * layout_cut() - take a stretch of anonymous memory out of a layout
 * @layout:	has room for one span more
 * @from:	first byte
 * @to:		the byte behind
 */
void layout_cut(struct layout *layout, uint64_t from, uint64_t to);

/**
 * span_print() - a span in the notation of maps
 * @buf:	where to
 * @size:	how much fits
 * @span:	the span, or NULL for "end of file"
 *
 * Return: @buf.
 */
const char *span_print(char *buf, size_t size, const struct span *span);

/**
 * layout_draw() - a stretch of a layout as one line of a ruler picture
 * @buf:	where to; @pages + 1 bytes are written
 * @layout:	the layout
 * @base:	first byte of the stretch
 * @pages:	its length in pages
 * @page_size:	bytes per page
 *
 * One character a page: '.' is a hole, the last letter of the permissions that
 * is set stands for a mapping ('n' for none), and a capital marks the page
 * that a mapping starts with.
 *
 * Return: @buf.
 */
const char *layout_draw(char *buf, const struct layout *layout, uint64_t base,
			unsigned int pages, uint64_t page_size);

/* The last mapping of a layout; what the kernel adds of its own comes behind. */
const struct span *layout_last(const struct layout *layout);

void span_set_name(struct span *span, const char *name, size_t len);

#endif /* PROC_MODEL_LAYOUT_H */
