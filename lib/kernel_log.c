// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "kernel_log.h"

/*
 * Bits of /proc/sys/kernel/tainted that a test can cause: a bad page (5), an oops (7) and
 * a warning (9).  See Documentation/admin-guide/tainted-kernels.rst.  Not a lockup (14),
 * which a host causes that pauses a CPU.
 */
#define KERNEL_LOG_TAINT 0x2a0UL

/*
 * Longest time between the first line of a report and one that names its task, in
 * microseconds of the log's clock.  Generous: a slow console delays each line.
 */
#define KERNEL_LOG_REPORT_US 5000000ULL

/* Reads the bits of KERNEL_LOG_TAINT; 0 if they cannot be read. */
static unsigned long kernel_log_taint(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	unsigned long taint = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &taint) != 1)
		taint = 0;
	fclose(file);
	return taint & KERNEL_LOG_TAINT;
}

void kernel_log_begin(struct kernel_log *kernel_log, bool whole)
{
	kernel_log->whole = whole;
	kernel_log->pending = false;
	kernel_log->taint = kernel_log_taint();
	kernel_log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kernel_log->fd >= 0)
		lseek(kernel_log->fd, 0, SEEK_END);
}

/*
 * The kernel's words for a bug of its own.  Each of the two lists has one on a line,
 * since lab/splat.sh reads them here.  Others are "WARNING: " before " at ".
 */
static const char *const kernel_log_faults[] = {
	"BUG: ",
	"BUG at ",
	"Oops: ",
	"general protection fault",
	"unable to handle",
	"KASAN: ",
	"KFENCE: ",
	"KCSAN: ",
	"UBSAN: ",
	"DEBUG_LOCKS_WARN_ON",
	"INFO: trying to register non-static key",
	"Kernel panic",
	"scheduling while atomic",
	"Bad page ",
	"Bad rss-counter",
	"list_add corruption",
	"list_del corruption",
	"refcount_t: ",
	"WARNING: possible",
	"WARNING: suspicious",
	"WARNING: inconsistent",
	"WARNING: bad unlock",
	"WARNING: held lock",
	"WARNING: lock held",
	"WARNING: nested lock",
	"WARNING: refcount",
	"WARNING: stack",
	NULL
};

/* Its words for a task, or a CPU, that makes no progress. */
static const char *const kernel_log_hangs[] = {
	"detected stalls",
	"detected expedited stalls",
	"self-detected stall",
	"kthread starved",
	"blocked for more than",
	"soft lockup",
	"hard lockup",
	"hard LOCKUP",
	"workqueue lockup",
	"hard LOCKUP",
	NULL
};

/*
 * What a line of a stack has where a maps file is read or a query is answered.  A race
 * has two sides, and only those matter here of which a reader is one: a kernel has many
 * others, most of them known and harmless.
 */
static const char *const kernel_log_readers[] = {
	" m_start+",
	" m_next+",
	" show_map",
	" show_smap",
	"smaps_",
	"numa_map",
	"procmap_query",
	"procmap_ioctl",
	"pagemap_",
	"lock_next_vma+",
	NULL
};

/* Returns true if @line has one of @words, not as the end of a word in capitals. */
static bool line_has(const char *line, const char *const words[])
{
	const char *at;
	size_t i;

	for (i = 0; words[i]; i++)
		for (at = line; (at = strstr(at, words[i])); at++)
			if (at == line || at[-1] < 'A' || at[-1] > 'Z')
				return true;
	return false;
}

bool kernel_log_is_complaint(const struct kernel_log *kernel_log, const char *line)
{
	const char *warning = strstr(line, "WARNING: ");

	/* "traps: NAME[PID] general protection fault" is about a program. */
	if (!strncmp(line, "traps: ", 7))
		return false;
	if (line_has(line, kernel_log_hangs))
		return kernel_log->whole;
	return (warning && strstr(warning, " at ")) || line_has(line, kernel_log_faults);
}

/* Words of the kernel's reports that the name of a task follows. */
static const char *const task_prefixes[] = {
	"Comm: ", "Comm:", ", comm: ", "by task ", "in process ", ", name: ", NULL
};

/*
 * Returns true if a line of a report names this program as its task: behind one of
 * task_prefixes, or as in "NAME/PID is trying to acquire lock".  Lines such as
 * "NAME[PID]: segfault" and "NAME (PID): drop_caches" belong to no report.
 */
static bool kernel_log_names_program(const char *line)
{
	const char *at;
	char name[16];
	size_t i, n;

	n = snprintf(name, sizeof(name), "%s", program_invocation_short_name);
	if (n >= sizeof(name))
		n = sizeof(name) - 1;
	for (at = line; (at = strstr(at, name)); at += n) {
		if (at[n] == '/' && at[n + 1] >= '0' && at[n + 1] <= '9')
			return true;
		for (i = 0; task_prefixes[i]; i++) {
			size_t before = strlen(task_prefixes[i]);

			if ((size_t)(at - line) >= before && strchr(" /\n", at[n]) &&
			    !memcmp(at - before, task_prefixes[i], before))
				return true;
		}
	}
	return false;
}

/* Returns true if a line names any task; "by task 7" does not tell whose task it is. */
static bool kernel_log_names_any(const char *line)
{
	size_t i;

	for (i = 0; task_prefixes[i]; i++) {
		const char *at = strstr(line, task_prefixes[i]);

		if (at && !strchr("0123456789", at[strlen(task_prefixes[i])]))
			return true;
	}
	return false;
}

bool kernel_log_add(struct kernel_log *kernel_log, const char *record)
{
	const char *text = strchr(record, ';');
	unsigned int priority;
	uint64_t now_us;
	bool counts, race, hang;

	/* Records that user space has written have a facility other than 0. */
	if (sscanf(record, "%u,%*u,%" SCNu64, &priority, &now_us) != 2 ||
	    priority >> 3 || !text++)
		return false;
	if (now_us - kernel_log->since_us > KERNEL_LOG_REPORT_US ||
	    strstr(text, "[ cut here ]") || strstr(text, "---[ end trace") ||
	    !strncmp(text, "=====", 5))
		kernel_log->pending = false;
	if (!kernel_log->pending && kernel_log_is_complaint(kernel_log, text)) {
		snprintf(kernel_log->complaint, sizeof(kernel_log->complaint), "%.*s",
			 (int)strcspn(text, "\n"), text);
		kernel_log->since_us = now_us;
		kernel_log->pending = true;
	}
	if (!kernel_log->pending)
		return false;
	race = strstr(kernel_log->complaint, "KCSAN: ");
	hang = line_has(kernel_log->complaint, kernel_log_hangs);
	if (race)
		counts = line_has(text, kernel_log_readers);
	else
		counts = (kernel_log->whole && !hang) || kernel_log_names_program(text);
	if (counts || (!race && kernel_log_names_any(text)))
		kernel_log->pending = false;
	return counts;
}

bool kernel_log_poll(struct kernel_log *kernel_log, char *buf, size_t size)
{
	unsigned long taint = kernel_log_taint();
	/* The longest record, the list of modules, has more than a kilobyte. */
	char record[8192];
	bool found = false;
	ssize_t got;

	while (kernel_log->fd >= 0) {
		got = read(kernel_log->fd, record, sizeof(record) - 1);
		/* EPIPE: records were overwritten.  EINVAL: the record is too long. */
		if (got < 0 && (errno == EPIPE || errno == EINVAL))
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		if (kernel_log_add(kernel_log, record) && !found) {
			snprintf(buf, size, "%s", kernel_log->complaint);
			found = true;
		}
	}
	/* The taint names no task, so it counts only for the whole machine. */
	if (!found && kernel_log->whole && taint & ~kernel_log->taint) {
		snprintf(buf, size, "tainted 0x%lx, was 0x%lx", taint,
			 kernel_log->taint);
		found = true;
	}
	kernel_log->taint |= taint;
	return found;
}

bool kernel_log_end(struct kernel_log *kernel_log, char *buf, size_t size)
{
	bool found = kernel_log_poll(kernel_log, buf, size);

	if (kernel_log->fd >= 0)
		close(kernel_log->fd);
	kernel_log->fd = -1;
	return found;
}
