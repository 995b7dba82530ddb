# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# answers.sh - what a report says about its kernel, and what it should say
#
# Sourced, with here, cpus, stress and archive_machine set.  Answers are a word
# for each column.

columns='tearing maps query smaps numa_maps'

# A function for awk, to be called at each line: whether a program, $6, ended here in
# another way than with tests that failed.
# shellcheck disable=SC2016 # awk's own words
broken_end='
function broken_end()
{
	if (/^# selftests: proc: /)
		broken_end_explained = 0
	if (/^# not ok /)
		broken_end_explained = 1
	return /^not ok / && !(broken_end_explained && / # exit=1$/)
}'

# The same: whether a test failed here with the signature of the known bug.  Where the
# test for that had too little chance to meet it, another one may, and says so.
# shellcheck disable=SC2016 # awk's own words
known_bug='
function known_bug(	known)
{
	if (/^# selftests: proc: /)
		known_bug_signed = 0
	if (/^# # +this is the signature of known\.tail_lost_after_merge$/)
		known_bug_signed = 1
	if (!/^# (not )?ok /)
		return 0
	known = known_bug_signed
	known_bug_signed = 0
	return known && /^# not /
}'

# answers OUT: from the results of the report
answers()
{
	awk -v columns="$columns" "$broken_end$known_bug"'
	{ known = known_bug() }
	broken_end() { broken[$6] = 1 }
	/^# selftests: proc: / { program = $NF; next }
	!/^# (not )?ok / { next }
	{
		bad = $2 == "not"
		name = bad ? $5 : $4
		skip = ""
		if (match($0, /# SKIP.*/))
			skip = substr($0, RSTART + 7)
	}
	program == "proc_maps_tearing" {
		if (known || bad && name == "known.tail_lost_after_merge")
			lost = "+lost-tail"
		else if (bad && name == "query.misuse")
			stuck = "+stuck-query"
		else if (bad)
			torn = 1
		else if (skip != "" && name == "known.tail_lost_after_merge")
			unprovoked = 1
		else if (skip == "")
			fine = 1
		seen = 1
		next
	}
	program == "proc_maps_stress" {
		if (bad)
			answer["stress"] = "red"
		else if (skip == "" && !("stress" in answer))
			answer["stress"] = "pass"
		next
	}
	name ~ /^latency\.(maps|query|smaps|numa_maps)_hog\./ {
		split(name, part, ".")
		column = part[2]
		sub(/_hog$/, "", column)
		if (bad || skip ~ /^interference/)
			answer[column] = "interference"
		else if (skip == "")
			answer[column] = "pass"
		else if (skip ~ /no such file or query/)
			answer[column] = "none"
		# the time, or the host, was not enough
		else if (skip ~ /^(could not tell|the apparatus cannot see)/)
			answer[column] = "unsure"
		else if (skip !~ /^long list/)
			answer[column] = "skip"
	}
	END {
		if (broken["proc_maps_stress"])
			answer["stress"] = "broken"
		if (broken["proc_maps_tearing"])
			answer["tearing"] = "broken"
		else if (torn || answer["stress"] ~ /red|broken/)
			answer["tearing"] = "torn"
		else if (lost stuck)
			answer["tearing"] = substr(lost stuck, 2)
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
	}' "$1"
}

# not_exercised OUT: how many tests of tearing met too few changes to say anything
not_exercised()
{
	awk '
	/^# selftests: proc: / { program = $NF }
	program == "proc_maps_tearing" && /^# ok .*# SKIP .*not exercised/ { n++ }
	END { print n + 0 }' "$1"
}

# excused EXPECTED: the tests that fail where it has these words, a line each
excused()
{
	case $1 in
	*lost-tail*) echo known.tail_lost_after_merge ;;
	esac
	case $1 in
	*stuck-query*) echo query.misuse ;;
	esac
}

# excused_words EXPECTED: the same in one line, each between blanks
excused_words()
{
	echo " $(excused "$1" | paste -sd ' ' -) "
}

# reds OUT EXPECTED: what failed and is neither expected nor in a column; a program
# that did not come to its end is one.  A kernel on which readers are expected to
# interfere may show it in other tests than that of its column.
reds()
{
	awk -v expected="$2" -v columns="$columns" \
		-v excused="$(excused_words "$2")" "$broken_end$known_bug"'
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
	{ known = known_bug() }
	broken_end() { print $6; next }
	/^# selftests: proc: / { program = $NF; next }
	!/^# not ok / { next }
	index(excused, " " $5 " ") { next }
	known && index(excused, " known.tail_lost_after_merge ") { next }
	$5 ~ /^latency\.(maps|query|smaps|numa_maps)_hog\./ { next }
	program ~ /^(proc_mmap_latency|numa_maps)$/ && ignored { next }
	$5 ~ /^latency\./ && interferes(substr($5, 9)) { next }
	{ print $5 }' "$1"
}

# expected_of NAME RELEASE: the line that holds for it.  One CPU cannot tell about
# latency, and other architectures than amd64 need not: it is only reported.
expected_of()
{
	[ -z "$stress" ] || {
		echo pass
		return
	}
	awk -v name="$1" -v release="$2" -v cpus="$cpus" \
		-v machine="$archive_machine" '
	function number(s,	part)
	{
		split(s, part, /[.~-]/)
		return (part[1] * 1000 + part[2]) * 1000 + part[3]
	}
	/^#/ || !NF { next }
	$1 == name { own = $0 }
	$1 ~ /^[0-9]/ && number($1) <= number(release) { series = $0 }
	END {
		$0 = own != "" ? own : series
		if (cpus == 1 || machine != "amd64")
			$3 = $4 = $5 = $6 = "skip"
		print $2, $3, $4, $5, $6
	}' "$here/expected"
}

# compare ANSWERS EXPECTED [WHOLE]: each answer, marked where it is another one, or
# where there is none though all tests were to be run
compare()
{
	awk -v answers="$1" -v expected="$2" -v whole="${3-}" 'BEGIN {
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
				mark = "!"
			printf "%s%s%s", (i > 1 ? " " : ""), a[i], mark
		}
		print ""
	}'
}

# unexplained EXPECTED: of the complaints that it reads, those that are not part
# of what is expected.  A process whose address space was taken away leaves pages.
unexplained()
{
	case $1 in
	*stuck-query*) grep -Ev 'BUG: Bad (page|rss-counter)' ;;
	*) cat ;;
	esac
}
