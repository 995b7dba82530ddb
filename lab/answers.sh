# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# answers.sh - what a report says about its kernel, and what it should say
#
# Sourced, with here, cpus, stress and archive_machine set.  Answers are a word
# for each column.

columns='tearing maps query smaps numa_maps'

# Known bugs of kernels: the word for it in lab/expected, the test that shows it, and what
# the test then says, both as regular expressions.  A test that fails for another reason
# does not show the bug.
known_bugs='lost-tail known[.]tail_lost_after_merge Expected .*known_bug_seen.*
lost-name narrow[.]heap[.]race rule: file or name of another mapping
stuck-query query[.]misuse Expected .*(ask_misuse|context_step)[(].*
crash-id sparse_id[.]query rule: query of a build ID does not return
short-rollup contents[.][a-z]*[.]rollup rule: number that was never true'

# results OUT...: each result on a line, see run_tests.sh; those that failed by a known
# bug have its word in an eighth column.  Where the test for the first one had too little
# chance to meet it, another one may, and says so.
results()
{
	sh "$here/../run_tests.sh" --results "$@" | awk -F '\t' -v OFS='\t' -v bugs="$known_bugs" '
	BEGIN {
		n = split(bugs, bug, "\n")
		for (i = 1; i <= n; i++) {
			split(bug[i], part, " ")
			word[i] = part[1]
			test[i] = "^" part[2] "$"
			why[i] = "^" substr(bug[i], length(part[1] part[2]) + 3) "$"
		}
	}
	$1 == "test" && $4 == "fail" {
		for (i = 1; i <= n && $8 == ""; i++)
			if ($7 != "" ? $7 ~ test[i] : $3 ~ test[i] && $5 ~ why[i])
				$8 = word[i]
	}
	{ print }'
}

# answers OUT: from the results of the report
answers()
{
	results "$1" | awk -F '\t' -v columns="$columns" -v bugs="$known_bugs" '
	BEGIN {
		nr_bugs = split(bugs, bug, "\n")
		for (i = 1; i <= nr_bugs; i++)
			sub(/ .*/, "", bug[i])
	}
	$1 == "end" && $4 == "broken" { broken[$2] = 1 }
	$1 != "test" { next }
	{
		name = $3
		bad = $4 == "fail"
		pass = $4 == "pass"
	}
	$2 == "proc_maps_tearing" {
		if (bad && $8 != "")
			shown[$8] = 1
		else if (bad)
			torn = 1
		else if (pass)
			fine = 1
		else if (name == "known.tail_lost_after_merge")
			unprovoked = 1
		seen = 1
		next
	}
	$2 == "proc_maps_stress" {
		if (bad)
			answer["stress"] = "red"
		else if (pass && !("stress" in answer))
			answer["stress"] = "pass"
		next
	}
	name ~ /^latency\.(maps|query|smaps|numa_maps)_hog\./ {
		split(name, part, ".")
		column = part[2]
		sub(/_hog$/, "", column)
		if (bad || $5 ~ /^interference/)
			answer[column] = "interference"
		else if (pass)
			answer[column] = "pass"
		else if ($5 ~ /no such file or query/)
			answer[column] = "none"
		# the time, or the host, was not enough
		else if ($5 ~ /^(could not tell|the apparatus cannot see)/)
			answer[column] = "unsure"
		else if ($5 !~ /^long list/)
			answer[column] = "skip"
	}
	END {
		for (i = 1; i <= nr_bugs; i++)
			if (shown[bug[i]])
				met = met (met ? "+" : "") bug[i]
		if (broken["proc_maps_stress"])
			answer["stress"] = "broken"
		if (broken["proc_maps_tearing"])
			answer["tearing"] = "broken"
		else if (torn || answer["stress"] ~ /red|broken/)
			answer["tearing"] = "torn"
		else if (met)
			answer["tearing"] = met
		else if (fine)
			answer["tearing"] = unprovoked ? "unprovoked" : "pass"
		else if (seen)
			answer["tearing"] = "skip"
		n = split(columns, column_at, " ")
		for (i = 1; i <= n; i++) {
			word = answer[column_at[i]]
			printf "%s%s", (i > 1 ? " " : ""), (word == "" ? "-" : word)
		}
		print ""
	}'
}

# not_exercised OUT: how many tests of tearing met too few changes to say anything
not_exercised()
{
	results "$1" | awk -F '\t' '
	$2 == "proc_maps_tearing" && $4 == "unsure" && $5 ~ /not exercised/ { n++ }
	END { print n + 0 }'
}

# reds OUT EXPECTED: what failed and is neither expected nor in a column; a program
# that did not come to its end is one.  A kernel on which readers are expected to
# interfere may show it in other tests than that of its column.
reds()
{
	results "$1" | awk -F '\t' -v expected="$2" -v columns="$columns" '
	function interferes(variant,	i)
	{
		for (i = 2; i <= n; i++)
			if (want[i] == "interference" &&
			    index(variant, column[i] "_") == 1)
				return 1
		return 0
	}
	BEGIN {
		n = split(columns, column, " ")
		split(expected, want, " ")
		ignored = want[2] == "skip"
	}
	$1 == "end" && $4 == "broken" { print $3 }
	$1 != "test" || $4 != "fail" { next }
	$8 != "" && index("+" want[1] "+", "+" $8 "+") { next }
	$3 ~ /^latency\.(maps|query|smaps|numa_maps)_hog\./ { next }
	$2 ~ /^(proc_mmap_latency|numa_maps)$/ && ignored { next }
	$3 ~ /^latency\./ && interferes(substr($3, 9)) { next }
	{ print $3 }'
}

# expected_of NAME RELEASE: the line that holds for it.  One CPU cannot tell about
# latency, and other architectures than amd64 need not: it is only reported.  What may
# crash a kernel is not tried without STRESS=1.
expected_of()
{
	[ -z "$stress" ] || {
		echo pass
		return
	}
	awk -v name="$1" -v release="$2" -v cpus="$cpus" -v all="${STRESS-}" \
		-v machine="$archive_machine" '
	function number(s,	part)
	{
		split(s, part, /[.~-]/)
		return (part[1] * 1000 + part[2]) * 1000 + part[3]
	}
	/^#/ || !NF { next }
	# As text: 6.10 is not 6.1.
	$1 "" == name "" { own = $0 }
	$1 ~ /^[0-9]/ && number($1) <= number(release) { series = $0 }
	END {
		$0 = own != "" ? own : series
		if (cpus == 1 || machine != "amd64")
			$3 = $4 = $5 = $6 = "skip"
		if (!all && sub(/\+?crash-id/, "", $2) && $2 == "")
			$2 = "pass"
		print $2, $3, $4, $5, $6
	}' "$here/expected"
}

# compare ANSWERS EXPECTED [WHOLE]: each answer, marked where it is another one, or
# where there is none though all tests were to be run
compare()
{
	awk -v answers="$1" -v expected="$2" -v whole="${3-}" '
	# Of several known bugs, one may have had too few chances to show.
	function part_of(some, all,	part, n, i)
	{
		n = split(some, part, "+")
		for (i = 1; i <= n; i++)
			if (!index("+" all "+", "+" part[i] "+"))
				return 0
		return 1
	}
	BEGIN {
		split(expected, e, " ")
		n = split(answers, a, " ")
		for (i = 1; i <= n; i++) {
			mark = ""
			if (a[i] == "-")
				mark = !whole || e[i] == "skip" ? "" : "?"
			else if (a[i] == "unsure" || a[i] == "skip")
				mark = e[i] == "skip" ? "" : "?"
			else if (a[i] == "unprovoked")
				mark = e[i] == "pass" ? "" : "?"
			else if (a[i] != e[i] && e[i] != "skip")
				mark = part_of(a[i], e[i]) ? "?" : "!"
			printf "%s%s%s", (i > 1 ? " " : ""), a[i], mark
		}
		print ""
	}'
}

# unexplained EXPECTED: of the complaints that it reads, those that are not part
# of what is expected.  A process whose address space was taken away leaves pages; the
# function that a kernel calls for the page of a hole is none.
unexplained()
{
	case $1 in
	*stuck-query*) grep -Ev 'BUG: Bad (page|rss-counter)' ;;
	*crash-id*) grep -Ev 'BUG: kernel NULL pointer dereference|Oops: Oops: 0010' ;;
	*) cat ;;
	esac
}
