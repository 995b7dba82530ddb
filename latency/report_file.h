/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report_file.h - write a report to a file or a stream
 *
 * A regular file is replaced as a whole, so that no reader sees a part of a report.
 * If the path is a symbolic link, the target of the link is replaced.  Anything
 * else (a device, a pipe, the standard output of the program) is a stream: the
 * report is written to it.
 */
#ifndef PROC_LATENCY_REPORT_FILE_H
#define PROC_LATENCY_REPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/** report_is_stream() - check whether @path can only be written to, not replaced */
bool report_is_stream(const char *path);

/**
 * report_put() - write a report
 * @path:	path of the file or stream
 * @text:	text of the report
 * @size:	length of the text, bytes
 *
 * Return: 0, or -errno when the report was not written, or not to its end.
 */
int report_put(const char *path, const char *text, size_t size);

#endif /* PROC_LATENCY_REPORT_FILE_H */
