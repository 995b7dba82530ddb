#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: compare A.json B.json two results of JSON=FILE: is B worse for a mapper?
#
# compare.sh - is B worse for a mapper than A?
#
# Usage: compare.sh A.json B.json
#
# A and B are what proc_mmap_latency writes for JSON=file.  For each scenario
# that both have: the windows' worst operation while the victim was read, as
# median, minimum and maximum; the share of windows over the limit and over
# twice the limit; and the ratio of mean operation times, B over A, each first
# divided by its own decoy so that two machines, or two days, can be compared.
#
# The interval is a bootstrap: windows are drawn again with replacement, a
# thousand times, and the middle 95 % of the ratios are printed.  Windows, and
# not operations, since those within a window stall together.
#
# Exit status: 0, 1 when B is worse beyond doubt in some scenario (the interval
# lies above WORSE, by default 1.41, as for the verdict), 2 for wrong usage.

usage()
{
	echo "usage: $0 A.json B.json" >&2
	exit 2
}

[ $# -eq 2 ] || usage
for file; do
	[ -r "$file" ] || { echo "$0: cannot read $file" >&2; exit 2; }
	grep -q '"windows": \[' "$file" || {
		echo "$0: $file is not from proc_mmap_latency" >&2
		exit 2
	}
done

exec awk -v worse="${WORSE:-1.41}" -v seed="${SEED:-1}" '
# One window, one scenario name, one limit a line: see report_json().
function field(key,	rest)
{
	if (!match($0, "\"" key "\": *"))
		return ""
	rest = substr($0, RSTART + RLENGTH)
	sub(/^"/, "", rest)
	sub(/[",}].*/, "", rest)
	return rest
}

FNR == 1 { which++ }
/"release":/ { release[which] = field("release") }
/"limit_us":/ { limit[which] = field("limit_us") * 1000 }
/"name":/ {
	name = field("name")
	if (!(name in order)) {
		order[name] = ++names
		named[names] = name
	}
}
/"arm":/ {
	arm = field("arm")
	if (field("ops") + 0 == 0)
		next
	i = ++n[which, name, arm]
	mean[which, name, arm, i] = field("sum_ns") / field("ops")
	ops[which, name, arm, i] = field("ops") + 0
	sum[which, name, arm, i] = field("sum_ns") + 0
	max[which, name, arm, i] = field("max_ns") + 0
}

# The mean operation of all windows of one side, or of a new draw of them.
function side(w, name, arm, draw,	i, j, m, s, o)
{
	m = n[w, name, arm]
	for (i = 1; i <= m; i++) {
		j = draw ? int(rand() * m) + 1 : i
		s += sum[w, name, arm, j]
		o += ops[w, name, arm, j]
	}
	return s / o
}

function ratio(name, draw)
{
	return side(2, name, "victim", draw) / side(2, name, "decoy", draw) / \
	       side(1, name, "victim", draw) * side(1, name, "decoy", draw)
}

function sort(v, m,	i, j, t)
{
	for (i = 2; i <= m; i++) {
		t = v[i]
		for (j = i - 1; j > 0 && v[j] > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
}

function row(w, name,	i, m, v, over, twice)
{
	m = n[w, name, "victim"]
	for (i = 1; i <= m; i++) {
		v[i] = max[w, name, "victim", i]
		over += v[i] > limit[w]
		twice += v[i] > 2 * limit[w]
	}
	sort(v, m)
	printf "%-18s %s %7d %9.3f %9.3f %9.3f %7.0f %7.0f %9.2f", name,
	       w == 1 ? "A" : "B", m, v[int((m + 1) / 2)] / 1e6, v[1] / 1e6,
	       v[m] / 1e6, 100 * over / m, 100 * twice / m,
	       side(w, name, "victim", 0) / side(w, name, "decoy", 0)
}

END {
	srand(seed)
	printf "A: %s, %s\nB: %s, %s\n\n", ARGV[1], release[1], ARGV[2],
	       release[2]
	printf "%-18s   %7s %9s %9s %9s %7s %7s %9s\n", "worst per window, ms",
	       "windows", "median", "minimum", "maximum", "%>lim", "%>2lim",
	       "to_decoy"
	for (k = 1; k <= names; k++) {
		name = named[k]
		if (!n[1, name, "victim"] || !n[2, name, "victim"] ||
		    !n[1, name, "decoy"] || !n[2, name, "decoy"])
			continue
		both++
		for (i = 1; i <= 1000; i++)
			v[i] = ratio(name, 1)
		sort(v, 1000)
		row(1, name)
		print ""
		row(2, name)
		printf "   B/A %.2f (%.2f to %.2f)\n", ratio(name, 0), v[25],
		       v[975]
		if (v[25] > worse)
			bad = bad " " name
		if (v[975] < 1 / worse)
			good = good " " name
	}
	if (!both) {
		print "no scenario is in both files"
		exit 2
	}
	if (bad != "") {
		print "\nA mapper should wish for A: B is worse in" bad
		exit 1
	}
	if (good != "")
		print "\nA mapper should wish for B: it is better in" good
	else
		print "\nA mapper has no reason to wish for one or the other"
}
' "$1" "$2"
