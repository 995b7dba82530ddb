/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_query.h - test PROCMAP_QUERY: filters, narrow windows, bad use, build IDs
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
#include "../lib/env.h"
#include "../lib/futex.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../lib/procmap.h"
#include "../lib/random.h"
#include "../lib/util.h"
#include "../model/change.h"
#include "../model/check.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/counters.h"
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

/* Combinations of the six PROCMAP_QUERY_* flags. */
#define QUESTIONS 64

/* Set the question that a query with @flags asks. */
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
 * Make one query and check the answer; return 0, -errno, or 1 for a wrong answer, which
 * is printed.
 *
 * With @edge set the query takes as little time as possible: no name is requested, the
 * mappings at an edge having none, and an answer that no transition overlapped is not
 * checked.
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
 * struct query_range - random queries
 * @first:	lowest address
 * @bytes:	number of addresses
 * @flags:	mask of the PROCMAP_QUERY_* flags
 * @edge:	see ask_and_check()
 * @seed:	state of the random numbers
 */
struct query_range {
	uint64_t first, bytes;
	unsigned int flags;
	bool edge;
	uint64_t seed;
};

/**
 * ask_in_slice() - make random queries while the modifier makes transitions in one mode
 * @context:	test context; its modifier is frozen before and after
 * @slice:	time slice
 * @seconds:	duration
 * @cpu:	CPUs of the reader and of the modifier
 * @range:	addresses and flags
 * @counters:	added to
 *
 * Return: 0, -errno, or 1 where a wrong answer was printed.
 */
static int ask_in_slice(struct context *context, const struct time_slice *slice,
			double seconds, const int cpu[2],
			struct query_range *range, struct counters *counters)
{
	int64_t end = now_ns() + seconds * NSEC_PER_SEC;
	int err = 0, timer;

	if (cpu[0] >= 0)
		pin_thread(0, cpu[0]);
	timer = reader_timer_start(slice);
	race_go(context->race, slice->interleave, cpu[slice->cpus - 1], context->urgent);
	while (!err && now_ns() < end) {
		atomic_fetch_add(&context->race->overlap.round, 1);
		err = ask_and_check(context, range->first +
				    random_below(&range->seed, range->bytes),
				    random_next(&range->seed) & range->flags,
				    range->edge, counters);
		watchdog_heartbeat();
		rt_throttle(rt_level);
		/* Rarely, since it takes as long as a query. */
		if (counters->readings % 16 == 0)
			reader_timer_rearm(timer);
	}
	close(timer);
	return err ? err : race_freeze(context->race);
}

/* Changes with holes, with files, and with mappings of three permissions. */
static const struct change *const query_changes[] = {
	&change_three_pages, &change_gap_left, &change_swap_part, &change_move,
	&change_two_bits, &change_read_only_file,
};

/*
 * Query each page of the stage and of its guards, with each combination of flags, in each
 * layout.
 */
TEST_F(query, filters)
{
	unsigned int i, k, n, page;
	struct counters counters = { 0 };
	int err;

	for (i = 0; i < ARRAY_SIZE(query_changes); i++) {
		struct context *context = &self->context;
		struct stage *stage;
		uint64_t first;

		if (!context_open(_metadata, context, query_changes[i], &file_query,
				  &plain_options))
			return;
		stage = &context->race->stage;
		first = stage->base - stage->page;
		for (k = 0; k < query_changes[i]->nr; k++) {
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

/* Seconds of random queries for each of query_changes[].  Arbitrary. */
#define FILTERS_SECONDS 0.05

/* Make random queries of the stage while the modifier makes transitions. */
TEST_F(query, filters_racing)
{
	const struct context_options options = race_options();
	struct counters counters = { 0 };
	unsigned int i;
	int cpu[2];

	choose_cpus(cpu);
	for (i = 0; i < ARRAY_SIZE(query_changes); i++) {
		struct context *context = &self->context;
		struct query_range range = {
			.flags = QUESTIONS - 1,
			.seed = options.seed | 1,
		};

		if (!context_open(_metadata, context, query_changes[i], &file_query,
				  &options))
			return;
		range.first = context->race->stage.base;
		range.bytes = STAGE_PAGES * context->race->stage.page;
		context->urgent = true;
		set_level(0, LEVEL_READER);
		ASSERT_EQ(0, ask_in_slice(context, &time_slices[cpu[1] < 0 ? TIME_SLICE_PREEMPT :
						    TIME_SLICE_FREE],
					  FILTERS_SECONDS, cpu, &range, &counters));
		set_level(0, 0);
		ASSERT_EQ(0, context_over(context));
	}
	diag("filters_racing: questions %" PRIu64 ", overlapped %" PRIu64,
	     counters.readings, counters.overlapped);
	if (counters.overlapped < RACING_FLOOR)
		SKIP(return, "race not exercised");
}

/*
 * Pages that belong to a mapping in one layout and to its neighbour in the other: the tail
 * of the one, the head of the other.
 */
static const struct edge {
	const struct change *change;
	unsigned int page;
} edges[] = {
	{ &change_merge_left_partial, 2 },
	{ &change_merge_right_partial, 3 },
};

/* Overlapped queries after which an edge has been tested, without DURATION.  Arbitrary. */
#define EDGE_ENOUGH 2000

/* Seconds after which all edges have been tested as well.  Arbitrary. */
#define EDGE_SECONDS 6.0

/* Seconds of a time slice.  Arbitrary. */
#define EDGE_SLICE 0.05

/*
 * PROCMAP_QUERY looks a mapping up by an address and locks it a few instructions later.
 * In between the mapping may shrink, so that it ends before the address or begins behind
 * it; then it is not the mapping that was queried.  The reader does nothing but query
 * such an address, so that an interrupt often finds it between lookup and lock.
 *
 *	layout 0	wwrrrr		page 2 is looked up in layout 1: wwww
 *	layout 1	wwwwrr		which is locked as ww in layout 0
 */
TEST_F(query, edges)
{
	const struct context_options options = race_options();
	double seconds = duration_from_env(EDGE_SECONDS, DURATION_LIMIT) / ARRAY_SIZE(edges);
	uint64_t enough = env_value("DURATION") ? UINT64_MAX : EDGE_ENOUGH;
	struct counters counters = { 0 };
	uint32_t transitions = 0;
	int cpu[2];
	unsigned int i, k;

	choose_cpus(cpu);
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		struct context *context = &self->context;
		uint64_t before = counters.overlapped;
		struct query_range range = {
			.flags = PROCMAP_QUERY_COVERING_OR_NEXT_VMA,
			.edge = true,
			.seed = options.seed | 1,
		};
		int64_t begin;

		if (!context_open(_metadata, context, edges[i].change, &file_query,
				  &options))
			return;
		range.bytes = context->race->stage.page;
		range.first = context->race->stage.base +
				edges[i].page * range.bytes;
		context->urgent = true;
		set_level(0, LEVEL_READER);
		begin = now_ns();
		for (k = 0; now_ns() - begin < seconds * NSEC_PER_SEC &&
		     counters.overlapped - before < enough; k++) {
			const struct time_slice *slice = time_slice_narrow(k);

			if (slice->cpus > 1 && cpu[1] < 0)
				continue;
			ASSERT_EQ(0, ask_in_slice(context, slice, EDGE_SLICE, cpu,
						  &range, &counters));
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
 * @what:	description, in words
 * @size:	size of the request, bytes; 0 for the right one
 * @flags:	query_flags
 * @name_size:	size of the buffer for the name, bytes
 * @id_size:	size of the buffer for the build ID, bytes
 * @name:	there is a buffer for the name
 * @id:		there is a buffer for the build ID
 * @tail:	a byte behind the structure is not 0
 * @err:	errno that is expected
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

/* Return the address of the modifier's first executable file mapping: the program. */
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
 * struct query_child - a child process that makes queries; in shared memory
 * @asked:	number of requests
 * @answered:	number of answers
 * @fd:		file descriptor of /proc/PID/maps
 * @err:	errno of the last request, or 0
 * @request:	last request
 * @request.query: query
 * @request.tail: bytes behind the query
 * @name:	buffer for the name
 * @id:		buffer for the build ID
 */
struct query_child {
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

/* Make each request, until the process is killed. */
static int query_child_main(void *arg)
{
	struct query_child *query_child = arg;

	stdio_to_null();
	for (;;) {
		if (futex_wait(&query_child->asked, query_child->answered, NSEC_PER_SEC))
			continue;
		query_child->err = ioctl(query_child->fd, PROCMAP_QUERY, &query_child->request) ?
			     errno : 0;
		futex_store(&query_child->answered, query_child->asked);
	}
	return 0;
}

/*
 * Nanoseconds.  Time after which a process that is blocked in a bad request is stuck.
 * Arbitrary.
 */
#define MISUSE_STUCK_NS (5 * NSEC_PER_SEC)

/* Have child @pid make a bad request; return 0, or -errno where there is no answer. */
static int ask_misuse(struct query_child *query_child, pid_t pid, const struct misuse *m,
		      uint64_t addr)
{
	struct procmap_query *query = &query_child->request.query;
	uint32_t before = query_child->answered;
	int64_t waited = 0;
	int err;

	memset(&query_child->request, 0, sizeof(query_child->request));
	query->size = m->size ? m->size : sizeof(*query);
	query->query_flags = m->flags;
	query->query_addr = addr;
	query->vma_name_size = m->name_size;
	query->build_id_size = m->id_size;
	query->vma_name_addr = m->name ? (uintptr_t)query_child->name : 0;
	query->build_id_addr = m->id ? (uintptr_t)query_child->id : 0;
	query_child->request.tail[0] = m->tail;
	futex_store(&query_child->asked, before + 1);
	/* One that is not blocked may have no CPU. */
	do {
		err = futex_await(&query_child->answered, before, MISUSE_STUCK_NS, pid);
		waited += MISUSE_STUCK_NS;
	} while (err == -ETIMEDOUT && !watchdog_is_blocked(pid) && waited < MODIFIER_TIMEOUT_NS);
	return err;
}

/*
 * Bad requests are refused, and leave no lock and no reference behind: after each of them
 * the modifier can still map and unmap.  Where the kernel drops a reference too many, the
 * address space of the modifier is freed while in use, and the process that made the
 * request may be stuck in the kernel.  So a child process makes the requests.
 */
TEST_F(query, misuse)
{
	struct query_child *query_child = shared_alloc(sizeof(*query_child));
	struct context *context = &self->context;
	struct child child = { 0 };
	bool without_id = false;
	unsigned int i, cycle;
	uint64_t addr;

	ASSERT_TRUE(!!query_child);
	if (!context_open(_metadata, context, &change_hole, &file_query, &plain_options))
		return;
	addr = find_program(context);
	query_child->fd = context->reader.fd;
	ASSERT_EQ(0, child_start(&child, query_child_main, query_child));
	for (cycle = 0; cycle < 20; cycle++)
		for (i = 0; i < ARRAY_SIZE(misuses); i++) {
			const struct misuse *m = &misuses[i];

			ASSERT_EQ(0, ask_misuse(query_child, child.pid, m, addr)) {
				diag("%s: the process that made the request is stuck",
				     m->what);
			}
			/* In a program without a build ID, no buffer is too small. */
			if (!query_child->err && m->id && m->id_size && !m->name &&
			    !query_child->request.query.build_id_size)
				without_id = true;
			else
				ASSERT_EQ(m->err, query_child->err) {
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
	if (without_id)
		SKIP(return, "this program has no build ID");
}

/*
 * Nanoseconds.  Bound of the time that a query for a build ID takes, at real-time
 * priority.  The file's notes are doubled until a query takes half of it, which is more
 * than a time slice or two of the scheduler.
 */
#define ID_NS RT_RUN_NS

/* Bytes of notes in the first file.  Arbitrary; small enough for a slow machine. */
#define ID_FIRST (16UL << 10)

/* Bytes of notes in the last file.  Arbitrary; bounds the size of the file. */
#define ID_MOST (8UL << 20)

/* Rounds, of a query each, after which the test ends without a decision.  Arbitrary. */
#define ID_ROUNDS 96

/*
 * Rounds after which it also ends where fewer than one in ID_TELLING counted: with one CPU
 * and without preemption there are next to no transitions during a query.  Arbitrary.
 */
#define ID_TRIAL 24
#define ID_TELLING 8

/*
 * Rounds by which those with short transitions have to exceed those with a long one for a
 * pass.  Arbitrary.
 */
#define ID_FREE 3

/*
 * Rounds by which those with a long transition have to exceed those with short ones for a
 * failure.  Where nothing is locked and a transition is long in half of all intervals, one
 * test in 4000 fails: 2^-12.
 */
#define ID_HELD 12

/*
 * Transitions in an interval below which it does not count, since the modifier is too
 * slow.  Arbitrary.
 */
#define ID_CALM 20

/*
 * Write an ELF file with @bytes bytes of notes, none of which is a build ID; return
 * whether it was written.
 *
 * The kernel reads all notes before it answers.  A note of zeroes has 12 bytes.  The
 * zeroes are written, since kernels of 2025 crash on a hole in such a file.
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

/* Query the build ID of a file without one; return nanoseconds or -errno. */
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
	watchdog_heartbeat();
	return query.build_id_size ? -EINVAL : now_ns() - begin;
}

/**
 * struct interval - transitions in an interval of time
 * @longest:	duration of the longest transition, nanoseconds
 * @made:	number of transitions; the sequence number until the interval ends
 */
struct interval {
	int64_t longest;
	uint32_t made;
};

/* Begin an interval. */
static void interval_begin(struct race *race, struct interval *interval)
{
	race->timing.longest_us = 0;
	interval->made = race->seq;
}

/* End an interval, including the transition that is under way. */
static void interval_end(struct race *race, struct interval *interval)
{
	uint32_t seq = race->seq;
	int64_t end = now_ns() + MODIFIER_TIMEOUT_NS;

	while (race->seq - seq < 2 && now_ns() < end)
		rt_throttle(rt_level);
	interval->longest = race->timing.longest_us * NSEC_PER_USEC;
	interval->made = (race->seq - interval->made) / 2;
}

/* Return whether no transition lasted nearly as long as an interval of @ns. */
static bool interval_is_calm(const struct interval *interval, int64_t ns)
{
	return interval->made >= ID_CALM && 2 * interval->longest < ns;
}

/*
 * Double the notes of the file until the faster one of two queries takes ID_NS / 2: the host
 * may have slowed down the other one.  Return the nanoseconds of the faster one, or -errno
 * where the notes were not written or a query failed.
 */
static int64_t slow_query_prepare(const struct context *context, uint64_t addr)
{
	int64_t fastest = 0, took;
	size_t bytes;
	int i;

	for (bytes = ID_FIRST; bytes <= ID_MOST && fastest <= ID_NS / 2; bytes *= 2) {
		rt_throttle(rt_level);
		if (!write_notes(context->race->file[0], bytes))
			return -EIO;
		for (i = 0; i < 2; i++) {
			rt_throttle_before(rt_level, ID_NS);
			took = ask_id(context->reader.fd, addr);
			if (took < 0)
				return took;
			if (!i || took < fastest)
				fastest = took;
		}
	}
	return fastest;
}

/* Return whether another round is to be made, after @rounds of them. */
static bool id_is_undecided(int rounds, int free, int held)
{
	return free - held < ID_FREE && held - free < ID_HELD && rounds < ID_ROUNDS &&
	       (rounds < ID_TRIAL || free + held >= rounds / ID_TELLING);
}

/*
 * To find a build ID the kernel reads a file, which may take any time and the locks of a
 * file system.  Meanwhile the mapping must be free to change.  If the mapping is locked,
 * one transition lasts nearly as long as the query, and none does while the reader only
 * spins for as long.  A host that takes CPUs away makes either of them long: a query
 * without a long transition is proof, one with it is not.  It also makes a query longer
 * than the kernel does, so that the fastest one counts.
 *
 * A failure means that a query for a build ID delays the process that is queried, and can
 * deadlock with two other threads.
 */
TEST_F(query, build_id)
{
	struct context *context = &self->context;
	int64_t end = now_ns() + TEST_SECONDS * NSEC_PER_SEC;
	struct interval during, calm = { 0 };
	struct race *race;
	int i, held = 0, free = 0;
	uint64_t addr;
	int64_t took = 0, fastest;
	int cpu[2];

	choose_cpus(cpu);
	if (!context_open(_metadata, context, &change_swap_part, &file_query,
			  &plain_options))
		return;
	race = context->race;
	race->timing.on = true;
	addr = race->stage.base;
	if (cpu[0] >= 0)
		pin_thread(0, cpu[0]);
	set_level(0, LEVEL_READER);
	fastest = slow_query_prepare(context, addr);
	ASSERT_GE(fastest, 0);
	race_go(race, cpu[1] < 0 ? INTERLEAVE_PREEMPT : INTERLEAVE_FREE,
		cpu[1] < 0 ? cpu[0] : cpu[1], true);
	for (i = 0; id_is_undecided(i, free, held) && now_ns() < end; i++) {
		rt_throttle_before(rt_level, ID_NS);
		interval_begin(race, &during);
		took = ask_id(context->reader.fd, addr);
		ASSERT_GE(took, 0);
		interval_end(race, &during);
		if (took < fastest)
			fastest = took;
		if (interval_is_calm(&during, fastest)) {
			free++;
			continue;
		}
		/* The host took the rest, and spinning as long would exceed RT_LIMIT_NS. */
		if (took > 2 * ID_NS)
			continue;
		rt_throttle_before(rt_level, ID_NS);
		interval_begin(race, &calm);
		spin_ns(took);
		interval_end(race, &calm);
		if (2 * during.longest >= fastest && interval_is_calm(&calm, fastest))
			held++;
	}
	ASSERT_EQ(0, race_freeze(race));
	set_level(0, 0);
	diag("build_id: rounds %d, free %d, held %d", i, free, held);
	diag("build_id: fastest %.1f ms, last %.1f, longest transition %.1f, spinning %.1f",
	     fastest / 1e6, took / 1e6, during.longest / 1e6, calm.longest / 1e6);
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
