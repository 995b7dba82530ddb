# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# splat.sh - did the kernel complain?  Sourced.
#
# The words the kernel has for a bug of its own are those of lib/kernel_log.c, which
# in a machine of the lab lies beside this file.  Not: what it says about the machine,
# as in "WARNING: Unprivileged eBPF is enabled", or about a program.

# words_of ARRAY...: those of arrays in kernel_log.c, between bars
words_of()
{
	list=$(dirname "$0")/kernel_log.c
	[ -e "$list" ] || list=${here-$(dirname "$0")}/../lib/kernel_log.c
	for array in "$@"; do
		sed -n "/ kernel_log_$array\[/,/NULL/s/^\t\"\(.*\)\",\$/\1/p" "$list"
	done | paste -sd '|' -
}

# splat_words: an extended regular expression
splat_words()
{
	printf '(^|[^A-Z])(%s)|WARNING:.* at \n' "$(words_of faults hangs)"
}

# without_foreign_races LOG: it without the first lines of data races in which neither side
# reads mappings
without_foreign_races()
{
	READERS=$(words_of readers | sed 's/+/[+]/g') awk '
		/BUG: KCSAN: / { race = $0; next }
		/=====/ { race = "" }
		race != "" && $0 ~ ENVIRON["READERS"] { print race; race = "" }
		{ print }' "$1"
}

# last_word: the last line of the kernel's log, for log_since
last_word()
{
	dmesg 2>/dev/null | tail -n 1
}

# log_since LINE: what the kernel said after it
log_since()
{
	dmesg 2>/dev/null | MARK=$1 awk '
		{ line[NR] = $0 }
		$0 == ENVIRON["MARK"] { at = NR }
		END { while (at++ < NR) print line[at] }'
}

# splats LOG: prints the lines, fails where there are none
splats()
{
	without_foreign_races "$1" | grep -E "$(splat_words)" | grep -vE '(^|\] )traps: '
}

# emulators_oops DIR: whether the machine that ran there owes its first oops to the
# emulator.  The kernel patches code behind an int3, which another emulated processor
# may still run when the kernel is done with it and no longer knows it.  Or the oops
# shows flags from bit 22 on, which no x86 processor ever sets.
emulators_oops()
{
	grep -q '^tcg' "$1/accel" &&
		grep -qE 'int3: 0000 \[#1\]|EFLAGS: (00[4-9a-f]|0[1-9a-f]|[1-9a-f])' "$1/log"
}
