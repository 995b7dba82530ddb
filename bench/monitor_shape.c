// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor_command.h"
#include "monitor_shape.h"
#include "../lib/child.h"
#include "../lib/machine.h"
#include "../lib/util.h"

/* Size of the largest huge page that is asked for, in bytes: that of x86 and arm64. */
#define SHAPE_HUGE (2UL << 20)

/*
 * Share of the free memory that each of the two processes may have.  Half of the
 * memory stays free.
 */
#define SHAPE_SHARE 4

/*
 * Number of mappings that a process has beside its region: those of the program and
 * of its libraries, stacks, and the two of a split.
 */
#define SHAPE_SPARE 256

/* Number of mappings that a process may have where the kernel does not say: its default. */
#define SHAPE_MAP_COUNT 65530

struct shape shape = {
	.mappings = 16000,
	.threads = 1,
	.op = { &op_mmap },
};

/* struct shape_op - an operation by its name */
static const struct shape_op {
	const char *name;
	const struct operation *op;
} shape_op[] = {
	{ "mmap", &op_mmap },
	{ "fault", &op_fault },
	{ "mprotect", &op_mprotect },
	{ "mremap", &op_mremap },
	{ "brk", &op_brk },
};

const char *shape_operation_name(const struct operation *op)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shape_op); i++)
		if (shape_op[i].op == op)
			return shape_op[i].name;
	return "?";
}

static const struct operation *shape_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shape_op); i++)
		if (!strcmp(shape_op[i].name, name))
			return shape_op[i].op;
	return NULL;
}

const char *shape_operations(char *list)
{
	char *name = list, *comma;
	unsigned int n = 0;

	memset(shape.op, 0, sizeof(shape.op));
	for (; name; name = comma) {
		comma = strchr(name, ',');
		if (comma)
			*comma++ = 0;
		if (n == MAPPER_WORKERS)
			return "at most four operations";
		shape.op[n] = shape_find(name);
		if (!shape.op[n++])
			return "operations are mmap, fault, mprotect, mremap and brk";
	}
	return NULL;
}

uint64_t shape_most_resident(void)
{
	return machine_free() / SHAPE_SHARE;
}

unsigned int shape_most_mappings(void)
{
	unsigned int most = machine_mappings() ?: SHAPE_MAP_COUNT;

	return most > 2 * SHAPE_SPARE ? most - SHAPE_SPARE : SHAPE_SPARE;
}

/* Count the lines of a file of a process; their content is not kept. */
static int shape_lines(pid_t pid, const char *name, unsigned int *lines)
{
	char path[64];
	FILE *file;
	int c;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	for (*lines = 0; (c = getc(file)) != EOF;)
		*lines += c == '\n';
	fclose(file);
	return 0;
}

int shape_like(pid_t pid)
{
	struct process_number threads = { "Threads:" };
	struct process_number size[] = { { "Rss:" }, { "AnonHugePages:" } };
	uint64_t most = shape_most_resident();
	int ret;

	ret = shape_lines(pid, "maps", &shape.mappings);
	if (ret)
		return ret;
	if (!shape.mappings)
		return -ESRCH;
	process_numbers(pid, "status", &threads, 1);
	/* It holds that process up, so once only. */
	process_numbers(pid, "smaps_rollup", size, ARRAY_SIZE(size));
	shape.threads = (unsigned int)threads.value ?: 1;
	shape.resident = size[0].value * 1024;
	shape.huge = size[1].value * 1024;
	shape.like = pid;
	if (shape.resident > most) {
		shape.huge = shape.huge / (shape.resident / most + 1);
		shape.resident = most;
		shape.scaled = true;
	}
	if (shape.mappings > shape_most_mappings()) {
		shape.mappings = shape_most_mappings();
		shape.scaled = true;
	}
	return 0;
}

static void *shape_thread(void *arg)
{
	pause_forever(arg);
	return NULL;
}

/* Start the threads that sleep. */
static int shape_threads(void)
{
	unsigned int workers = 0, i;
	pthread_attr_t attr;
	pthread_t thread;
	int ret = 0;

	while (workers < MAPPER_WORKERS && shape.op[workers])
		workers++;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN);
	/* The main thread sleeps as well. */
	for (i = workers + 1; i < shape.threads && !ret; i++)
		ret = pthread_create(&thread, &attr, shape_thread, NULL);
	pthread_attr_destroy(&attr);
	return -ret;
}

/* Fill memory of @size bytes with pages that are huge or not. */
static int shape_fill(uint64_t size, bool huge)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = size + (huge ? SHAPE_HUGE : 0);
	uintptr_t begin;
	uint64_t at;
	char *p;

	if (size < page)
		return 0;
	p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	/* A kernel without huge pages has only small ones. */
	madvise(p, room, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	begin = (uintptr_t)p;
	if (huge)
		begin = (begin + SHAPE_HUGE - 1) / SHAPE_HUGE * SHAPE_HUGE;
	for (at = 0; at < size; at += page)
		*(char *)(uintptr_t)(begin + at) = 1;
	return 0;
}

int shape_prepare(void)
{
	uint64_t region = (uint64_t)shape.mappings * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t rest = shape.resident > region ? shape.resident - region : 0;
	uint64_t huge = shape.huge < rest ? shape.huge : rest;
	int ret = shape_fill(huge, true);

	if (!ret)
		ret = shape_fill(rest - huge, false);
	return ret ?: shape_threads();
}
