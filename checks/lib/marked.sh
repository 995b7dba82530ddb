# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# marked.sh - which processes belong to a run, and whether all are gone
#
# A process is known by a word in its environment, which its children have too.
mark=GATE_CHECK_MARK=$$

marked()
{
	grep -lzx "$mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
}

# all_gone: within three seconds; prints the processes that are left.
all_gone()
{
	for _ in $(seq 10); do
		left=$(marked)
		[ "$left" ] || return 0
		sleep 0.3
	done
	# shellcheck disable=SC2086
	ps -o pid,ppid,stat,args -p "$(echo $left | tr ' ' ,)"
	# shellcheck disable=SC2086
	kill -KILL $left
	return 1
}

# until_true COMMAND...: within half a minute: the first program takes ten seconds.
until_true()
{
	for _ in $(seq 300); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
