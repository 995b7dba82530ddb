/* SPDX-License-Identifier: GPL-2.0 */
/*
 * evidence.h - print the counters of a test and the evidence of a violation
 *
 * Each line begins with "# ", so that no parser of test reports takes it for a result.
 * The evidence of a violation is complete: the rule, the records around the offending
 * one, the records that would have been legal there, the layouts as pictures, and the
 * command that repeats the test.
 */
#ifndef PROC_TEARING_EVIDENCE_H
#define PROC_TEARING_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../model/check.h"
#include "../model/counters.h"
#include "context.h"

/**
 * reproduce_command() - compose the command that repeats one test
 * @fixture:	name of the fixture
 * @variant:	name of the variant, or ""
 * @test:	name of the test
 * @seed:	seed of what is random in the test
 *
 * Return: the command, in a static buffer.
 */
const char *reproduce_command(const char *fixture, const char *variant,
			      const char *test, uint64_t seed);

/** counters_print() - print the counters, in one line of fixed form. */
void counters_print(const struct counters *counters, const char *what,
		    uint32_t transitions);

/** evidence_pictures() - print the layouts of a change as pictures. */
void evidence_pictures(const struct context *context);

/**
 * evidence_print() - print the evidence of a violation
 * @context:	test context; its modifier has been ended
 * @result:	check that found the violation
 * @how:	interleaving mode and circumstances
 * @reproduce:	command that repeats this test
 */
void evidence_print(struct context *context, const struct check_result *result,
		    const char *how, const char *reproduce);

/**
 * known_bug_shows() - check whether a violation has the signature of the known bug
 * @context:	test context with the reading; its oracle's state is lost
 *
 * Each test that finds the signature prints it.  The test of the known bug may not be
 * selected to run, and may not reproduce it.
 *
 * Return: whether it has; then that is printed, and *@known_bug_seen is set.
 */
bool known_bug_shows(struct context *context);

#endif /* PROC_TEARING_EVIDENCE_H */
