// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "task.h"

/* Not in older libcs.  The numbers are the same on all architectures. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

int64_t child_kill_ns = 5 * NSEC_PER_SEC;

struct process_handle process_open(pid_t pid)
{
	struct process_handle handle = { .pid = pid };

	handle.fd = syscall(SYS_pidfd_open, pid, 0);
	return handle;
}

void process_close(struct process_handle *handle)
{
	if (handle->fd >= 0)
		close(handle->fd);
	handle->fd = -1;
}

bool process_signal(const struct process_handle *handle, int sig)
{
	if (handle->fd < 0)
		return !kill(handle->pid, sig);
	return !syscall(SYS_pidfd_send_signal, handle->fd, sig, NULL, 0);
}

bool process_gone(const struct process_handle *handle)
{
	struct pollfd end = { .fd = handle->fd, .events = POLLIN };

	if (handle->fd >= 0)
		return poll(&end, 1, 0) == 1;
	return task_is_gone(handle->pid);
}

void *shared_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void die_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

void bind_to_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void stdio_to_null(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

void bind_forks_to_parent(void)
{
	pthread_atfork(NULL, NULL, bind_to_parent);
}

int child_start(struct child *child, int (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		die_with_parent(parent);
		_exit(fn(arg));
	}
	child->pid = pid;
	child->status = 0;
	return 0;
}

bool child_alive(struct child *child)
{
	if (child->pid && waitpid(child->pid, &child->status, WNOHANG) != 0)
		child->pid = 0;
	return child->pid;
}

int child_wait(struct child *child, int64_t timeout_ns)
{
	struct timeout timeout = timeout_start(timeout_ns);

	while (child_alive(child)) {
		if (timed_out(&timeout))
			return -ETIMEDOUT;
		sleep_ns(200 * NSEC_PER_USEC);
	}
	return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) :
					   WEXITSTATUS(child->status);
}

int child_kill(struct child *child)
{
	if (!child->pid)
		return 0;
	kill(child->pid, SIGKILL);
	return child_wait(child, child_kill_ns) == -ETIMEDOUT ? -ETIMEDOUT : 0;
}

int pause_forever(void *arg)
{
	for (;;)
		pause();
	return arg ? 1 : 0;
}
