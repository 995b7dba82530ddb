// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context.h"
#include "../lib/futex.h"
#include "stage.h"

/* What a file does not tell is taken out of a layout: see struct file_kind. */
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
 * Reads maps, which has all fields, into @context->rest.  Nothing may be allocated
 * from here on: in a process that reads its own maps, that is a change.
 */
static int context_learn(struct context *context, const char *dir, unsigned int space)
{
	struct reader maps = { .kind = &file_maps, .buffer = 1 << 16 };
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

/* Room for @spans spans in each layout. */
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

/* The files A and B, A for reading only, and one with a name of @pad letters. */
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

int context_start(struct context *context, const struct change *change,
		  const struct file_kind *kind,
		  const struct context_options *options)
{
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

	context->failed = "changer";
	err = options->own ? -pthread_create(&context->thread, NULL,
					     modifier_thread, race) :
			     child_start(&context->child, modifier_process, race);
	context->threaded = options->own && !err;
	if (!err)
		err = futex_await(&race->ready, 0, 2 * MODIFIER_TIMEOUT_NS);
	if (!err)
		err = race->error;
	if (err)
		return err;

	context->failed = "file";
	context->reader.kind = kind;
	context->reader.buffer = 1 << 16;
	context->reader.seq = &race->seq;
	snprintf(dir, sizeof(dir), options->task ? "%d/task/%d" : "%d",
		 options->own ? getpid() : context->child.pid, context->child.pid);
	err = context_learn(context, dir, lines);
	if (!err)
		err = reader_open(&context->reader, dir);
	if (err)
		return err;

	for (k = 0; k < change->nr; k++) {
		struct layout *layout = &context->layout[k];

		stage_layout(&race->stage, &context->rest, k, layout);
		context->oracle.via[k] = change->op[k].via;
		layout_as_seen(layout, kind);
	}
	context->oracle.layout = context->layout;
	context->oracle.nr = change->nr;
	context->oracle.fields = kind->fields;
	context->failed = NULL;
	return 0;
}

int context_end(struct context *context)
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
