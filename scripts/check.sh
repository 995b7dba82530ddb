#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: check [NAME]...       test the tests: all of checks/, or those named
#
# check.sh - run checks/*.sh and count their results
#
# Usage: check.sh [--with "SET..."] [NAME]...
#
# Each check prints TAP, and prove judges it.  The last line counts the single
# results.  --with names more sets of tools for install.sh, as for check-mainline.
# Exit status: 0 all passed, 1 not so, 2 bad usage, 4 could not try.

set -u

here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"

# lib.mk takes a make above it for one of its own, which has set OUTPUT.
unset MAKELEVEL MAKEFLAGS MFLAGS

sets=check
if [ "${1-}" = --with ]; then
	sets="check $2"
	shift 2
fi
if [ $# -eq 0 ]; then
	set -- "$here"/checks/*.sh
else
	for name; do
		if [ ! -e "$here/checks/$name.sh" ]; then
			echo "$0: no such check: $name; there are:" >&2
			(cd "$here/checks" &&
			 printf '  %s\n' *.sh lab/*.sh mainline/*.sh) >&2
			exit 2
		fi
		set -- "$@" "$here/checks/$name.sh"
		shift
	done
fi

for tools in $sets; do
	sh "$here/scripts/install.sh" "$tools" || exit
done

log=$(mktemp) || exit 4
trap 'rm -f "$log"' EXIT
trap 'echo "$0: interrupted" >&2; exit 4' HUP INT TERM

{ prove -v -e sh "$@" 2>&1; echo "prove: $?"; } | tee "$log" |
	grep --line-buffered -v '^prove: '

awk '
/^ok .*# SKIP/ { skipped++; next }
/^ok / { passed++ }
/^not ok / { failed++ }
/^prove: / { status = $2 }
END {
	# The log was cut off: by a full disk, say.
	if (status == "" || passed + failed + skipped == 0) {
		print "0 passed, 0 failed: the checks did not come to their end"
		exit 4
	}
	# A check that died is a failure, though it has no line to say so.
	if (status && !failed)
		failed = 1
	printf "%d passed, %d failed", passed, failed
	if (skipped)
		printf ", %d skipped", skipped
	printf "\n"
	exit failed > 0
}' "$log"
