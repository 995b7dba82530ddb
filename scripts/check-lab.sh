#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: check-lab [NAME]...   the lab: all kernels, all machines, the bug (hours)
#
# check-lab.sh - what of the lab takes too long for every change
#
# Usage: check-lab.sh [NAME]...
#
# Runs checks/lab/NAME.sh, by default all of them, after building those of the
# lab's own kernels that are not there yet.  Exit status: as check's.

here=$(cd "$(dirname "$0")/.." && pwd -P)

if [ $# -eq 0 ]; then
	sh "$here/lab/lab.sh" build >&2 || exit 4
	for script in "$here"/checks/lab/*.sh; do
		script=${script##*/}
		set -- "$@" "${script%.sh}"
	done
fi
for name; do
	set -- "$@" "lab/$name"
	shift
done
exec sh "$here/scripts/check.sh" "$@"
