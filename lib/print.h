/* SPDX-License-Identifier: GPL-2.0 */
/*
 * print.h - TAP diagnostics on standard output
 *
 * Each purpose has one way to print:
 *
 *	results, skips and failed assertions	the macros of the harness
 *	all else that a test says		diag()
 *	the report of a benchmark, not TAP	printf()
 *	the reason of a program that gives up	fprintf() to stderr
 *	files, as of /proc and cgroups		dprintf() and write()
 */
#ifndef PROC_LIB_PRINT_H
#define PROC_LIB_PRINT_H

/**
 * diag() - print a diagnostic line
 * @format:	as for printf(), without the newline
 *
 * The line begins with "# ".  It is flushed at once, since the harness ends a test
 * with _exit(), which does not flush.
 */
void diag(const char *format, ...);

#endif /* PROC_LIB_PRINT_H */
