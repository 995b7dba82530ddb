// SPDX-License-Identifier: GPL-2.0
/*
 * disturber.c - operations of others that take the locks that reader and modifier take
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disturber.h"
#include "../lib/clock.h"
#include "../lib/cpu.h"
#include "../lib/futex.h"
#include "exhibit.h"
#include "stage.h"

/* Not in older C libraries and headers.  The numbers are the same on all architectures. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

#ifndef MADV_COLD
#define MADV_COLD 20
#endif

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* Of UFFDIO_MOVE (Linux 6.8), as in the kernel's ABI. */
#define DISTURBER_FEATURE_MOVE 0x10000

struct disturber_move {
	__u64 dst, src, len, mode;
	__s64 move;
};

#define DISTURBER_MOVE _IOWR(UFFDIO, 0x05, struct disturber_move)

/* Return the number of pages of the stage, which are as many as characters of a picture. */
static unsigned int stage_pages(const struct disturbance *disturbance)
{
	return strlen(disturbance->race->change->draw[0]);
}

/* Nanoseconds between two looks at whether the modifier races.  Arbitrary. */
#define DISTURBER_WAIT_NS (200 * NSEC_PER_USEC)

/* Work until an operation fails. */
static void disturber_loop(struct disturbance *disturbance)
{
	const struct disturber *disturber = disturbance->disturber;

	while (!disturbance->error) {
		if (disturbance->race->limit != RACE_FREE) {
			sleep_ns(DISTURBER_WAIT_NS);
			continue;
		}
		disturbance->error = disturber->once(disturbance);
		if (!disturbance->error)
			atomic_fetch_add(&disturbance->done, 1);
		if (disturber->pause_ns)
			sleep_ns(disturber->pause_ns);
	}
}

static void disturber_prepare(struct disturbance *disturbance)
{
	if (disturbance->disturber->prepare)
		disturbance->error = disturbance->disturber->prepare(disturbance);
	futex_store(&disturbance->ready, 1);
}

int disturber_process(void *arg)
{
	stdio_to_null();
	disturber_prepare(arg);
	disturber_loop(arg);
	return 1;
}

static void *disturber_thread(void *arg)
{
	disturber_loop(arg);
	return NULL;
}

int disturber_begin(struct race *race, void *arg)
{
	struct disturbance *disturbance = arg;
	pthread_t thread;
	int err;

	disturbance->race = race;
	if (!disturbance->disturber->inside)
		return 0;
	disturber_prepare(disturbance);
	/* A thread that has nothing to do ends, and its stack may be unmapped. */
	if (disturbance->error)
		return 0;
	err = pthread_create(&thread, NULL, disturber_thread, disturbance);
	if (err)
		disturbance->error = -err;
	return 0;
}

/* Where the thread that faults goes on after SIGSEGV, and whether this is that thread. */
static sigjmp_buf fault_return;
static __thread bool fault_expected;

static void fault_refused(int sig)
{
	if (!fault_expected) {
		signal(sig, SIG_DFL);
		return;
	}
	siglongjmp(fault_return, 1);
}

static int faults_prepare(struct disturbance *disturbance)
{
	struct sigaction action = {
		.sa_handler = fault_refused,
		.sa_flags = SA_NODEFER,
	};

	if (sigaction(SIGSEGV, &action, NULL) || sigaction(SIGBUS, &action, NULL))
		return -errno;
	return 0;
}

/* Read or write a page, and give it back.  One that is not mapped, or not so, stays. */
static void fault_page(_Atomic unsigned char *page, size_t len, bool writes)
{
	/* Without the mask of signals, whose change would be a system call. */
	if (sigsetjmp(fault_return, 0))
		return;
	if (writes)
		atomic_store(page, 1);
	else
		(void)atomic_load(page);
	madvise((void *)page, len, MADV_DONTNEED);
}

/* Read or write, in turn, all pages of the stage. */
static int faults_once(struct disturbance *disturbance)
{
	const struct stage *stage = &disturbance->race->stage;
	bool writes = disturbance->done & 1;
	unsigned int i;

	fault_expected = true;
	for (i = 0; i < stage_pages(disturbance); i++)
		fault_page(stage_addr(stage, i), stage->page, writes);
	return 0;
}

const struct disturber disturber_faults = {
	.name = "faults",
	.change = &change_three_pages, .inside = true,
	.prepare = faults_prepare, .once = faults_once,
	.needs = "signals refused",
};

/* Map two pages, of which the first is populated, and register both with userfaultfd. */
static int uffd_move_prepare(struct disturbance *disturbance)
{
	struct uffdio_api api = { .api = UFFD_API, .features = DISTURBER_FEATURE_MOVE };
	unsigned int i;

	disturbance->fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (disturbance->fd < 0 || ioctl(disturbance->fd, UFFDIO_API, &api))
		return -errno;
	for (i = 0; i < 2; i++) {
		size_t len = disturbance->race->stage.page;
		char *page = map_apart(len, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct uffdio_register reg = {
			.range = { .start = (uintptr_t)page, .len = len },
			.mode = UFFDIO_REGISTER_MODE_MISSING,
		};

		disturbance->page[i] = page;
		if (!page)
			return -ENOMEM;
		if (!i)
			stage_touch(page);
		if (ioctl(disturbance->fd, UFFDIO_REGISTER, &reg))
			return -errno;
	}
	return 0;
}

static int uffd_move_once(struct disturbance *disturbance)
{
	unsigned int from = disturbance->from;
	struct disturber_move move = {
		.src = (uintptr_t)disturbance->page[from],
		.dst = (uintptr_t)disturbance->page[!from],
		.len = disturbance->race->stage.page,
	};

	if (!ioctl(disturbance->fd, DISTURBER_MOVE, &move))
		disturbance->from = !from;
	else if (errno != EAGAIN && errno != EBUSY)
		return -errno;
	return 0;
}

const struct disturber disturber_uffd_move = {
	.name = "uffd_move",
	.change = &change_move, .inside = true,
	.prepare = uffd_move_prepare, .once = uffd_move_once,
	.needs = "no moves of userfaultfd for this user",
};

/* Read a byte of each page of the stage; a page that is not mapped refuses all of a call. */
static int vm_readv_once(struct disturbance *disturbance)
{
	const struct race *race = disturbance->race;
	unsigned int i;
	char byte;

	for (i = 0; i < stage_pages(disturbance); i++) {
		struct iovec local = { &byte, 1 };
		struct iovec remote = { stage_addr(&race->stage, i), 1 };

		if (process_vm_readv(race->tid, &local, 1, &remote, 1, 0) < 0 &&
		    errno != EFAULT)
			return -errno;
	}
	return 0;
}

const struct disturber disturber_vm_readv = {
	.name = "vm_readv",
	.change = &change_gap_alone, .once = vm_readv_once,
	.needs = "no permission to trace",
};

/* Open a file of the target. */
static int open_of_target(const struct disturbance *disturbance, const char *name, int flags)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)disturbance->race->tid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int mem_prepare(struct disturbance *disturbance)
{
	disturbance->fd = open_of_target(disturbance, "mem", O_RDWR);
	return disturbance->fd < 0 ? disturbance->fd : 0;
}

/* Read and write each page of the stage; a page that is not mapped is an error of a call. */
static int mem_once(struct disturbance *disturbance)
{
	const struct stage *stage = &disturbance->race->stage;
	unsigned int i;
	char byte;

	for (i = 0; i < stage_pages(disturbance); i++) {
		off_t at = stage->base + i * stage->page;

		if (pread(disturbance->fd, &byte, 1, at) < 0 && errno != EIO)
			return -errno;
		if (pwrite(disturbance->fd, "", 1, at) < 0 && errno != EIO && errno != EFAULT)
			return -errno;
	}
	return 0;
}

const struct disturber disturber_mem = {
	.name = "mem",
	.change = &change_two_bits, .prepare = mem_prepare, .once = mem_once,
	.needs = "no permission to trace",
};

/* Open, read and close a file of the target. */
static int read_of_target(const struct disturbance *disturbance, const char *name)
{
	int fd = open_of_target(disturbance, name, O_RDONLY), err;
	char text[4096];

	if (fd < 0)
		return fd;
	err = read(fd, text, sizeof(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int cmdline_once(struct disturbance *disturbance)
{
	return read_of_target(disturbance, "cmdline");
}

static int environ_once(struct disturbance *disturbance)
{
	return read_of_target(disturbance, "environ");
}

const struct disturber disturber_cmdline = {
	.name = "cmdline",
	.change = &change_resize, .once = cmdline_once,
	.needs = "no file cmdline",
};

const struct disturber disturber_environ = {
	.name = "environ",
	.change = &change_swap_files, .once = environ_once,
	.needs = "no permission to trace",
};

/* Attach to the target, stop it, and let it go. */
static int ptrace_once(struct disturbance *disturbance)
{
	pid_t pid = disturbance->race->tid;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
	    waitpid(pid, &status, __WALL) != pid || ptrace(PTRACE_DETACH, pid, NULL, NULL))
		return -errno;
	return 0;
}

/* The target makes transitions in half of the time at least. */
const struct disturber disturber_ptrace = {
	.name = "ptrace",
	.change = &change_gap_alone, .once = ptrace_once, .pause_ns = 200 * NSEC_PER_USEC,
	.needs = "no permission to trace",
};

static int clear_refs_prepare(struct disturbance *disturbance)
{
	disturbance->fd = open_of_target(disturbance, "clear_refs", O_WRONLY);
	return disturbance->fd < 0 ? disturbance->fd : 0;
}

/* Clear the referenced bits, and in turn the soft-dirty ones, where there are any. */
static int clear_refs_once(struct disturbance *disturbance)
{
	bool dirty = disturbance->done & 1;

	if (pwrite(disturbance->fd, dirty ? "4" : "1", 1, 0) < 0 && errno != EINTR && !dirty)
		return -errno;
	return 0;
}

const struct disturber disturber_clear_refs = {
	.name = "clear_refs",
	.change = &change_three_pages,
	.prepare = clear_refs_prepare, .once = clear_refs_once,
	.needs = "no file clear_refs",
};

static int madvise_prepare(struct disturbance *disturbance)
{
	disturbance->fd = syscall(SYS_pidfd_open, disturbance->race->tid, 0);
	return disturbance->fd < 0 ? -errno : 0;
}

/* Call the pages of the stage cold; a page that is not mapped ends a call. */
static int madvise_once(struct disturbance *disturbance)
{
	const struct stage *stage = &disturbance->race->stage;
	struct iovec range = {
		stage_addr(stage, 0), stage_pages(disturbance) * stage->page,
	};

	if (syscall(SYS_process_madvise, disturbance->fd, &range, 1UL, MADV_COLD, 0) < 0 &&
	    errno != ENOMEM && errno != EINVAL)
		return -errno;
	return 0;
}

const struct disturber disturber_madvise = {
	.name = "madvise",
	.change = &change_gap_alone, .prepare = madvise_prepare, .once = madvise_once,
	.needs = "no process_madvise() for this user",
};

static int recycle_prepare(struct disturbance *disturbance)
{
	pin_thread(0, disturbance->cpu);
	return 0;
}

static int exit_at_once(void *arg)
{
	return arg ? 1 : 0;
}

/* One fork in so many is followed by an exec, which takes longer.  Arbitrary. */
#define RECYCLE_EXEC 8

/*
 * Fork on the reader's CPU; the child exits, or execs and exits.  So the kernel frees what
 * the reader may be about to lock, and gives it to another address space.
 */
static int recycle_once(struct disturbance *disturbance)
{
	bool execs = disturbance->done % RECYCLE_EXEC == 0;
	struct child child = { 0 };
	int err;

	err = child_start(&child, execs ? modifier_exec : exit_at_once, execs ? "" : NULL);
	if (err)
		return err;
	while (waitpid(child.pid, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

const struct disturber disturber_recycle = {
	.name = "recycle",
	.change = &change_swap_files, .prepare = recycle_prepare, .once = recycle_once,
	.needs = "no further process",
};
