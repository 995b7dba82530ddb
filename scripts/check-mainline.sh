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
# the newest linux-source of Debian is fetched.  It takes about half an hour.
# Exit status: 0 all passed, 1 not so, 4 could not try.

set -u

here=$(cd "$(dirname "$0")/.." && pwd -P)

if [ $# -eq 0 ]; then
	for check in "$here"/checks/mainline/*.sh; do
		set -- "$@" "$(basename "$check" .sh)"
	done
	also="source build intree series bots ci degrade kill"
else
	also=
fi
for name; do
	if [ ! -e "$here/checks/mainline/$name.sh" ]; then
		echo "$0: no such check: $name; there are:" >&2
		(cd "$here/checks/mainline" && printf '  %s\n' *.sh) >&2
		exit 2
	fi
	set -- "$@" "mainline/$name"
	shift
done

for tools in mainline kernel cross; do
	"$here/scripts/install.sh" $tools || exit
done
# shellcheck disable=SC2086
exec "$here/scripts/check.sh" "$@" $also
