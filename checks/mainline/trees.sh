#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a tree of each series that Debian has sources of, from 5.10 to the newest:
# built, run there, run from an installed copy, by kselftest's runner and by our
# own.  TREES names the series.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/programs.sh
. "$(dirname "$0")/../lib/programs.sh"
# shellcheck source=../lib/ktap.sh
. "$(dirname "$0")/../lib/ktap.sh"
# shellcheck source=../lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"
# shellcheck source=../lib/trees.sh
. "$(dirname "$0")/../lib/trees.sh"

unset KDIR DURATION FULL kselftest_override_timeout

# looked_at HOW COMMAND...: what the command printed has answers of all
looked_at()
{
	how=$1
	shift
	# The runner opens its stdout once more, and appends to it.
	: >"$work/report"
	"$@" >>"$work/report" 2>"$work/err" </dev/null
	for program in $programs; do
		ok "$name: $how: a result of $program" \
			result_of "$program" "$work/report"
		ok "$name: $how: $program was in time" \
			test -z "$(grep TIMEOUT "$work/out")"
	done
	# shellcheck disable=SC2086
	unexcused "$work/report" $programs >"$work/odd"
	ok "$name: $how: nothing of ours fails but what lab/expected has" \
		holds_nothing "$work/odd"
}

: "${TREES=$(tree_series 2>"$work/err")}"
[ "$TREES" ] || { explain "$work/err"; skip "trees" "no sources to be had"; }

for series in $TREES; do
	graft_into "$series" || continue
	builds_everywhere
	skips_are_kept_apart
	installed
	only_ours proc_m
	looked_at "run_kselftest.sh -c proc" "$copy/run_kselftest.sh" -c proc
	looked_at "installed run_tests.sh" "$copy/proc/run_tests.sh"
	looked_at "run_tests" in_tree run_tests
	takes_options_or_says_so
	rm -rf "${work:?}/$name"
done

finish
