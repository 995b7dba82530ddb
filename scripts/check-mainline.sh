#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: check-mainline [NAME]... what a maintainer asks, beyond check: compilers, targets
#
# check-mainline.sh - what a maintainer and the bots ask for
#
# Usage: check-mainline.sh [NAME]...
#
# Runs checks/mainline/*.sh, or those named, and behind them the cheap ones of
# the same list, which "check" has too.  KDIR is a whole kernel tree; without it,
# the newest linux-source of Debian is fetched.  It takes an hour or more.
# Exit status: as check's.

here=$(cd "$(dirname "$0")/.." && pwd -P)

also=
if [ $# -eq 0 ]; then
	for script in "$here"/checks/mainline/*.sh; do
		script=${script##*/}
		set -- "$@" "${script%.sh}"
	done
	also="source build intree series bots ci degrade kill"
fi
for name; do
	set -- "$@" "mainline/$name"
	shift
done
# shellcheck disable=SC2086
exec sh "$here/scripts/check.sh" --with "mainline kernel cross" "$@" $also
