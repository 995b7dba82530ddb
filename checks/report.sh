#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# One run of everything on this kernel: is the report one that bots can read,
# and is the answer the expected one?

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/ktap.sh
. "$(dirname "$0")/lib/ktap.sh"

began=$(date +%s)
"$top/run_tests.sh" >"$work/report" 2>"$work/summary" </dev/null
status=$?
took=$(($(date +%s) - began))

explain "$work/summary"
ok "exit status $status is one of 0, 1, 4" \
	expr "$status" : '[014]$'
# Half a minute on an idle machine.  What must hold on any is the shortest limit
# that a bot sets for all tests of /proc together.
ok "took no longer than a bot waits" test "$took" -le 300
echo "# $took s"
ok "summary: verdict first" grep -qE '^(PASS|FAIL|COULD NOT TELL): ' \
	"$work/summary"
# The verdict, two lines for each of two known bugs, one for what failed, and one for what
# could not be told.
ok "summary: short" test "$(wc -l <"$work/summary")" -le 8
equal "report: version line first" "$(head -n 1 "$work/report")" \
	"TAP version 13"
ok "report: well-formed" well_formed "$work/report"

# shellcheck disable=SC2086
reds "$work/report" $programs >"$work/bad"
for program in $programs; do
	nested "$work/report" "$program" >"$work/nested"
	ok "$program: well-formed" well_formed "$work/nested"
	grep -E '^(not )?ok ' "$work/nested" >"$work/results"
	ok "$program: has results" test -s "$work/results"

	# number, name, then perhaps a directive
	grep -vE '^(not )?ok [0-9]+ [A-Za-z0-9_.-]+( # (SKIP|XFAIL) .*)?$' \
		"$work/results" >"$work/odd"
	ok "$program: plain names" holds_nothing "$work/odd"
	sed 's/^not //' "$work/results" | cut -d' ' -f3 | sort | uniq -d \
		>"$work/odd"
	ok "$program: each name once" holds_nothing "$work/odd"

	ok "$program: constant reasons for skips" \
		constant_reasons "$work/results"

	fakes "$work/nested" >"$work/odd"
	ok "$program: no diagnostic looks like a result" \
		holds_nothing "$work/odd"
done

#
# The expected answer: since 6.17 readers do without mmap_lock and lose a mapping
# now and then, which a test of its own shows.
#
# shellcheck disable=SC2086
unexcused "$work/report" $programs >"$work/odd"
ok "nothing fails but what lab/expected has of this kernel" \
	holds_nothing "$work/odd"
if [ -s "$work/odd" ]; then
	explain "$work/summary"
	grep -A 12 'RULE BROKEN' "$work/report" >"$work/broken"
	explain "$work/broken" 80
fi
if [ -s "$work/bad" ]; then
	equal "a failure is exit status 1" "$status" 1
	explain "$work/bad"
else
	ok "no failure is not exit status 1" test "$status" -ne 1
fi

finish
