#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# At whatever priority the gate is started, and whatever its limits are: it ends,
# leaves the CPUs to others, and says what it could not do.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/cgroup.sh
. "$(dirname "$0")/lib/cgroup.sh"
# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"

program=$top/proc_maps_tearing
make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
gcc -O2 -Wall -Wextra -o "$work/refuse" "$top/checks/refuse.c" || exit

# --- inherited policies -------------------------------------------------------

# guard SECONDS: more urgent than all that is tried here, so that it has the last
# word: what is marked goes when its time is over.
guard()
{
	touch "$work/guarded"
	# shellcheck disable=SC2016
	setsid chrt -f 99 sh -c '
		left=$1
		while [ "$left" -gt 0 ] && [ -e "$2" ]; do
			sleep 0.5
			left=$((left - 1))
		done
		for _ in 1 2; do
			grep -lzx "$3" /proc/[0-9]*/environ 2>/dev/null |
				cut -d/ -f3 | xargs -r kill -KILL 2>/dev/null
		done' sh $((2 * $1)) "$work/guarded" "$mark" &
	guard=$!
}

# guarded COMMAND...: its exit status, 137 where it had to be ended
guarded()
{
	guard 25
	env "$mark" "$@" >"$work/report" 2>&1 </dev/null
	code=$?
	rm -f "$work/guarded"
	wait "$guard"
	return "$code"
}

# What spins in its tests would spin for good on one CPU, where all of it is at one
# real-time priority.  On one only: the other is the guard's.  And there it does not meet
# the known bug.
cpu=$(taskset -cp $$ | sed 's/.*[-,: ]//')
test=access.shared_read_read

# starts NAME CHRT...: a test passes that was started so
starts()
{
	what=$1
	shift
	chrt "$@" true 2>"$work/out" ||
		{ skip "$what" "not permitted"; return; }
	guarded taskset -c "$cpu" chrt "$@" "$program" -r "$test"
	equal "$what: passes" "$?" 0
	ok "$what: no process stays" all_gone
}

if chrt -f 99 true 2>/dev/null; then
	starts "SCHED_FIFO" -f 50
	starts "SCHED_RR, not for children" -R -r 20
	starts "SCHED_BATCH" -b 0
	starts "SCHED_IDLE" -i 0
	# It may run on all CPUs, or not be at all; and it has no children.  What merges
	# nothing does not meet the known bug there.
	if chrt -d -T 10000000 -P 100000000 0 true 2>/dev/null; then
		guarded chrt -d -T 10000000 -P 100000000 0 "$program" \
			-r racing.gap_alone.maps
		equal "SCHED_DEADLINE: passes" "$?" 0
	else
		skip "SCHED_DEADLINE" "not permitted"
	fi
	guarded taskset -c "$cpu" chrt -f 50 "$top/run_tests.sh" gate -- -r "$test"
	equal "run_tests.sh at SCHED_FIFO: passes" "$?" 0
	ok "run_tests.sh at SCHED_FIFO: no process stays" all_gone
	guarded taskset -c "$cpu" chrt -f 50 "$work/refuse" sched_setscheduler -- \
		"$program" -r "$test"
	equal "real-time priority that cannot be left: could not tell" "$?" 4
else
	skip "inherited policies" "no real-time priority"
fi

# --- limits -------------------------------------------------------------------

# The harness says so of what was ended.
nothing_ended()
{
	! grep -E 'signal|unexpectedly' "$work/report"
}

# What merges nothing does not meet the known bug.
for limit in 1000:1000 1000:unlimited 500000:500000; do
	prlimit --rttime="$limit" "$program" -r stopped.fallback.race \
		-r stopped.smaps.race -r racing.gap_alone.maps -r query.edges \
		>"$work/report" 2>&1 </dev/null
	code=$?
	ok "RLIMIT_RTTIME $limit: ends nothing" nothing_ended
	equal "RLIMIT_RTTIME $limit: passes" "$code" 0 ||
		explain "$work/report"
done

# --- what goes wrong is told ----------------------------------------------------

children_of()
{
	for parent; do
		cat "/proc/$parent/task/$parent/children" 2>/dev/null
	done
}

# Of a program: the harness has a process for each test, which has one that runs it,
# whose child is the modifier.
reader_of()
{
	# shellcheck disable=SC2046 # numbers
	children_of $(children_of "$1")
}

modifier_of()
{
	# shellcheck disable=SC2046 # numbers
	children_of $(reader_of "$1")
}

# end_of PROCESS: its exit status; within a minute
end_of()
{
	for _ in $(seq 120); do
		case $(cat "/proc/$1/stat" 2>/dev/null) in
		''|*") Z "*)
			break
			;;
		esac
		sleep 0.5
	done
	kill -KILL "$1" 2>/dev/null
	wait "$1"
}

there_is_one()
{
	[ "$(modifier_of "$pid")" ]
}

DURATION=5 "$program" -r racing.gap_alone.maps >"$work/report" 2>&1 </dev/null &
pid=$!
ok "a modifier is there" until_true there_is_one
# shellcheck disable=SC2046 # numbers
kill -STOP $(modifier_of "$pid")
end_of "$pid"
equal "a modifier that does not answer: fails" "$?" 1
ok "and it is said" grep -q 'modifier or reader: Connection timed out' "$work/report"
ok "and what was counted until then" grep -q 'gap_alone: readings [0-9]' "$work/report"
ok "and how to see it again" grep -qF -e '-r racing.gap_alone.maps' "$work/report"

# --- processes held in the kernel -----------------------------------------------

# In a frozen group, a process waits as it does for a lock.
# freeze PROCESS...
freeze()
{
	for process; do
		echo "$process" >"$group/cgroup.procs"
	done
	echo FROZEN >"$group/freezer.state"
}

# freezing CHECK: runs it where there is such a group
freezing()
{
	if group_of THAWED "freezer/$own/freezer.state"; then
		"$2"
		remove_group
	else
		skip "$1" "no freezer to be had"
	fi
}

held_target()
{
	DURATION=3 "$top/proc_maps_stress" -r stress.unmap.maps \
		>"$work/report" 2>&1 </dev/null &
	pid=$!
	ok "a target is there" until_true there_is_one
	# shellcheck disable=SC2046 # numbers
	freeze $(modifier_of "$pid")
	end_of "$pid"
	equal "a target that is held in the kernel: fails" "$?" 1
	ok "and it is said" grep -q 'RULE BROKEN: the modifier was killed, and is held' \
		"$work/report"
}

freezing "a target that is held in the kernel" held_target

# --- others -----------------------------------------------------------------------

# latest: how late a bystander was at most, in whole ms
latest()
{
	"$top/bystander" "$@" | sed -n 's/.* \([0-9]*\)\.[0-9]* ms at most$/\1/p' |
		sort -n | tail -n 1
}

# kind_to_others: one of five times will do, on a machine that is shared; and
# nothing is told where it is late each time without any of this.
kind_to_others()
{
	busy=1
	for _ in 1 2 3 4 5; do
		during=$(latest "$program" "$@")
		before=$(latest sleep 1)
		echo "at most $before ms late without, $during ms beside it"
		[ "$during" -gt 50 ] || return 0
		[ "$before" -gt 10 ] || busy=
	done
	return 1
}

make -s -C "$top" bystander >"$work/build" 2>&1 || cat "$work/build"
for test in "-f stopped" "-f narrow" "-r query.build_id" "-r query.edges"; do
	# shellcheck disable=SC2086 # words
	kind_to_others $test >"$work/kind"
	code=$?
	explain "$work/kind"
	if [ "$code" -ne 0 ] && [ "$busy" ]; then
		skip "$test: others wait no longer than 50 ms" "machine is busy"
	else
		equal "$test: others wait no longer than 50 ms" "$code" 0
	fi
done

finish
