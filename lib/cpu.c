// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpu.h"

/* SCHED_DEADLINE, which is not in every libc's <sched.h>. */
#define POLICY_DEADLINE 6

bool rt_refused;
int default_nice;
__thread int rt_level;
__thread int64_t rt_since_ns;

bool pin_thread(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(tid, sizeof(set), &set);
}

bool set_policy(pid_t tid, int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return !syscall(SYS_sched_setscheduler, tid, policy, &param);
}

int get_policy(void)
{
	return syscall(SYS_sched_getscheduler, 0) & ~SCHED_RESET_ON_FORK;
}

/* Sets RLIMIT_RTTIME to RT_LIMIT_NS; returns false if the hard limit is lower. */
static bool rt_set_limit(void)
{
	const rlim_t longest = RT_LIMIT_NS / NSEC_PER_USEC;
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTTIME, &limit) ||
	    (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < longest))
		return false;
	limit.rlim_cur = longest;
	return !setrlimit(RLIMIT_RTTIME, &limit);
}

bool policy_reset(void)
{
	/*
	 * The kernel forbids to clear SCHED_RESET_ON_FORK without CAP_SYS_NICE.  With
	 * the flag kept, the policy can still be changed.
	 */
	if (!set_policy(0, SCHED_OTHER, 0))
		set_policy(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0);
	rt_refused = !rt_set_limit();
	return get_policy() != SCHED_FIFO && get_policy() != SCHED_RR &&
	       get_policy() != POLICY_DEADLINE;
}

bool set_level(pid_t tid, int level)
{
	bool done = (!level || !rt_refused) &&
		    set_policy(tid, level ? SCHED_FIFO : SCHED_OTHER, level);

	/* Level 0 also undoes the nice value that replaced a refused priority. */
	if (!level || !done)
		setpriority(PRIO_PROCESS, tid, level ? -20 : default_nice);
	if (!tid) {
		rt_level = done ? level : 0;
		rt_since_ns = now_ns();
	}
	return done;
}

void rt_throttle_before(int level, int64_t ns)
{
	if (!level || now_ns() - rt_since_ns + ns < RT_RUN_NS)
		return;
	sleep_ns(RT_SLEEP_NS);
	rt_since_ns = now_ns();
}

void rt_throttle(int level)
{
	rt_throttle_before(level, 0);
}

void choose_cpus(int cpu[2])
{
	cpu_set_t set;
	int i, n = 0;

	cpu[0] = -1;
	cpu[1] = -1;
	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
}

int cpu_pin(int cpu)
{
	return cpu < 0 || pin_thread(0, cpu) ? 0 : -errno;
}

/* Reads a number of a CPU's topology; -1 if it is unknown. */
static int cpu_id(int cpu, const char *name)
{
	char path[96];
	int id = -1;
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, name);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &id) != 1)
		id = -1;
	fclose(file);
	return id;
}

bool same_core(int a, int b)
{
	return cpu_id(a, "core_id") >= 0 &&
	       cpu_id(a, "core_id") == cpu_id(b, "core_id") &&
	       cpu_id(a, "physical_package_id") ==
	       cpu_id(b, "physical_package_id");
}

void choose_cpus_apart(int cpu[2])
{
	cpu_set_t set;
	int i;

	choose_cpus(cpu);
	cpu[1] = -1;
	if (cpu[0] < 0 || sched_getaffinity(0, sizeof(set), &set))
		return;
	for (i = CPU_SETSIZE - 1; i > cpu[0]; i--) {
		if (!CPU_ISSET(i, &set))
			continue;
		if (cpu[1] < 0)
			cpu[1] = i;
		if (!same_core(cpu[0], i)) {
			cpu[1] = i;
			return;
		}
	}
}
