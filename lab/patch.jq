# SPDX-License-Identifier: GPL-2.0
#
# patch.jq - the verdict of "patch", and its report of at most 60 lines
#
# Reads what was measured, as patch.sh puts it together, and adds status, worse, better,
# untold, and text, the lines of the report.  $olds[0] is such a report of an older
# version, or null.

# Percent that a line may cost more.  lab/cure.patch costs 0.8 to 1.6, and so does a
# change of the compiler's mind.
def cost_bound: 5;

# As for compare: the ratio that is worse for certain.
def ratio_bound: 1.41;

def old: $olds[0];

def percent: if .before > 0 then 100 * (.after / .before - 1) else 0 end;
def tenths: (. * 10 | round) / 10;
def signed: tenths | if . < 0 then "\(.) %" else "+\(.) %" end;
def pad($n): tostring | . + (" " * ([$n - length, 1] | max));

# By so many more tests may have too few chances before it is said.
def few_more: 20;

# sure_of($test): what asking again said of it, or null
def sure_of($test): [.sure[] | select(.test == $test)] | first;

# A test is worse if it is bad now and was not.  That one run was red is no proof: of one
# that was not asked again nothing is said, unless it is no test but a program.
def is_program($test): $test | contains(".") | not;
def is_worse($test): sure_of($test) as $s |
	if $s == null then is_program($test)
	else $s.after == "bad" and $s.before == "good" end;
def is_better($test): sure_of($test) as $s |
	if $s == null then is_program($test)
	else $s.before == "bad" and $s.after == "good" end;
def is_unsure($test): sure_of($test) as $s |
	if $s == null then is_program($test) | not
	else $s.before == "untold" or $s.after == "untold" end;

# Where one of both has no answer, nothing is known to have changed.
def both: .before.answered and .after.answered;
def more_red: if both then .after.red - .before.red else [] end;
def less_red: if both then .before.red - .after.red else [] end;

# Complaints without times, addresses and numbers, which differ each time
def bare: sub("^\\[ *[0-9.]*\\] *"; "") | gsub("[0-9a-f]{8,}|[0-9]+"; "N");
def new_splats: ((.before.splats // []) | map(bare)) as $known |
	[(.after.splats // [])[] | select((bare) as $b | $known | index($b) | not)];

# With no busy task no reader waits for its CPU.
def faster($file): . as $r |
	([$r.latency[] | select(.file == $file and .row != "busy 0" and .high < 1)] |
		length > 0) or
	($r.before.answers[$file]? == "interference" and $r.after.answers[$file]? == "pass");

def measured($file): [.latency[] | select(.file == $file)] | length > 0;

def series_breaks: [.series[] | select(.built == false) |
	"\(.commit) (\"\(.title)\") does not build"];

def worse_of: . as $r |
	if .patched.built | not then [] else
	[more_red[] | select(. as $t | $r | is_worse($t)) | "\(.) fails"] +
	[if .before.answered and (.after.answered | not) then
		"no answer from the patched kernel" else empty end] +
	[new_splats[0:1][] | "the kernel complains: \(sub("^\\[ *[0-9.]*\\] *"; ""))"] +
	[(.debug.splats // [])[0:1][] |
		"the debug kernel complains: \(sub("^\\[ *[0-9.]*\\] *"; ""))"] +
	[.latency[] | select(.low > ratio_bound) |
		"mapper beside \(.file), \(.row): \(.ratio) times as long"] +
	[.cost[] | select(percent > cost_bound) | "\(.what) costs \(percent | signed)"] +
	[.expect[] | ltrimstr("faster:") |
		select(. as $f | $r | measured($f) and (faster($f) | not)) |
		"promised and absent: faster:\(.)"] +
	series_breaks
	end;

def better_of: . as $r |
	[less_red[] | select(. as $t | $r | is_better($t)) | "\(.) passes"] +
	[.latency[] | select(.high < 1 / ratio_bound) |
		"mapper beside \(.file), \(.row): \(.ratio) times as long"];

# Of a kernel that is the base itself there is nothing more to measure.
def missing($step; $there): if ($there | not) and (.without | index($step) | not) and
		.patched.stat != ""
	then ["\($step): no numbers"] else [] end;

# A word that says nothing of the kernel.
def no_answer: . == "-" or . == "skip" or . == "unprovoked" or . == "unsure" or
	. == "broken" or . == null;

# What there is no answer to; what was left out on purpose is named, and no doubt.
def untold_of: . as $r |
	if .patched.built | not then ["the patched kernel does not build"] else
	[if .before.answered | not then "no answer from the base" else empty end] +
	[more_red[] | . as $test | select($r | is_unsure($test)) |
		if $r | sure_of($test) then "\(.): asked again, and not sure"
		else "\(.): red, and not asked again" end] +
	[.expect[] | ltrimstr("faster:") | select(. as $f | $r | measured($f) | not) |
		"promised and not measured: faster:\(.)"] +
	[(.before.answers // {}) as $was | (.after.answers // {}) | to_entries[] |
		select((.value | no_answer) and ($was[.key] | no_answer | not)) |
		"\(.key): \(.value)"] +
	(if .after.answered then
		missing("debug"; .debug.answered) +
		[.files[] as $f | missing("table"; $r | measured($f))[] | "\(.) for \($f)"] +
		missing("cost"; .cost | length > 0) +
		missing("size"; .size | length > 0)
	 else [] end)
	end;

def status_of: if .worse | length > 0 then 1 elif .untold | length > 0 then 4 else 0 end;

# --- text ----------------------------------------------------------------------

# In lines of at most $columns, broken between words
def wrapped($columns): reduce split(" ")[] as $word ([];
	if length > 0 and (.[-1] + " " + $word | length) <= $columns then
		.[-1] += " " + $word
	else . + [$word] end);

def head_lines:
	["Patch:    \(.name)",
	 "          \(.patched.commit):\(if .patched.stat == "" then " no change"
		else .patched.stat end)",
	 "Base:     \(.base.commit) \(.base.title)"];

def by_lines:
	["", (.command | wrapped(63) | "By:       ./\(.[0])", (.[1:][] | "          " + .)),
	 "          \(.date), \(.after.accel // .before.accel // "nothing booted")"] +
	if (.after.not_exercised // 0) > (.before.not_exercised // 0) + few_more then
		["          \(.after.not_exercised) tests had too few chances; before, " +
		 "\(.before.not_exercised // 0)"]
	else [] end;

def answer_lines:
	if .before.answered and .after.answered then
		["", "Answers             before          after"] +
		[(.after.answers | keys_unsorted)[] as $k |
			"  \($k | pad(17)) \(.before.answers[$k] | pad(15)) " +
			"\(.after.answers[$k])"]
	else [] end;

def test_lines: . as $r |
	[(more_red + less_red)[] | . as $t | ($r | sure_of($t)) | select(.) |
		"  \($t): \(.before), then \(.after)"] |
	if length > 0 then ["", "Tests that changed, asked until sure"] + . else . end;

def latency_lines:
	[.latency[0:16][] | "  \("\(.file), \(.row)" | pad(20)) " +
		"\(.before | pad(9)) \(.after | pad(9)) \(.ratio) (\(.low) to \(.high))"] |
	if length > 0 then ["", "Mapper's worst, ms    before    after     " +
		"mean, after/before (95 %)"] + . else . end;

def cost_lines:
	[.cost[0:6][] | "  \(.what | pad(17)) \(.before | pad(15)) " +
		"\(.after | pad(10)) \(percent | signed)"] |
	if length > 0 then ["", "Instructions        before          after"] + . else . end;

def size_lines: if .size | length > 0 then ["", "Size"] + (.size | map("  " + .)) else [] end;

def series_lines:
	if .each then
		["", "Series"] + [.series[0:10][] | "  \(.commit) \(.title[0:30] | pad(30)) " +
			(if .built == false then "does not build"
			 elif .gate.answered then
				([.gate.answers[]] | join(" ")) +
				(if .gate.red | length > 0 then
					", \(.gate.red | length) red" else "" end)
			 else "no answer" end)] +
		([{ at: .base.commit, gate: .before }] +
		 [.series[] | { at: .commit, gate }] | . as $s |
		 [range(1; length) | select($s[.].gate.answers != $s[. - 1].gate.answers or
			($s[.].gate.red | sort) != ($s[. - 1].gate.red | sort)) | $s[.].at] |
		 if length > 0 then ["  answers change at \(join(", "))"] else [] end)
	else [] end;

def old_lines:
	if old == null then [] else
		. as $r |
		["", "Beside the older version \(old.patched.commit) of \(old.date)"] +
		(if old.base.commit != .base.commit then
			["  the bases differ: \(old.base.commit), \(.base.commit)"]
		 else [] end) +
		[((.after.red // []) - (old.after.red // []))[0:4][] | "  red now: \(.)"] +
		[((old.after.red // []) - (.after.red // []))[0:4][] | "  no longer red: \(.)"] +
		[.cost[] as $c | old.cost[]? |
			select(.what == $c.what and (percent | tenths) != ($c | percent | tenths)) |
			"  \(.what): \(percent | signed) then, \($c | percent | signed) now"][0:4] +
		[.latency[] as $l | old.latency[]? |
			select(.file == $l.file and .row == $l.row and
			       (.low > $l.high or .high < $l.low)) |
			"  \(.file), \(.row): \(.ratio) then, \($l.ratio) now"][0:6] |
		if length == 2 then . + ["  no difference"] else . end
	end;

def list_lines($title; $items):
	if $items | length > 0 then ["", $title] +
		[$items[0:6][] | wrapped(71) | "  \(.[0])", "    \(.[1:2][])"] +
		(if $items | length > 6 then ["  and \($items | length - 6) more"] else [] end)
	else [] end;

def sentence:
	if .status == 1 then "FAIL: \(.worse | length) worse; the first: \(.worse[0])."
	elif .status == 4 then "COULD NOT TELL: \(.untold[0])."
	elif .better | length > 0 then "PASS: nothing is worse, and \(.better[0])."
	elif .patched.stat == "" then "PASS: nothing is worse; it is the same kernel."
	else "PASS: nothing is worse." end;

# Old doubts come last, what is worse comes first.
def body_lines:
	head_lines + list_lines("Worse"; .worse) + list_lines("Better"; .better) +
	(if .patched.built | not then list_lines("It does not build"; .patched.errors) else
	 answer_lines + test_lines + latency_lines + cost_lines + size_lines +
	 series_lines + old_lines end) +
	list_lines("Not told"; .untold + (.without | map("\(.): left out"))) +
	by_lines;

# At most 60 lines, of which the sentence has a few
def text_of: body_lines as $body | (sentence | wrapped(75)) as $last |
	(if $body + $last | length > 59 then
		$body[0:57 - ($last | length)] + ["(shortened)"] else $body end) + [""] + $last;

. + { worse: worse_of, better: better_of, untold: untold_of } |
. + { status: status_of } | . + { text: text_of }
