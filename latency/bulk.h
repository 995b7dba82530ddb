/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bulk.h - page faults while a large mapping goes away
 *
 *     mapper's CPU   target, thread 1     ..faults.....................
 *     load's CPU     target, thread 2     |------- munmap -------|
 *                    or the other process |------- munmap -------|
 *                    and a scanner that reads the target's maps
 *
 * The faults are on mappings of their own.  If munmap() keeps the address space
 * locked until it has freed the last page, then a fault that comes meanwhile
 * lasts as long as the munmap does.  The same munmap in another process costs
 * the machine the same, but locks nothing that the target needs.  Beside it are
 * measured the faults of the target with no munmap anywhere.
 *
 * Since 6.4 most faults have enough in the lock of their VMA, and would not
 * notice; the first one in a mapping, for example, still takes mmap_lock.  So
 * every second one is made by madvise(), which always takes it.
 */
#ifndef PROC_LATENCY_BULK_H
#define PROC_LATENCY_BULK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load.h"
#include "../lib/child.h"
#include "../lib/futex.h"

/*
 * Rounds in which the faults went on; and rounds in which they did not, with not
 * one of the others: a busy machine alone makes one in five such.
 */
#define BULK_ROUNDS 3
#define BULK_STALLED 5
#define BULK_MAX_ROUNDS 8

/**
 * struct bulk_shared - shared by the test, the target and the other process
 * @order:	number of the round, times NR_GROUPS, plus whose turn it is
 * @done:	the order that was carried out last
 * @error:	errno of what failed
 * @active:	odd while a munmap is under way
 * @took:	how long it took, ns; to be read after @done
 * @huge:	the large mapping is to have huge pages, where there are any
 * @all:	faults, whatever they met
 * @faults:	faults since the order was given that met a munmap
 * @longest_us:	of them, microseconds
 * @start_barrier:	all three threads arrive here
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
	struct start_barrier start_barrier;
};

/**
 * struct bulk - a target that faults, and two processes that can unmap
 * @size:	of the large mapping, bytes
 * @cpu_fault:	where the target faults
 * @cpu_unmap:	where both unmap
 * @inject:	a injected fault: the target's faults wait for the munmap
 * @shared:	shared memory
 * @child:	indexed by group: GROUP_TARGET faults and unmaps, GROUP_CONTROL unmaps
 */
struct bulk {
	size_t size;
	int cpu_fault;
	int cpu_unmap;
	bool inject;

	struct bulk_shared *shared;
	struct child child[NR_GROUPS];
};

/** struct bulk_round - what one munmap did to the faults; @calm per second */
struct bulk_round {
	double calm;
	int64_t took;
	int64_t longest;
	uint32_t faults;
};

/*
 * struct bulk_sum - rounds together, by group
 * @rounds:	of both groups together
 * @calm:	sum of the faults per second with no munmap anywhere
 * @faults:	beside a munmap
 * @time:	that the munmaps took, ns
 * @share:	sum of the longest stalls, in munmaps
 */
struct bulk_sum {
	unsigned int rounds;
	double calm, faults[NR_GROUPS], share[NR_GROUPS];
	int64_t time[NR_GROUPS];
};

/**
 * bulk_free() - end both processes, in any state
 * @bulk:	the two
 *
 * Return: 0, or -ETIMEDOUT where the kernel holds one that was killed.
 */
int bulk_free(struct bulk *bulk);

/**
 * bulk_start() - start both processes
 * @bulk:	with the wishes filled in
 *
 * Return: 0 or -errno; bulk_free() is due in either case.
 */
int bulk_start(struct bulk *bulk);

/*
 * An eighth of the free memory, at most 256 MiB, or a gibibyte where there is
 * time.  The munmap has to take much longer than the stalls that there are anyway,
 * which last some 10 ms where the machine is emulated or shared.
 */
size_t bulk_size(void);

bool bulk_is_late(int64_t begin);

/* How much of a munmap the fault lasted that was held up most. */
double bulk_share(const struct bulk_round *round);

/* Whether there were faults beside a munmap, and none was held up by it. */
bool bulk_goes_on(const struct bulk_round *round);

/* One munmap of each process. */
int bulk_pair(struct bulk *bulk, uint32_t *number, struct bulk_sum *sum,
	      struct bulk_round round[NR_GROUPS]);

void bulk_print(const char *name, const struct bulk_sum *sum);

#endif /* PROC_LATENCY_BULK_H */
