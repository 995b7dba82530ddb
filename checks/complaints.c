// SPDX-License-Identifier: GPL-2.0
/*
 * complaints - what lib/kernel_log.c takes for a complaint of the kernel
 *
 * Without arguments it prints the lines of standard input that are one.  With one, it
 * prints a line for each word that it knows.
 */
#include "../lib/kernel_log.c"

static void print_words(const char *const words[])
{
	for (; *words; words++)
		printf("planted: %s\n", *words);
}

int main(int argc, char **argv)
{
	struct kernel_log kernel_log = { .whole = true };
	char line[256];

	if (argc > 1) {
		print_words(kernel_log_faults);
		print_words(kernel_log_hangs);
		return 0;
	}
	while (fgets(line, sizeof(line), stdin))
		if (kernel_log_is_complaint(&kernel_log, line))
			fputs(line, stdout);
	return 0;
}
