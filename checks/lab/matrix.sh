#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every release series that the archive has, and the lab's own kernels: all
# answers as they are written down, with the host idle and with one CPU busy.
#
# LAB_KERNELS names other ones, LAB_TIMES is how often each runs (default: 3).

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

needs_lab lab
: "${LAB_TIMES:=3}"
# vng.sh asks the one for virtme-ng
choose_kernels "$(own_kernels | grep -vx cured-vng)"

# all_kernels HOW
all_kernels()
{
	for kernel in $LAB_KERNELS; do
		has_kernel "$kernel" || continue
		for run in $(seq "$LAB_TIMES"); do
			lab_run --kernel "$kernel"
			judge "$kernel, $1, run $run" \
				tearing maps query smaps numa_maps
		done
	done
}

all_kernels "host idle"
taskset -c "$(first_cpu)" setpriv --pdeathsig KILL sh -c 'while :; do :; done' &
busy=$!
all_kernels "one CPU of the host busy"
kill "$busy"
wait "$busy" 2>/dev/null
equal "the CPU was busy to the end" $? 143

finish
