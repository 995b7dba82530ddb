/* SPDX-License-Identifier: GPL-2.0 */
/*
 * evidence.h - what a finding rests on, in lines that no bot takes for a result
 *
 * Every line begins with "# ".  A pass is one line of counters; a failure is
 * complete: the rule, the lines around the spot, what would have been legal
 * there, the layouts as pictures, and how to run just that again.
 */
#ifndef PROC_EVIDENCE_H
#define PROC_EVIDENCE_H

#include <stdarg.h>

#include "scene.h"

static inline void diag(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# ", stdout);
	vprintf(format, args);
	fputc('\n', stdout);
	fflush(stdout);
	va_end(args);
}

/**
 * struct tally - what happened in the readings of a test
 * @readings:	how many
 * @overlapped:	of these, with a transition during the reading
 * @overlapped_calls:	single read()s or ioctl()s during a transition
 * @lines:	lines judged
 * @original:	overlapped readings that one layout explains: the first one
 * @modified:	another one
 * @mixed:	overlapped readings that only several layouts explain
 * @twice:	readings in which a mapping was seen again after it grew
 * @lost_tails:	readings with the signature of the known bug
 * @race_ns:	how long was raced for them, up to what ended it
 * @layouts:	mask of the layouts seen
 */
struct tally {
	uint64_t readings, overlapped, overlapped_calls, lines;
	uint64_t original, modified, mixed, twice, lost_tails;
	int64_t race_ns;
	unsigned int layouts;
};

static inline void tally_add(struct tally *tally, const struct finding *finding)
{
	tally->readings++;
	tally->lines += finding->lines;
	tally->overlapped_calls += finding->overlapped_calls;
	tally->twice += !!finding->steps_back;
	tally->lost_tails += !!finding->lost_tails;
	tally->layouts |= finding->fits;
	if (!finding->overlapped)
		return;
	tally->overlapped++;
	if (finding->fits & 1)
		tally->original++;
	else if (finding->fits)
		tally->modified++;
	else
		tally->mixed++;
}

/** tally_print() - the counters, in one line of fixed form. */
static inline void tally_print(const struct tally *tally, const char *what,
			       uint32_t transitions)
{
	diag("%s: readings %" PRIu64 ", overlapped %" PRIu64 " = original %"
	     PRIu64 " + modified %" PRIu64 " + mixed %" PRIu64
	     "; in one call %" PRIu64 "; seen twice %" PRIu64
	     "; lost tails %" PRIu64 "; lines %" PRIu64
	     "; transitions %u; raced %.6f s",
	     what, tally->readings, tally->overlapped, tally->original,
	     tally->modified, tally->mixed, tally->overlapped_calls, tally->twice,
	     tally->lost_tails, tally->lines, transitions,
	     (double)tally->race_ns / NSEC_PER_SEC);
}

/*
 * What the oracle would have accepted in place of the offending record: the
 * reading is judged again up to there.
 */
static inline void evidence_legal(struct scene *scene, unsigned int mask)
{
	struct oracle *oracle = &scene->oracle;
	unsigned int i, k;
	char buf[320];

	for (k = 0; k < oracle->nr; k++)
		for (i = 0; (mask & (1U << k)) && i < oracle->nr_at; i++)
			diag("  legal       %s   (layout %u, after %08" PRIx64 ")",
			     span_print(buf, sizeof(buf),
					layout_next(&scene->layout[k],
						    oracle->at[i])),
			     k, oracle->at[i]);
}

/* Bytes from @pos on to the end of the line, or of what was read. */
static inline int line_length(const struct reading *reading, size_t pos)
{
	size_t left = pos < reading->len ? reading->len - pos : 0;
	const char *end = memchr(reading->text + pos, '\n', left);

	return end ? (int)(end - reading->text - pos) : (int)left;
}

/* A record as it was read, first line only; answers to queries as maps would. */
static inline const char *evidence_text(const struct scene *scene,
					const struct cursor *cursor,
					const struct span *span, char *buf,
					size_t size)
{
	const char *text = scene->reading.text + cursor->record;

	if (scene->reader.kind->parse == parse_copied_span)
		return span_print(buf, size, span);
	snprintf(buf, size, "%.*s",
		 line_length(&scene->reading, cursor->record), text);
	return buf;
}

/* The last @keep records before the offending one, that one, and one more. */
static inline void evidence_lines(const struct scene *scene,
				  const struct cursor *where, unsigned int keep)
{
	const struct file_kind *kind = scene->reader.kind;
	struct cursor cursor = { 0 };
	unsigned int count = 0, n = 0;
	struct span span;
	char buf[320];

	while (reading_next(kind, &scene->reading, &cursor, &span) > 0 &&
	       cursor.record < where->record)
		count++;
	memset(&cursor, 0, sizeof(cursor));
	while (n <= count + 1 &&
	       reading_next(kind, &scene->reading, &cursor, &span) != PARSE_END) {
		if (n + keep >= count)
			diag("  %s %3u    %s   (read() %u)",
			     cursor.record == where->record ? "ILLEGAL" :
							      "line   ",
			     n, evidence_text(scene, &cursor, &span, buf,
					      sizeof(buf)),
			     cursor.chunk);
		n++;
	}
}

static inline void evidence_pictures(const struct scene *scene)
{
	const struct stage *stage = &scene->race->stage;
	const struct change *change = stage->change;
	unsigned int k;

	diag("  page %08" PRIx64 " 0123456789ab", stage->base);
	for (k = 0; k < change->nr; k++)
		diag("  layout %u      %s", k, change->draw[k]);
}

/**
 * evidence_print() - everything needed to argue with a failure
 * @scene:	the scene; its changer has been ended
 * @finding:	what was found
 * @how:	driver and circumstances
 * @again:	arguments that run just this test again
 */
static inline void evidence_print(struct scene *scene,
				  const struct finding *finding,
				  const char *how, const char *again)
{
	const struct reading *reading = &scene->reading;
	unsigned int last = finding->where.chunk;

	if (last >= reading->nr_chunks)
		last = reading->nr_chunks - 1;
	diag("RULE BROKEN: %s", rule_text[finding->rule]);
	diag("  in          /proc/PID/%s, change %s, %s",
	     scene->reader.kind->name, scene->race->change->name, how);
	diag("  once more   %s", again);
	diag("  current     layouts 0x%x; counter %u to %u up to read() %u, %u at the start",
	     finding->current, finding->before, finding->after, last,
	     reading->chunk[0].before);
	evidence_lines(scene, &finding->where, 2);
	evidence_legal(scene, finding->current);
	if (finding->rule == RULE_MALFORMED)
		diag("  text        %.*s",
		     line_length(reading, finding->where.record),
		     reading->text + finding->where.record);
	if (!scene->unpictured)
		evidence_pictures(scene);
}

/* Set where the known bug was seen: the tests that follow count it. */
static _Atomic bool *known_bug_seen;

/* What it is, for the verdict as well. */
static inline void known_bug_print(void)
{
	static const char *const lines[] = {
		"this kernel loses mappings from /proc/PID/maps: a reader steps past what a merge",
		"has just joined (lock_next_vma(), 6.17 and later); the kernel is at fault, not the test",
	};

	diag("summary: %s", lines[0]);
	diag("summary: %s", lines[1]);
}

/* Would the reading be legal but for the bug described at oracle_lost_tail()? */
static inline bool is_lost_tail(struct scene *scene)
{
	struct finding finding;

	scene->oracle.tolerate_lost_tail = true;
	finding = scene_judge(scene);
	scene->oracle.tolerate_lost_tail = false;
	return !finding.rule && finding.lost_tails;
}

/**
 * known_bug_shows() - is it the known bug that an illegal reading shows?
 * @scene:	with the reading; what the oracle knows of it is lost
 *
 * Whichever test sees it says what it is: the one that is made for it may not be
 * among those that are run, or meet it less often.
 *
 * Return: whether it is; then it is printed.
 */
static inline bool known_bug_shows(struct scene *scene)
{
	if (scene->oracle.tolerate_lost_tail || !is_lost_tail(scene))
		return false;
	diag("  this is the signature of known.tail_lost_after_merge");
	known_bug_print();
	*known_bug_seen = true;
	return true;
}

#endif /* PROC_EVIDENCE_H */
