#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: graft KDIR            put the tests into a kernel tree, beside its own
#: graft --undo KDIR     take them out again
#
# graft.sh - put the files into tools/testing/selftests/proc of a kernel tree
#
# Usage: graft.sh [--undo] KDIR
#
# Programs, headers and run_tests.sh are copied; Makefile, .gitignore, config
# and settings get the lines they miss.  All of that is kept as one diff in
# proc/.graft.diff, which the kernel's .gitignore hides, so that it can be
# undone to the byte whatever else changes there, and so that a second graft
# starts from where the first one did.

set -eu

here=$(cd "$(dirname "$0")/.." && pwd -P)
diff=.graft.diff
programs="proc_maps_selftest proc_maps_tearing proc_mmap_latency"

usage()
{
	echo "Usage: $0 [--undo] KDIR" >&2
	exit 2
}

die()
{
	echo "$0: $*" >&2
	exit 1
}

undo()
{
	[ -e "$proc/$diff" ] || return 0
	if [ -s "$proc/$diff" ]; then
		set -- -R -p1 -s -f -F3 --no-backup-if-mismatch -r- \
			-d "$proc" -i "$proc/$diff"
		patch --dry-run "$@" >&2 ||
			die "something changed since the graft, so nothing was" \
				"done; what it added is in $proc/$diff"
		patch "$@" >&2 || die "could not undo"
	fi
	rm -f "$proc/$diff"
	for program in $programs; do
		rm -f "${proc:?}/$program"
	done
}

# add FILE LINE: append the line unless FILE has it.
add()
{
	[ -e "$1" ] && grep -qxF -e "$2" "$1" && return
	# Where the last line is not ended, end it first.
	[ ! -s "$1" ] || [ ! "$(tail -c 1 "$1")" ] || echo >>"$1"
	printf '%s\n' "$2" >>"$1"
}

# The Makefile's lines belong behind the last program it knows, at any rate
# before lib.mk is read.
add_to_makefile()
{
	lines=
	for program in $programs; do
		lines="$lines
TEST_GEN_PROGS += $program"
	done
	lines="$lines
TEST_PROGS_EXTENDED += run_tests.sh
LOCAL_HDRS += \$(wildcard *.h)"
	printf '%s\n' "$lines" | awk '
	NR == FNR {
		if ($0 != "")
			wanted[++count] = $0
		next
	}
	{ line[FNR] = $0; have[$0] = 1; last = FNR }
	/^TEST_GEN_PROGS/ { place = FNR }
	/^include .*\/lib\.mk/ && !place { place = FNR - 1 }
	END {
		for (i = 0; i <= last; i++) {
			if (i)
				print line[i]
			if (i != place)
				continue
			for (j = 1; j <= count; j++)
				if (!(wanted[j] in have))
					print wanted[j]
		}
	}' - "$1" >"$1.new"
	mv "$1.new" "$1"
}

merge()
{
	add_to_makefile "$1/Makefile"
	for program in $programs; do
		add "$1/.gitignore" "/$program"
	done
	grep '^CONFIG_' "$here/config" | while read -r line; do
		grep -qs "^${line%%=*}=" "$1/config" || add "$1/config" "$line"
	done
	grep -qs '^timeout=' "$1/settings" ||
		add "$1/settings" "$(grep '^timeout=' "$here/settings")"
	cp "$here"/proc_*.c "$here"/*.h "$here/run_tests.sh" "$1/"
}

graft()
{
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	mkdir "$work/a" "$work/b"
	for file in Makefile .gitignore config settings run_tests.sh \
		    "$here"/proc_*.c "$here"/*.h; do
		file=${file##*/}
		[ ! -e "$proc/$file" ] || cp "$proc/$file" "$work/a/"
	done
	cp -R "$work/a/." "$work/b/"
	merge "$work/b"

	# Without the time of day, the same graft gives the same diff.
	find "$work" -type f -exec touch -d 2000-01-01 {} +
	status=0
	(cd "$work" && diff -ruN a b) >"$work/diff" || status=$?
	[ "$status" -le 1 ] || die "could not compare"
	# The diff first: a graft that is killed half-way can be undone.
	cp "$work/diff" "$proc/$diff"
	for file in "$work"/b/* "$work"/b/.gitignore; do
		cmp -s "$file" "$proc/${file##*/}" || cp "$file" "$proc/"
	done
}

command=graft
if [ "${1-}" = --undo ]; then
	command=undo
	shift
fi
[ $# -eq 1 ] || usage
case $1 in -*) usage ;; esac

proc=$1/tools/testing/selftests/proc
if [ ! -e "$proc/Makefile" ] || [ ! -e "$proc/../lib.mk" ]; then
	die "$1 is not a kernel tree with selftests for proc"
fi
proc=$(cd "$proc" && pwd -P)
"$here/scripts/install.sh" graft

undo
[ "$command" = undo ] || graft
