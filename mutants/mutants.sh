#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: mutants [NAME]...     does the gate catch kernels that are broken on purpose?
#
# mutants.sh - who tests the test?
#
# Usage: mutants.sh [--times N] [--timeout S] [--out DIR] [--list] [NAME]...
#                   [-- OPTIONS OF THE GATE]
#
# Each mutants/NAME.patch breaks one thing in a kernel that is otherwise good:
# the newest linux-source with the lab's cure.  Each is built, booted in the
# lab's machine, and judged by the gate up to its first "not ok".  A line each:
#
#   caught  NAME  seconds  first test that failed: the rule it says is broken
#   missed  NAME  seconds  all tests passed
#   broken  NAME           no mutant: it was not built, or did not boot
#
# A kernel that complains in its log, or that never answers, is caught as well;
# the line says so.  At the end the score, and the median time to the failure.
# Only the program named in the patch's line "Judge:" is run (without such a
# line, proc_maps_tearing).
#
# --times N      each N times; all must be caught (default: 1)
# --timeout S    for one machine's whole life (default: 300)
# --out DIR      what the machines printed (default: in the lab's cache)
# --list         names and subjects only
#
# LAB_CACHE and LAB_PROGRAMS are as in lab.sh.
#
# exit status: 0 all caught, 1 one was missed, 2 bad usage, 4 a mutant that is
# none

set -u
umask 022
room=$(cd "$(dirname "$0")" && pwd)
here=$room/../lab
# shellcheck source-path=SCRIPTDIR source=../lab/common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=../lab/splat.sh
. "$here/splat.sh"
# shellcheck source-path=SCRIPTDIR source=../lab/programs.sh
. "$here/programs.sh"

usage()
{
	sed -n '/^#: /d; /^# SPDX/d; /^#!/d; /^#/!q; s/^# \{0,1\}//p' "$0"
}

list()
{
	for patch in "$room"/*.patch; do
		printf '%-24s %s\n' "$(basename "$patch" .patch)" \
			"$(sed -n 's/^Subject: *//p' "$patch")"
	done
}

times=1 limit=300 results=$LAB_CACHE/mutants mutants=''
while [ $# -gt 0 ]; do
	case $1 in
	--times|--timeout|--out)
		[ -n "${2-}" ] || bad_usage "$1 needs a value" ;;
	esac
	case $1 in
	--times) times=$2; shift ;;
	--timeout) limit=$2; shift ;;
	--out) results=$2; shift ;;
	--list) list; exit 0 ;;
	--help|-h) usage; exit 0 ;;
	--) shift; break ;;
	-*) bad_usage "unknown option $1" ;;
	*)	[ -f "$room/$1.patch" ] || bad_usage "no mutant $1"
		mutants="$mutants $1" ;;
	esac
	shift
done
# What is left is for the program: with it, a part of the tests is run.
for number in "$times" "$limit"; do
	case $number in
	''|0|*[!0-9]*) bad_usage "not a number: $number" ;;
	esac
done
if [ -z "$mutants" ]; then
	for patch in "$room"/*.patch; do
		mutants="$mutants $(basename "$patch" .patch)"
	done
fi

need cpio
mkdir -p "$results" && results=$(cd "$results" && pwd) || exit 4

# judge MUTANT DIR [OPTION]...: boots it; what the machine printed is in DIR
judge()
{
	mutant=$1
	out=$2
	shift 2
	program=$(sed -n '/^---/q; s/^Judge: *//p' "$room/$mutant.patch")
	program=${program:-proc_maps_tearing}
	"$here/boot.sh" --kernel "$LAB_CACHE/images/mutant-$mutant/bzImage" \
		--out "$out" --timeout "$limit" \
		--program "$programs/$program" --program "$room/until-red.sh" \
		-- until-red.sh "$program" "$@" > "$out/boot" 2>&1
	booted=$?
}

# Why the first test failed: the rule, or else what the harness expected.
reason()
{
	awk '
		/^not ok / { exit }
		/^(ok |# +RUN )/ { why = "" }
		/RULE BROKEN: / && why !~ /^rule/ {
			sub(/.*RULE BROKEN: /, "rule: ")
			why = $0
		}
		/^# .*: ?Expected / && why == "" {
			sub(/^# *[^ ]*:[0-9]+:[^:]*:/, "")
			why = $0
		}
		/Test terminated|terminated by timeout/ && why == "" {
			sub(/^# */, "")
			why = $0
		}
		END { print why }' "$1"
}

# verdict MUTANT DIR: prints the line
verdict()
{
	test=$(sed -n 's/^not ok [0-9]* \(- \)\{0,1\}//p' "$2/out" | head -n 1)
	took=$(sed -n 's/^# took \([0-9.]*\) s$/\1/p' "$2/out")
	splat=$(splats "$2/log" | head -n 1 | sed 's/^\[ *[0-9.]*\] *//')
	word=caught
	if [ -n "$test" ]; then
		what="$test: $(reason "$2/out")${splat:+ (the kernel said: $splat)}"
	elif [ "$booted" = 4 ] && ! grep -q '^TAP version' "$2/out"; then
		word=broken what="did not boot${splat:+: $splat}"
	elif [ "$booted" = 4 ]; then
		at=$(grep '^# *RUN ' "$2/out" | tail -n 1 | sed 's/.*RUN *//;s/ .*//')
		what="no answer within $limit s, in $at${splat:+: $splat}"
	elif [ -n "$splat" ]; then
		what="only the kernel's log: $splat"
	elif [ "$booted" = 0 ]; then
		word=missed what="$(grep -c '^ok ' "$2/out") tests passed"
	else
		word=broken what="status $(cat "$2/status" 2>/dev/null), no \"not ok\""
	fi
	printf '%-7s %-24s %7s  %s\n' "$word" "$1" "${took:--}" "$what"
	printf '%s %s %s\n' "$word" "$1" "${took:--}" >> "$results/score"
}

static_programs || exit 4
: > "$results/score"
for mutant in $mutants; do
	"$here/build.sh" --config preempt-full --patch "$here/cure.patch" \
		--patch "$room/$mutant.patch" "mutant-$mutant" > /dev/null || {
		printf '%-7s %-24s %7s  %s\n' broken "$mutant" - 'not built'
		echo "broken $mutant -" >> "$results/score"
		continue
	}
	run=0
	while [ "$run" -lt "$times" ]; do
		run=$((run + 1))
		dir=$results/$mutant.$run
		mkdir -p "$dir"
		judge "$mutant" "$dir" "$@"
		verdict "$mutant" "$dir"
	done
	rm -rf "$LAB_CACHE/images/mutant-$mutant"
done

sort -k3n "$results/score" | awk '
	{ runs[$2]++; word[$1]++ }
	$1 == "caught" { hit[$2]++ }
	$1 == "caught" && $3 != "-" { took[++n] = $3 }
	END {
		for (name in runs) {
			all++
			caught += hit[name] == runs[name]
		}
		printf "%d of %d mutants caught, in each of their runs", caught, all
		if (n)
			printf "; median %.1f s to the first failure, longest %.1f s",
				(took[int((n + 1) / 2)] + took[int(n / 2) + 1]) / 2,
				took[n]
		print ""
		exit word["broken"] ? 4 : word["missed"] ? 1 : 0
	}'
