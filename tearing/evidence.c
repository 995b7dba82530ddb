// SPDX-License-Identifier: GPL-2.0
/*
 * evidence.c - print the counters of a test and the evidence of a violation
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "evidence.h"
#include "../lib/clock.h"
#include "../lib/env.h"
#include "../lib/print.h"
#include "../model/change.h"
#include "../model/contents.h"
#include "../model/layout.h"
#include "../model/oracle.h"
#include "../model/parse.h"
#include "program.h"
#include "stage.h"

const char *reproduce_command(const char *fixture, const char *variant,
			      const char *test, uint64_t seed)
{
	static char buf[160];

	snprintf(buf, sizeof(buf), "%sSEED=%" PRIu64 " ./%s -r %s.%s%s%s",
		 env_value("STRESS") ? "STRESS=1 " : "", seed,
		 program_invocation_short_name, fixture, variant,
		 *variant ? "." : "", test);
	return buf;
}

void counters_print(const struct counters *counters, const char *what,
		    uint32_t transitions)
{
	diag("%s: readings %" PRIu64 ", overlapped %" PRIu64 " = original %"
	     PRIu64 " + modified %" PRIu64 " + mixed %" PRIu64
	     "; in one call %" PRIu64 "; repeated %" PRIu64
	     "; lost tails %" PRIu64 "; lines %" PRIu64
	     "; transitions %u; raced %.6f s",
	     what, counters->readings, counters->overlapped, counters->original,
	     counters->modified, counters->mixed, counters->overlapped_calls, counters->repeated,
	     counters->lost_tails, counters->lines, transitions,
	     (double)counters->race_ns / NSEC_PER_SEC);
}

/*
 * Print the records that would have been legal in place of the offending one.  The
 * oracle is in the state in which it found the violation.
 */
static void evidence_legal(struct context *context, unsigned int mask)
{
	struct oracle *oracle = &context->oracle;
	unsigned int i, k;
	char buf[320];

	for (k = 0; k < oracle->nr; k++)
		for (i = 0; (mask & (1U << k)) && i < oracle->nr_at; i++)
			diag("  legal       %s   (layout %u, after %08" PRIx64 ")",
			     span_print(buf, sizeof(buf),
					layout_next(&context->layout[k],
						    oracle->at[i])),
			     k, oracle->at[i]);
}

/* Return the bytes from @pos to the end of the line, or of the reading. */
static int line_length(const struct reading *reading, size_t pos)
{
	size_t left = pos < reading->len ? reading->len - pos : 0;
	const char *end = memchr(reading->text + pos, '\n', left);

	return end ? (int)(end - reading->text - pos) : (int)left;
}

/*
 * Return the first line of a record as it was read; for an answer of PROCMAP_QUERY,
 * the line that maps would have.
 */
static const char *evidence_text(const struct context *context,
				 const struct cursor *cursor,
				 const struct span *span, char *buf,
				 size_t size)
{
	const char *text = context->reading.text + cursor->record;

	if (context->reader.kind->query)
		return span_print(buf, size, span);
	snprintf(buf, size, "%.*s",
		 line_length(&context->reading, cursor->record), text);
	return buf;
}

/* Print @keep records before the offending one, that one, and the next one. */
static void evidence_lines(const struct context *context,
			   const struct cursor *where, unsigned int keep)
{
	const struct file_kind *kind = context->reader.kind;
	struct cursor cursor = { 0 };
	unsigned int count = 0, n = 0;
	struct span span;
	char buf[320];

	while (reading_next(kind, &context->reading, &cursor, &span) > 0 &&
	       cursor.record < where->record)
		count++;
	memset(&cursor, 0, sizeof(cursor));
	while (n <= count + 1 &&
	       reading_next(kind, &context->reading, &cursor, &span) != PARSE_END) {
		if (n + keep >= count)
			diag("  %s %3u    %s   (read() %u)",
			     cursor.record == where->record ? "ILLEGAL" :
							      "line   ",
			     n, evidence_text(context, &cursor, &span, buf,
					      sizeof(buf)),
			     cursor.chunk);
		n++;
	}
}

void evidence_pictures(const struct context *context)
{
	const struct stage *stage = &context->race->stage;
	const struct change *change = stage->change;
	unsigned int k;

	diag("  page %08" PRIx64 " 0123456789ab", stage->base);
	for (k = 0; k < change->nr; k++)
		diag("  layout %u      %s", k, change->draw[k]);
}

/* Print the number that fits no layout. */
static void evidence_numbers(const struct contents *contents)
{
	diag("  number      %s %" PRIu64 ", legal %" PRIu64 " to %" PRIu64,
	     contents->broken, contents->seen, contents->low, contents->high);
}

/* Return whether this program has another name in maps than it had at its start. */
static bool program_is_deleted(void)
{
	struct stat stat_buf;

	return !stat("/proc/self/exe", &stat_buf) && !stat_buf.st_nlink;
}

void evidence_print(struct context *context, const struct check_result *result,
		    const char *how, const char *reproduce)
{
	const struct reading *reading = &context->reading;
	unsigned int last = result->where.chunk;

	if (last >= reading->nr_chunks)
		last = reading->nr_chunks - 1;
	diag("RULE BROKEN: %s", rule_text[result->rule]);
	diag("  in          /proc/PID/%s, change %s, %s",
	     context->reader.kind->name, context->race->change->name, how);
	diag("  reproduce with %s", reproduce);
	diag("  current     layouts 0x%x; counter %u to %u up to read() %u, %u at the start",
	     result->current, result->before, result->after, last,
	     reading->chunk[0].before);
	evidence_lines(context, &result->where, 2);
	evidence_legal(context, result->current);
	if (result->rule == RULE_MALFORMED)
		diag("  text        %.*s",
		     line_length(reading, result->where.record),
		     reading->text + result->where.record);
	if (result->rule == RULE_CONTENTS)
		evidence_numbers(context->oracle.contents);
	if (!context->unpictured)
		evidence_pictures(context);
	if (program_is_deleted())
		diag("summary: %s", "a program was built anew while it ran: run it again");
}

/* Return whether the reading is legal but for the bug of oracle_lost_tail(). */
static bool is_lost_tail(struct context *context)
{
	struct check_result result;

	context->oracle.tolerate_lost_tail = true;
	result = context_check(context);
	context->oracle.tolerate_lost_tail = false;
	return !result.rule && result.lost_tails;
}

bool known_bug_shows(struct context *context)
{
	if (context->oracle.tolerate_lost_tail || !is_lost_tail(context))
		return false;
	diag("  this is the signature of known.tail_lost_after_merge");
	known_bug_print();
	*known_bug_seen = true;
	return true;
}
