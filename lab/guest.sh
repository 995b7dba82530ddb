#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh - the gate inside a machine of the lab
#
# Prints what the kselftest runner prints, which needs more than busybox has.
# The options of the gate are this script's; GUEST_LIMIT is in seconds for each
# program, GUEST_PROGRAMS where they are, GUEST_ONLY the one to run (default: all)
# and GUEST_OUT where their files go.  GUEST_CGROUP are limits of a control group that
# all runs in, with commas for blanks: "cpu.max=150000,100000 memory.max=400M".

: "${GUEST_PROGRAMS:=/bin}" "${GUEST_OUT:=/out}"
count=0
failed=0

# What ends us ends the program, too: timeout(1) hands it on.  The pipe is not in
# GUEST_OUT, which vng mounts by 9p, where there are none.
child=''
scratch=$(mktemp -d) || exit 4
trap 'trap "" HUP INT TERM; rm -rf "$scratch"' EXIT
pipe=$scratch/pipe
mkfifo "$pipe" || exit 4
trap '[ -z "$child" ] || kill "$child"; exit 143' HUP INT TERM

if [ -n "${GUEST_CGROUP-}" ]; then
	group=/sys/fs/cgroup
	[ -e $group/cgroup.controllers ] || mount -t cgroup2 cgroup2 $group || exit 4
	echo '+cpu +memory' > $group/cgroup.subtree_control && mkdir -p $group/gate || exit 4
	for limit in $GUEST_CGROUP; do
		echo "${limit#*=}" | tr , ' ' > "$group/gate/${limit%%=*}" || exit 4
	done
	echo $$ > $group/gate/cgroup.procs || exit 4
fi

# program NAME COMMAND...
program()
{
	name=$1
	shift
	count=$((count + 1))
	echo "# timeout set to $GUEST_LIMIT"
	echo "# selftests: proc: $name"
	timeout "$GUEST_LIMIT" "$@" > "$pipe" 2>&1 &
	child=$!
	# busybox' printf gives up, before it has written anything, when the program
	# ends while the port is not ready; a result would be gone.
	while IFS= read -r line; do
		printf '# %s\n' "$line" || printf '# %s\n' "$line"
	done < "$pipe"
	wait "$child"
	status=$?
	child=''
	case $status in
	0) echo "ok $count selftests: proc: $name" ;;
	4) echo "ok $count selftests: proc: $name # SKIP" ;;
	143|124)
		failed=1
		echo "not ok $count selftests: proc: $name # TIMEOUT" \
			"$GUEST_LIMIT seconds" ;;
	*)	failed=1
		echo "not ok $count selftests: proc: $name # exit=$status" ;;
	esac
}

# The fault of the kernel that lab run must notice by itself.
if [ "${PLANT-}" = splat ]; then
	echo 'BUG: planted' > /dev/kmsg
	unset PLANT
fi

# Programs that are late leave out their last tests; here is more time.
export kselftest_override_timeout="$GUEST_LIMIT"

programs=''
for file in ${GUEST_ONLY:-proc_maps_selftest proc_maps_tearing \
	proc_maps_stress proc_mmap_latency}; do
	[ ! -x "$GUEST_PROGRAMS/$file" ] || programs="$programs $file"
done
# shellcheck disable=SC2086 # names
runs=$(echo $programs | wc -w)
# The matrix has a column that the short list has not.
extra=''
if [ $# -eq 0 ] && [ -z "${FULL-}${GUEST_ONLY-}" ] &&
	[ -x "$GUEST_PROGRAMS/proc_mmap_latency" ]; then
	extra=1
	runs=$((runs + 1))
fi

echo 'TAP version 13'
echo "1..$runs"
for file in $programs; do
	JSON=$GUEST_OUT/$file.json program "$file" \
		"$GUEST_PROGRAMS/$file" "$@"
done
[ -z "$extra" ] || FULL=1 JSON=$GUEST_OUT/numa_maps.json program numa_maps \
	"$GUEST_PROGRAMS/proc_mmap_latency" -v numa_maps_hog
exit $failed
