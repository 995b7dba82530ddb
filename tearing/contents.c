// SPDX-License-Identifier: GPL-2.0
/*
 * contents.c - changes whose pages are drawn as well, and mappings that are always populated
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contents.h"
#include "../lib/child.h"
#include "../lib/machine.h"
#include "../lib/util.h"
#include "../model/parse.h"
#include "exhibit.h"
#include "reader.h"
#include "stage.h"

/* Drawings of what is constant.  Arbitrary, but each letter is there. */
#define CONTENT_PRIVATE "PPPPPPPP"
#define CONTENT_SHARED "F.F..FF."
#define CONTENT_COPIED "FPFFPPFF"
#define CONTENT_BOTH "DDDDDD"
#define CONTENT_LOCKED_PAGES "LL"

/* Permissions change, contents do not: the mapping is split and merged. */
const struct contents_row contents_protect = {
	.change = {
		.name = "protect", .nr = 2,
		.draw = { "wwwwwwww",
			  "wwwrrwww" },
		.op = { { OP_PROTECT, 3, 2, 'r' },
			{ OP_PROTECT, 3, 2, 'w' } },
	},
	.pages = { "PPPPPPPP",
		   "PPPPPPPP" },
};

/* A mapping comes, is populated, and goes. */
const struct contents_row contents_mapped = {
	.change = {
		.name = "mapped", .nr = 3,
		.draw = { "nn..nn",
			  "nnwwnn",
			  "nnwwnn" },
		.op = { { OP_MAP, 2, 2, 'w' },
			{ OP_FILL, 2, 2 },
			{ OP_UNMAP, 2, 2 } },
	},
	.pages = { "......",
		   "......",
		   "..PP.." },
};

/* The mapping stays, and some of its pages go and come. */
const struct contents_row contents_discard = {
	.change = {
		.name = "discard", .nr = 2,
		.draw = { "wwwwww",
			  "wwwwww" },
		.op = { { OP_DROP, 2, 2 },
			{ OP_FILL, 2, 2 } },
	},
	.pages = { "PPPPPP",
		   "PP..PP" },
};

/* Contents move with their mapping. */
const struct contents_row contents_move = {
	.change = {
		.name = "move", .nr = 2,
		.draw = { "nwwn....r",
			  "n..n.ww.r" },
		.op = { { OP_MOVE, 1, 2, 0, 5 },
			{ OP_MOVE, 5, 2, 0, 1 } },
	},
	.pages = { ".PP......",
		   ".....PP.." },
};

/* Pages of a mapping are locked, and unlocked again. */
const struct contents_row contents_lock = {
	.change = {
		.name = "lock", .nr = 2,
		.needs = "RLIMIT_MEMLOCK too small",
		.draw = { "wwwwww",
			  "wwllww" },
		.op = { { OP_ATTR, 2, 2, 'l' },
			{ OP_ATTR, 2, 2, 'w' } },
	},
	.pages = { "PPPPPP",
		   "PPLLPP" },
};

/* Another file is mapped over a part of the mapping of a file. */
const struct contents_row contents_file = {
	.change = {
		.name = "file", .nr = 4,
		.draw = { "AAAAAA",
			  "AABBAA",
			  "AABBAA",
			  "AAAAAA" },
		.op = { { OP_MAP, 2, 2, 'B' },
			{ OP_FILL, 2, 2 },
			{ OP_MAP, 2, 2, 'A' },
			{ OP_FILL, 2, 2 } },
	},
	.pages = { "FFFFFF",
		   "FF..FF",
		   "FFFFFF",
		   "FF..FF" },
};

struct contents_setup *contents_prepare(const struct contents_row *row, size_t page)
{
	struct contents_setup *setup = shared_alloc(sizeof(*setup));

	if (!setup)
		return NULL;
	setup->row = row;
	setup->page = page;
	setup->both = shared_alloc(strlen(CONTENT_BOTH) * page);
	if (setup->both)
		stage_populate(setup->both, strlen(CONTENT_BOTH) * page);
	return setup;
}

void contents_free(struct contents_setup *setup)
{
	if (!setup)
		return;
	if (setup->both)
		munmap(setup->both, strlen(CONTENT_BOTH) * setup->page);
	munmap(setup, sizeof(*setup));
}

/* Add an area that is the same in each layout; return 0, or -ENOMEM for no address. */
static int add_constant(struct contents_setup *setup, const char *addr, const char *draw)
{
	struct content_area *area = &setup->area[setup->nr++];
	unsigned int k;

	area->start = (uintptr_t)addr;
	for (k = 0; k < ORACLE_LAYOUTS; k++)
		area->draw[k] = draw;
	return addr ? 0 : -ENOMEM;
}

/* Write to the pages of a drawing that are not empty. */
static void populate(char *addr, const char *draw, size_t page)
{
	for (; addr && *draw; draw++, addr += page)
		if (*draw != '.')
			stage_populate(addr, page);
}

/* Map anonymous memory or a file for a drawing, and populate it; return 0 or -errno. */
static int add_mapping(struct contents_setup *setup, const char *draw, int flags, int fd)
{
	char *addr = map_apart(strlen(draw) * setup->page, PROT_READ | PROT_WRITE,
			       flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	populate(addr, draw, setup->page);
	return add_constant(setup, addr, draw);
}

/* Map a file privately; pages that are written to are copied.  Return 0 or -errno. */
static int add_copied(struct contents_setup *setup)
{
	size_t len = strlen(CONTENT_COPIED) * setup->page, i;
	int fd = syscall(SYS_memfd_create, "copied", 0);
	char *addr;

	if (fd < 0 || ftruncate(fd, len))
		return -errno;
	/* The pages of the file are written to once, and are dirty from then on. */
	addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		return -errno;
	stage_populate(addr, len);
	munmap(addr, len);
	addr = map_apart(len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	for (i = 0; addr && i < len; i += sysconf(_SC_PAGESIZE)) {
		if (CONTENT_COPIED[i / setup->page] == 'P')
			stage_touch(addr + i);
		else
			atomic_load((_Atomic char *)(addr + i));
	}
	return add_constant(setup, addr, CONTENT_COPIED);
}

/* Map memory that is locked; return 0 or -errno, and 0 where this user may not. */
static int add_locked(struct contents_setup *setup)
{
	size_t len = strlen(CONTENT_LOCKED_PAGES) * setup->page;
	char *addr = map_apart(len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

	if (!addr || mlock(addr, len))
		return 0;
	stage_populate(addr, len);
	return add_constant(setup, addr, CONTENT_LOCKED_PAGES);
}

int contents_begin(struct race *race, void *arg)
{
	struct contents_setup *setup = arg;
	const struct contents_row *row = setup->row;
	struct content_area *stage = &setup->area[setup->nr++];
	unsigned int k;
	int err;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (k = 0; k < 2; k++)
		if (ftruncate(race->file[k], STAGE_PAGES * setup->page))
			return -errno;
	stage->start = race->stage.base;
	for (k = 0; k < ORACLE_LAYOUTS; k++)
		stage->draw[k] = row->pages[k < row->change.nr ? k : 0];
	populate(stage_addr(&race->stage, 0), row->pages[0], setup->page);

	populate(setup->both, CONTENT_BOTH, setup->page);
	err = add_constant(setup, setup->both, CONTENT_BOTH);
	if (!err)
		err = add_mapping(setup, CONTENT_PRIVATE, MAP_PRIVATE, -1);
	if (!err)
		err = add_mapping(setup, CONTENT_SHARED, MAP_SHARED, -1);
	if (!err)
		err = add_copied(setup);
	return err ? err : add_locked(setup);
}

struct contents contents_known(const struct contents_setup *setup)
{
	return (struct contents){
		.area = setup->area,
		.nr = setup->nr,
		.page = setup->page,
		.unit = sysconf(_SC_PAGESIZE),
	};
}

int rollup_read(int fd, struct numbers *numbers)
{
	char text[4096];
	ssize_t got = pread(fd, text, sizeof(text), 0);

	if (got < 0)
		return -errno;
	numbers_of_smaps(text, got, numbers);
	return 0;
}

unsigned int contents_smaps_sum(const struct context *context, struct numbers *sum)
{
	struct cursor cursor = { 0 };
	unsigned int n = 0, i;
	struct span span;

	memset(sum, 0, sizeof(*sum));
	while (reading_next(&file_smaps, &context->reading, &cursor, &span) == PARSE_SPAN) {
		struct numbers one;

		numbers_of_smaps(context->reading.text + cursor.record,
				 cursor.pos - cursor.record, &one);
		for (i = 0; i < NR_SMAPS; i++)
			sum->value[i] += one.value[i];
		n++;
	}
	return n;
}

uint64_t pages_moved(void)
{
	static const char *const counters[] = {
		"pgmigrate_success", "pgmigrate_fail", "pswpin", "pswpout", "zswpin", "zswpout",
	};
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		sum += machine_count("/proc/vmstat", counters[i]);
	return sum;
}
