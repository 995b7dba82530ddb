# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# splat.sh - did the kernel complain?  Sourced.
#
# The words the kernel has for a bug of its own.  Not: what it says about the
# machine, as in "WARNING: Unprivileged eBPF is enabled".

splat_words='(kernel )?BUG( at|:) |WARNING: .* at [^ ]+:[0-9]+
WARNING: (possible|suspicious|inconsistent|bad unlock|held lock|lock held)
WARNING: (nested lock|possible irq|chain|refcount|stack)
(^|: )Oops|general protection fault|KASAN:|KFENCE:|KCSAN:|UBSAN:
rcu(:|_).*stall|self-detected stall|detected stalls|rcu.*starved
(soft|hard) ?lockup|blocked for more than [0-9]+ seconds|blocked on a mutex
sleeping function called|scheduling while atomic|Kernel panic
page allocation failure|Bad page (state|map)|Bad rss-counter|list_(add|del) corruption
memory leak|DEBUG_LOCKS_WARN_ON|unable to handle|refcount_t: '

# splats LOG: prints the lines, fails where there are none
splats()
{
	printf '%s\n' "$splat_words" > "$1.words"
	grep -E -f "$1.words" "$1"
	splat_found=$?
	rm -f "$1.words"
	return $splat_found
}
