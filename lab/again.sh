#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# again.sh - run a TAP program again and again, and tell how each run ended
#
# usage: again.sh [--until-red] [--times N] [--enough N] [--limit S] [--budget S]
#                 COMMAND...
#
# In a machine of the lab, where N runs cost one boot, or outside.  Each run is
#
#   # run 1: COMMAND
#   ...			what it printed
#   # kernel log: ...	the first complaint of the kernel during the run, if any
#   # took 5.30 s: red	or: green, limit, status N
#
# in seconds of the machine's own clock, so that booting is not counted.  Red is
# a "not ok" of a test, in a report of the kselftest runner, too.
#
# --until-red   a run ends with its first "not ok": what happens behind it costs
#               a minute and tells nothing about how soon it was found
# --times N     so many runs (default: 1)
# --enough N    none is begun after so many red ones
# --limit S     no run lasts longer (default: 120, as in the tests' settings)
# --budget S    no run is begun that might end later than this
#
# exit status: 0 all were green, 1 not so

times=1 limit=120 budget='' until_red='' enough=''
while [ $# -gt 0 ]; do
	case $1 in
	--until-red) until_red=1; shift; continue ;;
	--times) times=$2 ;;
	--enough) enough=$2 ;;
	--limit) limit=$2 ;;
	--budget) budget=$2 ;;
	*) break ;;
	esac
	shift 2
done

# shellcheck source-path=SCRIPTDIR source=splat.sh
. "$(dirname "$0")/splat.sh"

# Hundredths of a second since boot.  /proc/uptime always has two decimals.
uptime_cs()
{
	read -r up _ < /proc/uptime
	echo $((${up%.*} * 100 + 1${up#*.} - 100))
}

# A program that the kernel does not let go is left behind.
end_program()
{
	kill -KILL "$program" 2>/dev/null
	tries=20
	while [ "$tries" -gt 0 ] && kill -0 "$program" 2>/dev/null; do
		tries=$((tries - 1))
		sleep 0.1
	done
}

# one_run COMMAND...: sets $answer
one_run()
{
	timeout -s KILL "$limit" "$@" > "$tmp/tap" 2>&1 < /dev/null &
	program=$!
	answer=''
	# once more for busybox, see guest.sh
	while IFS= read -r line; do
		printf '%s\n' "$line" || printf '%s\n' "$line"
		case $line in
		'not ok '*|'# not ok '*) answer=red ;;
		*) continue ;;
		esac
		[ -z "$until_red" ] || break
	done < "$tmp/tap"
	if [ -n "$answer" ] && [ -n "$until_red" ]; then
		end_program
		return
	fi
	wait "$program"
	status=$?
	[ -z "$answer" ] || return
	case $status in
	0) answer=green ;;
	137) answer=limit ;;
	*) answer="status $status" ;;
	esac
}

tmp=$(mktemp -d) && mkfifo "$tmp/tap" || exit 4
trap 'trap "" HUP INT TERM; rm -rf "$tmp"' EXIT
program=''
trap 'trap "" HUP INT TERM; [ -z "$program" ] || end_program; exit 4' HUP INT TERM
worst=0 longest=0 run=0 reds=0
begun=$(uptime_cs)
while [ "$run" -lt "$times" ] && [ "$reds" -lt "${enough:-$times}" ]; do
	began=$(uptime_cs)
	[ -z "$budget" ] || [ "$run" = 0 ] ||
		[ $((began - begun + longest)) -le "${budget}00" ] || break
	run=$((run + 1))
	mark=$(last_word)
	echo "# run $run: $*"
	one_run "$@"
	took=$(($(uptime_cs) - began))
	[ "$took" -le "$longest" ] || longest=$took
	log_since "$mark" > "$tmp/log"
	splats "$tmp/log" | head -n 1 | sed 's/^\[ *[0-9.]*\] */# kernel log: /'
	printf '# took %d.%02d s: %s\n' $((took / 100)) $((took % 100)) "$answer"
	[ "$answer" = green ] || worst=1
	[ "$answer" != red ] || reds=$((reds + 1))
done
exit $worst
