#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: check-lab [--all] [NAME]...  the lab: kernels, machines, the bug (two hours; many hours)
#
# check-lab.sh - what of the lab takes too long for every change
#
# Usage: check-lab.sh [--all] [NAME]...
#
# Runs checks/lab/NAME.sh.  By default each takes a choice of kernels, machines and
# configurations; with --all, all that there are.  Without a name they are all run, after
# building the lab's own kernels that are not there yet; without --all, the one that is
# User Mode Linux only, and what needs others is left out.
# Exit status: as check's.

here=$(cd "$(dirname "$0")/.." && pwd -P)

own=cured-um
others=" cost vng "
if [ "${1-}" = --all ]; then
	export LAB_ALL=1
	own=
	others=
	shift
fi
if [ $# -eq 0 ]; then
	# shellcheck disable=SC2086 # words
	sh "$here/lab/lab.sh" build $own >&2 || exit 4
	for script in "$here"/checks/lab/*.sh; do
		script=${script##*/}
		script=${script%.sh}
		case $others in
		*" $script "*)	;;
		*)		set -- "$@" "$script" ;;
		esac
	done
fi
for name; do
	set -- "$@" "lab/$name"
	shift
done
exec sh "$here/scripts/check.sh" "$@"
