// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "report_file.h"

/* Maximum length of the path of a temporary file, in bytes; as PATH_MAX of Linux. */
#define REPORT_PATH 4096

/* Timeout of a write to a pipe or a device, in ms; arbitrary. */
#define REPORT_PIPE_MS 5000

bool report_is_stream(const char *path)
{
	struct stat st, own;
	int fd;

	if (stat(path, &st))
		return false;
	if (!S_ISREG(st.st_mode))
		return true;
	/*
	 * A file that receives the output of this program is a stream as well.
	 */
	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (!fstat(fd, &own) && own.st_dev == st.st_dev &&
		    own.st_ino == st.st_ino)
			return true;
	return false;
}

/* Write the whole text.  Returns 0 or -errno. */
static int report_write(int fd, const char *text, size_t size)
{
	while (size) {
		struct pollfd space = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, text, size);

		if (n > 0) {
			text += n;
			size -= (size_t)n;
		} else if (!n) {
			return -EIO;
		} else if (errno == EAGAIN) {
			if (!poll(&space, 1, REPORT_PIPE_MS))
				return -ETIMEDOUT;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/*
 * Write to the file or stream itself.  A FIFO without a reader is an error;
 * this does not wait for one.
 */
static int report_put_in_place(const char *path, const char *text, size_t size)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
	int fd, ret;

	if (report_is_stream(path))
		fd = open(path, flags | O_APPEND | O_NONBLOCK);
	else
		fd = open(path, flags | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return -errno;
	ret = report_write(fd, text, size);
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

/*
 * Give a new file the mode that @target has or would have, and its owner if
 * permitted.
 */
static int report_set_mode(int fd, const char *target)
{
	mode_t mask = umask(0);
	struct stat old;

	umask(mask);
	if (stat(target, &old))
		return fchmod(fd, 0666 & ~mask);
	if ((old.st_uid != geteuid() || old.st_gid != getegid()) &&
	    fchown(fd, old.st_uid, old.st_gid) && errno != EPERM)
		return -1;
	return fchmod(fd, old.st_mode & 0777);
}

/*
 * Replace the file at @target, which is not a link.  The new file is written to
 * a temporary file in the same folder.
 */
static int report_replace(const char *target, const char *text, size_t size)
{
	char temporary[REPORT_PATH];
	int fd, ret;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX",
			     target) >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = report_write(fd, text, size);
	if (!ret && report_set_mode(fd, target))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, target))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret;
}

/*
 * Find the regular file that a report at @path replaces; the result is to be freed.
 * Returns NULL when there is none: @path leads to another kind of file, to an
 * unlinked file, or to a link whose target does not exist.
 */
static char *report_find_target(const char *path)
{
	struct stat st, real;
	char *target;

	if (report_is_stream(path))
		return NULL;
	if (stat(path, &st))
		return errno == ENOENT && lstat(path, &st) ? strdup(path) : NULL;
	target = realpath(path, NULL);
	/*
	 * An unlinked file has a path in /proc still, at which it cannot be
	 * replaced.
	 */
	if (target && !stat(target, &real) && real.st_dev == st.st_dev &&
	    real.st_ino == st.st_ino)
		return target;
	free(target);
	return NULL;
}

int report_put(const char *path, const char *text, size_t size)
{
	sighandler_t on_pipe = signal(SIGPIPE, SIG_IGN);
	char *target = report_find_target(path);
	int ret = target ? report_replace(target, text, size) : -EACCES;

	/*
	 * The folder permits no new file, or the file cannot be renamed over.
	 */
	if (ret == -EACCES || ret == -EPERM || ret == -EROFS ||
	    ret == -EBUSY || ret == -ENAMETOOLONG)
		ret = report_put_in_place(path, text, size);
	free(target);
	signal(SIGPIPE, on_pipe);
	return ret;
}
