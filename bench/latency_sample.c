// SPDX-License-Identifier: GPL-2.0
/*
 * Measure one sample of the table: the duration of mmap() and munmap() in a process
 * whose maps are read by busy tasks.
 *
 * A busy task is a pair: a scanner at nice 15 and a hog at nice 0 on the same CPU.
 * scripts/table.sh runs this program once for each sample.  The processes are
 * started anew each time, so that samples are independent.
 *
 * This is not a test: it has no verdict.  Environment:
 *	BUSY=n			number of busy tasks on each of the busy CPUs
 *	MAPPINGS=n		number of mappings of the target
 *	DURATION=n		duration in seconds
 *	PROCFILE=name		file that the scanners read
 *	CONTROL=1		measure also while a control process is read
 *	BUSYDURATION=n		a hog spins n ms, then sleeps 1 ms; 0: spins
 *	CPU_MAPPER=n, CPU_SCRIPT=n	CPUs of the target and of this program
 *	CPU_LOAD=n, CPUS_LOAD=n	first busy CPU, and number of busy CPUs
 *	SEED=n			seed of all random choices
 *	SAMPLE=n		number of the sample, to be printed
 *	PLANT=stall|hang	injected fault, which shows in the table
 *
 * Prints a line, and with CONTROL one of the control process before it:
 *
 *	sample BUSY MAPPINGS SAMPLE GROUP HANG OPS SUM_NS MAX_NS READS NS:COUNT...
 *
 * HANG is 1 when the load had to be killed.  READS is the number of reads completed.
 * NS:COUNT is the histogram, each bucket by its upper end.
 *
 * Exit status: 0; 4 when the sample could not be measured; 75 when the machine is too
 * busy to measure it now.  No line is printed then.
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
#include "../lib/env.h"
#include "../lib/random.h"

/* Exit status when the sample could not be measured; KSFT_SKIP. */
#define CANNOT_TELL 4

/* Exit status when the machine is too busy; EX_TEMPFAIL. */
#define NOT_NOW 75

/*
 * Time from the scanners' start to the hogs', in ms.  The published benchmark
 * starts scanners, hogs and the mapper in this order.  In a third of a second,
 * a thousand scanners get to the middle of a read each.
 */
#define HEAD_START_MS 300

/*
 * Sleep of a hog between two spins, in us; a constant of the published
 * benchmark.
 */
#define HOG_REST_US 1000

/* Duration of a spin of a hog that does not sleep, in us. */
#define HOG_SPIN_US 1000

static struct trial trial;
static pid_t self;

/*
 * Time mmap() with MAP_POPULATE, as in the published benchmark: populating the
 * page is part of the duration.
 */
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

/*
 * Kill the children before this process exits, so that nothing is left after
 * Ctrl-C.
 */
static void end_all(int signal)
{
	if (getpid() == self)
		trial_free(&trial);
	_exit(128 + signal);
}

/* Read a number from the environment. */
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

/* Start all processes, or exit. */
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
 * Measure a window.  An operation that did not end after the load was killed is
 * the last one of the sample, and its age is its duration.
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
	/* An operation that has ended just now took at least the timeout. */
	mark = atomic_load(&worker->watch.in_flight);
	age = (uint64_t)(mark ? stopwatch_age(mark) : TRIAL_HANG_NS);
	*window = mapper_window(&trial.target);
	window->ops++;
	window->sum_ns += age;
	window->max_ns = age;
	return true;
}

/* Set up this process: its end, its signals, its CPU and priority. */
static void prepare(const struct knobs *knobs)
{
	self = getpid();
	die_with_parent(getppid());
	signal(SIGINT, end_all);
	signal(SIGTERM, end_all);
	signal(SIGHUP, end_all);
	policy_reset();
	if (cpu_pin((int)number("CPU_SCRIPT", (unsigned int)knobs->cpu_mapper)))
		die("cannot run on that CPU");
	setpriority(PRIO_PROCESS, 0, LOAD_NICE_HURRY);
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
	bool with_control = number("CONTROL", 0), hang[NR_GROUPS] = { 0 };
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
		.inject = env_fault("stall") ? INJECT_STALL :
			  env_fault("hang") ? INJECT_HANG : INJECT_NOTHING,
		.own_group = true,
	};
	const char *file = getenv("PROCFILE") ?: "maps";
	struct window window[NR_GROUPS] = { 0 };
	enum group first = GROUP_TARGET, second = GROUP_CONTROL;
	uint64_t rng = knobs.seed;

	scenario.source = source_find(file);
	if (!scenario.source)
		die("no such file: %s", file);
	if (busy > LOAD_MAX / (knobs.cpus_load ?: 1))
		die("at most %u busy tasks in all", LOAD_MAX);
	if (!scenario.slots)
		die("no mappings, no operations");
	scenario.scanners = busy * knobs.cpus_load;
	scenario.hogs = scenario.scanners;
	prepare(&knobs);

	/* The order is random, so that a drift favours neither group. */
	if (with_control && random_below(&rng, 2)) {
		first = GROUP_CONTROL;
		second = GROUP_TARGET;
	}
	set_up(&scenario, &knobs);
	hang[first] = measure(first, &window[first]);
	if (with_control)
		hang[second] = measure(second, &window[second]);
	if (with_control)
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
