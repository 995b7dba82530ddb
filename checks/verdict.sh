#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The verdict on recorded reports.  Each file in reports/ is what the runner
# printed, behind a head: "expect: N" with the exit status, "say: ..." with what
# the summary must contain, "once: ..." with a line that it must have once, and "of: N"
# with the number of programs there are.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

for report in "$top"/checks/reports/*.tap; do
	name=$(basename "$report" .tap)
	sed '/^# SPDX/d; /^expect: /d; /^say: /d; /^once: /d; /^of: /d' "$report" >"$work/report"
	equal "$name: exit status" \
		"$(status "$top/run_tests.sh" --judge "$work/report" \
			"$(sed -n 's/^of: //p' "$report")")" \
		"$(sed -n 's/^expect: //p' "$report")"
	sed -n 's/^say: //p' "$report" >"$work/say"
	while read -r words; do
		ok "$name: says \"$words\"" grep -qF -e "$words" "$work/stderr"
	done <"$work/say"
	sed -n 's/^once: //p' "$report" >"$work/once"
	while read -r words; do
		equal "$name: says once \"$words\"" \
			"$(grep -cxF -e "$words" "$work/stderr")" 1
	done <"$work/once"
	ok "$name: all of it on stderr" holds_nothing "$work/stdout"
done

finish
