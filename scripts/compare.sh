#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: compare A B           two results of table, or of JSON=FILE: is B worse?
#: compare --published A a result of table beside the published numbers
#
# compare.sh - is B worse for a mapper than A?
#
# Usage: compare.sh A B
#        compare.sh --published A
#
# A and B are results files of table, or what proc_mmap_latency writes for
# JSON=file.  For each row that both have (a number of busy tasks, of mappings, or
# a scenario): the samples' worst operation while the victim was read, as median,
# minimum and maximum, with hangs starred; the share of samples over the limit of
# 0.5 ms and over twice the limit; and the ratio of mean operation times, B over
# A.  Where both have them, each mean is first divided by that while a decoy was
# read, so that two machines, or two days, can be compared.
#
# The interval is a bootstrap: samples are drawn again with replacement, a
# thousand times, and the middle 95 % of the ratios are printed.  Samples, and
# not operations, since those within a sample stall together.  Of fewer than
# five samples there is none.
#
# With --published: beside each set of published numbers (scripts/published has
# them with their sources), and what differs in the setting.
#
# Exit status: 0, 1 when B is worse beyond doubt in some row (the interval lies
# above WORSE, by default 1.41, as for the verdict), 2 bad usage, 4 no row has
# samples enough to say.

set -u

USAGE=2
scripts=$(cd "$(dirname "$0")" && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$scripts/../run_tests.sh" --environment)"

die()
{
	echo "compare: $*" >&2
	exit "$USAGE"
}

# kind FILE
kind()
{
	if [ "$(head -n 1 "$1")" = "# latency_table 1" ]; then
		sed -n 's/^# sweep //p' "$1"
	elif grep -q '"windows": \[' "$1"; then
		echo windows
	else
		die "$1 is not from table or proc_mmap_latency"
	fi
}

published=''
if [ "${1-}" = --published ]; then
	published=1
	shift
	[ $# -eq 1 ] || die "--published takes one result, see --help"
fi
[ "$published" ] || [ $# -eq 2 ] || die "two results, please, see --help"
for file; do
	[ -f "$file" ] || die "no such file: $file"
	[ -r "$file" ] || die "cannot read $file"
	kind "$file" >/dev/null
done
first=$(kind "$1") || exit
if [ "$published" ]; then
	[ "$first" = busy ] || die "only a sweep over #Busy has been published"
	exec awk -f "$scripts/samples.awk" -f "$scripts/published.awk" "$1" \
		"$scripts/published"
fi
second=$(kind "$2") || exit
[ "$first" = "$second" ] || die "they do not measure the same: $1 has" \
	"$first, $2 has $second"

exec awk -v worse="${WORSE:-1.41}" -v seed="${SEED:-1}" \
	-f "$scripts/samples.awk" -f "$scripts/compare.awk" "$1" "$2"
