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
#ifndef PROC_MAPPER_H
#define PROC_MAPPER_H

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "histogram.h"
#include "load.h"
#include "peer.h"
#include "random.h"
#include "verdict.h"

/* The published pause between two operations. */
#define MAPPER_NAP_US 10
/* Planted stalls, to see red: a tenth of the operations, 2 ms each. */
#define PLANT_STALL_EVERY 10
#define PLANT_STALL_MS 2
/* A planted hang outlasts the hang watch, but not the test's patience. */
#define PLANT_HANG_MS 7000
#define MAPPER_WORKERS 4
/* The slowest operations of each arm that a failure shows. */
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

/** region_size() - bytes from the first slot to the end of the last hole. */
static inline size_t region_size(const struct region *region)
{
	return 2 * region->page * region->slots;
}

/** region_slot() - the address of slot @i. */
static inline char *region_slot(const struct region *region, unsigned int i)
{
	return region->base + 2 * region->page * i;
}

/**
 * region_set() - map all slots
 * @region:	with @slots filled in; the rest is chosen here
 * @populate:	give each slot its page
 *
 * Return: 0 or -errno: ENOMEM where vm.max_map_count does not allow as many.
 */
static inline int region_set(struct region *region, bool populate)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
		    (populate ? MAP_POPULATE : 0);
	unsigned int i;

	region->page = (size_t)sysconf(_SC_PAGESIZE);
	region->base = mmap(NULL, region_size(region), PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region->base == MAP_FAILED ||
	    munmap(region->base, region_size(region)))
		return -errno;
	for (i = 0; i < region->slots; i++)
		if (mmap(region_slot(region, i), region->page,
			 PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
			return -errno;
	return 0;
}

/**
 * struct stopwatch - times one operation
 * @flying:	0 while no operation is under way; else when it began, as
 *		stopwatch_mark() has it
 * @begin:	when it began, ns
 * @took:	how long it took, ns
 *
 * Other processes read @flying only.  It is one word, so that whether an
 * operation is under way and since when cannot contradict each other, and it has
 * 32 bits, which are atomic on every machine.
 */
struct stopwatch {
	_Atomic uint32_t flying;
	int64_t begin;
	int64_t took;
};

/*
 * Microseconds, which come again after 71 minutes, but for the lowest bit, which
 * is set: a mark is never 0.
 */
static inline uint32_t stopwatch_mark(int64_t ns)
{
	return (uint32_t)(ns / NSEC_PER_USEC) | 1;
}

/**
 * stopwatch_age() - how long the operation that @mark belongs to has been going on
 * @mark:	a value of @flying that is not 0
 *
 * Return: ns, to the microsecond.
 */
static inline int64_t stopwatch_age(uint32_t mark)
{
	return (uint32_t)(stopwatch_mark(now_ns()) - mark) * NSEC_PER_USEC;
}

static inline void stopwatch_start(struct stopwatch *sw)
{
	sw->begin = now_ns();
	atomic_store(&sw->flying, stopwatch_mark(sw->begin));
}

static inline void stopwatch_stop(struct stopwatch *sw)
{
	sw->took = now_ns() - sw->begin;
	atomic_store(&sw->flying, 0);
}

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

static inline int do_munmap(const struct region *region, char *slot,
			    struct stopwatch *sw)
{
	int ret;

	stopwatch_start(sw);
	ret = munmap(slot, region->page);
	stopwatch_stop(sw);
	return ret ? -errno : 0;
}

static inline int do_mmap(const struct region *region, char *slot,
			  struct stopwatch *sw)
{
	void *p;

	stopwatch_start(sw);
	p = mmap(slot, region->page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	stopwatch_stop(sw);
	return p == MAP_FAILED ? -errno : 0;
}

static inline int do_protect(const struct region *region, char *slot,
			     struct stopwatch *sw)
{
	int ret;

	stopwatch_start(sw);
	ret = mprotect(slot, region->page, PROT_READ);
	stopwatch_stop(sw);
	return ret ? -errno : 0;
}

static inline int do_unprotect(const struct region *region, char *slot,
			       struct stopwatch *sw)
{
	int ret;

	stopwatch_start(sw);
	ret = mprotect(slot, region->page, PROT_READ | PROT_WRITE);
	stopwatch_stop(sw);
	return ret ? -errno : 0;
}

/* Into the hole behind the slot and back. */
static inline int do_grow(const struct region *region, char *slot,
			  struct stopwatch *sw)
{
	void *p;

	stopwatch_start(sw);
	p = mremap(slot, region->page, 2 * region->page, 0);
	stopwatch_stop(sw);
	return p == MAP_FAILED ? -errno : 0;
}

static inline int do_shrink(const struct region *region, char *slot,
			    struct stopwatch *sw)
{
	void *p;

	stopwatch_start(sw);
	p = mremap(slot, 2 * region->page, region->page, 0);
	stopwatch_stop(sw);
	return p == MAP_FAILED ? -errno : 0;
}

/* A first touch: the page that the last one brought is taken away untimed. */
static inline int do_fault(const struct region *region, char *slot,
			   struct stopwatch *sw)
{
	if (madvise(slot, region->page, MADV_DONTNEED))
		return -errno;
	stopwatch_start(sw);
	atomic_store((_Atomic char *)slot, 1);
	stopwatch_stop(sw);
	return 0;
}

/*
 * The heap's end, by system call: C libraries keep their own idea of it, or
 * refuse (musl).  Nothing here allocates, so nobody else moves it.
 */
static inline int brk_by(long bytes, struct stopwatch *sw)
{
	long now = syscall(SYS_brk, 0L);
	long then;

	stopwatch_start(sw);
	then = syscall(SYS_brk, now + bytes);
	stopwatch_stop(sw);
	return then == now + bytes ? 0 : -ENOMEM;
}

static inline int do_brk_up(const struct region *region, char *slot,
			    struct stopwatch *sw)
{
	(void)slot;
	return brk_by((long)region->page, sw);
}

static inline int do_brk_down(const struct region *region, char *slot,
			      struct stopwatch *sw)
{
	(void)slot;
	return brk_by(-(long)region->page, sw);
}

static const struct operation op_mmap = {
	{ do_munmap, do_mmap }, { "munmap", "mmap" }
};

static const struct operation op_mprotect = {
	{ do_protect, do_unprotect }, { "protect", "unprotect" }
};

static const struct operation op_mremap = {
	{ do_grow, do_shrink }, { "grow", "shrink" }
};

static const struct operation op_brk = {
	{ do_brk_up, do_brk_down }, { "brk_up", "brk_down" }
};

static const struct operation op_fault = {
	{ do_fault, NULL }, { "fault", NULL }
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
 * @hist:	everything timed so far, per arm and half
 * @slowest:	per arm, longest first
 */
struct worker_shared {
	struct stopwatch watch;
	_Atomic uint32_t error;
	struct window window;
	struct histogram hist[NR_ARMS][2];
	struct slow_op slowest[NR_ARMS][MAPPER_SLOWEST];
};

/**
 * struct mapper_shared - what the mapper and its parent share
 * @gate:	the mapper arrives when its region is set up
 * @open:	not 0 while a window is open
 * @parked:	how many workers stand still
 * @arm:	of the window
 * @region:	where it plays
 * @tid:	of its workers
 * @worker:	the workers
 */
struct mapper_shared {
	struct gate gate;
	_Atomic uint32_t open;
	_Atomic uint32_t parked;
	_Atomic uint32_t arm;
	struct region region;
	pid_t tid[MAPPER_WORKERS];
	struct worker_shared worker[MAPPER_WORKERS];
};

/** enum plant - a fault in the victim, so that anyone can see a check fail */
enum plant {
	PLANT_NOTHING,
	PLANT_STALL,		/* slow now and then while it is being read */
	PLANT_HANG,		/* the first operation while it is being read */
};

/**
 * struct mapper - a process with a region
 *
 * To be filled in before mapper_start():
 * @op:		what each worker does; none at all makes a decoy
 * @workers:	how many, at most MAPPER_WORKERS
 * @slots:	mappings in the region
 * @moving:	how many of them are operated on, at least one per worker
 * @populate:	each mapping has its page from the start
 * @nap_us:	between two operations; 0: flat out
 * @cpu:	where it runs
 * @seed:	of the choice of slots
 * @plant:	a fault to be seen
 * @apart:	in a scheduling group of its own, see mapper_stand_apart()
 *
 * The rest is for mapper_*():
 * @shared:	shared memory
 * @peer:	the process
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
	enum plant plant;
	bool apart;

	struct mapper_shared *shared;
	struct peer peer;
};

struct worker_job {
	const struct mapper *mapper;
	unsigned int index;
};

static inline void slowest_note(struct slow_op *list, const struct stopwatch *sw,
				unsigned int half)
{
	unsigned int i = MAPPER_SLOWEST;

	if (sw->took <= list[i - 1].took)
		return;
	for (i--; i && list[i - 1].took < sw->took; i--)
		list[i] = list[i - 1];
	list[i] = (struct slow_op){ sw->took, sw->begin, half };
}

/* Prolongs the operation that was just timed. */
static inline void plant_fault(const struct mapper *mapper,
			       struct worker_shared *own, unsigned int arm)
{
	int64_t ms = 0;

	if (arm != ARM_VICTIM)
		return;
	if (mapper->plant == PLANT_STALL &&
	    own->window.ops % PLANT_STALL_EVERY == 0)
		ms = PLANT_STALL_MS;
	if (mapper->plant == PLANT_HANG && !own->hist[arm][0].count)
		ms = PLANT_HANG_MS;
	if (!ms)
		return;
	atomic_store(&own->watch.flying, stopwatch_mark(own->watch.begin));
	nap_ns(ms * NSEC_PER_MSEC);
	stopwatch_stop(&own->watch);
}

static inline void *worker_main(void *arg)
{
	const struct worker_job *job = arg;
	const struct mapper *mapper = job->mapper;
	struct mapper_shared *shared = mapper->shared;
	struct worker_shared *own = &shared->worker[job->index];
	const struct operation *op = mapper->op[job->index];
	/* Slots are dealt out in turn, so that no worker sees another's. */
	unsigned int mine = mapper->moving / mapper->workers;
	uint64_t rng = mapper->seed + job->index + 1;
	unsigned int half = 0, slot = 0;

	prctl(PR_SET_TIMERSLACK, 1UL);
	shared->tid[job->index] = (pid_t)syscall(SYS_gettid);
	if (gate_pass(&shared->gate, 60 * NSEC_PER_SEC))
		_exit(1);
	for (;;) {
		unsigned int arm;
		int ret;

		if (!atomic_load(&shared->open)) {
			atomic_fetch_add(&shared->parked, 1);
			futex(&shared->parked, FUTEX_WAKE, INT32_MAX, NULL);
			while (word_wait(&shared->open, 0, NSEC_PER_SEC))
				;
			atomic_fetch_sub(&shared->parked, 1);
			continue;
		}
		arm = atomic_load(&shared->arm);
		if (!half)
			slot = random_below(&rng, mine) * mapper->workers +
			       job->index;
		ret = op->half[half](&shared->region,
				     region_slot(&shared->region, slot),
				     &own->watch);
		if (ret) {
			atomic_store(&own->error, (uint32_t)-ret);
			_exit(1);
		}
		if (mapper->plant)
			plant_fault(mapper, own, arm);
		own->window.ops++;
		own->window.sum_ns += (uint64_t)own->watch.took;
		if ((uint64_t)own->watch.took > own->window.max_ns)
			own->window.max_ns = (uint64_t)own->watch.took;
		hist_add(&own->hist[arm][half], (uint64_t)own->watch.took, 1);
		slowest_note(own->slowest[arm], &own->watch, half);
		if (op->half[1])
			half = !half;
		if (mapper->nap_us)
			nap_ns(mapper->nap_us * NSEC_PER_USEC);
	}
	return NULL;
}

/*
 * Where the scheduler groups tasks by session (CONFIG_SCHED_AUTOGROUP), a group
 * has on each CPU the share of its weight that runs there: a thousand hogs on
 * the next CPU leave next to nothing for a mapper of their session, as soon as
 * anything else wants its CPU.
 */
static inline void mapper_stand_apart(void)
{
	int fd;

	setsid();
	fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Between groups, only the group's own nice value counts. */
	dprintf(fd, "%d", LOAD_NICE_HURRY);
	close(fd);
}

static inline int mapper_main(void *arg)
{
	const struct mapper *mapper = arg;
	struct worker_job job[MAPPER_WORKERS];
	pthread_t thread[MAPPER_WORKERS];
	unsigned int i;
	int ret;

	if (cpu_pin(mapper->cpu))
		return 1;
	if (mapper->apart)
		mapper_stand_apart();
	/* Before there are threads, so that it holds for all of them. */
	setpriority(PRIO_PROCESS, 0, LOAD_NICE_HURRY);
	mapper->shared->region.slots = mapper->slots;
	ret = region_set(&mapper->shared->region, mapper->populate);
	if (ret) {
		atomic_store(&mapper->shared->worker[0].error, (uint32_t)-ret);
		return 1;
	}
	for (i = 0; i < mapper->workers; i++) {
		job[i] = (struct worker_job){ mapper, i };
		if (pthread_create(&thread[i], NULL, worker_main, &job[i]))
			return 1;
	}
	if (gate_pass(&mapper->shared->gate, 60 * NSEC_PER_SEC))
		return 1;
	for (;;)
		pause();
}

/** mapper_error() - errno of what failed in the mapper, 0 if nothing did. */
static inline int mapper_error(const struct mapper *mapper)
{
	unsigned int i;

	for (i = 0; mapper->shared && i < MAPPER_WORKERS; i++)
		if (atomic_load(&mapper->shared->worker[i].error))
			return (int)atomic_load(&mapper->shared->worker[i].error);
	return 0;
}

/* Whether the kernel holds a thread of a mapper that was killed and did not end. */
static inline bool mapper_is_held(const struct mapper *mapper)
{
	unsigned int i;

	if (task_state(mapper->peer.pid) == 'D')
		return true;
	for (i = 0; mapper->shared && i < mapper->workers; i++)
		if (mapper->shared->tid[i] > 0 &&
		    task_state(mapper->shared->tid[i]) == 'D')
			return true;
	return false;
}

/**
 * mapper_free() - end the mapper, in any state
 * @mapper:	the mapper
 *
 * Return: 0, -ETIMEDOUT where the kernel holds it though it was killed, -EAGAIN
 * where it got no CPU to end on.
 */
static inline int mapper_free(struct mapper *mapper)
{
	int ret = peer_kill(&mapper->peer);

	if (ret && !mapper_is_held(mapper))
		ret = -EAGAIN;
	if (mapper->shared)
		munmap(mapper->shared, sizeof(*mapper->shared));
	mapper->shared = NULL;
	return ret;
}

/**
 * mapper_start() - start a mapper, or a decoy, and wait until its region is set up
 * @mapper:	the wish
 *
 * Return: 0 or -errno; mapper_free() is due in either case.
 */
static inline int mapper_start(struct mapper *mapper)
{
	int64_t deadline = now_ns() + 20 * NSEC_PER_SEC;
	uint32_t all = mapper->workers + 1;
	int ret;

	mapper->shared = shared_alloc(sizeof(*mapper->shared));
	if (!mapper->shared)
		return -ENOMEM;
	ret = peer_start(&mapper->peer, mapper_main, mapper);
	if (ret)
		return ret;
	while (gate_open(&mapper->shared->gate, all, 20 * NSEC_PER_MSEC)) {
		if (!peer_alive(&mapper->peer)) {
			ret = mapper_error(mapper);
			return ret ? -ret : -ECHILD;
		}
		if (now_ns() > deadline)
			return -EAGAIN;
	}
	return 0;
}

/**
 * mapper_close() - end a window, and wait until nothing is being timed
 * @mapper:	the mapper
 * @timeout_ns:	an operation that takes longer is a hang
 *
 * Return: 0, -ETIMEDOUT, or -EIO when the mapper has failed.
 */
static inline int mapper_close(struct mapper *mapper, int64_t timeout_ns)
{
	int64_t deadline = now_ns() + timeout_ns;
	struct mapper_shared *shared = mapper->shared;
	uint32_t parked;

	atomic_store(&shared->open, 0);
	while ((parked = atomic_load(&shared->parked)) < mapper->workers) {
		if (!peer_alive(&mapper->peer))
			return -EIO;
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		word_wait(&shared->parked, parked, 100 * NSEC_PER_MSEC);
	}
	return 0;
}

/** mapper_open() - begin a window of @arm; all workers must be parked. */
static inline void mapper_open(struct mapper *mapper, enum arm arm)
{
	unsigned int i;

	for (i = 0; i < mapper->workers; i++)
		memset(&mapper->shared->worker[i].window, 0,
		       sizeof(struct window));
	atomic_store(&mapper->shared->arm, arm);
	word_set(&mapper->shared->open, 1);
}

/** mapper_window() - what all workers together measured; when parked. */
static inline struct window mapper_window(const struct mapper *mapper)
{
	struct window sum = { 0 };
	unsigned int i;

	for (i = 0; i < mapper->workers; i++) {
		const struct window *w = &mapper->shared->worker[i].window;

		sum.ops += w->ops;
		sum.sum_ns += w->sum_ns;
		if (w->max_ns > sum.max_ns)
			sum.max_ns = w->max_ns;
	}
	return sum;
}

#endif /* PROC_MAPPER_H */
