/* SPDX-License-Identifier: GPL-2.0 */
/*
 * print.h - TAP diagnostics on standard output
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
