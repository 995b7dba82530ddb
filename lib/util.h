/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util.h - macros without a better place
 */
#ifndef PROC_LIB_UTIL_H
#define PROC_LIB_UTIL_H

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif /* PROC_LIB_UTIL_H */
