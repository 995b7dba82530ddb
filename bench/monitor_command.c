// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor_command.h"
#include "../lib/cpu.h"
#include "../lib/futex.h"
#include "../lib/task.h"
#include "../lib/util.h"

/* Timeout of processes that are to stop, in ns; generous, for a busy machine. */
#define COMMAND_STOP_NS (5 * NSEC_PER_SEC)

/* Interval between two looks at processes that are to stop or to end, in ns. */
#define COMMAND_POLL_NS (200 * NSEC_PER_USEC)

/*
 * Time in ns after which a process that outlives its command counts as one that
 * was forked away.  A pipeline's last process may outlive its shell for a moment.
 */
#define COMMAND_ORPHAN_NS (500 * NSEC_PER_MSEC)

/* Size of the standard error of a monitor that is kept, bytes; arbitrary. */
#define COMMAND_ERRORS 65536

/* The monitor of this runner; set in the runner only. */
static const struct command *own;

void process_numbers(pid_t pid, const char *name, struct process_number *number,
		     unsigned int n)
{
	char path[64], text[64];
	unsigned int i;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	while (file && fscanf(file, "%63s", text) == 1) {
		for (i = 0; i < n && strcmp(text, number[i].word); i++)
			;
		if (i < n && fscanf(file, "%" SCNu64, &number[i].value) != 1)
			break;
	}
	if (file)
		fclose(file);
}

/* Append the children of a thread to a list. */
static unsigned int children_of_thread(pid_t parent, const char *thread, pid_t *pid,
				       unsigned int n)
{
	char path[320];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)parent, thread);
	file = fopen(path, "re");
	if (!file)
		return n;
	while (n < MONITOR_PROCESSES && fscanf(file, "%d", &child) == 1)
		pid[n++] = child;
	fclose(file);
	return n;
}

/* Open the folder of a process's threads. */
static DIR *open_threads(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return opendir(path);
}

/* Append the children of all threads of a process to a list. */
static unsigned int children_of(pid_t parent, pid_t *pid, unsigned int n)
{
	DIR *threads = open_threads(parent);
	struct dirent *entry;

	if (!threads)
		return n;
	while ((entry = readdir(threads)))
		if (isdigit((unsigned char)entry->d_name[0]))
			n = children_of_thread(parent, entry->d_name, pid, n);
	closedir(threads);
	return n;
}

/* List all descendants of a process. */
static unsigned int descendants(pid_t parent, pid_t pid[MONITOR_PROCESSES])
{
	unsigned int n = children_of(parent, pid, 0), i;

	for (i = 0; i < n; i++)
		n = children_of(pid[i], pid, n);
	return n;
}

/* Kill and reap all descendants of the calling process. */
static void sweep(void)
{
	struct timeout timeout = timeout_start(COMMAND_STOP_NS);
	pid_t pid[MONITOR_PROCESSES];
	unsigned int n, i;

	while ((n = descendants(getpid(), pid)) && !timed_out(&timeout)) {
		for (i = 0; i < n; i++)
			kill(pid[i], SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sleep_ns(COMMAND_POLL_NS);
	}
}

/* Leave the cgroup and remove it; the last process of it succeeds. */
static void leave_cgroup(const char *cgroup)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/../cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		dprintf(fd, "0");
		close(fd);
	}
	rmdir(cgroup);
}

/* End of a runner, also when this program has ended. */
static void runner_end(int signal)
{
	(void)signal;
	sweep();
	if (own->conditions->cgroup)
		leave_cgroup(own->conditions->cgroup);
	_exit(0);
}

/* Replace each {} of an argument by a number; the result is not freed. */
static char *fill_in(const char *argument, pid_t pid)
{
	size_t size = strlen(argument) * 6 + 1, at = 0;
	char *text = malloc(size);

	while (text && *argument) {
		if (argument[0] == '{' && argument[1] == '}') {
			at += (size_t)snprintf(text + at, size - at, "%d", (int)pid);
			argument += 2;
		} else {
			text[at++] = *argument++;
		}
	}
	if (text)
		text[at] = 0;
	return text;
}

/* Give the command a terminal of its own, whose other end nothing reads. */
static void take_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return;
	slave = open(ptsname(master), O_RDWR);
	ioctl(slave, TIOCSCTTY, 0);
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	setenv("TERM", "xterm", 0);
}

/* Become the user that the command is to be run as. */
static int become(const struct conditions *conditions)
{
	if (!conditions->as)
		return 0;
	if (initgroups(conditions->as, conditions->gid) || setgid(conditions->gid) ||
	    setuid(conditions->uid))
		return -errno;
	return 0;
}

/*
 * Give a session of its own the nice value of its only task: with CONFIG_SCHED_AUTOGROUP a
 * nice value counts within a session, and the hogs are in another one.  The kernel takes
 * one value in 100 ms from a task without privilege.
 */
static void nice_session(int nice)
{
	int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC), tries = 5;

	if (fd < 0)
		return;
	while (tries-- && dprintf(fd, "%d", nice) < 0 && errno == EAGAIN)
		sleep_ns(30 * NSEC_PER_MSEC);
	close(fd);
}

/* Turn into the command. */
static void command_exec(const struct command *command)
{
	const struct conditions *conditions = command->conditions;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char **argv;
	int n = 0;

	while (conditions->argv[n])
		n++;
	argv = calloc((size_t)n + 1, sizeof(*argv));
	while (argv && n--)
		argv[n] = fill_in(conditions->argv[n], command->pid);
	setsid();
	if (conditions->nice)
		nice_session(conditions->nice);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(command->errors, STDERR_FILENO);
	if (command->terminal)
		take_terminal();
	errno = ENOMEM;
	if (argv && !become(conditions)) {
		/* A change of the user clears it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], argv);
	}
	atomic_store(&command->shared->exec_errno, (uint32_t)errno);
	_exit(127);
}

static void add_usage(struct command_shared *shared, const struct rusage *usage)
{
	int64_t us = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000LL +
		     usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;

	atomic_fetch_add(&shared->cpu_ns, us * NSEC_PER_USEC);
}

/* Reap the processes that outlive the command. */
static void reap_others(struct command_shared *shared, bool daemon)
{
	int64_t deadline = now_ns() + COMMAND_ORPHAN_NS;
	struct rusage usage;
	pid_t pid[MONITOR_PROCESSES];
	pid_t ended;

	for (;;) {
		bool late = daemon || now_ns() > deadline;

		ended = wait4(-1, NULL, late ? 0 : WNOHANG, &usage);
		if (ended > 0)
			add_usage(shared, &usage);
		else if (ended < 0 && errno == ECHILD)
			return;
		else if (!ended)
			sleep_ns(COMMAND_POLL_NS);
		if (!daemon && now_ns() > deadline && descendants(getpid(), pid))
			atomic_store(&shared->orphan, pid[0]);
	}
}

/* Run the command once. */
static void runner_pass(const struct command *command)
{
	struct command_shared *shared = command->shared;
	int64_t begin = now_ns(), took;
	struct rusage usage;
	int status = 0;
	pid_t pid;

	futex_store(&shared->busy, 1);
	pid = fork();
	if (!pid)
		command_exec(command);
	if (pid > 0 && wait4(pid, &status, 0, &usage) == pid)
		add_usage(shared, &usage);
	reap_others(shared, command->conditions->daemon);
	took = now_ns() - begin;
	atomic_store(&shared->status, status);
	atomic_fetch_add(&shared->wall_ns, took);
	if (took > atomic_load(&shared->longest_ns))
		atomic_store(&shared->longest_ns, took);
	atomic_fetch_add(&shared->passes, 1);
	futex_store(&shared->busy, 0);
}

/* Set up CPU, nice value and cgroup, which the command inherits. */
static int runner_prepare(const struct command *command)
{
	const struct conditions *conditions = command->conditions;
	char path[128];
	int fd, ret;

	own = command;
	signal(SIGTERM, runner_end);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (cpu_pin(conditions->cpu) ||
	    setpriority(PRIO_PROCESS, 0, conditions->nice))
		return -1;
	if (!conditions->cgroup)
		return 0;
	snprintf(path, sizeof(path), "%s/cgroup.procs", conditions->cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ret = fd < 0 || write(fd, "0", 1) != 1 ? -1 : 0;
	close(fd);
	return ret;
}

static int runner_main(void *arg)
{
	const struct command *command = arg;
	struct command_shared *shared = command->shared;
	double per_second = command->conditions->per_second;
	pid_t parent = getppid();

	if (runner_prepare(command))
		return 1;
	while (getppid() == parent) {
		int64_t begin = now_ns(), rest;

		if (!atomic_load(&shared->run)) {
			futex_wait(&shared->run, 0, NSEC_PER_SEC);
			continue;
		}
		runner_pass(command);
		if (!per_second)
			continue;
		rest = begin + (int64_t)(NSEC_PER_SEC / per_second) - now_ns();
		if (rest > 0)
			sleep_ns(rest);
	}
	runner_end(0);
	return 0;
}

int command_start(struct command *command)
{
	command->shared = shared_alloc(sizeof(*command->shared));
	command->errors = (int)syscall(SYS_memfd_create, "monitor", 1U /* MFD_CLOEXEC */);
	if (!command->shared || command->errors < 0)
		return -ENOMEM;
	fcntl(command->errors, F_SETFL, O_APPEND);
	/* A monitor of another user writes to it as well. */
	fchmod(command->errors, 0666);
	return child_start(&command->runner, runner_main, command);
}

void command_free(struct command *command)
{
	if (command->runner.pid) {
		kill(command->runner.pid, SIGTERM);
		child_wait(&command->runner, 2 * COMMAND_STOP_NS);
		child_kill(&command->runner);
	}
	if (command->shared) {
		munmap(command->shared, sizeof(*command->shared));
		close(command->errors);
	}
	memset(command, 0, sizeof(*command));
}

unsigned int command_processes(const struct command *command,
			       pid_t pid[MONITOR_PROCESSES])
{
	return command->runner.pid ? descendants(command->runner.pid, pid) : 0;
}

bool process_is(pid_t pid, const char *states)
{
	DIR *threads = open_threads(pid);
	struct dirent *entry;
	bool is = true;

	if (!threads)
		return true;
	while (is && (entry = readdir(threads)))
		if (isdigit((unsigned char)entry->d_name[0]))
			is = strchr(states, task_state(atoi(entry->d_name)));
	closedir(threads);
	return is;
}

/* Stop all processes, until no further one appears. */
static int stop_all(struct command *command)
{
	int64_t deadline = now_ns() + COMMAND_STOP_NS;
	pid_t pid[MONITOR_PROCESSES];
	unsigned int n, i;
	bool again;

	command->stopped = true;
	do {
		again = false;
		n = command_processes(command, pid);
		for (i = 0; i < n; i++) {
			if (process_is(pid[i], TASK_STATES_STOPPED))
				continue;
			kill(pid[i], SIGSTOP);
			again = true;
		}
		if (again)
			sleep_ns(COMMAND_POLL_NS);
		if (now_ns() > deadline)
			return -ETIMEDOUT;
	} while (again);
	return 0;
}

/* Let a pass come to its end; one that does not is killed. */
static int end_pass(struct command *command)
{
	int64_t deadline = now_ns() + MONITOR_PASS_NS;
	pid_t pid[MONITOR_PROCESSES];
	unsigned int n, i;

	while (atomic_load(&command->shared->busy)) {
		futex_wait(&command->shared->busy, 1, 10 * NSEC_PER_MSEC);
		if (now_ns() < deadline)
			continue;
		n = command_processes(command, pid);
		for (i = 0; i < n; i++)
			kill(pid[i], SIGKILL);
		if (now_ns() > deadline + COMMAND_STOP_NS)
			return -ETIMEDOUT;
	}
	return 0;
}

int command_pause(struct command *command)
{
	if (!command->runner.pid)
		return 0;
	/* What it said at its start has been read. */
	if (lseek(command->errors, 0, SEEK_END) > COMMAND_ERRORS &&
	    ftruncate(command->errors, 0))
		return -errno;
	/* One that ends unexpectedly is not started again before the next window. */
	futex_store(&command->shared->run, 0);
	return command->ends ? end_pass(command) : stop_all(command);
}

static int write_pidfile(const struct command *command)
{
	int fd = open(command->conditions->pidfile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0644);
	int ret;

	if (fd < 0)
		return -errno;
	ret = dprintf(fd, "%d\n", (int)command->pid) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int command_run(struct command *command)
{
	pid_t pid[MONITOR_PROCESSES];
	unsigned int n, i;
	int ret = 0;

	if (!command->runner.pid)
		return 0;
	if (command->conditions->pidfile)
		ret = write_pidfile(command);
	futex_store(&command->shared->run, 1);
	if (command->stopped) {
		n = command_processes(command, pid);
		for (i = 0; i < n; i++)
			kill(pid[i], SIGCONT);
	}
	command->stopped = false;
	return ret;
}

/* Return the CPU time of a living process, ns. */
static int64_t process_cpu_ns(pid_t pid)
{
	unsigned long long user = 0, system = 0;
	char path[64], line[512];
	const char *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	rest = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	/* State and ten numbers lie between the name and the times. */
	if (!rest || sscanf(rest, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu",
			    &user, &system) != 2)
		return 0;
	return (int64_t)(user + system) * NSEC_PER_SEC / sysconf(_SC_CLK_TCK);
}

struct command_cost command_cost(const struct command *command)
{
	struct command_cost cost = { 0 };
	pid_t pid[MONITOR_PROCESSES];
	unsigned int n, i;

	if (!command->runner.pid)
		return cost;
	cost.cpu_ns = atomic_load(&command->shared->cpu_ns);
	/* The kernel adds what a child has read when it is reaped. */
	n = command_processes(command, pid);
	if (n == MONITOR_PROCESSES)
		n--;
	for (i = 0; i < n; i++)
		cost.cpu_ns += process_cpu_ns(pid[i]);
	pid[n++] = command->runner.pid;
	for (i = 0; i < n; i++) {
		struct process_number io[] = { { "rchar:" }, { "syscr:" } };

		process_numbers(pid[i], "io", io, ARRAY_SIZE(io));
		cost.read_bytes += io[0].value;
		cost.read_calls += io[1].value;
	}
	return cost;
}

int command_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void command_error(const struct command *command, char *line, size_t size)
{
	char text[COMMAND_ERRORS + 1];
	ssize_t n = pread(command->errors, text, COMMAND_ERRORS, 0);
	char *end, *begin, *c;

	line[0] = 0;
	if (n <= 0)
		return;
	text[n] = 0;
	for (end = text + n; end > text && isspace((unsigned char)end[-1]);)
		*--end = 0;
	begin = strrchr(text, '\n');
	begin = begin ? begin + 1 : text;
	for (c = begin; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = ' ';
	snprintf(line, size, "%s", begin);
}
