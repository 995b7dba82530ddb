#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Whatever is killed, and however: no process and no file stays.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

# A process is known by a word in its environment, which its children have too.
mark=GATE_CHECK_MARK=$$

marked()
{
	grep -lzx "$mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
}

# all_gone: within three seconds; says who is left.
all_gone()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
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

# until COMMAND...: within ten seconds.
until_true()
{
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# busy: a test is running that has a process of its own.
busy()
{
	[ "$(marked | wc -l)" -ge "$1" ]
}

make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
mkdir "$work/tmp"

# Signals that a shell ignores in the background are needed here: hence perl.
front_door()
{
	# shellcheck disable=SC2016
	env "$mark" TMPDIR="$work/tmp" DURATION=20 perl -e '
		$SIG{$_} = "DEFAULT" for qw(HUP INT TERM);
		exec @ARGV' "$top/run_tests.sh" gate >"$work/report" 2>&1 &
	pid=$!
}

reached()
{
	grep -q '^# selftests: proc: proc_maps_tearing' "$work/report" &&
		grep -q '^# #  RUN .*' "$work/report"
}

for signal in HUP INT TERM KILL; do
	front_door
	ok "run_tests.sh: runs before SIG$signal" until_true reached
	sleep 1
	kill -s "$signal" "$pid"
	ok "run_tests.sh: no process stays after SIG$signal" all_gone
	wait "$pid" 2>/dev/null
	equal "run_tests.sh: no file stays after SIG$signal" \
		"$(ls "$work/tmp")" ""
done

for program in proc_maps_tearing proc_mmap_latency; do
	for signal in TERM KILL; do
		env "$mark" TMPDIR="$work/tmp" DURATION=20 "$top/$program" \
			>"$work/report" 2>&1 &
		pid=$!
		ok "$program: runs before SIG$signal" until_true busy 2
		sleep 0.5
		kill -s "$signal" "$pid"
		ok "$program: no process stays after SIG$signal" all_gone
		wait "$pid" 2>/dev/null
	done
	# As the kselftest runner does it.
	env "$mark" TMPDIR="$work/tmp" DURATION=20 timeout --foreground 2 \
		"$top/$program" >"$work/report" 2>&1
	ok "$program: no process stays after its time limit" all_gone
	equal "$program: no file stays" "$(ls "$work/tmp")" ""
done

finish
