#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Memory in motion: are the judges heard, are the bounds kept, and is everything
# as it was before once it was killed?

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"
# shellcheck source=lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

program=$top/proc_maps_stress
make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }

# --- the judges --------------------------------------------------------------

# planted PLANT TEST RULE: is it found?  On a busy machine that takes a few seconds.
planted()
{
	equal "PLANT=$1: fails" "$(PLANT=$1 DURATION=8 status "$program" -r "$2")" 1
	ok "PLANT=$1: $3" grep -qE "RULE BROKEN: ($3)$" "$work/stdout"
}

planted content stress.fork_fault.maps 'page that does not say what it should'
planted kid stress.fork_hole.maps 'gap where a mapping was all the time'
planted exec stress.fork_exec.maps '.*'
PLANT=idle status "$program" -r stress.unmap.maps >"$work/status"
ok "PLANT=idle: no pass" grep -q '^ok 1 .* # SKIP stress not exercised' \
	"$work/stdout"

# --- the bounds --------------------------------------------------------------

# memory PID...: MiB of these; pages that several have in common are counted once (Pss)
memory()
{
	for each; do
		set -- "$@" "/proc/$each/smaps_rollup"
		shift
	done
	cat "$@" 2>/dev/null </dev/null |
		awk '/^Pss:/ { sum += $2 } END { print int(sum / 1024) }'
}

bounds()
{
	env "$mark" STRESS=1 DURATION=6 "$program" -r stress.fork_fault.maps \
		>"$work/report" 2>&1 &
	pid=$!
	processes=0
	mebibytes=0
	while kill -0 "$pid" 2>/dev/null; do
		# shellcheck disable=SC2046 # PIDs
		set -- $(marked)
		[ $# -le "$processes" ] || processes=$#
		now=$(memory "$@")
		[ "$now" -le "$mebibytes" ] || mebibytes=$now
		sleep 0.01
	done
	wait "$pid"
}

ok "within its bounds: passes" bounds
explain "$work/report"
most=$(sed -n 's/.*at most \([0-9]*\) at once.*/\1/p' "$work/report")
bytes=$(sed -n 's/.*at most \([0-9]*\) MiB.*/\1/p' "$work/report")
echo "# at most $processes processes and $mebibytes MiB were seen"
ok "it said how much" test "${most:-0}" -gt 0 -a "${bytes:-0}" -gt 0
# The program, its test, the target; a child just forked is two in /proc.
ok "no more processes than it said" test "$processes" -le $((${most:-0} + 5))
ok "and some" test "$processes" -ge 10
# What a program has before it begins is no more than this.
ok "no more memory than it said" test "$mebibytes" -le $((${bytes:-0} + 16))

# --- what is left ------------------------------------------------------------

# settings: what could have been changed, and what could have been added.
settings()
{
	grep -rs . /proc/sys/vm/ /sys/kernel/mm/transparent_hugepage/ \
		--exclude=compact_memory --exclude=stat_refresh \
		--exclude=pages_collapsed --exclude=full_scans \
		--exclude-dir=stats
	sed 's/[[:space:]][0-9]*[[:space:]][^[:space:]]*$//' /proc/swaps
	find /sys/fs/cgroup -name 'proc_maps_stress*' 2>/dev/null
	ls /dev/shm "$work/tmp"
}

mkdir "$work/tmp"
settings >"$work/before"
for row in all pressure compact; do
	env "$mark" TMPDIR="$work/tmp" STRESS=1 DURATION=20 \
		"$program" -v "$row" >"$work/report" 2>&1 &
	pid=$!
	sleep 1
	kill -KILL "$pid" 2>/dev/null
	ok "$row: no process stays after SIGKILL" all_gone
	wait "$pid" 2>/dev/null
done
settings >"$work/after"
ok "everything is as it was" diff "$work/before" "$work/after"

# Where there is a memory cgroup to be had for sure: in the lab.
needs_lab lab
has_kernel 7.2 || finish
static=$(static_here) || exit
"$top/lab/boot.sh" --kernel "$image" --out "$work/lab" --swap 512M \
	--program "$static/proc_maps_stress" \
	--program "$top/checks/lib/kill-pressure.sh" \
	-- kill-pressure.sh proc_maps_stress >"$work/boot" 2>&1
status=$?
if [ "$status" -eq 4 ]; then
	explain "$work/boot"
	skip "the cgroup goes after SIGKILL" "no answer from the machine"
else
	explain "$work/lab/out"
	equal "the cgroup goes after SIGKILL" "$status" 0
fi

finish
