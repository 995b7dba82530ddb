// SPDX-License-Identifier: GPL-2.0
/*
 * One sample of the table: how long do mmap() and munmap() take in a process
 * that busy tasks read about?
 *
 * A busy task is a pair: a scanner at nice 15 and a hog at nice 0 on the same
 * CPU.  scripts/table.sh runs this once for each sample, with fresh processes,
 * so that samples owe nothing to each other.
 *
 * Not a test: it has no verdict.  Environment:
 *	BUSY=n			busy tasks, on each of the busy CPUs
 *	MAPPINGS=n		of the target
 *	DURATION=n		seconds
 *	PROCFILE=name		what the scanners read
 *	POSITIVE_CONTROL=1		measure also while they read a control process
 *	BUSYDURATION=n		a hog spins n ms, then sleeps 1 ms; 0: spins
 *	CPU_MAPPER=n, CPU_SCRIPT=n	where the target and this program run
 *	CPU_LOAD=n, CPUS_LOAD=n	the first busy CPU, and how many there are
 *	SEED=n			of all that is random
 *	SAMPLE=n		its number, to be printed
 *	PLANT=stall|hang	a fault, to see it in the table
 *
 * Prints a line, with POSITIVE_CONTROL one of the control process before it:
 *
 *	sample BUSY MAPPINGS SAMPLE ARM HANG OPS SUM_NS MAX_NS READS NS:COUNT...
 *
 * HANG is 1 where the interferers had to be killed, READS what the scanners got
 * to the end, and NS:COUNT the histogram, each bucket by its upper end.
 *
 * Exit status: 0, 4 when it could not be measured, 75 when it could not now, as
 * the machine is too busy; no line is printed then.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include "sources.h"
#include "../latency/histogram.h"
#include "../latency/load.h"
#include "../latency/mapper.h"
#include "../latency/trial.h"
#include "../latency/verdict.h"
#include "../lib/child.h"
#include "../lib/cpu.h"
#include "../lib/random.h"

#define CANNOT_TELL 4
#define NOT_NOW 75
/*
 * Scanners first, then hogs, then the mapper, as published.  A thousand of them
 * get a third of a second to be somewhere in the middle of a read each.
 */
#define HEAD_START_MS 300
/* Between two spins; a constant of the published benchmark. */
#define HOG_REST_US 1000
/* How long a spin is that is followed by the next one. */
#define HOG_SPIN_US 1000

static struct trial trial;
static pid_t self;

/* The page comes with the mapping, and is timed: so the published benchmark. */
static int do_mmap_populate(const struct region *region, char *slot,
			    struct stopwatch *sw)
{
	void *p;

	stopwatch_start(sw);
	p = mmap(slot, region->page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
	stopwatch_stop(sw);
	return p == MAP_FAILED ? -errno : 0;
}

static const struct operation op_populate = {
	{ do_munmap, do_mmap_populate }, { "munmap", "mmap" }
};

#define end(status, format, ...) do {					\
	fprintf(stderr, format "\n", ##__VA_ARGS__);			\
	trial_free(&trial);						\
	exit(status);							\
} while (0)

#define die(format, ...) end(CANNOT_TELL, format, ##__VA_ARGS__)

/* Peers are killed before this process is gone: nothing outlives Ctrl-C. */
static void end_all(int signal)
{
	if (getpid() == self)
		trial_free(&trial);
	_exit(128 + signal);
}

static unsigned int number(const char *name, unsigned int fallback)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text)
		return fallback;
	value = strtoul(text, &end, 10);
	if (*end || end == text || value > INT32_MAX)
		die("%s=%s: what is that?", name, text);
	return (unsigned int)value;
}

static enum injection planted(void)
{
	const char *inject = getenv("PLANT") ?: "";

	if (!strcmp(inject, "stall"))
		return INJECT_STALL;
	return strcmp(inject, "hang") ? INJECT_NOTHING : INJECT_HANG;
}

static void set_up(const struct scenario *scenario, const struct knobs *knobs)
{
	int ret = trial_setup(&trial, scenario, knobs);

	switch (-ret) {
	case 0:
		return;
	case ENOENT:
	case ENOTTY:
		die("this kernel has no %s", scenario->source->name);
	case ENOMEM:
		die("%u mappings are more than vm.max_map_count or memory allows",
		    scenario->slots);
	case EAGAIN:
		end(NOT_NOW, "too many processes, or too busy to start them");
	default:
		die("could not start: %s", strerror(-ret));
	}
}

static void print_sample(unsigned int busy, unsigned int n, enum group group,
			 bool hang, const struct window *window)
{
	struct histogram hist;
	unsigned int i;

	trial_hist(&trial, group, &hist);
	printf("sample %u %u %u %s %d %llu %llu %llu %llu", busy,
	       trial.scenario.slots, n, group_name[group], hang,
	       (unsigned long long)window->ops,
	       (unsigned long long)window->sum_ns,
	       (unsigned long long)window->max_ns,
	       (unsigned long long)trial.reads[group]);
	for (i = 0; i < HIST_BUCKETS; i++)
		if (hist.bucket[i])
			printf(" %llu:%llu",
			       (unsigned long long)hist_ceiling(i),
			       (unsigned long long)hist.bucket[i]);
	if (hist.overflow)
		printf(" %llu:%llu", (unsigned long long)hist.max,
		       (unsigned long long)hist.overflow);
	putchar('\n');
}

/*
 * An operation that did not even come back when all interferers were dead is as
 * old as it is, and the end of the sample.
 */
static bool measure(enum group group, struct window *window)
{
	const struct worker_shared *worker = &trial.target.shared->worker[0];
	uint32_t mark;
	uint64_t age;
	int ret;

	ret = trial_window(&trial, group, window);
	if (!ret)
		return trial.hangs[group];
	if (ret == -EAGAIN)
		end(NOT_NOW, "too busy to run so many processes");
	if (ret != -ETIMEDOUT || !trial.hangs[group])
		die("a process of the measurement failed or is stuck");
	/* Where it ended this very moment, it was as old as the patience with it. */
	mark = atomic_load(&worker->watch.in_flight);
	age = (uint64_t)(mark ? stopwatch_age(mark) : TRIAL_HANG_NS);
	*window = mapper_window(&trial.target);
	window->ops++;
	window->sum_ns += age;
	window->max_ns = age;
	return true;
}

int main(void)
{
	struct scenario scenario = {
		.op = { &op_populate },
		.populate = true,
		.slots = number("MAPPINGS", 16384),
	};
	unsigned int busy = number("BUSY", 1), n = number("SAMPLE", 1);
	unsigned int spin_ms = number("BUSYDURATION", 0);
	bool positive = number("CONTROL", 0), hang[NR_GROUPS] = { 0 };
	struct knobs knobs = {
		.window_ms = number("DURATION", 3) * 1000,
		.nap_us = MAPPER_NAP_US,
		.hog_busy_us = spin_ms ? spin_ms * 1000 : HOG_SPIN_US,
		.hog_idle_us = spin_ms ? HOG_REST_US : 0,
		.head_start_ms = HEAD_START_MS,
		.cpu_mapper = (int)number("CPU_MAPPER", 0),
		.cpu_load = (int)number("CPU_LOAD", 1),
		.cpus_load = number("CPUS_LOAD", 1),
		.seed = number("SEED", 1) + n,
		.inject = planted(),
		.apart = true,
	};
	const char *file = getenv("PROCFILE") ?: "maps";
	struct window window[NR_GROUPS] = { 0 };
	enum group first = GROUP_TARGET, second = GROUP_CONTROL;
	uint64_t rng = knobs.seed;

	self = getpid();
	die_with_parent(getppid());
	signal(SIGINT, end_all);
	signal(SIGTERM, end_all);
	signal(SIGHUP, end_all);

	scenario.source = source_find(file);
	if (!scenario.source)
		die("no such file: %s", file);
	if (busy > LOAD_MAX / (knobs.cpus_load ?: 1))
		die("at most %u busy tasks in all", LOAD_MAX);
	if (!scenario.slots)
		die("no mappings, no operations");
	scenario.scanners = busy * knobs.cpus_load;
	scenario.hogs = scenario.scanners;
	policy_reset();
	if (cpu_pin((int)number("CPU_SCRIPT", (unsigned int)knobs.cpu_mapper)))
		die("cannot run on that CPU");
	setpriority(PRIO_PROCESS, 0, LOAD_NICE_HURRY);

	/* In random order, so that drift favours neither. */
	if (positive && random_below(&rng, 2)) {
		first = GROUP_CONTROL;
		second = GROUP_TARGET;
	}
	set_up(&scenario, &knobs);
	hang[first] = measure(first, &window[first]);
	if (positive)
		hang[second] = measure(second, &window[second]);
	if (positive)
		print_sample(busy, n, GROUP_CONTROL, hang[GROUP_CONTROL],
			     &window[GROUP_CONTROL]);
	print_sample(busy, n, GROUP_TARGET, hang[GROUP_TARGET],
		     &window[GROUP_TARGET]);
	trial_free(&trial);
	if (fclose(stdout)) {
		perror("cannot write");
		return CANNOT_TELL;
	}
	return 0;
}
