/* SPDX-License-Identifier: GPL-2.0 */
/*
 * context.h - the test context: a change, a file that shows it, and its oracle
 *
 * context_start() starts the modifier, learns the mappings outside the stage, which
 * are constant, and derives the layouts.  context_check_rest() checks that the file
 * shows each layout while the modifier is frozen.  No expectation is written by hand:
 * a picture that the kernel does not draw is found before any race begins.
 */
#ifndef PROC_TEARING_CONTEXT_H
#define PROC_TEARING_CONTEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/child.h"
#include "../model/change.h"
#include "../model/check.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "modifier.h"
#include "reader.h"

/*
 * Bytes of text that a reading of a process with @n mappings may have.  A record of
 * smaps, the longest one, has about 900 bytes.
 */
#define CONTEXT_TEXT(n) ((n) * 1200UL)

/**
 * struct context_options - options that are 0 in most test contexts
 * @seed:	seed of the modifier's random delays
 * @inject:	injected fault, see inject_fault(); 0 for none
 * @fillers:	number of filler mappings before the stage
 * @pad:	length of the name of the first filler, which is a file then; 0 for none
 * @task:	read /proc/PID/task/TID/...
 * @own:	the modifier is a thread of this process, which reads its own file
 * @unit:	bytes for each character of a picture; 0 for a page
 * @background:	operations of the modifier's process beside its transitions
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
 * struct context - the test context
 * @race:	memory that is shared with the modifier
 * @child:	the modifier's process; unused where it is a thread
 * @thread:	the modifier's thread
 * @threaded:	the modifier is a thread
 * @reader:	the file, and how it is read
 * @reading:	the reading that is checked
 * @oracle:	layouts and state of a check
 * @rest:	address space as read while the first layout was in place
 * @layout:	address space for each layout of the change, as @reader's file shows it
 * @urgent:	reader and modifier have real-time priority
 * @one_call:	a reading is one read(), up to the guard above the stage
 * @near:	bytes of text up to the guard above the stage; 0 until measured
 * @unpictured:	the layouts are not those of the change's pictures
 * @failed:	step of context_start() that failed, in words; NULL for none
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

/* Options of a test context in which nothing is random. */
extern const struct context_options plain_options;

/** race_options() - take the seed and the injected fault from the environment. */
struct context_options race_options(void);

/** context_step() - have the frozen modifier make @steps transitions; see race_step(). */
int context_step(struct context *context, unsigned int steps);

/** context_check() - check the reading that was taken. */
struct check_result context_check(struct context *context);

/**
 * context_check_rest() - check that the file shows each layout as its picture has it
 * @context:	the test context; the modifier is frozen
 * @result:	filled in with the last check
 *
 * Each layout is read in two cycles: a layout that transitions have made may differ
 * from the one that stage_setup() has built.
 *
 * Return: 0, -errno of the modifier or the reader, or 1 where @result is a violation.
 */
int context_check_rest(struct context *context, struct check_result *result);

/**
 * context_start() - start the modifier and derive the layouts
 * @context:	zeroed
 * @change:	table entry of the change
 * @kind:	file to read
 * @options:	options
 *
 * Return: 0, or -errno; then @context->failed names the step that failed.
 */
int context_start(struct context *context, const struct change *change,
		  const struct file_kind *kind,
		  const struct context_options *options);

/**
 * file_is_missing() - check whether context_start() failed for want of the file
 * @context:	the test context
 * @err:	what context_start() has returned
 *
 * Return: true where this kernel has no such file, or this user may not open it.
 */
bool file_is_missing(const struct context *context, int err);

/**
 * change_is_refused() - check whether the kernel refuses a change
 * @context:	the test context
 * @change:	table entry of the change
 * @err:	what context_start() or context_check_rest() has returned
 *
 * Only a change with a reason in @change->needs may be refused.  Errors of the reader
 * are failures.
 *
 * Return: true where the modifier reports an error, or has died.
 */
bool change_is_refused(const struct context *context, const struct change *change,
		       int err);

/**
 * context_end_modifier() - end the modifier
 * @context:	the test context
 *
 * To be called before a violation is printed: the modifier's process would use CPU
 * time meanwhile.  A modifier that is a thread is only asked to end.
 */
void context_end_modifier(struct context *context);

/**
 * context_over() - end the modifier, free the test context and zero it
 * @context:	in any state
 *
 * Return: 0, or -ETIMEDOUT where the modifier was killed and the kernel holds it in an
 * uninterruptible sleep; that is printed.
 */
int context_over(struct context *context);

#endif /* PROC_TEARING_CONTEXT_H */
