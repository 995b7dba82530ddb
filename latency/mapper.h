/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mapper.h - the process that changes its address space and times its system calls
 *
 * The mapper has a region of @slots mappings of one page.  An unmapped page follows
 * each mapping, so that mappings never merge:
 *
 *     page  0 1 2 3 4 5 6 7 ...
 *           M . M . M . M . ...      M one mapping   . hole
 *
 * A region that is solid is one mapping instead, and a slot is a page of it, which an
 * operation takes out of the mapping and puts back.
 *
 * A worker thread picks one of the first @moving slots at random, does the first
 * half of its operation there (for example munmap()), sleeps for 10 us, does the
 * second half (mmap() again), and sleeps.  The time of the one system call is
 * measured and nothing else: pages are populated or dropped outside.
 *
 * A worker that is blocked does not begin its next operation, so a long stall is
 * one sample.  The verdict uses the plain mean.  The quantiles are printed both
 * plain and corrected, see hist_correct().
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

/*
 * Sleep between two operations of a worker, in us.  The value is that of the
 * published benchmark.
 */
#define MAPPER_NAP_US 10

/* Maximum number of worker threads of a mapper; the scenario maps_all has four. */
#define MAPPER_WORKERS 4

/*
 * Number of slowest operations of each worker and group that are kept for the
 * report.
 */
#define MAPPER_SLOWEST 4

/**
 * struct region - mappings of the mapper
 * @base:	address of the first slot
 * @page:	page size, bytes
 * @slots:	number of slots
 * @solid:	the slots are the pages of one mapping
 */
struct region {
	char *base;
	size_t page;
	unsigned int slots;
	bool solid;
};

/**
 * struct stopwatch - duration of one operation
 * @in_flight: 0 while no operation is under way; else stopwatch_mark() of its begin
 * @begin:	begin of the operation, ns
 * @took:	duration of the operation, ns
 *
 * Other processes read only @in_flight.  It is a single word, so that the state and
 * the begin of an operation are consistent.  It has 32 bits, which are atomic on
 * all architectures.
 */
struct stopwatch {
	_Atomic uint32_t in_flight;
	int64_t begin;
	int64_t took;
};

/**
 * struct operation - system calls of a worker on a slot
 * @half:	the two halves, called in turn; each times one system call and returns 0
 *	or -errno; the second may be missing
 * @label:	name of each half in the report
 */
struct operation {
	int (*half[2])(const struct region *region, char *slot,
		       struct stopwatch *sw);
	const char *label[2];
};

/**
 * struct slow_op - one of the slowest operations
 * @took:	duration, ns; 0 in an unused entry
 * @begin:	begin, as of now_ns()
 * @half:	index of the half of the operation
 */
struct slow_op {
	int64_t took;
	int64_t begin;
	unsigned int half;
};

/**
 * struct worker_shared - state of one worker thread, in shared memory
 * @watch:	stopwatch of the worker
 * @error:	errno of an operation that failed; the worker has exited then
 * @window: measurements of the current or the last window
 * @hist:	all durations, per group and half
 * @slept:	number of operations that gave up their CPU, per group
 * @slept_ns:	duration of these, ns
 * @slowest: slowest operations per group, longest first
 */
struct worker_shared {
	struct stopwatch watch;
	_Atomic uint32_t error;
	struct window window;
	struct histogram hist[NR_GROUPS][2];
	uint64_t slept[NR_GROUPS];
	uint64_t slept_ns[NR_GROUPS];
	struct slow_op slowest[NR_GROUPS][MAPPER_SLOWEST];
};

/**
 * struct mapper_shared - shared memory of the mapper and its parent
 * @start_barrier: barrier at which the mapper arrives when its region is set up
 * @open:	not 0 while a window is open
 * @parked: number of workers that are idle
 * @group:	group of the window
 * @region: mappings of the mapper
 * @tid:	thread IDs of the workers
 * @worker: state of each worker
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

/*
 * enum injection - injected fault, to test that the test can fail
 */
enum injection {
	INJECT_NOTHING,
	INJECT_STALL,		/* some operations are slow while the target is read */
	INJECT_HANG,		/* the first operation while the target is read hangs */
	INJECT_STARVE,		/* scanners are stopped while the mapper never sleeps */
};

/**
 * struct mapper - a process with a region
 *
 * Set by the caller before mapper_start():
 * @op:	operation of each worker; none for a control process
 * @workers: number of workers, at most MAPPER_WORKERS
 * @slots:	number of mappings in the region, or of pages if it is @solid
 * @solid:	the region is one mapping
 * @moving: number of slots that workers operate on, at least one per worker
 * @populate: each mapping has its page from the start
 * @nap_us: sleep between two operations, us; 0: none
 * @cpu:	CPU of the mapper
 * @seed:	seed of the choice of slots
 * @inject: injected fault
 * @own_group:	the mapper has a scheduling group of its own, see mapper_leave_group()
 * @count_slept: count the operations that sleep, by two system calls beside each
 * @prepare: called in the process before its region is mapped, or NULL; returns 0 or
 *	-errno
 *
 * Private to mapper_*():
 * @shared: shared memory
 * @child:	the process
 */
struct mapper {
	const struct operation *op[MAPPER_WORKERS];
	unsigned int workers;
	unsigned int slots;
	bool solid;
	unsigned int moving;
	bool populate;
	unsigned int nap_us;
	int cpu;
	uint64_t seed;
	enum injection inject;
	bool own_group;
	bool count_slept;
	int (*prepare)(void);

	struct mapper_shared *shared;
	struct child child;
};

/** region_slot() - return the address of slot @i */
char *region_slot(const struct region *region, unsigned int i);

/**
 * stopwatch_mark() - convert a time to a mark of 32 bits
 * @ns:	time as of now_ns()
 *
 * A mark counts microseconds and wraps after 71 minutes.  Its lowest bit is always
 * set.
 *
 * Return: the mark, never 0.
 */
uint32_t stopwatch_mark(int64_t ns);

/**
 * stopwatch_age() - compute the time since a mark was made
 * @mark:	value of @in_flight that is not 0
 *
 * Return: ns, with a resolution of a microsecond.
 */
int64_t stopwatch_age(uint32_t mark);

/** stopwatch_start() - record the begin of an operation */
void stopwatch_start(struct stopwatch *sw);

/** stopwatch_stop() - record the end of an operation */
void stopwatch_stop(struct stopwatch *sw);

/** do_munmap() - time munmap() of a slot; see @half of struct operation */
int do_munmap(const struct region *region, char *slot, struct stopwatch *sw);

extern const struct operation op_mmap;
extern const struct operation op_mprotect;
extern const struct operation op_mremap;
extern const struct operation op_brk;
extern const struct operation op_fault;

/**
 * mapper_free() - kill the mapper, in any state
 * @mapper: the mapper
 *
 * Return: 0, -ETIMEDOUT when the kernel holds the mapper though it was killed,
 * -EAGAIN when it got no CPU to exit on.
 */
int mapper_free(struct mapper *mapper);

/**
 * mapper_start() - start a mapper or a control process, and wait for its region
 * @mapper: the mapper, set by the caller
 *
 * Return: 0 or -errno; mapper_free() is due in either case.
 */
int mapper_start(struct mapper *mapper);

/**
 * mapper_close() - close a window and wait until all workers are idle
 * @mapper: the mapper
 * @timeout_ns: timeout of an operation that is under way, ns
 *
 * A worker that can run waits for a CPU, and not for the kernel.
 *
 * Return: 0, -ETIMEDOUT, or -EIO when the mapper has failed.
 */
int mapper_close(struct mapper *mapper, int64_t timeout_ns);

/** mapper_open() - open a window of @group; all workers must be idle */
void mapper_open(struct mapper *mapper, enum group group);

/** mapper_window() - sum up the window of all workers, which must be idle */
struct window mapper_window(const struct mapper *mapper);

#endif /* PROC_LATENCY_MAPPER_H */
