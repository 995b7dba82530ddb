/* SPDX-License-Identifier: GPL-2.0 */
/*
 * evidence.h - what a violation rests on, in lines that no bot takes for a result
 *
 * Each line begins with "# ".  A failure is complete: the rule, the lines around
 * the spot, what would have been legal there, the layouts as pictures, and how to
 * reproduce it.
 */
#ifndef PROC_TEARING_EVIDENCE_H
#define PROC_TEARING_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../model/judge.h"
#include "../model/tally.h"
#include "context.h"
#include "run.h"

/** counters_print() - the counters, in one line of fixed form. */
void counters_print(const struct counters *counters, const char *what,
		    uint32_t transitions);

void evidence_pictures(const struct context *context);

/**
 * evidence_print() - everything needed to argue with a failure
 * @context:	the scene; its modifier has been ended
 * @result:	what was found
 * @how:	driver and circumstances
 * @again:	arguments that run just this test again
 */
void evidence_print(struct context *context, const struct check_result *result,
		    const char *how, const char *again);

/**
 * known_bug_shows() - is it the known bug that an illegal reading shows?
 * @context:	with the reading; what the oracle knows of it is lost
 *
 * Whichever test sees it says what it is: the one that is made for it may not be
 * among those that are run, or meet it less often.
 *
 * Return: whether it is; then it is printed.
 */
bool known_bug_shows(struct context *context);

#endif /* PROC_TEARING_EVIDENCE_H */
