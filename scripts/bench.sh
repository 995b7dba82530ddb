#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: bench [tearing|latency|bystander]  how much faster, and how much surer, than others
#
# bench.sh - comparisons side by side, on this machine, in one go
#
# Usage: [SECONDS_EACH=N] bench.sh [tearing|latency|bystander]
#
# tearing: record boundaries checked per second, beside the kernel's own
#          proc-maps-race (from KDIR, or the newest linux-source of Debian)
# latency: time to verdict and wrong verdicts, beside the plain rule "one
#          window, one operation over the limit"
# bystander: how long a process of normal priority waits for its CPU, on each
#          CPU, with nothing beside it and while the whole gate runs
#
# Prints ratios and judges nothing.

set -eu

CANNOT_TELL=4
here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"
seconds=${SECONDS_EACH:-5}
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
	deb=$(archive_get "$4" "$5" "$work") || return
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
# are counted by a wrapper of ours, its text is not touched.
build_rival()
{
	cat >"$work/count.h" <<-'END'
	#include <stdio.h>
	#include <unistd.h>
	static unsigned long *passes_counted;
	static pid_t count_pid;
	#include <sys/mman.h>
	static __attribute__((constructor)) void count_begin(void)
	{
		count_pid = getpid();
		passes_counted = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	}
	static __attribute__((destructor)) void count_end(void)
	{
		if (getpid() == count_pid)
			dprintf(1, "# passes: %lu\n", *passes_counted);
	}
	static inline off_t count_lseek(int fd, off_t offset, int whence)
	{
		++*passes_counted;
		return lseek(fd, offset, whence);
	}
	#define lseek count_lseek
	END
	gcc -O2 -w -D_GNU_SOURCE -pthread -include "$work/count.h" \
		-I"$tree" -I"$tree/proc" -isystem "$tree/../../include/uapi" \
		"$1" -o "$work/rival"
}

# rate PATTERN: the sum of the numbers behind PATTERN on stdin, per second
rate()
{
	sed -n "s/.*$1\([0-9]*\).*/\1/p" |
	awk -v seconds="$seconds" '{ n += $1 } END { printf "%d\n", n / seconds }'
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
		n=$(DURATION=$seconds "$here/proc_maps_tearing" -r "$ours" \
				2>/dev/null | rate 'lines ')
		m=$(DURATION=$seconds "$work/rival" -r "$theirs" \
				2>/dev/null | rate 'passes: ')
		printf '%-28s %9d   %-50s %7d   %s times\n' "$ours" "$n" \
			"$theirs" "$m" "$(awk -v n="$n" -v m="$m" \
				'BEGIN { printf "%.0f", m ? n / m : 0 }')"
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

sh "$here/scripts/install.sh" build || exit
case ${1-} in
tearing|latency|bystander)
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
	echo "$0: tearing, latency or bystander, see --help" >&2
	exit 2
	;;
esac
