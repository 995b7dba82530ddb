/* SPDX-License-Identifier: GPL-2.0 */
/*
 * odd_file.h - files with names of any length and of any bytes
 *
 * The files lie on a tmpfs that is mounted nowhere, so the path in maps begins at the
 * root of that tmpfs.  It ends with its last file descriptor and mapping: no file is left
 * behind, also by a test that is killed.
 */
#ifndef PROC_TEARING_ODD_FILE_H
#define PROC_TEARING_ODD_FILE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes of a path with its final 0.  Arbitrary; above two pages of 4 KiB. */
#define ODD_PATH 12288

/**
 * struct odd_file - a file with an odd name
 * @fd:		file descriptor, or -1
 * @len:	length of @path in bytes
 * @path:	path below the root of its file system, as PROCMAP_QUERY returns it
 */
struct odd_file {
	int fd;
	size_t len;
	char path[ODD_PATH];
};

/**
 * odd_fs_open() - create a tmpfs that is mounted nowhere
 *
 * A user without CAP_SYS_ADMIN needs a user namespace for it, of which only a short-lived
 * child process is a member.
 *
 * Return: a file descriptor of its root folder, or -errno.
 */
int odd_fs_open(void);

/** odd_fs_missing() - check whether odd_fs_open() failed for want of it or of permission. */
static inline bool odd_fs_missing(int err)
{
	return err < 0 && err != -EMFILE && err != -ENOMEM && err != -ENOSPC;
}

/**
 * odd_file_deep() - create a file whose path has a given length
 * @file:	filled in
 * @fs:		return value of odd_fs_open()
 * @len:	length of the path in bytes
 * @letter:	character of which the names in the path consist
 *
 * Return: 0 or -errno.
 */
int odd_file_deep(struct odd_file *file, int fs, size_t len, char letter);

/**
 * odd_file_named() - create a file with a given name
 * @file:	filled in
 * @fs:		return value of odd_fs_open()
 * @name:	name, without '/'
 * @unlinked:	remove the name again
 *
 * Return: 0 or -errno.
 */
int odd_file_named(struct odd_file *file, int fs, const char *name, bool unlinked);

/** odd_file_memfd() - create a memfd with a given name; return 0 or -errno. */
int odd_file_memfd(struct odd_file *file, const char *name);

/**
 * odd_file_overlay() - open this program as a file of an overlayfs
 *
 * maps shows the device of the overlay, the file lies on another one.  The overlay is
 * mounted nowhere and has two lower layers, the program's folder and /dev, so that nothing
 * is written.
 *
 * Return: a file descriptor, or -errno, as where the kernel has no overlayfs yet.
 */
int odd_file_overlay(void);

#endif /* PROC_TEARING_ODD_FILE_H */
