#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# "monitor": what it refuses, what it says of commands that cannot be judged, that it
# leaves nothing behind, and two planted monitors, one of which holds a lock.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"

run=$top/run_tests.sh
judge=$top/monitor_bench

equal "monitor --help succeeds" "$(status "$run" monitor --help)" 0
make -s -C "$top" monitor_bench >"$work/build" 2>&1 || {
	cat "$work/build"
	exit 1
}

# --- bad usage ------------------------------------------------------------------

usage_error()
{
	equal "bad usage: $*" "$(status "$judge" "$@")" 2
	equal "said in one line" "$(wc -l <"$work/stderr")" 1
	ok "and not on stdout" holds_nothing "$work/stdout"
}

equal "bad usage by the wrapper" "$(status "$run" monitor --no-such-option)" 2
equal "a list that is not there" "$(status "$run" monitor --all --list "$work/none")" 2
equal "which kernel" "$(status "$run" monitor --all --kernel)" 2
equal "one nice value for all" "$(status "$run" monitor --all --nice 5)" 2
equal "one command for all" "$(status "$run" monitor --all -- true)" 2
usage_error
usage_error --pidfile /proc/self/status -- true
usage_error --nice
usage_error --nice 20 -- true
usage_error --ops mmap,nap -- true
usage_error --ops mmap,mmap,mmap,mmap,mmap -- true
usage_error --rate 0 -- true
usage_error --rate often -- true
usage_error --cpu-max -5% -- true
usage_error --cpu-max 0.5% -- true
usage_error --mappings 0 -- true
usage_error --mappings 1k -- true
usage_error --resident 5Q -- true
usage_error --duration 0 -- true
usage_error --like 0 -- true
usage_error --as no-such-user -- true
usage_error /no/such/command
ok "the command is named" grep -q '/no/such/command: No such file' "$work/stderr"

# --- commands that cannot be judged ---------------------------------------------

# no_answer WORDS COMMAND...: could not tell, in one line that has these words
no_answer()
{
	words=$1
	shift
	equal "could not tell: $*" "$(status env "$mark" "$judge" --mappings 100 "$@")" 4
	equal "said in one line" "$(wc -l <"$work/stderr")" 1
	ok "which says: $words" grep -q "$words" "$work/stderr" ||
		explain "$work/stderr"
	ok "and not on stdout" holds_nothing "$work/stdout"
}

no_answer 'ends in [0-9.]* s, with status 0' -- true
no_answer 'ends in [0-9.]* s, with status 3.*: why' -- sh -c 'echo why >&2; exit 3'
no_answer 'needs a terminal' -- sh -c '[ -t 0 ] || exit 1; exec sleep 60'
no_answer 'forks away: it ended, and left process' -- sh -c 'setsid sleep 60 & exit 0'
# It is told the PID, so that what others read of all processes does not count.
no_answer 'never read the process' -- sh -c 'exec sleep 60' '{}'
no_answer ' --duration 251 does not' --rate 0.2/s -- cat '/proc/{}/stat'
ok "no process stays" all_gone

# --- monitors that are judged ---------------------------------------------------

# judged STATUS COMMAND...: that answer or none; a busy machine may give none
judged()
{
	expected=$1
	shift
	code=$(status env "$mark" "$judge" --duration 3 "$@")
	cp "$work/stdout" "$work/report"
	if [ "$code" = 4 ] && ! grep -q '^COULD NOT TELL: .*: .' "$work/stdout"; then
		ok "$*: why there is no answer" false
		explain "$work/stderr"
	elif [ "$code" = 4 ]; then
		skip "$*: exit status $expected" "could not tell"
	else
		equal "$*: exit status $expected" "$code" "$expected" ||
			explain "$work/stdout"
	fi
	ok "at most 15 lines" [ "$(wc -l <"$work/report")" -le 15 ]
}

few="--mappings 4000"
# shellcheck disable=SC2086
judged 0 $few --json "$work/stat.json" -- cat '/proc/{}/stat'
harmless=$code
ok "reads are counted" grep -qE '^  reads .* stat [1-9]' "$work/report"
ok "for a process of which size" \
	grep -qE '^(COULD NOT TELL:|HARMLESS: .* 4000 mappings of) ' "$work/report"
# shellcheck disable=SC2086
judged 1 $few --json "$work/rollup.json" -- cat '/proc/{}/smaps_rollup'
if [ "$code" = 1 ]; then
	ok "the file is named" grep -q '^  file  *[/]proc/PID/smaps_rollup, ' "$work/report"
	# shellcheck disable=SC2016
	ok "waits are counted" awk '/^  waits / { good = $6 > $10 } END { exit !good }' \
		"$work/report"
	ok "and there is something instead" grep -q '^  instead ' "$work/report"
fi
for file in stat rollup; do
	ok "$file.json is JSON" jq -e '.thread["0"].windows | length > 0' "$work/$file.json"
done
if [ "$code" = 1 ] && [ "$harmless" = 0 ]; then
	# Trials as short as these need not be enough to be sure that it is worse.
	"$run" compare "$work/stat.json" "$work/rollup.json" >"$work/stdout" 2>"$work/stderr"
	ok "compare judges both" [ $? -le 1 ]
	ok "and says something of them" [ -s "$work/stdout" ]
else
	skip "compare judges both" "no answer for one of them"
fi
equal "plot reads both" "$(status "$run" plot "$work/stat.json" "$work/rollup.json" \
	-o "$work/both.svg")" 0

# A monitor that is refused reads something else.
judged 0 --mappings 100 -- sh -c 'cat /proc/{}/stat; echo "no right" >&2; exit 5'
ok "what it says at its end" grep -q '^  ended  *with status 5: no right' "$work/report"

# A window is longer than the interval of a slow monitor.
judged 0 --mappings 100 --duration 10 --rate 2/s -- cat '/proc/{}/stat'
# shellcheck disable=SC2016
ok "a rate is less than one in a window" awk '/ pairs of windows of / { good = $6 >= 600 }
	END { exit !good }' "$work/report" || explain "$work/report"

# What is stopped waits for no lock.
judged 1 --mappings 100 -- sh -c \
	'kill -STOP {}; cat /proc/{}/stat; sleep 0.1; kill -CONT {}'
ok "the process was stopped" grep -qE '^  lock  *none: the process was stopped in' \
	"$work/report"

# --- a list of monitors -----------------------------------------------------------

cat >"$work/list" <<-'END'
	# PROGRAM|NAME|OPTIONS|COMMAND
	cat|planted|--ops mmap|cat /proc/{}/stat
	no-such-program|not installed||no-such-program {}
	sleep|blind||sleep 0.1 # {}
END
# shellcheck disable=SC2086
"$run" monitor --all --list "$work/list" $few --duration 3 </dev/null \
	>"$work/table" 2>"$work/stderr"
ok "monitor --all" [ $? = 0 ] || explain "$work/stderr"
equal "a line for each nice value of what is installed" \
	"$(grep -cE '^.{28} .{12}  +(0|15)  ' "$work/table")" 4 || explain "$work/table"
equal "what is not installed is left out" "$(grep -c 'not installed' "$work/table")" 0
equal "a monitor that reads nothing has no answer" \
	"$(grep -A 3 '^blind ' "$work/table" | grep -c ' no answer ')" 2
equal "and why" "$(grep -c '^  [^ ].*reads nothing' "$work/table")" 2
equal "plot reads it" "$(status "$run" plot "$work/table" -o "$work/table.svg")" 0
ok "all names are in the picture" sh -c \
	"grep -q '>planted<' '$work/table.svg' && grep -q '>blind<' '$work/table.svg'"
equal "plot reads two" "$(status "$run" plot "$work/table" "$work/table" \
	-o "$work/table.svg")" 0
equal "and finds no monitor of that name" "$(grep -c 'monitors 1' "$work/table.svg")" 0
head -n 2 "$work/table" >"$work/empty"
equal "plot: a table without a line" \
	"$(status "$run" plot "$work/empty" -o "$work/table.svg")" 4

# A daemon, which has forked away, and one that knows the PID from a file.
judged 0 --mappings 100 --daemon -- sh -c 'setsid sh -c "
	while read -r line </proc/{}/stat; do :; done" & exit 0'
ok "it is stopped between windows" grep -q 'stopped by SIGSTOP' "$work/report"
# shellcheck disable=SC2016
judged 0 --mappings 100 --pidfile "$work/pid" -- sh -c \
	'read -r pid <'"$work/pid"' && cat /proc/$pid/stat'
ok "the pidfile is removed" [ ! -e "$work/pid" ]
judged 0 --mappings 100 --hogs 0 --rate 5/s -- sh -c 'cat /proc/[0-9]*/stat'
ok "a monitor of all processes has its absence" grep -q 'monitor is absent' "$work/report"
ok "no process stays" all_gone

if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --clear-groups true; then
	chmod 755 "$work"
	cp "$judge" "$work/judge"
	judge="setpriv --reuid 65534 --clear-groups $work/judge"
	# shellcheck disable=SC2086
	code=$(status $judge $few --duration 3 -- cat '/proc/{}/smaps_rollup')
	if [ "$code" = 4 ]; then
		skip "another user, process of one's own" "could not tell"
	else
		equal "another user, process of one's own" "$code" 1 ||
			explain "$work/stderr"
	fi
else
	skip "another user, process of one's own" "not root"
fi

# --- interrupted ----------------------------------------------------------------


for signal in TERM KILL; do
	env "$mark" "$top/monitor_bench" --mappings 1000 -- sh -c \
		'while :; do cat /proc/{}/stat; done' >"$work/report" 2>&1 </dev/null &
	pid=$!
	sleep 2
	kill -s "$signal" "$pid"
	wait "$pid" 2>/dev/null
	ok "SIG$signal: no process stays" all_gone
done

finish
