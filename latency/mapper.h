/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mapper.h - the process that changes its address space, and is timed
 *
 * It owns a region of @slots mappings of one page, each with an unmapped page
 * behind it so that none ever merges with another:
 *
 *     page  0 1 2 3 4 5 6 7 ...
 *           M . M . M . M . ...      M mapped, one mapping each   . hole
 *
 * A worker picks one of the first @moving slots at random, does the first half
 * of its operation there (munmap(), say), naps for 10 us, does the second half
 * (mmap() again), naps.  What is timed is the one system call and nothing else;
 * pages are cleared, or taken away again, outside.
 *
 * A worker that is held up does not come back for its next operation, so a
 * long stall is one sample.  The mean that the verdict uses is the plain one;
 * the quantiles are printed both plain and corrected, see hist_correct().
 */
#ifndef PROC_LATENCY_MAPPER_H
#define PROC_LATENCY_MAPPER_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "histogram.h"
#include "load.h"
#include "verdict.h"
#include "../lib/child.h"
#include "../lib/futex.h"

/* The published pause between two operations. */
#define MAPPER_NAP_US 10
#define MAPPER_WORKERS 4

/* The slowest operations of each group that a failure shows. */
#define MAPPER_SLOWEST 4

/**
 * struct region - where the mapper plays
 * @base:	first slot
 * @page:	page size in bytes
 * @slots:	number of slots
 */
struct region {
	char *base;
	size_t page;
	unsigned int slots;
};

/**
 * struct stopwatch - times one operation
 * @in_flight:	0 while no operation is under way; else when it began, as
 *		stopwatch_mark() has it
 * @begin:	when it began, ns
 * @took:	how long it took, ns
 *
 * Other processes read @in_flight only.  It is one word, so that whether an
 * operation is under way and since when cannot contradict each other, and it has
 * 32 bits, which are atomic on every machine.
 */
struct stopwatch {
	_Atomic uint32_t in_flight;
	int64_t begin;
	int64_t took;
};

/**
 * struct operation - what a worker does to a slot
 * @half:	the two halves, done in turn; each times one system call and
 *		returns 0 or -errno.  The second may be missing.
 * @label:	what each half is called in reports
 */
struct operation {
	int (*half[2])(const struct region *region, char *slot,
		       struct stopwatch *sw);
	const char *label[2];
};

/**
 * struct slow_op - one of the slowest
 * @took:	ns; 0 where there is none
 * @begin:	when, as of now_ns()
 * @half:	which half of the operation
 */
struct slow_op {
	int64_t took;
	int64_t begin;
	unsigned int half;
};

/**
 * struct worker_shared - one thread of the mapper, in shared memory
 * @watch:	its stopwatch
 * @error:	errno of an operation that failed; the worker has ended then
 * @window:	of the window that is open, or was last
 * @hist:	everything timed so far, per group and half
 * @slowest:	per group, longest first
 */
struct worker_shared {
	struct stopwatch watch;
	_Atomic uint32_t error;
	struct window window;
	struct histogram hist[NR_GROUPS][2];
	struct slow_op slowest[NR_GROUPS][MAPPER_SLOWEST];
};

/**
 * struct mapper_shared - what the mapper and its parent share
 * @start_barrier:	the mapper arrives when its region is set up
 * @open:	not 0 while a window is open
 * @parked:	how many workers stand still
 * @group:	of the window
 * @region:	where it plays
 * @tid:	of its workers
 * @worker:	the workers
 */
struct mapper_shared {
	struct start_barrier start_barrier;
	_Atomic uint32_t open;
	_Atomic uint32_t parked;
	_Atomic uint32_t group;
	struct region region;
	pid_t tid[MAPPER_WORKERS];
	struct worker_shared worker[MAPPER_WORKERS];
};

/** enum injection - a fault in the target, so that anyone can see a check fail */
enum injection {
	INJECT_NOTHING,
	INJECT_STALL,		/* slow now and then while it is being read */
	INJECT_HANG,		/* the first operation while it is being read */
};

/**
 * struct mapper - a process with a region
 *
 * To be filled in before mapper_start():
 * @op:		what each worker does; none at all makes a control process
 * @workers:	how many, at most MAPPER_WORKERS
 * @slots:	mappings in the region
 * @moving:	how many of them are operated on, at least one per worker
 * @populate:	each mapping has its page from the start
 * @nap_us:	between two operations; 0: flat out
 * @cpu:	where it runs
 * @seed:	of the choice of slots
 * @inject:	a fault to be seen
 * @apart:	in a scheduling group of its own, see mapper_stand_apart()
 *
 * The rest is for mapper_*():
 * @shared:	shared memory
 * @child:	the process
 */
struct mapper {
	const struct operation *op[MAPPER_WORKERS];
	unsigned int workers;
	unsigned int slots;
	unsigned int moving;
	bool populate;
	unsigned int nap_us;
	int cpu;
	uint64_t seed;
	enum injection inject;
	bool apart;

	struct mapper_shared *shared;
	struct child child;
};

/** region_slot() - the address of slot @i. */
char *region_slot(const struct region *region, unsigned int i);

/*
 * Microseconds, which come again after 71 minutes, but for the lowest bit, which
 * is set: a mark is never 0.
 */
uint32_t stopwatch_mark(int64_t ns);

/**
 * stopwatch_age() - how long the operation that @mark belongs to has been going on
 * @mark:	a value of @in_flight that is not 0
 *
 * Return: ns, to the microsecond.
 */
int64_t stopwatch_age(uint32_t mark);

void stopwatch_start(struct stopwatch *sw);

void stopwatch_stop(struct stopwatch *sw);

int do_munmap(const struct region *region, char *slot, struct stopwatch *sw);

extern const struct operation op_mmap;
extern const struct operation op_mprotect;
extern const struct operation op_mremap;
extern const struct operation op_brk;
extern const struct operation op_fault;

/**
 * mapper_free() - end the mapper, in any state
 * @mapper:	the mapper
 *
 * Return: 0, -ETIMEDOUT where the kernel holds it though it was killed, -EAGAIN
 * where it got no CPU to end on.
 */
int mapper_free(struct mapper *mapper);

/**
 * mapper_start() - start a mapper, or a control process, and wait until its region is set up
 * @mapper:	the wish
 *
 * Return: 0 or -errno; mapper_free() is due in either case.
 */
int mapper_start(struct mapper *mapper);

/**
 * mapper_close() - end a window, and wait until nothing is being timed
 * @mapper:	the mapper
 * @timeout_ns:	an operation that takes longer is a hang
 *
 * Return: 0, -ETIMEDOUT, or -EIO when the mapper has failed.
 */
int mapper_close(struct mapper *mapper, int64_t timeout_ns);

/** mapper_open() - begin a window of @group; all workers must be parked. */
void mapper_open(struct mapper *mapper, enum group group);

/** mapper_window() - what all workers together measured; when parked. */
struct window mapper_window(const struct mapper *mapper);

#endif /* PROC_LATENCY_MAPPER_H */
