#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The known bug: red on each kernel that has it and never on one that has not,
# ten runs each, in one boot.
#
# LAB_KERNELS names other kernels, LAB_TIMES is how often each runs (default: 10).

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

needs_lab lab
: "${LAB_TIMES:=10}"
choose_kernels 6.16 "stock lazy mmap_lock cured"
static=$(static_here) || exit

for kernel in $LAB_KERNELS; do
	has_kernel "$kernel" || continue
	"$top/lab/boot.sh" --kernel "$image" --out "$work/bug" --timeout 300 \
		--program "$static/proc_maps_tearing" \
		--program "$top/lab/again.sh" \
		--program "$top/lab/splat.sh" --program "$top/lib/kernel_log.c" \
		-- again.sh --until-red --times "$LAB_TIMES" \
		proc_maps_tearing -f known >"$work/boot" 2>&1
	grep '^# took' "$work/bug/out" | sort -V | sed -n '1p;$p'
	red=$(grep -c '^# took .*: red' "$work/bug/out")
	green=$(grep -c '^# took .*: green' "$work/bug/out")
	# A program that could not tell ends green, too, but that is no pass.
	unsure=$(grep -c '^ok .*# SKIP' "$work/bug/out")
	green=$((green - unsure))
	case $("$top/run_tests.sh" lab expected "$kernel" | cut -d ' ' -f 1) in
	*lost-tail*) wanted="$LAB_TIMES 0" ;;
	*)	wanted="0 $((LAB_TIMES - unsure))"
		[ "$unsure" -eq 0 ] ||
			skip "$kernel: $unsure of $LAB_TIMES runs" "not provoked"
		[ "$unsure" -lt "$LAB_TIMES" ] || continue ;;
	esac
	equal "$kernel: so often red and green" "$red $green" "$wanted" ||
		explain "$work/boot"
done

finish
