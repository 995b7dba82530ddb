// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "report.h"
#include "mapper.h"
#include "report_file.h"
#include "../lib/clock.h"
#include "../lib/print.h"

/* Length of the longest bar of a histogram, in characters. */
#define REPORT_BAR 30

double ns_to_us(uint64_t ns)
{
	return (double)ns / 1000;
}

/** report_group() - print the metrics of one group */
static void report_group(const char *name, const struct trial *trial,
			 enum group group)
{
	struct scanned scanned = trial_scanned(trial, group);
	const struct verdict_side *side = group == GROUP_TARGET ?
					  &trial->state.target :
					  &trial->state.control;
	struct histogram plain, full;
	double seconds = (double)trial->active_ns[group] / NSEC_PER_SEC;

	trial_hist(trial, group, &plain);
	if (!plain.count)
		return;
	memset(&full, 0, sizeof(full));
	hist_correct(&full, &plain, trial_period(trial));
	diag("%s.%s.ops: %llu count", name, group_name[group],
	     (unsigned long long)plain.count);
	diag("%s.%s.mean: %.2f us", name, group_name[group],
	     hist_mean(&plain) / 1000);
	diag("%s.%s.p50: %.2f us", name, group_name[group],
	     ns_to_us(hist_quantile(&plain, 500000)));
	diag("%s.%s.p90: %.2f us", name, group_name[group],
	     ns_to_us(hist_quantile(&plain, 900000)));
	diag("%s.%s.p99: %.2f us", name, group_name[group],
	     ns_to_us(hist_quantile(&plain, 990000)));
	diag("%s.%s.p99.9: %.2f us", name, group_name[group],
	     ns_to_us(hist_quantile(&plain, 999000)));
	diag("%s.%s.p99.9_corrected: %.2f us", name, group_name[group],
	     ns_to_us(hist_quantile(&full, 999000)));
	diag("%s.%s.max: %.2f us", name, group_name[group], ns_to_us(plain.max));
	diag("%s.%s.overflow: %llu count", name, group_name[group],
	     (unsigned long long)plain.overflow);
	if (group == GROUP_QUIET)
		return;
	diag("%s.%s.slow_windows: %u windows", name, group_name[group], side->slow);
	diag("%s.%s.slow_alone: %u windows", name, group_name[group], side->alone);
	diag("%s.%s.scans: %llu count", name, group_name[group],
	     (unsigned long long)scanned.scans);
	diag("%s.%s.reads: %.0f per_s", name, group_name[group],
	     seconds > 0 ? (double)trial->reads[group] / seconds : 0);
	diag("%s.%s.scanned: %llu bytes", name, group_name[group],
	     (unsigned long long)scanned.bytes);
}

void report_metrics(const char *name, const struct trial *trial)
{
	const struct load *load = &trial->load;
	uint64_t slept = 0, preempted = 0, cycles = 0;
	enum group group;
	unsigned int i;

	for (i = 0; i < load->scanners; i++) {
		slept += load->shared->scanner[i].slept;
		preempted += load->shared->scanner[i].preempted;
	}
	for (i = 0; i < load->hogs; i++)
		cycles += atomic_load(&load->shared->hog[i].cycles);
	for (group = GROUP_QUIET; group < NR_GROUPS; group++)
		report_group(name, trial, group);
	diag("%s.ratio: %.2f x", name, verdict_ratio(&trial->state));
	diag("%s.pairs: %u count", name, trial->state.pairs);
	diag("%s.void_pairs: %u count", name, trial->state.void_pairs);
	diag("%s.lead: %d pairs", name, trial->state.lead);
	diag("%s.hangs: %u count", name, trial->hangs[GROUP_TARGET]);
	diag("%s.hangs_of_decoy: %u count", name, trial->hangs[GROUP_CONTROL]);
	diag("%s.hog_cycles: %llu count", name, (unsigned long long)cycles);
	diag("%s.scanner_slept: %llu count", name, (unsigned long long)slept);
	diag("%s.scanner_preempted: %llu count", name,
	     (unsigned long long)preempted);
	diag("%s.took: %lld ms", name, (long long)(trial->took / NSEC_PER_MSEC));
	diag("%s.verdict: %s after %u pairs", name, verdict_name(trial->verdict),
	     trial->state.pairs);
}

/*
 * Draw a bar whose length is the number of binary digits of @count, so that a
 * single sample is visible.
 */
static void report_bar(char *bar, uint64_t count, uint64_t most)
{
	unsigned int bits = 0, all = 0, length;

	for (; count; count >>= 1)
		bits++;
	for (; most; most >>= 1)
		all++;
	length = all ? (bits * REPORT_BAR + all - 1) / all : 0;
	memset(bar, '#', length);
	bar[length] = 0;
}

void report_bars(const struct trial *trial)
{
	struct histogram control, target;
	uint64_t most, low, high;
	unsigned int line = 0;

	trial_hist(trial, GROUP_CONTROL, &control);
	trial_hist(trial, GROUP_TARGET, &target);
	most = control.count > target.count ? control.count : target.count;
	diag("operations by duration (bars are logarithmic):");
	diag("%9s  %-*s %9s  %-*s %9s", "from us", REPORT_BAR, "decoy is read",
	     "", REPORT_BAR, "victim is read", "");
	for (low = 0, high = 1000; low <= target.max || low <= control.max;
	     low = high, high = line++ % 2 ? high / 3 * 10 : high * 3) {
		uint64_t d = hist_at_least(&control, low) -
			     hist_at_least(&control, high);
		uint64_t v = hist_at_least(&target, low) -
			     hist_at_least(&target, high);
		char left[REPORT_BAR + 1], right[REPORT_BAR + 1];

		report_bar(left, d, most);
		report_bar(right, v, most);
		diag("%9llu  %-*s %9llu  %-*s %9llu",
		     (unsigned long long)low / 1000, REPORT_BAR, left,
		     (unsigned long long)d, REPORT_BAR, right,
		     (unsigned long long)v);
	}
}

void report_slowest(const struct trial *trial)
{
	const struct load *load = &trial->load;
	unsigned int w, i;
	enum group group;

	diag("slowest operations (time is from the beginning of this test):");
	for (group = GROUP_CONTROL; group < NR_GROUPS; group++) {
		for (w = 0; w < trial->target.workers; w++) {
			const struct worker_shared *own =
				&trial->target.shared->worker[w];

			for (i = 0; i < MAPPER_SLOWEST; i++) {
				const struct slow_op *op =
					&own->slowest[group][i];

				if (!op->took)
					continue;
				diag("  %-6s read: %-9s %10.1f us at %8.1f ms",
				     group_name[group],
				     trial->target.op[w]->label[op->half],
				     ns_to_us((uint64_t)op->took),
				     (double)(op->begin - trial->begin) /
				     NSEC_PER_MSEC);
			}
		}
	}
	for (i = 0; i < load->scanners && i < 8; i++) {
		const struct scanner_stats *stats = &load->shared->scanner[i];

		diag("scanner %u: pid %d nice %d cpu %d /proc/%d/%s: passes %llu, preempted %llu",
		     i, (int)load->child[i].pid, LOAD_NICE, load->cpu,
		     (int)load->pid[GROUP_TARGET], load->source->file,
		     (unsigned long long)stats->scans[GROUP_TARGET],
		     (unsigned long long)stats->preempted);
	}
}

struct result *report_keep(struct results *results, const char *name,
			   const struct trial *trial)
{
	struct result *result;
	unsigned int i;
	enum group group;

	if (results->count >= REPORT_MAX)
		return NULL;
	result = &results->result[results->count++];
	snprintf(result->name, sizeof(result->name), "%s", name);
	result->outcome = "pass";
	result->state = trial->state;
	result->verdict = trial->verdict;
	result->took = trial->took;
	result->hangs = trial->hangs[GROUP_TARGET];
	for (group = GROUP_QUIET; group < NR_GROUPS; group++)
		trial_hist(trial, group, &result->hist[group]);
	result->windows = trial->windows;
	for (i = 0; i < trial->windows; i++) {
		result->log[i] = trial->log[i];
		result->log[i].begin -= trial->begin;
	}
	return result;
}

/* Print a histogram in us; buckets within the same microsecond are merged. */
static void report_json_histogram(FILE *file, const struct histogram *h)
{
	const char *comma = "";
	uint64_t us = 0, n = 0;
	unsigned int i;

	/* A bucket stands for its ceiling, as in hist_quantile(). */
	fprintf(file, "{");
	for (i = 0; i < HIST_BUCKETS; i++) {
		uint64_t next = hist_ceiling(i) / 1000;

		if (!h->bucket[i])
			continue;
		if (n && next != us) {
			fprintf(file, "%s\"%llu\": %llu", comma,
				(unsigned long long)us, (unsigned long long)n);
			comma = ", ";
			n = 0;
		}
		us = next;
		n += h->bucket[i];
	}
	if (n)
		fprintf(file, "%s\"%llu\": %llu", comma, (unsigned long long)us,
			(unsigned long long)n);
	fprintf(file, "}");
}

static void report_json_windows(FILE *file, const struct result *result)
{
	unsigned int w;

	fprintf(file, "[");
	for (w = 0; w < result->windows; w++) {
		const struct trial_window *log = &result->log[w];

		fprintf(file, "%s\n        {\"arm\": \"%s\", \"at_us\": %lld, ",
			w ? "," : "", group_name[log->group],
			(long long)(log->begin / 1000));
		fprintf(file, "\"ops\": %llu, \"sum_ns\": %llu, ",
			(unsigned long long)log->window.ops,
			(unsigned long long)log->window.sum_ns);
		fprintf(file, "\"max_ns\": %llu, \"idle\": %d}",
			(unsigned long long)log->window.max_ns,
			log->window.idle);
	}
	fprintf(file, "\n      ]");
}

static void report_json_result(FILE *file, const struct result *result,
			       int cpu_mapper)
{
	const struct histogram *h = &result->hist[GROUP_TARGET];

	fprintf(file, "{\n      \"name\": \"%s\",\n", result->name);
	fprintf(file, "      \"outcome\": \"%s\",\n", result->outcome);
	fprintf(file, "      \"verdict\": \"%s\",\n",
		verdict_name(result->verdict));
	fprintf(file, "      \"ratio\": %.3f,\n",
		verdict_ratio(&result->state));
	fprintf(file, "      \"pairs\": %u,\n      \"hangs\": %u,\n",
		result->state.pairs, result->hangs);
	fprintf(file, "      \"took_ms\": %lld,\n",
		(long long)(result->took / NSEC_PER_MSEC));
	fprintf(file, "      \"cycles\": %llu,\n",
		(unsigned long long)h->count);
	fprintf(file, "      \"cpu\": %d,\n", cpu_mapper);
	fprintf(file, "      \"min\": %llu,\n      \"avg\": %.2f,\n",
		(unsigned long long)h->min / 1000, hist_mean(h) / 1000);
	fprintf(file, "      \"max\": %llu,\n",
		(unsigned long long)h->max / 1000);
	fprintf(file, "      \"histogram\": ");
	report_json_histogram(file, h);
	fprintf(file, ",\n      \"decoy_histogram\": ");
	report_json_histogram(file, &result->hist[GROUP_CONTROL]);
	fprintf(file, ",\n      \"windows\": ");
	report_json_windows(file, result);
	fprintf(file, "\n    }");
}

/* Print all results so far as JSON. */
static void report_print_json(FILE *file, const struct results *results,
			      const struct knobs *knobs)
{
	struct utsname uts;
	unsigned int r;

	uname(&uts);
	fprintf(file, "{\n  \"file_version\": 1,\n");
	fprintf(file, "  \"cmdline\": \"proc_mmap_latency\",\n");
	fprintf(file, "  \"resolution_in_ns\": 0,\n");
	fprintf(file, "  \"sysinfo\": {\n    \"sysname\": \"%s\",\n", uts.sysname);
	fprintf(file, "    \"release\": \"%s\",\n    \"machine\": \"%s\"\n  },\n",
		uts.release, uts.machine);
	fprintf(file, "  \"seed\": %llu,\n", (unsigned long long)knobs->seed);
	fprintf(file, "  \"cpu_mapper\": %d,\n  \"cpu_load\": %d,\n",
		knobs->cpu_mapper, knobs->cpu_load);
	fprintf(file, "  \"window_ms\": %u,\n  \"limit_us\": %llu,\n",
		knobs->window_ms, (unsigned long long)knobs->limit_ns / 1000);
	fprintf(file, "  \"num_threads\": %u,\n  \"thread\": {\n",
		results->count);
	for (r = 0; r < results->count; r++) {
		fprintf(file, "    \"%u\": ", r);
		report_json_result(file, &results->result[r],
				   knobs->cpu_mapper);
		fprintf(file, "%s\n", r + 1 < results->count ? "," : "");
	}
	fprintf(file, "  },\n  \"return_code\": %d\n}\n", results->failed);
}

int report_json(const char *path, const struct results *results,
		const struct knobs *knobs)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int ret;

	if (!file)
		return -errno;
	report_print_json(file, results, knobs);
	if (fclose(file))
		ret = -ENOMEM;
	else
		ret = report_put(path, text, size);
	free(text);
	return ret;
}
