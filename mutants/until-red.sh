#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# until-red.sh - run a TAP program up to its first "not ok", and time it
#
# Runs in the machine: what happens behind the first failure costs a minute per
# mutant and tells nothing about it.  Time is the machine's own, so that booting
# is not counted.

# Hundredths of a second since boot.  /proc/uptime always has two decimals.
uptime_cs()
{
	read -r up _ < /proc/uptime
	echo $((${up%.*} * 100 + 1${up#*.} - 100))
}

began=$(uptime_cs)
mkfifo /tmp/tap || exit 4
"$@" > /tmp/tap 2>&1 &
program=$!
red=''
while IFS= read -r line; do
	printf '%s\n' "$line"
	case $line in
	'not ok '*) red=1; break ;;
	esac
done < /tmp/tap
took=$(($(uptime_cs) - began))
printf '# took %d.%02d s\n' $((took / 100)) $((took % 100))
if [ -n "$red" ]; then
	kill -KILL "$program" 2>/dev/null
	exit 1
fi
wait "$program"
