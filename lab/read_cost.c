// SPDX-License-Identifier: GPL-2.0
/*
 * read_cost - what one line of a large /proc/PID/maps costs to read
 *
 * Prints, for 60,000 mappings that touch each other, the same with a hole
 * behind each, and the first again while a thread maps and unmaps: the median
 * time of a whole reading divided by its lines.  Then the same for
 * PROCMAP_QUERY on addresses that are mapped and on addresses in a hole.
 *
 * Under `qemu -icount shift=0` a nanosecond is one instruction, and two kernels
 * can be compared to the digit.  Measuring only: it judges nothing.
 */
#include <fcntl.h>
#include <linux/types.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAPPINGS 60000
#define READINGS 9
#define QUERIES 20000
#define PAGE 4096UL

/* Since Linux 6.11; spelled out so that older headers do. */
struct query {
	uint64_t size, flags, addr, out[7];
	uint32_t name_size, build_id_size;
	uint64_t name, build_id;
};

#define QUERY _IOWR('f', 17, struct query)
#define QUERY_COVERING_OR_NEXT 0x10

static atomic_bool stop;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void *churn(void *unused)
{
	(void)unused;
	while (!stop) {
		void *p = mmap(NULL, PAGE, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(p, PAGE);
	}
	return NULL;
}

static double line_ns(int fd)
{
	double cost[READINGS];
	static char buffer[65536];

	for (int i = 0; i < READINGS; i++) {
		long lines = 0;
		ssize_t got;
		int64_t start = now_ns();

		lseek(fd, 0, SEEK_SET);
		while ((got = read(fd, buffer, sizeof(buffer))) > 0)
			for (char *p = buffer;
			     (p = memchr(p, '\n', buffer + got - p)); p++)
				lines++;
		cost[i] = (double)(now_ns() - start) / lines;
	}
	qsort(cost, READINGS, sizeof(*cost), ascending);
	return cost[READINGS / 2];
}

static double query_ns(int fd, char *base, size_t step, size_t offset)
{
	int64_t start = now_ns();

	for (long i = 0; i < QUERIES; i++) {
		struct query q = {
			.size = sizeof(q),
			.flags = QUERY_COVERING_OR_NEXT,
			.addr = (uintptr_t)base + i * step + offset,
		};

		if (ioctl(fd, QUERY, &q))
			return 0;
	}
	return (double)(now_ns() - start) / QUERIES;
}

/* Mappings of one page, @step bytes from one to the next. */
static char *many(size_t step)
{
	char *base = mmap(NULL, MAPPINGS * step, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		exit(1);
	munmap(base, MAPPINGS * step);
	for (long i = 0; i < MAPPINGS; i++)
		if (mmap(base + i * step, PAGE,
			 i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    MAP_FAILED)
			exit(1);
	return base;
}

int main(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	pthread_t thread;
	char *base;

	base = many(PAGE);
	printf("adjacent %.1f ns/line\n", line_ns(fd));
	printf("query_mapped %.1f ns\n", query_ns(fd, base, PAGE, 0));
	pthread_create(&thread, NULL, churn, NULL);
	printf("adjacent_churned %.1f ns/line\n", line_ns(fd));
	stop = true;
	pthread_join(thread, NULL);
	munmap(base, MAPPINGS * PAGE);
	base = many(2 * PAGE);
	printf("holes %.1f ns/line\n", line_ns(fd));
	printf("query_hole %.1f ns\n", query_ns(fd, base, 2 * PAGE, PAGE));
	return 0;
}
