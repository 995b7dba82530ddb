/* SPDX-License-Identifier: GPL-2.0 */
/*
 * child.h - child processes that neither outlive nor block their parent
 *
 * A child dies with the thread that started it (PR_SET_PDEATHSIG).  The test
 * harness, and timeout(1) with --foreground, kill the test program only.  A scanner
 * or a hog that was left behind would disturb every test that follows.
 *
 * A child must not use the harness's ASSERT_*(), which run the fixture's teardown
 * in the calling process.  It reports by its exit code and in shared memory.
 */
#ifndef PROC_LIB_CHILD_H
#define PROC_LIB_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct process_handle - a process that need not be a child of the caller
 * @pid:	its PID, which the kernel may give to another process after its end
 * @fd:		its pidfd; -1 before Linux 5.3, and for a thread
 */
struct process_handle {
	pid_t pid;
	int fd;
};

/**
 * struct child - a child process
 * @pid:	its PID; 0 if it was never started, or has been reaped
 * @status:	its wait status; valid after it has been reaped
 */
struct child {
	pid_t pid;
	int status;
};

/*
 * Nanoseconds for which child_kill() waits for the effect of SIGKILL: 5 s.  Arbitrary;
 * a busy machine delays it by less.  The unit test makes it shorter.
 */
extern int64_t child_kill_ns;

/**
 * process_open() - open a handle of a running process
 * @pid:	its PID
 *
 * Return: the handle, to be passed to process_close().
 */
struct process_handle process_open(pid_t pid);

/** process_close() - close a handle. */
void process_close(struct process_handle *handle);

/**
 * process_signal() - send a signal to the process that was opened
 * @handle:	the process
 * @sig:	the signal; 0 checks for existence only, as for kill()
 *
 * Without a pidfd, the signal goes to the current owner of the PID.
 *
 * Return: true if it was sent.
 */
bool process_signal(const struct process_handle *handle, int sig);

/**
 * process_gone() - check whether a process has ended
 * @handle:	the process
 *
 * Return: true if it has ended, whether it has been reaped or not.
 */
bool process_gone(const struct process_handle *handle);

/**
 * shared_alloc() - allocate zeroed memory that is shared with later children
 * @size:	bytes
 *
 * Return: the memory, to be freed with munmap(), or NULL.
 */
void *shared_alloc(size_t size);

/**
 * die_with_parent() - have the kernel kill this process when its parent ends
 * @parent:	PID of the parent, taken before the fork
 *
 * Exits if the parent has ended already.
 */
void die_with_parent(pid_t parent);

/**
 * bind_to_parent() - have the kernel kill this process when its parent ends
 *
 * Unlike die_with_parent(), misses a parent that has ended already.
 */
void bind_to_parent(void);

/**
 * bind_forks_to_parent() - have every later child die with its parent
 *
 * Covers the processes that the harness forks: each test runs in a grandchild, and
 * a runner whose timeout expires kills the program only.  To be called once, before
 * the harness starts.
 */
void bind_forks_to_parent(void);

/**
 * stdio_to_null() - redirect standard output and error to /dev/null
 *
 * For a child that may block in the kernel even after SIGKILL.  The runner reads a
 * pipe until its last writer has closed it, so such a child must not hold it open.
 */
void stdio_to_null(void);

/**
 * child_start() - run a function in a child process
 * @child:	filled in
 * @fn:		the function; its return value becomes the exit code
 * @arg:	its argument
 *
 * Return: 0 or -errno.
 */
int child_start(struct child *child, int (*fn)(void *arg), void *arg);

/**
 * child_alive() - check whether a child runs, and reap it if it has ended
 * @child:	the child
 *
 * Return: true if it runs.
 */
bool child_alive(struct child *child);

/**
 * child_wait() - wait until a child has ended
 * @child:	the child
 * @timeout_ns:	timeout in nanoseconds, counted as by struct timeout
 *
 * Return: its exit code, 128 + N if signal N ended it, or -ETIMEDOUT.
 */
int child_wait(struct child *child, int64_t timeout_ns);

/**
 * child_kill() - kill a child and reap it
 * @child:	the child, in any state
 *
 * Waits at most child_kill_ns for the effect of SIGKILL.  A child that lives longer
 * either gets no CPU, or is in an uninterruptible sleep; task_state() tells which.
 *
 * Return: 0, or -ETIMEDOUT if it has not ended.
 */
int child_kill(struct child *child);

/**
 * pause_forever() - sleep until a signal ends the process
 * @arg:	not used
 *
 * Has the signature that child_start() expects.
 */
int pause_forever(void *arg);

#endif /* PROC_LIB_CHILD_H */
