// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mapper.h"
#include "waits.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/machine.h"
#include "../lib/random.h"
#include "../lib/task.h"

/*
 * Injected stall: one in this many operations.  The value is arbitrary; at a
 * tenth, the mean is far above the smallest effect.
 */
#define INJECT_STALL_EVERY 10

/* Injected stall: duration in ms, four times the default limit. */
#define INJECT_STALL_MS 2

/*
 * Injected hang: duration in ms.  It is longer than TRIAL_HANG_NS, and shorter
 * than the timeout of the test.
 */
#define INJECT_HANG_MS 7000

/* struct worker_job - argument of a worker thread */
struct worker_job {
	const struct mapper *mapper;
	unsigned int index;
};

/** region_size() - compute the bytes from the first slot to the end of the last hole */
static size_t region_size(const struct region *region)
{
	return (region->solid ? 1 : 2) * region->page * region->slots;
}

char *region_slot(const struct region *region, unsigned int i)
{
	return region->base + (region->solid ? 1 : 2) * region->page * i;
}

/*
 * Map a region that is one mapping.  It has no huge pages, so that there is an entry to be
 * read for each page; an advice would be a flag that what is mapped again has not.
 */
static int region_set_solid(struct region *region, bool populate)
{
	size_t size = region_size(region);

	/* There are two processes; half of what is free stays so. */
	if (populate && machine_free() / 4 < size)
		return -ENOMEM;
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) ||
	    mmap(region->base, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	if (populate)
		memset(region->base, 1, size);
	return 0;
}

/**
 * region_set() - map all slots
 * @region: region with @slots and @solid set; the rest is filled in
 * @populate: give each slot its page
 *
 * Return: 0 or -errno: ENOMEM when vm.max_map_count does not allow as many mappings.
 */
static int region_set(struct region *region, bool populate)
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
	if (region->solid)
		return region_set_solid(region, populate);
	for (i = 0; i < region->slots; i++)
		if (mmap(region_slot(region, i), region->page,
			 PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
			return -errno;
	return 0;
}

uint32_t stopwatch_mark(int64_t ns)
{
	return (uint32_t)(ns / NSEC_PER_USEC) | 1;
}

int64_t stopwatch_age(uint32_t mark)
{
	return (uint32_t)(stopwatch_mark(now_ns()) - mark) * NSEC_PER_USEC;
}

void stopwatch_start(struct stopwatch *sw)
{
	sw->begin = now_ns();
	atomic_store(&sw->in_flight, stopwatch_mark(sw->begin));
}

void stopwatch_stop(struct stopwatch *sw)
{
	sw->took = now_ns() - sw->begin;
	atomic_store(&sw->in_flight, 0);
}

int do_munmap(const struct region *region, char *slot, struct stopwatch *sw)
{
	int ret;

	stopwatch_start(sw);
	ret = munmap(slot, region->page);
	stopwatch_stop(sw);
	return ret ? -errno : 0;
}

static int do_mmap(const struct region *region, char *slot,
		   struct stopwatch *sw)
{
	void *p;

	stopwatch_start(sw);
	p = mmap(slot, region->page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	stopwatch_stop(sw);
	return p == MAP_FAILED ? -errno : 0;
}

static int do_protect(const struct region *region, char *slot,
		      struct stopwatch *sw)
{
	int ret;

	stopwatch_start(sw);
	ret = mprotect(slot, region->page, PROT_READ);
	stopwatch_stop(sw);
	return ret ? -errno : 0;
}

static int do_unprotect(const struct region *region, char *slot,
			struct stopwatch *sw)
{
	int ret;

	stopwatch_start(sw);
	ret = mprotect(slot, region->page, PROT_READ | PROT_WRITE);
	stopwatch_stop(sw);
	return ret ? -errno : 0;
}

/* Grow the mapping into the hole behind it. */
static int do_grow(const struct region *region, char *slot,
		   struct stopwatch *sw)
{
	void *p;

	stopwatch_start(sw);
	p = mremap(slot, region->page, 2 * region->page, 0);
	stopwatch_stop(sw);
	return p == MAP_FAILED ? -errno : 0;
}

/* Shrink the mapping to one page again. */
static int do_shrink(const struct region *region, char *slot,
		     struct stopwatch *sw)
{
	void *p;

	stopwatch_start(sw);
	p = mremap(slot, 2 * region->page, region->page, 0);
	stopwatch_stop(sw);
	return p == MAP_FAILED ? -errno : 0;
}

/*
 * Touch an unpopulated page.  The page of the previous touch is dropped before
 * the time is taken.
 */
static int do_fault(const struct region *region, char *slot,
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
 * Move the end of the heap by a system call.  A C library caches the end of the
 * heap, or refuses to move it (musl).  The mapper allocates nothing, so the end
 * does not move otherwise.
 */
static int brk_by(long bytes, struct stopwatch *sw)
{
	long now = syscall(SYS_brk, 0L);
	long then;

	stopwatch_start(sw);
	then = syscall(SYS_brk, now + bytes);
	stopwatch_stop(sw);
	return then == now + bytes ? 0 : -ENOMEM;
}

static int do_brk_up(const struct region *region, char *slot,
		     struct stopwatch *sw)
{
	(void)slot;
	return brk_by((long)region->page, sw);
}

static int do_brk_down(const struct region *region, char *slot,
		       struct stopwatch *sw)
{
	(void)slot;
	return brk_by(-(long)region->page, sw);
}

const struct operation op_mmap = {
	{ do_munmap, do_mmap }, { "munmap", "mmap" }
};

const struct operation op_mprotect = {
	{ do_protect, do_unprotect }, { "protect", "unprotect" }
};

const struct operation op_mremap = {
	{ do_grow, do_shrink }, { "grow", "shrink" }
};

const struct operation op_brk = {
	{ do_brk_up, do_brk_down }, { "brk_up", "brk_down" }
};

const struct operation op_fault = {
	{ do_fault, NULL }, { "fault", NULL }
};

/* Enter an operation in the sorted list of the slowest ones. */
static void slowest_note(struct slow_op *list, const struct stopwatch *sw,
			 unsigned int half)
{
	unsigned int i = MAPPER_SLOWEST;

	if (sw->took <= list[i - 1].took)
		return;
	for (i--; i && list[i - 1].took < sw->took; i--)
		list[i] = list[i - 1];
	list[i] = (struct slow_op){ sw->took, sw->begin, half };
}

/* Inject a fault: prolong the operation that was just timed. */
static void inject_stall(const struct mapper *mapper, struct worker_shared *own,
			 unsigned int group)
{
	int64_t ms = 0;

	if (group != GROUP_TARGET)
		return;
	if (mapper->inject == INJECT_STALL &&
	    own->window.ops % INJECT_STALL_EVERY == 0)
		ms = INJECT_STALL_MS;
	if (mapper->inject == INJECT_HANG && !own->hist[group][0].count)
		ms = INJECT_HANG_MS;
	if (!ms)
		return;
	atomic_store(&own->watch.in_flight, stopwatch_mark(own->watch.begin));
	sleep_ns(ms * NSEC_PER_MSEC);
	stopwatch_stop(&own->watch);
}

static void *worker_main(void *arg)
{
	const struct worker_job *job = arg;
	const struct mapper *mapper = job->mapper;
	struct mapper_shared *shared = mapper->shared;
	struct worker_shared *own = &shared->worker[job->index];
	const struct operation *op = mapper->op[job->index];
	/* Each worker has its own slots: every @workers-th one. */
	unsigned int mine = mapper->moving / mapper->workers;
	uint64_t rng = mapper->seed + job->index + 1;
	unsigned int half = 0, slot = 0;

	prctl(PR_SET_TIMERSLACK, 1UL);
	shared->tid[job->index] = (pid_t)syscall(SYS_gettid);
	if (start_barrier_arrive(&shared->start_barrier, 60 * NSEC_PER_SEC))
		_exit(1);
	for (;;) {
		struct waits_mark mark = { 0 };
		unsigned int group;
		int ret;

		if (!atomic_load(&shared->open)) {
			atomic_fetch_add(&shared->parked, 1);
			futex(&shared->parked, FUTEX_WAKE, INT32_MAX, NULL);
			while (futex_wait(&shared->open, 0, NSEC_PER_SEC))
				;
			atomic_fetch_sub(&shared->parked, 1);
			continue;
		}
		group = atomic_load(&shared->group);
		if (!half)
			slot = random_below(&rng, mine) * mapper->workers +
			       job->index;
		if (mapper->count_slept)
			mark = waits_begin();
		ret = op->half[half](&shared->region,
				     region_slot(&shared->region, slot),
				     &own->watch);
		if (ret) {
			atomic_store(&own->error, (uint32_t)-ret);
			_exit(1);
		}
		if (mapper->count_slept && waits_begin().switches != mark.switches) {
			own->slept[group]++;
			own->slept_ns[group] += (uint64_t)own->watch.took;
		}
		if (mapper->inject)
			inject_stall(mapper, own, group);
		own->window.ops++;
		own->window.sum_ns += (uint64_t)own->watch.took;
		if ((uint64_t)own->watch.took > own->window.max_ns)
			own->window.max_ns = (uint64_t)own->watch.took;
		hist_add(&own->hist[group][half], (uint64_t)own->watch.took, 1);
		slowest_note(own->slowest[group], &own->watch, half);
		if (op->half[1])
			half = !half;
		if (mapper->nap_us)
			sleep_ns(mapper->nap_us * NSEC_PER_USEC);
	}
	return NULL;
}

/*
 * Move the mapper to a scheduling group of its own.  With
 * CONFIG_SCHED_AUTOGROUP, each session is a group whose weight on a CPU is the
 * share of its load that runs there.  A thousand hogs on the next CPU would
 * leave next to nothing for a mapper of the same session, as soon as another
 * session has a task on the mapper's CPU.
 */
static void mapper_leave_group(void)
{
	int fd;

	setsid();
	fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* The nice value of a task counts within its group only. */
	dprintf(fd, "%d", LOAD_NICE_HURRY);
	close(fd);
}

static int mapper_main(void *arg)
{
	const struct mapper *mapper = arg;
	struct worker_job job[MAPPER_WORKERS];
	pthread_t thread[MAPPER_WORKERS];
	unsigned int i;
	int ret;

	if (cpu_pin(mapper->cpu))
		return 1;
	if (mapper->own_group)
		mapper_leave_group();
	/* Set before the threads are created, which inherit it. */
	setpriority(PRIO_PROCESS, 0, LOAD_NICE_HURRY);
	mapper->shared->region.slots = mapper->slots;
	mapper->shared->region.solid = mapper->solid;
	ret = mapper->prepare ? mapper->prepare() : 0;
	if (!ret)
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
	if (start_barrier_arrive(&mapper->shared->start_barrier, 60 * NSEC_PER_SEC))
		return 1;
	for (;;)
		pause();
}

/** mapper_error() - return errno of an operation that failed, 0 if none did */
static int mapper_error(const struct mapper *mapper)
{
	unsigned int i;

	for (i = 0; mapper->shared && i < MAPPER_WORKERS; i++)
		if (atomic_load(&mapper->shared->worker[i].error))
			return (int)atomic_load(&mapper->shared->worker[i].error);
	return 0;
}

/** mapper_has_state() - check whether a mapper has a thread in a state of task_state() */
static bool mapper_has_state(const struct mapper *mapper, char state)
{
	unsigned int i;

	if (task_state(mapper->child.pid) == state)
		return true;
	for (i = 0; mapper->shared && i < mapper->workers; i++)
		if (mapper->shared->tid[i] > 0 &&
		    task_state(mapper->shared->tid[i]) == state)
			return true;
	return false;
}

int mapper_free(struct mapper *mapper)
{
	int ret = child_kill(&mapper->child);

	if (ret && !mapper_has_state(mapper, 'D'))
		ret = -EAGAIN;
	if (mapper->shared)
		munmap(mapper->shared, sizeof(*mapper->shared));
	mapper->shared = NULL;
	return ret;
}

int mapper_start(struct mapper *mapper)
{
	int64_t deadline = now_ns() + 20 * NSEC_PER_SEC;
	uint32_t all = mapper->workers + 1;
	int ret;

	mapper->shared = shared_alloc(sizeof(*mapper->shared));
	if (!mapper->shared)
		return -ENOMEM;
	ret = child_start(&mapper->child, mapper_main, mapper);
	if (ret)
		return ret;
	while (start_barrier_open(&mapper->shared->start_barrier, all, 20 * NSEC_PER_MSEC)) {
		if (!child_alive(&mapper->child)) {
			ret = mapper_error(mapper);
			return ret ? -ret : -ECHILD;
		}
		if (now_ns() > deadline)
			return -EAGAIN;
	}
	return 0;
}

int mapper_close(struct mapper *mapper, int64_t timeout_ns)
{
	int64_t deadline = now_ns() + timeout_ns;
	struct mapper_shared *shared = mapper->shared;
	uint32_t parked;

	atomic_store(&shared->open, 0);
	while ((parked = atomic_load(&shared->parked)) < mapper->workers) {
		if (!child_alive(&mapper->child))
			return -EIO;
		if (now_ns() > deadline && !mapper_has_state(mapper, 'R'))
			return -ETIMEDOUT;
		futex_wait(&shared->parked, parked, 100 * NSEC_PER_MSEC);
	}
	return 0;
}

void mapper_open(struct mapper *mapper, enum group group)
{
	unsigned int i;

	for (i = 0; i < mapper->workers; i++)
		memset(&mapper->shared->worker[i].window, 0,
		       sizeof(struct window));
	atomic_store(&mapper->shared->group, group);
	futex_store(&mapper->shared->open, 1);
}

struct window mapper_window(const struct mapper *mapper)
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
