/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scene.h - a change, a file that tells of it, and the judge of its readings
 *
 * What the stepped and the racing tests have in common: start the changer, learn
 * what is constant, derive the layouts, and convince oneself that at rest the
 * file shows each of them.  That last step replaces hand-made expectations, and
 * it keeps the oracle honest: a picture that the kernel does not draw is found
 * before anything races.
 */
#ifndef PROC_SCENE_H
#define PROC_SCENE_H

#include "judge.h"
#include "race.h"

/* Text of a pass over a process with @n mappings: smaps has ~900 bytes each. */
#define SCENE_TEXT(n) ((n) * 1200UL)

/**
 * struct scene_options - what most scenes leave at 0
 * @seed:	of all that is random in the changer
 * @cheat:	see changer_cheat()
 * @fillers:	mappings before the stage
 * @pad:	length of the name of the first of them, which is a file then
 * @task:	read /proc/PID/task/TID/...
 * @own:	the changer is a thread of this process, which reads its own file
 * @unit:	bytes for each character of a picture; 0 for a page
 * @company:	what else the changer's process does
 */
struct scene_options {
	uint64_t seed;
	char cheat;
	unsigned int fillers;
	unsigned int pad;
	bool task;
	bool own;
	size_t unit;
	struct company company;
};

/**
 * struct scene - everything a test holds
 * @race:	shared with the changer
 * @peer:	the changer
 * @thread:	the changer, where it is a thread
 * @threaded:	it is
 * @reader:	how the file is read
 * @reading:	the pass being judged
 * @oracle:	the judge
 * @rest:	the address space around the stage
 * @layout:	one for each layout of the change
 * @urgent:	reader and changer run before anybody else
 * @one_call:	readings shall be one read() each, of the stage alone
 * @near:	bytes of text that reach the guard above the stage; 0: not measured
 * @unpictured:	layouts are not those of the change's pictures
 * @failed:	what failed in scene_start(), for people
 */
struct scene {
	struct race *race;
	struct peer peer;
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

/* What a file does not tell is taken out of a layout: see struct file_kind. */
static inline void layout_as_seen(struct layout *layout,
				  const struct file_kind *kind)
{
	unsigned int i, n = 0;

	for (i = 0; i < layout->nr; i++) {
		struct span *span = &layout->span[i];

		if (!kind->gate && span_is_gate(span))
			continue;
		if (kind == &file_numa_maps)
			numa_name(span);
		layout->span[n++] = *span;
	}
	layout->nr = n;
}

/*
 * Reads maps, which has all fields, into @scene->rest.  Nothing may be allocated
 * from here on: in a process that reads its own maps, that is a change.
 */
static inline int scene_learn(struct scene *scene, const char *dir,
			      unsigned int room)
{
	struct reader maps = { .kind = &file_maps, .buffer = 1 << 16 };
	struct layout *rest = &scene->rest;
	struct cursor cursor = { 0 };
	int err = reader_open(&maps, dir);

	if (!err)
		err = reading_take(&maps, &scene->reading);
	reader_close(&maps);
	while (!err && reading_next(maps.kind, &scene->reading, &cursor,
				    &rest->span[rest->nr]) == PARSE_SPAN)
		if (++rest->nr == room)
			err = -ENOSPC;
	return err;
}

/* Room for @spans spans in each layout. */
static inline bool scene_alloc(struct scene *scene, unsigned int spans,
			       unsigned int layouts)
{
	unsigned int k;

	scene->rest.span = calloc(spans, sizeof(struct span));
	for (k = 0; k < layouts; k++) {
		scene->layout[k].span = calloc(spans + STAGE_PAGES,
					       sizeof(struct span));
		if (!scene->layout[k].span)
			return false;
	}
	return scene->rest.span &&
	       reading_alloc(&scene->reading, SCENE_TEXT(spans),
			     SCENE_TEXT(spans) / 32);
}

static inline void *changer_thread(void *arg)
{
	changer(arg);
	return NULL;
}

/* The files A and B, A for reading only, and one with a name of @pad letters. */
static inline void scene_files(struct race *race, unsigned int pad)
{
	char name[SPAN_NAME] = "", path[32];

	memset(name, 'z', pad);
	race->file[0] = syscall(SYS_memfd_create, "A", 0);
	race->file[1] = syscall(SYS_memfd_create, "B", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", race->file[0]);
	race->file[STAGE_READ_ONLY] = open(path, O_RDONLY);
	race->file[STAGE_PAD] = pad ? syscall(SYS_memfd_create, name, 0) : -1;
}

/** scene_step() - the frozen changer makes @steps transitions. */
static inline int scene_step(struct scene *scene, unsigned int steps)
{
	return race_step(scene->race, steps);
}

/** scene_judge() - judge the reading that was taken. */
static inline struct finding scene_judge(struct scene *scene)
{
	return judge(&scene->oracle, scene->reader.kind, &scene->reading);
}

/**
 * scene_check_rest() - at rest, each layout must be shown as it was drawn
 * @scene:	the scene; the changer is frozen
 * @finding:	of the reading that differs, if any
 *
 * Two laps through all layouts: a layout that was made by a transition may not
 * be what it was when the stage was built.
 *
 * Return: 0, -errno of the changer or the reader, or 1 with @finding.
 */
static inline int scene_check_rest(struct scene *scene,
				   struct finding *finding)
{
	unsigned int k;
	int err = 0;

	for (k = 0; k < 2 * scene->oracle.nr && !err; k++) {
		err = reading_take(&scene->reader, &scene->reading);
		if (err)
			break;
		*finding = scene_judge(scene);
		if (finding->rule)
			return 1;
		err = scene_step(scene, 1);
	}
	return err;
}

/**
 * scene_start() - start the changer and derive the layouts
 * @scene:	zeroed
 * @change:	which change
 * @kind:	which file
 * @options:	how
 *
 * Return: 0, or -errno; then @scene->failed says of what.
 */
static inline int scene_start(struct scene *scene, const struct change *change,
			      const struct file_kind *kind,
			      const struct scene_options *options)
{
	unsigned int k, lines = options->fillers + 256;
	struct race *race = shared_alloc(sizeof(*race));
	char dir[48];
	int err;

	scene->failed = "memory";
	scene->reader.fd = -1;
	scene->race = race;
	for (k = 0; race && k < STAGE_FILES; k++)
		race->file[k] = -1;
	if (!race || !scene_alloc(scene, lines, change->nr))
		return -ENOMEM;
	race->change = change;
	race->fillers = options->fillers;
	race->seed = options->seed;
	race->cheat = options->cheat;
	race->unit = options->unit;
	race->company = options->company;
	scene_files(race, options->pad);

	scene->failed = "changer";
	err = options->own ? -pthread_create(&scene->thread, NULL,
					     changer_thread, race) :
			     peer_start(&scene->peer, changer_process, race);
	scene->threaded = options->own && !err;
	if (!err)
		err = word_await(&race->ready, 0, 2 * STUCK_NS);
	if (!err)
		err = race->error;
	if (err)
		return err;

	scene->failed = "file";
	scene->reader.kind = kind;
	scene->reader.buffer = 1 << 16;
	scene->reader.seq = &race->seq;
	snprintf(dir, sizeof(dir), options->task ? "%d/task/%d" : "%d",
		 options->own ? getpid() : scene->peer.pid, scene->peer.pid);
	err = scene_learn(scene, dir, lines);
	if (!err)
		err = reader_open(&scene->reader, dir);
	if (err)
		return err;

	for (k = 0; k < change->nr; k++) {
		struct layout *layout = &scene->layout[k];

		stage_layout(&race->stage, &scene->rest, k, layout);
		scene->oracle.via[k] = change->op[k].via;
		layout_as_seen(layout, kind);
	}
	scene->oracle.layout = scene->layout;
	scene->oracle.nr = change->nr;
	scene->oracle.fields = kind->fields;
	scene->failed = NULL;
	return 0;
}

/**
 * scene_end() - end the changer, and leave the scene zeroed
 * @scene:	in any state
 *
 * Return: 0, or -ETIMEDOUT where the changer was killed and does not go.
 */
static inline int scene_end(struct scene *scene)
{
	int err = peer_kill(&scene->peer);
	unsigned int k;

	if (scene->threaded) {
		scene->race->stop = true;
		word_set(&scene->race->limit, RACE_FREE);
		pthread_join(scene->thread, NULL);
	}
	reading_free(&scene->reading);
	free(scene->rest.span);
	for (k = 0; k < ORACLE_LAYOUTS; k++)
		free(scene->layout[k].span);
	if (scene->race) {
		reader_close(&scene->reader);
		for (k = 0; k < STAGE_FILES; k++)
			if (scene->race->file[k] >= 0)
				close(scene->race->file[k]);
		munmap(scene->race, sizeof(*scene->race));
	}
	memset(scene, 0, sizeof(*scene));
	return err;
}

#endif /* PROC_SCENE_H */
