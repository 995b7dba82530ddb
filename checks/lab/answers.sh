#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The answers that lab run turns into its exit status.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

needs_lab lab

# Interference is expected of 6.16, which is too old for anything else; with GATE=1,
# as for a patch, it is a failure.
if has_kernel 6.16; then
	lab_run --kernel 6.16 -- -v maps_hog
	judge "6.16, maps only" maps
	as_expected "6.16"
	GATE=1 lab_run --kernel 6.16 -- -v maps_hog
	equal "6.16 with GATE=1: interference" "$(answer maps)" interference
	equal "6.16 with GATE=1 fails" "$lab_status" 1
fi
if has_kernel 6.18; then
	GATE=1 lab_run --kernel 6.18 -- -v maps_hog
	judge "6.18 with GATE=1" maps
	as_expected "6.18 with GATE=1"
fi

# One CPU: no latency without a second one, and no word about tearing less.
for kernel in 6.16 cured-um; do
	has_kernel "$kernel" || continue
	lab_run --cpus 1 --kernel "$kernel"
	# without a second one, the known bug has less of a chance
	ok "$kernel on one CPU: tearing passes" \
		grep -qx "$(answer tearing)" <<-END
		pass
		unprovoked
		END
	for question in maps smaps; do
		equal "$kernel on one CPU: $question" \
			"$(answer "$question")" skip
	done
done

# Several kernels: the worst of them is the answer of all.
if has_kernel 6.16 && has_kernel 7.2; then
	lab_run --kernel 6.16 --kernel 7.2 -- -f known
	equal "two kernels, two lines" "$(jq length "$matrix")" 2
	as_expected "both"
fi

# A kernel that complains in its log fails, though all tests pass.
if has_kernel 6.16; then
	PLANT=splat lab_run --kernel 6.16 -- -f known
	equal "planted: a complaint in the log" \
		"$(jq '.[0].splats | length' "$matrix")" 1
	equal "planted: fails" "$lab_status" 1
fi

finish
