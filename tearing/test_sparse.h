/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_sparse.h - query the build ID of a file with a hole
 *
 * The kernel reads the file's notes.  Kernels of 2025 call a function that files in memory
 * do not have where a page of them is missing, and crash.  So this is the last test of the
 * program, and needs STRESS=1 before Linux 7.0, from which on no release has that bug.
 */
#ifndef PROC_TEST_SPARSE_H
#define PROC_TEST_SPARSE_H

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/child.h"
#include "../lib/env.h"
#include "../lib/machine.h"
#include "../lib/print.h"
#include "context.h"
#include "harness.h"
#include "modifier.h"
#include "reader.h"
#include "test_fields.h"

/* Query the build ID of the mapping at @arg; return 0 where there is none. */
static int ask_sparse_id(void *arg)
{
	struct reader maps = { .kind = &file_query };
	unsigned char id[64];

	if (reader_open(&maps, "self"))
		return 2;
	return query_id(maps.fd, (uintptr_t)arg, id, sizeof(id)) ? 1 : 0;
}

FIXTURE(sparse_id) {
	struct context context;
	struct fields_file elf;
};

FIXTURE_SETUP(sparse_id)
{
	self->elf.fd = -1;
	self->elf.map = MAP_FAILED;
}

FIXTURE_TEARDOWN(sparse_id)
{
	context_close(_metadata, &self->context);
	fields_file_close(&self->elf);
}

/* A hole has no build ID.  A child process asks, since the kernel may kill it. */
TEST_F(sparse_id, query)
{
	struct fields_file *elf = &self->elf;
	struct reader maps = { .kind = &file_query };
	struct child child = { 0 };
	Elf64_Phdr note = {
		.p_type = PT_NOTE, .p_offset = 65536, .p_filesz = 4096, .p_align = 4,
	};
	int err;

	if (!test_begin(_metadata))
		return;
	err = reader_open(&maps, "self");
	if (err == -ENOTTY)
		SKIP(return, "no such file in this kernel");
	ASSERT_EQ(0, err);
	reader_close(&maps);
	if (kernel_release() < KERNEL(7, 0) && !env_value("STRESS"))
		SKIP(return, "crashes some kernels before 7.0, set STRESS=1");
	elf->fd = syscall(SYS_memfd_create, "sparse", 0);
	ASSERT_GE(elf->fd, 0);
	ASSERT_TRUE(write_id(elf, FIELDS_ID, true));
	ASSERT_EQ(0, ftruncate(elf->fd, 2 * 65536));
	ASSERT_EQ((ssize_t)sizeof(note),
		  pwrite(elf->fd, &note, sizeof(note), sizeof(Elf64_Ehdr)));
	elf->map = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, elf->fd, 0);
	ASSERT_TRUE(elf->map != MAP_FAILED);
	ASSERT_EQ(0, child_start(&child, ask_sparse_id, elf->map));
	err = child_wait(&child, MODIFIER_TIMEOUT_NS);
	child_kill(&child);
	if (fault_from_env() == 'c')
		err = 1;
	ASSERT_EQ(0, err) {
		diag("RULE BROKEN: %s", err == 1 ? "build ID in a hole" :
						   "query of a build ID does not return");
	}
}

#endif /* PROC_TEST_SPARSE_H */
