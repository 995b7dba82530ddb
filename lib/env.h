/* SPDX-License-Identifier: GPL-2.0 */
/*
 * env.h - environment variables
 */
#ifndef PROC_LIB_ENV_H
#define PROC_LIB_ENV_H

#include <stdbool.h>
#include <stdint.h>

/* Timeout of a program in seconds; the same number as in the file "settings". */
#define RUNNER_TIMEOUT 120.0

/**
 * env_value() - read an environment variable
 * @name:	its name
 *
 * The job definitions of CI systems export variables without a value as well.
 *
 * Return: its value; NULL if it is unset, empty, 0, n, no, off or false.
 */
const char *env_value(const char *name);

/**
 * env_error() - check PLANT and SEED for values that have no meaning
 *
 * A misspelt fault or seed would otherwise run as if the variable were not set.
 *
 * Return: NULL, or a constant text that names the error.
 */
const char *env_error(void);

/** env_fault() - check whether PLANT names this injected fault */
bool env_fault(const char *name);

/**
 * seed_from_env() - take the seed from SEED
 *
 * Return: the seed, which is not 0; one of the clock, of nine digits at most, if SEED is
 * unset or 0.
 */
uint64_t seed_from_env(void);

/**
 * runner_timeout() - get the timeout of the program in this run
 *
 * Return: seconds: kselftest_override_timeout, or RUNNER_TIMEOUT if that is not
 * set; 0 for none.
 */
double runner_timeout(void);

/**
 * env_number() - read a number from an environment variable
 * @name:	its name
 * @fallback:	the number if the variable is unset, empty or invalid
 *
 * Prints a diagnostic if the value is invalid.
 *
 * Return: the number, which is not negative unless @fallback is.
 */
long env_number(const char *name, long fallback);

#endif /* PROC_LIB_ENV_H */
