#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A reader or a modifier that never comes back: is it seen within seconds, is it said
# where it is, and does the rest of the program go on?

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"

unset STRESS
make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }

# stuck PLANT RULE STATE: in a race; the test behind it has none, and skips for a reason of
# its own without STRESS=1.
stuck()
{
	equal "PLANT=$1: fails" "$(PLANT=$1 status env "$mark" "$top/proc_maps_tearing" \
		-r racing.gap_alone.maps -r sparse_id.query)" 1
	if [ "$1" = block ] && grep -q "$timed_out" "$work/stdout"; then
		skip "PLANT=$1: by the rule, and where it is" "the machine is busy"
	else
		ok "PLANT=$1: by the rule" grep -q "^# RULE BROKEN: $2\$" "$work/stdout"
		ok "PLANT=$1: it is said where it is" \
			grep -qE "^# +[a-z]+ +state $3, " "$work/stdout"
	fi
	ok "PLANT=$1: no time limit ends it" \
		test 0 -eq "$(grep -c 'terminated by timeout' "$work/stderr")"
	ok "PLANT=$1: no process stays" all_gone
}

# A busy machine polls so seldom that the time for a transition is over first.
timed_out='modifier or reader: Connection timed out'

# goes_on: the last run came to the body of its second test.
goes_on()
{
	grep -qE '^ok 2 sparse_id.query # SKIP (crashes some kernels|no such file)' \
		"$work/stdout"
}

stuck loop 'a call of the reader does not end' R
ok "PLANT=loop: the rest goes on" goes_on
stuck block 'a transition does not end' D
ok "PLANT=block: the rest goes on" goes_on
stuck undying 'a call of the reader does not end' R
ok "PLANT=undying: the rest is left out" \
	grep -q '^ok 2 sparse_id.query # SKIP machine not fit for further tests' "$work/stdout"
ok "PLANT=undying: the summary says why" grep -q '^# summary: .*cannot be killed' \
	"$work/stdout"

finish
