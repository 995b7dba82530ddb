// SPDX-License-Identifier: GPL-2.0
/*
 * Measure how often the verdict is right.  Files whose answer is known are measured
 * repeatedly.  The verdicts are compared with those of a simple rule on the same
 * samples: "one window, and its longest operation is over the limit".
 *
 * This is not a test: it has no verdict.  Environment:
 *	ROUNDS=n		number of verdicts for each file, default 10
 *	FINE=maps		file that this kernel reads without mmap_lock
 *	LOCKED=pagemap		file that this kernel reads with mmap_lock
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sources.h"
#include "../latency/load.h"
#include "../latency/mapper.h"
#include "../latency/trial.h"
#include "../latency/verdict.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"

/* Maximum of ROUNDS, which bounds the memory for durations. */
#define BENCH_MAX_ROUNDS 1000

/* Number of mappings; the value of the published benchmark. */
#define BENCH_SLOTS 16000

/* Limit of a slow operation, in ns; the value of the published benchmark. */
#define BENCH_LIMIT_NS (500 * NSEC_PER_USEC)

/* Bound of a trial in pairs; that of a test with its default DURATION of 4 s. */
#define BENCH_PAIRS 36

/* Bound of a trial in s; that of a test with its default DURATION of 4 s. */
#define BENCH_MAX_S 6

static struct trial trial;

static const struct source *source_named(const char *name)
{
	const struct source *source = source_find(name);

	if (source)
		return source;
	fprintf(stderr, "no such file: %s\n", name);
	exit(1);
}

/* Measure one file and print a line of the table. */
static void bench(const char *name, enum verdict truth, unsigned int rounds,
		  struct knobs *knobs)
{
	const struct scenario scenario = {
		.source = source_named(name),
		.op = { &op_mmap },
		.slots = BENCH_SLOTS,
		.scanners = 2,
		.hogs = 1,
	};
	enum verdict wrong = truth == VERDICT_FINE ? VERDICT_INTERFERES :
						     VERDICT_FINE;
	unsigned int count[VERDICT_UNSURE + 1] = { 0 };
	unsigned int windows = 0, plain_wrong = 0, done = 0, i, w;
	int64_t took[BENCH_MAX_ROUNDS];

	for (i = 0; i < rounds; i++) {
		knobs->seed++;
		memset(&trial, 0, sizeof(trial));
		if (trial_setup(&trial, &scenario, knobs) ||
		    trial_run(&trial)) {
			fprintf(stderr, "%s: could not be measured\n", name);
			trial_free(&trial);
			continue;
		}
		count[trial.verdict]++;
		took[done++] = trial.took;
		for (w = 0; w < trial.windows; w++) {
			const struct trial_window *log = &trial.log[w];
			bool slow = log->window.max_ns > knobs->limit_ns;

			if (log->group != GROUP_TARGET)
				continue;
			windows++;
			plain_wrong += slow != (truth == VERDICT_INTERFERES);
		}
		trial_free(&trial);
	}
	if (!done || !windows)
		return;
	qsort(took, done, sizeof(took[0]), compare_ns);
	printf("%-13s %-11s %6u %6u %6u %6u %8.2f %8.2f %12u %11.1f %%\n", name,
	       verdict_name(truth), done, count[truth], count[wrong],
	       count[VERDICT_UNSURE],
	       (double)took[done / 2] / NSEC_PER_SEC,
	       (double)took[done - 1] / NSEC_PER_SEC,
	       windows, 100.0 * plain_wrong / windows);
	fflush(stdout);
}

int main(void)
{
	const char *rounds_text = getenv("ROUNDS");
	const char *fine = getenv("FINE") ?: "maps";
	const char *locked = getenv("LOCKED") ?: "pagemap";
	unsigned int rounds = rounds_text ? (unsigned int)atoi(rounds_text) : 10;
	struct knobs knobs = {
		.window_ms = TRIAL_WINDOW_MS,
		.max_pairs = BENCH_PAIRS,
		.max_ns = BENCH_MAX_S * NSEC_PER_SEC,
		.nap_us = MAPPER_NAP_US,
		.hog_busy_us = LOAD_HOG_BUSY_US,
		.hog_idle_us = LOAD_HOG_IDLE_US,
		.limit_ns = BENCH_LIMIT_NS,
		.seed = (uint64_t)now_ns(),
	};
	int cpu[2];

	policy_reset();
	choose_cpus_apart(cpu);
	if (cpu[1] < 0) {
		fprintf(stderr, "needs two CPUs\n");
		return 4;
	}
	knobs.cpu_mapper = cpu[0];
	knobs.cpu_load = cpu[1];
	cpu_pin(knobs.cpu_mapper);
	setpriority(PRIO_PROCESS, 0, LOAD_NICE_HURRY);
	if (rounds > BENCH_MAX_ROUNDS)
		rounds = BENCH_MAX_ROUNDS;

	printf("%-13s %-11s %6s %6s %6s %6s %8s %8s %12s %13s\n", "file",
	       "truth", "rounds", "right", "wrong", "unsure", "median_s",
	       "max_s", "plain_rule_n", "plain_wrong");
	bench(fine, VERDICT_FINE, rounds, &knobs);
	bench(locked, VERDICT_INTERFERES, rounds, &knobs);
	return 0;
}
