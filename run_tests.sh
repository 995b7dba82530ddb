#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# run_tests.sh - the wrapper of the /proc/PID/maps tests
#
# It works in three rooms: in a kernel tree (tools/testing/selftests/proc), in
# an installed copy of the kselftests, and outside both, where it provides a
# tree first.  In each, the kernel's own kselftest runner runs the programs;
# this script only reads what the runner printed and gives the verdict.

# Each shell that may be asked to run this is to be a plain one.
[ ! "${ZSH_VERSION-}" ] || emulate sh
set -u +e

# The one place that says in which language numbers and names are: each script
# that can be run by itself asks --environment.
LC_ALL=C
export LC_ALL

USAGE=2 CANNOT_TELL=4
PROGRAMS="proc_maps_selftest proc_maps_tearing proc_maps_stress proc_mmap_latency"

# At real-time priority a time limit would wait for what it is to limit.
: "$(chrt -o -p 0 $$ 2>&1)"

# Where this file is, also where a link to it was run.
self=$(readlink -f "$0") && here=$(cd "$(dirname "$self")" && pwd -P) ||
	exit "$CANNOT_TELL"
# To be run by sh: not each way to copy it keeps the run bit.
me=$here/run_tests.sh
scripts=$here/scripts
# Each command that is not written here is a script of its name in one of
# these; a kernel tree has none of them.
ROOMS="scripts lab mutants"

usage()
{
	cat <<-END
	Usage: $0 [COMMAND [ARGUMENTS]]

	Does reading /proc/PID/maps hold up the process that is read, and does
	it ever show what was never there?  On the running kernel.

	Without a command: install what is missing (as root, by apt-get), build,
	run everything.  KTAP goes to stdout, the verdict to stderr.

	  gate [-- OPTIONS]     the same, with options for the test programs:
	                        -l             list the tests
	                        -t -v -f NAME  only this test, variant, fixture
	                        -T -V -F NAME  all but this one
	                        -r FIXTURE.VARIANT.TEST  only this one
	END
	outside_usage
	cat <<-END
	  --help                this text

	Environment:
	  KDIR=DIR     a kernel source tree to build against and run in
	  DURATION=N   seconds for each racing test
	  STRESS=1     more load: what the whole machine feels, too
	  GATE=1       interference fails on every kernel, however old
	  FULL=1       all scenarios of latency
	  SEED=N       repeats a run, PLANT=gap|perm|idle|loop|block|stall shows a fault
	  JSON=FILE    the latencies, for programs (an absolute path)
	  kselftest_override_timeout=S  instead of the limit in settings

	Exit status: 0 pass, 1 fail, 4 could not tell, 2 bad usage.
	END
}

# A script that is a command says so: "#: COMMAND  what it does".
outside_usage()
{
	for directory in $ROOMS; do
		for script in "$here/$directory"/*.sh; do
			[ -e "$script" ] && sed -n 's/^#: /  /p' "$script"
		done
	done
}

# command_script COMMAND: where it is.
command_script()
{
	for directory in $ROOMS; do
		script=$here/$directory/$1.sh
		if [ -f "$script" ] && grep -q "^#: $1" "$script"; then
			echo "$script"
			return
		fi
	done
	return 1
}

# What the comment at the head of a script says.
script_usage()
{
	sed -n '/^#: /d; /^# SPDX/d; /^#!/d; /^#/!q; s/^# \{0,1\}//p' "$1"
}

note()
{
	echo "$0: $*" >&2
}

die()
{
	code=$1
	shift
	note "$*"
	exit "$code"
}

# What is shown while something takes long, and only to a person.
progress()
{
	[ -t 2 ] && printf '%s\n' "$*" >&2
	return 0
}

#
# Nothing may be left behind, even where this script is killed by SIGKILL.  So
# it does not clean up itself: a cleanup process does, when the pipe between them
# closes.  Over the pipe it reads which sessions to end.  A session is the one
# thing that neither timeout(1) nor the test harness takes its children out of.
#
cleanup()
{
	trap '' HUP INT TERM
	sessions=
	while read -r session; do
		sessions="$sessions $session"
	done
	for signal in TERM KILL; do
		for session in $sessions; do
			end_session "$session" "$signal"
		done
	done
	rm -rf "$tmp"
}

# end_session SESSION SIGNAL: done when none of its processes is left, or
# after half a second.
end_session()
{
	for _ in 1 2 3 4 5; do
		members=
		for stat in /proc/[0-9]*/stat; do
			read -r line 2>/dev/null <"$stat" || continue
			pid=${line%% *}
			# State, parent, group, session follow the name.
			# shellcheck disable=SC2086
			set -- "$1" "$2" ${line##*) }
			[ "$6" = "$1" ] && [ "$3" != Z ] &&
				members="$members $pid"
		done
		[ "$members" ] || return 0
		# shellcheck disable=SC2086
		kill -s "$2" $members 2>/dev/null
		sleep 0.1
	done
}

start_cleanup()
{
	tmp=$(mktemp -d 2>/dev/null) || die "$CANNOT_TELL" "cannot make a temporary directory"
	mkfifo "$tmp/pipe" || die "$CANNOT_TELL" "cannot make a pipe in $tmp"
	tmp=$tmp setsid sh "$me" --cleanup <"$tmp/pipe" >/dev/null 2>&1 &
	exec 9>"$tmp/pipe"
	trap 'exec 9>&-; wait' EXIT
	trap 'interrupted 129' HUP
	trap 'interrupted 130' INT
	trap 'interrupted 143' TERM
}

# interrupted STATUS: a second signal, which timeout(1) sends to the group, would
# end the wait for the cleanup process.
interrupted()
{
	trap '' HUP INT TERM
	die "$1" interrupted
}

# in_session COMMAND...: to be run in the background; the cleanup process knows
# the session before anything happens in it.
in_session()
{
	# shellcheck disable=SC2016
	exec setsid sh -c 'echo $$ >&9; exec "$@" 9>&-' sh "$@"
}

# Where the programs are built and run; empty in an installed copy.
room()
{
	if [ -e "$here/../lib.mk" ]; then
		echo "$here"
	elif [ ! -e "$here/../kselftest/runner.sh" ]; then
		sh "$scripts/tree.sh"
	fi
}

build()
{
	targets=
	for program in $PROGRAMS; do
		targets="$targets $here/$program"
	done
	progress "building $PROGRAMS"
	# make goes by dates, which say nothing of programs from another tree.
	built=$here/.tree/built again=
	tree=$(stat -c '%n %z' "$dir/../lib.mk")
	[ ! -d "$here/.tree" ] || [ "$tree" = "$(cat "$built" 2>&1)" ] || again=-B
	# shellcheck disable=SC2086
	make --no-print-directory -C "$dir" OUTPUT="$here" $again $targets \
		>"$tmp/build" 2>&1 9>&- && {
		[ ! "$again" ] || echo "$tree" >"$built"
		return
	}
	cat "$tmp/build" >&2
	die "$CANNOT_TELL" "the test programs could not be built"
}

# check_options OPTION...: exits where the test harness would not take them.
check_options()
{
	OPTIND=1
	while getopts lt:T:v:V:f:F:r: option; do
		case $option in
		l)
			listing=1
			;;
		\?)
			die "$USAGE" "see $0 --help"
			;;
		*)
			# The kernel's runner takes them for words.
			case $OPTARG in
			''|*[!A-Za-z0-9_.-]*)
				die "$USAGE" "-$option '$OPTARG': not a name"
				;;
			esac
			;;
		esac
	done
	[ "$OPTIND" -gt $# ] || die "$USAGE" "test options only, see $0 --help"
}

# tell_tree OPTION...: exits where the tree's runner or harness cannot be told what
# this run is told.
tell_tree()
{
	[ "$*${kselftest_override_timeout-}" ] ||
		[ "${DURATION:-0}" != 0 ] || says FULL || return 0
	harness=$here/proc_maps_tearing
	[ ! "$dir" ] || harness=$dir/../kselftest_harness.h
	if ! grep -q kselftest_override_timeout \
		"${dir:-$here}/../kselftest/runner.sh" ||
	   ! grep -q 'run specified test' "$harness"; then
		die "$USAGE" "this tree's kselftests take no options and no" \
			"other time limit: those of Linux 6.6 and later do"
	fi
}

# names LISTING: what -l of the programs has, each with the letter of the option
# that names it.  Fixture, variants and tests have a column each.
names()
{
	awk '
	function block(    v, t)
	{
		for (t in test) {
			if (!variants)
				print "r", fixture "." t
			for (v in variant)
				print "r", fixture "." v "." t
		}
		for (v in variant)
			delete variant[v]
		for (t in test)
			delete test[t]
		variants = 0
	}
	/^# FIXTURE / || /^-+$/ { block(); begun = 1; next }
	!begun || /^[^a-zA-Z_ ]/ { next }
	{
		rest = $0
		at = 0
		while (match(rest, /[^ ]+/)) {
			word = substr(rest, RSTART, RLENGTH)
			column = at + RSTART
			if (column == 1) {
				fixture = word
				print "f", word
			} else if (column < 40) {
				variant[word]
				variants++
				print "v", word
			} else {
				test[word]
				print "t", word
			}
			at += RSTART + RLENGTH - 1
			rest = substr(rest, RSTART + RLENGTH)
		}
	}
	END { block() }' "$1"
}

# check_names OPTION...: exits where one of them names what no program has.
check_names()
{
	[ $# -gt 0 ] || return 0
	for program in $PROGRAMS; do
		"$here/$program" -l >"$tmp/listing" 2>&1
		# The limits leave no room even to ask, as this program will say.
		grep -q '^# FIXTURE ' "$tmp/listing" || return 0
		names "$tmp/listing"
	done >"$tmp/names"
	echo 2>/dev/null >>"$tmp/names" ||
		die "$CANNOT_TELL" "no room for the report in ${TMPDIR:-/tmp}"
	OPTIND=1
	while getopts lt:T:v:V:f:F:r: option; do
		[ "$option" != l ] || continue
		letter=$(echo "$option" | tr TVF tvf)
		grep -qxF -e "$letter $OPTARG" "$tmp/names" ||
			die "$USAGE" "-$option $OPTARG: no test has such a name," \
				"see $0 gate -- -l"
	done
}

# says NAME: is this variable of the environment set, and no word for no?  The
# programs ask env_value().
says()
{
	word=
	eval "word=\${$1-}"
	case $word in
	''|0|[Nn]|[Nn][Oo]|[Oo][Ff][Ff]|[Ff][Aa][Ll][Ss][Ee])
		return 1
		;;
	esac
}

# whole NAME: exits where the variable is set and no whole number of seconds
whole()
{
	word=
	eval "word=\${$1-}"
	case $word in
	''|0)
		;;
	*[!0-9]*|0*|????????*)
		die "$USAGE" "$1=$word is not a number of seconds"
		;;
	esac
}

# Before anything runs: a word that is not understood is no answer.
check_environment()
{
	for name in GATE FULL STRESS; do
		says "$name" || continue
		case $word in
		[0-9]|[0-9][0-9]|[Yy]|[Yy][Ee][Ss]|[Oo][Nn]|[Tt][Rr][Uu][Ee])
			;;
		*)
			die "$USAGE" "$name=$word is neither yes nor no"
			;;
		esac
	done
	whole DURATION
	whole kselftest_override_timeout
	printf '%s' "${SEED-}" | grep -qvxE \
		'0|[1-9][0-9]{0,18}|0[xX][0-9a-fA-F]{1,16}' &&
		die "$USAGE" "SEED=$SEED is not a number"
}

# check_plant: exits where the programs know no such fault.  With a seed that is none,
# one says what it has against either, the fault first, and runs no test.
check_plant()
{
	[ "${PLANT:-0}" != 0 ] || return 0
	case $(SEED=none "$here/proc_maps_tearing" 2>&1) in
	*"SKIP PLANT "*)
		die "$USAGE" "PLANT=$PLANT is no fault that can be planted"
		;;
	esac
}

# Each program is given the options; which one they concern, it knows itself.
pass_options()
{
	for program in $PROGRAMS; do
		name=$(echo "$program" | tr '[:lower:]' '[:upper:]')
		export "KSELFTEST_${name}_ARGS=$*"
	done
}

# With DURATION the racing tests, and with FULL the scenarios of latency, last longer
# than the limit in settings is for.  At worst each test of a program is a racing one.
set_limit()
{
	[ ! "${kselftest_override_timeout-}" ] || return
	[ "${DURATION:-0}" != 0 ] || says FULL || return
	tests=$("$here/proc_maps_tearing" -l 2>&1 | wc -l)
	seconds=$(sed -n 's/^timeout=//p' "$here/settings")
	! says FULL || seconds=$((seconds * 5))
	export kselftest_override_timeout=$((seconds + ${DURATION:-0} * tests))
}

# Only these programs, also where the Makefile knows others.
run_in_tree()
{
	list=
	for program in $PROGRAMS; do
		list="$list $here/$program"
	done
	in_session make -s --no-print-directory -C "$dir" OUTPUT="$here" \
		TEST_GEN_PROGS= TEST_GEN_PROGS_EXTENDED= TEST_PROGS="$list" \
		run_tests
}

# The kernel's install lets only the owner execute what its runner does: others get
# a runner of their own, beside a link to the programs.
runner_of_ours()
{
	at=$tmp/installed
	mkdir "$at" && cp -R "$here/../kselftest" "$here/../run_kselftest.sh" \
		"$here/../kselftest-list.txt" "$at" &&
		chmod -R u+rwX "$at" && chmod u+x "$at"/kselftest/* &&
		ln -s "$here" "$at/$(basename "$here")"
}

run_installed()
{
	collection=$(basename "$here")
	set -- ${kselftest_override_timeout:+-o "$kselftest_override_timeout"}
	for program in $PROGRAMS; do
		set -- "$@" -t "$collection:$program"
	done
	in_session sh "$at/run_kselftest.sh" "$@"
}

# show REPORT PID: the report as it grows, as long as there is such a process.
# Newer runners leave the report's head to their callers.
show()
{
	tail -f -n +1 -s 0.1 --pid="$2" "$1" | {
		# What make says before (that it compiles, say) is no report.
		while read -r first; do
			case $first in
			\#*|*"TAP version "*)
				break
				;;
			esac
			note "$first"
		done
		# shellcheck disable=SC2086
		set -- $PROGRAMS
		case $first in
		*"TAP version "*)
			;;
		*)
			printf 'TAP version 13\n1..%d\n' $#
			;;
		esac &&
		printf '%s\n' "$first" && cat
	}
}

#
# results [REPORT]: the one reader of reports, be they of the kselftest runner, of
# one program, or of the lab's runs of either.  A line each, of tab-separated fields:
# kind, program, name, outcome, why, seconds, bug.
#
#   begin     a program begins
#   plan      outcome is the number of its tests, why the reason for none
#   test      pass; fail, why being what was broken, and bug the name of the test for
#             the bug of which it has the signature; skip, or unsure where more time or
#             another machine might have told
#   end       of a program: pass, skip, fail where tests of it did, else broken
#   summary, unwritten, unforked    what a report says besides: why
#   run       name is the number of a run that begins
#   log       why is what the kernel complained of
#   took      its outcome, or died; name is the last test that began
#
results()
{
	awk -v OFS='\t' '
	function row(kind, name, outcome, why, seconds, bug)
	{
		print kind, program, name, outcome, why, seconds, bug
	}
	function forget()
	{
		rule = said = bug = ""
	}
	# result(): of "ok NUMBER NAME # WHY", its outcome; sets name and why
	function result(    bad)
	{
		bad = /^not/
		sub(/^(not )?ok +([0-9]+ +)?(- )?(selftests: ([^ ]*: )?)?/, "")
		why = ""
		if (match($0, / *#/)) {
			why = substr($0, RSTART + RLENGTH + 1)
			$0 = substr($0, 1, RSTART - 1)
		}
		name = $0
		if (bad)
			return "fail"
		if (!sub(/^SKIP */, "", why))
			return "pass"
		# As opposed to what is not for this kernel, user or list.
		return why ~ /could not tell|cannot see|not provoked|not exercised|too slow/ ? \
			"unsure" : "skip"
	}
	{ gsub(/\t/, " ") }
	/^# run [0-9]+: / {
		open = $3 + 0
		program = at = nested = ""
		forget()
		row("run", open)
		next
	}
	/^# kernel log: / {
		row("log", "", "", substr($0, 15))
		next
	}
	/^# took [0-9.]+ s: / {
		seconds = $3
		sub(/.* s: /, "")
		row("took", at, $0, "", seconds)
		open = 0
		next
	}
	/^# selftests: / {
		program = $NF
		nested = 1
		failed = 0
		forget()
		row("begin")
		next
	}
	# A program as a whole, after its tests.
	/^(not )?ok [0-9]+ (- )?selftests: / {
		outcome = result()
		if (outcome == "fail" && !(failed && why == "exit=1"))
			outcome = "broken"
		program = name
		row("end", name, outcome, why)
		next
	}
	# What shells say of it, of which the runner is made.
	/[Cc]annot fork|fork.*: Resource temporarily unavailable/ {
		row("unforked", "", "", $0)
	}
	nested && !sub(/^# /, "") { next }
	/^1\.\.0 # SKIP / {
		row("plan", "", 0, substr($0, 13))
		next
	}
	/^1\.\.[0-9]+$/ { row("plan", "", substr($0, 4) + 0) }
	/^# +RUN / {
		at = $3
		forget()
	}
	/^(not )?ok / {
		outcome = result()
		if (outcome == "fail") {
			failed = 1
			why = rule ? rule : said
		}
		# Harnesses before Linux 6.9 do not name a test that is skipped.
		row("test", name ? name : at, outcome, why, "", bug)
		forget()
		next
	}
	!rule && /RULE BROKEN: / {
		rule = $0
		sub(/.*RULE BROKEN: /, "rule: ", rule)
	}
	# What the harness expected, where there is no rule.
	!said && /^# .*: ?Expected |Test terminated|terminated by timeout/ {
		said = $0
		sub(/^# *([^ ]*:[0-9]+:[^:]*:)?/, "", said)
	}
	/^# +this is the signature of / { bug = $NF }
	/^# summary: / { row("summary", "", "", substr($0, 12)) }
	# The latencies that were asked for.
	/^# cannot write / { row("unwritten", "", "", substr($0, 3)) }
	# The machine did not live to see the end of it.
	END { if (open) row("took", at, "died") }' "$@"
}

# judge REPORT SECONDS PROGRAMS [LOST]: the verdict comes from the report, not from
# exit codes: a program whose tests were all skipped exits with 0.  PROGRAMS is how
# many must have come to their end, LOST what else there is against a pass.
judge()
{
	results "$1" | LOST=${4-} awk -F '\t' -v me="$0" -v kernel="$(uname -r)" \
		-v seconds="$2" -v all="$3" '
	function join(list, item)
	{
		return list (list ? ", " : "") item
	}
	$1 == "unforked" {
		unforked = 1
		if (!($2 in planned))
			refused[$2]
	}
	# Outside of all programs.
	$2 == "" { next }
	$1 == "begin" {
		started++
		before = failed
		reasons = 0
	}
	$1 == "plan" && !$5 { planned[$2] = $4 }
	$1 == "plan" && $5 { reason[++reasons] = $5 }
	$1 == "end" {
		ended++
		wanted += $2 in planned ? planned[$2] : 1
		bad = $4 ~ /^(fail|broken)$/
		# The runner itself had no process for it.
		if (bad && failed == before && $2 in refused) {
			ended--
			next
		}
		if (bad && failed == before)
			red = join(red, $3 ($5 ? " # " $5 : ""))
		else if (!bad && !passed[$2] &&
			 !($2 in planned && planned[$2] == 0)) {
			blank = join(blank, $2)
			for (i = 1; i <= reasons; i++)
				if (!told[reason[i]]++)
					why[++whys] = reason[i]
		}
	}
	$1 == "unwritten" { lost = $5 }
	# Each test that sees it says so.
	$1 == "summary" && !said[$5]++ { found[++texts] = $5 }
	$1 != "test" { next }
	$4 == "fail" {
		failed++
		red = join(red, $3)
	}
	$4 == "skip" || $4 == "unsure" {
		skips++
		reason[++reasons] = $5
	}
	$4 == "unsure" && ++doubts <= 5 { doubt = join(doubt, $3) }
	$4 == "pass" {
		passed[$2]++
		passes++
	}
	END {
		if (ENVIRON["LOST"])
			lost = ENVIRON["LOST"]
		if (ended && ended >= all && ended >= started && !wanted &&
		    !red && !lost) {
			print me ": no test has such a name"
			exit 2
		}
		if (red) {
			verdict = "FAIL"
			status = 1
		} else if (!ended || ended < started || ended < all ||
			   blank || !passes || lost) {
			verdict = "COULD NOT TELL"
			status = 4
		} else {
			verdict = "PASS"
			status = 0
		}
		printf "%s: %d passed, %d failed, %d skipped in %d s", verdict,
			passes, failed, skips, seconds
		printf " on Linux %s\n", kernel
		for (i = 1; i <= texts; i++)
			print found[i]
		if (red)
			print "not ok: " red
		if (lost)
			print lost
		if (doubt)
			print "could not tell: " doubt (doubts > 5 ? \
				", and " doubts - 5 " more" : "")
		if (blank)
			print "nothing but skips: " blank
		for (i = 1; i <= whys && i <= 4; i++)
			because = because (because ? "; " : "") why[i]
		if (because)
			print "because: " because (whys > 4 ? \
				"; and " whys - 4 " more" : "")
		if (ended < all)
			print "did not come to their end: " all - ended \
				" of " all " programs" (unforked ? \
				", as too few processes are allowed" : "")
		exit status
	}'
}

# check_place DIR: exits where neither make nor the kernel's runner, which write it
# without quotes, can work there.
check_place()
{
	odd='[[:space:]:$%;&\\()<>|`'"'"'"]'
	how='make cannot'
	if [ -e "$here/../kselftest/runner.sh" ] && [ ! -e "$here/../lib.mk" ]; then
		odd='[[:space:]*?[\\]'
		how="the kernel's runner cannot"
	fi
	case $1 in
	*$odd*)
		die "$CANNOT_TELL" "$how work in a folder of this name, for a" \
			"character in it: $1"
		;;
	esac
}

# check_machine: exits where there would be a report about something else than this
# kernel: what is missing are files that the shell, the runner and all tests need.
check_machine()
{
	# First, since root makes a file of each name that it writes to.
	[ -c /dev/null ] || die "$CANNOT_TELL" "no /dev/null here"
	# shellcheck disable=SC3045 # each shell that is sh somewhere has it
	limit=$(ulimit -n)
	[ "$limit" = unlimited ] || [ "$limit" -ge 24 ] ||
		die "$CANNOT_TELL" "too few file descriptors allowed: $limit"
	# Read by this shell, which knows its own number.
	pid=
	read -r pid _ 2>/dev/null </proc/self/stat
	[ "$pid" ] || die "$CANNOT_TELL" "no /proc here"
	[ "$pid" = $$ ] || die "$CANNOT_TELL" \
		"/proc is of another pid namespace: mount one of this"
	[ -e /proc/self/fd/1 ] || die "$CANNOT_TELL" \
		"stdout is closed, where the report goes"
	# Else the next file that is opened would be stderr.
	deaf=
	[ -e /proc/self/fd/2 ] || { deaf=1 && exec 2>/dev/null; }
}

# check_files: exits where there is no room for the report, or the runner could not
# write to it.
check_files()
{
	# Some ten times what a report has.
	printf '%1048576s' '' 2>/dev/null >"$tmp/room" ||
		die "$CANNOT_TELL" "no room for the report in ${TMPDIR:-/tmp}"
	rm "$tmp/room"
	: >"$tmp/report"
	# Asked before it is opened, which might make a file of that name.
	{ [ -e /dev/stdout ] && (true >>/dev/stdout) 2>/dev/null; } \
		>>"$tmp/report" ||
		die "$CANNOT_TELL" "no /dev/stdout, where the kernel's runner writes"
}

# check_json: exits where the latencies could not be written
check_json()
{
	case ${JSON:-/} in
	/)
		return
		;;
	/*)
		;;
	*)
		# The tests run elsewhere.
		JSON=$PWD/$JSON
		export JSON
		;;
	esac
	if [ -d "$JSON" ] || { [ -e "$JSON" ] && [ ! -w "$JSON" ]; }; then
		die "$CANNOT_TELL" "cannot write JSON=$JSON"
	elif [ ! -e "$JSON" ] && [ ! -w "${JSON%/*}/" ]; then
		die "$CANNOT_TELL" "cannot write JSON=$JSON"
	fi
}

# check_bits: exits where what the runner executes cannot be: a copy may have lost
# the run bits, and a failure it is of no kernel.
check_bits()
{
	at=${dir:-$here}/..
	[ -x "$at/kselftest/prefix.pl" ] || [ "$dir" ] || runner_of_ours
	[ ! -e "$at/kselftest/prefix.pl" ] || [ -x "$at/kselftest/prefix.pl" ] ||
		die "$CANNOT_TELL" "$at/kselftest/prefix.pl cannot be executed: chmod +x"
	for program in $PROGRAMS; do
		[ -x "$here/$program" ] || die "$CANNOT_TELL" \
			"$here/$program is not there or has lost its run bit"
	done
}

gate()
{
	case ${1-} in
	-h|--help)
		usage
		exit 0
		;;
	--)
		shift
		;;
	?*)
		die "$USAGE" "gate takes test options after --"
		;;
	esac

	listing=
	check_options "$@"
	check_environment
	check_machine
	check_place "$here"
	check_json

	[ -e "$scripts/install.sh" ] &&
		{ sh "$scripts/install.sh" build || exit "$CANNOT_TELL"; }
	dir=$(room) || exit "$CANNOT_TELL"
	tell_tree "$@"
	start_cleanup
	check_files
	[ "$dir" ] && build
	check_bits
	check_plant

	if [ "$listing" ]; then
		for program in $PROGRAMS; do
			"$here/$program" -l 2>&1
		done
		exit 0
	fi
	check_names "$@"
	pass_options "$@"
	set_limit
	# Where the report is on the terminal, it is progress enough.
	[ -t 1 ] || progress "running, about a minute"
	began=$(date +%s)
	# Appended to, as the runner does, which opens it once more.
	if [ "$dir" ]; then
		run_in_tree
	else
		run_installed
	fi >>"$tmp/report" 2>&1 &
	runner=$!
	# Not a pipe: no test must wait for what reads this.
	in_session sh "$me" --show "$tmp/report" "$runner" &
	reader=$!
	wait "$runner"
	wait "$reader"
	finish $? $(($(date +%s) - began))
}

# finish STATUS SECONDS: the verdict, when the report has been shown with STATUS
finish()
{
	lost=
	case $1 in
	0|141)
		# 141: it went to a reader that wanted no more of it.
		;;
	*)
		lost="the report could not be written to stdout"
		;;
	esac
	# Where there is no room for one byte more, there was none for the rest.
	echo 2>/dev/null >>"$tmp/report" ||
		lost="no room for the report in ${TMPDIR:-/tmp}"
	seconds=$2
	# shellcheck disable=SC2086
	set -- $PROGRAMS
	verdict=$(judge "$tmp/report" "$seconds" $# "$lost")
	code=$?
	echo "$verdict" | cat >&2 || deaf=1
	if [ "$deaf" ] && [ "$code" = 0 ]; then
		# No pass that is not heard of; the report is still to be had.
		echo "# the verdict could not be written to stderr"
		code=$CANNOT_TELL
	fi
	exit "$code"
}

case ${1-gate} in
-h|--help|help)
	usage
	;;
--programs)
	echo "$PROGRAMS"
	;;
--cleanup)
	cleanup
	;;
--judge)
	judge "$2" 0 "${3:-0}" >&2
	;;
--results)
	shift
	results "$@"
	;;
--names)
	names "$2"
	;;
--environment)
	echo "LC_ALL=$LC_ALL; export LC_ALL"
	;;
--place)
	check_place "$here"
	;;
--show)
	show "$2" "$3"
	;;
gate)
	[ $# -gt 0 ] && shift
	gate "$@"
	;;
*)
	command=$1
	shift
	case $command in
	*[!a-z-]*|-*)
		command=/
		;;
	esac
	script=$(command_script "$command") ||
		die "$USAGE" "no such command, see $0 --help"
	# The lab's has more to tell than its head.
	if [ "${1-}" = --help ] && [ "$command" != lab ]; then
		script_usage "$script"
		exit 0
	fi
	exec sh "$script" "$@"
	;;
esac
