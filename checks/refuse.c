// SPDX-License-Identifier: GPL-2.0
/*
 * refuse NAME... -- COMMAND...: runs a command that the kernel refuses some
 * system calls, with EPERM, as a container's filter does.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CALL(name) { #name, __NR_##name }

static const struct call {
	const char *name;
	unsigned int nr;
} calls[] = {
	CALL(setpriority),
	CALL(sched_setaffinity),
	CALL(sched_setscheduler),
	CALL(userfaultfd),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(ptrace),
	CALL(prctl),
	CALL(personality),
	CALL(unshare),
	CALL(move_pages),
	CALL(set_mempolicy),
	CALL(mbind),
	CALL(timerfd_create),
	CALL(perf_event_open),
};

static struct sock_filter filter[2 * ARRAY_SIZE(calls) + 2];

/* Appends "if this is the call, it is refused"; returns whether it is known. */
static int refuse(const char *name, unsigned short *len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(name, calls[i].name)) {
			filter[(*len)++] = (struct sock_filter)
				BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					 calls[i].nr, 0, 1);
			filter[(*len)++] = (struct sock_filter)
				BPF_STMT(BPF_RET | BPF_K,
					 SECCOMP_RET_ERRNO | EPERM);
			return 1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	const unsigned int room = ARRAY_SIZE(filter);
	struct sock_fprog program = { .filter = filter };
	int i;

	filter[program.len++] = (struct sock_filter)
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr));
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (program.len + 3u > room ||
		    !refuse(argv[i], &program.len)) {
			fprintf(stderr, "%s: unknown or too many: %s\n",
				argv[0], argv[i]);
			return 2;
		}
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: %s CALL... -- COMMAND...\n", argv[0]);
		return 2;
	}
	filter[program.len++] = (struct sock_filter)
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror(argv[0]);
		return 4;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 4;
}
