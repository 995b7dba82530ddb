#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What a run looks like, to the word.  Each file in golden/ is the normalised
# report of one program, behind a head: "program: NAME", "args: ...", "env:
# NAME=VALUE" and "expect: N", its exit status.  With UPDATE=1 the files are
# written anew; look at the difference before you commit it.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/ktap.sh
. "$(dirname "$0")/lib/ktap.sh"

#
# What differs from run to run is taken out: addresses, numbers, and in a table
# of "label  values" the values and how often a label comes in a row; and which
# rule is broken first, since a race decides that.  So is what the harness says
# in words of its own, which differ from kernel to kernel.
#
normalise()
{
	sed -E '
	/^#  +(RUN|OK|FAIL|SKIP) /d
	/^# (Starting|PASSED:|FAILED:|Totals:) ?/d
	/^# [0-9]+ skipped test/d
	/^# [a-z_/]+\.[ch]:[0-9]+:/d
	/^# [a-z_]+: Test /d
	/^# /!b
	s/^(#   +[A-Za-z]+( with)?) .*/\1/
	s/^(# RULE BROKEN): .*/\1/
	s/(0x)?[0-9a-f]{8,16}/ADDR/g
	s/[0-9]+(\.[0-9]+)?/N/g
	s/ +/ /g' | uniq
}

make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }

for golden in "$top"/checks/golden/*.tap; do
	[ -e "$golden" ] || continue
	name=$(basename "$golden" .tap)
	sed -n '/^# SPDX/p; /^[a-z]*: /p' "$golden" >"$work/head"
	# shellcheck disable=SC2046
	set -- $(sed -n 's/^env: //p' "$work/head")
	program=$(sed -n 's/^program: //p' "$work/head")
	# shellcheck disable=SC2046
	env "$@" "$top/$program" $(sed -n 's/^args: //p' "$work/head") \
		>"$work/report" 2>&1 </dev/null
	status=$?
	equal "$name: exit status" "$status" \
		"$(sed -n 's/^expect: //p' "$work/head")"
	ok "$name: well-formed" well_formed "$work/report"
	fakes "$work/report" >"$work/odd"
	ok "$name: no diagnostic looks like a result" holds_nothing "$work/odd"
	{ cat "$work/head"; normalise <"$work/report"; } >"$work/new"
	[ "${UPDATE-}" ] && cat "$work/new" >"$golden"
	ok "$name: as recorded" diff -u "$golden" "$work/new"
done

finish
