// SPDX-License-Identifier: GPL-2.0
/*
 * Make requests of PROCMAP_QUERY that must be refused.  After each of them the process
 * that was asked about must still be able to change its mappings: a lock that was not
 * released stops it, a reference too many takes its address space away.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"

/* Times that each request is made.  Arbitrary. */
#define REQUESTS 20

/* Milliseconds after which the target is stuck.  Arbitrary; it needs microseconds. */
#define TARGET_TIMEOUT_MS 5000

FIXTURE(bad_query)
{
	pid_t target;
	int sock;
	int maps;
};

/*
 * @size is 0 for the right one, @tail is behind the struct.  A @name or @id of more than
 * NO_BUFFER bytes has no buffer.
 */
FIXTURE_VARIANT(bad_query)
{
	unsigned long long size, flags;
	unsigned int name, id;
	char tail;
	int err;
};

#define NO_BUFFER 64

#define BAD_QUERY(which, ...) \
	FIXTURE_VARIANT_ADD(bad_query, which) { __VA_ARGS__ }

BAD_QUERY(no_size, .size = 1, .err = EINVAL);
BAD_QUERY(size_without_address, .size = 16, .err = EINVAL);
BAD_QUERY(size_of_more_than_a_page, .size = 1 << 20, .err = E2BIG);
BAD_QUERY(tail_is_not_zero, .size = sizeof(struct procmap_query) + 8, .tail = 1, .err = E2BIG);
BAD_QUERY(unknown_flag, .flags = 0x40, .err = EINVAL);
BAD_QUERY(unknown_high_flag, .flags = 1ULL << 63, .err = EINVAL);
BAD_QUERY(name_without_buffer, .name = NO_BUFFER + 1, .err = EINVAL);
BAD_QUERY(id_without_buffer, .id = NO_BUFFER + 1, .err = EINVAL);
BAD_QUERY(name_too_long, .name = 1, .err = ENAMETOOLONG);
BAD_QUERY(id_too_long, .id = 1, .err = ENAMETOOLONG);
BAD_QUERY(both_too_long, .name = 1, .id = 1, .err = ENAMETOOLONG);

/* Map, change and unmap a page whenever the test asks for it. */
static void target_main(int sock)
{
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(sock, &c, 1) == 1) {
		void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || mprotect(page, 4096, PROT_NONE) || munmap(page, 4096))
			_exit(1);
		if (write(sock, &c, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static bool target_works(int sock)
{
	struct pollfd answer = { .fd = sock, .events = POLLIN };
	char c = 0;

	return write(sock, &c, 1) == 1 && poll(&answer, 1, TARGET_TIMEOUT_MS) == 1 &&
	       read(sock, &c, 1) == 1;
}

FIXTURE_SETUP(bad_query)
{
	struct procmap_query query = {
		.size = sizeof(query),
		.query_addr = (unsigned long)target_main,
	};
	char path[32];
	int sock[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	self->target = fork();
	ASSERT_GE(self->target, 0);
	if (!self->target) {
		close(sock[0]);
		target_main(sock[1]);
	}
	close(sock[1]);
	self->sock = sock[0];
	snprintf(path, sizeof(path), "/proc/%d/maps", self->target);
	self->maps = open(path, O_RDONLY);
	ASSERT_GE(self->maps, 0);
	ASSERT_TRUE(target_works(self->sock));
	if (ioctl(self->maps, PROCMAP_QUERY, &query) && errno == ENOTTY)
		SKIP(return, "no PROCMAP_QUERY in this kernel");
}

FIXTURE_TEARDOWN(bad_query)
{
	close(self->maps);
	kill(self->target, SIGKILL);
	waitpid(self->target, NULL, 0);
	close(self->sock);
}

TEST_F(bad_query, is_refused_and_does_no_harm)
{
	struct {
		struct procmap_query query;
		char tail[8];
	} request;
	char name[NO_BUFFER], id[NO_BUFFER];
	int err;

	for (int i = 0; i < REQUESTS; i++) {
		memset(&request, 0, sizeof(request));
		request.query.size = variant->size ?: sizeof(request.query);
		request.query.query_flags = variant->flags;
		/* The target is a copy of this program: here is a file with a name. */
		request.query.query_addr = (unsigned long)target_main;
		request.query.vma_name_size = variant->name;
		if (variant->name && variant->name <= NO_BUFFER)
			request.query.vma_name_addr = (unsigned long)name;
		request.query.build_id_size = variant->id;
		if (variant->id && variant->id <= NO_BUFFER)
			request.query.build_id_addr = (unsigned long)id;
		request.tail[0] = variant->tail;

		err = ioctl(self->maps, PROCMAP_QUERY, &request) ? errno : 0;
		if (!err && variant->id == 1 && !request.query.build_id_size)
			SKIP(return, "linked without a build ID");
		ASSERT_EQ(variant->err, err);
		ASSERT_TRUE(target_works(self->sock)) {
			TH_LOG("the process that was asked about is stuck or gone");
		}
	}
	ASSERT_EQ(-1, ioctl(self->maps, PROCMAP_QUERY, NULL));
	ASSERT_EQ(EFAULT, errno);
}

TEST_HARNESS_MAIN
