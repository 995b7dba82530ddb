#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kill-pressure.sh - in the lab: end a test under memory pressure by SIGKILL, and
# see its cgroup and its processes go

groups()
{
	ls -d /sys/fs/cgroup/proc_maps_stress.* 2>/dev/null
}

# within SECONDS COMMAND...
within()
{
	tries=$(($1 * 5))
	shift
	while [ "$tries" -gt 0 ]; do
		"$@" && return
		tries=$((tries - 1))
		sleep 0.2
	done
	return 1
}

# swapping: its processes are in the cgroup, and over its limit
swapping()
{
	cat /sys/fs/cgroup/proc_maps_stress.*/memory.swap.current 2>/dev/null |
		grep -qv '^0$'
}

# A process that has ended and was not waited for has no command line.
gone()
{
	[ -z "$(groups)" ] || return
	for file in /proc/[0-9]*/cmdline; do
		! grep -qs "^$program" "$file" || return
	done
}

program=$1
STRESS=1 DURATION=60 "$program" -r stress.pressure.maps >/tmp/report 2>&1 &
pid=$!
if ! within 60 swapping; then
	echo "never under pressure:"
	cat /tmp/report
	exit 1
fi
echo "under pressure: $(groups)"
kill -KILL "$pid"
if ! within 20 gone; then
	echo "left behind: $(groups)"
	grep -l "^$program" /proc/[0-9]*/cmdline
	exit 1
fi
echo "gone"
