#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: bisect --test NAME --good A --bad B  which release, or commit, broke it?
#
# bisect.sh - find the first kernel on which a test is red
#
# Usage: bisect.sh --test NAME --good A --bad B [--kdir DIR] [--config NAME] [--again]
#
# Boots kernels in the lab's machine and asks each for one test until that is sure.
# git bisect run chooses which kernel is next.
#
# --test NAME    as "gate -- -l" has it: FIXTURE.TEST or FIXTURE.VARIANT.TEST
# --good, --bad  releases of Debian's archive; one that the archive has not stands for
#                the next one between both.  With --kdir, commits
# --kdir DIR     a git tree: its commits are built and booted, in a worktree of the
#                cache; the checkout is not touched
# --config NAME  build them with this configuration of the lab (preempt-full)
# --again        forget what an earlier run of the same question found
#
# A kernel that was not built, did not boot or could not tell is left out.  Interrupted
# and started again, it goes on where it was.  LAB_CACHE is as in lab.sh; LAB_KEEP
# bounds what it keeps of built kernels, in GiB (default: 20).
#
# exit status: 0 found, 1 the ends are not good and bad, 2 bad usage, 4 could not tell

set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=sure.sh
. "$here/sure.sh"
# shellcheck source-path=SCRIPTDIR source=trees.sh
. "$here/trees.sh"

reds=3		# red runs of the bad end, from which the share of all is estimated

# --- kernels -----------------------------------------------------------------

# releases: those of the archive from $good to $bad, oldest first
releases()
{
	archive_list kernel | cut -d ' ' -f 1 > "$state/archive"
	printf '%s\n' "$good" "$bad" | sort -uV - "$state/archive" |
		awk -v good="$good" -v bad="$bad" '
			$0 == good { on = 1 }
			on
			$0 == bad { exit }' |
		grep -xFf "$state/archive"
}

# release_tree: makes $tree a history with a commit for each release
release_tree()
{
	tree=$state/releases
	releases > "$state/list"
	[ "$(wc -l < "$state/list")" -ge 2 ] ||
		bad_usage "the archive has no two releases from $good to $bad"
	good=$(head -n 1 "$state/list")
	bad=$(tail -n 1 "$state/list")
	[ ! -d "$tree" ] || return 0
	rm -rf "$state/new"
	git init -q "$state/new" || exit 4
	while read -r release; do
		tree_git "$state/new" commit -q --allow-empty -m "$release" || exit 4
	done < "$state/list"
	mv "$state/new" "$tree"
}

# commit_of KERNEL: a release, or already a commit
commit_of()
{
	if [ -n "$kdir" ]; then
		echo "$1"
	else
		git -C "$tree" log --all --format='%H %s' | sed -n "s/ $1\$//p"
	fi
}

# kernel_of COMMIT: its name here
kernel_of()
{
	if [ -n "$kdir" ]; then
		git -C "$tree" rev-parse --short=12 "$1"
	else
		git -C "$tree" log -1 --format=%s "$1"
	fi
}

# title_of COMMIT: the same for a reader
title_of()
{
	if [ -n "$kdir" ]; then
		git -C "$tree" log -1 --abbrev=12 --format='%h ("%s")' "$1"
	else
		kernel_of "$1"
	fi
}

# image_of COMMIT: sets $image
image_of()
{
	kernel=$(kernel_of "$1")
	if [ -z "$kdir" ]; then
		image=$(sh "$here/lab.sh" fetch "$kernel" 2> "$state/said")
		return
	fi
	image=$LAB_CACHE/images/bisect-$kernel${config:+-$config}/bzImage
	if [ ! -f "$image" ]; then
		tree_at "$tree" "$1" &&
			tree_build "$tree" "bisect-$kernel${config:+-$config}" \
				> "$state/said" 2>&1
	fi
	[ -f "$image" ] && touch "${image%/*}"
}

# --- answers -------------------------------------------------------------------

# ask COMMIT [REDS]: sets $sure_word
ask()
{
	answers=$state/$(kernel_of "$1")
	mkdir -p "$answers"
	grep -qx "$1" "$state/order" 2>/dev/null || echo "$1" >> "$state/order"
	[ ! -s "$answers/word" ] || {
		sure_word=$(cat "$answers/word")
		return
	}
	note "asking $(kernel_of "$1")"
	if image_of "$1"; then
		sure_ask "$image" "$answers" "$test" "${2-}"
	else
		sure_word=untold
		cp "$state/said" "$answers/not-built"
	fi
	echo "$sure_word" > "$answers/word"
}

# step: one of git bisect run
step()
{
	tree=$PWD
	left=$(git rev-list --bisect-vars refs/bisect/bad --not --glob='refs/bisect/good-*' |
		sed -n 's/^bisect_steps=//p')
	spent=$(($(date +%s) - BISECT_BEGAN))
	asked=$(wc -l < "$state/order")
	note "about $(((left + 1) * spent / (asked > 0 ? asked : 1) / 60 + 1)) min left"
	ask "$(git rev-parse HEAD)"
	case $sure_word in
	good) exit 0 ;;
	bad) exit 1 ;;
	*) exit 125 ;;
	esac
}

# end_is WORD COMMIT
end_is()
{
	[ "$sure_word" = "$1" ] && return
	row "$2"
	[ "$sure_word" != untold ] ||
		finish 4 "$(title_of "$2") does not tell, so that there is nothing to bisect"
	finish 1 "$(title_of "$2") is not $1"
}

# --- the report ----------------------------------------------------------------

# row COMMIT
row()
{
	at=$state/$(kernel_of "$1")
	if [ -f "$at/not-built" ]; then
		told="not to be had: $(tail -n 1 "$at/not-built" | cut -c 1-40)"
	else
		told=$(sure_tally "$at/words")
	fi
	printf '  %-12s %-6s %s\n' "$(kernel_of "$1")" \
		"$(cat "$at/word" 2>/dev/null || echo "$sure_word")" "$told"
}

finish()
{
	code=$1
	shift
	echo "$*"
	exit "$code"
}

# evidence COMMIT: what its first red run said
evidence()
{
	at=$state/$(kernel_of "$1")
	results "$at"/out.* | awk -F '\t' '
	$4 == "fail" {
		print "  " $3 ($5 ? ": " $5 : "")
		exit
	}' | cut -c 1-75
	echo "  reports and logs: $at"
}

report()
{
	while read -r commit; do
		row "$commit"
	done < "$state/order"
	first=$(git -C "$tree" rev-parse refs/bisect/bad)
	# What git has left to ask is a choice of those that could not tell.
	rest=$(git -C "$tree" rev-list "$first" --not --glob='refs/bisect/good-*' | wc -l)
	if [ "$rest" != 1 ]; then
		echo "The first bad one is one of these, of which all but the last do not tell:"
		git -C "$tree" rev-list --reverse "$first" --not --glob='refs/bisect/good-*' |
			while read -r commit; do
				echo "  $(title_of "$commit")"
			done
		code=4
	else
		before=$(git -C "$tree" rev-parse "$first^")
		echo "The first bad one is $(title_of "$first")."
		echo "The one before is good: $(title_of "$before")."
		code=0
	fi
	evidence "$first"
	answers=$(wc -l < "$state/order")
	echo "A word is wrong for 1 kernel in 100 at most, if a bad one is red in at"
	echo "least $(awk -v s="$sure_share" 'BEGIN { printf "%.0f", 100 * s }') % of runs and" \
		"a good one in at most 1 %.  Of these $answers words"
	echo "one is wrong with a probability of $answers % at most."
	again
	exit "$code"
}

again()
{
	echo "Once more:"
	if [ -n "$kdir" ]; then
		for name in $(kernel_of "$first") $(kernel_of "$first^"); do
			name=bisect-$name${config:+-$config}
			[ ! -f "$LAB_CACHE/images/$name/bzImage" ] ||
				echo "  ./run_tests.sh lab run --kernel $name -- -r $test"
		done
	else
		echo "  ./run_tests.sh lab run --kernel $(kernel_of "$first")" \
			"--kernel $(kernel_of "$first^") -- -r $test"
	fi
}

# --- the whole ------------------------------------------------------------------

parse()
{
	test='' good='' bad='' kdir='' config='' forget='' stepping=''
	asked="run_tests.sh bisect$(printf ' %s' "$@")"
	while [ $# -gt 0 ]; do
		case $1 in
		--test|--good|--bad|--kdir|--config|--step)
			[ -n "${2-}" ] || bad_usage "$1 needs a value" ;;
		esac
		case $1 in
		--test) test=$2; shift ;;
		--good) good=$2; shift ;;
		--bad) bad=$2; shift ;;
		--kdir) kdir=$2; shift ;;
		--config)
			[ -f "$here/$2.config" ] || bad_usage "no configuration $2"
			config=$2 tree_config=$2; shift ;;
		--again) forget=1 ;;
		--step) stepping=$2; shift ;;
		--help|-h) exec sh "$here/../run_tests.sh" bisect --help ;;
		*) bad_usage "unknown option $1" ;;
		esac
		shift
	done
	if [ -z "$test" ] || [ -z "$good" ] || [ -z "$bad" ]; then
		bad_usage '--test, --good and --bad are needed'
	fi
	case $test in
	*[!A-Za-z0-9_.]*) bad_usage "not the name of a test: $test" ;;
	esac
}

# question: makes $state the folder of this question
question()
{
	if [ -n "$kdir" ]; then
		git -C "$kdir" rev-parse --git-dir > /dev/null 2>&1 ||
			bad_usage "no git tree: $kdir"
		good=$(tree_commit "$kdir" "$good") || exit
		bad=$(tree_commit "$kdir" "$bad") || exit
		git -C "$kdir" merge-base --is-ancestor "$good" "$bad" ||
			bad_usage "$good is not part of the history of $bad"
	else
		case $good$bad in
		*[!0-9.~rc]*) bad_usage "not releases: $good, $bad" ;;
		esac
	fi
	state=$LAB_CACHE/bisect/$test-$(echo "$good" | cut -c 1-12)-$(echo "$bad" |
		cut -c 1-12)${config:+-$config}
}

# prepare: the tree, and one run at a time
prepare()
{
	sh "$here/../scripts/install.sh" lab || exit
	sh "$here/../scripts/install.sh" patches || exit
	[ -z "$kdir" ] || sh "$here/../scripts/install.sh" kernel || exit
	[ -z "$forget" ] || rm -rf "$state"
	mkdir -p "$state" || exit 4
	exec 8> "$state/lock"
	flock -w 10 8 || {
		say "the same question is being asked already, in $state"
		exit 4
	}
	if [ -n "$kdir" ]; then
		tree_of "$kdir"
		tree_keep
	else
		release_tree
	fi
	static_programs || exit 4
	sure_program "$test" > /dev/null || bad_usage "no test has the name $test"
	good=$(commit_of "$good")
	bad=$(commit_of "$bad")
}

# search: git bisect run.  Its processes are a session of their own, so that a signal
# reaches all of them.
search()
{
	git -C "$tree" bisect reset > "$state/git" 2>&1
	git -C "$tree" bisect start "$bad" "$good" >> "$state/git" 2>&1 ||
		return
	(
		cd "$tree" && LAB_PROGRAMS=$programs BISECT_BEGAN=$began exec setsid \
			git bisect run sh "$here/bisect.sh" --step "$state" \
			--test "$test" --good "$good" --bad "$bad" \
			${kdir:+--kdir "$kdir"} ${config:+--config "$config"}
	) >> "$state/git" &
	searching=$!
	wait "$searching"
	searched=$?
	searching=''
	# 2: only such are left as do not tell
	[ "$searched" = 0 ] || [ "$searched" = 2 ]
}

# shellcheck disable=SC2317 # called by the traps
end_search()
{
	if [ -n "$searching" ]; then
		kill -s TERM -- "-$searching" 2>/dev/null
		wait "$searching" 2>/dev/null
		# git does not wait for what it ran
		while pgrep -s "$searching" > /dev/null; do
			sleep 0.1
		done
	fi
	stop "$1"
}

parse "$@"
if [ -n "$stepping" ]; then
	state=$stepping
	sure_share=$(cat "$state/share")
	static_programs || exit 128
	step
fi
question
searching=''
prepare
trap 'end_search 130' INT
trap 'end_search 143' TERM HUP
began=$(date +%s)
: > "$state/order"
echo "$asked"
echo "$test, $(git -C "$tree" rev-list --count "$good..$bad") kernels after $(title_of "$good")," \
	"up to $(title_of "$bad")"
ask "$bad" "$reds"
sure_measure "$state/$(kernel_of "$bad")/words"
echo "$sure_share" > "$state/share"
end_is bad "$bad"
ask "$good"
end_is good "$good"
search || {
	say "git bisect gave up:"
	tail -n 5 "$state/git" >&2
	exit 4
}
report
