// SPDX-License-Identifier: GPL-2.0
/*
 * reader.c - readings of a /proc file
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "reader.h"
#include "../lib/procmap.h"
#include "../model/contents.h"
#include "watchdog.h"

/* Make one read(); return its bytes, 0 at the end of the file, or -errno. */
static ssize_t call_read(const struct reader *reader, struct reading *reading)
{
	size_t space = reading->size - reading->len;
	ssize_t got = read(reader->fd, reading->text + reading->len,
			   reader->buffer < space ? reader->buffer : space);

	if (got < 0)
		return -errno;
	reading->len += got;
	return got;
}

int query_ask(int fd, uint64_t addr, uint64_t flags, bool named,
	      struct span *span)
{
	char name[PATH_MAX];
	struct procmap_query query = {
		.size = sizeof(query),
		.query_flags = flags,
		.query_addr = addr,
		.vma_name_addr = named ? (uintptr_t)name : 0,
		.vma_name_size = named ? sizeof(name) : 0,
	};

	if (ioctl(fd, PROCMAP_QUERY, &query))
		return -errno;
	span->start = query.vma_start;
	span->end = query.vma_end;
	span->offset = query.vma_offset;
	span->inode = query.inode;
	span->major = query.dev_major;
	span->minor = query.dev_minor;
	span->perm[0] = query.vma_flags & PROCMAP_QUERY_VMA_READABLE ? 'r' : '-';
	span->perm[1] = query.vma_flags & PROCMAP_QUERY_VMA_WRITABLE ? 'w' : '-';
	span->perm[2] = query.vma_flags & PROCMAP_QUERY_VMA_EXECUTABLE ? 'x' : '-';
	span->perm[3] = query.vma_flags & PROCMAP_QUERY_VMA_SHARED ? 's' : 'p';
	span->perm[4] = '\0';
	span_escape_name(span, name, query.vma_name_size ?
				     query.vma_name_size - 1 : 0,
			 ESCAPED_BY_MAPS);
	return 0;
}

ssize_t call_query(const struct reader *reader, struct reading *reading)
{
	struct span span, last = { .end = 0 };
	int err;

	/* The text of another file is no array of spans. */
	if (reading->len % sizeof(last))
		return -EINVAL;
	if (reading->len)
		memcpy(&last, reading->text + reading->len - sizeof(last),
		       sizeof(last));
	if (reading->size - reading->len < sizeof(span))
		return -ENOSPC;
	err = query_ask(reader->fd, last.end,
			PROCMAP_QUERY_COVERING_OR_NEXT_VMA, true, &span);
	if (err)
		return err == -ENOENT ? 0 : err;
	memcpy(reading->text + reading->len, &span, sizeof(span));
	reading->len += sizeof(span);
	return sizeof(span);
}

const struct file_kind file_maps = {
	.name = "maps", .path = "maps", .fields = SPAN_ALL, .gate_vma = true,
	.call = call_read, .parse = parse_maps_line,
};

const struct file_kind file_smaps = {
	.name = "smaps", .path = "smaps", .fields = SPAN_ALL, .gate_vma = true,
	.slow = true, .lines = true,
	.call = call_read, .parse = parse_smaps_record, .numbers = numbers_of_smaps,
};

const struct file_kind file_numa_maps = {
	.name = "numa_maps", .path = "numa_maps",
	.fields = SPAN_START | SPAN_LABEL, .gate_vma = false, .slow = true,
	.call = call_read, .parse = parse_numa_line, .numbers = numbers_of_numa,
	.rename = numa_name,
};

const struct file_kind file_query = {
	.name = "query", .path = "maps", .fields = SPAN_ALL,
	.gate_vma = false, .query = true,
	.call = call_query, .parse = parse_copied_span,
};

ssize_t reading_call(const struct reader *reader, struct reading *reading)
{
	struct chunk *chunk = &reading->chunk[reading->nr_chunks];
	ssize_t got;

	if (reading->nr_chunks == reading->max_chunks ||
	    reading->len == reading->size)
		return -ENOSPC;
	chunk->before = reader->seq ? atomic_load(reader->seq) : 0;
	got = reader->kind->call(reader, reading);
	chunk->after = reader->seq ? atomic_load(reader->seq) : 0;
	watchdog_heartbeat();
	if (got < 0)
		return got;
	chunk->end = reading->len;
	reading->nr_chunks++;
	reading->whole = !got;
	return got;
}

int reading_begin(const struct reader *reader, struct reading *reading)
{
	reading->len = 0;
	reading->nr_chunks = 0;
	reading->whole = false;
	return lseek(reader->fd, 0, SEEK_SET) ? -errno : 0;
}

int reading_go_on(const struct reader *reader, struct reading *reading)
{
	ssize_t got;

	do {
		got = reading_call(reader, reading);
	} while (got > 0 && (!reader->limit || reading->len < reader->limit));
	return got < 0 ? got : 0;
}

int reading_take(const struct reader *reader, struct reading *reading)
{
	int err = reading_begin(reader, reading);

	return err ? err : reading_go_on(reader, reading);
}

int reader_open(struct reader *reader, const char *dir)
{
	char path[128];
	struct span span;

	snprintf(path, sizeof(path), "/proc/%s/%s", dir, reader->kind->path);
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		return -errno;
	if (reader->kind->query) {
		int err = query_ask(reader->fd, 0,
				    PROCMAP_QUERY_COVERING_OR_NEXT_VMA, true,
				    &span);

		if (err) {
			close(reader->fd);
			reader->fd = -1;
			/* -EIO: opening the file fails by other errors. */
			return err == -ENOTTY || err == -ESRCH ? err : -EIO;
		}
	}
	return 0;
}

void reader_close(struct reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
}
