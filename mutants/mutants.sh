#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: mutants [NAME]...     does the gate catch kernels that are broken on purpose?
#
# mutants.sh - test the tests, on kernels that are broken on purpose
#
# Usage: mutants.sh [--times N] [--timeout S] [--beside] [--um] [--out DIR]
#                   [--config NAME [--bare]] [--over NAME]... [--resume]
#                   [--build|--built|--list] [NAME]... [-- OPTIONS OF THE GATE]
#        mutants.sh --score FILE...
#        mutants.sh --table DIR...
#
# Each mutants/NAME.patch breaks one thing in a kernel that is otherwise good:
# the newest linux-source with the lab's cure.patch and heap.patch.  Each is built, booted in the
# lab's machine, and judged by the gate up to its first "not ok".  A line each:
#
#   caught  NAME  10/10  seconds  first test that failed: what it said
#   missed  NAME   9/10  seconds  a run in which all tests passed, or no answer
#   needs   NAME   0/10           missed, and this kernel has not what the fault needs
#   broken  NAME                  no mutant: it was not built, or did not boot
#
# The seconds are the median of the runs that caught it.  A kernel that complains
# in its log is caught as well, and the line says so.  At the end the score.
# Only the program named in the patch's line "Judge:" is run (without such a
# line, proc_maps_tearing), in the configuration of its line "Config:", if any, and
# with the options and variables of its line "Asks:".  The line "Over:" has the
# lab's patches that come before it, after those two.  The line "Needs:" has the
# options of a kernel, "!" before those that must not be, without which the fault
# need not show.
#
# --times N      runs of each; all must catch it (default: 1).  As many as fit
#                into the machine's life: the line says how many there were
# --timeout S    for one machine's whole life (default: 300); a run has two fifths
# --beside       also run the source's own proc-maps-race, once, as it is
# --um           as User Mode Linux, at this machine's speed; it is not preempted
#                from an interrupt, which some of the mutants need
# --config NAME  with this configuration of lab/ instead of preempt-full, and with
#                what "Config:" says besides
# --bare         without what "Config:" says
# --over NAME    with lab/NAME.patch in each of them, as with a line "Over:"; what stands
#                around a mutant's lines may differ then
# --out DIR      what the machines printed (default: in the lab's cache)
# --resume       go on in DIR: what is in DIR/score already is only told, but for what
#                ran out of time
# --build        only build, and keep the images for --built
# --built        take the images that are there, and leave them: what is built on
#                one machine can be run on others
# --list         names and subjects only
# --score FILE   the score of DIR/score, or of several such files, as from
#                machines that did a part of the list each
# --table DIR    a line each, with what each of several such DIRs says of it
#
# LAB_CACHE and LAB_PROGRAMS are as in lab.sh.  What is missing is installed, as root.
#
# exit status: 0 all caught, 1 one was missed, 2 bad usage, 4 a mutant that is
# none

set -u
umask 022
room=$(cd "$(dirname "$0")" && pwd)
here=$room/../lab
# shellcheck source-path=SCRIPTDIR source=../lab/common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=../lab/programs.sh
. "$here/programs.sh"

list()
{
	for patch in "$room"/*.patch; do
		printf '%-24s %s\n' "$(basename "$patch" .patch)" \
			"$(field Subject "$(basename "$patch" .patch)")"
	done
}

# field WORD MUTANT: a line of the patch's head
field()
{
	sed -n "/^---/q; s/^$1: *//p" "$room/$2.patch"
}

# score FILE...: prints it; fails where a mutant was missed, with 4 where one is none
score()
{
	cat "$@" | jq -Rnr --arg rival "$rival" -f "$room/score.jq" || return 4
	! grep -qh '^broken' "$@" || return 4
	! grep -h '^missed' "$@" | cut -f 3 | grep -qvx "$rival"
}

# about: what DIR/score is the score of
about()
{
	printf 'configuration\t%s%s%s\n' "$configuration" "${overs:+, over$overs}" \
		"${bare:+, without what the mutants ask for}"
	echo "date	$(date -u +'%Y-%m-%d %H:%M')"
	echo "command	$asked" | cut -c 1-90
}

# table DIR...: to be kept, with what it is a table of
table()
{
	for directory; do
		if [ ! -f "$directory/score" ] || [ ! -f "$directory/about" ]; then
			say "no score in $directory"
			return 4
		fi
	done
	echo '# SPDX-License-Identifier: GPL-2.0'
	echo '# The mutants by configuration of the kernel: run_tests.sh mutants --table'
	column=0
	for directory; do
		column=$((column + 1))
		echo "# $column:"
		sed 's/^/#    /; s/\t/: /' "$directory/about"
		sed -n 's/^linux-source/#    source: &/p' "$directory/origin" 2>/dev/null
		score "$directory/score" | sed 's/^/#    /'
	done
	echo '#'
	for directory; do
		awk -v at="$directory" '{ print $0 "\t" at }' "$directory/score"
	done | awk -F '\t' -v columns="$*" -v rival="$rival" -v needs="$(
		for patch in "$room"/*.patch; do
			field Needs "$(basename "$patch" .patch)" |
				sed "s/^/$(basename "$patch" .patch):/; s/ /,/g"
		done | paste -sd ' ' -)" '
	BEGIN {
		n = split(columns, column, " ")
		for (i = split(needs, need, " "); i; i--) {
			split(need[i], part, ":")
			needs_of[part[1]] = ", needs " part[2]
		}
	}
	$3 == rival { next }
	{
		if (!($2 in seen))
			order[++names] = $2
		seen[$2] = 1
		runs[$2, $6]++
		caught[$2, $6] += $1 == "caught"
		# the worst of several stands
		if (($2, $6) in word && word[$2, $6] != "caught" && $1 == "caught")
			next
		word[$2, $6] = $1
		took[$2, $6] = $4
		what[$2, $6] = $5
	}
	END {
		for (i = 1; i <= names; i++) {
			printf "%s%s\n", order[i], needs_of[order[i]]
			for (j = 1; j <= n; j++) {
				k = order[i] SUBSEP column[j]
				if (!(k in word)) {
					printf "   %d  not run\n", j
					continue
				}
				text = substr(what[k], 1, 120)
				sub(/ +$/, "", text)
				printf "   %d  %-7s %7s %6s  %s\n", j, word[k],
					caught[k] "/" runs[k], took[k], text
			}
		}
	}'
}

times=1 limit=300 results='' mutants='' beside='' um='' part=''
configuration=preempt-full bare='' overs='' resume=''
asked="run_tests.sh mutants$(printf ' %s' "$@")"
rival=proc-maps-race
while [ $# -gt 0 ]; do
	case $1 in
	--times|--timeout|--out|--score|--config|--over|--table)
		[ -n "${2-}" ] || bad_usage "$1 needs a value" ;;
	esac
	case $1 in
	--times) times=$2; shift ;;
	--timeout) limit=$2; shift ;;
	--out) results=$2; shift ;;
	--config)
		[ -f "$here/$2.config" ] || bad_usage "no configuration $2"
		configuration=$2; shift ;;
	--bare) bare=1 ;;
	--over)
		[ -f "$here/$2.patch" ] || bad_usage "no patch $2 in the lab"
		overs="$overs $2"; shift ;;
	--resume) resume=1 ;;
	--beside) beside=1 ;;
	--um) um=1 ;;
	--build|--built) part=${1#--} ;;
	--score) shift; need jq; score "$@"; exit ;;
	--table) shift; need jq; table "$@"; exit ;;
	--list) list; exit 0 ;;
	--help|-h) exec sh "$room/../run_tests.sh" mutants --help ;;
	--) shift; break ;;
	-*) bad_usage "unknown option $1" ;;
	*)	[ -f "$room/$1.patch" ] || bad_usage "no mutant $1"
		mutants="$mutants $1" ;;
	esac
	shift
done
suffix=$(echo "$overs" | tr ' ' -)
[ "$configuration" = preempt-full ] || suffix=$suffix-$configuration
: "${results:=$LAB_CACHE/mutants$suffix${bare:+-bare}}"
# What is left is for the program: with it, a part of the tests is run.
positive "$times" "$limit"
if [ -z "$mutants" ]; then
	for patch in "$room"/*.patch; do
		mutants="$mutants $(basename "$patch" .patch)"
	done
fi

sh "$room/../scripts/install.sh" lab || exit
[ "$part" = built ] || sh "$room/../scripts/install.sh" kernel || exit
mkdir -p "$results" && results=$(cd "$results" && pwd) || exit 4

# build MUTANT: prints the name of the image
build()
{
	# shellcheck disable=SC2046 # words
	set -- "$1" $([ -n "$bare" ] ||
		field Config "$1" | sed 's/[^ ][^ ]*/--config &/g')
	name=$1
	shift
	[ -z "$overs" ] || set -- "$@" --fuzz
	for over in $(echo "$overs $(field Over "$name")" | tr ' ' '\n' | awk '!seen[$0]++'); do
		set -- "$@" --patch "$here/$over.patch"
	done
	if [ "$um" ]; then
		set -- --arch um --patch "$here/cure.patch" \
			--patch "$here/heap.patch" --patch "$here/um.patch" "$@"
	else
		set -- --config "$configuration" --patch "$here/cure.patch" \
			--patch "$here/heap.patch" "$@"
	fi
	attended sh "$here/build.sh" "$@" --patch "$room/$name.patch" \
		"mutant-$name$suffix"
}

# unmet NAME: of what its fault needs, that which the kernel has not
unmet()
{
	for option in $(field Needs "$1"); do
		case $option in
		!*) grep -qx "CONFIG_${option#!}=y" "$image/config" ;;
		*) ! grep -qx "CONFIG_$option=y" "$image/config" ;;
		esac && echo "$option"
	done | paste -sd ' ' -
}

# A fault that cannot show there is not missed.
excuse()
{
	without=$(unmet "$1")
	[ -z "$without" ] || sed -i "s/^missed\t[^\t]*\t/needs\t-\t$without; /" "$2"
}

# The rival comes from the source that the mutant was made of.
build_rival()
{
	release=$(sed -n 's/^linux-source [^ ]* \([^-~+ ]*\).*/\1/p' "$1/origin")
	room_of_rival=$LAB_CACHE/src/$release+cure/tools/testing/selftests/proc
	rival_at=$LAB_CACHE/rival/$release
	mkdir -p "$rival_at"
	make -s --no-print-directory -C "$room_of_rival" OUTPUT="$rival_at" \
		USERLDFLAGS=-static "$rival_at/$rival" > "$rival_at/log" 2>&1 || {
		say "$rival could not be built:"
		tail -n 15 "$rival_at/log" >&2
		return 1
	}
}

# boot IMAGE DIR TIMES PROGRAM [OPTION]...: runs it there until red, so often
boot()
{
	image=$1
	dir=$2
	often=$3
	program=$4
	shift 4
	# What an earlier machine said there is no answer of this one.
	rm -rf "$dir"
	mkdir -p "$dir"
	# Half a minute is for booting, and for a run longer than those before.  What
	# ends a run is again.sh's limit, not a program that leaves out tests.  And what
	# KASAN found in one run it is to find in the next one, too.
	# shellcheck disable=SC2086 # words
	boot_again --kernel "$image/bzImage" --out "$dir" --timeout "$limit" \
		--append kasan_multi_shot --env kselftest_override_timeout="$limit" \
		$environment \
		--program "$program" -- again.sh --until-red --times "$often" \
		--limit $((limit * 2 / 5)) \
		--budget $((limit > 60 ? limit - 30 : limit)) \
		"${program##*/}" "$@" > "$dir/boot" 2>&1
}

# answers OUT: a line for each run in it, tab-separated: word, seconds, what
answers()
{
	sh "$here/../run_tests.sh" --results "$1" | awk -F '\t' '
	function answer(word, what)
	{
		if (splat && word == "missed") {
			word = "caught"
			what = "only the log of the kernel"
		}
		printf "%s\t%s\t%s\n", word, $6,
			what (splat ? "; the kernel said: " splat : "")
	}
	$1 == "run" {
		test = splat = ""
		passed = doubts = skipped = 0
	}
	$1 == "log" { splat = $5 }
	$1 == "test" {
		passed += $4 == "pass"
		doubts += $4 == "unsure"
		skipped += $4 == "skip"
	}
	$1 == "test" && $4 == "fail" && test == "" { test = $3 ": " $5 }
	$1 != "took" { next }
	$4 == "died" { print "died\t-\tin " $3; next }
	test != "" { answer("caught", test); next }
	$4 == "green" {
		answer("missed", passed " tests passed, " doubts \
			" could not tell, " skipped " not for this kernel")
		next
	}
	{ answer("missed", $4 ", in " $3) }'
}

# runs STEM TIMES PROGRAM [OPTION]...: the answers are in STEM.answers.  A machine
# that crashed is followed by another one.
runs()
{
	stem=$1
	wanted=$2
	shift 2
	boots=0
	: > "$stem.answers"
	while [ "$(wc -l < "$stem.answers")" -lt "$wanted" ]; do
		boots=$((boots + 1))
		boot "$image" "$stem.$boots" \
			$((wanted - $(wc -l < "$stem.answers"))) "$@"
		answers "$stem.$boots/out" > "$stem.new"
		[ -s "$stem.new" ] ||
			printf 'broken\t-\tdid not boot, see %s\n' \
				"$stem.$boots/log" > "$stem.new"
		last_words "$stem.$boots/log" "$stem.new" >> "$stem.answers"
		# Else it was the time that ran out.
		grep -q '^died' "$stem.new" || break
		[ "$(cat "$stem.$boots/seconds")" -lt "$limit" ] || break
	done
	rm -f "$stem.new"
}

# last_words LOG ANSWERS: what the death of a machine says of the run in it
last_words()
{
	said=$(splats "$1" | head -n 1 | sed 's/^\[ *[0-9.]*\] *//')
	awk -F '\t' -v said="$said" '
	$1 != "died" { print; next }
	said == "" { printf "missed\t-\tno answer %s\n", $3 }
	said != "" { printf "caught\t-\t%s the kernel said: %s\n", $3, said }' "$2"
}

# count MUTANT PROGRAM ANSWERS: adds the runs to the score
count()
{
	awk -F '\t' -v OFS='\t' -v name="$1" -v program="$2" '
		{ print $1, name, program, $2, $3 }' "$3" >> "$results/score"
}

# line LABEL ANSWERS: prints it
line()
{
	sort -t '	' -k 2n "$2" | awk -F '\t' -v name="$1" '
	{ word[$1]++; what[$1] = what[$1] == "" ? $3 : what[$1] }
	$1 == "caught" && $2 != "-" { took[++n] = $2 }
	END {
		verdict = "caught"
		if (word["broken"] || word["missed"])
			verdict = word["broken"] ? "broken" : "missed"
		else if (word["needs"])
			verdict = "needs"
		time = "-"
		if (n)
			time = (took[int((n + 1) / 2)] + took[int(n / 2) + 1]) / 2
		printf "%-7s %-24s %7s %7s  %s\n", verdict, name,
			(word["caught"] + 0) "/" NR, time, what[verdict]
	}'
}

# mutant NAME [OPTION]...: one from source to line
mutant()
{
	name=$1
	shift
	where=$results/$name
	program=$(field Judge "$name")
	program=${program:-proc_maps_tearing}
	image=$LAB_CACHE/images/mutant-$name$suffix
	if [ -n "$resume" ] && grep -q "^[a-z]*	$name	" "$results/score"; then
		line "$name" "$where.answers"
		return
	fi
	note "$name"
	if [ "$part" != built ] && ! build "$name" > "$where.build" 2>&1; then
		printf 'broken\t-\tnot built, see %s\n' "$where.build" \
			> "$where.answers"
		count "$name" "$program" "$where.answers"
		line "$name" "$where.answers"
		return
	fi
	[ "$part" != build ] || return
	environment=''
	for word in $(field Asks "$name"); do
		case $word in
		*=*) environment="$environment --env $word" ;;
		*) set -- "$@" "$word" ;;
		esac
	done
	runs "$where" "$times" "$programs/$program" "$@"
	excuse "$name" "$where.answers"
	count "$name" "$program" "$where.answers"
	line "$name" "$where.answers"
	cp "$image/origin" "$results/origin"
	if [ -n "$beside" ] && build_rival "$image"; then
		runs "$where.beside" 1 "$rival_at/$rival"
		count "$name" "$rival" "$where.beside.answers"
		line "  $rival" "$where.beside.answers"
	fi
	[ "$part" = built ] || rm -rf "$image"
}

static_programs || exit 4
[ -n "$resume" ] || : > "$results/score"
sed -i '/^missed\t.*\tlimit, in /d' "$results/score" 2>/dev/null ||
	: > "$results/score"
[ -n "$resume" ] || rm -f "$results/about"
about >> "$results/about"
for mutant in $mutants; do
	mutant "$mutant" "$@"
done
[ "$part" != build ] || ! grep -q . "$results/score" || exit 4
[ "$part" = build ] || score "$results/score"
