/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stressor.h - the table of what goes on underneath while mappings are read
 *
 * A row has one act or several, each of which a thread of the target repeats:
 * fork a batch of children, move pages, swap them out.  Beside them the changer
 * makes the row's change, the keeper rewrites the arena, and somebody reads.
 * The judges are the same for all rows: the oracle for what is read, and the
 * pages themselves.  Evidence is each row's own, and must reach its floor.
 *
 * To add a row: write its act, add the row, and name it in test_stress.h.
 */
#ifndef PROC_STRESSOR_H
#define PROC_STRESSOR_H

#include "kid.h"
#include "machine.h"

#ifndef PR_SET_THP_DISABLE
#define PR_SET_THP_DISABLE 41
#endif

#define KIB 1024UL
#define MIB (1024 * KIB)

/* From <linux/mempolicy.h>: pages that are this process's own. */
#define STRESS_MPOL_MF_MOVE 2
/* Pages that one move_pages() is about. */
#define STRESS_MOVE 64

/*
 * An act does something once.  It returns how much it did, or -EOPNOTSUPP where
 * this machine or kernel has no such thing, or -errno of what failed.  It maps
 * nothing and does not call malloc(): what is not on the stage is constant.
 */
typedef int (*stress_act)(struct stress *stress, struct kid *slot);

/**
 * struct stressor - a row of the table
 * @name:	for people
 * @unit:	of what is done, for people
 * @needs:	constant reason of a SKIP where this machine does not allow it
 * @allowed:	whether it does; NULL where each does
 * @act:	what is repeated, each in a thread of its own
 * @change:	made on the stage
 * @draw:	bytes for each character of its picture
 * @arena:	bytes; with @cgroup, in per cent of what may be in memory
 * @huge:	with huge pages
 * @strong:	only where STRESS is set: it is felt by the whole machine
 * @exec:	the children become another program
 * @holes:	the children punch holes
 * @cgroup:	bytes that may be in memory; the rest is to be swapped; 0 for all
 * @counter:	in /proc/vmstat, which counts instead of the act
 * @floor:	less is no stress
 */
struct stressor {
	const char *name, *unit, *needs;
	bool (*allowed)(const struct stress *stress);
	stress_act act[STRESS_ACTS];
	const struct change *change;
	size_t draw, arena;
	bool huge, strong, exec, holes;
	size_t cgroup;
	const char *counter;
	uint64_t floor;
};

/* --- acts -------------------------------------------------------------------- */

static inline int act_fork_fault(struct stress *stress, struct kid *slot)
{
	return kid_batch(stress, slot, kid_fault);
}

static inline int act_fork_hole(struct stress *stress, struct kid *slot)
{
	return kid_batch(stress, slot, kid_punch);
}

static inline int act_fork_exec(struct stress *stress, struct kid *slot)
{
	return kid_batch(stress, slot, kid_exec);
}

/* A page is dropped from each huge page, which is then made whole again. */
static inline int act_collapse(struct stress *stress, struct kid *slot)
{
	size_t at, page;
	int n = 0;

	if (!stress->huge)
		return -EOPNOTSUPP;
	page = random_next(&(uint64_t){ now_ns() | 1 }) %
	       (stress->huge / stress->page);
	for (at = 0; at < stress->size; at += stress->huge) {
		arena_forget(stress, at / stress->page + page);
		if (!madvise(stress->arena + at, stress->huge, MADV_COLLAPSE))
			n++;
	}
	stage_collapse(stress, stress->race->change->draw[0]);
	return n;
}

/* To the other node, and back the next time. */
static inline int act_move_pages(struct stress *stress, struct kid *slot)
{
	int to[STRESS_MOVE], status[STRESS_MOVE], n = 0;
	const struct stage *stage = &stress->race->stage;
	size_t stage_size = STAGE_PAGES * stage->page, at, i;
	void *page[STRESS_MOVE];
	static unsigned int turn;

	if (stress->node[0] == stress->node[1])
		return -EOPNOTSUPP;
	turn++;
	for (at = 0; at < stress->size + stage_size && !stress_over(stress);
	     at += STRESS_MOVE * stress->page) {
		for (i = 0; i < STRESS_MOVE; i++) {
			size_t here = at + i * stress->page;

			page[i] = here < stress->size ? stress->arena + here :
				  (char *)stage_addr(stage, 0) + here -
				  stress->size;
			to[i] = stress->node[turn % 2];
		}
		if (syscall(SYS_move_pages, 0, STRESS_MOVE, page, to, status,
			    STRESS_MPOL_MF_MOVE) < 0)
			return -EOPNOTSUPP;
		for (i = 0; i < STRESS_MOVE; i++)
			n += status[i] == to[i];
	}
	return n;
}

/* Without holes in memory there is nothing to compact. */
static inline int act_compact(struct stress *stress, struct kid *slot)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	size_t i;

	if (fd < 0)
		return -EOPNOTSUPP;
	for (i = now_ns() % 2; i < stress->size / stress->page; i += 2)
		arena_forget(stress, i);
	if (write(fd, "1", 1) < 0)
		i = 0;
	close(fd);
	nap_ns(5 * NSEC_PER_MSEC);
	return !!i;
}

static inline int act_pageout(struct stress *stress, struct kid *slot)
{
	const struct stage *stage = &stress->race->stage;

	if (!stress->swap)
		return -EOPNOTSUPP;
	if (madvise(stress->arena, stress->size, MADV_PAGEOUT))
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	/* Holes on the stage are no error. */
	madvise(stage_addr(stage, 0), STAGE_PAGES * stage->page, MADV_PAGEOUT);
	nap_ns(NSEC_PER_MSEC);
	return 1;
}

/* --- what a row needs ----------------------------------------------------------- */

static inline bool can_collapse(const struct stress *stress)
{
	return stress->huge;
}

static inline bool can_move(const struct stress *stress)
{
	return stress->node[0] != stress->node[1];
}

static inline bool can_swap(const struct stress *stress)
{
	return stress->swap;
}

static inline bool can_compact(const struct stress *stress)
{
	return !access("/proc/sys/vm/compact_memory", W_OK);
}

/* --- rows ---------------------------------------------------------------------- */

static const struct stressor stressor_fork_fault = {
	.name = "fork_fault", .unit = "children", .floor = 25,
	.act = { act_fork_fault }, .change = &change_split_middle,
	.draw = 64 * KIB, .arena = 2 * MIB,
};

static const struct stressor stressor_fork_hole = {
	.name = "fork_hole", .unit = "children", .floor = 25,
	.act = { act_fork_hole }, .change = &change_split_high, .holes = true,
	.draw = 64 * KIB, .arena = 2 * MIB,
};

static const struct stressor stressor_fork_exec = {
	.name = "fork_exec", .unit = "children", .floor = 25,
	.act = { act_fork_exec }, .change = &change_hole, .exec = true,
	.draw = 64 * KIB, .arena = 2 * MIB,
};

/* Transitions split huge pages: half of one for each character. */
static const struct stressor stressor_collapse = {
	.name = "collapse", .unit = "huge pages", .floor = 4,
	.needs = "no MADV_COLLAPSE", .huge = true,
	.allowed = can_collapse,
	.act = { act_collapse }, .change = &change_split_middle,
	.draw = MIB, .arena = 4 * MIB,
};

/* Zapped under mmap_lock for reading, while others fault and read. */
static const struct stressor stressor_unmap = {
	.name = "unmap", .unit = "MiB", .floor = 32,
	.change = &change_hole,
	.draw = 2 * MIB, .arena = 2 * MIB,
};

static const struct stressor stressor_unmap_huge = {
	.name = "unmap_huge", .unit = "MiB", .floor = 32,
	.needs = "no MADV_COLLAPSE", .huge = true,
	.allowed = can_collapse,
	.change = &change_hole,
	.draw = 2 * MIB, .arena = 2 * MIB,
};

static const struct stressor stressor_move_pages = {
	.name = "move_pages", .unit = "pages", .floor = 1000,
	.needs = "one node of memory",
	.allowed = can_move,
	.act = { act_move_pages }, .change = &change_move,
	.draw = 64 * KIB, .arena = 2 * MIB,
};

static const struct stressor stressor_compact = {
	.name = "compact", .unit = "pages", .floor = 100,
	.needs = "not permitted to compact memory", .strong = true,
	.allowed = can_compact,
	.counter = "pgmigrate_success",
	.act = { act_compact }, .change = &change_split_middle,
	.draw = 64 * KIB, .arena = 16 * MIB,
};

static const struct stressor stressor_pageout = {
	.name = "pageout", .unit = "pages", .floor = 200,
	.needs = "no swap", .strong = true, .counter = "pswpin",
	.allowed = can_swap,
	.act = { act_pageout }, .change = &change_three_pages,
	.draw = 64 * KIB, .arena = 2 * MIB,
};

static const struct stressor stressor_pressure = {
	.name = "pressure", .unit = "pages", .floor = 200,
	.needs = "no memory cgroup of one's own, or no swap", .strong = true,
	.allowed = can_swap,
	.counter = "pswpin", .cgroup = 32 * MIB,
	.change = &change_resize,
	.draw = 64 * KIB, .arena = 150,
};

/* What is not allowed is left out; two acts have children. */
static const struct stressor stressor_all = {
	.name = "all", .unit = "acts", .floor = 50, .strong = true,
	.act = { act_fork_fault, act_fork_exec, act_collapse, act_move_pages,
		 act_compact, act_pageout },
	.huge = true, .change = &change_split_middle,
	.draw = 256 * KIB, .arena = 4 * MIB,
};

/* --- the target's side --------------------------------------------------------- */

/* What a thread of the target is for; @act -1 is the keeper. */
struct stress_job {
	struct stress *stress;
	int act;
};

static inline int stress_work(const struct stress_job *job)
{
	struct stress *stress = job->stress;
	size_t at = 0;
	int did = 0;

	while (did >= 0 && !stress_over(stress)) {
		if (job->act < 0) {
			did = arena_keep(stress, &at);
			continue;
		}
		did = stress->row->act[job->act](stress,
						 &stress->kid[job->act]);
		if (did > 0) {
			atomic_fetch_add(&stress->done, did);
			atomic_fetch_or(&stress->acted, 1U << job->act);
		} else {
			nap_ns(NSEC_PER_MSEC);
		}
	}
	return did < 0 ? did : 0;
}

static inline void *stress_thread(void *arg)
{
	const struct stress_job *job = arg;
	struct stress *stress = job->stress;
	int err;

	setpriority(PRIO_PROCESS, syscall(SYS_gettid), STRESS_NICE);
	while (!stress->go)
		word_wait(&stress->go, 0, NSEC_PER_SEC);
	err = stress_work(job);
	if (err == -EOPNOTSUPP)
		atomic_fetch_or(&stress->refused, 1U << job->act);
	else if (err && !stress->race->error)
		stress->race->error = err;
	atomic_fetch_sub(&stress->running, 1);
	return NULL;
}

static inline unsigned int stressor_acts(const struct stressor *row)
{
	unsigned int n = 0;

	while (n < STRESS_ACTS && row->act[n])
		n++;
	return n;
}

/* A mask of all of them. */
static inline uint32_t stressor_all_acts(const struct stressor *row)
{
	return (1U << stressor_acts(row)) - 1;
}

/* The arena, in some address space where nothing can merge with it. */
static inline int arena_build(struct stress *stress)
{
	size_t align = stress->huge ? stress->huge : stress->page;
	size_t pages = stress->size / stress->page;
	size_t stage = STAGE_PAGES * (stress->race->stage.page / stress->page);
	char *p;

	p = mmap(NULL, stress->size + 2 * align, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	p += align - ((uintptr_t)p & (align - 1));
	stress->arena = mmap(p, stress->size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (stress->arena == MAP_FAILED)
		return -errno;
	p = mmap(NULL, (pages + stage) * sizeof(uint64_t),
		 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	stress->ticket = (uint64_t *)p;
	stress->stage_ticket = stress->ticket + pages;
	return 0;
}

/** stress_begin() - build arena and threads in the target; see struct company */
static inline int stress_begin(struct race *race, void *arg)
{
	static struct stress_job job[STRESS_ACTS + 1];
	struct stress *stress = arg;
	unsigned int n = stressor_acts(stress->row), i;
	pthread_t thread;
	int err = 0;

	stress->race = race;
	if (stress->cgroup)
		err = cgroup_enter(stress->cgroup);
	if (!stress->row->huge)
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (!err)
		err = arena_build(stress);
	if (err)
		return err;
	exec_words(false);
	exec_words(true);
	pthread_mutex_init(&stress->lock, NULL);
	arena_write(stress, 0, stress->size / stress->page);
	err = stage_keep(stress, race->change->draw[0]);
	stress->running = n + 1;
	for (i = 0; i <= n && !err; i++) {
		job[i].stress = stress;
		job[i].act = (int)i - 1;
		err = -pthread_create(&thread, NULL, stress_thread, &job[i]);
	}
	return err;
}

/** stress_made() - a transition was made; see struct company */
static inline int stress_made(struct race *race, unsigned int index, void *arg)
{
	const struct change *change = race->change;
	const struct op *op = &change->op[index];
	struct stress *stress = arg;
	int err;

	tickets_follow(op, stress->stage_ticket,
		       race->stage.page / stress->page);
	err = stage_keep(stress, change->draw[(index + 1) % change->nr]);
	if (stress->row->act[0])
		return err;
	/* Rows without an act: what was unmapped is what was done. */
	if (op->type == OP_UNMAP && (!stress->huge || stress->collapsed))
		atomic_fetch_add(&stress->done,
				 op->pages * race->stage.page / MIB);
	if (op->type == OP_MAP && stress->huge)
		stress->collapsed =
			stage_collapse(stress, change->draw[(index + 1) %
							    change->nr]);
	return err;
}

/* --- the test's side ------------------------------------------------------------ */

/* A huge page of one's own, to see whether there can be any. */
static inline bool stress_can_collapse(size_t size)
{
	char *p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *huge;
	int tries = 10, err = EINVAL;

	if (p == MAP_FAILED)
		return false;
	huge = p + (-(uintptr_t)p & (size - 1));
	memset(huge, 1, size);
	/* EAGAIN and the like are not for ever. */
	do {
		err = madvise(huge, size, MADV_COLLAPSE) ? errno : 0;
	} while (err && err != EINVAL && --tries);
	munmap(p, 2 * size);
	return !err;
}

/** stress_huge() - bytes per huge page; 0 where there are none, or too large. */
static inline size_t stress_huge(void)
{
	size_t size = 0;
	FILE *file;

	file = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%zu", &size) != 1 || size > 4 * MIB)
		size = 0;
	fclose(file);
	return size && stress_can_collapse(size) ? size : 0;
}

/* Whether all that the row does was refused, at a closer look. */
static inline bool stressor_refused(const struct stress *stress)
{
	return stress->refused &&
	       stress->refused == stressor_all_acts(stress->row);
}

/* Whether the target has children. */
static inline bool stressor_forks(const struct stressor *row)
{
	return row->act[0] == act_fork_fault || row->act[0] == act_fork_hole ||
	       row->act[0] == act_fork_exec;
}

/* Memory that a test may take: an eighth of what is free, and no more than... */
#define STRESS_BYTES (256 * MIB)

/**
 * stress_plan() - how much of everything, chosen from what is free
 * @stress:	filled in
 * @row:	which row
 * @strong:	a hundred children at once, not one after the other
 *
 * Return: bytes that the test will take at most, 0 where they are not to be had.
 */
static inline uint64_t stress_plan(struct stress *stress,
				   const struct stressor *row, bool strong)
{
	uint64_t bytes = machine_free() / 8, fixed;
	long children = sysconf(_SC_CHILD_MAX);

	stress->row = row;
	stress->page = sysconf(_SC_PAGESIZE);
	stress->huge = row->huge ? stress_huge() : 0;
	stress->size = row->cgroup ? row->cgroup / 100 * row->arena :
				     row->arena;
	/* A multiple of what the keeper and the holes ask for. */
	stress->size -= stress->size % MIB;
	stress->swap = machine_swap() > 2 * stress->size;
	machine_nodes(stress->node);
	/* Stage, arena, and their tickets. */
	fixed = strlen(row->change->draw[0]) * row->draw + stress->size;
	fixed += fixed / 64;
	if (bytes > STRESS_BYTES)
		bytes = STRESS_BYTES;
	if (bytes < fixed + KID_BYTES)
		return 0;
	if (!stressor_forks(row))
		return fixed;
	stress->kids = (bytes - fixed) / KID_BYTES;
	if (stress->kids > (strong ? KID_MOST : KID_MOST / 4))
		stress->kids = strong ? KID_MOST : KID_MOST / 4;
	/* The user has other processes, too. */
	if (children > 0 && stress->kids > (unsigned long)children / 8)
		stress->kids = children / 8;
	return fixed + stress->kids * KID_BYTES;
}

#endif /* PROC_STRESSOR_H */
