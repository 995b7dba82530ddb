/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limits.h - resource limits that leave no space for the tests
 */
#ifndef PROC_LIB_LIMITS_H
#define PROC_LIB_LIMITS_H

/**
 * limits_missing() - do this process's limits leave room for the tests?
 *
 * Where they do not, nothing that fails later says anything about readings.  The
 * harness itself needs children, so this is to be asked before it starts.  Leaves
 * behind whatever policy of the scheduler was inherited.
 *
 * Return: NULL, or the reason why not, in words that do not vary.
 */
const char *limits_missing(void);

#endif /* PROC_LIB_LIMITS_H */
