#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: bench [tearing|latency|bystander|seconds]  how much faster, and how much surer, than others
#
# bench.sh - comparisons side by side, on this machine, in one go
#
# Usage: [SECONDS_EACH=N] bench.sh [tearing|latency|bystander|seconds]
#
# tearing: record boundaries checked per second, beside the kernel's own
#          proc-maps-race (from KDIR, or the newest linux-source of Debian)
# latency: time to verdict and wrong verdicts, beside the plain rule "one
#          window, one operation over the limit"
# bystander: how long a process of normal priority waits for its CPU, on each
#          CPU, with nothing beside it and while the whole gate runs
#
# A rate is what was done in the time that it took: a run that ends at what it finds
# counts up to there, and another one begins, as long as there is time left.
#
# Prints ratios and judges nothing.

set -eu

USAGE=2 CANNOT_TELL=4
here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"
seconds=${SECONDS_EACH:-5}
case $seconds in
''|0*|*[!0-9]*)
	echo "$0: SECONDS_EACH=$seconds is not a number of seconds" >&2
	exit "$USAGE"
	;;
esac
work=$(mktemp -d) || exit "$CANNOT_TELL"
trap 'rm -rf "$work"' EXIT
trap 'echo "$0: interrupted" >&2; exit "$CANNOT_TELL"' HUP INT TERM

# newest_file PATH KEEP: a file of the newest kernel source that Debian has.
# Called in lab/, in a subshell: the lab's names are its own.
newest_file()
{
	set +eu
	# shellcheck disable=SC2034
	here=$PWD
	# shellcheck source=lab/common.sh
	. ./common.sh
	# shellcheck source=lab/archive.sh
	. ./archive.sh
	line=$(archive_find source newest) || return
	# shellcheck disable=SC2086 # RELEASE PACKAGE VERSION
	set -- "$1" "$2" $line
	deb=$(archive_get "$4=$5" "$work") || return
	dpkg-deb --fsys-tarfile "$deb" |
	tar -xO --wildcards '*/linux-source-*.tar.xz' |
	tar -xJO --wildcards "*/$1" >"$2.new"
	[ -s "$2.new" ] && mv "$2.new" "$2"
}

# The kernel's test, as a file; prints its path.
rival()
{
	path=tools/testing/selftests/proc/proc-maps-race.c
	if [ "${KDIR-}" ]; then
		echo "$KDIR/$path"
		return
	fi
	keep=$here/.tree/rival/$(basename "$path")
	if [ ! -s "$keep" ]; then
		mkdir -p "$(dirname "$keep")"
		sh "$here/scripts/install.sh" archive || return
		(cd "$here/lab" && newest_file "$path" "$keep") >&2 || return
	fi
	echo "$keep"
}

# The kernel's test looks at one boundary per pass over the file: the last line of
# one page and the first of the next.  Each pass begins with an lseek(); these
# are counted by a wrapper of ours, its text is not touched.  The last one may not
# have come to its end: passes are from the first lseek() to the last.
build_rival()
{
	cat >"$work/count.h" <<-'END'
	#include <stdio.h>
	#include <sys/mman.h>
	#include <time.h>
	#include <unistd.h>
	static struct {
		unsigned long calls;
		double first, last;
	} *counted;
	static pid_t count_pid;
	static __attribute__((constructor)) void count_begin(void)
	{
		count_pid = getpid();
		counted = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	}
	static __attribute__((destructor)) void count_end(void)
	{
		if (getpid() == count_pid)
			dprintf(1, "# rival: passes %lu; raced %.6f s\n",
				counted->calls ? counted->calls - 1 : 0,
				counted->last - counted->first);
	}
	static inline off_t count_lseek(int fd, off_t offset, int whence)
	{
		struct timespec ts;

		clock_gettime(CLOCK_MONOTONIC, &ts);
		counted->last = ts.tv_sec + ts.tv_nsec / 1e9;
		if (!counted->calls++)
			counted->first = counted->last;
		return lseek(fd, offset, whence);
	}
	#define lseek count_lseek
	END
	gcc -O2 -w -D_GNU_SOURCE -pthread -include "$work/count.h" \
		-I"$tree" -I"$tree/proc" -isystem "$tree/../../include/uapi" \
		"$1" -o "$work/rival"
}

# run REPORT SECONDS COMMAND...: so long, and again where it ended before the time
# that was asked for
run()
{
	report=$1
	duration=$2
	shift 2
	begin=$(date +%s)
	: >"$report"
	while :; do
		DURATION=$duration "$@" >>"$report" 2>/dev/null || :
		[ $(($(date +%s) - begin)) -lt "$seconds" ] || break
	done
}

# rate NAME COUNTER: from lines "# NAME: COUNTER N, ...; raced S s" on stdin, per
# second of all S; nothing where nothing was raced.
rate()
{
	awk -v name="$1:" -v counter="$2" '
	$2 == name {
		gsub(/[;,]/, "")
		for (i = 3; i < NF; i++) {
			if ($i == counter)
				n += $(i + 1)
			if ($i == "raced")
				seconds += $(i + 1)
		}
	}
	END {
		if (seconds > 0)
			printf "%.0f\n", n / seconds
	}'
}

# ratio N M: how often M goes into N; "-" where one of them is not known
ratio()
{
	awk -v n="$1" -v m="$2" 'BEGIN {
		if (n != "" && m > 0)
			printf "%.0f", n / m
		else
			printf "-"
	}'
}

# runs NAME: how many there were, where one alone did not do
runs()
{
	awk -v name="$1:" '
	$2 == name { n++ }
	END { if (n > 1) printf " (%d runs, ended early)", n }'
}

tearing()
{
	dir=$(sh "$here/scripts/tree.sh")
	tree=$(dirname "$dir")
	make -s -C "$here" proc_maps_tearing >&2
	source=$(rival)
	if [ ! -s "$source" ]; then
		echo "$0: no proc-maps-race.c to compare with" >&2
		exit "$CANNOT_TELL"
	fi
	build_rival "$source"

	echo "record boundaries checked per second, $seconds s each, Linux $(uname -r)"
	# Its PROCMAP_QUERY checks are part of the passes over maps.
	for pair in maps:maps maps:query smaps:smaps; do
		ours=racing.split_middle.${pair#*:}
		theirs=proc_maps_race.${pair%:*}.test_maps_tearing_from_split
		set -- -r "$ours"
		# Where the known bug was seen before, a race goes on behind it.
		[ "${pair#*:}" != maps ] ||
			set -- -r known.tail_lost_after_merge "$@"
		run "$work/ours" "$seconds" "$here/proc_maps_tearing" "$@"
		# It counts seconds by the clock's, and may take one less.
		run "$work/theirs" $((seconds + 1)) "$work/rival" -r "$theirs"
		n=$(rate split_middle lines <"$work/ours")
		m=$(rate rival passes <"$work/theirs")
		printf '%-28s %9s   %-50s %7s   %s times%s\n' \
			"$ours" "${n:--}" "$theirs" "${m:--}" \
			"$(ratio "$n" "$m")" "$(runs split_middle <"$work/ours")"
	done
}

latency()
{
	make -s -C "$here" latency_bench >&2
	"$here/latency_bench"
}

# The programs themselves, in the runner's order: what the runner does is not theirs.
bystander()
{
	# shellcheck disable=SC2046 # names without spaces
	set -- $("$here/run_tests.sh" --programs)
	make -s -C "$here" bystander "$@" >&2
	echo "how late a process runs that naps for 1 ms, Linux $(uname -r)"
	echo "beside a sleep of $seconds s"
	"$here/bystander" sleep "$seconds"
	for program; do
		echo "beside $program"
		"$here/bystander" "$here/$program"
	done
}

# stamped PROGRAM: its report, each line behind the time and what the program and the
# children that it waited for have used of a CPU, in seconds and clock ticks.  What ran
# before the line is in it: the harness prints one at the end of each test.
stamped()
{
	# shellcheck disable=SC2016
	sh -c 'echo $$; exec "$1" 2>&1' sh "$1" | {
		read -r pid
		stat='? 0 0 0 0 0 0 0 0 0 0 0 0 0 0'
		while read -r line; do
			read -r now _ </proc/uptime
			# State, parent and so on follow the name.
			# Of a program that has ended the last value stays.  While it
			# goes, its file is there and empty.
			{ read -r fields <"/proc/$pid/stat"; } 2>/dev/null &&
				stat=$fields
			# shellcheck disable=SC2086
			set -- ${stat##*) }
			echo "$now $((${12} + ${13} + ${14} + ${15})) $line"
		done
	}
}

# by_fixture PROGRAM: rows from a stamped report on stdin.  What is printed before the
# first test and after the last one counts for the fixture beside it.
by_fixture()
{
	awk -v program="$1" -v ticks="$(getconf CLK_TCK)" '
	NR == 1 { time = $1 }
	$3 == "#" && $4 == "RUN" {
		name = $5
		sub(/[.].*/, "", name)
		if (!(name in tests))
			order[++n] = name
		tests[name]++
	}
	name {
		seconds[name] += $1 - time
		used[name] += $2 - cpu
		time = $1
		cpu = $2
	}
	END {
		for (i = 1; i <= n; i++)
			printf "%-20s %-14s %5d %9.2f %9.2f\n", program,
				order[i], tests[order[i]], seconds[order[i]],
				used[order[i]] / ticks
	}'
}

seconds()
{
	# shellcheck disable=SC2046 # names without spaces
	set -- $("$here/run_tests.sh" --programs)
	make -s -C "$here" "$@" >&2
	printf '%-20s %-14s %5s %9s %9s\n' program fixture tests seconds "CPU"
	for program; do
		stamped "$here/$program" | by_fixture "$program"
	done
}

sh "$here/scripts/install.sh" build || exit
case ${1-} in
tearing|latency|bystander|seconds)
	"$1"
	;;
'')
	tearing
	echo
	latency
	echo
	bystander
	;;
*)
	echo "$0: tearing, latency, bystander or seconds, see --help" >&2
	exit "$USAGE"
	;;
esac
