# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# ktap.sh - looking into a report that the kselftest runner printed
#
# Sourced behind tap.sh.

# in_answers COMMAND...: a function of lab/answers.sh
in_answers()
{
	# shellcheck source=../../lab/answers.sh disable=SC2030
	(here=$top/lab; . "$here/answers.sh"; "$@")
}

# results REPORT: each result on a line, see lab/answers.sh
results()
{
	in_answers results "$1"
}

# bugs_here: the words of lab/expected for what is known of the running kernel, each
# between plus signs
bugs_here()
{
	echo "+$("$top/run_tests.sh" lab expected "$(uname -r)" | cut -d ' ' -f 1)+"
}

# known_here WORD: whether this known bug is one of the running kernel
known_here()
{
	bugs_here | grep -qF -e "+$1+"
}

# reds_but BUGS REPORT PROGRAM...: of these programs, the tests that failed, and those that
# ended in another way, but for failures by these known bugs
reds_but()
{
	bugs=$1
	shift
	results "$1" | awk -F '\t' -v programs=" $* " -v known="$bugs" '
	!index(programs, " " $2 " ") || $8 != "" && index(known, "+" $8 "+") { next }
	$1 == "test" && $4 == "fail" || $4 == "broken" { print $3 }'
}

# reds REPORT PROGRAM...: all of them
reds()
{
	reds_but '' "$@"
}

# unexcused REPORT PROGRAM...: those that no known bug of this kernel made fail
unexcused()
{
	reds_but "$(bugs_here)" "$@"
}

# nested REPORT PROGRAM: what the program printed, without the runner's "# ".
nested()
{
	awk -v program="$2" '
	/^# selftests: / { mine = $NF == program; next }
	/^(not )?ok / || /^# timeout set to / || /^# overriding / { mine = 0 }
	mine { sub(/^# ?/, ""); print }' "$1"
}

# well_formed FILE: whether a TAP consumer that is not ours has no complaint.
# It knows TAP 13 and 14 only by number.
well_formed()
{
	sed 's/^KTAP version 1$/TAP version 13/' "$1" |
		perl -MTAP::Parser -e '
		my $parser = TAP::Parser->new({ tap => join "", <STDIN> });
		$parser->run;
		my @errors = $parser->parse_errors;
		push @errors, "no version" unless $parser->version > 12;
		push @errors, "no plan" unless defined $parser->plan;
		print "$_\n" for @errors;
		exit @errors > 0'
}

# constant_reasons REPORT: whether each reason for a skip is in the sources as it
# is, so that it cannot vary.  Bots make it a part of the name.
constant_reasons()
{
	cat "$top"/*.[ch] "$top"/*/*.[ch] | tr -d '\n\t' | sed 's/" *"//g' >"$work/strings"
	sed -n 's/.*# SKIP //p' "$1" | sort -u | while read -r reason; do
		grep -qF -e "$reason" "$work/strings" ||
			echo "not constant: $reason"
	done >"$work/varying"
	holds_nothing "$work/varying"
}

# fakes FILE: diagnostics that a bot would read as results (LKP, NIPA).  The
# harness has its own words, which they know.
fakes()
{
	grep -nE -e ': (PASS|OK|FAIL|SKIP)$' -e '\[(OK|FAIL|RUN)\]' \
		-e '\.\.\. ok$' -e '^# *(PASS|SKIP): ' -e ' FAIL:' \
		-e '^# *(Running|Testing) ' -e '^# not ok 1' "$1"
	return 0
}
