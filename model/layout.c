// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "layout.h"

void layout_cut(struct layout *layout, uint64_t from, uint64_t to)
{
	unsigned int i, n;

	for (i = 0; i < layout->nr; i++) {
		struct span *span = &layout->span[i];

		if (span->end <= from || span->start >= to)
			continue;
		n = layout->nr - i;
		if (span->start < from && span->end > to) {
			memmove(span + 1, span, n * sizeof(*span));
			span[0].end = from;
			span[1].start = to;
			layout->nr++;
			return;
		}
		if (span->start < from) {
			span->end = from;
		} else if (span->end > to) {
			span->start = to;
		} else {
			memmove(span, span + 1, (n - 1) * sizeof(*span));
			layout->nr--;
			i--;
		}
	}
}

const char *span_print(char *buf, size_t size, const struct span *span)
{
	if (!span)
		snprintf(buf, size, "end of file");
	else
		snprintf(buf, size, "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64
			 " %02x:%02x %" PRIu64 " %s", span->start, span->end,
			 span->perm, span->offset, span->major, span->minor,
			 span->inode, span->name);
	return buf;
}

const struct span *layout_last(const struct layout *layout)
{
	unsigned int n = layout->nr;

	if (n && span_is_gate_vma(&layout->span[n - 1]))
		n--;
	return n ? &layout->span[n - 1] : NULL;
}

void span_set_name(struct span *span, const char *name, size_t len)
{
	if (len > SPAN_NAME - 1)
		len = SPAN_NAME - 1;
	memcpy(span->name, name, len);
	span->name[len] = '\0';
}
