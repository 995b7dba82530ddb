/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reader.h - readings of a /proc file: one pass each, in calls of read() or ioctl()
 *
 * The modifier's sequence number is read before and after each call, so each record
 * is known to have been looked up between two values of it.  A record belongs to the
 * read() that returned its first byte: seq_file looks a record up in the read() in
 * which it begins, however small the buffer is.
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

/* Bytes of a reader's buffer where a test needs no other size.  Arbitrary. */
#define READER_BUFFER 65536

/**
 * struct reader - a file, and how it is read
 * @kind:	file of /proc/PID
 * @fd:		file descriptor of reader_open(); -1 for none
 * @buffer:	bytes per read()
 * @limit:	bytes after which a reading ends; 0 for the end of the file
 * @seq:	the modifier's sequence number, or NULL
 */
struct reader {
	const struct file_kind *kind;
	int fd;
	size_t buffer;
	size_t limit;
	const atomic_uint *seq;
};

extern const struct file_kind file_maps;
extern const struct file_kind file_smaps;
extern const struct file_kind file_numa_maps;
/* PROCMAP_QUERY of maps, for each mapping in turn. */
extern const struct file_kind file_query;

/**
 * reader_open() - open a file of a process
 * @reader:	@kind is set
 * @dir:	folder below /proc: "self", a PID, or "PID/task/TID"
 *
 * Return: 0 or -errno; -ENOTTY where the kernel has no PROCMAP_QUERY, -EIO where a
 * query finds no mapping at all.
 */
int reader_open(struct reader *reader, const char *dir);

/** reader_close() - close the file where it is open. */
void reader_close(struct reader *reader);

/**
 * query_ask() - make one PROCMAP_QUERY
 * @fd:		file descriptor of /proc/PID/maps
 * @addr:	address
 * @flags:	PROCMAP_QUERY_* flags
 * @named:	request the name as well, which takes longer
 * @span:	filled in where a mapping matches
 *
 * Return: 0, or -errno; -ENOENT where no mapping matches.
 */
int query_ask(int fd, uint64_t addr, uint64_t flags, bool named,
	      struct span *span);

/**
 * call_query() - query the mapping behind the last one of a reading
 * @reader:	file
 * @reading:	appended to
 *
 * With COVERING_OR_NEXT_VMA the calls go from mapping to mapping, as read() does.
 *
 * Return: bytes, 0 behind the last mapping, or -errno.
 */
ssize_t call_query(const struct reader *reader, struct reading *reading);

/**
 * reading_call() - make one more call
 * @reader:	file
 * @reading:	appended to
 *
 * Each call ends with a heartbeat for the watchdog.
 *
 * Return: its bytes, 0 at the end, or -errno.
 */
ssize_t reading_call(const struct reader *reader, struct reading *reading);

/** reading_begin() - empty the reading and rewind the file; return 0 or -errno. */
int reading_begin(const struct reader *reader, struct reading *reading);

/**
 * reading_go_on() - read to the end of the file, or to the reader's limit
 * @reader:	file, and how it is read
 * @reading:	appended to
 *
 * Return: 0, or -errno; -ESRCH where the process has ended, -ENOSPC where the reading
 * does not fit.
 */
int reading_go_on(const struct reader *reader, struct reading *reading);

/** reading_take() - read a file from its beginning, as reading_go_on(). */
int reading_take(const struct reader *reader, struct reading *reading);

#endif /* PROC_TEARING_READER_H */
