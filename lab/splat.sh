# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# splat.sh - did the kernel complain?  Sourced.
#
# The words the kernel has for a bug of its own.  Not: what it says about the
# machine, as in "WARNING: Unprivileged eBPF is enabled".

splat_words='(^|[^A-Z])BUG( at |: )
WARNING: .* at [^ ]+
WARNING: (possible|suspicious|inconsistent|bad unlock|held lock|lock held)
WARNING: (nested lock|refcount|stack)
(^|[] :])Oops: |general protection fault|unable to handle
KASAN: |KFENCE: |KCSAN: |UBSAN: |DEBUG_LOCKS_WARN_ON
rcu.*(detected (expedited )?stalls|self-detected stall|kthread starved)
INFO: trying to register non-static key
blocked for more than [0-9]+ seconds|(soft|hard) lockup
scheduling while atomic|Kernel panic|page allocation failure
refcount_t: |list_(add|del) corruption|Bad page |Bad rss-counter'

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
	printf '%s\n' "$splat_words" > "$1.words"
	grep -E -f "$1.words" "$1"
	splat_found=$?
	rm -f "$1.words"
	return $splat_found
}
