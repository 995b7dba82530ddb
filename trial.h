/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial.h - a change, a file that tells of it, and the judge of its readings
 *
 * What the stepped and the racing tests have in common: start the changer, learn
 * what is constant, derive the layouts, and convince oneself that at rest the
 * file shows each of them.  That last step replaces hand-made expectations, and
 * it keeps the oracle honest: a picture that the kernel does not draw is found
 * before anything races.
 */
#ifndef PROC_TRIAL_H
#define PROC_TRIAL_H

#include "judge.h"
#include "race.h"

/* Text of a pass over a process with @n mappings: smaps has ~900 bytes each. */
#define TRIAL_TEXT(n) ((n) * 1200UL)

/**
 * struct trial_options - what most trials leave at 0
 * @seed:	of all that is random in the changer
 * @cheat:	see changer_cheat()
 * @fillers:	mappings before the stage
 * @pad:	length of the name of the first of them, which is a file then
 * @task:	read /proc/PID/task/TID/...
 * @own:	the changer is a thread of this process, which reads its own file
 */
struct trial_options {
	uint64_t seed;
	char cheat;
	unsigned int fillers;
	unsigned int pad;
	bool task;
	bool own;
};

/**
 * struct trial - everything a test holds
 * @race:	shared with the changer
 * @peer:	the changer
 * @thread:	the changer, where it is a thread
 * @reader:	how the file is read
 * @reading:	the pass being judged
 * @oracle:	the judge
 * @rest:	the address space around the stage
 * @layout:	one for each layout of the change
 * @one_call:	readings shall be one read() each, of the stage alone
 * @failed:	what failed in trial_start(), for people
 */
struct trial {
	struct race *race;
	struct peer peer;
	pthread_t thread;
	struct reader reader;
	struct reading reading;
	struct oracle oracle;
	struct layout rest;
	struct layout layout[ORACLE_LAYOUTS];
	bool one_call;
	const char *failed;
};

/* What a file does not tell is taken out of a layout: see struct file_kind. */
static inline void layout_as_seen(struct layout *layout,
				  const struct file_kind *kind)
{
	unsigned int i, n = 0;

	for (i = 0; i < layout->nr; i++) {
		struct span *span = &layout->span[i];

		if (!kind->gate && !strcmp(span->name, "[vsyscall]"))
			continue;
		if (kind == &file_numa_maps)
			numa_name(span);
		layout->span[n++] = *span;
	}
	layout->nr = n;
}

/* Reads maps, which has all fields, into @trial->rest. */
static inline int trial_learn(struct trial *trial, const char *dir)
{
	struct reader maps = { .kind = &file_maps, .buffer = 1 << 16 };
	struct layout *rest = &trial->rest;
	struct cursor cursor = { 0 };
	int err = reader_open(&maps, dir);
	unsigned int room = 0;

	if (!err)
		err = reading_take(&maps, &trial->reading);
	reader_close(&maps);
	while (!err) {
		if (rest->nr == room) {
			void *p;

			room = room ? 2 * room : 256;
			p = realloc(rest->span, room * sizeof(*rest->span));
			if (!p)
				return -ENOMEM;
			rest->span = p;
		}
		if (reading_next(maps.kind, &trial->reading, &cursor,
				 &rest->span[rest->nr]) != PARSE_SPAN)
			break;
		rest->nr++;
	}
	return err;
}

static inline void *changer_thread(void *arg)
{
	changer(arg);
	return NULL;
}

/* The files A and B, and one with a name of @pad letters. */
static inline void trial_files(struct race *race, unsigned int pad)
{
	char name[STAGE_FILES][SPAN_NAME] = { "A", "B", "" };
	unsigned int k;

	memset(name[STAGE_PAD], 'z', pad);
	for (k = 0; k < STAGE_FILES; k++)
		race->file[k] = k < STAGE_PAD || pad ?
			syscall(SYS_memfd_create, name[k], 0) : -1;
}

/** trial_step() - the frozen changer makes @steps transitions. */
static inline int trial_step(struct trial *trial, unsigned int steps)
{
	return race_step(trial->race, steps);
}

/** trial_judge() - judge the reading that was taken. */
static inline struct verdict trial_judge(struct trial *trial)
{
	return judge(&trial->oracle, trial->reader.kind, &trial->reading);
}

/**
 * trial_check_rest() - at rest, each layout must be shown as it was drawn
 * @trial:	the trial; the changer is frozen
 * @verdict:	of the reading that differs, if any
 *
 * Two laps through all layouts: a layout that was made by a transition may not
 * be what it was when the stage was built.
 *
 * Return: 0, -errno of the changer or the reader, or 1 with @verdict.
 */
static inline int trial_check_rest(struct trial *trial,
				   struct verdict *verdict)
{
	unsigned int k;
	int err = 0;

	for (k = 0; k < 2 * trial->oracle.nr && !err; k++) {
		err = reading_take(&trial->reader, &trial->reading);
		if (err)
			break;
		*verdict = trial_judge(trial);
		if (verdict->rule)
			return 1;
		err = trial_step(trial, 1);
	}
	return err;
}

/**
 * trial_start() - start the changer and derive the layouts
 * @trial:	zeroed
 * @change:	which change
 * @kind:	which file
 * @options:	how
 *
 * Return: 0, or -errno; then @trial->failed says of what.
 */
static inline int trial_start(struct trial *trial, const struct change *change,
			      const struct file_kind *kind,
			      const struct trial_options *options)
{
	unsigned int k, lines = options->fillers + 256;
	struct race *race = shared_alloc(sizeof(*race));
	char dir[48];
	int err;

	trial->failed = "memory";
	trial->reader.fd = -1;
	trial->race = race;
	if (!race || !reading_alloc(&trial->reading, TRIAL_TEXT(lines),
				    TRIAL_TEXT(lines) / 32))
		return -ENOMEM;
	race->change = change;
	race->fillers = options->fillers;
	race->seed = options->seed;
	race->cheat = options->cheat;
	race->cpu = -1;
	trial_files(race, options->pad);

	trial->failed = "changer";
	err = options->own ? -pthread_create(&trial->thread, NULL,
					     changer_thread, race) :
			     peer_start(&trial->peer, changer, race);
	if (!err)
		err = word_wait(&race->ready, 0, 5 * NSEC_PER_SEC);
	if (!err)
		err = race->error;
	if (err)
		return err;

	trial->failed = "file";
	trial->reader.kind = kind;
	trial->reader.buffer = 1 << 16;
	trial->reader.seq = &race->seq;
	snprintf(dir, sizeof(dir), options->task ? "%d/task/%d" : "%d",
		 options->own ? getpid() : trial->peer.pid, trial->peer.pid);
	err = trial_learn(trial, dir);
	if (!err)
		err = reader_open(&trial->reader, dir);
	if (err)
		return err;

	trial->failed = "memory";
	for (k = 0; k < change->nr; k++) {
		struct layout *layout = &trial->layout[k];

		layout->span = calloc(trial->rest.nr + STAGE_PAGES,
				      sizeof(*layout->span));
		if (!layout->span)
			return -ENOMEM;
		stage_layout(&race->stage, &trial->rest, k, layout);
		trial->oracle.via[k] = change->op[k].via;
		layout_as_seen(layout, kind);
	}
	trial->oracle.layout = trial->layout;
	trial->oracle.nr = change->nr;
	trial->oracle.fields = kind->fields;
	trial->failed = NULL;
	return 0;
}

/** trial_end() - end the changer; works from any state of a trial. */
static inline void trial_end(struct trial *trial)
{
	unsigned int k;

	peer_kill(&trial->peer);
	reader_close(&trial->reader);
	reading_free(&trial->reading);
	free(trial->rest.span);
	trial->rest.span = NULL;
	for (k = 0; k < ORACLE_LAYOUTS; k++) {
		free(trial->layout[k].span);
		trial->layout[k].span = NULL;
	}
	if (!trial->race)
		return;
	for (k = 0; k < STAGE_FILES; k++)
		if (trial->race->file[k] >= 0)
			close(trial->race->file[k]);
	munmap(trial->race, sizeof(*trial->race));
	trial->race = NULL;
}

#endif /* PROC_TRIAL_H */
