// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "monitor_reads.h"
#include "../lib/util.h"

/* Watch a folder. */
static int watch(struct reads *reads, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	reads->kept[reads->folders++] = fd;
	return inotify_add_watch(reads->fd, path, IN_OPEN | IN_ACCESS);
}

/* Watch the folders of the threads. */
static void watch_threads(struct reads *reads, pid_t pid)
{
	char path[320];
	struct dirent *entry;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	if (!threads)
		return;
	while (reads->folders < ARRAY_SIZE(reads->kept) && (entry = readdir(threads))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s", (int)pid, entry->d_name);
		watch(reads, path);
	}
	closedir(threads);
}

int reads_open(struct reads *reads, pid_t pid)
{
	char path[64];

	memset(reads, 0, sizeof(*reads));
	reads->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (reads->fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	reads->process = watch(reads, path);
	if (reads->process < 0)
		return -errno;
	watch_threads(reads, pid);
	return 0;
}

void reads_close(struct reads *reads)
{
	while (reads->folders)
		close(reads->kept[--reads->folders]);
	if (reads->fd > 0)
		close(reads->fd);
	reads->fd = -1;
}

/* Find the counters of a file, or begin new ones. */
static struct reads_file *reads_file(struct reads *reads, const char *name)
{
	unsigned int i;

	for (i = 0; i < reads->files; i++)
		if (!strcmp(reads->file[i].name, name))
			return &reads->file[i];
	if (i == READS_FILES)
		return NULL;
	reads->files++;
	snprintf(reads->file[i].name, sizeof(reads->file[i].name), "%s", name);
	return &reads->file[i];
}

static void count(struct reads *reads, const struct inotify_event *event)
{
	struct reads_file *file;
	char name[40];

	/* The watched folder itself has no name. */
	if (!event->len || !event->name[0])
		return;
	snprintf(name, sizeof(name), "%s%.30s%s",
		 event->wd == reads->process ? "" : "task/", event->name,
		 event->mask & IN_ISDIR ? "/" : "");
	file = reads_file(reads, name);
	if (!file)
		return;
	if (event->mask & IN_OPEN)
		file->opens++;
	if (event->mask & IN_ACCESS)
		file->reads++;
}

/* Take all events, and enter them in the counters if @counted; return their number. */
static uint64_t take(struct reads *reads, bool counted)
{
	union {
		struct inotify_event event;
		char byte[16384];
	} buffer;
	uint64_t all = 0;
	ssize_t n, at;

	while ((n = read(reads->fd, &buffer, sizeof(buffer))) > 0) {
		for (at = 0; at < n;) {
			const struct inotify_event *event = (void *)(buffer.byte + at);

			all += event->len > 0;
			if (counted)
				count(reads, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return all;
}

uint64_t reads_take(struct reads *reads)
{
	return take(reads, true);
}

uint64_t reads_skip(struct reads *reads)
{
	return take(reads, false);
}
