/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util.h - macros that the kernel has in headers which user space cannot include
 */
#ifndef PROC_LIB_UTIL_H
#define PROC_LIB_UTIL_H

/* kselftest.h defines it as well. */
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif /* PROC_LIB_UTIL_H */
