#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Whatever is killed, and however: no process and no file stays.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"

# busy: a test is running that has a process of its own.
busy()
{
	[ "$(marked | wc -l)" -ge "$1" ]
}

# Built by the wrapper, which else would do it while it is to be killed.
"$top/run_tests.sh" gate -- -l >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
mkdir "$work/tmp"

# Signals that a shell ignores in the background are needed here: hence perl.
wrapper()
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
	wrapper
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
