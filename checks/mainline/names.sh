#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Ten runs: is each test always there, under one name, and does nothing fail but what is
# known of this kernel?  A bot takes a name that comes and goes for a regression.  RUNS is
# how many.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/ktap.sh
. "$(dirname "$0")/../lib/ktap.sh"

: "${RUNS:=10}"

for run in $(seq "$RUNS"); do
	"$top/run_tests.sh" >"$work/report" 2>"$work/summary" </dev/null
	explain "$work/summary"
	results "$work/report" | grep '^test' | cut -f 2,3 >"$work/names.$run"
	# shellcheck disable=SC2086 # words
	unexcused "$work/report" $programs >"$work/odd"
	ok "run $run: nothing fails but what lab/expected has of this kernel" \
		holds_nothing "$work/odd"
	ok "run $run: has tests" test -s "$work/names.$run"
	ok "run $run: each name once" test -z "$(sort "$work/names.$run" | uniq -d)"
	ok "run $run: the names of run 1, in its order" \
		diff "$work/names.1" "$work/names.$run"
done

# Of other machines, names can only be told by how they come about: from tables,
# at compile time.  The list is the same with one CPU, without rights, and for
# other C libraries.
for program in $programs; do
	"$top/$program" -l >"$work/list" 2>&1
	taskset -c "$(first_cpu)" env -i "$top/$program" -l >"$work/other" 2>&1
	ok "$program: the same list with one CPU and no environment" \
		diff "$work/list" "$work/other"
done

finish
