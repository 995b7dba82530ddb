#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: soak [--runs N]       how often does the gate cry wolf?
#
# soak.sh - the gate again and again where it must not fail
#
# Usage: soak.sh [--runs N] [--timeout S] [--out DIR] [PLACE]...
#                [-- OPTIONS OF THE GATE]
#        soak.sh --score FILE...
#
# Each run is the whole gate.  Places, all of them by default:
#
#   cured      the newest linux-source with lab/cure.patch, two CPUs, emulated
#   one-cpu    the same with one CPU
#   busy       the same with eight busy loops on the two CPUs
#   debug      the same with KASAN, lockdep and the like
#   swap       the same, short of memory, with swap
#   um         the first one as User Mode Linux, at this machine's speed
#   um-one-cpu, um-busy, um-debug
#              the same with one CPU, with the busy loops, with KASAN and the like
#   running    the running kernel, no emulator; what lab/expected says of its
#              release may be red there, and nothing else
#
# A line for each place: runs, red ones, those that could not tell, and seconds
# per run.  A red run is kept with all that it printed, and with the kernel's log,
# in DIR/PLACE.N.{out,log}.  At the end the sum, and the upper bound of the rate
# at 95 %: three in N where none of N was red.
#
# --runs N       runs in each place (default: 10)
# --timeout S    for one machine's whole life: as many runs as fit are made in it,
#                and then there is another one (default: 1800)
# --out DIR      results (default: in the lab's cache); what is in DIR/score
#                already counts, so that a soak can go on another day
# --score FILE   only the sum, of several such files
#
# LAB_CACHE and LAB_PROGRAMS are as in lab.sh.  "lab build" makes the kernels.
#
# exit status: 0 none was red, 1 one was, 2 bad usage, 4 a place that is not there

set -u
umask 022
room=$(cd "$(dirname "$0")" && pwd)
here=$room/../lab
# shellcheck source-path=SCRIPTDIR source=../lab/common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=../lab/programs.sh
. "$here/programs.sh"
# shellcheck source-path=SCRIPTDIR source=../lab/answers.sh
. "$here/answers.sh"

# Half a minute, times what an emulator, a debug kernel or a crowd makes of it.
run_limit=1200

# score FILE...: place, answer and seconds of each run, tab-separated
score()
{
	awk -F '\t' '
	{
		if (!runs[$1]++)
			order[++n] = $1
		count[$1, $2]++
		seconds[$1] += $3
		all++
		red += $2 == "red"
	}
	END {
		printf "%-11s %6s %6s %10s %8s\n", "place", "runs", "red",
			"no-answer", "s/run"
		for (i = 1; i <= n; i++) {
			p = order[i]
			printf "%-11s %6d %6d %10d %8.1f\n", p, runs[p],
				count[p, "red"], count[p, "unclear"],
				seconds[p] / runs[p]
		}
		if (!all)
			exit 4
		# Wilson and Hilferty: the Poisson mean that would show no
		# more than so many in one of twenty cases; 3.0 for none.
		k = red + 1
		bound = k * (1 - 1 / (9 * k) + 1.645 / (3 * sqrt(k))) ^ 3
		bound = 100 * bound / all
		printf "%d runs, %d red: at 95 %%, fewer than %.1f %% are\n",
			all, red, bound < 100 ? bound : 100
		exit red > 0
	}' "$@"
}

runs=10 limit=1800 results=$LAB_CACHE/soak places=''
while [ $# -gt 0 ]; do
	case $1 in
	--runs|--timeout|--out|--score)
		[ -n "${2-}" ] || bad_usage "$1 needs a value" ;;
	esac
	case $1 in
	--runs) runs=$2; shift ;;
	--timeout) limit=$2; shift ;;
	--out) results=$2; shift ;;
	--score) shift; score "$@"; exit ;;
	--help|-h) exec sh "$room/../run_tests.sh" soak --help ;;
	--) shift; break ;;
	cured|one-cpu|busy|debug|swap|um|um-one-cpu|um-busy|um-debug|running)
		places="$places $1" ;;
	*) bad_usage "no such place or option: $1" ;;
	esac
	shift
done
positive "$runs" "$limit"
: "${places:=cured one-cpu busy debug swap um um-one-cpu um-busy um-debug running}"

[ "$places" = " running" ] || sh "$room/../scripts/install.sh" lab || exit
mkdir -p "$results" && results=$(cd "$results" && pwd) || exit 4

# gates N [OPTION]...: the command of N runs of the gate, one word a line
gates()
{
	often=$1
	shift
	printf '%s\n' again.sh --times "$often" --limit "$run_limit" \
		--budget $((limit > 300 ? limit - 240 : limit)) guest.sh "$@"
}

# in_machine DIR N IMAGE PRELUDE "OPTIONS OF boot.sh" [OPTION OF THE GATE]...
in_machine()
{
	dir=$1 often=$2 image=$LAB_CACHE/images/$3/bzImage prelude=$4 options=$5
	shift 5
	[ -f "$image" ] || {
		say "no kernel $image: lab build makes it"
		return 4
	}
	# shellcheck disable=SC2046,SC2086 # words
	set -- $options -- sh -c "$prelude exec \"\$@\"" sh $(gates "$often" "$@")
	for file in "$programs"/proc_m*; do
		[ ! -x "$file" ] || set -- --program "$file" "$@"
	done
	boot_again --program "$here/guest.sh" --kernel "$image" --out "$dir" --timeout "$limit" \
		--env GUEST_LIMIT="$run_limit" "$@" > "$dir.boot" 2>&1
	[ $? -ne 4 ] || tail -n 3 "$dir.boot" >&2
}

# on_this DIR N [OPTION]...: no machine but this one
on_this()
{
	dir=$1 often=$2
	shift 2
	mkdir -p "$dir/files"
	# shellcheck disable=SC2046 # words
	attended env PATH="$here:$programs:$PATH" GUEST_LIMIT=$run_limit \
		GUEST_PROGRAMS="$programs" GUEST_OUT="$dir/files" \
		setpriv --pdeathsig TERM $(gates "$often" "$@") > "$dir/out"
	# Without the permission there is no log.
	dmesg 2>/dev/null > "$dir/log" || :
}

# Nearly all memory that there is: reading it swaps other pages out.
short_of_memory='mount -o remount,size=400M /dev/shm &&
	dd if=/dev/zero of=/dev/shm/fill bs=1M count=220 || exit 4;
	while :; do dd if=/dev/shm/fill of=/dev/null bs=64k; done 2>/dev/null &'
busy_loops='for i in 1 2 3 4 5 6 7 8; do while :; do :; done & done;'

# place NAME DIR N [OPTION]...
place()
{
	name=$1 where=$2 times=$3
	shift 3
	case $name in
	cured) in_machine "$where" "$times" cured '' '' "$@" ;;
	one-cpu) in_machine "$where" "$times" cured '' '--cpus 1' "$@" ;;
	busy) in_machine "$where" "$times" cured "$busy_loops" '' "$@" ;;
	swap) in_machine "$where" "$times" cured "$short_of_memory" \
		'--memory 288M --swap 512M' "$@" ;;
	debug) in_machine "$where" "$times" cured-debug '' '--memory 2G' "$@" ;;
	um) in_machine "$where" "$times" cured-um '' '' "$@" ;;
	um-one-cpu) in_machine "$where" "$times" cured-um '' '--cpus 1' "$@" ;;
	um-busy) in_machine "$where" "$times" cured-um "$busy_loops" '' "$@" ;;
	um-debug) in_machine "$where" "$times" cured-um-debug '' '--memory 2G' "$@" ;;
	running) on_this "$where" "$times" "$@" ;;
	esac
}

# made_of NAME OUT: a line for each whole run: red, unclear or green; seconds; why
made_of()
{
	expected=
	[ "$1" != running ] || expected=$(sh "$here/lab.sh" expected "$(uname -r)")
	results "$2" | awk -F '\t' -v OFS='\t' -v expected="+${expected%% *}+" '
	$1 == "run" {
		red = ""
		passed = 0
	}
	$1 == "test" && $4 == "pass" { passed++ }
	$8 != "" && index(expected, "+" $8 "+") { next }
	$1 == "test" && $4 == "fail" { red = red " " $3 }
	$1 == "end" && $4 == "broken" { red = red " " $3 }
	$1 == "log" { red = red " kernel log: " $5 }
	$1 == "took" && $4 != "died" {
		word = red != "" ? "red" : passed ? "green" : "unclear"
		print word, $6, substr(red, 2)
	}'
}

# keep NAME DIR: adds the runs to the score, and keeps what red ones printed
keep()
{
	made_of "$1" "$2/out" > "$2/answers"
	number=0
	while IFS='	' read -r word seconds why; do
		number=$((number + 1))
		printf '%s\t%s\t%s\t%s\n' "$1" "$word" "$seconds" "$why" \
			>> "$results/score"
		[ "$word" = red ] || continue
		kept=$results/$1.$(wc -l < "$results/score")
		awk -v n="$number" '/^# run [0-9]+: / { k++ } k == n' "$2/out" \
			> "$kept.out"
		cp "$2/log" "$kept.log"
		say "$1: red: $why (see $kept.out)"
	done < "$2/answers"
}

# Runs of a place that are in the score.
made()
{
	awk -F '\t' -v name="$1" '$1 == name { n++ } END { print n + 0 }' \
		"$results/score"
}

static_programs || exit 4
touch "$results/score"
missing=''
for name in $places; do
	wanted=$(($(made "$name") + runs))
	while [ "$(made "$name")" -lt "$wanted" ]; do
		before=$(made "$name")
		note "$name: $((wanted - before)) runs to go"
		place "$name" "$results/$name" $((wanted - before)) "$@" || break
		keep "$name" "$results/$name"
		[ "$(made "$name")" -gt "$before" ] || break
	done
	[ "$(made "$name")" -ge "$wanted" ] || missing="$missing $name"
done
score "$results/score"
status=$?
[ -z "$missing" ] || {
	say "not all runs were made in:$missing"
	[ "$status" = 1 ] || status=4
}
exit $status
