#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: bench [tearing|latency]  how much faster, and how much surer, than others
#
# bench.sh - comparisons side by side, on this machine, in one go
#
# Usage: [SECONDS_EACH=N] bench.sh [tearing|latency]
#
# tearing: record boundaries checked per second, beside the kernel's own
#          proc-maps-race (from KDIR, or the newest linux-source of Debian)
# latency: time to verdict and wrong verdicts, beside the plain rule "one
#          window, one operation over the limit"
#
# Prints ratios and judges nothing.

set -eu

CANNOT_TELL=4
here=$(cd "$(dirname "$0")/.." && pwd -P)
seconds=${SECONDS_EACH:-5}
work=$(mktemp -d) || exit "$CANNOT_TELL"
trap 'rm -rf "$work"' EXIT
trap 'exit "$CANNOT_TELL"' HUP INT TERM

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
		(cd "$here/lab" && newest_file "$path" "$keep") >&2 || return
	fi
	echo "$keep"
}

# The kernel's test compares the last line of one read() with the first of the
# next, so its read()s of the file tell how many boundaries it looked at.  They
# are counted by a wrapper of ours; its text is not touched.
build_rival()
{
	cat >"$work/count.h" <<-'END'
	#include <stdio.h>
	#include <unistd.h>
	static unsigned long *reads_counted;
	static pid_t count_pid;
	#include <sys/mman.h>
	static __attribute__((constructor)) void count_begin(void)
	{
		count_pid = getpid();
		reads_counted = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	}
	static __attribute__((destructor)) void count_end(void)
	{
		if (getpid() == count_pid)
			dprintf(1, "# reads: %lu\n", *reads_counted);
	}
	static inline ssize_t count_read(int fd, void *buf, size_t len)
	{
		++*reads_counted;
		return read(fd, buf, len);
	}
	#define read count_read
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
	dir=$("$here/scripts/tree.sh")
	tree=$(dirname "$dir")
	make -s -C "$here" proc_maps_tearing >&2
	source=$(rival)
	if [ ! -s "$source" ]; then
		echo "$0: no proc-maps-race.c to compare with" >&2
		exit "$CANNOT_TELL"
	fi
	build_rival "$source"

	echo "record boundaries checked per second, $seconds s each, Linux $(uname -r)"
	# Two read()s make one boundary of theirs.
	theirs=$(DURATION=$seconds "$work/rival" -t maps_tearing_from_split \
			2>/dev/null | rate 'reads: ')
	theirs=$((theirs / 2))
	printf '%-40s %12d\n' 'proc-maps-race, split' "$theirs"
	for test in racing.split_middle.maps racing.split_middle.smaps \
		racing.split_middle.query; do
		ours=$(DURATION=$seconds "$here/proc_maps_tearing" -r $test \
				2>/dev/null | rate 'lines ')
		printf '%-40s %12d   %s times\n' "$test" "$ours" \
			"$(awk -v a="$ours" -v b="$theirs" \
				'BEGIN { printf "%.0f", b ? a / b : 0 }')"
	done
}

latency()
{
	make -s -C "$here" latency_bench >&2
	"$here/latency_bench"
}

"$here/scripts/install.sh" build || exit
case ${1-} in
tearing|latency)
	"$1"
	;;
'')
	tearing
	echo
	latency
	;;
*)
	echo "$0: tearing or latency, see --help" >&2
	exit 2
	;;
esac
