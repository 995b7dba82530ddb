// SPDX-License-Identifier: GPL-2.0
/*
 * context.c - begin and end of a test context
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context.h"
#include "../lib/clock.h"
#include "../lib/futex.h"
#include "../lib/print.h"
#include "program.h"
#include "stage.h"
#include "watchdog.h"

const struct context_options plain_options = { .seed = 1 };

struct context_options race_options(void)
{
	return (struct context_options){
		.seed = seed_from_env(),
		.inject = race_fault_from_env(),
	};
}

/* Remove from a layout what a file does not show: see struct file_kind. */
static void layout_as_seen(struct layout *layout, const struct file_kind *kind)
{
	unsigned int i, n = 0;

	for (i = 0; i < layout->nr; i++) {
		struct span *span = &layout->span[i];

		if (!kind->gate_vma && span_is_gate_vma(span))
			continue;
		if (kind->rename)
			kind->rename(span);
		layout->span[n++] = *span;
	}
	layout->nr = n;
}

/*
 * Read maps, which has all fields, into @context->rest; return 0 or -errno.  No memory
 * may be allocated from here on: it could be a new mapping of a process that reads its
 * own maps.
 */
static int context_learn(struct context *context, const char *dir, unsigned int space)
{
	struct reader maps = { .kind = &file_maps, .buffer = READER_BUFFER };
	struct layout *rest = &context->rest;
	struct cursor cursor = { 0 };
	int err = reader_open(&maps, dir);

	if (!err)
		err = reading_take(&maps, &context->reading);
	reader_close(&maps);
	while (!err && reading_next(maps.kind, &context->reading, &cursor,
				    &rest->span[rest->nr]) == PARSE_SPAN)
		if (++rest->nr == space)
			err = -ENOSPC;
	return err;
}

/* Allocate space for @spans spans in each layout, and for a reading of them. */
static bool context_alloc(struct context *context, unsigned int spans,
			  unsigned int layouts)
{
	unsigned int k;

	context->rest.span = calloc(spans, sizeof(struct span));
	for (k = 0; k < layouts; k++) {
		context->layout[k].span = calloc(spans + STAGE_PAGES,
						 sizeof(struct span));
		if (!context->layout[k].span)
			return false;
	}
	return context->rest.span &&
	       reading_alloc(&context->reading, CONTEXT_TEXT(spans),
			     CONTEXT_TEXT(spans) / 32);
}

static void *modifier_thread(void *arg)
{
	modifier(arg);
	return NULL;
}

/* Create the stage's files; the name of the padding file has @pad letters. */
static void context_files(struct race *race, unsigned int pad)
{
	char name[SPAN_NAME] = "", path[32];

	memset(name, 'z', pad);
	race->file[0] = syscall(SYS_memfd_create, "A", 0);
	race->file[1] = syscall(SYS_memfd_create, "B", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", race->file[0]);
	race->file[STAGE_READ_ONLY] = open(path, O_RDONLY);
	race->file[STAGE_PAD] = pad ? syscall(SYS_memfd_create, name, 0) : -1;
}

int context_step(struct context *context, unsigned int steps)
{
	return race_step(context->race, steps);
}

struct check_result context_check(struct context *context)
{
	return check_reading(&context->oracle, context->reader.kind, &context->reading);
}

int context_check_rest(struct context *context, struct check_result *result)
{
	unsigned int k;
	int err = 0;

	for (k = 0; k < 2 * context->oracle.nr && !err; k++) {
		err = reading_take(&context->reader, &context->reading);
		if (err)
			break;
		*result = context_check(context);
		if (result->rule)
			return 1;
		err = context_step(context, 1);
	}
	return err;
}

/* Start the modifier and wait until its stage is built; return 0 or -errno. */
static int context_start_modifier(struct context *context, bool threaded)
{
	struct race *race = context->race;
	int err = threaded ? -pthread_create(&context->thread, NULL,
					     modifier_thread, race) :
			     child_start(&context->child, modifier_process, race);

	context->threaded = threaded && !err;
	if (!err)
		err = futex_await(&race->ready, 0, MODIFIER_TIMEOUT_NS,
				  context->child.pid);
	return err ? err : race->error;
}

/* Derive the layouts of the change as the file shows them, and set up the oracle. */
static void context_derive(struct context *context, const struct change *change,
			   const struct file_kind *kind)
{
	unsigned int k;

	for (k = 0; k < change->nr; k++) {
		struct layout *layout = &context->layout[k];

		stage_layout(&context->race->stage, &context->rest, k, layout);
		context->oracle.via[k] = change->op[k].via;
		layout_as_seen(layout, kind);
	}
	context->oracle.layout = context->layout;
	context->oracle.nr = change->nr;
	context->oracle.fields = kind->fields;
}

int context_start(struct context *context, const struct change *change,
		  const struct file_kind *kind,
		  const struct context_options *options)
{
	/* The program itself, its libraries and the kernel's mappings have fewer than 256. */
	unsigned int k, lines = options->fillers + 256;
	struct race *race = shared_alloc(sizeof(*race));
	char dir[48];
	int err;

	context->failed = "memory";
	context->reader.fd = -1;
	context->race = race;
	for (k = 0; race && k < STAGE_FILES; k++)
		race->file[k] = -1;
	if (!race || !context_alloc(context, lines, change->nr))
		return -ENOMEM;
	race->change = change;
	race->fillers = options->fillers;
	race->seed = options->seed;
	race->inject = options->inject;
	race->unit = options->unit;
	race->background = options->background;
	context_files(race, options->pad);

	context->failed = "modifier";
	err = context_start_modifier(context, options->own);
	if (err)
		return err;

	context->failed = "file";
	context->reader.kind = kind;
	context->reader.buffer = READER_BUFFER;
	context->reader.seq = &race->seq;
	snprintf(dir, sizeof(dir), options->task ? "%d/task/%d" : "%d",
		 options->own ? getpid() : context->child.pid, context->child.pid);
	err = context_learn(context, dir, lines);
	if (!err)
		err = reader_open(&context->reader, dir);
	if (err)
		return err;

	context_derive(context, change, kind);
	context->failed = NULL;
	return 0;
}

bool file_is_missing(const struct context *context, int err)
{
	return context->failed && !strcmp(context->failed, "file") &&
	       (err == -ENOENT || err == -ENOTTY || err == -EACCES ||
		err == -EPERM);
}

bool change_is_refused(const struct context *context, const struct change *change,
		       int err)
{
	siginfo_t info = { 0 };

	if (!change->needs || err >= 0 || !context->race)
		return false;
	if (context->race->error)
		return true;
	return context->child.pid > 0 &&
	       !waitid(P_PID, context->child.pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

void context_end_modifier(struct context *context)
{
	/* A thread ends by itself. */
	context->race->stop = true;
	child_kill(&context->child);
}

/*
 * End the modifier, free the test context and zero it.  Return 0, or -ETIMEDOUT where
 * the modifier was killed and has not ended.
 */
static int context_end(struct context *context)
{
	int err = child_kill(&context->child);
	unsigned int k;

	if (context->threaded) {
		context->race->stop = true;
		futex_store(&context->race->limit, RACE_FREE);
		pthread_join(context->thread, NULL);
	}
	reading_free(&context->reading);
	free(context->rest.span);
	for (k = 0; k < ORACLE_LAYOUTS; k++)
		free(context->layout[k].span);
	if (context->race) {
		reader_close(&context->reader);
		for (k = 0; k < STAGE_FILES; k++)
			if (context->race->file[k] >= 0)
				close(context->race->file[k]);
		munmap(context->race, sizeof(*context->race));
	}
	memset(context, 0, sizeof(*context));
	return err;
}

int context_over(struct context *context)
{
	pid_t pid = context->child.pid;
	unsigned int i;

	if (!context_end(context))
		return 0;
	for (i = 0; i < STUCK_POLLS; i++) {
		/* A modifier that only waits for a CPU is no failure. */
		if (!watchdog_is_blocked(pid))
			return 0;
		sleep_ns(WATCHDOG_POLL_NS);
	}
	diag("RULE BROKEN: the modifier was killed, and is held in the kernel");
	watchdog_print("modifier", pid);
	return -ETIMEDOUT;
}
