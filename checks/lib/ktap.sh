# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# ktap.sh - looking into a report that the kselftest runner printed
#
# Sourced behind tap.sh.

# results REPORT: each result on a line, see run_tests.sh
results()
{
	"$top/run_tests.sh" --results "$1"
}

# reds REPORT PROGRAM...: of these programs, the tests that failed, and those that
# ended in another way; a test that met a known bug has the name of that bug's
reds()
{
	results "$1" | awk -F '\t' -v programs=" $* " '
	!index(programs, " " $2 " ") { next }
	$1 == "test" && $4 == "fail" || $4 == "broken" { print $7 != "" ? $7 : $3 }'
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

# unexcused FILE: of the tests in it, a line each, those that lab/expected does not
# let fail on this kernel
unexcused()
{
	# shellcheck source=../../lab/answers.sh
	(. "$top/lab/answers.sh"
	excused "$("$top/run_tests.sh" lab expected "$(uname -r)")") |
		grep -vxFf - "$1"
}
