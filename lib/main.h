/* SPDX-License-Identifier: GPL-2.0 */
/*
 * main.h - the end of a program of tests, which has a main() of its own
 *
 * Included behind all tests, since older harnesses know the last one by its place.
 */
#ifndef PROC_LIB_MAIN_H
#define PROC_LIB_MAIN_H

/* The program's main() calls that of the harness. */
#define main harness_main
TEST_HARNESS_MAIN
#undef main

/*
 * Run the tests.  @missing is NULL, or a constant reason why none can run.  Return the
 * exit status.
 */
static int run_or_skip(const char *missing, int argc, char **argv)
{
	if (missing) {
		ksft_print_header();
		ksft_exit_skip("%s\n", missing);
	}
	return harness_main(argc, argv);
}

#endif /* PROC_LIB_MAIN_H */
