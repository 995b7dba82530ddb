#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The known bug: red on each kernel that has it and never on one that has not,
# ten runs each, in one boot.  LAB_KERNELS names other kernels.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

runs=10
needs_lab lab
if [ -z "${LAB_KERNELS-}" ]; then
	LAB_KERNELS=$("$top/run_tests.sh" lab list |
		awk '/^[0-9]/ { print $1 }')
	LAB_KERNELS="$LAB_KERNELS stock lazy mmap_lock cured"
fi
programs=${LAB_PROGRAMS-$LAB_CACHE/static}

for kernel in $LAB_KERNELS; do
	has_kernel "$kernel" || continue
	case $kernel in
	[0-9]*) image=$("$top/run_tests.sh" lab fetch "$kernel") ;;
	*) image=$kernel ;;
	esac
	"$top/lab/boot.sh" --kernel "$LAB_CACHE/images/$image/bzImage" \
		--out "$work/bug" --timeout 300 \
		--program "$programs/proc_maps_tearing" \
		--program "$top/lab/splat.sh" \
		--program "$top/mutants/until-red.sh" -- \
		until-red.sh --times "$runs" proc_maps_tearing -f known \
		>/dev/null 2>&1
	red=$(grep -c '^# took .*: red' "$work/bug/out")
	green=$(grep -c '^# took .*: green' "$work/bug/out")
	grep '^# took' "$work/bug/out" | sort -V | sed -n '1p;$p'
	case $("$top/lab/lab.sh" expected "$kernel" | cut -d ' ' -f 1) in
	*lost-tail*) equal "$image: red each time" "$red $green" "$runs 0" ;;
	*) equal "$image: never red" "$red $green" "0 $runs" ;;
	esac
done

finish
