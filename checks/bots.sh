#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What bots make of a report: their own parsers, run on the recorded one in
# bots/report.tap, and what they are expected to say in bots/*.expect.  None of
# their code is here.  Where it is:
#
#   KUNIT     tools/testing/kunit of a kernel tree; without it, that of the tree
#             that the programs are built in
#   LKFT_SRC  a checkout of Linaro/test-definitions
#   LKP_SRC   one of intel/lkp-tests
#   NIPA_SRC  one of linux-netdev/nipa
#
# With UPDATE=1 the expectations are written anew; look at the difference.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/python.sh
. "$(dirname "$0")/lib/python.sh"
# shellcheck source=lib/ktap.sh
. "$(dirname "$0")/lib/ktap.sh"

bots=$top/checks/bots

sed '/^# SPDX/d' "$bots/report.tap" >"$work/report"
sed '/^# SPDX/d' "$bots/latency.json" >"$work/latency.json"

# as_expected BOT: what it said, of which $work/said is a line for each result.
as_expected()
{
	{ echo '# SPDX-License-Identifier: GPL-2.0'; cat "$work/said"; } \
		>"$work/new"
	[ "${UPDATE-}" ] && cat "$work/new" >"$bots/$1.expect"
	ok "$1: as recorded" diff -u "$bots/$1.expect" "$work/new"
}

# A fake result would be one more than the report has, whatever it is called.
results "$work/report" >"$work/results"
results=$(grep -c '^test' "$work/results")
skips=$(cut -f 1,4 "$work/results" | grep -cE 'test	(skip|unsure)')
ended=$(grep -c '^end' "$work/results")

# counts BOT RESULTS SKIPS
counts()
{
	equal "$1: as many results as there are" "$2" "$((results + ended))"
	equal "$1: as many skips as there are" "$3" "$skips"
}

kunit()
{
	: "${KUNIT:=$("$top/scripts/tree.sh" --pristine)/tools/testing/kunit}"
	if [ ! -e "$KUNIT/kunit.py" ]; then
		skip "kunit" "kunit.py is not at hand, see KUNIT"
		return
	fi
	# It reads what a program prints, and the runner's report as a whole.
	: >"$work/said"
	for program in $programs; do
		nested "$work/report" "$program" >"$work/nested"
		kunit_parse "$work/nested" >>"$work/said"
	done
	kunit_parse "$work/report" >>"$work/said"
	counts kunit "$(wc -l <"$work/said")" "$(grep -c ' SKIP$' "$work/said")"
	as_expected kunit
}

# Its exit status is that of what it reads.
kunit_parse()
{
	python3 -B "$KUNIT/kunit.py" parse --json="$work/kunit.json" "$1" \
		>"$work/kunit.log"
	jq -r '.test_cases[] | "\(.name) \(.status)"' "$work/kunit.json"
}

lkft()
{
	if [ ! "${LKFT_SRC-}" ]; then
		skip "lkft" "no checkout, see LKFT_SRC"
		return
	fi
	if ! python tap.parser; then
		skip "lkft" "python3-tap is not installed"
		return
	fi
	mkdir -p "$work/output"
	(cd "$work" && "$python" -B \
		"$LKFT_SRC/automated/linux/kselftest/parse-output.py") \
		<"$work/report" 2>"$work/err" |
		grep -E ' (pass|fail|skip)$' >"$work/said"
	counts lkft "$(wc -l <"$work/said")" "$(grep -c ' skip$' "$work/said")"
	as_expected lkft

	# Metrics: what cyclictest's results are read by.
	"$python" -B "$LKFT_SRC/automated/lib/parse_rt_tests_results.py" \
		proc-mmap-latency "$work/latency.json" >"$work/said" 2>&1
	equal "lkft: three metrics for each scenario" \
		"$(grep -c 'latency pass [0-9.]* us$' "$work/said")" \
		"$((3 * $(jq .num_threads "$work/latency.json")))"
	as_expected lkft-metrics
}

# The metrics need a class of ours, which is spliced in where others are.
lkp()
{
	if [ ! "${LKP_SRC-}" ]; then
		skip "lkp" "no checkout, see LKP_SRC"
		return
	fi
	if ! ruby -e 'require "active_support"' 2>/dev/null; then
		skip "lkp" "ruby-activesupport is not installed"
		return
	fi
	ruby "$LKP_SRC/programs/kselftests/parse" <"$work/report" \
		>"$work/said" 2>"$work/err"
	counts lkp "$(grep -vc '^proc\.make\.' "$work/said")" \
		"$(grep -c '\.skip: ' "$work/said")"
	as_expected lkp

	sed "/^stats = LKP::Stats.new/{
		e cat '$top/ci/lkp/proc_stater.rb'
	}" "$LKP_SRC/programs/kselftests/parse" >"$work/parse.rb"
	LKP_SRC=$LKP_SRC ruby "$work/parse.rb" <"$work/report" 2>"$work/err" |
		grep -vE '\.(pass|fail|skip): 1$' >"$work/said"
	equal "lkp: a ratio for each scenario that was measured" \
		"$(grep -c '\.ratio: ' "$work/said")" \
		"$(grep -c '^# # [a-z_0-9]*\.ratio: ' "$work/report")"
	as_expected lkp-metrics
}

nipa()
{
	if [ ! "${NIPA_SRC-}" ]; then
		skip "nipa" "no checkout, see NIPA_SRC"
		return
	fi
	cat >"$work/nipa.py" <<-'END'
	import sys
	from results import (guess_indicators, parse_nested_tests,
	                     result_from_indicators)
	text = open(sys.argv[2]).read()
	for test in parse_nested_tests(text, lambda name: name):
	    print(test["test"], test["result"])
	print(sys.argv[1], result_from_indicators(int("\nnot ok" in text),
	                                          guess_indicators(text)))
	END
	# It runs one program at a time.
	for program in $programs; do
		awk -v program="$program" '
		/^TAP version / || /^1\.\./ { print; next }
		/^# selftests: / { mine = $NF == program }
		mine { print }
		/^(not )?ok / { mine = 0 }' "$work/report" >"$work/one"
		PYTHONPATH=$NIPA_SRC/contest/remote/lib python3 -B \
			"$work/nipa.py" "$program" "$work/one"
	done >"$work/said" 2>"$work/err"
	# A program of which one test is skipped is skipped in its eyes, and only
	# as a whole: its tests are all there, each with its own result.
	sed '/^proc_/d' "$work/said" >"$work/tests"
	equal "nipa: as many results as there are" \
		"$(wc -l <"$work/tests")" "$results"
	equal "nipa: as many skips as there are" \
		"$(grep -c ' skip$' "$work/tests")" "$skips"
	ok "nipa: a failure is more than a skip beside it" \
		grep -qx 'proc_maps_tearing fail' "$work/said"
	as_expected nipa
}

kunit
lkft
lkp
nipa

finish
