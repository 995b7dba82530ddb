#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: check-mutants         does the gate catch all of mutants/? (an hour)
#
# check-mutants.sh - build, boot and judge each broken kernel
#
# Usage: check-mutants.sh [OPTIONS OF mutants.sh]
#
# What is missing is installed, as root.  A result is a mutant, caught each time
# or not.  Exit status: 0 all passed, 1 not so, 2 bad usage, 4 could not try.

set -u

here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"

log=$(mktemp) || exit 4
trap 'rm -f "$log"' EXIT
trap 'echo "$0: interrupted" >&2; exit 4' HUP INT TERM

{
	sh "$here/mutants/mutants.sh" "$@"
	echo "status: $?"
} | tee "$log" | grep -v '^status: '

awk '
/^caught  *[^ ]/ && $2 != "proc-maps-race" { passed++ }
/^(missed|broken)  *[^ ]/ && $2 != "proc-maps-race" { failed++ }
/^status: / { status = $2 }
END {
	printf "%d passed, %d failed\n", passed, failed
	if (failed)
		exit 1
	exit passed && status != "" || status == 2 ? status : 4
}' "$log"
