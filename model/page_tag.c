// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "page_tag.h"

uint64_t page_tag(uint32_t number, uint32_t generation)
{
	return (uint64_t)generation << 32 | number;
}

void page_write(void *page, size_t size, uint64_t tag)
{
	uint64_t *word = page;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++)
		word[i] = tag + i * PAGE_STEP;
}

bool page_check(const void *page, size_t size, uint64_t tag,
		struct mismatch *mismatch)
{
	uint64_t step = tag ? PAGE_STEP : 0, differs = 0;
	const uint64_t *word = page;
	size_t i, n = size / sizeof(*word);

	for (i = 0; i < n; i++)
		differs |= word[i] ^ (tag + i * step);
	if (!differs)
		return true;
	for (i = 0; i < n - 1 && word[i] == tag + i * step; i++)
		;
	mismatch->addr = (uintptr_t)page;
	mismatch->tag = tag;
	mismatch->offset = i * sizeof(*word);
	mismatch->found = word[i];
	return false;
}

const char *mismatch_print(char *buf, size_t size, const struct mismatch *mismatch)
{
	uint64_t was = mismatch->found -
		       mismatch->offset / sizeof(uint64_t) * PAGE_STEP;

	snprintf(buf, size, "%08" PRIx64 " should be %u of generation %u; "
		 "at byte %zu %016" PRIx64 ", as if %u of generation %u",
		 mismatch->addr, (uint32_t)mismatch->tag,
		 (uint32_t)(mismatch->tag >> 32), mismatch->offset, mismatch->found,
		 (uint32_t)was, (uint32_t)(was >> 32));
	return buf;
}

void tags_apply(const struct op *op, uint64_t *tag, size_t per)
{
	uint64_t *from = tag + op->page * per;
	size_t n = op->pages * per * sizeof(*tag);
	size_t i;

	switch (op->type) {
	case OP_MAP:
	case OP_UNMAP:
		memset(from, 0, n);
		break;
	case OP_RESIZE:
		for (i = op->to * per; i < op->pages * per; i++)
			from[i] = 0;
		break;
	case OP_MOVE:
	case OP_COPY:
		memcpy(tag + op->to * per, from, n);
		memset(from, 0, n);
		break;
	default:
		break;
	}
}
