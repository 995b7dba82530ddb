// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor_shape.h"
#include "monitor_trial.h"
#include "../latency/program.h"
#include "../latency/stall.h"
#include "../lib/random.h"
#include "../lib/task.h"
#include "../lib/util.h"

/* One in this many pairs has a quiet window before it; as in latency/trial.c. */
#define QUIET_EVERY 4

/* Interval at which events are taken, in ns: the kernel keeps 16,384 of them. */
#define TAKE_NS (20 * NSEC_PER_MSEC)

/* Number of passes that are enough to try out a command. */
#define TRY_PASSES 3

/* Usual duration of the first run of a command, in ns. */
#define TRY_NS NSEC_PER_SEC

/*
 * Longest duration of the first run of a command, in windows of the greatest length: what
 * reads once in such a window has read twice by then.
 */
#define TRY_WINDOWS 2

/* Time between two events that belong to different readings, in ns; arbitrary. */
#define TRY_APART_NS (50 * NSEC_PER_MSEC)

/*
 * Time in ns that a command with a terminal must live to count as one that needs it,
 * at least; five times as long as it lived without one.
 */
#define TRY_TERMINAL_NS (500 * NSEC_PER_MSEC)

/* Least length of a window, in ms: two of the gate, for a command that starts anew. */
#define WINDOW_MIN_MS (2 * TRIAL_WINDOW_MS)

/* Bound of the length of a window by default, in ms: two cycles of top. */
#define WINDOW_MAX_MS 3000

/* A window is longer than the time between two readings by this factor; arbitrary. */
#define WINDOW_MARGIN 1.25

/*
 * Number of pairs that there is time for at least.  On a busy machine, one pair in
 * four votes wrongly, and VERDICT_LEAD is then reached with 16 pairs on average.
 */
#define LEAST_PAIRS 20

/* Interval at which operations are looked at, in us. */
#define LOOK_POLL_US 100

/*
 * Number of slow operations that are enough for a diagnosis, of those that sleep and of all;
 * arbitrary.
 */
#define LOOK_ENOUGH 24
#define LOOK_MOST 240

/* Bound of a diagnosis, in windows and in ns. */
#define LOOK_WINDOWS 12
#define LOOK_NS (8 * NSEC_PER_SEC)

/*
 * A target is stopped too often if more than one look in STOPS_SHARE finds it stopped, and
 * more than STOPS_BY_CHANCE do.  This is asked after STOPS_PAIRS pairs.  All arbitrary.
 */
#define STOPS_SHARE 20
#define STOPS_BY_CHANCE 2
#define STOPS_PAIRS 2

/* Number of times that the positive control is tried. */
#define CONTROL_TRIES 2

#define reason(monitor, ...) \
	snprintf((monitor)->reason, sizeof((monitor)->reason), __VA_ARGS__)

/* Drop what was read before a window, or by this program. */
static void forget_reads(struct monitor *monitor)
{
	reads_skip(&monitor->reads[GROUP_TARGET]);
	reads_skip(&monitor->reads[GROUP_CONTROL]);
}

/*
 * Count the accesses to the process of a group, less those to the other one.  What
 * reads all processes of the machine meanwhile, such as ps, reads both alike.
 */
static int64_t take_reads(struct monitor *monitor, enum group group)
{
	enum group rest = group == GROUP_TARGET ? GROUP_CONTROL : GROUP_TARGET;
	int64_t n = (int64_t)reads_take(&monitor->reads[group]);

	if (monitor->absence)
		reads_skip(&monitor->reads[rest]);
	else
		n -= (int64_t)reads_skip(&monitor->reads[rest]);
	return n;
}

/* Note whether the target is stopped, by a tracer or a signal. */
static void look_at_target(struct monitor *monitor)
{
	const struct mapper *target = &monitor->trial.target;
	bool stopped = false;
	unsigned int w;

	for (w = 0; w < target->workers; w++) {
		char state = task_state(target->shared->tid[w]);

		stopped |= state == 't' || state == 'T';
	}
	monitor->diagnosis.looks++;
	monitor->diagnosis.stopped += stopped;
}

bool monitor_stops(const struct monitor *monitor)
{
	const struct diagnosis *diagnosis = &monitor->diagnosis;

	return diagnosis->stopped > STOPS_BY_CHANCE &&
	       diagnosis->stopped * STOPS_SHARE > diagnosis->looks;
}

/* Wait for the end of a window, and count what is read meanwhile. */
static int64_t watch_window(struct monitor *monitor, enum group group)
{
	int64_t end = now_ns() + monitor->trial.knobs.window_ms * NSEC_PER_MSEC;
	int64_t n = 0;

	while (now_ns() < end) {
		int64_t left = end - now_ns();

		sleep_ns(left < TAKE_NS ? left : TAKE_NS);
		if (group != GROUP_QUIET)
			n += take_reads(monitor, group);
		if (group == GROUP_TARGET)
			look_at_target(monitor);
	}
	return n;
}

/*
 * An operation did not end though the hogs were killed and the monitor has paused: end the
 * monitor.  Return 1 if it ends with it, which is an answer.
 */
static int end_hang(struct monitor *monitor, enum group group)
{
	command_free(&monitor->command[group]);
	if (mapper_close(&monitor->trial.target, TRIAL_HANG_NS)) {
		reason(monitor, "an operation does not end though the monitor was killed");
		return -ETIMEDOUT;
	}
	if (group == GROUP_TARGET)
		return 1;
	reason(monitor, "an operation hung while the process was not to be read");
	return -ETIMEDOUT;
}

/* Measure one window.  Return 0, 1 if this is the last one, see end_hang(), or -errno. */
static int measure(struct monitor *monitor, enum group group, struct window *window)
{
	struct trial *trial = &monitor->trial;
	struct command *command = &monitor->command[group];
	int64_t begin, n;
	int ret, paused;

	forget_reads(monitor);
	ret = trial_open(trial, group);
	if (ret)
		return ret;
	begin = now_ns();
	ret = command_run(command);
	if (ret) {
		reason(monitor, "cannot write %s: %s", monitor->conditions.pidfile,
		       strerror(-ret));
		return ret;
	}
	n = watch_window(monitor, group);
	paused = command_pause(command);
	if (group != GROUP_QUIET)
		n += take_reads(monitor, group);
	monitor->ran_ns[group] += now_ns() - begin;
	ret = trial_close(trial, window);
	if (ret == -ETIMEDOUT && trial->hangs[group])
		return end_hang(monitor, group);
	if (ret)
		return ret;
	if (paused) {
		reason(monitor, "a process of the monitor cannot be paused");
		return paused;
	}
	window->idle = group != GROUP_QUIET && n <= 0 && command->runner.pid;
	if (trial->windows)
		trial->log[trial->windows - 1].window.idle = window->idle;
	return 0;
}

/* Return the bound of the length of a window, ms. */
static unsigned int longest_window(const struct monitor *monitor)
{
	unsigned int most = monitor->seconds * 1000 / (2 * LEAST_PAIRS);

	return most < WINDOW_MAX_MS ? WINDOW_MAX_MS : most;
}

/* Set the length of a window, and with it the bounds of a sequential test. */
static void set_window(struct monitor *monitor, int64_t ms)
{
	struct knobs *knobs = &monitor->trial.knobs;
	int64_t most = longest_window(monitor), pairs;

	if (ms < WINDOW_MIN_MS)
		ms = WINDOW_MIN_MS;
	if (ms > most)
		ms = most;
	pairs = monitor->seconds * 1000LL / (2 * ms);
	if (pairs < LEAST_PAIRS)
		pairs = LEAST_PAIRS;
	pairs += monitor->trial.state.void_pairs;
	if (pairs > TRIAL_MAX_PAIRS)
		pairs = TRIAL_MAX_PAIRS;
	knobs->window_ms = (unsigned int)ms;
	knobs->max_pairs = (unsigned int)pairs;
	/* Windows end with a pass, and may take half as long again on a busy machine. */
	knobs->max_ns = pairs * ms * 3 * NSEC_PER_MSEC;
}

/* Do one sequential test, from the first pair to a verdict. */
static int test_once(struct monitor *monitor, uint64_t *rng)
{
	struct trial *trial = &monitor->trial;
	const struct verdict_state fresh = {
		.effect = VERDICT_EFFECT,
		.limit_ns = trial->knobs.limit_ns,
		.max_pairs = trial->knobs.max_pairs,
	};
	struct window window[NR_GROUPS];
	unsigned int void_pairs;
	int ret = 0;

	trial->state = fresh;
	trial->begin = now_ns();
	do {
		enum group first = random_below(rng, 2) ? GROUP_TARGET : GROUP_CONTROL;
		enum group second = first == GROUP_TARGET ? GROUP_CONTROL : GROUP_TARGET;

		if (trial->state.pairs % QUIET_EVERY == 0)
			ret = measure(monitor, GROUP_QUIET, &window[GROUP_QUIET]);
		if (!ret)
			ret = measure(monitor, first, &window[first]);
		if (!ret)
			ret = measure(monitor, second, &window[second]);
		if (ret < 0)
			return ret;
		if (ret) {
			trial->verdict = VERDICT_INTERFERES;
			break;
		}
		void_pairs = trial->state.void_pairs;
		trial->verdict = verdict_next(&trial->state, &window[GROUP_TARGET],
					      &window[GROUP_CONTROL]);
		/* A monitor that reads more seldom than it did at first. */
		if (trial->state.void_pairs > void_pairs &&
		    trial->knobs.window_ms < longest_window(monitor)) {
			set_window(monitor, 2LL * trial->knobs.window_ms);
			trial->state.max_pairs = trial->knobs.max_pairs;
		}
		if (trial->verdict == VERDICT_MORE && trial_late(trial))
			trial->verdict = verdict_last(&trial->state);
		if (trial->hangs[GROUP_TARGET] ||
		    (trial->state.pairs + trial->state.void_pairs >= STOPS_PAIRS &&
		     monitor_stops(monitor)))
			trial->verdict = VERDICT_INTERFERES;
	} while (trial->verdict == VERDICT_MORE);
	monitor->pairs += trial->state.pairs;
	monitor->void_pairs += trial->state.void_pairs;
	return 0;
}

/* Say why there is no verdict. */
static void explain_unsure(struct monitor *monitor, bool twice)
{
	static const char hint[] = "; --duration gives it more time, --hogs 0 a CPU of its own";
	const struct verdict_state *state = &monitor->trial.state;

	if (!state->pairs || state->void_pairs > state->pairs)
		reason(monitor, "it read the process in %u of %u pairs of windows of %u ms%s",
		       state->pairs, state->pairs + state->void_pairs,
		       monitor->trial.knobs.window_ms, hint);
	else if (twice)
		reason(monitor, "one test said that it holds up, a second one did not");
	else if (state->lead <= -VERDICT_LEAD)
		reason(monitor, "operations are no slower on the whole, %s%s",
		       "but some are that come alone while it reads", hint);
	else
		reason(monitor, "%u pairs of windows do not agree (lead %d, ratio %.2f)%s",
		       state->pairs, state->lead, verdict_ratio(state), hint);
}

struct operations monitor_operations(const struct monitor *monitor, enum group group)
{
	const struct mapper *target = &monitor->trial.target;
	struct operations sum = { 0 };
	unsigned int w, half;

	for (w = 0; w < target->workers; w++) {
		const struct worker_shared *own = &target->shared->worker[w];

		for (half = 0; half < 2; half++) {
			sum.all += own->hist[group][half].count;
			sum.all_ns += own->hist[group][half].sum;
		}
		sum.slept += own->slept[group];
		sum.slept_ns += own->slept_ns[group];
	}
	return sum;
}

/*
 * Check whether at least half of what an operation takes longer was slept, for a monitor
 * that is compared with its own absence.  A control process has the same neighbour on the
 * other CPU; absence has none, which makes caches and memory faster, too.
 */
static bool sleep_explains(const struct monitor *monitor)
{
	struct operations with = monitor_operations(monitor, GROUP_TARGET);
	struct operations without = monitor_operations(monitor, GROUP_CONTROL);
	double longer, slept;

	if (!with.all || !without.all)
		return false;
	longer = (double)with.all_ns / with.all - (double)without.all_ns / without.all;
	slept = (double)with.slept_ns / with.all - (double)without.slept_ns / without.all;
	return slept > 0 && slept >= longer / 2;
}

int monitor_judge(struct monitor *monitor)
{
	struct trial *trial = &monitor->trial;
	uint64_t rng = trial->knobs.seed;
	int64_t begin = now_ns();
	bool twice = false;
	int ret;

	ret = test_once(monitor, &rng);
	if (!ret && trial->verdict == VERDICT_INTERFERES && !trial->hangs[GROUP_TARGET] &&
	    !monitor_stops(monitor)) {
		monitor->lead = trial->state.lead;
		twice = true;
		ret = test_once(monitor, &rng);
	}
	trial->begin = begin;
	trial->took = now_ns() - begin;
	if (ret) {
		if (!monitor->reason[0])
			reason(monitor, ret == -EAGAIN ? "the machine is too busy" :
			       "a process of the measurement failed or is stuck");
		return ret;
	}
	if (twice && trial->verdict != VERDICT_INTERFERES) {
		trial->verdict = VERDICT_UNSURE;
	} else if (trial->verdict == VERDICT_FINE && trial_disturbs_all(trial)) {
		trial->disturbs_all = true;
		trial->verdict = VERDICT_INTERFERES;
	}
	if (trial->verdict == VERDICT_UNSURE) {
		explain_unsure(monitor, twice);
	} else if (trial->verdict == VERDICT_INTERFERES && monitor->absence &&
		   !trial->hangs[GROUP_TARGET] && !monitor_stops(monitor) &&
		   !sleep_explains(monitor)) {
		trial->verdict = VERDICT_UNSURE;
		reason(monitor, "operations take %.2f times as long meanwhile, %s%s",
		       verdict_ratio(&trial->state), "but hardly sleep, as beside any busy CPU",
		       "; with {} in the command that can be told");
	}
	return 0;
}

/* struct first_run - what the first run of a command has shown */
struct first_run {
	int64_t begin;
	int64_t last;
	unsigned int bursts;
	int64_t reads;
};

/* Note the events of the last interval. */
static void note_reads(struct monitor *monitor, struct first_run *run, int64_t n)
{
	int64_t now = now_ns(), gap = now - run->last;

	run->reads += n;
	if (n <= 0)
		return;
	if (!run->last || gap > TRY_APART_NS)
		run->bursts++;
	if (run->last && gap > monitor->gap_ns)
		monitor->gap_ns = gap;
	run->last = now;
}

/* Return the longest duration of the first run of a command, ns. */
static int64_t longest_try(const struct monitor *monitor)
{
	return TRY_WINDOWS * longest_window(monitor) * NSEC_PER_MSEC;
}

/* Check whether a first run has shown enough. */
static bool tried(const struct monitor *monitor, const struct command *command,
		  const struct first_run *run)
{
	uint32_t passes = atomic_load(&command->shared->passes);
	int64_t took = now_ns() - run->begin;
	bool daemon = command->conditions->daemon;

	if (atomic_load(&command->shared->exec_errno) ||
	    (!daemon && atomic_load(&command->shared->orphan)))
		return true;
	if (passes >= TRY_PASSES || took > longest_try(monitor))
		return true;
	return took > TRY_NS && (passes || run->bursts >= TRY_PASSES);
}

/* Check whether a command that fails would run if it had a terminal. */
static bool needs_terminal(const struct command *failed)
{
	struct command command = {
		.conditions = failed->conditions,
		.pid = failed->pid,
		.terminal = true,
	};
	int64_t ns = 5 * atomic_load(&failed->shared->longest_ns);
	bool lives = false;

	if (!command_start(&command) && !command_run(&command)) {
		sleep_ns(ns > TRY_TERMINAL_NS ? ns : TRY_TERMINAL_NS);
		lives = !atomic_load(&command.shared->passes) &&
			atomic_load(&command.shared->busy);
	}
	command_free(&command);
	return lives;
}

/* Say why a command that was tried out cannot be judged; 0 if it can. */
static int explain_first_run(struct monitor *monitor, const struct command *command,
			     const struct first_run *run)
{
	const char *name = monitor->conditions.argv[0];
	const struct command_shared *shared = command->shared;
	int error = (int)atomic_load(&shared->exec_errno), orphan;
	int status = atomic_load(&shared->status);
	const char *alike = monitor->absence ? "" :
		", or all processes alike, which is judged without {}";
	char line[200];

	orphan = monitor->conditions.daemon ? 0 : atomic_load(&shared->orphan);
	if (error) {
		reason(monitor, "cannot run %s: %s", name, strerror(error));
		return -ENOEXEC;
	}
	if (orphan)
		reason(monitor, "%s forks away: it ended, and left process %d; see --daemon",
		       name, orphan);
	if (orphan)
		return -ECHILD;
	if (run->reads > 0)
		return 0;
	command_error(command, line, sizeof(line));
	if (!atomic_load(&shared->passes))
		reason(monitor, "%s never read the process in %lld s%s; %s", name,
		       (long long)(longest_try(monitor) / NSEC_PER_SEC), alike,
		       "shorten its interval, or give it a longer --duration");
	else if (needs_terminal(command))
		reason(monitor, "%s needs a terminal: without one it ends at once%s%s", name,
		       line[0] ? ": " : "", line);
	else
		reason(monitor, "%s ends in %.1f s, with status %d, and reads nothing%s%s%s", name,
		       (double)atomic_load(&shared->longest_ns) / NSEC_PER_SEC,
		       command_status(status), alike, line[0] ? ": " : "", line);
	return -ENODATA;
}

/* Run the command of a group for the first time. */
static int try_out(struct monitor *monitor, enum group group)
{
	struct command *command = &monitor->command[group];
	struct first_run run = { 0 };
	int ret;

	command->conditions = &monitor->conditions;
	command->pid = monitor->trial.load.pid[group];
	ret = command_start(command);
	if (!ret)
		ret = command_run(command);
	if (ret) {
		reason(monitor, "cannot start: %s", strerror(-ret));
		return ret;
	}
	forget_reads(monitor);
	run.begin = now_ns();
	while (!tried(monitor, command, &run) && child_alive(&command->runner)) {
		sleep_ns(TAKE_NS);
		note_reads(monitor, &run, take_reads(monitor, group));
	}
	if (!command->runner.pid) {
		reason(monitor, "CPU, nice value or cgroup are refused");
		return -EPERM;
	}
	command->ends = atomic_load(&command->shared->passes) > 0;
	monitor->daemon |= !command->ends;
	ret = explain_first_run(monitor, command, &run);
	if (ret)
		return ret;
	ret = command_pause(command);
	if (ret)
		reason(monitor, "a process of the monitor cannot be paused");
	monitor->ran_ns[group] = now_ns() - run.begin;
	return ret;
}

/* Check whether there is a pass in each window at the rate that was asked for. */
static int check_rate(struct monitor *monitor)
{
	double per_second = monitor->conditions.per_second;

	if (!per_second)
		return 0;
	monitor->gap_ns = (int64_t)((double)NSEC_PER_SEC / per_second);
	if (WINDOW_MARGIN * 1000 / per_second <= longest_window(monitor))
		return 0;
	reason(monitor, "--rate %g/s leaves windows without a reading; --duration %.0f does not",
	       per_second, WINDOW_MARGIN * 2 * LEAST_PAIRS / per_second + 1);
	return -EINVAL;
}

/* Choose the length of a window: there is a pass, or a reading, in each. */
static void choose_window(struct monitor *monitor)
{
	int64_t ns = (int64_t)(WINDOW_MARGIN * (double)monitor->gap_ns);
	enum group group;

	for (group = GROUP_CONTROL; group < NR_GROUPS; group++) {
		const struct command *command = &monitor->command[group];

		if (!command->ends || !command->shared)
			continue;
		if (2 * atomic_load(&command->shared->longest_ns) > ns)
			ns = 2 * atomic_load(&command->shared->longest_ns);
	}
	set_window(monitor, ns / NSEC_PER_MSEC);
}

int monitor_setup(struct monitor *monitor, const struct scenario *scenario,
		  const struct knobs *knobs)
{
	struct trial *trial = &monitor->trial;
	enum group group;
	int ret;

	monitor->seconds = (unsigned int)(knobs->max_ns / NSEC_PER_SEC);
	ret = check_rate(monitor);
	if (ret)
		return ret;
	trial->target.count_slept = true;
	trial->target.prepare = shape_prepare;
	trial->control.prepare = shape_prepare;
	ret = trial_setup(trial, scenario, knobs);
	if (ret) {
		reason(monitor, "target and control process cannot be started: %s",
		       strerror(-ret));
		return ret;
	}
	for (group = GROUP_CONTROL; group < NR_GROUPS && !ret; group++)
		ret = reads_open(&monitor->reads[group], trial->load.pid[group]);
	if (ret) {
		reason(monitor, "reads of /proc cannot be counted by inotify: %s",
		       strerror(-ret));
		return ret;
	}
	if (!monitor->absence)
		ret = try_out(monitor, GROUP_CONTROL);
	if (!ret)
		ret = try_out(monitor, GROUP_TARGET);
	if (!ret)
		choose_window(monitor);
	return ret;
}

void monitor_free(struct monitor *monitor)
{
	enum group group;

	for (group = GROUP_CONTROL; group < NR_GROUPS; group++) {
		command_free(&monitor->command[group]);
		reads_close(&monitor->reads[group]);
	}
	trial_free(&monitor->trial);
}

/* Count a file that is open while an operation is slow, once for each operation. */
static void note_file(struct diagnosis *diagnosis, const char *name)
{
	struct diagnosis_file *file = diagnosis->file, swap;
	unsigned int i;

	for (i = 0; i < diagnosis->files; i++)
		if (!strcmp(file[i].name, name))
			break;
	if (i == DIAGNOSIS_FILES)
		return;
	if (i == diagnosis->files) {
		diagnosis->files++;
		snprintf(file[i].name, sizeof(file[i].name), "%s", name);
	}
	if (file[i].last == diagnosis->slow)
		return;
	file[i].last = diagnosis->slow;
	file[i].count++;
	for (; i && file[i].count > file[i - 1].count; i--) {
		swap = file[i];
		file[i] = file[i - 1];
		file[i - 1] = swap;
	}
}

/* Note which files of the target a process has open. */
static bool look_at_files(struct monitor *monitor, pid_t pid)
{
	char path[320], link[128], prefix[32];
	struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(prefix, sizeof(prefix), "/proc/%d/", (int)monitor->command[GROUP_TARGET].pid);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, entry->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = 0;
		if (strncmp(link, prefix, strlen(prefix)))
			continue;
		note_file(&monitor->diagnosis, link + strlen(prefix));
		found = true;
	}
	closedir(dir);
	return found;
}

/* Note the innermost function of the kernel in which a process is; for root only. */
static void look_at_stack(struct diagnosis *diagnosis, pid_t pid)
{
	char path[64], function[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "[<%*[^>]>] %63[a-zA-Z0-9_.]", function) == 1)
		memcpy(diagnosis->stack, function, sizeof(function));
	fclose(file);
}

/* Note what a thread of the target sleeps for; return whether it sleeps. */
static bool look_at_sleep(struct monitor *monitor, unsigned int worker)
{
	const struct mapper *target = &monitor->trial.target;
	struct diagnosis *diagnosis = &monitor->diagnosis;
	char where[64];

	switch (stall_place(target->child.pid, target->shared->tid[worker], where,
			    sizeof(where))) {
	case STALL_MMAP_LOCK:
		diagnosis->mmap_lock++;
		return true;
	case STALL_VMA_LOCK:
		diagnosis->vma_lock++;
		return true;
	case STALL_ELSEWHERE:
		diagnosis->elsewhere++;
		memcpy(diagnosis->where, where, sizeof(where));
		return true;
	default:
		return false;
	}
}

/* Note what the monitor reads and where it is while an operation is slow. */
static void look_at_monitor(struct monitor *monitor)
{
	struct diagnosis *diagnosis = &monitor->diagnosis;
	pid_t pid[MONITOR_PROCESSES];
	bool runnable = false;
	unsigned int n, i;

	n = command_processes(&monitor->command[GROUP_TARGET], pid);
	for (i = 0; i < n; i++) {
		if (!look_at_files(monitor, pid[i]))
			continue;
		runnable |= !process_is(pid[i], TASK_STATES_NOT_READY);
		look_at_stack(diagnosis, pid[i]);
	}
	diagnosis->runnable += runnable;
}

/*
 * Check whether enough was seen.  On a slow machine most slow operations wait for nothing,
 * so those that sleep are what counts.
 */
static bool looked_enough(const struct diagnosis *diagnosis)
{
	return diagnosis->mmap_lock + diagnosis->vma_lock + diagnosis->elsewhere >= LOOK_ENOUGH ||
	       diagnosis->slow >= LOOK_MOST;
}

/* Look at the slow operations of one window. */
static void look_for(struct monitor *monitor, int64_t ns)
{
	struct mapper_shared *shared = monitor->trial.target.shared;
	uint32_t seen[MAPPER_WORKERS] = { 0 }, asleep[MAPPER_WORKERS] = { 0 };
	int64_t end = now_ns() + ns;

	while (now_ns() < end && !looked_enough(&monitor->diagnosis)) {
		unsigned int i;

		sleep_ns(LOOK_POLL_US * NSEC_PER_USEC);
		for (i = 0; i < monitor->trial.target.workers; i++) {
			uint32_t mark = atomic_load(&shared->worker[i].watch.in_flight);

			if (!mark || mark == asleep[i] ||
			    stopwatch_age(mark) < LOOK_SLOW_US * NSEC_PER_USEC)
				continue;
			/* It may run when it is first looked at, and sleep later. */
			if (look_at_sleep(monitor, i))
				asleep[i] = mark;
			if (mark == seen[i])
				continue;
			seen[i] = mark;
			monitor->diagnosis.slow++;
			look_at_monitor(monitor);
		}
	}
}

void monitor_diagnose(struct monitor *monitor)
{
	struct command *command = &monitor->command[GROUP_TARGET];
	struct trial *trial = &monitor->trial;
	int64_t end = now_ns() + LOOK_NS;
	struct window window;
	unsigned int i;

	for (i = 0; i < LOOK_WINDOWS && now_ns() < end && command->runner.pid &&
	     !looked_enough(&monitor->diagnosis); i++) {
		if (trial_open(trial, GROUP_TARGET) || command_run(command))
			return;
		look_for(monitor, trial->knobs.window_ms * NSEC_PER_MSEC);
		if (command_pause(command) || trial_close(trial, &window))
			return;
	}
}

/* Check whether a trial of the positive control shows contention. */
static bool contention_seen(const struct trial *trial)
{
	return verdict_ratio(&trial->state) >= VERDICT_EFFECT &&
	       (trial->verdict == VERDICT_INTERFERES ||
		(trial->state.lead > 0 && verdict_tail_doubt(&trial->state)));
}

bool monitor_is_seen(const struct monitor *monitor)
{
	const struct scenario scenario = {
		.source = &source_pagemap,
		.op = { &op_mmap },
		.slots = MANY,
		.scanners = SCANNERS,
		.hogs = monitor->trial.scenario.hogs,
	};
	struct knobs knobs = monitor->trial.knobs;
	bool seen = false;
	int i;

	knobs.window_ms = TRIAL_WINDOW_MS;
	knobs.max_pairs = 4 * VERDICT_LEAD;
	knobs.max_ns = 6 * NSEC_PER_SEC;
	for (i = 0; i < CONTROL_TRIES && !seen; i++) {
		memset(&the_trial, 0, sizeof(the_trial));
		seen = !trial_setup(&the_trial, &scenario, &knobs) &&
		       !trial_run(&the_trial) && contention_seen(&the_trial);
		trial_free(&the_trial);
	}
	return seen;
}
