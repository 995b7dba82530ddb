#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What keeps an answer from being given, or from being heard: the wrapper could not
# tell, and says why; and nothing that is not its own is written to.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/cgroup.sh
. "$(dirname "$0")/lib/cgroup.sh"

run=$top/run_tests.sh
# A quick one that passes.
set -- gate -- -r stepped.hole.maps

# told NAME STATUS WORDS: of the run before, with its stderr in $work/stderr
told()
{
	equal "$1: could not tell" "$2" 4
	ok "$1: why" grep -q -e "$3" "$work/stderr"
}

"$run" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
equal "it passes" $? 0

#
# Too few processes
#
if group_of 16 "pids/$own/pids.max" "$own/pids.max"; then
	# The runner's shell, the runner's timeout(1), and a program are refused one.
	for most in 12 16 20; do
		echo "$most" >"$group/pids.max"
		sh -c "$enter_group" sh "$group" "$run" "$@" >"$work/stdout" \
			2>"$work/stderr" </dev/null
		told "pids.max of $most" $? "too few processes"
	done
	ok "the group is gone" rmdir "$group"
else
	skip "too few processes" "no control group to be had"
fi

#
# A report, or a verdict, that is lost
#
"$run" "$@" >"$work/stdout" 2>&- </dev/null
equal "stderr closed: could not tell" $? 4
ok "and the report says why" grep -q '^# the verdict could not be written' \
	"$work/stdout"
"$run" gate -- -r no.such.test >"$work/stdout" 2>&- </dev/null
equal "stderr closed: bad usage stays that" $? 2
"$run" "$@" >&- 2>"$work/stderr" </dev/null
told "stdout closed" $? "stdout is closed"
"$run" "$@" 2>"$work/stderr" <&- >"$work/stdout"
equal "stdin closed: passes" $? 0
{ "$run" "$@" 2>"$work/stderr" </dev/null; echo $? >"$work/code"; } | head -n 1 \
	>"$work/stdout"
equal "a reader that has seen enough: passes" "$(cat "$work/code")" 0

# A node of our own: the machine's belongs to it.
full=$work/full
if mknod "$full" c 1 7 2>/dev/null && (: >"$full") 2>/dev/null; then
	"$run" "$@" >"$work/stdout" 2>"$full" </dev/null
	equal "stderr full: could not tell" $? 4
	ok "and the report says why" grep -q '^# the verdict could not be' \
		"$work/stdout"
	"$run" "$@" >"$full" 2>"$work/stderr" </dev/null
	told "stdout full" $? "report could not be written to stdout"
	# A failure is one, whether it is heard of or not.
	PLANT=gap "$run" gate -- -r racing.hole.maps >"$work/stdout" \
		2>"$full" </dev/null
	equal "stderr full: a failure stays one" $? 1
	PLANT=gap "$run" gate -- -r racing.hole.maps >"$full" \
		2>"$work/stderr" </dev/null
	equal "stdout full: a failure stays one" $? 1
	ok "the full device is still one" test -c "$full"
else
	skip "stderr full, stdout full" "no device can be made here"
fi

#
# JSON
#
for path in "$work/none/latency.json" "$work"; do
	equal "JSON=$path: could not tell" "$(JSON=$path status "$run" "$@")" 4
	ok "why" grep -q "cannot write JSON=$path" "$work/stderr"
	ok "before anything is run" holds_nothing "$work/stdout"
done
(cd "$work" && JSON=here.json "$run" gate -- -r stepped.hole.maps \
	>"$work/stdout" 2>"$work/stderr" </dev/null)
equal "JSON in the folder that one is in" $? 0

#
# A machine that lacks what is needed, in a mount namespace of its own.  Without
# that, no mount of ours may be made at all.
#
# without NAME WORDS MOUNTS: runs it where these were made
without()
{
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --make-rprivate / && eval "$1" || exit 99
		shift
		exec "$@"' sh "$3" "$run" gate -- -r stepped.hole.maps \
		>"$work/stdout" 2>"$work/stderr" </dev/null
	told "$1" $? "$2"
	equal "$1: in one line" "$(wc -l <"$work/stderr")" 1
}

if unshare -m mount --bind "$work" "$work" 2>/dev/null; then
	without "no /proc" 'no /proc here' 'umount -l /proc'
	mkdir "$work/small" "$work/dev"
	export work
	# shellcheck disable=SC2016 # here and below, for the shell in there
	without "8 KiB for files" 'no room for the report' \
		'mount -t tmpfs -o size=8k tmpfs "$work/small" &&
		export TMPDIR="$work/small"'
	# shellcheck disable=SC2016
	without "files on a read-only file system" 'temporary directory' \
		'mount -t tmpfs -o ro tmpfs "$work/small" &&
		export TMPDIR="$work/small"'
	without "an empty /dev" 'no /dev/null' \
		'mount -t tmpfs tmpfs /dev'
	# shellcheck disable=SC2016
	without "no /dev/stdout" 'no /dev/stdout' \
		'mount -t tmpfs tmpfs "$work/dev" &&
		mknod "$work/dev/null" c 1 3 && mknod "$work/dev/zero" c 1 5 &&
		mount --move "$work/dev" /dev'
	# Root makes files of names that are not there.
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --make-rprivate / &&
		mount -t tmpfs tmpfs /dev && "$@"; ls -A /dev' sh "$run" "$@" \
		>"$work/stdout" 2>"$work/stderr" </dev/null
	ok "an empty /dev stays empty" holds_nothing "$work/stdout"
	# Room for a while: the report is cut off in the middle.
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --make-rprivate / &&
		mount -t tmpfs -o size=2m tmpfs "$1" || exit
		export TMPDIR="$1" DURATION=2
		shift
		{
			while ! cat "$TMPDIR"/*/report | grep -q .; do
				sleep 0.02
			done
			cat /dev/zero >"$TMPDIR/fill"
		} >/dev/null 2>&1 &
		"$@"' sh "$work/small" "$run" gate -- -r \
		racing.hole.maps -f stepped >"$work/stdout" 2>"$work/stderr" </dev/null
	code=$?
	if [ "$code" -eq 0 ] && grep -q "^ok 4" "$work/stdout"; then
		skip "a file system that fills up" "it was too late"
	else
		equal "a file system that fills up: no pass" \
			"$(case $code in 1|4) echo yes ;; esac)" yes
		ok "why" grep -q 'no room for the report' "$work/stderr"
	fi
else
	skip "mounts" "cannot mount"
fi

if unshare -pf true 2>/dev/null; then
	unshare -pf "$run" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
	told "a pid namespace without its /proc" $? 'another pid namespace'
	equal "in one line" "$(wc -l <"$work/stderr")" 1
	unshare -pf --mount-proc "$run" "$@" >"$work/stdout" \
		2>"$work/stderr" </dev/null
	equal "a pid namespace with its /proc: passes" $? 0
	# Root of a container: PID 2 is no thread of the kernel, and there is one user.
	unshare -Urpf --mount-proc "$run" gate -- -f targets -f processes \
		-t policy_is_ones_own >"$work/stdout" 2>"$work/stderr" </dev/null
	equal "a container: passes" $? 0
	ok "and has no thread of the kernel" grep -q \
		'^# ok .* targets.kernel_thread.files # SKIP no thread' "$work/stdout"
else
	skip "pid namespaces" "not to be had"
fi

#
# Limits: the reason is in the verdict
#
(
	# shellcheck disable=SC3045 # the shells that matter have it
	ulimit -v 30000 && exec "$run" gate -- -r racing.hole.maps
) >"$work/stdout" 2>"$work/stderr" </dev/null
code=$?
case $code in
0|1)
	skip "ulimit -v" "it was enough"
	;;
*)
	told "ulimit -v" "$code" '^because: too little address space allowed'
	;;
esac

(
	# shellcheck disable=SC3045
	ulimit -n 20 && exec "$run" gate -- -r stepped.hole.maps
) >"$work/stdout" 2>"$work/stderr" </dev/null
told "ulimit -n" $? 'too few file descriptors allowed'

finish
