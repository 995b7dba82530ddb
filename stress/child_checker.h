/* SPDX-License-Identifier: GPL-2.0 */
/*
 * child_checker.h - read children of a process under stress, and check the readings
 *
 * A child must show layouts of one instant of its parent.  A reading across an exec
 * must be one of the old or of the new program.
 */
#ifndef PROC_STRESS_CHILD_CHECKER_H
#define PROC_STRESS_CHILD_CHECKER_H

#include <stdbool.h>
#include <stdint.h>

#include "target.h"
#include "../lib/clock.h"
#include "../model/check.h"
#include "../model/counters.h"
#include "../tearing/context.h"

/*
 * Timeout from the end of the mappings of a killed process to its exit, in ns.
 */
#define STRESS_DIE_NS NSEC_PER_SEC

/**
 * struct child_checker - reader and oracle of the children
 * @context: context with layouts and a reading of its own, for a child instead of
 *	the modifier
 * @counters: counters of readings of children that do not execute a program
 * @old:	number of readings of the program before an exec
 * @fresh:	number of readings of the program after an exec
 * @empty:	number of readings without a line, which came too late
 */
struct child_checker {
	struct context context;
	struct counters counters;
	uint64_t old, fresh, empty;
};

/**
 * checker_build() - build a context like that of the target, with layouts of its own
 * @checker:	zeroed; checker_free() is due in either case
 * @context:	context of the target
 *
 * Return: false without memory.
 */
bool checker_build(struct child_checker *checker, const struct context *context);

/** checker_free() - free what checker_build() has allocated, in any state */
void checker_free(struct child_checker *checker);

/**
 * read_children() - read each child that waits for its reader
 * @checker: its context holds the reading that is checked
 * @context: context of the target
 * @stress: shared state
 * @result: set to the result of the first illegal reading
 *
 * Return: 0, -errno, or 1 with @result.
 */
int read_children(struct child_checker *checker, const struct context *context,
		  struct stress *stress, struct check_result *result);

#endif /* PROC_STRESS_CHILD_CHECKER_H */
