#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: monitor [OPTIONS] -- COMMAND  does this monitor hold up the process it watches?
#
# monitor.sh - judge a monitor, as it is installed
#
# Usage: monitor.sh [OPTIONS] -- COMMAND...
#        monitor.sh --all [--list FILE] [--kernel K] [OPTIONS]
#
# A target maps and unmaps memory; a control process has the same shape and sleeps.
# In alternate windows, in random order, COMMAND runs for one or the other.  {} in it
# is the PID of the process to be read.  A COMMAND that ends is run again.  It runs on
# a CPU of its own, beside a hog.  Without {} and --pidfile, COMMAND reads all
# processes, and is judged against its own absence.
#
#  --as USER           run COMMAND as this user (root only)
#  --nice N            nice value of COMMAND (0)
#  --cpu-max N%        limit of its CPU time, percent of one CPU (root only)
#  --rate N/s          start it at most N times a second
#  --hogs N            hogs on its CPU (1; 0 is an idle machine)
#  --pidfile FILE      COMMAND learns the PID from this file, which is made and removed;
#                      there must be none of that name
#  --daemon            COMMAND ends, and the processes that it has left go on
#  --mappings N        mappings of target and control process (16000)
#  --resident SIZE     their resident memory, such as 64M (one page a mapping)
#  --huge SIZE         of it in huge pages (0)
#  --threads N         their threads (one for each of --ops)
#  --ops LIST          what the target does, four at most: mmap, fault, mprotect,
#                      mremap, brk (mmap)
#  --like PID          mappings, sizes and threads of this process
#  --duration SECONDS  time for one test, of which a red answer takes two (30); what reads
#                      once in several seconds gets 20 pairs of windows at least
#  --json FILE         results for programs, for "compare" and "plot"
#  --all               judge each monitor of scripts/monitors that is installed, at
#                      nice 0 and at nice 15: a line for each, which "plot" reads
#  --list FILE         with --all: the monitors of FILE, which is as scripts/monitors
#  --kernel K          with --all: on this kernel of "lab list", emulated
#  --help              this text
#
# Exit status: 0 harmless, 1 holds up, 4 could not tell, 2 bad usage.  With --all: 0 if
# each was asked.

set -u

USAGE=2 CANNOT_TELL=4
here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"

bad_usage()
{
	echo "monitor: $*, see --help" >&2
	exit "$USAGE"
}

all='' kernel='' list=$here/scripts/monitors
while [ "${1-}" = --all ] || [ "$all" ]; do
	case ${1-} in
	--all)
		all=1
		;;
	--kernel|--list)
		[ $# -gt 1 ] || bad_usage "$1 needs a value"
		[ "$1" = --list ] && list=$2 || kernel=$2
		shift
		;;
	*)
		break
		;;
	esac
	shift
done
for word; do
	case $all$word in
	1--|1--nice|1--json|1--pidfile)
		bad_usage "$word and --all do not go together"
		;;
	esac
done
[ -f "$list" ] || bad_usage "no list of monitors: $list"
[ -z "$kernel" ] || exec sh "$here/lab/monitors.sh" "$kernel" "$list" "$@"

# In the lab's machine there is nothing to build it with.
if [ -e "$here/Makefile" ]; then
	sh "$here/scripts/install.sh" build || exit
	make -s -C "$here" monitor_bench >&2 || exit "$CANNOT_TELL"
fi

[ "$all" ] || exec "$here/monitor_bench" "$@"

work=$(mktemp -d) || exit "$CANNOT_TELL"
trap 'rm -rf "$work"' EXIT
trap 'echo "$0: interrupted" >&2; exit "$CANNOT_TELL"' HUP INT TERM

# row NICE OPTIONS...: answer, worst times in ms, waits, lock and file
row()
{
	setpriv --pdeathsig TERM "$here/monitor_bench" --nice "$@" >"$work/report" 2>"$work/error"
	case $? in
	0|1|4)
		;;
	2)
		cat "$work/error" >&2
		exit "$USAGE"
		;;
	*)
		cat "$work/error" >&2
		exit "$CANNOT_TELL"
		;;
	esac
	awk -v nice="$1" '
	/^HARMLESS/ { answer = "harmless" }
	/^HOLDS UP/ { answer = "holds up" }
	/^  (munmap|mmap|fault|protect|unprotect|grow|shrink|brk_up|brk_down) / {
		if ($4 + 0 > target)
			target = $4
		if ($7 + 0 > control)
			control = $7
	}
	/^  waits / { slept = $6 " / " $10 }
	/^  lock  *of / { lock = $8 " of " $3 }
	/^  lock  *none: / { lock = "stopped" }
	/^  file .*PID/ { file = $2; gsub(/.*PID\/|,/, "", file) }
	END {
		worst = target ? sprintf("%.3f", target / 1000) : "-"
		other = control ? sprintf("%.3f", control / 1000) : "-"
		printf "%4d  %-9s %9s %9s  %-12s %-9s %s\n", nice, answer ? answer : \
			"no answer", worst, other, slept, lock, file
	}' "$work/report"
}

# version PROGRAM NAME: of its package, where dpkg knows it; of python3, of the module that
# NAME begins with
version()
{
	package=$(dpkg-query -S "/bin/$1" "/usr/bin/$1" "/usr/sbin/$1" 2>/dev/null |
		head -n 1)
	[ "$1" != python3 ] || package=python3-${2%% *}
	[ -z "$package" ] || dpkg-query -W -f '${Version}' "${package%%:*}" 2>/dev/null |
		sed 's/^[0-9]*://; s/-[^-]*$//'
}

# Samples of "plot" begin with the first line.
echo "# monitors 1, Linux $(uname -r), CPUs $(nproc), $(date '+%e %B %Y')${*:+, $*}"
printf '%-28s %-12s %4s  %-9s %9s %9s  %-12s %-9s %s\n' \
	monitor version nice answer worst control slept mmap_lock file
grep -v '^#' "$list" >"$work/list"
while IFS='|' read -r program name options command; do
	command -v "$program" >/dev/null || continue
	printf '%-28.28s %-12.12s ' "$name" "$(version "$program" "$name")"
	for nice in 0 15; do
		[ "$nice" = 0 ] || printf '%-28s %-12s ' '' ''
		# shellcheck disable=SC2086 # options
		row $nice "$@" $options -- sh -c "$command" </dev/null
		sed -n 's/^monitor: \(could not tell: \)*/  /p' "$work/error"
		sed -n 's/^COULD NOT TELL: .* (Linux [^)]*): /  /p' "$work/report"
	done
done <"$work/list"
