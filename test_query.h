/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_query.h - PROCMAP_QUERY's filters, and its bad use
 */
#ifndef PROC_TEST_QUERY_H
#define PROC_TEST_QUERY_H

#include "drive.h"

FIXTURE(query) {
	struct scene scene;
};

FIXTURE_SETUP(query)
{
}

FIXTURE_TEARDOWN(query)
{
	scene_end(&self->scene);
}

/* One combination of flags, from 0 to QUESTIONS - 1. */
#define QUESTIONS 64

static uint64_t question_make(struct question *question, uint64_t addr,
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
	return flags;
}

/* Asks once, and judges: 0, -errno, or 1 for a wrong answer, which is printed. */
static int ask_and_judge(struct scene *scene, uint64_t addr, unsigned int flags,
			 struct tally *tally)
{
	_Atomic uint32_t *seq = &scene->race->seq;
	uint32_t before = *seq, after;
	struct question question;
	struct span span;
	unsigned int mask;
	enum rule rule;
	char buf[320];
	int err;

	err = query_ask(scene->reader.fd, addr,
			question_make(&question, addr, flags), &span);
	after = *seq;
	if (err && err != -ENOENT)
		return err;
	mask = layouts_between(&scene->oracle, before, after);
	rule = oracle_query(&scene->oracle, mask, &question,
			    err ? NULL : &span);
	tally->readings++;
	tally->overlapped += before != after;
	tally->layouts |= mask;
	if (!rule)
		return 0;
	scene_end_peer(scene);
	diag("RULE BROKEN: %s", rule_text[rule]);
	diag("  asked       %08" PRIx64 " with flags 0x%x, change %s, layouts 0x%x",
	     addr, flags, scene->race->change->name, mask);
	diag("  answer      %s",
	     err ? "ENOENT" : span_print(buf, sizeof(buf), &span));
	evidence_pictures(scene);
	return 1;
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
	struct tally tally = { 0 };
	int err;

	for (i = 0; i < ARRAY_SIZE(questioned); i++) {
		struct scene *scene = &self->scene;
		struct stage *stage;
		uint64_t first;

		if (!open_scene(_metadata, scene, questioned[i], &file_query,
				&plain))
			return;
		stage = &scene->race->stage;
		first = stage->base - stage->page;
		for (k = 0; k < questioned[i]->nr; k++) {
			for (n = 0; n < (STAGE_PAGES + 2) * QUESTIONS; n++) {
				page = n / QUESTIONS;
				err = ask_and_judge(scene, first +
						    page * stage->page + page % 3,
						    n % QUESTIONS, &tally);
				ASSERT_EQ(0, err);
			}
			ASSERT_EQ(0, scene_step(scene, 1));
		}
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
	diag("filters: questions %" PRIu64, tally.readings);
}

/* The same while the changer changes. */
TEST_F(query, filters_racing)
{
	const struct scene_options options = race_options();
	uint64_t random = options.seed | 1;
	struct tally tally = { 0 };
	unsigned int i;
	int cpu[2], err;

	choose_cpus(cpu);
	for (i = 0; i < ARRAY_SIZE(questioned); i++) {
		struct scene *scene = &self->scene;
		struct stage *stage;
		int64_t end;

		if (!open_scene(_metadata, scene, questioned[i], &file_query,
				&options))
			return;
		stage = &scene->race->stage;
		if (cpu[0] >= 0)
			run_on(0, cpu[0]);
		race_go(scene->race, cpu[1] < 0 ? STEER_PREEMPT : STEER_FREE,
			cpu[1] < 0 ? cpu[0] : cpu[1], false);
		end = now_ns() + 100 * NSEC_PER_MSEC;
		while (now_ns() < end) {
			err = ask_and_judge(scene, stage->base +
				random_below(&random, STAGE_PAGES * stage->page),
				random_below(&random, QUESTIONS), &tally);
			ASSERT_EQ(0, err);
		}
		scene_end(scene);
		memset(scene, 0, sizeof(*scene));
	}
	diag("filters_racing: questions %" PRIu64 ", overlapped %" PRIu64,
	     tally.readings, tally.overlapped);
	if (tally.overlapped < RACING_FLOOR)
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

/* The first executable file mapping of the changer: the program itself. */
static uint64_t find_program(struct scene *scene)
{
	unsigned int i;

	for (i = 0; i < scene->rest.nr; i++)
		if (scene->rest.span[i].name[0] == '/' &&
		    scene->rest.span[i].perm[2] == 'x')
			return scene->rest.span[i].start;
	return 0;
}

/*
 * Bad requests are refused, and leave no lock and no reference behind: after
 * each of them the target can still map and unmap.  A reference too few takes
 * the address space away under the target's feet.
 */
TEST_F(query, misuse)
{
	struct scene *scene = &self->scene;
	unsigned int i, lap;
	char name[64], id[64];
	struct {
		struct procmap_query query;
		char tail[16];
	} request;

	if (!open_scene(_metadata, scene, &change_hole, &file_query, &plain))
		return;
	for (lap = 0; lap < 20; lap++)
		for (i = 0; i < ARRAY_SIZE(misuses); i++) {
			const struct misuse *m = &misuses[i];
			int err;

			memset(&request, 0, sizeof(request));
			request.query.size = m->size ? m->size :
						       sizeof(request.query);
			request.query.query_flags = m->flags;
			request.query.query_addr = find_program(scene);
			request.query.vma_name_size = m->name_size;
			request.query.build_id_size = m->id_size;
			request.query.vma_name_addr = m->name ? (uintptr_t)name : 0;
			request.query.build_id_addr = m->id ? (uintptr_t)id : 0;
			request.tail[0] = m->tail;
			err = ioctl(scene->reader.fd, PROCMAP_QUERY, &request) ?
			      errno : 0;
			/* A program without a build ID has none to cut off. */
			if (!err && m->id && !request.query.build_id_size)
				continue;
			ASSERT_EQ(m->err, err) {
				diag("%s", m->what);
			}
			ASSERT_EQ(0, scene_step(scene, 2)) {
				diag("%s: the target is stuck", m->what);
			}
		}
	ASSERT_EQ(-1, ioctl(scene->reader.fd, PROCMAP_QUERY, NULL));
	ASSERT_EQ(EFAULT, errno);
	ASSERT_TRUE(peer_alive(&scene->peer));
}

#endif /* PROC_TEST_QUERY_H */
