/* SPDX-License-Identifier: GPL-2.0 */
/*
 * monitor_command.h - run a monitor, as it is installed, for one process
 *
 * A monitor has a runner: a child of this program, which starts the command, waits
 * for its end and starts it again.
 *
 *     this program ── runner ── command ── its children
 *
 * The runner is a subreaper.  Each process of the monitor is therefore a descendant
 * of the runner, whatever sessions and groups it makes.  The command has a session
 * of its own and no terminal; it reads and writes /dev/null.
 *
 * One run of the command from its start to the end of its last process is a pass.
 * A command that ends by itself is paused at the end of a pass, so that it never
 * stops with a lock, or with the target stopped by ptrace().  A command that does
 * not end is stopped by SIGSTOP, which takes effect outside the kernel only, where
 * no lock of the kernel is held.
 *
 * If this program is killed, the runner ends all processes of the monitor.
 */
#ifndef PROC_BENCH_MONITOR_COMMAND_H
#define PROC_BENCH_MONITOR_COMMAND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/child.h"
#include "../lib/clock.h"

/* Maximum number of processes of a monitor that are looked at; arbitrary. */
#define MONITOR_PROCESSES 512

/*
 * Timeout of a pass that is to end, in ns.  The slowest program of doc/monitors.rst
 * takes a tenth of it.
 */
#define MONITOR_PASS_NS (20 * NSEC_PER_SEC)

/**
 * struct conditions - how the command is run; the same for all commands
 * @argv:	command and arguments, {} in them is the PID of the process to be read
 * @as:		user, or NULL for the one that runs this program
 * @uid:	ID of @as
 * @gid:	group ID of @as
 * @nice:	nice value
 * @cpu:	CPU
 * @per_second: maximum number of passes per second, 0 for no limit
 * @pidfile:	file that gets the PID of the process to be read, or NULL
 * @cgroup:	directory of the cgroup that limits the CPU time, or NULL
 * @daemon:	the command may end before its processes
 */
struct conditions {
	char **argv;
	const char *as;
	uid_t uid;
	gid_t gid;
	int nice;
	int cpu;
	double per_second;
	const char *pidfile;
	const char *cgroup;
	bool daemon;
};

/**
 * struct command_shared - state of a runner, in shared memory
 * @run:	passes are to be started
 * @busy:	a pass is in progress
 * @passes:	number of passes that have ended
 * @exec_errno:	errno of a command that could not be executed
 * @status:	wait status of the command's last pass
 * @orphan:	PID of a process that outlived its command, 0 if there is none
 * @wall_ns:	duration of all passes, ns
 * @longest_ns:	duration of the longest pass, ns
 * @cpu_ns:	CPU time of all passes, ns
 */
struct command_shared {
	_Atomic uint32_t run;
	_Atomic uint32_t busy;
	_Atomic uint32_t passes;
	_Atomic uint32_t exec_errno;
	_Atomic int status;
	_Atomic int orphan;
	_Atomic int64_t wall_ns;
	_Atomic int64_t longest_ns;
	_Atomic int64_t cpu_ns;
};

/**
 * struct command - a monitor of one process
 * @conditions:	how it is run
 * @pid:	the process that it reads
 * @ends:	the command ends by itself, and is paused between two passes
 * @terminal:	the command gets a terminal
 * @stopped:	its processes were stopped by SIGSTOP
 * @errors:	file of what it says on its standard error
 * @shared:	state of the runner
 * @runner:	the runner
 */
struct command {
	const struct conditions *conditions;
	pid_t pid;
	bool ends;
	bool terminal;
	bool stopped;
	int errors;
	struct command_shared *shared;
	struct child runner;
};

/**
 * struct command_cost - what a monitor has used up, by the kernel's accounts
 * @cpu_ns:	CPU time, ns
 * @read_bytes:	bytes that its read() calls returned
 * @read_calls:	number of its read() calls
 */
struct command_cost {
	int64_t cpu_ns;
	uint64_t read_bytes;
	uint64_t read_calls;
};

/* States of threads that have stopped or ended, and of all that want no CPU. */
#define TASK_STATES_STOPPED "TtZX?"
#define TASK_STATES_NOT_READY TASK_STATES_STOPPED "SDIP"

/**
 * struct process_number - a number in a file of a process
 * @word:	word before the number
 * @value:	the number; 0 if there is none
 */
struct process_number {
	const char *word;
	uint64_t value;
};

/**
 * process_numbers() - read numbers from a file of a process, which is read once
 * @pid:	the process
 * @name:	name of the file below /proc/PID
 * @number:	@word set, @value filled in
 * @n:		their number
 */
void process_numbers(pid_t pid, const char *name, struct process_number *number,
		     unsigned int n);

/**
 * process_is() - check whether all threads of a process have one of some states
 * @pid:	the process
 * @states:	letters as by task_state()
 *
 * Return: whether they have; true for a process that does not exist.
 */
bool process_is(pid_t pid, const char *states);

/**
 * command_start() - start the runner; no pass begins yet
 * @command:	@conditions, @pid and @terminal set, the rest zeroed
 *
 * Return: 0 or -errno; command_free() is due in either case.
 */
int command_start(struct command *command);

/** command_free() - end all processes of a monitor, in any state */
void command_free(struct command *command);

/**
 * command_run() - let a monitor run
 * @command:	the monitor
 *
 * Return: 0, or -errno when the pidfile could not be written.
 */
int command_run(struct command *command);

/**
 * command_pause() - pause a monitor: outside the kernel, or between two passes
 * @command:	the monitor
 *
 * Return: 0, or -ETIMEDOUT when a process of it does not stop.
 */
int command_pause(struct command *command);

/**
 * command_processes() - list the processes of a monitor
 * @command:	the monitor
 * @pid:	filled in
 *
 * Return: their number.
 */
unsigned int command_processes(const struct command *command,
			       pid_t pid[MONITOR_PROCESSES]);

/** command_cost() - sum up what the processes of a monitor have used up so far */
struct command_cost command_cost(const struct command *command);

/** command_status() - convert a wait status into that of a shell: 0 to 255 */
int command_status(int status);

/**
 * command_error() - get the last line that a monitor wrote to its standard error
 * @command:	the monitor
 * @line:	filled in
 * @size:	size of @line, bytes
 */
void command_error(const struct command *command, char *line, size_t size);

#endif /* PROC_BENCH_MONITOR_COMMAND_H */
