/* SPDX-License-Identifier: GPL-2.0 */
/*
 * print.h - diagnostics on standard output
 *
 * Each line begins with "# ", and is flushed, since the harness ends a test by
 * _exit().
 */
#ifndef PROC_LIB_PRINT_H
#define PROC_LIB_PRINT_H

void diag(const char *format, ...);

#endif /* PROC_LIB_PRINT_H */
