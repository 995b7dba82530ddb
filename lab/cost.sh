#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: cost [K]...           what a line of maps costs to read, kernel beside kernel
#
# cost.sh - what lab/cure.patch, or any other patch, costs the reader
#
# Usage: cost.sh [K]...
#
# Reads the maps of a process with 60,000 mappings (read_cost.c) on each kernel K,
# a release, an image of "lab list" or a path to a bzImage (default: stock cured),
# in a machine on which every instruction takes a nanosecond.  So the numbers are
# instructions, the same on any host and however busy it is; beside them the
# difference from the first kernel.
#
# LAB_CACHE is as in lab.sh, which also makes the kernels: "lab build stock cured".
#
# exit status: 0 measured, 2 bad usage, 4 a kernel that gave no numbers

set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=attended.sh
. "$here/attended.sh"

case ${1-} in
--help|-h) exec sh "$here/../run_tests.sh" cost --help ;;
-*) bad_usage "unknown option $1" ;;
esac
[ $# -gt 0 ] || set -- stock cured

need cc:gcc cpio
dir=$LAB_CACHE/cost
mkdir -p "$dir" && cc -O2 -static -pthread -o "$dir/read_cost" \
	"$here/read_cost.c" || exit 4

: > "$dir/costs"
for kernel; do
	image=$(sh "$here/../run_tests.sh" lab fetch "$kernel") || exit
	note "reading on $kernel"
	attended sh "$here/boot.sh" --kernel "$image" --out "$dir/run" --count \
		--timeout 300 --program "$dir/read_cost" -- read_cost \
		> "$dir/boot" 2>&1 || {
		say "$kernel gave no numbers:"
		tail -n 3 "$dir/boot" >&2
		exit 4
	}
	awk -v kernel="$kernel" '{ print kernel, $1, $2 }' "$dir/run/out" \
		>> "$dir/costs"
done

awk '
	!($1 in column) { column[$1] = ++columns; kernel[columns] = $1 }
	!($2 in row) { row[$2] = ++rows; what[rows] = $2 }
	{ cost[column[$1], row[$2]] = $3 }
	END {
		printf "%-18s", "instructions"
		for (c = 1; c <= columns; c++)
			printf " %16s", kernel[c]
		print ""
		for (r = 1; r <= rows; r++) {
			printf "%-18s %16.0f", what[r], cost[1, r]
			for (c = 2; c <= columns; c++)
				printf " %8.0f %+6.1f%%", cost[c, r],
					cost[1, r] ? 100 * (cost[c, r] / cost[1, r] - 1) : 0
			print ""
		}
	}' "$dir/costs"
