#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# JSON=FILE: what is no regular file is written to and stays what it is, a link is
# followed, no other file is touched; and what cannot be written is no pass.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

make -s -C "$top" proc_mmap_latency >"$work/build" 2>&1 || {
	cat "$work/build"
	exit 1
}

# Ends at once, and has a report of no scenario.
brief="CPU_MAPPER=0 CPU_LOAD=0"
# A scenario of a second.
whole=DURATION=1

# latency KNOBS FILE: its exit status, as of a run with JSON=FILE
latency()
{
	# shellcheck disable=SC2086 # words
	status env -u GATE -u FULL $1 JSON="$2" timeout 120 \
		"$top/proc_mmap_latency" -r latency.control_hog.interference
}

# is_report FILE [SCENARIOS]
is_report()
{
	[ "$(jq -s 'length, .[0].num_threads' "$1" | paste -sd' ')" = "1 ${2-0}" ]
}

said()
{
	grep "^# cannot write $1: $2\$" "$work/stdout"
}

room=$work/room
mkdir "$room"

# --- regular files, and links to them -------------------------------------------

echo "another's" >"$room/a.tmp"
equal "a file: exit status" "$(latency $whole "$room/a")" 0
ok "a file: has the scenario" is_report "$room/a" 1
equal "a file: no other one is touched" "$(cat "$room/a.tmp")" "another's"
equal "a file: no other one is left" "$(cd "$room" && echo *)" "a a.tmp"
equal "a file: as the umask has it" "$(stat -c %a "$room/a")" \
	"$(printf %o $((0666 & ~0$(umask))))"

mkdir "$room/elsewhere"
echo old >"$room/elsewhere/b"
chmod 640 "$room/elsewhere/b"
ln -s elsewhere/b "$room/link"
equal "a link: exit status" "$(latency $whole "$room/link")" 0
equal "a link: is one still" "$(readlink "$room/link")" elsewhere/b
ok "a link: has led to the file" is_report "$room/elsewhere/b" 1
equal "a link: the file's mode stays" "$(stat -c %a "$room/elsewhere/b")" 640

ln -s elsewhere/c "$room/dangling"
equal "a link to nothing yet: exit status" "$(latency "$brief" "$room/dangling")" 0
equal "a link to nothing yet: is one still" "$(readlink "$room/dangling")" \
	elsewhere/c
ok "a link to nothing yet: is followed" is_report "$room/elsewhere/c"

# The report of the tests is a file here, and is not to go.
env -u GATE -u FULL CPU_MAPPER=0 CPU_LOAD=0 JSON=/dev/stdout \
	"$top/proc_mmap_latency" -r latency.control_hog.interference \
	>"$work/both" 2>/dev/null
ok "standard output: the results stay" grep -q '^ok 1 ' "$work/both"
sed -n '/^{/,$p' "$work/both" >"$work/half"
ok "standard output: the report is behind them" is_report "$work/half"

# --- what is no regular file ------------------------------------------------------

# device NAME MINOR: a node of our own, of what /dev has
device()
{
	mknod -m 666 "$room/$1" c 1 "$2" 2>/dev/null &&
		(: >"$room/$1") 2>/dev/null
}

if device null 3 && device full 7; then
	equal "a device: exit status" "$(latency $whole "$room/null")" 0
	equal "a device: is one still" "$(stat -c %F:%T "$room/null")" \
		"character special file:3"
	equal "a full device: no pass" "$(latency $whole "$room/full")" 4
	ok "a full device: says why" said "$room/full" "No space left on device"
	equal "a full device: is one still" "$(stat -c %F:%T "$room/full")" \
		"character special file:7"
	ln -s full "$room/to-full"
	equal "a link to one: no pass" "$(latency "$brief" "$room/to-full")" 4
	equal "a link to one: is one still" "$(readlink "$room/to-full")" full
	ok "a link to one: leads to it" test -c "$room/full"
else
	skip "devices" "cannot make one"
fi

mkfifo "$room/pipe"
timeout 10 cat "$room/pipe" >"$work/piped" &
reader=$!
equal "a pipe: exit status" "$(latency "$brief" "$room/pipe")" 0
ok "a pipe: is one still" test -p "$room/pipe"
wait "$reader"
ok "a pipe: the report comes out of it" is_report "$work/piped"
equal "a pipe that is not read: no pass" "$(latency "$brief" "$room/pipe")" 4
ok "a pipe that is not read: says why" said "$room/pipe" "No such device or address"

# --- what cannot be written -------------------------------------------------------

equal "no folder: no pass" "$(latency "$brief" "$room/none/x")" 4
ok "no folder: says why" said "$room/none/x" "No such file or directory"
equal "a folder: no pass" "$(latency "$brief" "$room/elsewhere")" 4
ok "a folder: says why" said "$room/elsewhere" "Is a directory"

finish
