// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bulk.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/env.h"
#include "../lib/print.h"
#include "../lib/task.h"

/* Since 5.14; before that release, page faults take mmap_lock. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/*
 * Number of pages that are faulted in before all are dropped: few enough for
 * the cache, and many enough to seldom drop them.
 */
#define BULK_FAULT_PAGES 64

/* Timeout of the start and of a round, in ns, for a busy or emulated machine. */
#define BULK_WAIT_NS (20 * NSEC_PER_SEC)

/*
 * Time for which faults without any munmap() are counted before each round, in
 * ns.
 */
#define BULK_CALM_NS (20 * NSEC_PER_MSEC)

/*
 * Time after which no further round begins, in s.  On a busy machine, a round
 * takes seconds.
 */
#define BULK_SECONDS 15

/* Multiple of BULK_SECONDS after which none begins where all rounds stall.  Arbitrary. */
#define BULK_EXTEND 2

/* Number of faults beside a munmap() below which a round counts as blocked. */
#define BULK_FAULTS 10

/* struct bulk_job - argument of a process */
struct bulk_job {
	const struct bulk *bulk;
	enum group group;
};

/* Thread that maps, populates and unmaps the large mapping when ordered. */
static void *bulk_unmapper(void *arg)
{
	const struct bulk_job *job = arg;
	struct bulk_shared *shared = job->bulk->shared;
	uint32_t seen = 0, order;
	size_t size;

	cpu_pin(job->bulk->cpu_unmap);
	if (start_barrier_arrive(&shared->start_barrier, BULK_WAIT_NS))
		_exit(1);
	for (;;) {
		int64_t begin;
		char *p;

		while ((order = atomic_load(&shared->order)) == seen)
			futex_wait(&shared->order, seen, NSEC_PER_SEC);
		seen = order;
		if (order % NR_GROUPS != job->group)
			continue;
		size = shared->size;
		p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED) {
			atomic_store(&shared->error, (uint32_t)errno);
			_exit(1);
		}
		madvise(p, size,
			shared->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		memset(p, 1, size);
		/* Begin the munmap() with a fresh time slice. */
		sched_yield();
		atomic_fetch_add(&shared->active, 1);
		begin = now_ns();
		munmap(p, size);
		shared->took = now_ns() - begin;
		atomic_fetch_add(&shared->active, 1);
		futex_store(&shared->done, order);
	}
	return NULL;
}

/* Make the @i-th page fault, at @p. */
static void bulk_fault(char *p, size_t page, unsigned int i)
{
	if (i % 2 == 0 || madvise(p, page, MADV_POPULATE_WRITE))
		atomic_store((_Atomic char *)p, 1);
}

/* Make page faults until the process is killed. */
static int bulk_faulter(const struct bulk *bulk)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bulk_shared *shared = bulk->shared;
	char *p = mmap(NULL, BULK_FAULT_PAGES * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	if (p == MAP_FAILED)
		return 1;
	madvise(p, BULK_FAULT_PAGES * page, MADV_NOHUGEPAGE);
	if (start_barrier_arrive(&shared->start_barrier, BULK_WAIT_NS))
		return 1;
	for (;;) {
		madvise(p, BULK_FAULT_PAGES * page, MADV_DONTNEED);
		for (i = 0; i < BULK_FAULT_PAGES; i++) {
			uint32_t before = atomic_load(&shared->active);
			int64_t begin = now_ns(), took;

			bulk_fault(p + i * page, page, i);
			while (bulk->inject && atomic_load(&shared->active) % 2 &&
			       atomic_load(&shared->order) % NR_GROUPS ==
			       GROUP_TARGET)
				;
			took = now_ns() - begin;
			atomic_fetch_add(&shared->all, 1);
			/*
			 * A fault that the munmap() blocks may begin before it
			 * and end after it.
			 */
			if (before % 2 == 0 &&
			    before == atomic_load(&shared->active))
				continue;
			atomic_fetch_add(&shared->faults, 1);
			took /= NSEC_PER_USEC;
			if (took > atomic_load(&shared->longest_us))
				atomic_store(&shared->longest_us,
					     (uint32_t)took);
		}
	}
}

static int bulk_main(void *arg)
{
	const struct bulk_job *job = arg;
	pthread_t thread;

	if (cpu_pin(job->bulk->cpu_fault))
		return 1;
	if (job->group != GROUP_TARGET) {
		bulk_unmapper(arg);
		return 1;
	}
	if (pthread_create(&thread, NULL, bulk_unmapper, arg))
		return 1;
	return bulk_faulter(job->bulk);
}

int bulk_free(struct bulk *bulk)
{
	enum group group;
	int ret = 0;

	for (group = GROUP_CONTROL; group < NR_GROUPS; group++)
		if (child_kill(&bulk->child[group]) &&
		    task_state(bulk->child[group].pid) == 'D')
			ret = -ETIMEDOUT;
	if (bulk->shared)
		munmap(bulk->shared, sizeof(*bulk->shared));
	bulk->shared = NULL;
	return ret;
}

int bulk_start(struct bulk *bulk)
{
	enum group group;
	int ret;

	bulk->shared = shared_alloc(sizeof(*bulk->shared));
	if (!bulk->shared)
		return -ENOMEM;
	bulk->shared->size = bulk->most < BULK_FIRST ? bulk->most : BULK_FIRST;
	for (group = GROUP_CONTROL; group < NR_GROUPS; group++) {
		struct bulk_job job = { bulk, group };

		ret = child_start(&bulk->child[group], bulk_main, &job);
		if (ret)
			return ret;
	}
	return start_barrier_open(&bulk->shared->start_barrier, 3, BULK_WAIT_NS);
}

/**
 * bulk_round() - make one process unmap its large mapping
 * @bulk:	the processes, started
 * @number: number of the round, from 1
 * @group:	group of the process
 * @round:	filled in
 *
 * Return: 0, -ENOMEM without memory for the mapping, or -ETIMEDOUT.
 */
static int bulk_round(struct bulk *bulk, uint32_t number, enum group group,
		      struct bulk_round *round)
{
	uint32_t order = number * NR_GROUPS + group;
	struct bulk_shared *shared = bulk->shared;
	int64_t deadline = now_ns() + BULK_WAIT_NS;
	uint32_t seen, calm = atomic_load(&shared->all);
	int64_t begin = now_ns();

	sleep_ns(BULK_CALM_NS);
	calm = atomic_load(&shared->all) - calm;
	round->calm = calm * (double)NSEC_PER_SEC / (double)(now_ns() - begin);
	atomic_store(&shared->faults, 0);
	atomic_store(&shared->longest_us, 0);
	futex_store(&shared->order, order);
	while ((seen = atomic_load(&shared->done)) != order) {
		if (atomic_load(&shared->error) ||
		    !child_alive(&bulk->child[group]))
			return -ENOMEM;
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		futex_wait(&shared->done, seen, 100 * NSEC_PER_MSEC);
	}
	/* A fault that was blocked ends after the munmap(). */
	sleep_ns(NSEC_PER_MSEC);
	round->took = shared->took;
	round->longest = atomic_load(&shared->longest_us) * NSEC_PER_USEC;
	round->faults = atomic_load(&shared->faults);
	return 0;
}

size_t bulk_most(void)
{
	uint64_t size = (uint64_t)sysconf(_SC_AVPHYS_PAGES) / 8 *
			(uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t most = env_value("FULL") ? 1ULL << 30 : 1ULL << 28;

	return (size_t)(size < most ? size : most);
}

bool bulk_grow(struct bulk *bulk, const struct bulk_round *round)
{
	struct bulk_shared *shared = bulk->shared;

	if (round->took >= BULK_LONG_NS || shared->size >= bulk->most)
		return false;
	shared->size = bulk->most / 2 < shared->size ? bulk->most : 2 * shared->size;
	return true;
}

bool bulk_is_late(int64_t begin, bool stalls)
{
	return now_ns() - begin > (stalls ? BULK_EXTEND : 1) * BULK_SECONDS * NSEC_PER_SEC;
}

double bulk_share(const struct bulk_round *round)
{
	return (double)round->longest / (double)round->took;
}

bool bulk_goes_on(const struct bulk_round *round)
{
	return round->faults >= BULK_FAULTS && bulk_share(round) < 0.5;
}

int bulk_pair(struct bulk *bulk, uint32_t *number, struct bulk_sum *sum,
	      struct bulk_round round[NR_GROUPS])
{
	enum group group;
	int error;

	for (group = GROUP_CONTROL; group < NR_GROUPS; group++) {
		error = bulk_round(bulk, ++*number, group, &round[group]);
		if (error)
			return error;
		sum->rounds++;
		sum->calm += round[group].calm;
		sum->faults[group] += round[group].faults;
		sum->time[group] += round[group].took;
		sum->share[group] += bulk_share(&round[group]);
	}
	return 0;
}

void bulk_print(const char *name, const struct bulk_sum *sum)
{
	double rate[NR_GROUPS] = { 0 };
	enum group group;

	diag("%s.quiet.faults: %.0f per_s", name, sum->calm / sum->rounds);
	for (group = GROUP_CONTROL; group < NR_GROUPS; group++) {
		rate[group] = sum->faults[group] /
			    ((double)sum->time[group] / NSEC_PER_SEC);
		diag("%s.%s.munmap: %.2f ms", name, group_name[group],
		     (double)sum->time[group] / NSEC_PER_MSEC / (sum->rounds / 2));
		diag("%s.%s.faults: %.0f per_s", name, group_name[group], rate[group]);
		diag("%s.%s.longest_stall: %.1f %% of the munmap", name,
		     group_name[group], 100 * sum->share[group] / (sum->rounds / 2));
	}
	diag("%s.faults_delta: %.1f %%", name,
	     100 * (rate[GROUP_TARGET] / rate[GROUP_CONTROL] - 1));
}
