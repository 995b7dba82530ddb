/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel_log.h - warnings and bug reports in the kernel log
 *
 * A test during which the kernel reports a bug of its own fails, whatever was read.
 */
#ifndef PROC_LIB_KERNEL_LOG_H
#define PROC_LIB_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct kernel_log - state of the kernel-log monitor
 * @taint:	bits of /proc/sys/kernel/tainted at the last poll
 * @fd:		/dev/kmsg, behind its last record; -1 if it cannot be read
 * @whole:	true if complaints about all tasks count, and reports of hangs that
 *		name this program as well: other tasks hang where a host pauses a CPU;
 *		false if only complaints that name this program count
 * @pending:	true if a complaint was read whose report has not named a task yet
 * @since_us:	time of the pending complaint in the log, in microseconds
 * @complaint:	first line of the pending complaint, or of the last that counts
 */
struct kernel_log {
	unsigned long taint;
	int fd;
	bool whole;
	bool pending;
	uint64_t since_us;
	char complaint[256];
};

/**
 * kernel_log_begin() - start to monitor the kernel log
 * @kernel_log:	filled in; must be passed to kernel_log_end()
 * @whole:	see struct kernel_log
 */
void kernel_log_begin(struct kernel_log *kernel_log, bool whole);

/**
 * kernel_log_is_complaint() - check whether a line reports a bug of the kernel
 * @kernel_log:	tells whether reports of hangs count
 * @line:	the line
 *
 * Return: true if it does; false for reports on the hardware or on a program.
 */
bool kernel_log_is_complaint(const struct kernel_log *kernel_log, const char *line);

/**
 * kernel_log_add() - process one record of the log
 * @kernel_log:	keeps a pending complaint from one record to the next
 * @record:	"priority,number,microseconds,flags;text", possibly of several lines
 *
 * A record holds one line of a report, which need not name the task.  The first
 * later record that names a task decides whether the complaint counts.  If the
 * report ends before, the complaint does not count.  A data race (KCSAN) counts if one of
 * its two stacks is that of a reader of mappings, in any program.
 *
 * Return: true if a complaint counts; its text is in @kernel_log->complaint.
 */
bool kernel_log_add(struct kernel_log *kernel_log, const char *record);

/**
 * kernel_log_poll() - look for complaints since the last poll
 * @kernel_log:	after kernel_log_begin()
 * @buf:	filled with the first complaint
 * @size:	size of @buf in bytes
 *
 * Return: true if there was one.
 */
bool kernel_log_poll(struct kernel_log *kernel_log, char *buf, size_t size);

/**
 * kernel_log_end() - poll for the last time, and stop monitoring
 * @kernel_log:	after kernel_log_begin()
 * @buf:	filled with the first complaint
 * @size:	size of @buf in bytes
 *
 * Return: true if there was one.
 */
bool kernel_log_end(struct kernel_log *kernel_log, char *buf, size_t size);

#endif /* PROC_LIB_KERNEL_LOG_H */
