#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Three release series and the cured kernel, or with LAB_ALL all that the archive has and
# the lab's own kernels: all answers as they are written down; and some of them again with
# one CPU of the host busy.  fresh.sh asks two series more.
#
# LAB_KERNELS and LAB_BUSY name others, LAB_TIMES is how often each runs (default: 1).

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

needs_lab lab
: "${LAB_TIMES:=1}" "${LAB_BUSY:=$(choose 7.3 "6.12 7.3 cured")}"
# vng.sh asks the one for virtme-ng
choose_kernels cured-um "$(own_kernels | grep -vx cured-vng)"

# all_kernels HOW KERNEL...
all_kernels()
{
	how=$1
	shift
	for kernel; do
		has_kernel "$kernel" || continue
		for run in $(seq "$LAB_TIMES"); do
			lab_run --kernel "$kernel"
			judge "$kernel, $how, run $run" \
				tearing maps query smaps numa_maps
		done
	done
}

# shellcheck disable=SC2086 # words
all_kernels "host idle" $LAB_KERNELS
taskset -c "$(first_cpu)" setpriv --pdeathsig KILL sh -c 'while :; do :; done' &
busy=$!
# shellcheck disable=SC2086 # words
all_kernels "one CPU of the host busy" $LAB_BUSY
kill "$busy"
wait "$busy" 2>/dev/null
equal "the CPU was busy to the end" $? 143

finish
