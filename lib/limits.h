/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limits.h - check of the resource limits that the tests need
 */
#ifndef PROC_LIB_LIMITS_H
#define PROC_LIB_LIMITS_H

/**
 * limits_missing() - check whether the limits of this process suffice for the tests
 *
 * If they do not, a later failure says nothing about readings.  The harness needs
 * children itself, so this must be called before it starts.  Resets an inherited
 * scheduling policy, see policy_reset().
 *
 * Return: NULL, or a constant text that names the limit.
 */
const char *limits_missing(void);

#endif /* PROC_LIB_LIMITS_H */
