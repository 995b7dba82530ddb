#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run under any name: what each file escapes of it, and what not, is no fault of the
# kernel, nor is the name that a program has once it was built anew.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }

# A file each, and queries, of the program in this folder; all at rest but for
# steps, so that no race decides.
tests='-r stepped.hole.maps -r stepped.hole.smaps -r stepped.hole.numa_maps
-r stepped.hole.query -r query.filters -r access.buffer_sizes -r leaving.exec'
# from WHAT NAME: the tests, run from a folder of that name
from()
{
	mkdir "$work/$2" && cp "$top/proc_maps_tearing" "$work/$2" || exit
	# shellcheck disable=SC2086 # words
	equal "a folder with $1: passes" \
		"$(status "$work/$2/proc_maps_tearing" $tests)" 0
	grep -E '^not ok|RULE BROKEN|answer' "$work/stdout" >"$work/red"
	explain "$work/red"
}

from 'a newline' 'one
two'
from 'what looks like an escaped newline' 'one\012two'
from 'what looks like an escaped blank' 'one\040two'
from 'blanks, a tab and =' 'one two	three=four '
from 'the end of a deleted file' 'one (deleted)'
# Names are compared by their beginnings: the cut is to fall among what is escaped.
from 'so many newlines that the name is cut off' "$(printf '%100s.' '' | tr ' ' '\n')"

# rebuilt HOW NUMBER: how often a failure says that its program was built anew
rebuilt()
{
	PLANT=gap "$work/moved" -r racing.hole.maps >"$work/gap"
	equal "built anew, a program that $1: said $2 times" "$(grep -c 'summary: a program was built anew' "$work/gap")" "$2"
}

cp "$top/proc_maps_tearing" "$work/moved" || exit
rebuilt 'is still there' 0
exec 3<"$work/moved"
rm "$work/moved" && ln -s /proc/self/fd/3 "$work/moved"
rebuilt 'has lost its file' 1

finish
