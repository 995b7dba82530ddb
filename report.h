/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - what a trial found, for people and for programs
 *
 * On standard output, as TAP diagnostics:
 *
 *     # maps_hog.ratio: 0.98 x           one fact a line, the same keys always
 *     #   1 us ########      #######     pictures, when something is wrong
 *
 * In a file, as JSON: what rt-tests' programs write (num_threads, thread, min,
 * avg, max, histogram in us, return_code), so that their readers can take it,
 * and beside that every window, one a line, so that awk can.
 */
#ifndef PROC_REPORT_H
#define PROC_REPORT_H

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include "trial.h"

#define REPORT_MAX 64
#define REPORT_BAR 30

/**
 * struct result - what is kept of a trial after it is over
 * @name:	of the scenario
 * @outcome:	pass, fail or skip
 * @state:	of the verdict
 * @verdict:	the verdict
 * @took:	ns
 * @hangs:	operations that did not come back in time
 * @hist:	all operations of each arm
 * @windows:	how many are in @log
 * @log:	all windows in their order; begin is relative to the trial's
 */
struct result {
	char name[48];
	const char *outcome;
	struct verdict_state state;
	enum verdict verdict;
	int64_t took;
	unsigned int hangs;
	struct histogram hist[NR_ARMS];
	unsigned int windows;
	struct trial_window log[3 * TRIAL_MAX_PAIRS];
};

/**
 * struct results - of a whole program, in memory that all its processes share
 * @count:	how many there are
 * @failed:	whether any has failed
 * @result:	one for each trial
 */
struct results {
	unsigned int count;
	bool failed;
	struct result result[REPORT_MAX];
};

/* Print one line of diagnostics; flushed, as the harness leaves by _exit(). */
#define say(format, ...) do {						\
	printf("# " format "\n", ##__VA_ARGS__);			\
	fflush(stdout);							\
} while (0)

static inline double ns_to_us(uint64_t ns)
{
	return (double)ns / 1000;
}

/** report_arm() - the fixed keys of one arm. */
static inline void report_arm(const char *name, const struct trial *trial,
			      enum arm arm)
{
	struct scanned scanned = trial_scanned(trial, arm);
	const struct verdict_side *side = arm == ARM_VICTIM ?
					  &trial->state.victim :
					  &trial->state.decoy;
	struct histogram plain, full;
	double seconds = (double)trial->active_ns[arm] / NSEC_PER_SEC;

	trial_hist(trial, arm, &plain);
	if (!plain.count)
		return;
	memset(&full, 0, sizeof(full));
	hist_correct(&full, &plain, trial_period(trial));
	say("%s.%s.ops: %llu count", name, arm_name[arm],
	    (unsigned long long)plain.count);
	say("%s.%s.mean: %.2f us", name, arm_name[arm],
	    hist_mean(&plain) / 1000);
	say("%s.%s.p50: %.2f us", name, arm_name[arm],
	    ns_to_us(hist_quantile(&plain, 500000)));
	say("%s.%s.p90: %.2f us", name, arm_name[arm],
	    ns_to_us(hist_quantile(&plain, 900000)));
	say("%s.%s.p99: %.2f us", name, arm_name[arm],
	    ns_to_us(hist_quantile(&plain, 990000)));
	say("%s.%s.p99.9: %.2f us", name, arm_name[arm],
	    ns_to_us(hist_quantile(&plain, 999000)));
	say("%s.%s.p99.9_corrected: %.2f us", name, arm_name[arm],
	    ns_to_us(hist_quantile(&full, 999000)));
	say("%s.%s.max: %.2f us", name, arm_name[arm], ns_to_us(plain.max));
	say("%s.%s.overflow: %llu count", name, arm_name[arm],
	    (unsigned long long)plain.overflow);
	if (arm == ARM_QUIET)
		return;
	say("%s.%s.slow_windows: %u windows", name, arm_name[arm], side->slow);
	say("%s.%s.slow_alone: %u windows", name, arm_name[arm], side->alone);
	say("%s.%s.scans: %llu count", name, arm_name[arm],
	    (unsigned long long)scanned.scans);
	say("%s.%s.reads: %.0f per_s", name, arm_name[arm],
	    seconds > 0 ? (double)trial->reads[arm] / seconds : 0);
	say("%s.%s.scanned: %llu bytes", name, arm_name[arm],
	    (unsigned long long)scanned.bytes);
}

/** report_metrics() - everything that is printed of any trial. */
static inline void report_metrics(const char *name, const struct trial *trial)
{
	const struct load *load = &trial->load;
	uint64_t slept = 0, preempted = 0, cycles = 0;
	enum arm arm;
	unsigned int i;

	for (i = 0; i < load->scanners; i++) {
		slept += load->shared->scanner[i].slept;
		preempted += load->shared->scanner[i].preempted;
	}
	for (i = 0; i < load->hogs; i++)
		cycles += atomic_load(&load->shared->hog[i].cycles);
	for (arm = ARM_QUIET; arm < NR_ARMS; arm++)
		report_arm(name, trial, arm);
	say("%s.ratio: %.2f x", name, verdict_ratio(&trial->state));
	say("%s.pairs: %u count", name, trial->state.pairs);
	say("%s.void_pairs: %u count", name, trial->state.void_pairs);
	say("%s.lead: %d pairs", name, trial->state.lead);
	say("%s.hangs: %u count", name, trial->hangs[ARM_VICTIM]);
	say("%s.hangs_of_decoy: %u count", name, trial->hangs[ARM_DECOY]);
	say("%s.hog_cycles: %llu count", name, (unsigned long long)cycles);
	say("%s.scanner_slept: %llu count", name, (unsigned long long)slept);
	say("%s.scanner_preempted: %llu count", name,
	    (unsigned long long)preempted);
	say("%s.took: %lld ms", name, (long long)(trial->took / NSEC_PER_MSEC));
	say("%s.verdict: %s after %u pairs", name, verdict_name(trial->verdict),
	    trial->state.pairs);
}

/* A bar that grows with the number of digits: one sample must be visible. */
static inline void report_bar(char *bar, uint64_t count, uint64_t most)
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

/**
 * report_bars() - both distributions side by side, two lines a decade
 * @trial:	the trial
 *
 * Bars are logarithmic: as long again is not twice but the square.
 */
static inline void report_bars(const struct trial *trial)
{
	struct histogram decoy, victim;
	uint64_t most, low, high;
	unsigned int line = 0;

	trial_hist(trial, ARM_DECOY, &decoy);
	trial_hist(trial, ARM_VICTIM, &victim);
	most = decoy.count > victim.count ? decoy.count : victim.count;
	say("operations by duration (bars are logarithmic):");
	say("%9s  %-*s %9s  %-*s %9s", "from us", REPORT_BAR, "decoy is read",
	    "", REPORT_BAR, "victim is read", "");
	for (low = 0, high = 1000; low <= victim.max || low <= decoy.max;
	     low = high, high = line++ % 2 ? high / 3 * 10 : high * 3) {
		uint64_t d = hist_at_least(&decoy, low) -
			     hist_at_least(&decoy, high);
		uint64_t v = hist_at_least(&victim, low) -
			     hist_at_least(&victim, high);
		char left[REPORT_BAR + 1], right[REPORT_BAR + 1];

		report_bar(left, d, most);
		report_bar(right, v, most);
		say("%9llu  %-*s %9llu  %-*s %9llu",
		    (unsigned long long)low / 1000, REPORT_BAR, left,
		    (unsigned long long)d, REPORT_BAR, right,
		    (unsigned long long)v);
	}
}

/** report_slowest() - which operations, when, and who was reading. */
static inline void report_slowest(const struct trial *trial)
{
	const struct load *load = &trial->load;
	unsigned int w, i;
	enum arm arm;

	say("slowest operations (time is from the beginning of this test):");
	for (arm = ARM_DECOY; arm < NR_ARMS; arm++) {
		for (w = 0; w < trial->victim.workers; w++) {
			const struct worker_shared *own =
				&trial->victim.shared->worker[w];

			for (i = 0; i < MAPPER_SLOWEST; i++) {
				const struct slow_op *op =
					&own->slowest[arm][i];

				if (!op->took)
					continue;
				say("  %-6s read: %-9s %10.1f us at %8.1f ms",
				    arm_name[arm],
				    trial->victim.op[w]->label[op->half],
				    ns_to_us((uint64_t)op->took),
				    (double)(op->begin - trial->begin) /
				    NSEC_PER_MSEC);
			}
		}
	}
	for (i = 0; i < load->scanners && i < 8; i++) {
		const struct scanner_stats *stats = &load->shared->scanner[i];

		say("scanner %u: pid %d nice %d cpu %d /proc/%d/%s: passes %llu, preempted %llu",
		    i, (int)load->peer[i].pid, LOAD_NICE, load->cpu,
		    (int)load->pid[ARM_VICTIM], load->source->file,
		    (unsigned long long)stats->scans[ARM_VICTIM],
		    (unsigned long long)stats->preempted);
	}
}

/** report_keep() - put a finished trial among the results. */
static inline struct result *report_keep(struct results *results,
					 const char *name,
					 const struct trial *trial)
{
	struct result *result;
	unsigned int i;
	enum arm arm;

	if (results->count >= REPORT_MAX)
		return NULL;
	result = &results->result[results->count++];
	snprintf(result->name, sizeof(result->name), "%s", name);
	result->outcome = "pass";
	result->state = trial->state;
	result->verdict = trial->verdict;
	result->took = trial->took;
	result->hangs = trial->hangs[ARM_VICTIM];
	for (arm = ARM_QUIET; arm < NR_ARMS; arm++)
		trial_hist(trial, arm, &result->hist[arm]);
	result->windows = trial->windows;
	for (i = 0; i < trial->windows; i++) {
		result->log[i] = trial->log[i];
		result->log[i].begin -= trial->begin;
	}
	return result;
}

static inline void report_json_histogram(FILE *file, const struct histogram *h)
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

/*
 * Where a report goes to.  A regular file is replaced as a whole, so that no reader
 * sees half of it, and by way of a link it is the link's target that is replaced.
 * Anything else (a device, a pipe, what standard output is) is written to, and
 * stays what it is.
 */
#define REPORT_PATH 4096
/* A pipe that nothing is read from for this long is given up, in ms. */
#define REPORT_PIPE_MS 5000

/** report_is_stream() - whether @path cannot be written anew, only added to */
static inline bool report_is_stream(const char *path)
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
static inline int report_write(int fd, const char *text, size_t size)
{
	while (size) {
		struct pollfd room = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, text, size);

		if (n > 0) {
			text += n;
			size -= (size_t)n;
		} else if (!n) {
			return -EIO;
		} else if (errno == EAGAIN) {
			if (!poll(&room, 1, REPORT_PIPE_MS))
				return -ETIMEDOUT;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* A FIFO that nothing has open for reading is an error, not a reason to wait. */
static inline int report_put_in_place(const char *path, const char *text,
				      size_t size)
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

/* The mode that the file at @target has or would have, and its owner if possible. */
static inline int report_dress(int fd, const char *target)
{
	mode_t mask = umask(0);
	struct stat old;

	umask(mask);
	if (stat(target, &old))
		return fchmod(fd, 0666 & ~mask);
	if ((old.st_uid != geteuid() || old.st_gid != getegid()) &&
	    fchown(fd, old.st_uid, old.st_gid) && errno != EPERM)
		return -1;
	return fchmod(fd, old.st_mode & 0777);
}

/*
 * Replaces the file at @target, which is no link.  The new one has a name in the
 * same folder that nothing had before.
 */
static inline int report_replace(const char *target, const char *text,
				 size_t size)
{
	char temporary[REPORT_PATH];
	int fd, ret;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX",
			     target) >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = report_write(fd, text, size);
	if (!ret && report_dress(fd, target))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, target))
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
static inline char *report_target(const char *path)
{
	struct stat st, real;
	char *target;

	if (report_is_stream(path))
		return NULL;
	if (stat(path, &st))
		return errno == ENOENT && lstat(path, &st) ? strdup(path) : NULL;
	target = realpath(path, NULL);
	/* What was unlinked has a name in /proc still, which is none. */
	if (target && !stat(target, &real) && real.st_dev == st.st_dev &&
	    real.st_ino == st.st_ino)
		return target;
	free(target);
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
static inline int report_put(const char *path, const char *text, size_t size)
{
	sighandler_t on_pipe = signal(SIGPIPE, SIG_IGN);
	char *target = report_target(path);
	int ret = target ? report_replace(target, text, size) : -EACCES;

	/* The folder takes no new name, or this one cannot be moved. */
	if (ret == -EACCES || ret == -EPERM || ret == -EROFS ||
	    ret == -EBUSY || ret == -ENAMETOOLONG)
		ret = report_put_in_place(path, text, size);
	free(target);
	signal(SIGPIPE, on_pipe);
	return ret;
}

/* All results so far, as JSON. */
static inline void report_print_json(FILE *file, const struct results *results,
				     const struct knobs *knobs)
{
	struct utsname uts;
	unsigned int r, w;
	enum arm arm;

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
		const struct histogram *h = &result->hist[ARM_VICTIM];

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
		report_json_histogram(file, &result->hist[ARM_DECOY]);
		fprintf(file, ",\n      \"windows\": [");
		for (w = 0; w < result->windows; w++) {
			const struct trial_window *log = &result->log[w];

			arm = log->arm;
			fprintf(file, "%s\n        {\"arm\": \"%s\", \"at_us\": %lld, ",
				w ? "," : "", arm_name[arm],
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

/**
 * report_json() - write all results so far
 * @path:	where, see report_put()
 * @results:	the results
 * @knobs:	how it was measured
 *
 * Return: 0 or -errno.
 */
static inline int report_json(const char *path, const struct results *results,
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

#endif /* PROC_REPORT_H */
