// SPDX-License-Identifier: GPL-2.0
/*
 * odd_file.c - files with names of any length and of any bytes
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "odd_file.h"
#include "../lib/machine.h"

/* The numbers are the same on all architectures (Linux 5.2). */
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif

/* Commands of fsconfig(): set an option that is a string; create the file system. */
#define ODD_FSCONFIG_STRING 1
#define ODD_FSCONFIG_CREATE 6

/*
 * Bytes of the name of a folder in a deep path.  Arbitrary; a few less than NAME_MAX, so
 * that some are left for the name of the file.
 */
#define ODD_FOLDER 250

/* Exit code that is no file descriptor: the largest one that a process can return. */
#define ODD_NO_FD 255

/* Bytes of the file; two pages of 64 KiB.  Each page can be mapped. */
#define ODD_BYTES (128 << 10)

/*
 * Mount a new file system nowhere; return a file descriptor of its root, or -errno.
 * @lower is the option lowerdir, NULL for none.
 */
static int mount_detached(const char *type, const char *lower)
{
	int fd = syscall(SYS_fsopen, type, 0), root = 0;

	if (fd < 0)
		return -errno;
	if (lower)
		root = syscall(SYS_fsconfig, fd, ODD_FSCONFIG_STRING, "lowerdir", lower, 0);
	if (!root)
		root = syscall(SYS_fsconfig, fd, ODD_FSCONFIG_CREATE, NULL, NULL, 0);
	if (!root)
		root = syscall(SYS_fsmount, fd, 0, 0);
	if (root < 0)
		root = -errno;
	close(fd);
	return root;
}

/* Write a line to a file of this process in /proc; return whether it was accepted. */
static bool write_own(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);

	close(fd);
	return written;
}

/* Map this user and group to themselves in a new user namespace, or files have no owner. */
static bool map_owner(uid_t uid, gid_t gid)
{
	char user[32], group[32];

	snprintf(user, sizeof(user), "%u %u 1", uid, uid);
	snprintf(group, sizeof(group), "%u %u 1", gid, gid);
	return write_own("/proc/self/setgroups", "deny") &&
	       write_own("/proc/self/gid_map", group) && write_own("/proc/self/uid_map", user);
}

/*
 * Do the same in a user namespace of its own, in a child process that shares the file
 * descriptors.  The exit code is the file descriptor, or ODD_NO_FD.
 */
static int mount_in_namespace(void *arg)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int root = -1;

	if (!unshare(CLONE_NEWUSER | CLONE_NEWNS) && map_owner(uid, gid))
		root = mount_detached("tmpfs", NULL);
	return root < 0 || root > ODD_NO_FD ? ODD_NO_FD : root;
}

int odd_fs_open(void)
{
	static _Alignas(16) char stack[65536];
	int root = mount_detached("tmpfs", NULL), status;
	pid_t pid;

	if (root != -EPERM)
		return root;
	pid = clone(mount_in_namespace, stack + sizeof(stack), CLONE_FILES | SIGCHLD,
		    NULL);
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == ODD_NO_FD)
		return -EPERM;
	return WEXITSTATUS(status);
}

/* Create a file below a folder and give it its size; return 0 or -errno. */
static int odd_file_create(struct odd_file *file, int folder, const char *name)
{
	file->fd = openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file->fd < 0 || ftruncate(file->fd, ODD_BYTES))
		return -errno;
	return 0;
}

/* Append a name to the path; return it. */
static char *odd_path_add(struct odd_file *file, char letter, size_t len)
{
	char *name = file->path + file->len + 1;

	file->path[file->len] = '/';
	memset(name, letter, len);
	name[len] = '\0';
	file->len += 1 + len;
	return name;
}

int odd_file_deep(struct odd_file *file, int fs, size_t len, char letter)
{
	int folder = dup(fs), err = 0, next;

	file->fd = -1;
	file->len = 0;
	if (len >= sizeof(file->path) || len < 2) {
		close(folder);
		return -EINVAL;
	}
	/* What is left is the name of the file, of at least one byte. */
	while (folder >= 0 && len - file->len > NAME_MAX + 1) {
		const char *name = odd_path_add(file, letter, ODD_FOLDER);

		if (mkdirat(folder, name, 0700) && errno != EEXIST)
			err = -errno;
		next = err ? -1 : openat(folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(folder);
		folder = next;
	}
	if (folder < 0)
		return err ? err : -errno;
	err = odd_file_create(file, folder,
			      odd_path_add(file, letter, len - file->len - 1));
	close(folder);
	return err;
}

int odd_file_named(struct odd_file *file, int fs, const char *name, bool unlinked)
{
	int err = odd_file_create(file, fs, name);

	if (!err && unlinked && unlinkat(fs, name, 0))
		err = -errno;
	file->len = snprintf(file->path, sizeof(file->path), "/%s%s", name,
			     unlinked ? " (deleted)" : "");
	return err;
}

int odd_file_memfd(struct odd_file *file, const char *name)
{
	file->fd = syscall(SYS_memfd_create, name, 0);
	if (file->fd < 0 || ftruncate(file->fd, ODD_BYTES))
		return -errno;
	file->len = snprintf(file->path, sizeof(file->path), "/memfd:%s (deleted)",
			     name);
	return 0;
}

int odd_file_overlay(void)
{
	char path[PATH_MAX], layers[PATH_MAX + 8];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int root, fd;
	char *name;

	/* No module is loaded for it. */
	if (!file_mentions("/proc/filesystems", "\toverlay\n"))
		return -ENODEV;
	if (len < 0)
		return -errno;
	path[len] = '\0';
	name = strrchr(path, '/');
	if (!name || name == path || strpbrk(path, ":\\"))
		return -EINVAL;
	*name++ = '\0';
	snprintf(layers, sizeof(layers), "%s:/dev", path);
	root = mount_detached("overlay", layers);
	if (root < 0)
		return root;
	fd = openat(root, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(root);
	return fd;
}
