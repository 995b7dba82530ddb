// SPDX-License-Identifier: GPL-2.0
/*
 * Judge a monitor: does this program hold up the process that it watches?
 *
 * The command of a user takes the place of the scanners of proc_mmap_latency.  A
 * target maps and unmaps; a control process has the same shape and sleeps.  In
 * alternate windows, in random order, the command runs for one or the other.  The
 * verdict is that of latency/verdict.h.
 *
 * scripts/monitor.sh has the options, doc/monitors.rst the design.
 *
 * Exit status: 0 harmless, 1 holds up, 4 could not tell, 2 bad usage.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor_report.h"
#include "monitor_shape.h"
#include "monitor_trial.h"
#include "../latency/program.h"
#include "../latency/report.h"
#include "../lib/cpu.h"
#include "../lib/env.h"

/* Exit statuses; those of run_tests.sh. */
enum { HARMLESS = 0, HOLDS_UP = 1, USAGE = 2, CANNOT_TELL = 4 };

/* Time for a sequential test by default, in s. */
#define DURATION_S 30

/* Limit of a slow operation, in us; that of proc_mmap_latency. */
#define LIMIT_US 500

/* Period of a limit of CPU time, in us; the default of the kernel. */
#define PERIOD_US 100000

/*
 * struct options - what the command line says
 * @seconds:	time for a sequential test, s
 * @hogs:	number of hogs beside the monitor
 * @percent:	limit of the CPU time, percent of one CPU; 0 for none
 * @json:	path of the report for programs, or NULL
 */
struct options {
	unsigned int seconds;
	unsigned int hogs;
	double percent;
	const char *json;
};

static struct options options = { .seconds = DURATION_S, .hogs = 1 };
static struct monitor monitor, other;
static struct results results;
static char cgroup[128];
static bool made_pidfile;
static pid_t self;

/* End all processes, and remove what this program made. */
static void clean_up(void)
{
	if (getpid() != self)
		return;
	if (made_pidfile && monitor.conditions.pidfile)
		unlink(monitor.conditions.pidfile);
	monitor_free(&monitor);
	monitor_free(&other);
	trial_free(&the_trial);
	if (cgroup[0])
		rmdir(cgroup);
}

static void interrupted(int signal)
{
	clean_up();
	_exit(128 + signal);
}

#define die(code, ...) do {						\
	fprintf(stderr, "monitor: " __VA_ARGS__);			\
	fputc('\n', stderr);						\
	exit(code);							\
} while (0)

/* Convert a whole number within bounds, or exit. */
static unsigned int whole_number(const char *option, const char *text, long least,
				 long most)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || *end || end == text || value < least || value > most)
		die(USAGE, "--%s takes a number from %ld to %ld, not '%s'", option, least, most,
		    text);
	return (unsigned int)value;
}

/* Convert a size with one of the letters K, M, G and T, or exit. */
static uint64_t bytes(const char *option, const char *text)
{
	static const char letters[] = "KMGT";
	unsigned long long value;
	const char *letter;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	letter = *end ? strchr(letters, toupper((unsigned char)*end)) : NULL;
	if (letter)
		end++;
	if (errno || !isdigit((unsigned char)text[0]) || *end || value >> 40)
		die(USAGE, "--%s takes a size such as 64M or 2G, not '%s'", option, text);
	return letter ? value << (10 * (letter - letters + 1)) : value;
}

/* Convert a positive number with a unit, or exit. */
static double rational(const char *option, const char *text, const char *unit)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || (strcmp(end, unit) && *end) || !(value > 0) || value > 1e6)
		die(USAGE, "--%s takes a number such as 5%s, not '%s'", option, unit, text);
	return value;
}

/* Find the user that the command is to be run as, or exit. */
static void choose_user(const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		die(USAGE, "--as %s: no such user", name);
	if (geteuid())
		die(USAGE, "--as needs root");
	monitor.conditions.as = name;
	monitor.conditions.uid = user->pw_uid;
	monitor.conditions.gid = user->pw_gid;
}

/* Convert a nice value, or exit. */
static int nice_value(const char *text)
{
	int value;
	char end;

	if (sscanf(text, "%d%c", &value, &end) != 1 || value < -20 || value > 19)
		die(USAGE, "--nice takes a number from -20 to 19, not '%s'", text);
	return value;
}

/* Convert a limit of CPU time, or exit. */
static double cpu_percent(const char *text)
{
	double percent = rational("cpu-max", text, "%");

	/* The kernel refuses less than 1 ms in its period of 100 ms. */
	if (percent < 1)
		die(USAGE, "--cpu-max takes 1%% at least, not '%s'", text);
	return percent;
}

static void take_option(const char *name, char *value)
{
	const char *wrong;
	int ret;

	if (!strcmp(name, "as"))
		choose_user(value);
	else if (!strcmp(name, "nice"))
		monitor.conditions.nice = nice_value(value);
	else if (!strcmp(name, "cpu-max"))
		options.percent = cpu_percent(value);
	else if (!strcmp(name, "rate"))
		monitor.conditions.per_second = rational(name, value, "/s");
	else if (!strcmp(name, "pidfile"))
		monitor.conditions.pidfile = value;
	else if (!strcmp(name, "daemon"))
		monitor.conditions.daemon = true;
	else if (!strcmp(name, "mappings"))
		shape.mappings = whole_number(name, value, 1, shape_most_mappings());
	else if (!strcmp(name, "resident"))
		shape.resident = bytes(name, value);
	else if (!strcmp(name, "huge"))
		shape.huge = bytes(name, value);
	else if (!strcmp(name, "threads"))
		shape.threads = whole_number(name, value, 1, 10000);
	else if (!strcmp(name, "duration"))
		options.seconds = whole_number(name, value, 1, 86400);
	else if (!strcmp(name, "hogs"))
		options.hogs = whole_number(name, value, 0, 100);
	else if (!strcmp(name, "json"))
		options.json = value;
	if (!strcmp(name, "ops")) {
		wrong = shape_operations(value);
		if (wrong)
			die(USAGE, "--ops: %s", wrong);
	}
	if (!strcmp(name, "like")) {
		ret = shape_like((pid_t)whole_number(name, value, 1, INT32_MAX));
		if (ret)
			die(USAGE, "--like %s: %s", value, strerror(-ret));
	}
}

/* Read the options; the rest is the command. */
static void take_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "as", required_argument }, { "nice", required_argument },
		{ "cpu-max", required_argument }, { "rate", required_argument },
		{ "mappings", required_argument }, { "resident", required_argument },
		{ "huge", required_argument }, { "threads", required_argument },
		{ "ops", required_argument }, { "duration", required_argument },
		{ "like", required_argument }, { "pidfile", required_argument },
		{ "daemon", no_argument }, { "json", required_argument },
		{ "hogs", required_argument }, { }
	};
	int index, option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", known, &index)) >= 0) {
		if (option == ':')
			die(USAGE, "%s needs a value", argv[optind - 1]);
		if (option)
			die(USAGE, "no such option: %s, see --help", argv[optind - 1]);
		take_option(known[index].name, optarg);
	}
	if (!argv[optind])
		die(USAGE, "a command is needed, see --help");
	monitor.conditions.argv = argv + optind;
}

/* Write a file of the cgroup's folder. */
static bool cgroup_write(const char *file, const char *format, unsigned int value)
{
	char path[192];
	FILE *out;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	out = fopen(path, "w");
	if (!out)
		return false;
	good = fprintf(out, format, value) > 0;
	return !fclose(out) && good;
}

/* Make a cgroup that limits the CPU time of the monitor. */
static void limit_cpu(void)
{
	unsigned int quota = (unsigned int)(options.percent * PERIOD_US / 100);

	if (!options.percent)
		return;
	snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/proc_monitor.%d", (int)getpid());
	if (!mkdir(cgroup, 0755) && cgroup_write("cpu.max", "%u 100000", quota)) {
		monitor.conditions.cgroup = cgroup;
		return;
	}
	rmdir(cgroup);
	snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/cpu/proc_monitor.%d", (int)getpid());
	if (!mkdir(cgroup, 0755) && cgroup_write("cpu.cfs_quota_us", "%u", quota)) {
		monitor.conditions.cgroup = cgroup;
		return;
	}
	rmdir(cgroup);
	cgroup[0] = 0;
	die(CANNOT_TELL, "--cpu-max: no cgroup with a limit of CPU time can be made");
}

/* Check whether any argument has a place for the PID. */
static bool told_pid(char *const *argv)
{
	for (; *argv; argv++)
		if (strstr(*argv, "{}"))
			return true;
	return false;
}

/* Complete the shape, and check that there is room for it. */
static void check_shape(void)
{
	uint64_t region = (uint64_t)shape.mappings * (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned int workers = 0;

	while (workers < MAPPER_WORKERS && shape.op[workers])
		workers++;
	if (shape.threads < workers)
		shape.threads = workers;
	if (shape.mappings < workers)
		shape.mappings = workers;
	if (shape.resident < region + shape.huge)
		shape.resident = region + shape.huge;
	if (shape.resident > shape_most_resident())
		die(CANNOT_TELL, "target and control process may have %llu MiB each here, not %llu",
		    (unsigned long long)shape_most_resident() >> 20,
		    (unsigned long long)shape.resident >> 20);
}

static void prepare(struct knobs *knobs)
{
	int cpu[2];

	self = getpid();
	atexit(clean_up);
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	signal(SIGHUP, interrupted);
	signal(SIGPIPE, SIG_IGN);
	policy_reset();
	choose_cpus_apart(cpu);
	if (cpu[1] < 0)
		die(CANNOT_TELL, "fewer than two CPUs");
	knobs->cpu_mapper = cpu[0];
	knobs->cpu_load = cpu[1];
	knobs->nap_us = MAPPER_NAP_US;
	knobs->hog_busy_us = LOAD_HOG_BUSY_US;
	knobs->hog_idle_us = LOAD_HOG_IDLE_US;
	knobs->limit_ns = LIMIT_US * NSEC_PER_USEC;
	knobs->max_pairs = TRIAL_MAX_PAIRS;
	knobs->max_ns = options.seconds * NSEC_PER_SEC;
	knobs->window_ms = TRIAL_WINDOW_MS;
	knobs->seed = seed_from_env();
	monitor.conditions.cpu = knobs->cpu_load;
	monitor.absence = !told_pid(monitor.conditions.argv) && !monitor.conditions.pidfile;
	/* It is overwritten and removed, so it must not be that of another program. */
	if (monitor.conditions.pidfile && !access(monitor.conditions.pidfile, F_OK))
		die(USAGE, "--pidfile %s: there is such a file", monitor.conditions.pidfile);
	made_pidfile = monitor.conditions.pidfile;
	cpu_pin(knobs->cpu_mapper);
	setpriority(PRIO_PROCESS, 0, LOAD_NICE_HURRY);
	limit_cpu();
}

/* Measure the same with a command that takes no lock, and print its verdict. */
static void try_instead(const struct scenario *scenario, const struct knobs *knobs)
{
	struct instead instead;
	char text[200];

	if (!instead_of(&monitor, &instead))
		return;
	other.conditions = monitor.conditions;
	other.absence = monitor.absence;
	other.conditions.argv = instead.argv;
	command_text(instead.argv, text, sizeof(text));
	monitor_free(&monitor);
	/* The cgroup ends with what was in it. */
	limit_cpu();
	if (monitor_setup(&other, scenario, knobs) || monitor_judge(&other) ||
	    other.trial.verdict == VERDICT_UNSURE) {
		printf("              measured: %s: could not tell: %s\n", text, other.reason);
		return;
	}
	printf("              measured: %s: %s, mean %.1f us, and %.1f us beside the control\n",
	       text, other.trial.verdict == VERDICT_FINE ? "harmless" : "holds up",
	       verdict_mean(&other.trial.state.target) / 1000,
	       verdict_mean(&other.trial.state.control) / 1000);
}

/* Print the report; returns the exit status. */
static int report(const struct scenario *scenario, const struct knobs *knobs)
{
	struct trial *trial = &monitor.trial;
	const char *blind = NULL;
	struct result *result;

	if (trial->verdict == VERDICT_FINE && !monitor_is_seen(&monitor))
		blind = "a lock that is held on purpose is not seen here either";
	report_head(&monitor, blind);
	report_operations(&monitor);
	result = report_keep(&results, "monitor", trial);
	result->outcome = blind || monitor.reason[0] ? "skip" :
			  trial->verdict == VERDICT_FINE ? "pass" : "fail";
	results.failed = result->outcome[0] == 'f';
	report_pass(&monitor);
	if (!results.failed)
		return result->outcome[0] == 's' ? CANNOT_TELL : HARMLESS;
	monitor_diagnose(&monitor);
	report_diagnosis(&monitor);
	report_release(&monitor);
	fflush(stdout);
	try_instead(scenario, knobs);
	return HOLDS_UP;
}

/* Write the report for programs; returns the exit status. */
static int write_json(int status, const struct knobs *knobs)
{
	int ret;

	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "monitor: the report could not be written\n");
		status = CANNOT_TELL;
	}
	ret = options.json ? report_json(options.json, &results, knobs) : 0;
	if (!ret)
		return status;
	fprintf(stderr, "monitor: cannot write %s: %s\n", options.json, strerror(-ret));
	return CANNOT_TELL;
}

int main(int argc, char **argv)
{
	struct scenario scenario = { .source = &source_maps, .populate = true };
	struct knobs knobs = { 0 };
	int ret;

	take_options(argc, argv);
	check_shape();
	prepare(&knobs);
	memcpy(scenario.op, shape.op, sizeof(shape.op));
	scenario.slots = shape.mappings;
	scenario.hogs = options.hogs;
	ret = monitor_setup(&monitor, &scenario, &knobs);
	if (ret == -ENOEXEC)
		die(USAGE, "%s", monitor.reason);
	if (ret)
		die(CANNOT_TELL, "could not tell: %s", monitor.reason);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "judging, in windows of %u ms\n",
			monitor.trial.knobs.window_ms);
	ret = monitor_judge(&monitor);
	if (ret)
		die(CANNOT_TELL, "could not tell: %s", monitor.reason);
	return write_json(report(&scenario, &knobs), &monitor.trial.knobs);
}
