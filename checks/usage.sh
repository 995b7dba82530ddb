#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The wrapper: help everywhere, and bad usage is neither pass nor fail.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

run=$top/run_tests.sh

equal "--help succeeds" "$(status "$run" --help)" 0
ok "--help goes to stdout" grep -q '^Usage: ' "$work/stdout"
for word in gate graft check KDIR DURATION GATE; do
	ok "--help names $word" grep -qw -e "$word" "$work/stdout"
done
for command in graft install tree check table compare plot lab mutants soak patch bisect; do
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

#
# What the environment says, before anything runs, in one line.
#
odd_word()
{
	equal "bad usage: $1" "$(status env "$1" "$run" gate -- \
		-r stepped.hole.maps)" 2
	equal "said in one line" "$(wc -l <"$work/stderr")" 1
	ok "and nothing was run" holds_nothing "$work/stdout"
}

for word in DURATION=long DURATION=08 DURATION=-1 DURATION=1.5 \
	    DURATION=99999999999999999999 kselftest_override_timeout=abc \
	    kselftest_override_timeout=2m SEED=abc SEED=-5 SEED=5x SEED=08 \
	    PLANT=xyz PLANT=pressure PLANT=Gap GATE=nope FULL=2x STRESS=maybe; do
	odd_word $word
done

# The programs by themselves give no answer at all.
"$run" gate -- -l >"$work/listing" 2>"$work/stderr" || explain "$work/stderr"
for word in PLANT=xyz PLANT=pressure SEED=abc SEED=-5 SEED=5x; do
	for program in proc_maps_tearing proc_mmap_latency; do
		equal "$program: $word" "$(status env $word "$top/$program" -r none)" 4
		ok "$program: $word: why" grep -q '^1\.\.0 # SKIP ' "$work/stdout"
	done
done

# FULL has another limit of time, which the report says.
limit()
{
	status env "$1" "$run" gate -- -r stepped.hole.maps >"$work/status"
	sed -n 's/^# .*timeout.* //p' "$work/stdout" | sort -u
}

given=$(sed -n 's/^timeout=//p' "$top/settings")
for word in FULL=0 FULL=No FULL=off; do
	equal "$word is no" "$(limit $word)" "$given"
done
for word in FULL=1 FULL=yes; do
	equal "$word is yes" "$(limit $word)" $((given * 5))
done
for word in STRESS=no STRESS=off; do
	equal "$word is no to a program" "$(env $word "$top/proc_maps_stress" \
		-r stress.compact.maps 2>&1 | grep -c '^ok .*SKIP.*STRESS=1')" 1
done

#
# Names that no program has.
#
for name in "-r no.such.test" "-r stepped.hole.mops" "-t no_such" "-v no_such" \
	    "-f no_such" "-T no_such" "-r stepped.hole" "-f hole"; do
	# shellcheck disable=SC2086
	usage_error gate -- -r stepped.hole.maps $name
done
for option in r t v f T V F; do
	usage_error gate -- -r stepped.hole.maps -$option ''
done
usage_error gate -- -r 'stepped.hole.maps -l'
# These are known, and leave nothing to run.
set -- -T verdict_gives_up -T error_rates -T exit -T interference -F stopped
for name in "-r verdict.error_rates" "-t exit -F racing -V heap" \
	    "-r latency.few_8.interference" "-r global.verdict_gives_up" \
	    "-r stopped.numa_maps.race -f stopped"; do
	# shellcheck disable=SC2086
	equal "names that there are: $name" \
		"$(status "$run" gate -- "$@" $name)" 2
	ok "are known" grep -q ': no test has such a name$' "$work/stderr"
done

#
# Ways to run it.
#
equal "gate --help succeeds" "$(status "$run" gate --help)" 0
ok "gate --help goes to stdout" grep -q '^Usage: ' "$work/stdout"

KDIR=$work/none
export KDIR
equal "no tree at KDIR: could not tell" "$(status "$run" gate)" 4
ok "which is named" grep -qF "$work/none" "$work/stderr"
unset KDIR

works()
{
	equal "$1: works" "$(shift; status "$@")" 0
	ok "$1: lists" grep -q '^stepped ' "$work/stdout"
}

ln -s "$run" "$work/link"
ln -s link "$work/link to a link"
works "a link" "$work/link" gate -- -l
works "a link to a link" "$work/link to a link" gate -- -l
for shell in "dash" "bash -eu" "bash --posix" zsh "zsh -eu" mksh; do
	if ! command -v "${shell%% *}" >/dev/null; then
		skip "$shell" "not here"
		continue
	fi
	# shellcheck disable=SC2086
	works "$shell" $shell "$run" gate -- -l
	# shellcheck disable=SC2086
	equal "$shell: runs a test" "$(status $shell "$run" gate -- \
		-r stepped.hole.maps)" 0
done

# A copy that has lost each run bit, and one in a folder that make cannot work in.
copy=$work/copy
mkdir "$copy"
(cd "$top" && tar -c --exclude=.git --exclude=.lab --exclude=.table \
	--exclude='.tree/*-live' --exclude=.tree/built .) | tar -x -C "$copy"
find "$copy" -maxdepth 2 -name '*.sh' -exec chmod -x {} +
works "no run bits" sh "$copy/run_tests.sh" gate -- -l
equal "no run bits: compare" "$(status sh "$copy/run_tests.sh" compare --help)" 0
ok "no run bits: make" make -s -C "$copy" proc_maps_selftest

count_of_trees()
{
	find "$1/.tree" -maxdepth 1 -name '*-live' 2>/dev/null | wc -l
}

# shellcheck disable=SC1003 # a backslash
for character in ' ' '	' : '$' "'" '%' ';' '&' '\' '"' '(' '<' '|' '`' '
'; do
	odd="$work/a${character}b"
	mv "$copy" "$odd"
	rm -rf "$odd/.tree/linux-live"
	what=$(printf %s "$character" | tr '\n\t' NT)
	equal "a folder a${what}b: could not tell" \
		"$(status sh "$odd/run_tests.sh" gate -- -l)" 4
	ok "a folder a${what}b: why" grep -q 'cannot work in a folder' \
		"$work/stderr"
	equal "a folder a${what}b: before anything is done" \
		"$(count_of_trees "$odd")" 0
	copy=$work/copy
	mv "$odd" "$copy"
done
mv "$copy" "$work/a b"
equal "and so says make" "$(status make -C "$work/a b" proc_maps_selftest)" 2
ok "why" grep -q 'cannot work in a folder' "$work/stderr"
mv "$work/a b" "$copy"
# shellcheck disable=SC1003 # a backslash
for character in '#' = '[' '*' '!' '{' ',' '@' '+' '~' 'é'; do
	odd="$work/a${character}b"
	mv "$copy" "$odd"
	equal "a folder a${character}b: is tried" \
		"$(status sh "$odd/run_tests.sh" --place)" 0
	mv "$odd" "$copy"
done

# A path in TMPDIR is never make's.
mkdir "$work/t m:p"
equal "TMPDIR may have any name" "$(TMPDIR=$work/t\ m:p status "$run" gate -- \
	-r stepped.hole.maps)" 0

# The tree that run_tests.sh builds in is no tree to graft to.
live=$("$run" tree)
live=${live%/tools/testing/selftests/proc}
for command in "graft" "graft --undo" \
	       "graft --patches $work/patches --author A<a@b.c>"; do
	# shellcheck disable=SC2086
	equal "$command .tree/...: refused" "$(status "$run" $command "$live")" 1
	equal "in one line" "$(wc -l <"$work/stderr")" 1
done

finish
