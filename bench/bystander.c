// SPDX-License-Identifier: GPL-2.0
/*
 * Measure how a command delays other processes.  Meanwhile, on each CPU that this
 * program may run on, a process of normal priority (a bystander) repeatedly sleeps
 * for a millisecond and records how much later it got to run.
 *
 *	bystander COMMAND [ARGUMENT...]
 *
 * This is not a test: it has no verdict.  The output of the command is discarded.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../latency/histogram.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"

/* Maximum number of CPUs with a bystander; arbitrary. */
#define BYSTANDER_CPUS 64

/* Sleep of a bystander, in ns: short, so that it sees most delays. */
#define BYSTANDER_SLEEP_NS NSEC_PER_MSEC

/*
 * struct bystander - state of one bystander, shared with it
 * @stop:	set when the bystander is to exit
 * @late:	delays after each sleep, ns
 * @cpu:	CPU of the bystander
 */
struct bystander {
	_Atomic bool stop;
	struct histogram late;
	int cpu;
};

/* Sleep and record the delays until told to stop. */
static int bystander_stand(void *arg)
{
	struct bystander *bystander = arg;
	int64_t begin, took;

	prctl(PR_SET_TIMERSLACK, 1UL);
	if (!pin_thread(0, bystander->cpu))
		return 1;
	while (!bystander->stop) {
		begin = now_ns();
		sleep_ns(BYSTANDER_SLEEP_NS);
		took = now_ns() - begin - BYSTANDER_SLEEP_NS;
		hist_add(&bystander->late, took > 0 ? (uint64_t)took : 0, 1);
	}
	return 0;
}

/* Execute the command without output. */
static int bystander_command(void *arg)
{
	char **argv = arg;

	stdio_to_null();
	execvp(argv[0], argv);
	return 127;
}

static void bystander_print(const struct bystander *bystander)
{
	const struct histogram *late = &bystander->late;

	printf("bystander on CPU %-3d %8llu naps, ", bystander->cpu,
	       (unsigned long long)late->count);
	printf("late by %8.2f ms (p99), %8.2f ms (p99.9), %8.2f ms at most\n",
	       (double)hist_quantile(late, 990000) / NSEC_PER_MSEC,
	       (double)hist_quantile(late, 999000) / NSEC_PER_MSEC,
	       (double)late->max / NSEC_PER_MSEC);
}

int main(int argc, char **argv)
{
	struct bystander *bystander = shared_alloc(BYSTANDER_CPUS *
						   sizeof(*bystander));
	struct child child[BYSTANDER_CPUS] = { 0 }, command = { 0 };
	unsigned int i, n = 0;
	cpu_set_t allowed;
	int cpu;

	if (argc < 2 || !bystander ||
	    sched_getaffinity(0, sizeof(allowed), &allowed)) {
		fprintf(stderr, "usage: %s COMMAND [ARGUMENT...]\n", argv[0]);
		return 2;
	}
	for (cpu = 0; cpu < CPU_SETSIZE && n < BYSTANDER_CPUS; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		bystander[n].cpu = cpu;
		if (child_start(&child[n], bystander_stand, &bystander[n]))
			return 4;
		n++;
	}
	if (child_start(&command, bystander_command, argv + 1))
		return 4;
	while (child_alive(&command))
		sleep_ns(10 * NSEC_PER_MSEC);
	for (i = 0; i < n; i++)
		bystander[i].stop = true;
	for (i = 0; i < n; i++) {
		child_wait(&child[i], 5 * NSEC_PER_SEC);
		bystander_print(&bystander[i]);
	}
	return WIFEXITED(command.status) && WEXITSTATUS(command.status) == 127 ?
	       4 : 0;
}
