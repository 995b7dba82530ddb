/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_query.h - PROCMAP_QUERY's filters, and its bad use
 */
#ifndef PROC_TEST_QUERY_H
#define PROC_TEST_QUERY_H

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/futex.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../lib/procmap.h"
#include "../lib/random.h"
#include "../lib/util.h"
#include "../model/change.h"
#include "../model/judge.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/tally.h"
#include "context.h"
#include "evidence.h"
#include "harness.h"
#include "modifier.h"
#include "reader.h"
#include "run.h"
#include "stage.h"
#include "watchdog.h"

FIXTURE(query) {
	struct context context;
};

FIXTURE_SETUP(query)
{
}

FIXTURE_TEARDOWN(query)
{
	context_close(_metadata, &self->context);
}

/* One combination of flags, from 0 to QUESTIONS - 1. */
#define QUESTIONS 64

static void question_make(struct question *question, uint64_t addr,
			  unsigned int flags)
{
	question->addr = addr;
	question->or_next = flags & PROCMAP_QUERY_COVERING_OR_NEXT_VMA;
	question->file = flags & PROCMAP_QUERY_FILE_BACKED_VMA;
	memcpy(question->perm, "----", 5);
	if (flags & PROCMAP_QUERY_VMA_READABLE)
		question->perm[0] = 'r';
	if (flags & PROCMAP_QUERY_VMA_WRITABLE)
		question->perm[1] = 'w';
	if (flags & PROCMAP_QUERY_VMA_EXECUTABLE)
		question->perm[2] = 'x';
	if (flags & PROCMAP_QUERY_VMA_SHARED)
		question->perm[3] = 's';
}

/*
 * Asks once, and judges; a wrong answer is printed.  Where only edges are of
 * interest, nothing is done that takes long: no name, which is none there, and
 * no look at answers that no transition overlapped.
 */
static int ask_and_check(struct context *context, uint64_t addr, unsigned int flags,
			 bool edge, struct counters *counters)
{
	_Atomic uint32_t *seq = &context->race->seq;
	uint32_t before = *seq, after;
	struct question question;
	enum rule rule;
	struct span span;
	unsigned int mask;
	char buf[320];
	int err;

	err = query_ask(context->reader.fd, addr, flags, !edge, &span);
	after = *seq;
	counters->readings++;
	if (err && err != -ENOENT)
		return err;
	if (edge && before == after)
		return 0;
	question_make(&question, addr, flags);
	mask = layouts_between(&context->oracle, before, after);
	rule = oracle_query(&context->oracle, mask, &question, err ? NULL : &span);
	counters->overlapped += before != after;
	counters->layouts |= mask;
	if (!rule)
		return 0;
	context_end_modifier(context);
	diag("RULE BROKEN: %s", rule_text[rule]);
	diag("  asked       %08" PRIx64 " with flags 0x%x, change %s, layouts 0x%x",
	     addr, flags, context->race->change->name, mask);
	diag("  answer      %s",
	     err ? "ENOENT" : span_print(buf, sizeof(buf), &span));
	evidence_pictures(context);
	return 1;
}

/**
 * struct inquiry - what is asked while the modifier changes
 * @first:	lowest address
 * @bytes:	addresses from there on are drawn at random
 * @flags:	so are these flags
 * @edge:	see ask_and_check()
 * @seed:	of all that is drawn
 */
struct inquiry {
	uint64_t first, bytes;
	unsigned int flags;
	bool edge;
	uint64_t seed;
};

/**
 * ask_in_slice() - ask while the modifier is interleaved in one way
 * @context:	the scene; the modifier is frozen before and after
 * @slice:	how to steer
 * @seconds:	how long
 * @cpu:	reader's and modifier's
 * @inquiry:	what to ask
 * @counters:	added to
 *
 * Return: 0, -errno, or 1 where a wrong answer was printed.
 */
static int ask_in_slice(struct context *context, const struct time_slice *slice,
			double seconds, const int cpu[2],
			struct inquiry *inquiry, struct counters *counters)
{
	int64_t end = now_ns() + seconds * NSEC_PER_SEC;
	int err = 0, timer;

	if (cpu[0] >= 0)
		pin_thread(0, cpu[0]);
	timer = reader_timer_start(slice);
	race_go(context->race, slice->interleave, cpu[slice->cpus - 1], context->urgent);
	while (!err && now_ns() < end) {
		atomic_fetch_add(&context->race->round, 1);
		err = ask_and_check(context, inquiry->first +
				    random_below(&inquiry->seed, inquiry->bytes),
				    random_next(&inquiry->seed) & inquiry->flags,
				    inquiry->edge, counters);
		watchdog_heartbeat();
		rt_pause(rt_level);
		/* It costs as much as a question. */
		if (counters->readings % 16 == 0)
			reader_timer_again(timer);
	}
	close(timer);
	return err ? err : race_freeze(context->race);
}

/* A row with holes, a file, and mappings of three permissions. */
static const struct change *const questioned[] = {
	&change_three_pages, &change_gap_left, &change_swap_part, &change_move,
	&change_two_bits, &change_read_only_file,
};

/* Each flag, at each page of the stage and its guards, in each layout. */
TEST_F(query, filters)
{
	unsigned int i, k, n, page;
	struct counters counters = { 0 };
	int err;

	for (i = 0; i < ARRAY_SIZE(questioned); i++) {
		struct context *context = &self->context;
		struct stage *stage;
		uint64_t first;

		if (!context_open(_metadata, context, questioned[i], &file_query,
				  &plain_options))
			return;
		stage = &context->race->stage;
		first = stage->base - stage->page;
		for (k = 0; k < questioned[i]->nr; k++) {
			for (n = 0; n < (STAGE_PAGES + 2) * QUESTIONS; n++) {
				page = n / QUESTIONS;
				err = ask_and_check(context, first +
						    page * stage->page + page % 3,
						    n % QUESTIONS, false, &counters);
				ASSERT_EQ(0, err);
			}
			ASSERT_EQ(0, context_step(context, 1));
		}
		ASSERT_EQ(0, context_over(context));
	}
	diag("filters: questions %" PRIu64, counters.readings);
}

/* The same while the modifier changes. */
TEST_F(query, filters_racing)
{
	const struct context_options options = race_options();
	struct counters counters = { 0 };
	unsigned int i;
	int cpu[2];

	choose_cpus(cpu);
	for (i = 0; i < ARRAY_SIZE(questioned); i++) {
		struct context *context = &self->context;
		struct inquiry inquiry = {
			.flags = QUESTIONS - 1,
			.seed = options.seed | 1,
		};

		if (!context_open(_metadata, context, questioned[i], &file_query,
				  &options))
			return;
		inquiry.first = context->race->stage.base;
		inquiry.bytes = STAGE_PAGES * context->race->stage.page;
		context->urgent = true;
		set_level(0, LEVEL_READER);
		ASSERT_EQ(0, ask_in_slice(context, &time_slices[cpu[1] < 0 ? TIME_SLICE_PREEMPT :
						    TIME_SLICE_FREE],
					  0.1, cpu, &inquiry, &counters));
		set_level(0, 0);
		ASSERT_EQ(0, context_over(context));
	}
	diag("filters_racing: questions %" PRIu64 ", overlapped %" PRIu64,
	     counters.readings, counters.overlapped);
	if (counters.overlapped < RACING_FLOOR)
		SKIP(return, "race not exercised");
}

/*
 * Pages that belong to one mapping and then to its neighbour, each of which loses
 * there its tail or its head.
 */
static const struct edge {
	const struct change *change;
	unsigned int page;
} edges[] = {
	{ &change_merge_left_partial, 2 },
	{ &change_merge_right_partial, 3 },
};

/* Questions that a transition overlapped are enough, and seconds at most. */
#define EDGE_ENOUGH 2000
#define EDGE_SECONDS 3.0
#define EDGE_SLICE 0.05

/*
 * A mapping is looked up by its address, and locked a few instructions later.
 * Between the two it may shrink, so that it ends before the address or begins
 * behind it; then it is not the one that was asked for.  To meet that moment,
 * nothing is done but to ask for such an address, so that the lookup is a good
 * part of all that the reader does when it is interrupted.
 *
 *	layout 0	wwrrrr		page 2 is looked up in layout 1: wwww
 *	layout 1	wwwwrr		which is locked as ww in layout 0
 */
TEST_F(query, edges)
{
	const struct context_options options = race_options();
	struct counters counters = { 0 };
	uint32_t transitions = 0;
	int cpu[2];
	unsigned int i, k;

	choose_cpus(cpu);
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		struct context *context = &self->context;
		uint64_t before = counters.overlapped;
		struct inquiry inquiry = {
			.flags = PROCMAP_QUERY_COVERING_OR_NEXT_VMA,
			.edge = true,
			.seed = options.seed | 1,
		};
		int64_t begin;

		if (!context_open(_metadata, context, edges[i].change, &file_query,
				  &options))
			return;
		inquiry.bytes = context->race->stage.page;
		inquiry.first = context->race->stage.base +
				edges[i].page * inquiry.bytes;
		context->urgent = true;
		set_level(0, LEVEL_READER);
		begin = now_ns();
		for (k = 0; now_ns() - begin < EDGE_SECONDS * NSEC_PER_SEC &&
		     counters.overlapped - before < EDGE_ENOUGH; k++) {
			const struct time_slice *slice = time_slice_narrow(k);

			if (slice->cpus > 1 && cpu[1] < 0)
				continue;
			ASSERT_EQ(0, ask_in_slice(context, slice, EDGE_SLICE, cpu,
						  &inquiry, &counters));
		}
		set_level(0, 0);
		transitions += context->race->seq / 2;
		ASSERT_EQ(0, context_over(context));
	}
	diag("edges: questions %" PRIu64 ", overlapped %" PRIu64
	     ", transitions %u", counters.readings, counters.overlapped, transitions);
	if (counters.overlapped < RACING_FLOOR)
		SKIP(return, "race not exercised");
}

/*
 * struct misuse - a request that the kernel must refuse
 * @what:	for people
 * @size:	of the request; 0 for the right one
 * @flags:	query_flags
 * @name_size:	of the buffer for the name
 * @id_size:	of the buffer for the build ID
 * @name:	there is a buffer for the name
 * @id:		there is one for the build ID
 * @tail:	a byte behind the structure is not 0
 * @err:	the errno expected
 */
static const struct misuse {
	const char *what;
	uint64_t size, flags;
	uint32_t name_size, id_size;
	bool name, id, tail;
	int err;
} misuses[] = {
	{ "size 1", .size = 1, .err = EINVAL },
	{ "size without address", .size = 16, .err = EINVAL },
	{ "non-zero tail", .size = sizeof(struct procmap_query) + 8,
	  .tail = true, .err = E2BIG },
	{ "more than a page", .size = 1 << 20, .err = E2BIG },
	{ "unknown flag", .flags = 0x40, .err = EINVAL },
	{ "unknown high flag", .flags = 1ULL << 63, .err = EINVAL },
	{ "name size without buffer", .name_size = 64, .err = EINVAL },
	{ "name buffer without size", .name = true, .err = EINVAL },
	{ "id size without buffer", .id_size = 64, .err = EINVAL },
	{ "id buffer without size", .id = true, .err = EINVAL },
	{ "name buffer too small", .name = true, .name_size = 1,
	  .err = ENAMETOOLONG },
	{ "id buffer too small", .id = true, .id_size = 1,
	  .err = ENAMETOOLONG },
	{ "both too small", .name = true, .name_size = 1, .id = true,
	  .id_size = 1, .err = ENAMETOOLONG },
};

/* The first executable file mapping of the modifier: the program itself. */
static uint64_t find_program(struct context *context)
{
	unsigned int i;

	for (i = 0; i < context->rest.nr; i++)
		if (context->rest.span[i].name[0] == '/' &&
		    context->rest.span[i].perm[2] == 'x')
			return context->rest.span[i].start;
	return 0;
}

/**
 * struct asker - a process that asks what it is told to; shared memory
 * @asked:	counts requests
 * @answered:	counts answers
 * @fd:		of the file
 * @err:	the last request's errno
 * @request:	the last one
 * @request.query: it
 * @request.tail: what lies behind it
 * @name:	its buffer for a name
 * @id:		its buffer for a build ID
 */
struct asker {
	_Atomic uint32_t asked;
	_Atomic uint32_t answered;
	int fd;
	int err;
	struct {
		struct procmap_query query;
		char tail[16];
	} request;
	char name[64];
	char id[64];
};

static int asker_main(void *arg)
{
	struct asker *asker = arg;

	stdio_to_null();
	for (;;) {
		if (futex_wait(&asker->asked, asker->answered, NSEC_PER_SEC))
			continue;
		asker->err = ioctl(asker->fd, PROCMAP_QUERY, &asker->request) ?
			     errno : 0;
		futex_store(&asker->answered, asker->asked);
	}
	return 0;
}

/* Returns 0, or -ETIMEDOUT where there is no answer. */
static int ask_misuse(struct asker *asker, const struct misuse *m, uint64_t addr)
{
	struct procmap_query *query = &asker->request.query;
	uint32_t before = asker->answered;

	memset(&asker->request, 0, sizeof(asker->request));
	query->size = m->size ? m->size : sizeof(*query);
	query->query_flags = m->flags;
	query->query_addr = addr;
	query->vma_name_size = m->name_size;
	query->build_id_size = m->id_size;
	query->vma_name_addr = m->name ? (uintptr_t)asker->name : 0;
	query->build_id_addr = m->id ? (uintptr_t)asker->id : 0;
	asker->request.tail[0] = m->tail;
	futex_store(&asker->asked, before + 1);
	return futex_await(&asker->answered, before, MODIFIER_TIMEOUT_NS);
}

/*
 * Bad requests are refused, and leave no lock and no reference behind: after
 * each of them the target can still map and unmap.  A reference too few takes
 * the address space away under the target's feet, and may hold the one who asked
 * in the kernel for good, so somebody else asks.
 */
TEST_F(query, misuse)
{
	struct asker *asker = shared_alloc(sizeof(*asker));
	struct context *context = &self->context;
	struct child child = { 0 };
	unsigned int i, cycle;
	uint64_t addr;

	ASSERT_TRUE(!!asker);
	if (!context_open(_metadata, context, &change_hole, &file_query, &plain_options))
		return;
	addr = find_program(context);
	asker->fd = context->reader.fd;
	ASSERT_EQ(0, child_start(&child, asker_main, asker));
	for (cycle = 0; cycle < 20; cycle++)
		for (i = 0; i < ARRAY_SIZE(misuses); i++) {
			const struct misuse *m = &misuses[i];

			ASSERT_EQ(0, ask_misuse(asker, m, addr)) {
				diag("%s: who asked is stuck", m->what);
			}
			/* A program without a build ID has none to cut off. */
			if (!asker->err && m->id_size && !m->name &&
			    !asker->request.query.build_id_size)
				continue;
			ASSERT_EQ(m->err, asker->err) {
				diag("%s", m->what);
			}
			ASSERT_EQ(0, context_step(context, 2)) {
				diag("%s: the target is stuck", m->what);
			}
		}
	ASSERT_EQ(-1, ioctl(context->reader.fd, PROCMAP_QUERY, NULL));
	ASSERT_EQ(EFAULT, errno);
	ASSERT_TRUE(child_alive(&context->child));
	ASSERT_EQ(0, child_kill(&child));
}

/*
 * How long an answer is to take: more than a time slice or two, and no longer than
 * RT_HOLD_NS.  The file grows from a few notes to as many as that takes.
 */
#define ID_NS (15 * NSEC_PER_MSEC)
#define ID_FIRST (16UL << 10)
#define ID_MOST (8UL << 20)
/* Rounds of one question and as much spinning; so many more of one kind decide. */
#define ID_ROUNDS 24
#define ID_FREE 3
#define ID_HELD 6
/* Transitions in that time, below which the modifier is too slow. */
#define ID_CALM 20

/*
 * An ELF file with so many bytes of notes, none of which is a build ID: all of
 * them are looked at before there is an answer.  A note of zeroes is 12 bytes.
 * They are written, since kernels of 2025 crash on a hole in such a file.
 */
static bool write_notes(int fd, size_t bytes)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr note;
	} elf = {
		.head = {
			.e_ident = ELFMAG,
			.e_type = ET_DYN,
			.e_phoff = sizeof(elf.head),
			.e_phnum = 1,
		},
		.note = {
			.p_type = PT_NOTE,
			.p_offset = sizeof(elf),
			.p_filesz = bytes,
		},
	};
	static const char zeroes[4096];
	size_t at;

	elf.head.e_ident[EI_CLASS] = ELFCLASS64;
	for (at = 0; at < sizeof(elf) + bytes; at += sizeof(zeroes))
		if (pwrite(fd, zeroes, sizeof(zeroes), at) != sizeof(zeroes))
			return false;
	return pwrite(fd, &elf, sizeof(elf), 0) == sizeof(elf);
}

/* How long the question for a build ID takes, which is not there; or -errno. */
static int64_t ask_id(int fd, uint64_t addr)
{
	char id[64];
	struct procmap_query query = {
		.size = sizeof(query),
		.query_addr = addr,
		.build_id_addr = (uintptr_t)id,
		.build_id_size = sizeof(id),
	};
	int64_t begin = now_ns();

	if (ioctl(fd, PROCMAP_QUERY, &query))
		return -errno;
	return query.build_id_size ? -EINVAL : now_ns() - begin;
}

/* The longest transition of those that are made meanwhile, and how many. */
struct meanwhile {
	int64_t longest;
	uint32_t made;
};

static void meanwhile_begin(struct race *race, struct meanwhile *meanwhile)
{
	race->longest_us = 0;
	meanwhile->made = race->seq;
}

/* The transition that is under way belongs to it. */
static void meanwhile_end(struct race *race, struct meanwhile *meanwhile)
{
	uint32_t seq = race->seq;
	int64_t end = now_ns() + MODIFIER_TIMEOUT_NS;

	while (race->seq - seq < 2 && now_ns() < end)
		;
	meanwhile->longest = race->longest_us * NSEC_PER_USEC;
	meanwhile->made = (race->seq - meanwhile->made) / 2;
}

/*
 * To find a build ID is to read a file, which may take any time and the locks of
 * a file system; meanwhile the mapping must be free to change.  If it is not,
 * then one transition lasts nearly as long as the question, and none does while
 * the reader only spins for as long.  A failure means that whoever asks for build
 * IDs holds up the process, and deadlocks with two others who meet it there.
 */
TEST_F(query, build_id)
{
	struct context *context = &self->context;
	struct meanwhile during, calm;
	struct race *race;
	int i, held = 0, free = 0;
	uint64_t addr;
	int64_t took;
	size_t bytes;
	int cpu[2];

	choose_cpus(cpu);
	if (!context_open(_metadata, context, &change_swap_part, &file_query,
			  &plain_options))
		return;
	race = context->race;
	race->timed = true;
	addr = race->stage.base;
	if (cpu[0] >= 0)
		pin_thread(0, cpu[0]);
	set_level(0, LEVEL_READER);
	for (bytes = ID_FIRST;; bytes *= 2) {
		rt_pause(rt_level);
		ASSERT_TRUE(write_notes(race->file[0], bytes));
		rt_pause_before(rt_level, ID_NS);
		took = ask_id(context->reader.fd, addr);
		ASSERT_GE(took, 0);
		if (took > ID_NS / 2 || bytes >= ID_MOST)
			break;
	}
	race_go(race, cpu[1] < 0 ? INTERLEAVE_PREEMPT : INTERLEAVE_FREE,
		cpu[1] < 0 ? cpu[0] : cpu[1], true);
	for (i = 0; i < ID_ROUNDS && free - held < ID_FREE &&
	     held - free < ID_HELD; i++) {
		rt_pause_before(rt_level, ID_NS);
		meanwhile_begin(race, &during);
		took = ask_id(context->reader.fd, addr);
		ASSERT_GE(took, 0);
		meanwhile_end(race, &during);
		rt_pause_before(rt_level, ID_NS);
		meanwhile_begin(race, &calm);
		spin_ns(took);
		meanwhile_end(race, &calm);
		if (calm.made < ID_CALM || 2 * calm.longest > took)
			continue;
		if (2 * during.longest < took)
			free++;
		else
			held++;
	}
	ASSERT_EQ(0, race_freeze(race));
	set_level(0, 0);
	diag("build_id: rounds %d, free %d, held %d", i, free, held);
	diag("build_id: last %.1f ms, longest transition %.1f, spinning %.1f",
	     took / 1e6, during.longest / 1e6, calm.longest / 1e6);
	if (free - held >= ID_FREE)
		return;
	if (held - free < ID_HELD)
		SKIP(return, "race not exercised");
	if (kernel_release() < KERNEL(7, 0))
		SKIP(return, "build IDs are read under the lock before 7.0");
	ASSERT_LT(held - free, ID_HELD) {
		diag("RULE BROKEN: mapping locked while its file is read");
	}
}

#endif /* PROC_TEST_QUERY_H */
