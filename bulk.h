/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bulk.h - page faults while a large mapping goes away
 *
 *     mapper's CPU   victim, thread 1     ..faults.....................
 *     load's CPU     victim, thread 2     |------- munmap -------|
 *                    or the other process |------- munmap -------|
 *                    and a scanner that reads the victim's maps
 *
 * The faults are on mappings of their own.  If munmap() keeps the address space
 * locked until it has freed the last page, then a fault that comes meanwhile
 * lasts as long as the munmap does.  The same munmap in another process costs
 * the machine the same, but locks nothing that the victim needs.  Beside it are
 * measured the faults of the victim with no munmap anywhere.
 *
 * Since 6.4 most faults have enough in the lock of their VMA, and would not
 * notice; the first one in a mapping, for example, still takes mmap_lock.  So
 * every second one is made by madvise(), which always takes it.
 */
#ifndef PROC_BULK_H
#define PROC_BULK_H

#include <pthread.h>
#include "load.h"
#include "peer.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23		/* 5.14; before that, faults take the lock */
#endif

/* Few enough to stay in the cache, many enough to seldom start over. */
#define BULK_FAULT_PAGES 64
#define BULK_WAIT_NS (20 * NSEC_PER_SEC)

/**
 * struct bulk_shared - shared by the test, the victim and the other process
 * @order:	number of the round, times NR_ARMS, plus whose turn it is
 * @done:	the order that was carried out last
 * @error:	errno of what failed
 * @active:	odd while a munmap is under way
 * @took:	how long it took, ns; to be read after @done
 * @huge:	the large mapping is to have huge pages, where there are any
 * @all:	faults, whatever they met
 * @faults:	faults since the order was given that met a munmap
 * @longest_us:	of them, microseconds
 * @gate:	all three threads arrive here
 */
struct bulk_shared {
	_Atomic uint32_t order;
	_Atomic uint32_t done;
	_Atomic uint32_t error;
	_Atomic uint32_t active;
	int64_t took;
	_Atomic bool huge;
	_Atomic uint32_t all;
	_Atomic uint32_t faults;
	_Atomic uint32_t longest_us;
	struct gate gate;
};

/**
 * struct bulk - a victim that faults, and two processes that can unmap
 * @size:	of the large mapping, bytes
 * @cpu_fault:	where the victim faults
 * @cpu_unmap:	where both unmap
 * @plant:	a planted fault: the victim's faults wait for the munmap
 * @shared:	shared memory
 * @peer:	indexed by arm: ARM_VICTIM faults and unmaps, ARM_DECOY unmaps
 */
struct bulk {
	size_t size;
	int cpu_fault;
	int cpu_unmap;
	bool plant;

	struct bulk_shared *shared;
	struct peer peer[NR_ARMS];
};

/* So long faults are counted with nothing beside them, before each round. */
#define BULK_CALM_NS (20 * NSEC_PER_MSEC)

/** struct bulk_round - what one munmap did to the faults; @calm per second */
struct bulk_round {
	double calm;
	int64_t took;
	int64_t longest;
	uint32_t faults;
};

struct bulk_job {
	const struct bulk *bulk;
	enum arm arm;
};

static inline void *bulk_unmapper(void *arg)
{
	const struct bulk_job *job = arg;
	struct bulk_shared *shared = job->bulk->shared;
	uint32_t seen = 0, order;

	cpu_pin(job->bulk->cpu_unmap);
	if (gate_pass(&shared->gate, BULK_WAIT_NS))
		_exit(1);
	for (;;) {
		int64_t begin;
		char *p;

		while ((order = atomic_load(&shared->order)) == seen)
			word_wait(&shared->order, seen, NSEC_PER_SEC);
		seen = order;
		if (order % NR_ARMS != job->arm)
			continue;
		p = mmap(NULL, job->bulk->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED) {
			atomic_store(&shared->error, (uint32_t)errno);
			_exit(1);
		}
		madvise(p, job->bulk->size,
			shared->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		memset(p, 1, job->bulk->size);
		/* The rest of the time slice is not enough: start afresh. */
		sched_yield();
		atomic_fetch_add(&shared->active, 1);
		begin = now_ns();
		munmap(p, job->bulk->size);
		shared->took = now_ns() - begin;
		atomic_fetch_add(&shared->active, 1);
		word_set(&shared->done, order);
	}
	return NULL;
}

/* The @i-th page fault, at @p. */
static inline void bulk_fault(char *p, size_t page, unsigned int i)
{
	if (i % 2 == 0 || madvise(p, page, MADV_POPULATE_WRITE))
		atomic_store((_Atomic char *)p, 1);
}

static inline int bulk_faulter(const struct bulk *bulk)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bulk_shared *shared = bulk->shared;
	char *p = mmap(NULL, BULK_FAULT_PAGES * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	if (p == MAP_FAILED)
		return 1;
	madvise(p, BULK_FAULT_PAGES * page, MADV_NOHUGEPAGE);
	if (gate_pass(&shared->gate, BULK_WAIT_NS))
		return 1;
	for (;;) {
		madvise(p, BULK_FAULT_PAGES * page, MADV_DONTNEED);
		for (i = 0; i < BULK_FAULT_PAGES; i++) {
			uint32_t before = atomic_load(&shared->active);
			int64_t begin = now_ns(), took;

			bulk_fault(p + i * page, page, i);
			while (bulk->plant && atomic_load(&shared->active) % 2 &&
			       atomic_load(&shared->order) % NR_ARMS ==
			       ARM_VICTIM)
				;
			took = now_ns() - begin;
			atomic_fetch_add(&shared->all, 1);
			/*
			 * The one that waits for the munmap may begin just
			 * before it and be over just after it.
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

static inline int bulk_main(void *arg)
{
	const struct bulk_job *job = arg;
	pthread_t thread;

	if (cpu_pin(job->bulk->cpu_fault))
		return 1;
	if (job->arm != ARM_VICTIM) {
		bulk_unmapper(arg);
		return 1;
	}
	if (pthread_create(&thread, NULL, bulk_unmapper, arg))
		return 1;
	return bulk_faulter(job->bulk);
}

/**
 * bulk_free() - end both processes, in any state
 * @bulk:	the two
 *
 * Return: 0, or -ETIMEDOUT where the kernel holds one that was killed.
 */
static inline int bulk_free(struct bulk *bulk)
{
	enum arm arm;
	int ret = 0;

	for (arm = ARM_DECOY; arm < NR_ARMS; arm++)
		if (peer_kill(&bulk->peer[arm]) &&
		    task_state(bulk->peer[arm].pid) == 'D')
			ret = -ETIMEDOUT;
	if (bulk->shared)
		munmap(bulk->shared, sizeof(*bulk->shared));
	bulk->shared = NULL;
	return ret;
}

/**
 * bulk_start() - start both processes
 * @bulk:	with the wishes filled in
 *
 * Return: 0 or -errno; bulk_free() is due in either case.
 */
static inline int bulk_start(struct bulk *bulk)
{
	enum arm arm;
	int ret;

	bulk->shared = shared_alloc(sizeof(*bulk->shared));
	if (!bulk->shared)
		return -ENOMEM;
	for (arm = ARM_DECOY; arm < NR_ARMS; arm++) {
		struct bulk_job job = { bulk, arm };

		ret = peer_start(&bulk->peer[arm], bulk_main, &job);
		if (ret)
			return ret;
	}
	return gate_open(&bulk->shared->gate, 3, BULK_WAIT_NS);
}

/**
 * bulk_round() - have one of the two unmap its large mapping
 * @bulk:	after bulk_start()
 * @number:	of the round, from 1
 * @arm:	which process
 * @round:	filled in
 *
 * Return: 0, -ENOMEM when there is no memory for it, -ETIMEDOUT.
 */
static inline int bulk_round(struct bulk *bulk, uint32_t number, enum arm arm,
			     struct bulk_round *round)
{
	uint32_t order = number * NR_ARMS + arm;
	struct bulk_shared *shared = bulk->shared;
	int64_t deadline = now_ns() + BULK_WAIT_NS;
	uint32_t seen, calm = atomic_load(&shared->all);
	int64_t begin = now_ns();

	nap_ns(BULK_CALM_NS);
	calm = atomic_load(&shared->all) - calm;
	round->calm = calm * (double)NSEC_PER_SEC / (double)(now_ns() - begin);
	atomic_store(&shared->faults, 0);
	atomic_store(&shared->longest_us, 0);
	word_set(&shared->order, order);
	while ((seen = atomic_load(&shared->done)) != order) {
		if (atomic_load(&shared->error) ||
		    !peer_alive(&bulk->peer[arm]))
			return -ENOMEM;
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		word_wait(&shared->done, seen, 100 * NSEC_PER_MSEC);
	}
	/* The fault that waited is to be over, too. */
	nap_ns(NSEC_PER_MSEC);
	round->took = shared->took;
	round->longest = atomic_load(&shared->longest_us) * NSEC_PER_USEC;
	round->faults = atomic_load(&shared->faults);
	return 0;
}

#endif /* PROC_BULK_H */
