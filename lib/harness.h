/* SPDX-License-Identifier: GPL-2.0 */
/*
 * harness.h - the kselftest harness, as the tests use it
 *
 * Only programs and their tests include it: it defines functions.
 */
#ifndef PROC_LIB_HARNESS_H
#define PROC_LIB_HARNESS_H

#include "../../kselftest_harness.h"

#if defined(__GNUC__) && !defined(__clang__)
/* gcc warns of variables of a test that are live across the harness's setjmp(). */
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/*
 * Seconds after which a test is killed.  The harness has 30, which a test that is never stuck
 * may take on a machine that runs a tenth of the time.  Half of what a program has for all of
 * its tests (the file settings), so that the test that is stuck is named.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 60

#endif /* PROC_LIB_HARNESS_H */
