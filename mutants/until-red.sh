#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# until-red.sh - run a TAP program up to its first "not ok", again and again
#
# usage: until-red.sh [--times N] [--limit S] [--budget S] COMMAND [ARG]...
#
# Runs in the machine, where N runs cost one boot.  What happens behind the first
# failure costs a minute and tells nothing about it.  Each run is
#
#   # run 1: COMMAND
#   ...			what it printed
#   # kernel: ...	the first complaint of the kernel during the run, if any
#   # took 5.30 s: red	or: green, limit, status N
#
# in seconds of the machine's own clock, so that booting is not counted.  No run
# lasts longer than --limit (120, as in the settings of the tests), and none is
# begun that might end behind --budget (in seconds; default: no bound).
#
# exit status: 0 all were green, 1 not so

times=1 limit=120 budget=''
while [ $# -gt 0 ]; do
	case $1 in
	--times) times=$2 ;;
	--limit) limit=$2 ;;
	--budget) budget=$2 ;;
	*) break ;;
	esac
	shift 2
done

# shellcheck source-path=SCRIPTDIR source=../lab/splat.sh
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
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		'not ok '*) answer=red; break ;;
		esac
	done < "$tmp/tap"
	if [ -n "$answer" ]; then
		end_program
		return
	fi
	wait "$program"
	status=$?
	case $status in
	0) answer=green ;;
	137) answer=limit ;;
	*) answer="status $status" ;;
	esac
}

tmp=$(mktemp -d) && mkfifo "$tmp/tap" || exit 4
trap 'rm -rf "$tmp"' EXIT
worst=0 longest=0 run=0
begun=$(uptime_cs)
dmesg -c > /dev/null
while [ "$run" -lt "$times" ]; do
	began=$(uptime_cs)
	[ -z "$budget" ] || [ "$run" = 0 ] ||
		[ $((began - begun + longest)) -le "${budget}00" ] || break
	run=$((run + 1))
	echo "# run $run: $*"
	one_run "$@"
	took=$(($(uptime_cs) - began))
	[ "$took" -le "$longest" ] || longest=$took
	dmesg -c > "$tmp/log"
	splats "$tmp/log" | head -n 1 | sed 's/^\[ *[0-9.]*\] */# kernel: /'
	printf '# took %d.%02d s: %s\n' $((took / 100)) $((took % 100)) "$answer"
	[ "$answer" = green ] || worst=1
done
exit $worst
