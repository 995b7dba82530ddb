/* SPDX-License-Identifier: GPL-2.0 */
/*
 * context.h - a change, a file that shows it, and the oracle for its readings
 *
 * What stepped and racing tests have in common: start the modifier, learn which
 * mappings are constant, derive the layouts, and check that the file at rest
 * shows each layout.  That check replaces expectations written by hand.  It also
 * keeps the oracle honest: a picture that the kernel does not draw is found
 * before any race begins.
 */
#ifndef PROC_TEARING_CONTEXT_H
#define PROC_TEARING_CONTEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/child.h"
#include "../model/change.h"
#include "../model/judge.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "modifier.h"
#include "reader.h"

/* Text of a pass over a process with @n mappings: smaps has ~900 bytes each. */
#define CONTEXT_TEXT(n) ((n) * 1200UL)

/**
 * struct context_options - what most test contexts leave at 0
 * @seed:	of all that is random in the modifier
 * @inject:	see inject_fault()
 * @fillers:	mappings before the stage
 * @pad:	length of the name of the first of them, which is a file then
 * @task:	read /proc/PID/task/TID/...
 * @own:	the modifier is a thread of this process, which reads its own file
 * @unit:	bytes for each character of a picture; 0 for a page
 * @background:	what else the modifier's process does
 */
struct context_options {
	uint64_t seed;
	char inject;
	unsigned int fillers;
	unsigned int pad;
	bool task;
	bool own;
	size_t unit;
	struct background background;
};

/**
 * struct context - everything a test holds
 * @race:	shared with the modifier
 * @child:	the modifier
 * @thread:	the modifier, where it is a thread
 * @threaded:	it is
 * @reader:	how the file is read
 * @reading:	the pass being judged
 * @oracle:	the judge
 * @rest:	the address space around the stage
 * @layout:	one for each layout of the change
 * @urgent:	reader and modifier run before anybody else
 * @one_call:	readings shall be one read() each, of the stage alone
 * @near:	bytes of text that reach the guard above the stage; 0: not measured
 * @unpictured:	layouts are not those of the change's pictures
 * @failed:	what failed in context_start(), for people
 */
struct context {
	struct race *race;
	struct child child;
	pthread_t thread;
	bool threaded;
	struct reader reader;
	struct reading reading;
	struct oracle oracle;
	struct layout rest;
	struct layout layout[ORACLE_LAYOUTS];
	bool urgent;
	bool one_call;
	size_t near;
	bool unpictured;
	const char *failed;
};

/** context_step() - the frozen modifier makes @steps transitions. */
int context_step(struct context *context, unsigned int steps);

/** context_check() - judge the reading that was taken. */
struct check_result context_check(struct context *context);

/**
 * context_check_rest() - at rest, each layout must be shown as it was drawn
 * @context:	the scene; the modifier is frozen
 * @result:	of the reading that differs, if any
 *
 * Two cycles through all layouts: a layout that was made by a transition may not
 * be what it was when the stage was built.
 *
 * Return: 0, -errno of the modifier or the reader, or 1 with @result.
 */
int context_check_rest(struct context *context, struct check_result *result);

/**
 * context_start() - start the modifier and derive the layouts
 * @context:	zeroed
 * @change:	which change
 * @kind:	which file
 * @options:	how
 *
 * Return: 0, or -errno; then @context->failed says of what.
 */
int context_start(struct context *context, const struct change *change,
		  const struct file_kind *kind,
		  const struct context_options *options);

/**
 * context_end() - end the modifier, and leave the scene zeroed
 * @context:	in any state
 *
 * Return: 0, or -ETIMEDOUT where the modifier was killed and does not go.
 */
int context_end(struct context *context);

#endif /* PROC_TEARING_CONTEXT_H */
