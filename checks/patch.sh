#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# "patch", in a lab whose machines are stubs: what it builds and boots, its verdict, its
# report, and that it goes on where it was.

# shellcheck disable=SC2046,SC2086 # options are words
# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/fakelab.sh
. "$(dirname "$0")/lib/fakelab.sh"

command -v jq >/dev/null || {
	skip "patch" "jq is not installed"
	finish
}

# patch ARG...: its exit status; the report is in $work/stdout
patch()
{
	status "$fake/run_tests.sh" patch --base "$tree" "$@"
}

# a_patch WORDS FILE: of the last kernel, to one of these words
a_patch()
{
	fake_commit "$1"
	fake_git diff HEAD~1 HEAD >"$2"
	fake_git reset -q --hard HEAD~1
}

# says PATTERN: the report does
says()
{
	ok "says: $1" grep -q -e "$1" "$work/stdout"
}

# judged WORDS STATUS [STEP]: a patch to such a kernel, by the gate and one more step
judged()
{
	a_patch "$1" "$work/$2.patch"
	set -- "$1" "$2" $(printf '%s\n' debug table cost size | grep -vx "${3:-none}" |
		sed 's/^/--without /')
	words=$1 wanted=$2
	shift 2
	equal "a patch that makes it $words" "$(patch "$@" "$work/$wanted.patch")" "$wanted"
	set -- "$words"
	ok "$1: at most 60 lines" [ "$(wc -l <"$work/stdout")" -le 60 ]
	ok "$1: at most 75 columns" holds_nothing_of awk 'length > 75' "$work/stdout"
}

gate_only='--without debug --without table --without cost --without size'

# --- verdicts -------------------------------------------------------------------

fake_tree bad
a_patch good "$work/good.patch"
equal "a good patch" "$(patch "$work/good.patch")" 0
says '^PASS: nothing is worse, and known.tail_lost_after_merge passes'
says 'tearing *lost-tail *pass'
says 'known.tail_lost_after_merge: bad, then good'
says 'a.line *100 *100 *+0 %'
says 'Total: Before=1000'
says 'maps, busy 10 .* (0.98 to 1.0'

boots >"$work/first"
equal "the same once more" "$(patch "$work/good.patch")" 0
equal "boots nothing" "$(boots)" "$(cat "$work/first")"
ok "the checkout is as it was" holds_nothing_of fake_git status --porcelain

: >"$work/empty.patch"
equal "an empty patch" "$(patch $gate_only "$work/empty.patch")" 0
says '^PASS: nothing is worse; it is the same kernel.$'
says 'no change'

fake_tree good
judged bad 1
says '^FAIL: 1 worse; the first: known.tail_lost_after_merge fails'
ok "it is in the first lines" sh -c "head -n 9 '$work/stdout' | grep -q 'tail_lost.*fails'"
judged "good slow" 1 table
says '^FAIL: .*mapper beside maps, busy 0: .* times as long'
judged "good leaky" 1
says 'the kernel complains: BUG: planted at mm'
judged "good costly" 1 cost
says 'a.line costs +100 %'
judged "good fat" 0 size
says 'up/down: 64/0'
judged silent 1
says 'no answer from the patched kernel'
judged dies 1
says 'the kernel complains: BUG: planted at mm'
judged broken 4
says 'error: planted'
says 'COULD NOT TELL: the patched kernel does not build'

# Nothing is known to be worse where the base gave no answer.
fake_tree silent
judged bad 4
says 'COULD NOT TELL: no answer from the base'
fake_tree good

# Red in each third run: asked again until that is sure.
judged flaky 1
says 'known.tail_lost_after_merge: good, then bad'
fake_tree flaky
judged "flaky fat" 0

# --- promises, series, versions ---------------------------------------------------

fake_tree "good slow"
a_patch good "$work/faster.patch"
equal "a promise that is kept" "$(patch --expect faster:maps "$work/faster.patch")" 0
a_patch "good slow fat" "$work/not.patch"
equal "one that is not" "$(patch --expect faster:maps "$work/not.patch")" 1
says 'promised and absent: faster:maps'

fake_tree good "good fat" bad good
equal "a series that is bad in between" "$(patch $gate_only --each HEAD~3..HEAD)" 0
says "answers change at $(fake_git rev-parse --short=12 HEAD~1)"
fake_tree good broken good
equal "one that does not build in between" "$(patch $gate_only --each HEAD~2..HEAD)" 1
says '("broken") does not build'

fake_tree good
a_patch "good fat" "$work/v1.patch"
a_patch "bad fat" "$work/v2.patch"
patch $gate_only --json "$work/v1.json" "$work/v1.patch" >"$work/code"
equal "beside an older version" "$(patch $gate_only --against "$work/v1.json" "$work/v2.patch")" 1
says 'Beside the older version'
says 'red now: known.tail_lost_after_merge'
ok "--json has the status" jq -e '.status == 0 and .patched.built' "$work/v1.json"

# --- interrupted -------------------------------------------------------------------

forget
interrupts 2 patch --base "$tree" $gate_only "$work/v1.patch"
equal "started again" "$(patch $gate_only "$work/v1.patch")" 0
equal "the base is not asked again" "$(grep -c '^guest.sh good 0' "$LAB_CACHE/boots")" 1

# What is known of the base counts for the next patch.
a_patch "good fat" "$work/v3.patch"
forget_boots
equal "another patch on the same base" "$(patch $gate_only "$work/v3.patch")" 0
equal "only that is asked" "$(cut -d ' ' -f 1-3 "$LAB_CACHE/boots")" 'guest.sh good fat'
equal "and again" "$(patch $gate_only --again "$work/v3.patch")" 0
equal "it is asked again" "$(boots)" 2

# --- usage ---------------------------------------------------------------------------

equal "no patch" "$(patch)" 2
equal "no such patch" "$(patch "$work/none.patch")" 2
equal "a promise of what is no file" "$(patch --expect faster:stat "$work/v1.patch")" 2
equal "no such step" "$(patch --without boot "$work/v1.patch")" 2
equal "no git tree" "$(status "$fake/run_tests.sh" patch --base "$work" "$work/v1.patch")" 2
equal "an older version that is none" "$(patch --against "$work/v1.patch" "$work/v1.patch")" 2
echo nonsense >"$work/nonsense.patch"
equal "what does not apply" "$(patch "$work/nonsense.patch")" 4
says 'COULD NOT TELL: nonsense.patch does not apply'

finish
