#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The front door: help everywhere, and bad usage is neither pass nor fail.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

run=$top/run_tests.sh

equal "--help succeeds" "$(status "$run" --help)" 0
ok "--help goes to stdout" grep -q '^Usage: ' "$work/stdout"
for word in gate graft check KDIR DURATION GATE; do
	ok "--help names $word" grep -qw -e "$word" "$work/stdout"
done
for command in graft install tree check table compare plot lab mutants soak; do
	equal "$command --help succeeds" "$(status "$run" "$command" --help)" 0
done

usage_error()
{
	equal "bad usage: $*" "$(status "$run" "$@")" 2
	ok "said on stderr" test -s "$work/stderr"
	ok "and not on stdout" holds_nothing "$work/stdout"
}

usage_error no-such-command
usage_error ../checks/usage
usage_error --no-such-option
usage_error gate no-dashes
usage_error gate -- -x
usage_error gate -- word
usage_error gate -- -t
usage_error graft
usage_error graft --no-such-option
usage_error graft --patches
usage_error graft --patches somewhere
usage_error graft --patches somewhere --author
usage_error install everything
usage_error tree somewhere
usage_error check no-such-check
usage_error check-lab no-such-check
usage_error lab no-such-command
usage_error lab list all
usage_error lab list --arch vax
usage_error lab run --arch
usage_error lab run --kernel no-such-image
usage_error lab run --cpus none
usage_error lab expected
usage_error lab expected no-such-image
usage_error lab build no-such-variant
usage_error check-mainline no-such-check

DURATION=long
export DURATION
usage_error gate
unset DURATION

KDIR=$work/none
export KDIR
equal "no tree at KDIR: could not tell" "$(status "$run" gate)" 4
unset KDIR

finish
