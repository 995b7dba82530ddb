/* SPDX-License-Identifier: GPL-2.0 */
/*
 * machine.h - what the kernel tells of the whole machine
 *
 * Its memory and nodes, what it has counted, and whether it has complained: a
 * kernel that warns of what a test did has failed it, whatever was read.
 */
#ifndef PROC_MACHINE_H
#define PROC_MACHINE_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Releases, in their order. */
#define KERNEL(major, minor) ((major) * 1000 + (minor))

/** kernel_release() - of the running kernel, as KERNEL() has it; 0: not known. */
static inline int kernel_release(void)
{
	static struct utsname uts;
	int major, minor;

	if (!uts.release[0])
		uname(&uts);
	if (sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		return 0;
	return KERNEL(major, minor);
}

/**
 * machine_count() - a number behind a word
 * @path:	a file of lines "WORD NUMBER": /proc/vmstat, /proc/meminfo
 * @word:	with its colon, where it has one
 *
 * Return: the number; 0 where there is none.
 */
static inline uint64_t machine_count(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	uint64_t number = 0;
	char line[128];
	size_t n = strlen(word);

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, word, n) && line[n] == ' ') {
			number = strtoull(line + n, NULL, 10);
			break;
		}
	fclose(file);
	return number;
}

/** machine_free() - bytes that can be had without swapping. */
static inline uint64_t machine_free(void)
{
	return machine_count("/proc/meminfo", "MemAvailable:") << 10;
}

/** machine_swap() - bytes of swap that are free. */
static inline uint64_t machine_swap(void)
{
	return machine_count("/proc/meminfo", "SwapFree:") << 10;
}

/**
 * machine_nodes() - the first and the last node that has memory
 * @node:	filled in
 *
 * Return: whether they are two.
 */
static inline bool machine_nodes(int node[2])
{
	FILE *file = fopen("/sys/devices/system/node/has_memory", "re");
	char list[256] = "";
	size_t n;

	node[0] = 0;
	node[1] = 0;
	if (!file)
		return false;
	if (fgets(list, sizeof(list), file)) {
		n = strcspn(list, "\n");
		while (n && strchr("0123456789", list[n - 1]))
			n--;
		node[0] = strtol(list, NULL, 10);
		node[1] = strtol(list + n, NULL, 10);
	}
	fclose(file);
	return node[0] != node[1];
}

/**
 * struct watch - the kernel's state of mind when a test began
 * @taint:	/proc/sys/kernel/tainted
 * @log:	/dev/kmsg, behind its last record; -1 where it may not be read
 * @whole:	the whole machine is meant: a complaint counts whoever it is about,
 *		and that somebody waits long is one, too; else only those that
 *		name this program
 * @pending:	a complaint was heard, and not yet of which task it is...
 * @since_us:	...at this time of the log
 * @said:	the first line of that one, or of the one that counts
 */
struct watch {
	unsigned long taint;
	int log;
	bool whole;
	bool pending;
	uint64_t since_us;
	char said[256];
};

/*
 * What a test can bring about, of the bits in Documentation/admin-guide/
 * tainted-kernels.rst: a bad page (5), an oops (7), a warning (9), a lockup (14).
 */
#define WATCH_TAINT 0x42a0UL

static inline unsigned long watch_taint(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	unsigned long taint = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &taint) != 1)
		taint = 0;
	fclose(file);
	return taint & WATCH_TAINT;
}

/** watch_begin() - from here on complaints count; @whole: see struct watch. */
static inline void watch_begin(struct watch *watch, bool whole)
{
	watch->whole = whole;
	watch->pending = false;
	watch->taint = watch_taint();
	watch->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (watch->log >= 0)
		lseek(watch->log, 0, SEEK_END);
}

static inline bool line_has(const char *line, const char *const words[])
{
	size_t i;

	for (i = 0; words[i]; i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* Does the kernel complain of itself?  Not: of the machine, of a program. */
static inline bool watch_complains(const struct watch *watch, const char *line)
{
	static const char *const faults[] = {
		"BUG: ", "BUG at ", "Oops: ", "general protection fault",
		"unable to handle", "KASAN: ", "KFENCE: ", "KCSAN: ",
		"UBSAN: ", "DEBUG_LOCKS_WARN_ON",
		"scheduling while atomic", "Bad page ", "Bad rss-counter",
		"list_add corruption", "list_del corruption", "refcount_t: ",
		"WARNING: possible", "WARNING: suspicious",
		"WARNING: inconsistent", "WARNING: bad unlock", NULL
	};
	static const char *const hangs[] = {
		"detected stalls", "self-detected stall",
		"blocked for more than", "lockup", NULL
	};
	const char *warning = strstr(line, "WARNING: ");

	/* "traps: NAME[PID] general protection fault": a program's own. */
	if (!strncmp(line, "traps: ", 7))
		return false;
	if (line_has(line, hangs))
		return watch->whole;
	return (warning && strstr(warning, " at ")) || line_has(line, faults);
}

/* How the kernel begins to name a task in its reports; what follows is the name. */
static const char *const watch_names[] = {
	"Comm: ", "Comm:", ", comm: ", "by task ", "in process ", ", name: ", NULL
};

/*
 * Does a line of a complaint name this program, as the kernel knows it?  Behind one
 * of these words, or before a number: "NAME/PID is trying to acquire lock".  Not as
 * others speak of a program: "NAME[PID]: segfault", "NAME (PID): drop_caches".
 */
static inline bool watch_names_us(const char *line)
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
		for (i = 0; watch_names[i]; i++) {
			size_t before = strlen(watch_names[i]);

			if ((size_t)(at - line) >= before && strchr(" /\n", at[n]) &&
			    !memcmp(at - before, watch_names[i], before))
				return true;
		}
	}
	return false;
}

/* Does it name a task?  "by task 7" is a number, which does not tell whose. */
static inline bool watch_names_any(const char *line)
{
	size_t i;

	for (i = 0; watch_names[i]; i++) {
		const char *at = strstr(line, watch_names[i]);

		if (at && !strchr("0123456789", at[strlen(watch_names[i])]))
			return true;
	}
	return false;
}

/* The lines of a report follow each other, however slow the console is. */
#define WATCH_REPORT_US 5000000ULL

/**
 * watch_hear() - a record of the log
 * @watch:	remembers a complaint of which the task is not named yet
 * @record:	"priority,number,microseconds,flags;text", more lines perhaps
 *
 * A record is one line of a report, which need not name the task.  The first one
 * below that names any decides; where the report is over there is none.
 *
 * Return: whether there was a complaint that counts; then @watch->said is it.
 */
static inline bool watch_hear(struct watch *watch, const char *record)
{
	const char *text = strchr(record, ';');
	unsigned int priority;
	uint64_t now_us;
	bool counts;

	/* What user space writes to the log has another facility than 0. */
	if (sscanf(record, "%u,%*u,%" SCNu64, &priority, &now_us) != 2 ||
	    priority >> 3 || !text++)
		return false;
	if (now_us - watch->since_us > WATCH_REPORT_US ||
	    strstr(text, "[ cut here ]") || strstr(text, "---[ end trace"))
		watch->pending = false;
	if (!watch->pending && watch_complains(watch, text)) {
		snprintf(watch->said, sizeof(watch->said), "%.*s",
			 (int)strcspn(text, "\n"), text);
		watch->since_us = now_us;
		watch->pending = true;
	}
	if (!watch->pending)
		return false;
	counts = watch->whole || watch_names_us(text);
	if (counts || watch_names_any(text))
		watch->pending = false;
	return counts;
}

/**
 * watch_look() - has the kernel complained since the last look?
 * @watch:	after watch_begin()
 * @buf:	filled with the first complaint
 * @size:	how much fits
 *
 * Return: whether it has.
 */
static inline bool watch_look(struct watch *watch, char *buf, size_t size)
{
	unsigned long taint = watch_taint();
	bool found = false;
	/* The list of modules makes the longest one, a kilobyte and more. */
	char record[8192];
	ssize_t got;

	while (watch->log >= 0) {
		got = read(watch->log, record, sizeof(record) - 1);
		/* So much was logged that the beginning is lost; a longer line. */
		if (got < 0 && (errno == EPIPE || errno == EINVAL))
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		if (watch_hear(watch, record) && !found) {
			snprintf(buf, size, "%s", watch->said);
			found = true;
		}
	}
	/* That does not tell who it was. */
	if (!found && watch->whole && taint & ~watch->taint) {
		snprintf(buf, size, "tainted 0x%lx, was 0x%lx", taint,
			 watch->taint);
		found = true;
	}
	watch->taint |= taint;
	return found;
}

/** watch_end() - the same for the last time. */
static inline bool watch_end(struct watch *watch, char *buf, size_t size)
{
	bool found = watch_look(watch, buf, size);

	if (watch->log >= 0)
		close(watch->log);
	watch->log = -1;
	return found;
}

#endif /* PROC_MACHINE_H */
