// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "monitor_report.h"
#include "monitor_shape.h"
#include "../latency/histogram.h"
#include "../latency/report.h"
#include "../lib/machine.h"
#include "../lib/util.h"

/* struct proc_file - what is known of a file of /proc/PID that shows mappings */
struct proc_file {
	const char *name;
	/* First release without mmap_lock as text, or NULL. */
	const char *since;
	int release;
	/* File that shows the sizes and takes no lock, or NULL. */
	const char *instead;
};

static const struct proc_file proc_file[] = {
	{ "maps", "6.17", KERNEL(6, 17) },
	{ "smaps", "7.2", KERNEL(7, 2), "statm" },
	{ "numa_maps", "7.2", KERNEL(7, 2), "statm" },
	{ "smaps_rollup", NULL, 0, "statm" },
	{ "pagemap", NULL, 0 },
	{ "map_files/", NULL, 0 },
	{ "clear_refs", NULL, 0 },
	{ "cmdline", NULL, 0 },
	{ "environ", NULL, 0 },
	{ "mem", NULL, 0 },
};

/* Options of programs that make them read a file with more in it. */
static const struct option_of {
	const char *program;
	const char *option;
} option_of[] = {
	{ "pmap", "-x" }, { "pmap", "-X" }, { "pmap", "-XX" },
	{ "pmap", "--extended" },
};

void command_text(char *const *argv, char *text, size_t size)
{
	size_t at = 0;

	text[0] = 0;
	for (; *argv && at + 1 < size; argv++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", at ? " " : "", *argv);
	/* A command of several lines is to be one here. */
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			*text = ' ';
}

/* Say how sure the answer is. */
static const char *how_sure(const struct monitor *monitor)
{
	const struct trial *trial = &monitor->trial;

	if (monitor_stops(monitor))
		return "the process was seen stopped";
	if (trial->hangs[GROUP_TARGET])
		return "an operation ended only when the hogs or the monitor were killed";
	if (trial->disturbs_all)
		return "medians beside the monitor and without it differ tenfold";
	if (trial->verdict == VERDICT_UNSURE)
		return "none";
	return "1 such answer in 100 is wrong where 36 of 100 pairs mislead";
}

/* Print how sure the answer is. */
static void report_certainty(const struct monitor *monitor)
{
	const struct trial *trial = &monitor->trial;

	printf("  certainty   %s;\n", how_sure(monitor));
	printf("              %u pairs of windows of %u ms in %.1f s, %u without a vote",
	       monitor->pairs, trial->knobs.window_ms,
	       (double)trial->took / NSEC_PER_SEC, monitor->void_pairs);
	printf("; pairs slower with it, less the others:");
	if (monitor->lead)
		printf(" %+d and", monitor->lead);
	printf(" %+d", trial->state.lead);
	printf("; seed %llu\n", (unsigned long long)trial->knobs.seed);
}

/* Print what was read by what. */
static void report_setting(const struct monitor *monitor)
{
	const struct conditions *conditions = &monitor->conditions;
	const struct trial *trial = &monitor->trial;
	char hogs[32] = "without a hog";

	if (trial->scenario.hogs)
		snprintf(hogs, sizeof(hogs), "beside %u hog%s", trial->scenario.hogs,
			 trial->scenario.hogs > 1 ? "s" : "");
	printf("  target      %u mappings, %llu MiB resident, %llu of them huge, threads %u",
	       shape.mappings, (unsigned long long)shape.resident >> 20,
	       (unsigned long long)shape.huge >> 20, shape.threads);
	printf(", CPU %d", trial->knobs.cpu_mapper);
	if (shape.like)
		printf("; as process %d%s", (int)shape.like,
		       shape.scaled ? ", made smaller" : "");
	printf("; compared with %s\n", monitor->absence ?
	       "no monitor, as it is not told a PID" : "a control process alike");
	printf("  monitor     user %s, nice %d, CPU %d %s, %s%s, ",
	       conditions->as ?: "as here", conditions->nice, conditions->cpu, hogs,
	       monitor->daemon ? "stopped by SIGSTOP between windows" : "run again at its end",
	       conditions->cgroup ? ", CPU time limited" : "");
	if (conditions->per_second)
		printf("at most %g a second\n", conditions->per_second);
	else
		printf("no limit of its rate\n");
}

void report_head(const struct monitor *monitor, const char *blind)
{
	enum verdict verdict = monitor->trial.verdict;
	struct utsname uts;
	char text[200];

	uname(&uts);
	command_text(monitor->conditions.argv, text, sizeof(text));
	if (monitor->reason[0] || blind)
		printf("COULD NOT TELL: %s (Linux %s): %s\n", text, uts.release,
		       blind ?: monitor->reason);
	else if (verdict == VERDICT_FINE)
		printf("HARMLESS: %s does not hold up %u mappings of %llu MiB (Linux %s)\n",
		       text, shape.mappings, (unsigned long long)shape.resident >> 20,
		       uts.release);
	else
		printf("HOLDS UP: %s holds up %s (Linux %s)\n", text,
		       monitor->trial.disturbs_all ? "processes, read or not" :
		       "the process that it reads", uts.release);
	report_certainty(monitor);
	report_setting(monitor);
}

static void report_times(const struct histogram *hist)
{
	printf("  %9.1f %9.1f %9.1f", hist_mean(hist) / 1000,
	       ns_to_us(hist_quantile(hist, 999000)), ns_to_us(hist->max));
}

void report_operations(const struct monitor *monitor)
{
	static const enum group order[] = { GROUP_TARGET, GROUP_CONTROL, GROUP_QUIET };
	const struct mapper *target = &monitor->trial.target;
	unsigned int w, half, g;

	printf("  us          %-29s  %-29s  no monitor runs\n", "target is read",
	       monitor->absence ? "monitor is absent" : "control process is read");
	printf("             ");
	for (g = 0; g < ARRAY_SIZE(order); g++)
		printf("%s      mean     p99.9     worst", g ? " " : "");
	putchar('\n');
	for (w = 0; w < target->workers; w++) {
		for (half = 0; half < 2 && target->op[w]->half[half]; half++) {
			printf("  %-9s", target->op[w]->label[half]);
			for (g = 0; g < ARRAY_SIZE(order); g++)
				report_times(&target->shared->worker[w]
						      .hist[order[g]][half]);
			putchar('\n');
		}
	}
	printf("  waits       slept in the kernel");
	for (g = 0; g < ARRAY_SIZE(order); g++) {
		struct operations own = monitor_operations(monitor, order[g]);

		printf("%s %llu of %llu operations", g ? "," : "", (unsigned long long)own.slept,
		       (unsigned long long)own.all);
	}
	printf("\n");
}

/* Find what is known of a file. */
static const struct proc_file *find_file(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(proc_file); i++)
		if (!strcmp(proc_file[i].name, name))
			return &proc_file[i];
	return NULL;
}

/* Return the file that the monitor was reading when operations were slow. */
static const char *file_read(const struct monitor *monitor)
{
	const struct reads *reads = &monitor->reads[GROUP_TARGET];
	const struct reads_file *best = NULL;
	unsigned int i;

	if (monitor->diagnosis.files)
		return monitor->diagnosis.file[0].name;
	for (i = 0; i < reads->files; i++) {
		const struct proc_file *known = find_file(reads->file[i].name);

		if (known && (!known->since || kernel_release() < known->release) &&
		    (!best || reads->file[i].reads > best->reads))
			best = &reads->file[i];
	}
	return best ? best->name : NULL;
}

void report_diagnosis(const struct monitor *monitor)
{
	const struct diagnosis *diagnosis = &monitor->diagnosis;
	unsigned int asleep = diagnosis->mmap_lock + diagnosis->vma_lock + diagnosis->elsewhere;
	const char *file = file_read(monitor);

	if (monitor_stops(monitor)) {
		printf("  lock        none: the process was stopped in %u of %u looks\n",
		       diagnosis->stopped, diagnosis->looks);
		return;
	}
	printf("  lock        of %u operations over %u us,", diagnosis->slow, LOOK_SLOW_US);
	printf(" %u slept for mmap_lock, %u for a per-VMA lock",
	       diagnosis->mmap_lock, diagnosis->vma_lock);
	printf(", %u elsewhere%s%s%s, %u did not sleep\n", diagnosis->elsewhere,
	       diagnosis->where[0] ? " in " : "", diagnosis->where,
	       diagnosis->where[0] ? "()" : "", diagnosis->slow - asleep);
	if (!file) {
		printf("  file        none of the target was open then\n");
		return;
	}
	printf("  file        /proc/PID/%s, open in %u of them", file,
	       diagnosis->files ? diagnosis->file[0].count : 0);
	printf("; the monitor was ready to run in %u%s%s%s\n", diagnosis->runnable,
	       diagnosis->stack[0] ? ", last in " : "", diagnosis->stack,
	       diagnosis->stack[0] ? "()" : "");
}

/* Print how the last pass ended, if that was not well. */
static void report_status(const struct command *command)
{
	int status = atomic_load(&command->shared->status);
	char line[160];

	if (!command->ends || !status)
		return;
	command_error(command, line, sizeof(line));
	printf("  ended       with status %d%s%s\n", command_status(status),
	       line[0] ? ": " : "", line);
}

void report_pass(const struct monitor *monitor)
{
	const struct command *command = &monitor->command[GROUP_TARGET];
	const struct reads *reads = &monitor->reads[GROUP_TARGET];
	struct command_cost cost = command_cost(command);
	unsigned int i, shown = 0;
	double n = 1;

	printf("  reads       of /proc/PID, by number of open():");
	for (i = 0; i < reads->files && shown < 8; i++) {
		if (!reads->file[i].opens)
			continue;
		printf("%s %s %llu", shown++ ? "," : "", reads->file[i].name,
		       (unsigned long long)reads->file[i].opens);
	}
	printf("%s", i < reads->files ? ", ..." : "");
	if (!command->shared) {
		putchar('\n');
		return;
	}
	if (command->ends)
		n = atomic_load(&command->shared->passes) ?: 1;
	else
		n = (double)monitor->ran_ns[GROUP_TARGET] / NSEC_PER_SEC ?: 1;
	printf("; %s ", command->ends ? "one pass" : "one second");
	if (command->ends)
		printf("%.1f ms, of it ",
		       (double)atomic_load(&command->shared->wall_ns) / n / NSEC_PER_MSEC);
	printf("%.1f ms of CPU; %.0f read() calls, %.0f bytes, of all files\n",
	       (double)cost.cpu_ns / n / NSEC_PER_MSEC, (double)cost.read_calls / n,
	       (double)cost.read_bytes / n);
	report_status(command);
}

void report_release(const struct monitor *monitor)
{
	const char *name = file_read(monitor);
	const struct proc_file *file = name ? find_file(name) : NULL;

	if (monitor_stops(monitor))
		printf("  instead     what does not stop the process, as ptrace() does");
	else if (!file)
		printf("  instead     nothing is known that shows the same");
	else if (file->since && kernel_release() < file->release)
		printf("  instead     Linux %s reads %s without mmap_lock", file->since, name);
	else if (file->since)
		printf("  instead     less often: %s has a lock of each mapping only", name);
	else
		printf("  instead     less often: Linux 7.3 still reads %s under mmap_lock", name);
	printf("%s\n", !monitor_stops(monitor) && file && file->instead ?
	       "; statm and status have the sizes and no lock" : "");
}

/* Leave out the option of a known program. */
static bool leave_out(struct instead *instead)
{
	char program[256];
	unsigned int i, a;

	snprintf(program, sizeof(program), "%s", instead->argv[0]);
	for (i = 0; i < ARRAY_SIZE(option_of); i++) {
		if (strcmp(basename(program), option_of[i].program))
			continue;
		for (a = 1; instead->argv[a]; a++) {
			if (strcmp(instead->argv[a], option_of[i].option))
				continue;
			for (; instead->argv[a]; a++)
				instead->argv[a] = instead->argv[a + 1];
			return true;
		}
	}
	return false;
}

/* Replace the name of the file in an argument. */
static bool replace_file(struct instead *instead, const struct proc_file *file)
{
	char find[64];
	char *at;
	unsigned int a;

	snprintf(find, sizeof(find), "/proc/{}/%s", file->name);
	for (a = 0; instead->argv[a]; a++) {
		at = strstr(instead->argv[a], find);
		/* smaps is not smaps_rollup. */
		if (!at || at[strlen(find)] == '_')
			continue;
		snprintf(instead->text, sizeof(instead->text), "%.*s/proc/{}/%s%s",
			 (int)(at - instead->argv[a]), instead->argv[a], file->instead,
			 at + strlen(find));
		instead->argv[a] = instead->text;
		return true;
	}
	return false;
}

bool instead_of(const struct monitor *monitor, struct instead *instead)
{
	const char *name = file_read(monitor);
	const struct proc_file *file = name ? find_file(name) : NULL;
	unsigned int n;

	memset(instead, 0, sizeof(*instead));
	for (n = 0; monitor->conditions.argv[n]; n++) {
		if (n == INSTEAD_ARGUMENTS)
			return false;
		instead->argv[n] = monitor->conditions.argv[n];
	}
	return leave_out(instead) || (file && file->instead && replace_file(instead, file));
}
