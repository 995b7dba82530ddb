#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: patch PATCH...        does a patch of the kernel make anything worse?
#
# patch.sh - gate a patch: the kernel with it beside the kernel without it
#
# Usage: patch.sh [--base KDIR|linux-source] [--expect faster:FILE]... [--each]
#                 [--against OLD] [--json FILE] [--without STEP]...
#                 [--config NAME] [--again] PATCH|MBOX|BRANCH...
#
# Builds both, boots both in the lab's machine and compares what the gate says of them,
# mmap() latency, the instructions that a line costs, and sizes.  What is printed fits
# into a cover letter.
#
# --base KDIR       a git tree; patches are put on its HEAD, a branch or a range A..B of
#                   its own is compared with where it begins.  All is done in a worktree
#                   of the cache (default: the newest linux-source of Debian's archive)
# --expect faster:FILE   the patch promises that a reader of FILE (maps, smaps, numa_maps,
#                   query) delays the process that it reads less
# --each            builds each patch of a series and runs the gate on it
# --against OLD     also compares with an older report, that of --json or a kept one
# --json FILE       the report for programs
# --without STEP    leaves out debug (KASAN, lockdep), table, cost or size
# --config NAME     builds with this configuration of the lab (preempt-full)
# --again           forgets what earlier runs measured of the patched kernel
#
# Interrupted, or started again where it could not tell, it goes on where it was.  What was
# measured of a kernel counts for each patch that it is the base of, as long as the tests
# are the same.  LAB_CACHE is as in lab.sh; LAB_KEEP bounds what it keeps of trees and
# kernels, in GiB (default: 20).
#
# exit status: 0 nothing is worse, and what was promised is there; 1 worse, or a promise
# not kept; 2 bad usage; 4 could not tell

set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=sure.sh
. "$here/sure.sh"
# shellcheck source-path=SCRIPTDIR source=trees.sh
. "$here/trees.sh"

samples=5	# of each row of the table: the least that compare judges
most_asked=6	# tests whose answer changed that are asked again; all are named
most_worse=2	# of those, how many need to be worse for certain before the rest is left
sure_boots=3	# machines for one kernel and test; a gate has both to ask, and a day has an end
most_splats=50	# complaints of a kernel that are kept

# --- options ------------------------------------------------------------------

parse()
{
	base=linux-source expect='' each='' against='' json='' without=' ' forget=''
	asked="run_tests.sh patch$(printf ' %s' "$@")"
	while [ $# -gt 0 ]; do
		case $1 in
		--base|--expect|--against|--json|--without|--config)
			[ -n "${2-}" ] || bad_usage "$1 needs a value" ;;
		esac
		case $1 in
		--base) base=$2; shift ;;
		--expect)
			case $2 in
			faster:maps|faster:smaps|faster:numa_maps|faster:query) ;;
			*) bad_usage "--expect takes faster:FILE, not $2" ;;
			esac
			expect="$expect$2 "; shift ;;
		--each) each=1 ;;
		--against) against=$2; shift ;;
		--json) json=$2; shift ;;
		--without)
			case $2 in
			debug|table|cost|size) without="$without$2 " ;;
			*) bad_usage "there is no step $2" ;;
			esac
			shift ;;
		--config)
			[ -f "$here/$2.config" ] || bad_usage "no configuration $2"
			tree_config=$2; shift ;;
		--again) forget=1 ;;
		--help|-h) exec sh "$here/../run_tests.sh" patch --help ;;
		-*) bad_usage "unknown option $1" ;;
		*) break ;;
		esac
		shift
	done
	[ $# -gt 0 ] || bad_usage 'a patch, a mailbox or a branch is needed'
	patches='' named=''
	for patch; do
		named="$named${named:+ }${patch##*/}"
		patches="$patches$patch
"
	done
	check_options
}

check_options()
{
	if [ "$base" != linux-source ]; then
		git -C "$base" rev-parse --git-dir > /dev/null 2>&1 ||
			bad_usage "no git tree: $base"
	fi
	if [ -n "$against" ]; then
		[ -f "$against" ] || against=$LAB_CACHE/patch/reports/$against
		jq -e '.patched.commit' "$against" > /dev/null 2>&1 ||
			bad_usage "no report of an older version: $against"
		against=$(realpath "$against")
	fi
	[ -z "$json" ] || [ -d "$(dirname "$json")" ] ||
		bad_usage "no folder for $json"
}

# wanted STEP: whether it is not left out, and there are two kernels
wanted()
{
	[ "$(kernel_id "$from")" != "$(kernel_id "$to")" ] || return
	case $without in
	*" $1 "*) return 1 ;;
	esac
}

# --- what is compared -----------------------------------------------------------

# cannot WORD...: the end, where there is nothing to compare
cannot()
{
	echo "COULD NOT TELL: $1"
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@"
	exit 4
}

# choose: sets $from and $to, the commits without and with the patch
choose()
{
	from=$tree_head
	to=$from
	made=''
	while read -r patch; do
		[ -n "$patch" ] || continue
		if [ -f "$patch" ]; then
			put_on "$(realpath "$patch")"
			continue
		fi
		[ "$base" != linux-source ] || bad_usage "no patch $patch"
		[ -z "$made" ] || bad_usage "patches and a branch do not go together"
		made=$patch
		choose_branch "$patch"
	done <<-END
	$patches
	END
}

# choose_branch BRANCH|RANGE
choose_branch()
{
	case $1 in
	*..*)	from=${1%%..*} to=${1##*..} ;;
	*)	to=$1
		from=$(git -C "$kdir" merge-base "$tree_head" "$1" 2>/dev/null) ||
			bad_usage "no patch and no branch: $1" ;;
	esac
	from=$(tree_commit "$kdir" "$from") || exit
	to=$(tree_commit "$kdir" "$to") || exit
	[ "$from" != "$to" ] ||
		bad_usage "$1 is what is checked out: name a range A..B"
}

# put_on FILE: makes a commit on $to of a patch, or one of each mail
put_on()
{
	made=$1
	# Checked out once: a file that is written anew makes the compiler start again.
	put_at=$state_of_all/put/$(short "$to")-$(cksum < "$1" | tr ' ' -)
	if [ -s "$put_at" ] && git -C "$tree" cat-file -e "$(cat "$put_at")" 2>/dev/null; then
		to=$(cat "$put_at")
		return
	fi
	tree_at "$tree" "$to" || exit 4
	# The same patch on the same commit is the same commit.
	export GIT_COMMITTER_DATE='@0 +0000' GIT_AUTHOR_DATE='@0 +0000'
	if grep -q '^From: ' "$1" && grep -q '^Subject: ' "$1"; then
		tree_git "$tree" am -q --keep-non-patch "$1" > "$state_of_all/said" 2>&1 || {
			git -C "$tree" am --abort > /dev/null 2>&1
			cannot "${1##*/} does not apply to $base" "$(head -n 1 \
				"$state_of_all/said" | cut -c 1-70)"
		}
	else
		empty=--allow-empty
		! grep -q '[^[:space:]]' "$1" || empty=
		# shellcheck disable=SC2086
		git -C "$tree" apply --index $empty "$1" \
			> "$state_of_all/said" 2>&1 || cannot "${1##*/} does not apply to $base" \
				"$(head -n 1 "$state_of_all/said" | cut -c 1-70)"
		tree_git "$tree" commit -q --allow-empty -m "${1##*/}" || exit 4
	fi
	unset GIT_COMMITTER_DATE GIT_AUTHOR_DATE
	to=$(git -C "$tree" rev-parse HEAD)
	mkdir -p "${put_at%/*}" && echo "$to" > "$put_at"
}

# series: the commits of the patch, the first one first
series()
{
	git -C "$tree" rev-list --reverse "$from..$to"
}

# title COMMIT
title()
{
	git -C "$tree" log -1 --format=%s "$1" | cut -c 1-60
}

# concerned: the files of /proc/PID that the patch can concern, by what it changes, and
# those that it promises something of
concerned()
{
	git -C "$tree" diff -U0 "$from" "$to" -- fs/proc > "$state/diff"
	{
		echo maps
		! grep -qi 'smap' "$state/diff" || echo smaps
		! grep -qi 'numa' "$state/diff" || echo numa_maps
		! grep -qi 'query' "$state/diff" || echo query
		git -C "$tree" diff --quiet "$from" "$to" -- mm include kernel || echo query
		echo "$expect" | tr ' ' '\n' | sed -n 's/^faster://p'
	} | sort -u | paste -sd ' ' -
}

# --- steps ----------------------------------------------------------------------

# plan: the steps to come, with the seconds that one takes where none was measured
plan()
{
	for commit in $from $([ -n "$each" ] && series || echo "$to"); do
		echo "build-$(short "$commit") 600"
		echo "gate-$(short "$commit") 300"
	done
	! wanted debug || printf '%s\n' 'build-debug 900' 'debug 900'
	! wanted table || for file in $files; do
		echo "table-$file 400"
	done
	! wanted cost || printf '%s\n' "cost-$(short "$from") 30" "cost-$(short "$to") 30"
	! wanted size || echo 'size 10'
}

# left: says what time the rest takes, on a terminal
left()
{
	[ -t 2 ] || return 0
	plan | while read -r name seconds; do
		[ "$(cat "$state/$name.code" 2>/dev/null)" != 0 ] || continue
		known=$(awk -v name="${name%%-*}" '$1 == name { s = $2 } END { print s }' \
			"$state_of_all/seconds" 2>/dev/null)
		echo "${known:-$seconds}"
	done | awk -v name="$1" '
		{ s += $1 }
		END { printf "patch.sh: %s; about %d min left\n", name, s / 60 + 1 }' >&2
}

# step NAME COMMAND...: runs it until it succeeds once; its status is in $state/NAME.code
step()
{
	name=$1
	shift
	if [ "$(cat "$state/$name.code" 2>/dev/null)" != 0 ]; then
		left "$name"
		step_began=$(date +%s)
		"$@"
		step_code=$?
		echo "${name%%-*} $(($(date +%s) - step_began))" >> "$state_of_all/seconds"
		echo "$step_code" > "$state/$name.code"
	fi
	return "$(cat "$state/$name.code")"
}

# short COMMIT
short()
{
	printf '%.12s\n' "$1"
}

# kernel_id COMMIT: what its kernel is made of
kernel_id()
{
	printf '%.12s%s\n' "$(git -C "$tree" rev-parse "$1^{tree}")" \
		"$([ "$tree_config" = preempt-full ] || echo "-$tree_config")"
}

# image COMMIT: the name of its kernel
image()
{
	echo "patch-$(kernel_id "$1")"
}

# known COMMIT: the folder of what these tests measured of its kernel
known()
{
	echo "$state_of_all/kernels/$(kernel_id "$1")-$tests_id"
}

# build COMMIT [OPTION]...: as the image patch-TREE, or that of the debug kernel
build()
{
	commit=$1
	shift
	image=$(image "$commit")${1:+-debug}
	if [ -f "$LAB_CACHE/images/$image/bzImage" ]; then
		touch "$LAB_CACHE/images/$image"	# see tree_keep
		return
	fi
	tree_at "$tree" "$commit" &&
		tree_build "$tree" "$image" "$@" > "$state/$image.log" 2>&1
}

# gate COMMIT: all tests of the gate; what they say is JSON.  It was no answer where the
# host was too busy.
gate()
{
	at=$(known "$1")/gate
	[ ! -f "$at.json" ] || ! told "$at.json" || return 0
	gate_once "$1"
	# What a busy host makes a kernel say, it does not say twice.
	! jq -e '.splats | length > 0 and all(test("stall|lockup|blocked for more"))' \
		"$at.json" > /dev/null || gate_once "$1"
	told "$at.json"
}

gate_once()
{
	GATE=1 attended sh "$here/lab.sh" run --kernel "$(image "$1")" \
		--out "$at" > "$at.said" 2>&1
	said "$at" "$(image "$1")" > "$at.json"
}

# told JSON: whether there is an answer to everything
told()
{
	jq -e '.answered and ([.answers[]] | all(. != "unsure" and . != "broken"))' \
		"$1" > /dev/null
}

# said DIR IMAGE: the answers, what is red, and the complaints, as JSON
said()
{
	jq -e '.[0]' "$1/matrix.json" > /dev/null 2>&1 || {
		died "$1/$2"
		return
	}
	cpus=2 stress=''
	red_tests "$1/$2/out" > "$1/red"
	jq --rawfile red "$1/red" --argjson most "$most_splats" '.[0] |
		{ answered: true, answers, splats: .splats[:$most], accel, seconds,
		  not_exercised, red: ($red | split("\n") | map(select(. != ""))) }' \
		"$1/matrix.json"
}

# died DIR: the same of a kernel that gave no answer, and may have complained
died()
{
	: > "$1.splats"
	if grep -q 'Run /init' "$1/log" 2>/dev/null && ! emulators_oops "$1"; then
		splats "$1/log" > "$1.splats"
	fi
	jq -n --rawfile splats "$1.splats" --argjson most "$most_splats" '{ answered: false,
		splats: ($splats | split("\n") | map(select(. != ""))[:$most]) }'
}

# red_tests OUT: all that failed, also what the answers have a column for; a test that
# met a known bug counts as the test of that
red_tests()
{
	{
		results "$1" | awk -F '\t' '
		$1 == "end" && $4 == "broken" { print $3 }
		$1 == "test" && $4 == "fail" { print $7 ? $7 : $3 }'
		answers "$1" | tr ' ' '\n' | paste -d ' ' - "$state_of_all/columns" |
			sed -n 's/^interference \(.*\)/latency.\1_hog.interference/p'
	} | awk '!seen[$0]++'
}

# debug: complaints of a kernel that looks for what it can complain of.  It is slow; what
# stepped and racing change at length, sweep changes, too.
debug()
{
	GUEST_ONLY=proc_maps_tearing attended sh "$here/lab.sh" run --timeout 1800 --once \
		--kernel "$(image "$to")-debug" --out "$state/debug" -- -F stepped \
		-F racing > "$state/debug.said" 2>&1
	said "$state/debug" "$(image "$to")-debug" > "$state/debug.json"
	jq -e '.answered or (.splats | length > 0)' "$state/debug.json" > /dev/null
}

# table FILE: the latency of both kernels, by busy tasks, and with few mappings
table()
{
	for commit in $from $to; do
		one_table "$1" "$commit" busy --nbusytasks 0,1,10 || return
		one_table "$1" "$commit" few --nbusytasks 2 --mappings 100 || return
	done
	for rows in busy few; do
		sh "$here/../scripts/compare.sh" "$(known "$from")/$1-$rows" \
			"$(known "$to")/$1-$rows" |
			table_rows "$1" "$rows"
	done | jq -s . > "$state/table-$1.json"
}

# one_table FILE COMMIT ROWS OPTION...
one_table()
{
	result=$(known "$2")/$1-$3
	[ ! -s "$result" ] || return 0
	rm -f "$result.new"
	table_of=$1 table_commit=$2
	shift 3
	attended sh "$here/../scripts/table.sh" --procfile "$table_of" --control \
		--nsamples "$samples" --duration 1 --results "$result.new" \
		--kernel "$LAB_CACHE/images/$(image "$table_commit")/bzImage" "$@" \
		> "$result.said" 2>&1 && mv "$result.new" "$result"
}

# table_rows FILE ROWS: what compare says, as JSON
table_rows()
{
	awk -v file="$1" -v rows="$2" '
	/ % .* to / {
		printf "{ \"file\": \"%s\", \"row\": \"%s %s\", \"ratio\": %s, ", file,
			rows, $1, $(NF - 3)
		printf "\"low\": %s, \"high\": %s, \"before\": %s, \"after\": %s }\n",
			$(NF - 2), $NF, median[$1, 1], median[$1, 2]
	}
	NF >= 7 && !/ %/ && $2 ~ /^[0-9.]+$/ {
		median[$1, 1] = $2
		median[$1, 2] = $5 ~ /^\*/ ? $6 : $5
	}'
}

# cost COMMIT: the instructions of a line
cost()
{
	result=$(known "$1")/cost
	[ ! -s "$result" ] || return 0
	attended sh "$here/cost.sh" "$(image "$1")" > "$result.new" 2> "$result.said" &&
		mv "$result.new" "$result"
}

# costs: both, as JSON
costs()
{
	awk 'FNR == 1 { next }
	NR == FNR { before[$1] = $2; next }
	$1 in before { printf "{ \"what\": \"%s\", \"before\": %s, \"after\": %s }\n",
		$1, before[$1], $2 }' "$(known "$from")/cost" "$(known "$to")/cost" | jq -s .
}

# size: what the tree's own bloat-o-meter says
size()
{
	python3 "$tree/scripts/bloat-o-meter" \
		"$LAB_CACHE/images/$(image "$from")/vmlinux" \
		"$LAB_CACHE/images/$(image "$to")/vmlinux" > "$state/size" \
		2> "$state/size.said"
}

# ask TEST COMMIT SHARE: sets $sure_word to bad, good or untold, when that is sure
ask()
{
	sure_share=$3
	sure_ask "$LAB_CACHE/images/$(image "$2")/bzImage" "$(known "$2")/asked/$1" "$1"
}

# ask_both TEST: sets $before and $after.  Of two kernels that are red equally often one
# may seem good.  So that one is asked again, whether it is red as often as the other.
ask_both()
{
	ask "$1" "$from" 0.5
	before=$sure_word
	ask "$1" "$to" 0.5
	after=$sure_word
	case $before-$after in
	good-bad)
		sure_measure "$(known "$to")/asked/$1/words"
		ask "$1" "$from" "$sure_share"
		before=$sure_word ;;
	bad-good)
		sure_measure "$(known "$from")/asked/$1/words"
		ask "$1" "$to" "$sure_share"
		after=$sure_word ;;
	esac
}

# changed: the tests of which one run on each kernel did not say the same; what is red now
# first
changed()
{
	jq -rn --slurpfile a "$(known "$from")/gate.json" \
		--slurpfile b "$(known "$to")/gate.json" '
		$a[0].red as $before | $b[0].red as $after |
		(($after - $before) + ($before - $after))[]'
}

# sure: each of these is asked on both kernels; one that is no test is believed.  No
# subshell, for the sake of signals.
sure()
{
	[ "$(jq -s 'all(.answered)' "$(known "$from")/gate.json" \
		"$(known "$to")/gate.json")" = true ] || return 0
	changed | head -n "$most_asked" > "$state/changed"
	: > "$state/sure.new"
	worse=0
	export GATE=1
	while read -r test; do
		sure_program "$test" > /dev/null || continue
		[ "$worse" -lt "$most_worse" ] || break
		left "$test"
		ask_both "$test"
		[ "$before-$after" != good-bad ] || worse=$((worse + 1))
		jq -n --arg test "$test" --arg before "$before" --arg after "$after" \
			'{ $test, $before, $after }' >> "$state/sure.new"
	done < "$state/changed"
	jq -s . "$state/sure.new" > "$state/sure.json"
}

# --- the report -----------------------------------------------------------------

# part FILE: the file, or one that says null
part()
{
	if [ -s "$1" ]; then
		echo "$1"
	else
		echo "$state_of_all/null"
	fi
}

# series_json: the patches with what the gate says of each
series_json()
{
	series | while read -r commit; do
		at=$(short "$commit")
		jq -n --arg commit "$at" --arg title "$(title "$commit")" \
			--arg built "$(cat "$state/build-$at.code" 2>/dev/null)" \
			--slurpfile gate "$(part "$(known "$commit")/gate.json")" \
			'{ $commit, $title, built: (if $built == "" then null
				else $built == "0" end), gate: $gate[0] }'
	done | jq -s .
}

report_json()
{
	series_json > "$state/series.json"
	for file in $files; do
		cat "$(part "$state/table-$file.json")"
	done | jq -s 'map(. // []) | add' > "$state/latency.json"
	costs > "$state/cost.json" 2>/dev/null
	jq -n --arg command "$asked" --arg date "$(date -u +'%Y-%m-%d %H:%M')" \
		--arg from "$(short "$from")" --arg from_title "$(title "$from")" \
		--arg to "$(short "$to")" --arg name "$named" \
		--arg stat "$(git -C "$tree" diff --shortstat "$from" "$to")" \
		--arg built "$(cat "$state/build-$(short "$to").code")" \
		--arg errors "$(grep -h 'error:\|\*\*\*' "$state/$(image "$to").log" \
			2>/dev/null | sed "s#$tree/##g" | head -n 3)" \
		--arg files "$files" --arg expect "$expect" \
		--arg without "$without" --arg each "$each" \
		--rawfile size "$state/size.text" \
		--slurpfile before "$(part "$(known "$from")/gate.json")" \
		--slurpfile after "$(part "$(known "$to")/gate.json")" \
		--slurpfile debug "$(part "$state/debug.json")" \
		--slurpfile sure "$(part "$state/sure.json")" \
		--slurpfile cost "$(part "$state/cost.json")" \
		--slurpfile series "$state/series.json" \
		--slurpfile latency "$state/latency.json" '
		def words: split(" ") | map(select(. != ""));
		{ $command, $date, $name, base: { commit: $from, title: $from_title },
		  patched: { commit: $to, stat: $stat, built: ($built == "0"),
		    errors: ($errors | split("\n") | map(select(. != ""))) },
		  files: ($files | words), expect: ($expect | words),
		  without: ($without | words), each: ($each == "1"),
		  before: $before[0], after: $after[0], debug: $debug[0],
		  sure: ($sure[0] // []), cost: ($cost[0] // []),
		  size: ($size | split("\n") | map(select(. != ""))),
		  latency: $latency[0], series: $series[0] }'
}

# report: prints it, keeps it, and exits
report()
{
	head -n 1 "$state/size" 2>/dev/null > "$state/size.text"
	tail -n 1 "$state/size" 2>/dev/null >> "$state/size.text"
	report_json > "$state/data.json" || exit 4
	jq --slurpfile olds "$(part "$against")" -f "$here/patch.jq" "$state/data.json" \
		> "$state/report.json" || exit 4
	kept=$state_of_all/reports/$(date -u +%Y%m%d-%H%M%S)-$(short "$to").json
	mkdir -p "${kept%/*}" && cp "$state/report.json" "$kept"
	[ -z "$json" ] || cp "$kept" "$json" || exit 4
	say "kept for --against: ${kept##*/}"
	jq -r '.text[]' "$kept" | cut -c 1-75
	exit "$(jq -r .status "$kept")"
}

# --- the whole --------------------------------------------------------------------

prepare()
{
	for tools in lab kernel patches; do
		sh "$here/../scripts/install.sh" "$tools" || exit
	done
	state_of_all=$LAB_CACHE/patch
	mkdir -p "$state_of_all" || exit 4
	echo "$columns" | tr ' ' '\n' > "$state_of_all/columns"
	if [ "$base" = linux-source ]; then
		tree_source
	else
		kdir=$base
	fi
	echo null > "$state_of_all/null"
	tree_of "$kdir"
	choose
	tree_keep
	static_programs || exit 4
	# shellcheck disable=SC2046 # a list of programs
	tests_id=$(cd "$programs" && cksum $(sh "$here/../run_tests.sh" --programs) 2>/dev/null |
		cksum | cut -d ' ' -f 1)
	state=$state_of_all/$(short "$from")-$(short "$to")-$tree_config
	[ -z "$forget" ] || {
		rm -rf "$state"
		[ "$(kernel_id "$from")" = "$(kernel_id "$to")" ] || rm -rf "$(known "$to")"
	}
	mkdir -p "$state" "$(known "$from")/asked" "$(known "$to")/asked" || exit 4
	files=$(concerned)
}

# built COMMIT
built()
{
	[ "$(cat "$state/build-$(short "$1").code")" = 0 ]
}

# gate_of COMMIT
gate_of()
{
	at=$(short "$1")
	mkdir -p "$(known "$1")"
	built "$1" && step "gate-$at" gate "$1"
}

# measure_cost: of both kernels
measure_cost()
{
	step "cost-$(short "$from")" cost "$from"
	step "cost-$(short "$to")" cost "$to"
}

parse "$@"
prepare
step "build-$(short "$from")" build "$from" ||
	cannot "the base does not build, see $state/$(image "$from").log"
# In the order of the series, so that each is built on the one before.
for commit in $([ -z "$each" ] || series) "$to"; do
	step "build-$(short "$commit")" build "$commit"
done
built "$to" || report
gate_of "$from"
for commit in $([ -z "$each" ] || series) "$to"; do
	gate_of "$commit"
done
sure
if wanted debug && step build-debug build "$to" --config debug; then
	step debug debug
fi
if wanted table; then
	for file in $files; do
		step "table-$file" table "$file"
	done
fi
! wanted cost || measure_cost
! wanted size || step size size
report
