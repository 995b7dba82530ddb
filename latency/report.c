// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "report.h"
#include "mapper.h"
#include "../lib/clock.h"
#include "../lib/print.h"

#define REPORT_BAR 30

/*
 * Where a report goes to.  A regular file is replaced as a whole, so that no reader
 * sees half of it, and by way of a link it is the link's target that is replaced.
 * Anything else (a device, a pipe, what standard output is) is written to, and
 * stays what it is.
 */
#define REPORT_PATH 4096

/* A pipe that nothing is read from for this long is given up, in ms. */
#define REPORT_PIPE_MS 5000

double ns_to_us(uint64_t ns)
{
	return (double)ns / 1000;
}

/** report_group() - the fixed keys of one group. */
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

/* A bar that grows with the number of digits: one sample must be visible. */
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

static void report_json_histogram(FILE *file, const struct histogram *h)
{
	const char *comma = "";
	uint64_t us = 0, n = 0;
	unsigned int i;

	/* Buckets that share a microsecond are one; ceilings, as everywhere. */
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

bool report_is_stream(const char *path)
{
	struct stat st, own;
	int fd;

	if (stat(path, &st))
		return false;
	if (!S_ISREG(st.st_mode))
		return true;
	/* A file that this program's own output goes to is not replaced either. */
	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (!fstat(fd, &own) && own.st_dev == st.st_dev &&
		    own.st_ino == st.st_ino)
			return true;
	return false;
}

/* All of it, or -errno. */
static int report_write(int fd, const char *text, size_t size)
{
	while (size) {
		struct pollfd space = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, text, size);

		if (n > 0) {
			text += n;
			size -= (size_t)n;
		} else if (!n) {
			return -EIO;
		} else if (errno == EAGAIN) {
			if (!poll(&space, 1, REPORT_PIPE_MS))
				return -ETIMEDOUT;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* A FIFO that nothing has open for reading is an error, not a reason to wait. */
static int report_put_in_place(const char *path, const char *text, size_t size)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
	int fd, ret;

	if (report_is_stream(path))
		fd = open(path, flags | O_APPEND | O_NONBLOCK);
	else
		fd = open(path, flags | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return -errno;
	ret = report_write(fd, text, size);
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

/* The mode that the file at @group has or would have, and its owner if possible. */
static int report_dress(int fd, const char *group)
{
	mode_t mask = umask(0);
	struct stat old;

	umask(mask);
	if (stat(group, &old))
		return fchmod(fd, 0666 & ~mask);
	if ((old.st_uid != geteuid() || old.st_gid != getegid()) &&
	    fchown(fd, old.st_uid, old.st_gid) && errno != EPERM)
		return -1;
	return fchmod(fd, old.st_mode & 0777);
}

/*
 * Replaces the file at @group, which is no link.  The new one has a name in the
 * same folder that nothing had before.
 */
static int report_replace(const char *group, const char *text, size_t size)
{
	char temporary[REPORT_PATH];
	int fd, ret;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX",
			     group) >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = report_write(fd, text, size);
	if (!ret && report_dress(fd, group))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, group))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret;
}

/*
 * report_target() - the regular file that a report at @path replaces, to be freed
 *
 * Return: NULL where there is none that could be: what @path leads to is no regular
 * file, or has no name any more, or a link leads to nothing yet.
 */
static char *report_target(const char *path)
{
	struct stat st, real;
	char *group;

	if (report_is_stream(path))
		return NULL;
	if (stat(path, &st))
		return errno == ENOENT && lstat(path, &st) ? strdup(path) : NULL;
	group = realpath(path, NULL);
	/* What was unlinked has a name in /proc still, which is none. */
	if (group && !stat(group, &real) && real.st_dev == st.st_dev &&
	    real.st_ino == st.st_ino)
		return group;
	free(group);
	return NULL;
}

/**
 * report_put() - write a file
 * @path:	where, see above
 * @text:	what
 * @size:	of it, bytes
 *
 * Return: 0, or -errno where it was not written, or not to the end.
 */
static int report_put(const char *path, const char *text, size_t size)
{
	sighandler_t on_pipe = signal(SIGPIPE, SIG_IGN);
	char *group = report_target(path);
	int ret = group ? report_replace(group, text, size) : -EACCES;

	/* The folder takes no new name, or this one cannot be moved. */
	if (ret == -EACCES || ret == -EPERM || ret == -EROFS ||
	    ret == -EBUSY || ret == -ENAMETOOLONG)
		ret = report_put_in_place(path, text, size);
	free(group);
	signal(SIGPIPE, on_pipe);
	return ret;
}

/* All results so far, as JSON. */
static void report_print_json(FILE *file, const struct results *results,
			      const struct knobs *knobs)
{
	struct utsname uts;
	unsigned int r, w;
	enum group group;

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
		const struct result *result = &results->result[r];
		const struct histogram *h = &result->hist[GROUP_TARGET];

		fprintf(file, "    \"%u\": {\n", r);
		fprintf(file, "      \"name\": \"%s\",\n", result->name);
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
		fprintf(file, "      \"cpu\": %d,\n", knobs->cpu_mapper);
		fprintf(file, "      \"min\": %llu,\n      \"avg\": %.2f,\n",
			(unsigned long long)h->min / 1000, hist_mean(h) / 1000);
		fprintf(file, "      \"max\": %llu,\n",
			(unsigned long long)h->max / 1000);
		fprintf(file, "      \"histogram\": ");
		report_json_histogram(file, h);
		fprintf(file, ",\n      \"decoy_histogram\": ");
		report_json_histogram(file, &result->hist[GROUP_CONTROL]);
		fprintf(file, ",\n      \"windows\": [");
		for (w = 0; w < result->windows; w++) {
			const struct trial_window *log = &result->log[w];

			group = log->group;
			fprintf(file, "%s\n        {\"arm\": \"%s\", \"at_us\": %lld, ",
				w ? "," : "", group_name[group],
				(long long)(log->begin / 1000));
			fprintf(file, "\"ops\": %llu, \"sum_ns\": %llu, ",
				(unsigned long long)log->window.ops,
				(unsigned long long)log->window.sum_ns);
			fprintf(file, "\"max_ns\": %llu, \"idle\": %d}",
				(unsigned long long)log->window.max_ns,
				log->window.idle);
		}
		fprintf(file, "\n      ]\n    }%s\n",
			r + 1 < results->count ? "," : "");
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
