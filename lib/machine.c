// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "machine.h"
#include "env.h"

int release_number(const char *release)
{
	unsigned int major, minor;

	if (sscanf(release, "%3u.%3u", &major, &minor) != 2)
		return 0;
	return KERNEL(major, minor);
}

int kernel_release(void)
{
	static struct utsname uts;

	if (!uts.release[0])
		uname(&uts);
	return release_number(uts.release);
}

uint64_t machine_count(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	uint64_t number = 0;
	char line[128];
	size_t n = strlen(word);

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, word, n) && isspace((unsigned char)line[n])) {
			number = strtoull(line + n, NULL, 10);
			break;
		}
	fclose(file);
	return number;
}

uint64_t machine_free(void)
{
	return machine_count("/proc/meminfo", "MemAvailable:") << 10;
}

uint64_t machine_swap(void)
{
	return machine_count("/proc/meminfo", "SwapFree:") << 10;
}

unsigned int machine_mappings(void)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
	unsigned int most = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &most) != 1)
		most = 0;
	fclose(file);
	return most;
}

bool machine_nodes(int node[2])
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

bool file_mentions(const char *path, const char *word)
{
	FILE *file = fopen(path, "r");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, word);
	if (file)
		fclose(file);
	return found;
}

bool machine_is_slow(void)
{
	return env_value("KSFT_MACHINE_SLOW") ||
	       !access("/proc/lockdep_stats", F_OK) ||
	       file_mentions("/proc/kallsyms", " kasan_report\n") ||
	       file_mentions("/proc/kallsyms", " kcsan_setup_watchpoint\n");
}
