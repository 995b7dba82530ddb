/* SPDX-License-Identifier: GPL-2.0 */
/*
 * child.h - child processes that neither outlive nor block their parent
 *
 * A child dies with the thread that started it (PR_SET_PDEATHSIG).  timeout(1)
 * with --foreground and the test harness kill the test program only; a scanner
 * or a hog left behind would disturb each test that follows.
 *
 * A child must not use the harness's ASSERT_*(): they would run the fixture's
 * teardown in the wrong process.  It reports by its exit code and in shared
 * memory.
 */
#ifndef PROC_LIB_CHILD_H
#define PROC_LIB_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct process_handle - a process that is none of our children, whose number may become
 * another one's
 * @pid:	its number
 * @fd:		a descriptor of it; -1 before 5.3, and of a thread
 */
struct process_handle {
	pid_t pid;
	int fd;
};

/**
 * struct child - a child process
 * @pid:	its PID; 0 when there is none (never started, or reaped)
 * @status:	its wait status once it was reaped
 */
struct child {
	pid_t pid;
	int status;
};

/** process_open() - get hold of a process that is there now */
struct process_handle process_open(pid_t pid);

void process_close(struct process_handle *handle);

/** process_signal() - as kill(), of the process that it was */
bool process_signal(const struct process_handle *handle, int sig);

/** process_gone() - it has ended; its parent may not have been told so */
bool process_gone(const struct process_handle *handle);

/**
 * shared_alloc() - zeroed memory that a process shares with its children
 * @size: bytes
 *
 * Return: the memory, to be freed with munmap(), or NULL.
 */
void *shared_alloc(size_t size);

/**
 * die_with_parent() - have this process killed when its parent goes
 * @parent:	who the parent is believed to be
 *
 * Exits at once where the parent is gone already.
 */
void die_with_parent(pid_t parent);

void bind_to_parent(void);

/**
 * stdio_to_null() - let go of standard output and error
 *
 * For a child that the kernel may hold for good, even when it is killed: whoever
 * reads what the program prints would wait for the end of it as long.
 */
void stdio_to_null(void);

/**
 * bind_forks_to_parent() - have every child from now on die with its parent
 *
 * For the processes that are not ours to start: the harness runs each test in
 * a grandchild, and a runner that has had enough kills the program alone.  To
 * be called once, early, as by a constructor.
 */
void bind_forks_to_parent(void);

/**
 * child_start() - run a function in a child process
 * @child:	filled in
 * @fn:		the function; its return value becomes the exit code
 * @arg:	its argument
 *
 * Return: 0 or -errno.
 */
int child_start(struct child *child, int (*fn)(void *arg), void *arg);

/** child_alive() - whether @child runs; reaps it where it has died. */
bool child_alive(struct child *child);

/**
 * child_wait() - wait until a child has ended
 * @child:	the child
 * @timeout_ns: as for struct timeout
 *
 * Return: its exit code, 128 + N when signal N ended it, or -ETIMEDOUT.
 */
int child_wait(struct child *child, int64_t timeout_ns);

/**
 * child_kill() - end a child, whatever state it is in
 * @child:	the child
 *
 * Five seconds for SIGKILL to take effect.  Longer means that it gets no CPU, or
 * that the kernel holds it in an uninterruptible sleep; the caller must see which.
 *
 * Return: 0, or -ETIMEDOUT when it would not die.
 */
int child_kill(struct child *child);

/* Until it is killed. */
int pause_forever(void *arg);

#endif /* PROC_LIB_CHILD_H */
