/* SPDX-License-Identifier: GPL-2.0 */
/*
 * monitor_report.h - what is said of a monitor, in 15 lines
 */
#ifndef PROC_BENCH_MONITOR_REPORT_H
#define PROC_BENCH_MONITOR_REPORT_H

#include <stddef.h>

#include "monitor_trial.h"

/* Number of arguments of a command that is tried instead; arbitrary. */
#define INSTEAD_ARGUMENTS 64

/**
 * struct instead - a command that shows less and may be harmless
 * @argv:	the command
 * @text:	memory of the argument that is different
 */
struct instead {
	char *argv[INSTEAD_ARGUMENTS + 1];
	char text[256];
};

/** command_text() - write a command as a line of a shell has it, without quotes */
void command_text(char *const *argv, char *text, size_t size);

/** report_head() - print the verdict, and how it was found */
void report_head(const struct monitor *monitor, const char *blind);

/** report_operations() - print the times of each operation, and how many slept */
void report_operations(const struct monitor *monitor);

/** report_diagnosis() - print the lock and the file */
void report_diagnosis(const struct monitor *monitor);

/** report_pass() - print what was read, and what that cost */
void report_pass(const struct monitor *monitor);

/**
 * report_release() - print since which release a file is read without mmap_lock
 * @monitor:	with a diagnosis
 */
void report_release(const struct monitor *monitor);

/**
 * instead_of() - find a command that reads a file without locks
 * @monitor:	with a diagnosis
 * @instead:	filled in
 *
 * Either an option of a known program is left out, or the name of the file in an
 * argument is replaced.
 *
 * Return: whether there is one.
 */
bool instead_of(const struct monitor *monitor, struct instead *instead);

#endif /* PROC_BENCH_MONITOR_REPORT_H */
