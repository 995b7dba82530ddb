// SPDX-License-Identifier: GPL-2.0
/*
 * stuck.c - decide whether a reader or a modifier is stuck, from samples of both
 */
#include <string.h>

#include "stuck.h"

bool stuck_same_pair(const struct stuck_poll *a, const struct stuck_poll *b)
{
	return a->runner == b->runner &&
	       a->thread[STUCK_READER].tid == b->thread[STUCK_READER].tid &&
	       a->thread[STUCK_MODIFIER].tid == b->thread[STUCK_MODIFIER].tid;
}

/* Compute the CPU time that a thread has used between two polls, as far as it counts. */
static int64_t stuck_ran(const struct task_sample *last, const struct task_sample *now)
{
	int64_t ran = now->user_ns + now->kernel_ns - last->user_ns - last->kernel_ns;

	return ran < STUCK_POLL_CPU_NS ? ran : STUCK_POLL_CPU_NS;
}

/* Decide, and begin anew where something is stuck. */
static enum stuck stuck_decide(struct stuck_count *count, int64_t cpu_ns)
{
	enum stuck stuck = STUCK_NONE;

	if (count->asleep[STUCK_READER] >= STUCK_POLLS &&
	    count->asleep[STUCK_MODIFIER] >= STUCK_POLLS)
		stuck = STUCK_BOTH;
	else if (count->asleep[STUCK_READER] >= STUCK_POLLS_ALONE ||
		 count->ran_ns[STUCK_READER] >= cpu_ns)
		stuck = STUCK_ALONE_READER;
	else if (count->asleep[STUCK_MODIFIER] >= STUCK_POLLS_ALONE ||
		 count->ran_ns[STUCK_MODIFIER] >= cpu_ns)
		stuck = STUCK_ALONE_MODIFIER;
	if (stuck)
		memset(count, 0, sizeof(*count));
	return stuck;
}

enum stuck stuck_add_poll(struct stuck_count *count, const struct stuck_poll *now,
			  int64_t cpu_ns)
{
	bool same = stuck_same_pair(&count->last, now), moves[STUCK_THREADS];
	bool runs[STUCK_THREADS];
	unsigned int i;

	for (i = 0; i < STUCK_THREADS; i++) {
		moves[i] = !same || now->thread[i].beats != count->last.thread[i].beats;
		/* One that makes progress has a CPU, and gives away what it holds. */
		runs[i] = now->thread[i].task.state == 'R' && !moves[i];
	}
	for (i = 0; i < STUCK_THREADS; i++) {
		/* Otherwise it may wait for one that waits for a CPU. */
		bool counts = !now->other_runs && !runs[!i];

		if (moves[i])
			count->ran_ns[i] = 0;
		else
			count->ran_ns[i] += stuck_ran(&count->last.thread[i].task,
						      &now->thread[i].task);
		if (moves[i] || now->thread[i].task.state != 'D')
			count->asleep[i] = 0;
		if (now->thread[i].task.state == 'D' && counts)
			count->asleep[i]++;
	}
	count->last = *now;
	return stuck_decide(count, cpu_ns);
}
