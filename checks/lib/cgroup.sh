# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2016,SC2034
#
# cgroup.sh - a control group of a check's own
#
# It is removed whatever becomes of the check, by a process that waits for its end.

own=gate-check-$$

# To be run by "sh -c" with $group and a command: runs it in the group
enter_group='echo $$ >"$1/cgroup.procs" && shift && exec "$@"'

# group_of VALUE FILE...: makes $group, where one of these files, which name it below
# /sys/fs/cgroup, takes the value
group_of()
{
	value=$1
	shift
	for limit; do
		limit=/sys/fs/cgroup/$limit
		group=${limit%/*}
		mkdir "$group" 2>/dev/null || continue
		if [ -e "$limit" ] && echo "$value" >"$limit"; then
			remove_group_at_end </dev/null >/dev/null 2>&1 &
			return
		fi
		rmdir "$group"
	done
	return 1
}

remove_group()
{
	[ ! -e "$group/freezer.state" ] || echo THAWED >"$group/freezer.state"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmdir "$group" 2>/dev/null && return
		sleep 0.3
	done
}

remove_group_at_end()
{
	trap '' INT TERM HUP
	while kill -0 $$ 2>/dev/null && [ -d "$group" ]; do
		sleep 1
	done
	[ ! -d "$group" ] || remove_group
}
