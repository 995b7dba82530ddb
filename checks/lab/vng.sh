#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# virtme-ng instead of the lab's own machine: the same answers of the same source.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

needs_lab lab
vng --version >/dev/null 2>&1 || { skip "vng" "not installed"; finish; }
has_kernel cured-vng || finish

lab_run --vng --kernel cured-vng
judge "vng" tearing maps query smaps numa_maps
equal "it was vng that booted it" "$(jq -r '.[0].accel' "$matrix")" vng

# There is no 9p in it, and so no root for a guest.
if has_kernel cured; then
	lab_run --vng --kernel cured
	equal "no answer is no pass" "$lab_status" 4
	ok "and the console says why" grep -q 'no answer from' "$work/matrix"
fi

finish
