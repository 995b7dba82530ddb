#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# From an empty cache to the matrix of one kernel from before readers went
# lockless and one from after: nothing but the archive is needed, and these files.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
LAB_CACHE=$work/cache
unset LAB_PROGRAMS
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

# The kernel tree that the programs are built in must come from there as well.
mkdir "$work/room"
tar -C "$top" -c --exclude=./.tree --exclude=./.lab --exclude=./.git . |
	tar -C "$work/room" -x
top=$work/room

needs_lab lab
began=$(date +%s)
if ! has_kernel 6.16 || ! has_kernel 6.18; then
	finish
fi
lab_run --kernel 6.16 --kernel 6.18
echo "# from nothing: $(($(date +%s) - began)) s"
equal "two kernels, two lines" "$(jq length "$matrix")" 2
as_expected "all"

finish
