#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# One kernel from before readers went lockless and one from after, booted in the
# lab: does the gate give the answers that are written down?  All the others
# are "lab run" without arguments, or check-lab.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

: "${LAB_KERNELS:=6.16 7.2}"
: "${LAB_CACHE:=$top/.lab}"
export LAB_CACHE

# What cannot be had, for lack of a mirror or a disk, is no failure of the gate.
if ! "$top/scripts/install.sh" lab >"$work/out" 2>&1; then
	explain "$work/out"
	skip "lab" "tools missing"
	finish
fi

# answer QUESTION: of the run that ended last.
answer()
{
	jq -r ".[0].answers.$1" "$work/runs/matrix.json"
}

wanted()
{
	jq -r ".[0].expected.$1" "$work/runs/matrix.json"
}

# An answer that a slow emulator did not find is none; a wrong one is a failure.
judge()
{
	case $(answer "$2") in
	unsure|skip|-)
		skip "$1: $2" "could not tell"
		;;
	*)
		equal "$1: $2" "$(answer "$2")" "$(wanted "$2")"
		;;
	esac
}

for kernel in $LAB_KERNELS; do
	if ! "$top/run_tests.sh" lab fetch "$kernel" >"$work/out" 2>&1; then
		explain "$work/out"
		skip "$kernel" "not in the archive"
		continue
	fi
	"$top/run_tests.sh" lab run --kernel "$kernel" --out "$work/runs" \
		>"$work/matrix" 2>&1 </dev/null
	explain "$work/matrix"
	ok "$kernel: answered" jq -e '.[0].answers' "$work/runs/matrix.json" ||
		continue
	for question in tearing maps query smaps numa_maps; do
		judge "$kernel" "$question"
	done
done

finish
