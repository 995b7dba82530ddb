// SPDX-License-Identifier: GPL-2.0
/*
 * stage.c - build the stage, make its transitions, derive its layouts
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

#include "stage.h"
#include "../lib/util.h"
#include "../model/parse.h"
#include "reader.h"

/* Definitions that older C libraries do not have. */
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/*
 * Address that is tried first for the stage: above vm.mmap_min_addr, and below all
 * programs.
 */
#define STAGE_LOWEST 0x100000UL

/*
 * Address that is tried first for a stage too large for STAGE_LOWEST: above a program
 * that is not position-independent.
 */
#define STAGE_LOWEST_BIG 0x40000000UL

/*
 * Names of the mappings 'p' and 'q' (PR_SET_VMA_ANON_NAME).  Their length, 56 bytes,
 * is arbitrary: a copy that takes long is more likely to mix both.
 */
#define STAGE_NAME_P "pppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
#define STAGE_NAME_Q "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"

/*
 * Give pages the attribute of @letter: a name, userfaultfd, mlock() or madvise().
 * Return 0 or -errno.
 */
static int stage_set_attr(const struct stage *stage, unsigned int page,
			  unsigned int pages, char letter)
{
	void *addr = stage_addr(stage, page);
	size_t len = pages * stage->page;
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)addr, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int err = 0;

	switch (letter) {
	case 'p':
	case 'q':
		err = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, addr, len,
			    letter == 'p' ? STAGE_NAME_P : STAGE_NAME_Q);
		break;
	case 'l':
		err = mlock(addr, len);
		break;
	case 'd':
		err = madvise(addr, len, MADV_DONTDUMP);
		break;
	case 'u':
		err = ioctl(stage->uffd, UFFDIO_REGISTER, &reg);
		break;
	}
	return err ? -errno : 0;
}

/* Take the attribute of @letter away from pages; return 0 or -errno. */
static int stage_clear_attr(const struct stage *stage, unsigned int page,
			    unsigned int pages, char letter)
{
	void *addr = stage_addr(stage, page);
	size_t len = pages * stage->page;
	struct uffdio_range range = { .start = (uintptr_t)addr, .len = len };
	int err = 0;

	switch (letter) {
	case 'l':
		err = munlock(addr, len);
		break;
	case 'd':
		err = madvise(addr, len, MADV_DODUMP);
		break;
	case 'u':
		err = ioctl(stage->uffd, UFFDIO_UNREGISTER, &range);
		break;
	}
	return err ? -errno : 0;
}

int stage_map(const struct stage *stage, unsigned int page, unsigned int pages,
	      char letter)
{
	bool file = letter_is_file(letter);
	int flags = MAP_FIXED | (file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);
	void *p;

	if (letter == 'g')
		flags |= MAP_GROWSDOWN;
	p = mmap(stage_addr(stage, page), pages * stage->page,
		 letter_prot(letter), flags,
		 file ? stage->file[letter - 'A'] : -1,
		 file ? (off_t)(page * stage->page) : 0);

	return p == MAP_FAILED ? -errno : 0;
}

void stage_populate(void *addr, size_t len)
{
	size_t page = sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < len; i += page)
		stage_touch((char *)addr + i);
}

int stage_apply(const struct stage *stage, unsigned int index)
{
	const struct change *change = stage->change;
	const struct op *op = &change->op[index];
	void *addr = stage_addr(stage, op->page);
	size_t len = op->pages * stage->page;
	void *to = stage_addr(stage, op->to);
	void *p;

	switch (op->type) {
	case OP_PROTECT:
		return mprotect(addr, len, letter_prot(op->letter)) ? -errno : 0;
	case OP_MAP:
		return stage_map(stage, op->page, op->pages, op->letter);
	case OP_UNMAP:
		return munmap(addr, len) ? -errno : 0;
	case OP_RESIZE:
		p = mremap(addr, len, op->to * stage->page, 0);
		return p == MAP_FAILED ? -errno : 0;
	case OP_MOVE:
		p = mremap(addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		return p == MAP_FAILED ? -errno : 0;
	case OP_COPY:
		p = mremap(addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED |
			   MREMAP_DONTUNMAP, to);
		return p == MAP_FAILED ? -errno : 0;
	case OP_ATTR:
		if (op->letter == 'w')
			return stage_clear_attr(stage, op->page, op->pages,
						change->draw[index][op->page]);
		return stage_set_attr(stage, op->page, op->pages, op->letter);
	case OP_BRK:
		return syscall(SYS_brk, to) == (long)(uintptr_t)to ? 0 : -ENOMEM;
	case OP_TOUCH:
		stage_touch(addr);
		return 0;
	case OP_FILL:
		stage_populate(addr, len);
		return 0;
	case OP_DROP:
		return madvise(addr, len, MADV_DONTNEED) ? -errno : 0;
	}
	return -EINVAL;
}

/*
 * Map the first layout of the change; return 0 or -errno.
 *
 * Older kernels do not merge all mappings that newer ones merge.  Before 6.3 a
 * mapping that was writable once stays accounted and merges with no other one, so
 * each mapping is writable at first.  Before 6.16 a mapping with pages does not merge
 * with one that never had any, so each mapping is populated where the change uses
 * mlock(), which populates.
 */
static int stage_fill(const struct stage *stage)
{
	const char *draw = stage->change->draw[0];
	bool touch = strchr(stage->change->draw[1], 'l');
	unsigned int from, to, page;
	int err = 0;

	for (from = 0; draw[from] && !err; from = to) {
		to = draw_run(draw, from);
		if (draw[from] == '.')
			continue;
		err = stage_map(stage, from, to - from,
				letter_is_file(draw[from]) || draw[from] == 'g' ?
				draw[from] : 'w');
		for (page = from; page < to && touch && !err; page++)
			stage_touch(stage_addr(stage, page));
		if (!err && letter_prot(draw[from]) != letter_prot('w') &&
		    mprotect(stage_addr(stage, from), (to - from) * stage->page,
			     letter_prot(draw[from])))
			err = -errno;
		if (!err)
			err = stage_set_attr(stage, from, to - from,
					     draw[from]);
	}
	return err;
}

int stage_hold(const struct stage *stage, bool hold)
{
	const char *draw = stage->change->draw[0];
	unsigned int drawn = strlen(draw), page;
	int err = 0;

	if (stage->change->place != PLACE_STAGE)
		return 0;
	for (page = 0; page < STAGE_PAGES && !err; page++) {
		void *addr = stage_addr(stage, page), *p = addr;

		if (page < drawn && draw[page] != '.')
			continue;
		if (!hold)
			err = munmap(addr, stage->page) ? -errno : 0;
		else
			p = mmap(addr, stage->page, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS |
				 MAP_FIXED_NOREPLACE, -1, 0);
		if (p != addr)
			err = p == MAP_FAILED ? -errno : -EEXIST;
	}
	return err;
}

/*
 * Learn the permissions that maps shows for each protection of the pictures; return 0
 * or -errno.  The first page of the stage, which has no mapping yet, is used for it.
 */
static int stage_learn_perms(struct stage *stage, struct reader *maps,
			     struct reading *reading)
{
	static const char letters[] = "nrw";
	unsigned int i;

	for (i = 0; letters[i]; i++) {
		struct cursor cursor = { 0 };
		struct span span;
		int err = stage_map(stage, 0, 1, letters[i]);

		if (!err)
			err = reading_take(maps, reading);
		if (err)
			return err;
		while (reading_next(maps->kind, reading, &cursor, &span) ==
		       PARSE_SPAN)
			if (span.start == stage->base)
				memcpy(stage->perm[letter_prot(letters[i])],
				       span.perm, sizeof(span.perm));
	}
	return munmap(stage_addr(stage, 0), stage->page) ? -errno : 0;
}

/*
 * Find the last mapping with the name @name; @found->start is 0 where there is none.
 * Return 0 or -errno.
 */
static int stage_find(struct reader *maps, struct reading *reading,
		      const char *name, struct span *found)
{
	struct cursor cursor = { 0 };
	struct span span;
	int err = reading_take(maps, reading);

	found->start = 0;
	while (!err && reading_next(maps->kind, reading, &cursor, &span) ==
	       PARSE_SPAN)
		if (!strcmp(span.name, name))
			*found = span;
	return err;
}

/*
 * Reserve @len bytes of address space, aligned to @unit bytes; return MAP_FAILED where
 * that fails.  Low addresses are preferred: there all lines of maps have one length.
 */
static char *stage_find_space(size_t len, size_t unit)
{
	static const uintptr_t low[] = { STAGE_LOWEST, STAGE_LOWEST_BIG };
	size_t more = unit - sysconf(_SC_PAGESIZE), spare;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	unsigned int i;
	char *p;

	for (i = more > 0; i < 2; i++) {
		p = mmap((void *)low[i], len, PROT_NONE,
			 flags | MAP_FIXED_NOREPLACE, -1, 0);
		if (p != MAP_FAILED)
			return p;
	}
	p = mmap(NULL, len + more, PROT_NONE, flags, -1, 0);
	if (p == MAP_FAILED)
		return p;
	spare = -(uintptr_t)p & (unit - 1);
	if (spare)
		munmap(p, spare);
	if (more > spare)
		munmap(p + spare + len, more - spare);
	return p + spare;
}

/*
 * Map fillers and guards, and leave the stage between the guards unmapped; return 0
 * or -errno.  Fillers alternate between two protections, so that none merges.
 */
static int stage_reserve(struct stage *stage)
{
	unsigned long pages = stage->fillers + STAGE_PAGES + 2, i;
	char *p = stage_find_space(pages * stage->page, stage->page);

	if (p == MAP_FAILED)
		return -errno;
	for (i = 0; i < stage->fillers; i += 2)
		if (mprotect(p + i * stage->page, stage->page, PROT_READ))
			return -errno;
	if (stage->file[STAGE_PAD] >= 0 &&
	    mmap(p, stage->page, PROT_READ, MAP_SHARED | MAP_FIXED,
		 stage->file[STAGE_PAD], 0) == MAP_FAILED)
		return -errno;
	for (i = 0; i < 2; i++) {
		char *guard = p + (stage->fillers + i * (STAGE_PAGES + 1)) *
				  stage->page;

		if (mmap(guard, stage->page, PROT_READ, MAP_SHARED |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return -errno;
	}
	p += (stage->fillers + 1) * stage->page;
	stage->base = (uintptr_t)p;
	return munmap(p, STAGE_PAGES * stage->page) ? -errno : 0;
}

/*
 * Place the stage above all other mappings; return 0 or -errno.  It lies below one of
 * the ends that an address space may have: 47, 48, 38 or 39 bits, 3 GiB, or 4 GiB less
 * 8 KiB.
 */
static int stage_find_top(struct stage *stage, struct reader *maps,
			  struct reading *reading)
{
	static const uint64_t ends[] = {
		1ULL << 47, 1ULL << 48, 1ULL << 38, 1ULL << 39, 3ULL << 30,
		0xffffe000,
	};
	size_t len = (STAGE_PAGES + 2) * stage->page;
	struct cursor cursor = { 0 };
	struct span span;
	uint64_t last = 0;
	unsigned int i;
	int err = reading_take(maps, reading);

	while (!err && reading_next(maps->kind, reading, &cursor, &span) ==
	       PARSE_SPAN)
		if (!span_is_gate_vma(&span))
			last = span.end;
	for (i = 0; i < ARRAY_SIZE(ends) && !err; i++) {
		uint64_t base = ends[i] - 2 * len;
		void *p;

		if (ends[i] > UINTPTR_MAX || base < last)
			continue;
		p = mmap((void *)(uintptr_t)base, len, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			 -1, 0);
		if (p == MAP_FAILED)
			continue;
		munmap(p, len);
		stage->base = (uintptr_t)p;
		if (stage->base == base)
			return 0;
	}
	return err ? err : -ENOENT;
}

/*
 * Place the stage where the change needs it; return 0 or -errno.  At the heap the stage
 * begins at the aligned end of the heap, which then grows by four pages.  At the stack
 * it begins four pages below the stack.
 */
static int stage_find_place(struct stage *stage, struct reader *maps,
			    struct reading *reading)
{
	unsigned long mask = stage->page - 1;
	struct span stack;
	unsigned long brk;
	int err;

	switch (stage->change->place) {
	case PLACE_STAGE:
		return 0;
	case PLACE_HEAP:
		/* An argument of 64 bits would be misplaced where long has 32. */
		brk = (syscall(SYS_brk, 0) + mask) & ~mask;
		stage->base = brk;
		brk += 4 * stage->page;
		return (unsigned long)syscall(SYS_brk, brk) == brk ? 0 :
								     -ENOMEM;
	case PLACE_STACK:
		err = stage_find(maps, reading, "[stack]", &stack);
		stage->base = stack.start - 4 * stage->page;
		return err ? err : stack.start ? 0 : -ENOENT;
	case PLACE_TOP:
		return stage_find_top(stage, maps, reading);
	}
	return -EINVAL;
}

/* Open the userfaultfd of the stage; return 0 or -errno. */
static int stage_open_uffd(struct stage *stage)
{
	struct uffdio_api api = { .api = UFFD_API };

	stage->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (stage->uffd < 0)
		stage->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (stage->uffd < 0 || ioctl(stage->uffd, UFFDIO_API, &api))
		return -errno;
	return 0;
}

int stage_setup(struct stage *stage, const struct change *change,
		unsigned int fillers, size_t unit, const int file[STAGE_FILES])
{
	struct reader maps = { .kind = &file_maps, .buffer = READER_BUFFER };
	struct reading reading;
	int err;

	stage->change = change;
	stage->page = unit ? unit : (size_t)sysconf(_SC_PAGESIZE);
	stage->fillers = fillers;
	memcpy(stage->file, file, sizeof(stage->file));
	stage->uffd = -1;
	/* Never freed: the mappings of malloc() have to be constant. */
	if (!reading_alloc(&reading, READER_BUFFER + fillers * 128UL,
			   64 + fillers / 8))
		return -ENOMEM;
	err = reader_open(&maps, "self");
	if (err)
		return err;
	err = stage_reserve(stage);
	if (!err)
		err = stage_learn_perms(stage, &maps, &reading);
	if (!err)
		err = stage_find_place(stage, &maps, &reading);
	if (!err && (change->place == PLACE_STAGE || change->place == PLACE_TOP)) {
		if (strchr(change->draw[1], 'u'))
			err = stage_open_uffd(stage);
		if (!err)
			err = stage_fill(stage);
	}
	reader_close(&maps);
	return err;
}

/*
 * Fill @span with the mapping of one run of equal letters.  @outer is the mapping that
 * maps showed across the stage's end, which the run continues (heap, stack), or NULL.
 */
static void stage_span(const struct stage *stage, struct span *span,
		       unsigned int from, unsigned int to, char letter,
		       const struct span *outer)
{
	struct stat st;

	memset(span, 0, sizeof(*span));
	span->start = stage->base + from * stage->page;
	span->end = stage->base + to * stage->page;
	memcpy(span->perm, stage->perm[letter_prot(letter)],
	       sizeof(span->perm));
	switch (letter) {
	case 'p':
	case 'q':
		snprintf(span->name, SPAN_NAME, "[anon:%s]",
			 letter == 'p' ? STAGE_NAME_P : STAGE_NAME_Q);
		break;
	case 'A':
	case 'B':
	case 'C':
		span->perm[3] = 's';
		span->offset = from * stage->page;
		if (!fstat(stage->file[letter - 'A'], &st)) {
			span->inode = st.st_ino;
			span->major = major(st.st_dev);
			span->minor = minor(st.st_dev);
		}
		snprintf(span->name, SPAN_NAME, "/memfd:%c (deleted)",
			 letter == 'B' ? 'B' : 'A');
		break;
	case 'k':
		span_set_name(span, "[heap]", 6);
		break;
	case 'h':
	case 's':
		if (!outer)
			break;
		*span = *outer;
		if (letter == 'h')
			span->end = stage->base + to * stage->page;
		else
			span->start = stage->base + from * stage->page;
		break;
	}
}

void stage_layout(const struct stage *stage, const struct layout *rest,
		  unsigned int index, struct layout *out)
{
	const char *draw = stage->change->draw[index];
	uint64_t low = stage->base;
	uint64_t high = low + strlen(draw) * stage->page;
	const struct span *outer = NULL;
	unsigned int i = 0, from, to;

	out->nr = 0;
	for (; i < rest->nr && rest->span[i].end <= low; i++)
		out->span[out->nr++] = rest->span[i];
	for (; i < rest->nr && rest->span[i].start < high; i++)
		outer = &rest->span[i];
	for (from = 0; draw[from]; from = to) {
		to = draw_run(draw, from);
		if (draw[from] != '.')
			stage_span(stage, &out->span[out->nr++], from, to,
				   draw[from], outer);
	}
	for (; i < rest->nr; i++)
		out->span[out->nr++] = rest->span[i];
}
