#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# "bisect", over releases and over commits, in a lab whose machines are stubs: what is
# asked, what is made of it, and that it goes on where it was.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/fakelab.sh
. "$(dirname "$0")/lib/fakelab.sh"

known=known.tail_lost_after_merge

# bisect ARG...: its exit status; the report is in $work/stdout
bisect()
{
	status "$fake/run_tests.sh" bisect --test $known "$@"
}

# first: the one that it found
first()
{
	sed -n 's/^The first bad one is \([^ ]*\).*/\1/p' "$work/stdout"
}

# --- releases -----------------------------------------------------------------

fake_releases 6.16.3 good 6.16.12 good 6.17~rc7 good 6.17.8 bad 6.17.13 bad 6.18.5 bad \
	6.18.15 bad 6.19.6 good
equal "releases" "$(bisect --good 6.16.3 --bad 6.18.15)" 0
equal "finds the first bad one" "$(first)" "6.17.8."
ok "says what each was asked" grep -q '6.17.8 .*bad .*[0-9] of [0-9]* runs red' "$work/stdout"
ok "and what the test said" grep -q "$known: .*planted" "$work/stdout"
ok "and how to repeat it" grep -q 'lab run --kernel 6.17.8 --kernel 6.17~rc7' "$work/stdout"
ok "and how wrong it may be" grep -q 'wrong for 1 kernel in 100' "$work/stdout"
ok "in 75 columns" holds_nothing_of awk 'length > 75 && !/ \.\/|reports and logs|^run_tests/' \
	"$work/stdout"
boots >"$work/first"
equal "asked once more" "$(bisect --good 6.16.3 --bad 6.18.15)" 0
equal "it boots nothing" "$(boots)" "$(cat "$work/first")"
equal "and says the same" "$(first)" "6.17.8."

forget
equal "ends that the archive has not" "$(bisect --good 6.16.4 --bad 6.18.16)" 0
ok "are those between them" grep -q 'after 6.16.12, up to 6.18.15' "$work/stdout"

forget
equal "a good end that is bad" "$(bisect --good 6.17.8 --bad 6.18.15)" 1
ok "is told" grep -q '^6.17.8 is not good' "$work/stdout"
equal "a bad end that is good" "$(bisect --good 6.16.3 --bad 6.19.6)" 1
ok "is told" grep -q '^6.19.6 is not bad' "$work/stdout"

# Red in each third run, and seven green runs would not do.
forget
fake_releases 6.16.3 good 6.16.12 good 6.17.8 flaky 6.17.13 flaky 6.18.5 flaky
equal "flaky answers" "$(bisect --good 6.16.3 --bad 6.18.5)" 0
equal "finds the first flaky one" "$(first)" "6.17.8."
ok "by a share that was measured" grep -Eq '^least (1[0-9]|2[0-9]) % of runs' "$work/stdout"

forget
fake_releases 6.16.3 few 6.16.12 few 6.17.8 bad
equal "few chances" "$(bisect --good 6.16.3 --bad 6.17.8)" 0
ok "are no chance to be red, and told" grep -q '6.16.12 .*good .*few chances' "$work/stdout"

forget
fake_releases 6.16.3 good 6.16.12 good 6.17.8 silent 6.17.13 bad 6.18.5 bad
equal "what does not boot, beside the first" "$(bisect --good 6.16.3 --bad 6.18.5)" 4
ok "is one of those that may be it" grep -q '^  6.17.8' "$work/stdout"
forget
equal "a silent end" "$(bisect --good 6.17.8 --bad 6.18.5)" 4

# --- commits -------------------------------------------------------------------

forget
fake_tree good good good good broken good good flaky flaky flaky flaky
before=$(fake_git rev-parse HEAD)
wanted=$(fake_git rev-parse --short=12 HEAD~3)
echo mine >"$tree/kernel"
equal "commits" "$(bisect --kdir "$tree" --good HEAD~10 --bad HEAD)" 0
equal "finds the first flaky one" "$(first)" "$wanted"
equal "the checkout is as it was" "$(cat "$tree/kernel") $(fake_git rev-parse HEAD)" \
	"mine $before"
ok "it has no refs of it" holds_nothing_of fake_git for-each-ref refs/bisect
ok "what does not build is left out" [ "$(builds)" -le 8 ]

# --- interrupted -----------------------------------------------------------------

forget
fake_releases 6.16.3 good 6.16.12 good 6.17.8 bad 6.17.13 bad 6.18.5 bad 6.18.9 bad
interrupts 3 bisect --test $known --good 6.16.3 --bad 6.18.9
at=$(boots)
equal "started again" "$(bisect --good 6.16.3 --bad 6.18.9)" 0
equal "finds the first bad one" "$(first)" "6.17.8."
ok "and does not ask again what was answered" [ "$(boots)" -le $((at + 3)) ]

# --- usage -----------------------------------------------------------------------

equal "no ends" "$(bisect)" 2
equal "no such test" "$(status "$fake/run_tests.sh" bisect --test known.none \
	--good 6.16.3 --bad 6.18.9)" 2
equal "no such option" "$(bisect --fast)" 2
equal "no git tree" "$(bisect --kdir "$work" --good a --bad b)" 2
equal "no such commit" "$(bisect --kdir "$tree" --good none --bad HEAD)" 2
equal "one release only" "$(bisect --good 6.18.9 --bad 6.18.9)" 2

finish
