/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bulk.h - measure page faults while a large mapping is unmapped
 *
 *     mapper's CPU   target, thread 1     ..faults.....................
 *     load's CPU     target, thread 2     |------- munmap -------|
 *                    or control process   |------- munmap -------|
 *                    and a scanner that reads the target's maps
 *
 * The faults are on mappings of their own.  If munmap() keeps the address space
 * locked until the last page is freed, a fault meanwhile lasts as long as the
 * munmap().  The same munmap() in the control process costs the machine the same,
 * but locks nothing that the target needs.  The faults without any munmap() are
 * measured as well.
 *
 * Since 6.4, most faults need only the per-VMA lock and would not be blocked.  Some,
 * for example the first one in a mapping, still take mmap_lock.  Therefore every
 * second fault is made by madvise(), which always takes it.
 */
#ifndef PROC_LATENCY_BULK_H
#define PROC_LATENCY_BULK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/futex.h"

/*
 * Number of rounds with faults beside the munmap() of the target that is enough
 * to pass.
 */
#define BULK_ROUNDS 3

/*
 * Number of rounds in which the munmap() of the target blocked the faults, without
 * a single round to the contrary, that is a failure.  On a busy machine, one round
 * in five is such by chance.
 */
#define BULK_STALLED 5

/*
 * Maximum number of rounds with a mapping of one size, of which some may count as neither;
 * arbitrary.
 */
#define BULK_MAX_ROUNDS 8

/* Size of the large mapping of the first rounds, in bytes; some ms of munmap(). */
#define BULK_FIRST (32UL << 20)

/*
 * Duration of a munmap() with which a round without faults counts, in ns: four times the
 * stalls by chance, which last some 10 ms on an emulated or shared machine.
 */
#define BULK_LONG_NS (40 * NSEC_PER_MSEC)

/**
 * struct bulk_shared - shared memory of the test, the target and the control process
 * @order:	number of the round, times NR_GROUPS, plus the group that is to unmap
 * @done:	order that was completed last
 * @error:	errno of an mmap() that failed
 * @active: odd while a munmap() is in progress
 * @took:	duration of the munmap(), ns; valid after @done is set
 * @huge:	the large mapping is to have huge pages
 * @all:	number of faults
 * @faults: number of faults beside a munmap() since the order was given
 * @longest_us: longest duration of these faults, us
 * @start_barrier: barrier of all three threads
 * @size:	size of the large mapping, bytes
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
	size_t size;
};

/**
 * struct bulk - a target that faults and unmaps, and a control process that unmaps
 * @most:	largest size of the large mapping, bytes
 * @cpu_fault: CPU of the faulting thread
 * @cpu_unmap: CPU of both unmapping threads
 * @inject: injected fault: page faults of the target wait for the munmap()
 * @shared: shared memory
 * @child:	processes, by group: GROUP_TARGET faults and unmaps, GROUP_CONTROL unmaps
 */
struct bulk {
	size_t most;
	int cpu_fault;
	int cpu_unmap;
	bool inject;

	struct bulk_shared *shared;
	struct child child[NR_GROUPS];
};

/**
 * struct bulk_round - faults beside one munmap()
 * @calm:	faults per second without any munmap()
 * @took:	duration of the munmap(), ns
 * @longest: longest duration of a fault, ns
 * @faults: number of faults
 */
struct bulk_round {
	double calm;
	int64_t took;
	int64_t longest;
	uint32_t faults;
};

/*
 * struct bulk_sum - sum of rounds, by group
 * @rounds: number of rounds of both groups together
 * @calm:	sum of the faults per second without any munmap()
 * @faults: number of faults beside a munmap()
 * @time:	duration of all munmap(), ns
 * @share:	sum of the longest faults, each divided by the duration of its munmap()
 */
struct bulk_sum {
	unsigned int rounds;
	double calm, faults[NR_GROUPS], share[NR_GROUPS];
	int64_t time[NR_GROUPS];
};

/**
 * bulk_free() - kill both processes, in any state
 * @bulk:	the processes
 *
 * Return: 0, or -ETIMEDOUT when the kernel holds a process that was killed.
 */
int bulk_free(struct bulk *bulk);

/**
 * bulk_start() - start both processes
 * @bulk:	@most, CPUs and @inject set by the caller
 *
 * Return: 0 or -errno; bulk_free() is due in either case.
 */
int bulk_start(struct bulk *bulk);

/**
 * bulk_most() - choose the largest size of the large mapping
 *
 * The size is an eighth of the free memory, at most 256 MiB, or 1 GiB with FULL.
 *
 * Return: bytes.
 */
size_t bulk_most(void);

/**
 * bulk_grow() - double the large mapping of the rounds that follow
 * @bulk:	the processes
 * @round:	a round of the control process
 *
 * The first rounds have BULK_FIRST.  A round with faults proves the same at each size.
 * The proof that there are none takes a munmap() of BULK_LONG_NS, or the largest size.
 *
 * Return: whether the munmap() was too short, and the size not yet the largest.
 */
bool bulk_grow(struct bulk *bulk, const struct bulk_round *round);

/**
 * bulk_is_late() - check whether a test has used up its time
 * @begin:	begin of the test, ns
 * @stalls:	each round that says something has shown a stall so far
 *
 * Return: whether BULK_SECONDS have passed, or with @stalls, which is worth a proof,
 * BULK_EXTEND times as much.
 */
bool bulk_is_late(int64_t begin, bool stalls);

/** bulk_share() - compute the longest fault's share of the munmap()'s duration */
double bulk_share(const struct bulk_round *round);

/** bulk_goes_on() - check whether there were faults, none as long as half the munmap() */
bool bulk_goes_on(const struct bulk_round *round);

/**
 * bulk_pair() - do one round for each of the two processes
 * @bulk:	the processes
 * @number: number of the last round, updated
 * @sum:	sum to which both rounds are added
 * @round:	filled in
 *
 * Return: 0, -ENOMEM without memory for the mapping, or -ETIMEDOUT.
 */
int bulk_pair(struct bulk *bulk, uint32_t *number, struct bulk_sum *sum,
	      struct bulk_round round[NR_GROUPS]);

/** bulk_print() - print a sum of rounds */
void bulk_print(const char *name, const struct bulk_sum *sum);

#endif /* PROC_LATENCY_BULK_H */
