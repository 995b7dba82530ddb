/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reader.h - one pass over a /proc file
 *
 * Between two read()s nothing happens but a look at the modifier's sequence
 * number, so each line is known to have been looked up between two values of it.
 * A line belongs to the read() that returned its first byte: seq_file looks a
 * record up in the read() in which it begins, however small the buffer is.
 */
#ifndef PROC_TEARING_READER_H
#define PROC_TEARING_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../model/layout.h"
#include "../model/parse.h"

struct reader;

/**
 * struct reader - how a file is read
 * @kind:	which file
 * @fd:		opened by reader_open()
 * @buffer:	bytes per read()
 * @limit:	stop when this many bytes were read; 0 reads to the end
 * @seq:	the modifier's sequence number, or NULL
 */
struct reader {
	const struct file_kind *kind;
	int fd;
	size_t buffer;
	size_t limit;
	const atomic_uint *seq;
};

/**
 * query_ask() - one PROCMAP_QUERY
 * @fd:		an open /proc/PID/maps
 * @addr:	the address asked for
 * @flags:	PROCMAP_QUERY_* flags
 * @named:	ask for the name as well, which takes longer
 * @span:	filled in where there is an answer
 *
 * Return: 0, or -errno (-ENOENT: no such mapping).
 */
int query_ask(int fd, uint64_t addr, uint64_t flags, bool named,
	      struct span *span);

/* A walk with COVERING_OR_NEXT_VMA goes from mapping to mapping like a read. */
ssize_t call_query(const struct reader *reader, struct reading *reading);

extern const struct file_kind file_maps;
extern const struct file_kind file_smaps;
extern const struct file_kind file_numa_maps;
extern const struct file_kind file_query;

/** reading_call() - one more read(); returns its bytes, 0 or -errno. */
ssize_t reading_call(const struct reader *reader, struct reading *reading);

/** reading_begin() - go back to the beginning of the file. */
int reading_begin(const struct reader *reader, struct reading *reading);

/**
 * reading_go_on() - read up to the end of the file, or the reader's limit
 * @reader:	how
 * @reading:	appended to
 *
 * Return: 0, or -errno: -ESRCH where the process is gone, -ENOSPC where the
 * reading does not fit.
 */
int reading_go_on(const struct reader *reader, struct reading *reading);

/** reading_take() - one pass from the beginning. */
int reading_take(const struct reader *reader, struct reading *reading);

/**
 * reader_open() - open a file of a process
 * @reader:	its @kind is set
 * @dir:	"self", a PID, or "PID/task/TID", below /proc
 *
 * Return: 0 or -errno; -ENOTTY where the kernel has no PROCMAP_QUERY, -EIO where
 * it has one that finds nothing.
 */
int reader_open(struct reader *reader, const char *dir);

void reader_close(struct reader *reader);

#endif /* PROC_TEARING_READER_H */
