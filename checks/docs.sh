#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# README, doc/ and results/ say what is there: files, commands, variables, answers.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

cd "$top" || exit
pages="README $(ls doc/*.rst)"
# What the programs and scripts consist of; the pages themselves are not among it.
git ls-files --cached --others --exclude-standard |
	grep -vE '^(README|doc/|results/|checks/docs\.sh)' >"$work/sources"

ok "README has at most 150 lines" [ "$(wc -l <README)" -le 150 ]
# shellcheck disable=SC2086
awk 'length > 100 { print FILENAME ":" FNR ": " length }' $pages >"$work/wide"
ok "no line is wider than 100 columns" holds_nothing "$work/wide"

# names PATTERN: what the pages have of it, one a line
names()
{
	# shellcheck disable=SC2086
	grep -ohE -e "$1" $pages | sort -u
}

# By its path from here, and not by its last part only.  In results/ the files beside
# a page need no path, complaints of kernels name files of theirs, and a report of "patch"
# has the last part of a patch's name.
files='[A-Za-z0-9_./-]*[a-z0-9_]\.(h|c|sh|rst|txt|patch|svg|awk)\>'
{
	names "$files" | while read -r name; do
		[ -e "$name" ] || echo "$name"
	done
	grep -ohE -e "$files" results/README results/*.txt | sort -u |
	while read -r name; do
		[ -e "$name" ] || [ -e "results/$name" ] || echo "$name"
	done
} | grep -vxE '/.*|(fs|include|kernel)/.*|proc\.rst|run_kselftest\.sh|P\.svg|(YOURS|cure|empty)\.patch' >"$work/unknown"
ok "every file that is named is there" holds_nothing "$work/unknown"

# What is said of C: functions, kinds of structs, and lines of an example that are
# quoted from a source.
names '\<[a-z_0-9]+\(\)' | tr -d '()' | while read -r name; do
	xargs grep -qw -e "$name" <"$work/sources" || echo "$name()"
done >"$work/unknown"
names '\<(struct|enum) [a-z_]+' | while read -r name; do
	case $name in
	*' change_over_border')
		# The row of the example.
		continue
		;;
	esac
	xargs grep -qE -e "^(static )?(const )?$name\>" <"$work/sources" ||
		echo "$name"
done >>"$work/unknown"
for line in '^	*SCENARIO(maps_hog,' '^	*run_racing('; do
	quoted=$(grep -h -e "$line" doc/contributing.rst | sed 's/^[[:blank:]]*//')
	[ "$quoted" ] && xargs grep -qF -e "$quoted" <"$work/sources" ||
		echo "$line: $quoted"
done >>"$work/unknown"
ok "what is said of C is in the sources" holds_nothing "$work/unknown"

for page in doc/*.rst results/*; do
	case $page in
	doc/*)
		grep -qF "$page" README doc/*.rst || echo "$page"
		;;
	results/README)
		;;
	*)
		grep -q "^  ${page#results/} " results/README || echo "$page"
		;;
	esac
done >"$work/unknown"
ok "every page is named by another" holds_nothing "$work/unknown"

./run_tests.sh --help | sed -n 's/^  \([a-z-]*\).*/\1/p' | sort -u >"$work/commands"
names '\./run_tests\.sh( [a-z-]+)?' | sed -n 's/.*sh //p' |
	grep -vxF -f "$work/commands" >"$work/unknown"
ok "every command is one of run_tests.sh" holds_nothing "$work/unknown"

names '\<[A-Z][A-Z_]+=' | tr -d = | while read -r name; do
	case $name in
	# make's own, and those of a kselftest's Makefile
	TARGETS|O|LLVM)
		continue
		;;
	esac
	xargs grep -qwE -e "$name" <"$work/sources" || echo "$name"
done >"$work/unknown"
ok "every variable is read by something" holds_nothing "$work/unknown"

xargs cat <"$work/sources" | tr -d '\n\t' | sed 's/" *"//g' >"$work/strings"
sed -n 's/^\(SKIP\|RULE BROKEN:\) //p' doc/answers.rst | tr ';' '\n' |
	sed 's/^ *//; s/, stress not exercised//; s/processes, file.*/processes/' |
	grep -v '^any other$' | while read -r answer; do
	grep -qF -e "$answer" "$work/strings" || echo "$answer"
done >"$work/unknown"
ok "every answer is one that the programs give" holds_nothing "$work/unknown"

# The labels of the transcript, as far as they do not vary.
for label in 'RULE BROKEN: ' '  in          ' '  current     layouts' \
	     '  legal       ' '  page ' '  layout ' ILLEGAL; do
	grep -qF -e "$label" README && grep -qF -e "$label" "$work/strings" ||
		echo "$label"
done >"$work/unknown"
ok "the transcript has the programs' words" holds_nothing "$work/unknown"

find . -mindepth 1 -maxdepth 1 -type d ! -name '.*' | sed 's,^\./,,' |
while read -r room; do
	git ls-files --error-unmatch "$room" >/dev/null 2>&1 || continue
	grep -q "\<$room/" README || echo "$room"
done >"$work/unknown"
ok "README names every room" holds_nothing "$work/unknown"

# expected RELEASE: its row of the table in doc/lab.rst, in words of lab/expected
expected()
{
	./run_tests.sh lab expected "$1" | {
		read -r tearing maps query smaps numa_maps
		[ "$smaps" = "$numa_maps" ] || smaps="$smaps, $numa_maps"
		echo "$tearing $maps $query $smaps"
	}
}

sed -n 's/^\([5-7]\.[0-9.]*\) - \([5-7]\.[0-9.]*\) \(.*\)/\1 \3\n\2 \3/p
	s/^\([5-7]\.[0-9.]*\)  \(.*\)/\1 \2/p
	s/^7\.[0-9.]* cured \(.*\)/cured \1/p' doc/lab.rst |
while read -r release row; do
	row=$(echo "$row" | tr -s ' ')
	[ "$row" = "$(expected "$release")" ] || echo "$release: $row"
done >"$work/unknown"
ok "the table of doc/lab.rst is that of lab/expected" holds_nothing "$work/unknown"

# A sentence is about a process or a thread, not about a person.  What is quoted
# says what it says.
# shellcheck disable=SC2086
sed 's/"[^"]*"//g' $pages results/README results/*.txt |
	grep -niwE 'who|whoever|whom|(some|no|any|every)body' >"$work/persons"
ok "no person is the subject of a sentence" holds_nothing "$work/persons"
grep -rnwiE 'who|whoever|whom|(some|no|any|every)body|front door|undertaker' \
	run_tests.sh scripts lab mutants checks ci .ci |
	grep -vE '^checks/(docs|rooms)\.sh:' >"$work/persons"
ok "nor in a script" holds_nothing "$work/persons"

if python3 -c 'import docutils' 2>/dev/null; then
	for page in doc/*.rst; do
		python3 -m docutils --report=1 --writer=null "$page" 2>&1
	done >"$work/complaints"
	ok "doc/ is reStructuredText" holds_nothing "$work/complaints"
else
	skip "doc/ is reStructuredText" "no docutils"
fi

finish
