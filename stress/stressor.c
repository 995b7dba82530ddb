// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stressor.h"
#include "children.h"
#include "target.h"
#include "../lib/cgroup.h"
#include "../lib/clock.h"
#include "../lib/futex.h"
#include "../lib/machine.h"
#include "../lib/random.h"
#include "../model/page_tag.h"
#include "../tearing/stage.h"

#ifndef PR_SET_THP_DISABLE
#define PR_SET_THP_DISABLE 41
#endif

#define KIB 1024UL
#define MIB (1024 * KIB)

/*
 * MPOL_MF_MOVE of <linux/mempolicy.h>: move pages that only this process maps.
 */
#define STRESS_MPOL_MF_MOVE 2

/* Number of pages of one move_pages(). */
#define STRESS_MOVE 64

/*
 * Maximum memory of a test, in bytes, beside the bound of an eighth of the free
 * memory.
 */
#define STRESS_BYTES (256 * MIB)

/*
 * struct stress_job - argument of a thread of the target; @op -1 is the
 * verifier
 */
struct stress_job {
	struct stress *stress;
	int op;
};

static int stress_fork_fault(struct stress *stress, struct fork_child *slot)
{
	return fork_child_batch(stress, slot, fork_child_fault);
}

static int stress_fork_hole(struct stress *stress, struct fork_child *slot)
{
	return fork_child_batch(stress, slot, fork_child_punch);
}

int stress_fork_exec(struct stress *stress, struct fork_child *slot)
{
	return fork_child_batch(stress, slot, fork_child_exec);
}

/*
 * Drop a page of each huge page, and collapse the range to a huge page again.
 */
static int stress_collapse(struct stress *stress, struct fork_child *slot)
{
	size_t at, page;
	int n = 0;

	if (!stress->huge)
		return -EOPNOTSUPP;
	page = random_next(&(uint64_t){ now_ns() | 1 }) %
	       (stress->huge / stress->page);
	for (at = 0; at < stress->size; at += stress->huge) {
		region_forget(stress, at / stress->page + page);
		if (!madvise(stress->region + at, stress->huge, MADV_COLLAPSE))
			n++;
	}
	stage_collapse(stress, stress->race->change->draw[0]);
	return n;
}

/* Move all pages to the other node, and back in the next call. */
static int stress_move_pages(struct stress *stress, struct fork_child *slot)
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

			page[i] = here < stress->size ? stress->region + here :
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

/*
 * Drop every second page, since compaction needs holes in memory, and compact.
 */
static int stress_compact(struct stress *stress, struct fork_child *slot)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	size_t i;

	if (fd < 0)
		return -EOPNOTSUPP;
	for (i = now_ns() % 2; i < stress->size / stress->page; i += 2)
		region_forget(stress, i);
	if (write(fd, "1", 1) < 0)
		i = 0;
	close(fd);
	sleep_ns(5 * NSEC_PER_MSEC);
	return !!i;
}

/* Swap out the pages of region and stage. */
static int stress_pageout(struct stress *stress, struct fork_child *slot)
{
	const struct stage *stage = &stress->race->stage;

	if (!stress->swap)
		return -EOPNOTSUPP;
	if (madvise(stress->region, stress->size, MADV_PAGEOUT))
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	/* Holes on the stage are no error. */
	madvise(stage_addr(stage, 0), STAGE_PAGES * stage->page, MADV_PAGEOUT);
	sleep_ns(NSEC_PER_MSEC);
	return 1;
}

static bool can_collapse(const struct stress *stress)
{
	return stress->huge;
}

static bool can_move(const struct stress *stress)
{
	return stress->node[0] != stress->node[1];
}

static bool can_swap(const struct stress *stress)
{
	return stress->swap;
}

static bool can_compact(const struct stress *stress)
{
	return !access("/proc/sys/vm/compact_memory", W_OK);
}

const struct stressor stressor_fork_fault = {
	.name = "fork_fault", .unit = "children", .floor = 12, .children = 12,
	.op = { stress_fork_fault }, .change = &change_split_middle,
	.draw = 64 * KIB, .region = 2 * MIB,
};

const struct stressor stressor_fork_hole = {
	.name = "fork_hole", .unit = "children", .floor = 12, .children = 12,
	.op = { stress_fork_hole }, .change = &change_split_high, .holes = true,
	.draw = 64 * KIB, .region = 2 * MIB,
};

const struct stressor stressor_fork_exec = {
	.name = "fork_exec", .unit = "children", .floor = 6, .children = 6,
	.op = { stress_fork_exec }, .change = &change_hole, .exec = true,
	.draw = 64 * KIB, .region = 2 * MIB,
};

const struct stressor stressor_collapse = {
	.name = "collapse", .unit = "huge pages", .floor = 4,
	.needs = "no MADV_COLLAPSE", .huge = true,
	.allowed = can_collapse,
	.op = { stress_collapse }, .change = &change_split_middle,
	.draw = MIB, .region = 4 * MIB,
};

const struct stressor stressor_unmap = {
	.name = "unmap", .unit = "MiB", .floor = 32,
	.change = &change_hole,
	.draw = 2 * MIB, .region = 2 * MIB,
};

const struct stressor stressor_unmap_huge = {
	.name = "unmap_huge", .unit = "MiB", .floor = 32,
	.needs = "no MADV_COLLAPSE", .huge = true,
	.allowed = can_collapse,
	.change = &change_hole,
	.draw = 2 * MIB, .region = 2 * MIB,
};

const struct stressor stressor_move_pages = {
	.name = "move_pages", .unit = "pages", .floor = 1000,
	.needs = "one node of memory",
	.allowed = can_move,
	.op = { stress_move_pages }, .change = &change_move,
	.draw = 64 * KIB, .region = 2 * MIB,
};

const struct stressor stressor_compact = {
	.name = "compact", .unit = "pages", .floor = 100,
	.needs = "not permitted to compact memory", .strong = true,
	.allowed = can_compact,
	.counter = "pgmigrate_success",
	.op = { stress_compact }, .change = &change_split_middle,
	.draw = 64 * KIB, .region = 16 * MIB,
};

const struct stressor stressor_pageout = {
	.name = "pageout", .unit = "pages", .floor = 200,
	.needs = "no swap", .strong = true, .counter = "pswpin",
	.allowed = can_swap,
	.op = { stress_pageout }, .change = &change_three_pages,
	.draw = 64 * KIB, .region = 2 * MIB,
};

const struct stressor stressor_pressure = {
	.name = "pressure", .unit = "pages", .floor = 200,
	.needs = "no memory cgroup of one's own, or no swap", .strong = true,
	.allowed = can_swap,
	.counter = "pswpin", .cgroup = 32 * MIB,
	.change = &change_resize,
	.draw = 64 * KIB, .region = 150,
};

const struct stressor stressor_all = {
	.name = "all", .unit = "acts", .floor = 50, .strong = true,
	.op = { stress_fork_fault, stress_fork_exec, stress_collapse, stress_move_pages,
		 stress_compact, stress_pageout },
	.huge = true, .change = &change_split_middle,
	.draw = 256 * KIB, .region = 4 * MIB,
};

/* Repeat one operation until the test ends. */
static int stress_work(const struct stress_job *job)
{
	struct stress *stress = job->stress;
	size_t at = 0;
	int did = 0;

	while (did >= 0 && !stress_over(stress)) {
		if (job->op < 0) {
			did = region_verify(stress, &at);
			continue;
		}
		did = stress->entry->op[job->op](stress,
						 &stress->fork_child[job->op]);
		if (did > 0) {
			atomic_fetch_add(&stress->done, did);
			atomic_fetch_or(&stress->performed, 1U << job->op);
		} else {
			sleep_ns(NSEC_PER_MSEC);
		}
	}
	return did < 0 ? did : 0;
}

static void *stress_thread(void *arg)
{
	const struct stress_job *job = arg;
	struct stress *stress = job->stress;
	int err;

	setpriority(PRIO_PROCESS, syscall(SYS_gettid), STRESS_NICE);
	while (!stress->go)
		futex_wait(&stress->go, 0, NSEC_PER_SEC);
	err = stress_work(job);
	if (err == -EOPNOTSUPP)
		atomic_fetch_or(&stress->refused, 1U << job->op);
	else if (err && !stress->race->error)
		stress->race->error = err;
	atomic_fetch_sub(&stress->running, 1);
	return NULL;
}

static unsigned int stressor_ops(const struct stressor *entry)
{
	unsigned int n = 0;

	while (n < STRESS_OPS && entry->op[n])
		n++;
	return n;
}

uint32_t stressor_all_ops(const struct stressor *entry)
{
	return (1U << stressor_ops(entry)) - 1;
}

/* Map the region between unmapped pages, where it merges with nothing. */
static int region_build(struct stress *stress)
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
	stress->region = mmap(p, stress->size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (stress->region == MAP_FAILED)
		return -errno;
	p = mmap(NULL, (pages + stage) * sizeof(uint64_t),
		 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	stress->tag = (uint64_t *)p;
	stress->stage_tag = stress->tag + pages;
	return 0;
}

int stress_begin(struct race *race, void *arg)
{
	static struct stress_job job[STRESS_OPS + 1];
	struct stress *stress = arg;
	unsigned int n = stressor_ops(stress->entry), i;
	pthread_t thread;
	int err = 0;

	stress->race = race;
	if (stress->cgroup)
		err = cgroup_enter(stress->cgroup);
	if (!stress->entry->huge)
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (!err)
		err = region_build(stress);
	if (err)
		return err;
	exec_environment(false);
	exec_environment(true);
	pthread_mutex_init(&stress->lock, NULL);
	region_write(stress, 0, stress->size / stress->page);
	err = stage_verify(stress, race->change->draw[0]);
	stress->running = n + 1;
	for (i = 0; i <= n && !err; i++) {
		job[i].stress = stress;
		job[i].op = (int)i - 1;
		err = -pthread_create(&thread, NULL, stress_thread, &job[i]);
	}
	return err;
}

int stress_transition(struct race *race, unsigned int index, void *arg)
{
	const struct change *change = race->change;
	const struct op *op = &change->op[index];
	struct stress *stress = arg;
	int err;

	tags_apply(op, stress->stage_tag,
		   race->stage.page / stress->page);
	err = stage_verify(stress, change->draw[(index + 1) % change->nr]);
	if (stress->entry->op[0])
		return err;
	/* Entries without an operation: the unmapped memory is the work. */
	if (op->type == OP_UNMAP && (!stress->huge || stress->collapsed))
		atomic_fetch_add(&stress->done,
				 op->pages * race->stage.page / MIB);
	if (op->type == OP_MAP && stress->huge)
		stress->collapsed =
			stage_collapse(stress, change->draw[(index + 1) %
							    change->nr]);
	return err;
}

/* Collapse a range to a huge page, to check whether the kernel does that. */
static bool stress_can_collapse(size_t size)
{
	char *p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *huge;
	int tries = 10, err = EINVAL;

	if (p == MAP_FAILED)
		return false;
	huge = p + (-(uintptr_t)p & (size - 1));
	memset(huge, 1, size);
	/* EAGAIN and other errors are temporary. */
	do {
		err = madvise(huge, size, MADV_COLLAPSE) ? errno : 0;
	} while (err && err != EINVAL && --tries);
	munmap(p, 2 * size);
	return !err;
}

/** stress_huge() - return the size of a huge page, bytes; 0 without, or over 4 MiB */
static size_t stress_huge(void)
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

bool stressor_refused(const struct stress *stress)
{
	return stress->refused &&
	       stress->refused == stressor_all_ops(stress->entry);
}

bool stressor_forks(const struct stressor *entry)
{
	return entry->op[0] == stress_fork_fault || entry->op[0] == stress_fork_hole ||
	       entry->op[0] == stress_fork_exec;
}

uint64_t stress_plan(struct stress *stress, const struct stressor *entry,
		     bool strong)
{
	uint64_t bytes = machine_free() / 8, fixed;
	unsigned int at_once = strong ? FORK_CHILD_MAX : entry->children;
	long children = sysconf(_SC_CHILD_MAX);

	stress->entry = entry;
	stress->page = sysconf(_SC_PAGESIZE);
	stress->huge = entry->huge ? stress_huge() : 0;
	stress->size = entry->cgroup ? entry->cgroup / 100 * entry->region :
				     entry->region;
	/* A multiple of the strides of the verifier and of the holes. */
	stress->size -= stress->size % MIB;
	stress->swap = machine_swap() > 2 * stress->size;
	machine_nodes(stress->node);
	/* The stage, the region, and their page tags. */
	fixed = strlen(entry->change->draw[0]) * entry->draw + stress->size;
	fixed += fixed / 64;
	if (bytes > STRESS_BYTES)
		bytes = STRESS_BYTES;
	if (bytes < fixed + FORK_CHILD_BYTES)
		return 0;
	if (!stressor_forks(entry))
		return fixed;
	stress->children = (bytes - fixed) / FORK_CHILD_BYTES;
	if (stress->children > at_once)
		stress->children = at_once;
	/* RLIMIT_NPROC counts the other processes of the user as well. */
	if (children > 0 && stress->children > (unsigned long)children / 8)
		stress->children = children / 8;
	return fixed + stress->children * FORK_CHILD_BYTES;
}
