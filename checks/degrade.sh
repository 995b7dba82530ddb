#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A guest without rights, room or files: each answer is still one of pass, fail
# for a reason, and could not tell; reasons are constant; nothing is left.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/ktap.sh
. "$(dirname "$0")/lib/ktap.sh"
# shellcheck source=lib/cgroup.sh
. "$(dirname "$0")/lib/cgroup.sh"
# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"

# The judges' own test asks nothing of the machine.
programs=${programs#proc_maps_selftest }
bin=$work/bin

make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
mkdir "$bin"
for program in $programs; do
	cp "$top/$program" "$bin"
done
gcc -O2 -Wall -Wextra -o "$bin/refuse" "$top/checks/refuse.c" || exit
# For users that are not root.
chmod 755 "$work" "$bin"

# Where a bad query gets a process stuck, that is told elsewhere.
misuse="-t misuse"
! known_here stuck-query || misuse=

# Some of each program, a few seconds in all.
some_of()
{
	case $1 in
	proc_maps_tearing)
		# Nothing that meets the known bug, which is told elsewhere.
		# shellcheck disable=SC2086 # words
		echo -r stepped.hole.maps -r stepped.split_middle.smaps \
			-r stepped.hole.numa_maps -r stepped.gap_left.query \
			-f leaving $misuse -t page_positions \
			-r racing.two_bits.maps
		;;
	proc_mmap_latency)
		echo -v control_hog -v maps_hog
		;;
	*)
		echo -v fork_hole
		;;
	esac
}

# answered STATUS: with this exit status, what is in $work/report?  A program may
# end before it has a plan, if it says why.
answered()
{
	case $1 in
	0|4)
		;;
	*)
		echo "exit status $1"
		grep -B 12 '^not ok' "$work/report" | tail -n 30
		tail -n 5 "$work/report"
		return 1
		;;
	esac
	if [ "$1" -eq 0 ]; then
		well_formed "$work/report" || return
	else
		grep -qE '^1\.\.0 # SKIP ' "$work/report" || return
	fi
	constant_reasons "$work/report"
}

# How many tests gave which answer; only printed.
sum_up()
{
	results "$work/report" | awk -F '\t' '
	{ n[$4]++ }
	END {
		printf "# %d passed, %d failed, %d skipped\n", n["pass"],
			n["fail"], n["skip"] + n["unsure"]
	}'
	sed -n 's/.*# SKIP //p' "$work/report" | sort | uniq -c | sed 's/^/#/'
}

# degrades NAME COMMAND...: the command runs what is behind it somehow.
degrades()
{
	what=$1
	shift
	for program in $programs; do
		# shellcheck disable=SC2046
		env "$mark" TMPDIR="$work/tmp" "$@" "$bin/$program" \
			$(some_of "$program") >"$work/report" 2>&1 </dev/null
		code=$?
		ok "$what: $program answers" answered "$code"
		sum_up
		ok "$what: $program leaves no process" all_gone
	done
}

# in_namespace NAME AS MOUNTS: with other mounts, which end with the command,
# which is started by AS.
in_namespace()
{
	if ! unshare -m mount --bind / /mnt 2>/dev/null; then
		skip "$1" "cannot mount"
		return
	fi
	# What is run lies on /mnt, wherever else nothing is to be seen.
	# shellcheck disable=SC2016
	degrades "$1" unshare -m sh -c '
		as=$2 program=/mnt/${4##*/}
		mount --make-rprivate / && mount --bind "$1" /mnt &&
			eval "$3" || exit 99
		shift 4
		exec $as "$program" "$@"' sh "$bin" "$2" "$3"
}

mkdir "$work/tmp"
chmod 1777 "$work/tmp"

degrades "one CPU" taskset -c "$(first_cpu)"
degrades "no nice, no affinity" "$bin/refuse" setpriority sched_setaffinity \
	sched_setscheduler --
degrades "no userfaultfd, no process_vm" "$bin/refuse" userfaultfd \
	process_vm_readv process_vm_writev ptrace --
degrades "no timerfd, no perf, no move_pages" "$bin/refuse" timerfd_create \
	perf_event_open move_pages mbind personality --
degrades "RLIMIT_NOFILE 6" prlimit --nofile=6:6
degrades "RLIMIT_AS 48 MiB" prlimit --as=50331648:50331648

if [ "$(id -u)" -eq 0 ]; then
	unprivileged="setpriv --reuid=65534 --regid=65534 --clear-groups"
	# shellcheck disable=SC2086
	degrades "not root" $unprivileged
	# shellcheck disable=SC2086
	degrades "RLIMIT_NPROC 2" $unprivileged prlimit --nproc=2:2
	# shellcheck disable=SC2016
	in_namespace "hidepid=2, not root" "$unprivileged" \
		'mount -t proc -o hidepid=2 proc /proc &&
		! $as test -e /proc/1/status'
	in_namespace "no /sys" '' 'mount -t tmpfs tmpfs /sys &&
		! test -e /sys/kernel'
	in_namespace "read-only file system" '' 'mount -o remount,bind,ro / &&
		! touch /var/tmp/gate 2>/dev/null'
	in_namespace "no writable /tmp" '' 'mount -t tmpfs -o ro tmpfs /tmp &&
		! touch /tmp/gate 2>/dev/null'
	in_namespace "no /dev" '' 'mount -t tmpfs -o ro tmpfs /dev &&
		! test -e /dev/zero'
else
	skip "namespaces and other users" "not root"
fi

if group_of 512M "memory/$own/memory.limit_in_bytes" "$own/memory.max"; then
	degrades "512 MiB of memory" sh -c "$enter_group" sh "$group"
	ok "512 MiB of memory: the group is gone" rmdir "$group"
else
	skip "512 MiB of memory" "no control group to be had"
fi

#
# The wrapper without a place for its files.
#
equal "run_tests.sh without a directory for files: could not tell" "$(
	TMPDIR=$work/none status "$top/run_tests.sh" gate -- -r none.none)" 4
ok "and says so" grep -q 'temporary directory' "$work/stderr"

#
# Ended at any moment, by each signal: see kill.sh for longer runs.
#
for signal in INT TERM KILL; do
	for delay in 0.02 0.1 0.3 0.7 1.5; do
		for program in $programs; do
			env "$mark" timeout --foreground -s $signal $delay \
				"$bin/$program" >"$work/report" 2>&1 </dev/null
			all_gone || echo "$program, $signal after $delay s"
		done
	done >"$work/left"
	ok "SIG$signal at any moment: nothing stays" holds_nothing "$work/left"
done

finish
