/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel_log.h - complaints of the kernel about itself
 *
 * A kernel that warns of what a test did has failed the test, whatever was read.
 */
#ifndef PROC_LIB_KERNEL_LOG_H
#define PROC_LIB_KERNEL_LOG_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct kernel_log - the kernel's state of mind when a test began
 * @taint:	/proc/sys/kernel/tainted
 * @log:	/dev/kmsg, behind its last record; -1 where it may not be read
 * @whole:	the whole machine is meant: a complaint counts whoever it is about,
 *		and that somebody waits long is one, too; else only those that
 *		name this program
 * @pending:	a complaint was heard, and not yet of which task it is...
 * @since_us:	...at this time of the log
 * @said:	the first line of that one, or of the one that counts
 */
struct kernel_log {
	unsigned long taint;
	int log;
	bool whole;
	bool pending;
	uint64_t since_us;
	char said[256];
};

/** kernel_log_begin() - from here on complaints count; @whole: see struct kernel_log. */
void kernel_log_begin(struct kernel_log *kernel_log, bool whole);

/* Does the kernel complain of itself?  Not: of the machine, of a program. */
bool kernel_log_is_complaint(const struct kernel_log *kernel_log, const char *line);

/**
 * kernel_log_add() - a record of the log
 * @kernel_log:	remembers a complaint of which the task is not named yet
 * @record:	"priority,number,microseconds,flags;text", more lines perhaps
 *
 * A record is one line of a report, which need not name the task.  The first one
 * below that names any decides; where the report is over there is none.
 *
 * Return: whether there was a complaint that counts; then @kernel_log->said is it.
 */
bool kernel_log_add(struct kernel_log *kernel_log, const char *record);

/**
 * kernel_log_poll() - has the kernel complained since the last look?
 * @kernel_log:	after kernel_log_begin()
 * @buf:	filled with the first complaint
 * @size:	how much fits
 *
 * Return: whether it has.
 */
bool kernel_log_poll(struct kernel_log *kernel_log, char *buf, size_t size);

/** kernel_log_end() - the same for the last time. */
bool kernel_log_end(struct kernel_log *kernel_log, char *buf, size_t size);

#endif /* PROC_LIB_KERNEL_LOG_H */
