/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_targets.h - test what the files of special processes say
 *
 * The table "targets" has, for each kind of process, what each file may say: text, the end
 * of the file, or ESRCH; once for file descriptors that were opened before the process came
 * into its state, and once for those that are opened afterwards.
 *
 * PLANT=content expects the opposite.
 */
#ifndef PROC_TEST_TARGETS_H
#define PROC_TEST_TARGETS_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/child.h"
#include "../lib/clock.h"
#include "../lib/env.h"
#include "../lib/futex.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "../lib/task.h"
#include "../lib/util.h"
#include "../model/layout.h"
#include "../model/parse.h"
#include "exhibit.h"
#include "harness.h"
#include "modifier.h"
#include "reader.h"

/* What a file may say. */
enum says {
	SAYS_TEXT = 1 << 0,		/* mappings */
	SAYS_END = 1 << 1,		/* end of the file */
	SAYS_GONE = 1 << 2,		/* ESRCH, by open() or by read() */
	SAYS_NOTHING = 1 << 3,		/* ENOENT of a query: no mapping */
	SAYS_MISSING = 1 << 4,		/* there is no such file, or no permission */
	SAYS_OTHER = 1 << 5,		/* any other error */
};

/* Files that are read; the last one is maps, which is queried. */
static const char *const target_files[] = {
	"maps", "smaps", "numa_maps", "smaps_rollup", "maps",
};

#define TARGET_FILES ARRAY_SIZE(target_files)
#define TARGET_QUERY (TARGET_FILES - 1)

/* Why a process cannot come into its state. */
enum target_error {
	TARGET_NO_TRACE = 1,
	TARGET_SEALED,
};

/**
 * struct target_state - a process of the test; in shared memory
 * @go:		1: go into the special state
 * @inner:	thread or child process of the process, once it runs
 * @end:	address behind the last mapping
 * @error:	the state is not possible here, an enum target_error
 */
struct target_state {
	_Atomic uint32_t go;
	_Atomic uint32_t inner;
	uint64_t end;
	_Atomic uint32_t error;
};

/**
 * struct target - a kind of process
 * @main:	function that the process runs; NULL for a kernel thread
 * @enter:	function of the test that completes the state; returns whether it has
 * @before:	mask of what a file may say that was opened before the state
 * @after:	mask of what a file may say that is opened in the state
 * @rollup:	the same of smaps_rollup
 * @query:	mask of what a query may say, on both descriptors
 * @inner:	mask of what maps of the inner thread or process may say, 0 for none
 */
struct target {
	int (*main)(void *arg);
	bool (*enter)(struct target_state *state, pid_t pid);
	unsigned int before, after, rollup, query, inner;
};

/* Make one query of a file descriptor; return what it says. */
static unsigned int query_says(int fd)
{
	struct procmap_query query;
	static char name[EXHIBIT_NAME];
	int err = query_all(fd, 0, PROCMAP_QUERY_COVERING_OR_NEXT_VMA, EXHIBIT_NAME, name,
			    &query);

	return !err ? SAYS_TEXT : err == -ESRCH ? SAYS_GONE : err == -ENOENT ?
	       SAYS_NOTHING : err == -ENOTTY ? SAYS_MISSING : SAYS_OTHER;
}

/* Read a file descriptor, or take the error of open(); return what it says. */
static unsigned int file_says(int fd, bool query)
{
	static char text[READER_BUFFER];
	ssize_t got = fd < 0 ? fd : 0;

	if (fd >= 0 && query)
		return query_says(fd);
	if (fd >= 0) {
		got = pread(fd, text, sizeof(text), 0);
		if (got < 0)
			got = -errno;
	}
	return got > 0 ? SAYS_TEXT : !got ? SAYS_END : got == -ESRCH ? SAYS_GONE :
	       got == -ENOENT || got == -EACCES || got == -EPERM ? SAYS_MISSING : SAYS_OTHER;
}

/* Open a file of a process or thread; return a file descriptor or -errno. */
static int open_target(pid_t pid, pid_t tid, const char *file)
{
	char path[64];
	int fd;

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, file);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Wait until a process has a state of /proc/PID/stat; return whether it has. */
static bool await_state(pid_t pid, char state)
{
	struct timeout timeout = timeout_start(MODIFIER_TIMEOUT_NS);

	while (task_state(pid) != state) {
		if (timed_out(&timeout))
			return false;
		sleep_ns(NSEC_PER_MSEC);
	}
	return true;
}

/* Wait for the request to go into the special state. */
static void await_go(struct target_state *state)
{
	stdio_to_null();
	while (!state->go)
		futex_wait(&state->go, 0, NSEC_PER_SEC);
}

static int quiet_main(void *arg)
{
	await_go(arg);
	return pause_forever(NULL);
}

static int zombie_main(void *arg)
{
	await_go(arg);
	return 0;
}

static bool enter_zombie(struct target_state *state, pid_t pid)
{
	return await_state(pid, 'Z');
}

static void *inner_thread(void *arg)
{
	struct target_state *state = arg;

	futex_store(&state->inner, syscall(SYS_gettid));
	pause_forever(NULL);
	return NULL;
}

/* The first thread of the process exits, another one, which runs by then, goes on. */
static int leader_main(void *arg)
{
	struct target_state *state = arg;
	pthread_t thread;

	if (pthread_create(&thread, NULL, inner_thread, arg))
		return 1;
	await_go(arg);
	while (!state->inner)
		futex_wait(&state->inner, 0, NSEC_PER_SEC);
	syscall(SYS_exit, 0);
	return 0;
}

static bool enter_stopped(struct target_state *state, pid_t pid)
{
	return !kill(pid, SIGSTOP) && await_state(pid, 'T');
}

static bool enter_traced(struct target_state *state, pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL)) {
		state->error = TARGET_NO_TRACE;
		return true;
	}
	return await_state(pid, 't');
}

/* Unmap the whole address space; there is no code to return to. */
static int unmapped_main(void *arg)
{
	struct target_state *state = arg;

	await_go(state);
	while (!state->inner)
		futex_wait(&state->inner, 0, NSEC_PER_SEC);
	if (syscall(SYS_munmap, 0UL, (unsigned long)state->end))
		state->error = TARGET_SEALED;
	return pause_forever(NULL);
}

/* Return whether the process has no mapping, but for the gate VMA. */
static bool has_no_mapping(pid_t pid)
{
	int fd = open_target(pid, 0, "maps");
	char text[256];
	ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (fd >= 0)
		close(fd);
	if (got > 0)
		text[got] = '\0';
	return !got || (got > 0 && (strstr(text, "[vsyscall]") || strstr(text, "[vectors]")) &&
			strchr(text, '\n') == text + got - 1);
}

/* Step the process from system call to system call until it has no mapping. */
static bool enter_unmapped(struct target_state *state, pid_t pid)
{
	unsigned int i;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL)) {
		state->error = TARGET_NO_TRACE;
		return true;
	}
	futex_store(&state->inner, pid);
	for (i = 0; i < 100 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status); i++) {
		if (has_no_mapping(pid) || state->error)
			return true;
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL))
			break;
	}
	return false;
}

static int vfork_child(void *arg)
{
	struct target_state *state = arg;

	bind_to_parent();
	state->inner = getpid();
	return pause_forever(NULL);
}

/* A child process shares the address space, while its parent waits for it. */
static int vfork_main(void *arg)
{
	static _Alignas(16) char stack[16384];

	await_go(arg);
	clone(vfork_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, arg);
	return 0;
}

static bool enter_vfork(struct target_state *state, pid_t pid)
{
	struct timeout timeout = timeout_start(MODIFIER_TIMEOUT_NS);

	while (!state->inner && !timed_out(&timeout))
		sleep_ns(NSEC_PER_MSEC);
	return state->inner;
}

static void *exec_thread(void *arg)
{
	char *const argv[] = { program_invocation_short_name, "targets", NULL };
	char *const words[] = { "PROC_MAPS_LEFT=1", NULL };

	await_go(arg);
	execve("/proc/self/exe", argv, words);
	_exit(EXIT_FAILURE);
}

/* A thread that is not the first one execs; it becomes the first one. */
static int exec_main(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_thread, arg))
		return 1;
	return pause_forever(NULL);
}

static bool enter_exec(struct target_state *state, pid_t pid)
{
	struct timeout timeout = timeout_start(MODIFIER_TIMEOUT_NS);

	while (!timed_out(&timeout)) {
		int fd = open_target(pid, 0, "cmdline");
		char text[256] = "";

		if (fd >= 0 && read(fd, text, sizeof(text) - sizeof("targets")) > 0 &&
		    !strncmp(text + strlen(text) + 1, "targets", sizeof("targets"))) {
			close(fd);
			return true;
		}
		close(fd);
		sleep_ns(NSEC_PER_MSEC);
	}
	return false;
}

/**
 * struct targets_test - a test of one kind of process
 * @child:	process
 * @state:	memory that is shared with it
 * @before:	descriptors of files that were opened before the state; -errno for none
 */
struct targets_test {
	struct child child;
	struct target_state *state;
	int before[TARGET_FILES];
};

FIXTURE(targets) {
	struct targets_test test;
};

FIXTURE_VARIANT(targets) {
	struct target target;
};

FIXTURE_SETUP(targets)
{
	unsigned int i;

	for (i = 0; i < TARGET_FILES; i++)
		self->test.before[i] = -ENOENT;
	self->test.state = shared_alloc(sizeof(*self->test.state));
	ASSERT_TRUE(!!self->test.state);
}

FIXTURE_TEARDOWN(targets)
{
	struct context none = { .reader = { .fd = -1 } };
	unsigned int i;

	child_kill(&self->test.child);
	for (i = 0; i < TARGET_FILES; i++)
		if (self->test.before[i] >= 0)
			close(self->test.before[i]);
	munmap(self->test.state, sizeof(*self->test.state));
	context_close(_metadata, &none);
}

/* All threads of the kernel are children of process 2. */
FIXTURE_VARIANT_ADD(targets, kernel_thread) { .target = {
	.after = SAYS_END | SAYS_GONE, .rollup = SAYS_GONE, .query = SAYS_GONE,
} };

FIXTURE_VARIANT_ADD(targets, zombie) { .target = {
	.main = zombie_main, .enter = enter_zombie, .before = SAYS_END | SAYS_GONE,
	.after = SAYS_END | SAYS_GONE, .rollup = SAYS_GONE, .query = SAYS_GONE,
} };

FIXTURE_VARIANT_ADD(targets, zombie_leader) { .target = {
	.main = leader_main, .enter = enter_zombie, .before = SAYS_TEXT,
	.after = SAYS_END | SAYS_GONE, .rollup = SAYS_TEXT | SAYS_GONE,
	.query = SAYS_TEXT | SAYS_GONE, .inner = SAYS_TEXT,
} };

FIXTURE_VARIANT_ADD(targets, unmapped) { .target = {
	.main = unmapped_main, .enter = enter_unmapped, .before = SAYS_TEXT | SAYS_END,
	.after = SAYS_TEXT | SAYS_END, .rollup = SAYS_TEXT, .query = SAYS_NOTHING,
} };

FIXTURE_VARIANT_ADD(targets, vfork) { .target = {
	.main = vfork_main, .enter = enter_vfork, .before = SAYS_TEXT, .after = SAYS_TEXT,
	.rollup = SAYS_TEXT, .query = SAYS_TEXT, .inner = SAYS_TEXT,
} };

FIXTURE_VARIANT_ADD(targets, stopped) { .target = {
	.main = quiet_main, .enter = enter_stopped, .before = SAYS_TEXT, .after = SAYS_TEXT,
	.rollup = SAYS_TEXT, .query = SAYS_TEXT,
} };

FIXTURE_VARIANT_ADD(targets, traced) { .target = {
	.main = quiet_main, .enter = enter_traced, .before = SAYS_TEXT, .after = SAYS_TEXT,
	.rollup = SAYS_TEXT, .query = SAYS_TEXT,
} };

FIXTURE_VARIANT_ADD(targets, exec_by_thread) { .target = {
	.main = exec_main, .enter = enter_exec, .before = SAYS_END | SAYS_GONE,
	.after = SAYS_TEXT, .rollup = SAYS_TEXT | SAYS_GONE, .query = SAYS_TEXT | SAYS_GONE,
} };

/* Check what a file says; return whether it is in @may, or there is no such file. */
static bool target_may_say(const char *file, const char *when, unsigned int says,
			   unsigned int may)
{
	static const char *const words[] = {
		"text", "end of file", "ESRCH", "ENOENT", "missing", "another error",
	};
	char list[80] = "";
	unsigned int i, n = 0;

	if (fault_from_env() == 'c')
		may = ~may;
	if (says & (may | SAYS_MISSING))
		return true;
	for (i = 0; i < ARRAY_SIZE(words) && n < sizeof(list); i++)
		if (may & 1U << i)
			n += snprintf(list + n, sizeof(list) - n, " %s", words[i]);
	diag("RULE BROKEN: file says what it must not");
	diag("  file        %s, opened %s", file, when);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (says == 1U << i)
			diag("  says        %s, may say%s", words[i], list);
	return false;
}

/* Return what file @i may say, by when it was opened. */
static unsigned int target_may(const struct target *target, unsigned int i, bool before)
{
	unsigned int may = before ? target->before : target->after;

	if (i == TARGET_QUERY)
		return target->query;
	return !strcmp(target_files[i], "smaps_rollup") ? target->rollup : may;
}

/* PF_KTHREAD, of the flags in /proc/PID/stat (include/linux/sched.h). */
#define TARGET_KTHREAD 0x00200000

/* kthreadd, the first thread of the kernel; elsewhere than in a container it has this PID. */
#define TARGET_KTHREADD 2

/* Return whether a PID is that of a thread of the kernel. */
static bool is_kernel_thread(pid_t pid)
{
	unsigned int flags = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		flags = 0;
	fclose(file);
	return flags & TARGET_KTHREAD;
}

/* Start the process and bring it into its state; return its PID, 0 for a skip. */
static pid_t target_start(struct __test_metadata *_metadata, struct targets_test *self,
			  const struct target *target)
{
	unsigned int i;
	struct reader maps = { .kind = &file_maps, .buffer = READER_BUFFER };
	struct cursor cursor = { 0 };
	struct reading reading;
	struct span span;

	if (!target->main && !is_kernel_thread(TARGET_KTHREADD))
		SKIP(return 0, "no thread of the kernel to be seen");
	if (!target->main)
		return TARGET_KTHREADD;
	ASSERT_TRUE(reading_alloc(&reading, READER_BUFFER, 64));
	ASSERT_EQ(0, child_start(&self->child, target->main, self->state));
	ASSERT_EQ(0, reader_open(&maps, "self"));
	ASSERT_EQ(0, reading_take(&maps, &reading));
	while (reading_next(maps.kind, &reading, &cursor, &span) == PARSE_SPAN)
		if (!span_is_gate_vma(&span))
			self->state->end = span.end;
	reader_close(&maps);
	reading_free(&reading);
	for (i = 0; i < TARGET_FILES; i++)
		self->before[i] = open_target(self->child.pid, 0, target_files[i]);
	futex_store(&self->state->go, 1);
	ASSERT_TRUE(target->enter(self->state, self->child.pid));
	if (self->state->error == TARGET_NO_TRACE)
		SKIP(return 0, "no permission to trace");
	if (self->state->error)
		SKIP(return 0, "system mappings cannot be unmapped");
	return self->child.pid;
}

/* Each file says what the table has. */
TEST_F(targets, files)
{
	const struct target *target = &variant->target;
	unsigned int i, says, said = 0;
	pid_t pid;
	int fd;

	if (!test_begin(_metadata))
		return;
	pid = target_start(_metadata, &self->test, target);
	if (!pid)
		return;
	for (i = 0; i < TARGET_FILES; i++) {
		if (target->main)
			ASSERT_TRUE(target_may_say(target_files[i], "before",
						   file_says(self->test.before[i],
							     i == TARGET_QUERY),
						   target_may(target, i, true)));
		fd = open_target(pid, 0, target_files[i]);
		says = file_says(fd, i == TARGET_QUERY);
		ASSERT_TRUE(target_may_say(target_files[i], "afterwards", says,
					   target_may(target, i, false)));
		said |= says;
		if (fd >= 0)
			close(fd);
	}
	if (said == SAYS_MISSING)
		SKIP(return, "no permission to read its files");
	if (!target->inner)
		return;
	fd = open_target(variant->target.main == vfork_main ? (pid_t)self->test.state->inner : pid,
			 self->test.state->inner, "maps");
	ASSERT_TRUE(target_may_say("maps", "by the other thread or process",
				   file_says(fd, false), target->inner));
	close(fd);
}

#endif /* PROC_TEST_TARGETS_H */
