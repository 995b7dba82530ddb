#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# series.sh - the tests as patch series for a kernel tree
#
# Usage: series.sh DIR [--author "NAME <MAIL>"] KDIR
#        series.sh --table DIR [KDIR]
#
# graft.sh --patches and graft.sh --table run this.  Each file scripts/series/N-NAME is
# the plan of one series, which is written to DIR/N-NAME.  The files that a series
# changes are copied out of KDIR into a git repository of their own; each step of the
# plan is made and committed there, and git format-patch writes the rest.
#
# A plan has the cover, then the steps, with a line "=====" before each.  Each begins
# with fields, an empty line ends these, and a message follows:
#
#   Subject:      subject of the cover or of the patch
#   Needs: PLAN   (cover) the series that this one goes on top of
#   Prefix: WORD  (cover) in place of PATCH
#   If: FILE TEXT (cover or step) only in trees in which FILE has TEXT
#   Parts: NAME   these files, or NAME.c and NAME.h
#   Some: NAME    of NAME.c and NAME.h what the following says, and what that needs
#   Names: ID     functions, types and macros; for Some
#   Tests: GLOB   tests of programs that no step names as a whole
#   Patch: FILE   a patch; without Subject: the message is its own
#   Program: FILE a test program, beside those of the tree
#   Maintainers:  an entry in MAINTAINERS, with the author
#   Readme:       README, from the files README.PLAN
#   Table:        (any text) why the patch may have more than 400 lines
#
# What several steps say adds up.  A part that no plan names comes with what includes it.
# --table prints how large each patch in DIR is, and the answers of get_maintainer.pl.
#
# Exit status: 0, 1 where it cannot be done, 2 for wrong usage, 4 for a missing
# tool or an unknown author.

set -eu

here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"
proc=tools/testing/selftests/proc
plans=$here/scripts/series
# shellcheck source=scripts/merge.sh
. "$here/scripts/merge.sh"
all=$programs

usage()
{
	echo "Usage: graft --patches DIR [--author \"NAME <MAIL>\"] KDIR" >&2
	echo "       graft --table DIR [KDIR]" >&2
	exit 2
}

note()
{
	echo "$0: $*" >&2
}

listed=

die()
{
	note "$*"
	exit 1
}

# head_of STEP FIELD: what the lines of that field say
head_of()
{
	sed -n "/^\$/q; s/^$2: *\(\[PATCH\] *\)\{0,1\}//p" "$1"
}

# fields STEP: sets f_FIELD for each, to what its lines say
fields()
{
	f_Subject='' f_If='' f_Parts='' f_Some='' f_Names='' f_Tests=''
	f_Patch='' f_Program='' f_Readme='' f_Maintainers=''
	eval "$(awk -v quote="'" '
	/^$/ { exit }
	match($0, /^[A-Z][a-z]*:/) {
		name = substr($0, 1, RLENGTH - 1)
		value = substr($0, RLENGTH + 2)
		gsub(quote, quote "\\" quote quote, value)
		if (!(name in all))
			all[name] = value == "" ? "yes" : value
		else
			all[name] = all[name] " " value
	}
	END {
		for (name in all)
			print "f_" name "=" quote all[name] quote
	}' "$1")"
}

message_of()
{
	awk '
	body && /^---$/ { exit }
	body { print }
	!body && sub(/^Subject: *(\[PATCH\] *)?/, "") { print }
	!body && /^$/ { body = 1; print "" }' "$1"
}

plan_names()
{
	(cd "$plans" && ls -d [0-9]*)
}

# split_plan PLAN: into $work/plan/PLAN/00 (the cover), 01, 02 and so on
split_plan()
{
	mkdir -p "$work/plan/$1"
	awk -v to="$work/plan/$1" '
	/^=====$/ { n++; next }
	!/^# SPDX/ { print > sprintf("%s/%02d", to, n) }' "$plans/$1"
}

# files_of NAME...: the files of these parts, and not a program that was built here
files_of()
{
	for part; do
		found=
		for file in "$part" "$part.c" "$part.h"; do
			case $file in
			*.*)
				[ ! -f "$here/$file" ] || { echo "$file"; found=1; }
				;;
			esac
		done
		[ "$found" ] || die "no such part: $part"
	done
}

# changed_by PATCH...: the files it changes.
changed_by()
{
	sed -n 's,^+++ b/\([^	]*\).*,\1,p' "$@"
}

patches_of_plans()
{
	cat "$work"/plan/*/* | sed -n "s,^Patch: *,$here/,p"
}

# The files that a series may change, as far as KDIR has them.
copy_base()
{
	{
		# shellcheck disable=SC2046
		changed_by $(patches_of_plans)
		for file in Makefile .gitignore config settings README; do
			echo "$proc/$file"
		done
		echo MAINTAINERS
		sed "s,^,$proc/," "$work/ours"
	} | sort -u | while read -r file; do
		[ -e "$kdir/$file" ] || continue
		mkdir -p "$(dirname "$file")"
		cp "$kdir/$file" "$file"
	done
}

# What no step names as a whole: programs that grow test by test, and their tests.
find_loose()
{
	# shellcheck disable=SC2046
	files_of $(cat "$work"/plan/*/* | sed -n 's/^\(Parts\|Some\): *//p') |
		sort -u >"$work/named"
	# The wrapper is for trees of developers, see doc/series.rst.
	our_files | grep -vx run_tests.sh >"$work/ours"
	include_graph >"$work/graph"
	grep -vxF -f "$work/named" "$work/ours" | while read -r file; do
		case $file in
		proc_*.c) echo "$file" ;;
		*.[ch]) ! grep -q '^TEST[A-Z_]*(' "$here/$file" || echo "$file" ;;
		esac
	done >"$work/loose"
	list_tests >"$work/tests"
}

# include_graph: FILE and what it includes, a pair a line, with the code behind each
# header
include_graph()
{
	# shellcheck disable=SC2046
	(cd "$here" && grep -H '^#include "' $(grep '[.][ch]$' "$work/ours")) | awk '
	NR == FNR { ours[$0] = 1; next }
	{
		file = $0
		sub(/:.*/, "", file)
		name = $0
		sub(/^[^"]*"/, "", name)
		sub(/".*/, "", name)
		dir = file ~ "/" ? file : ""
		sub("[^/]*$", "", dir)
		name = dir name
		sub("^[a-z]*/[.][.]/", "", name)
		if (!(name in ours))
			next
		print file, name
		if (sub(/[.]h$/, ".c", name) && name in ours)
			print file, name
	}' "$work/ours" -
}

# list_tests: FILE and a test in it, a pair a line, for the loose files
list_tests()
{
	while read -r file; do
		sed -n "s,^TEST\\(_SIGNAL\\)\\{0\\,1\\}(\\([a-z0-9_]*\\).*,$file \\2,p
			s/^TEST_F[A-Z_]*(\\([a-z0-9_]*\\), *\\([a-z0-9_]*\\).*/\\1.\\2/p" \
			"$here/$file" | sed "/ /!s,^,$file ,"
	done <"$work/loose"
}

# files_of_state: the input of cut.awk for this state; the folders in $work/folders
files_of_state()
{
	awk -v work="$work" -v state="$state" '
	function read_list(file, list,    line) {
		while ((getline line < file) > 0)
			if (line != "")
				list[line] = 1
		close(file)
	}
	function glob_matches(glob, name) {
		gsub(/[.]/, "[.]", glob)
		gsub(/[*]/, ".*", glob)
		return name ~ ("^" glob "$")
	}
	function say(how, file,    folder) {
		print how, file
		if (how == "some")
			print file > (state "/partial")
		folder = file
		if (sub("/[^/]*$", "", folder) && !(folder in said)) {
			said[folder] = 1
			print folder > (work "/folders")
		}
	}
	BEGIN {
		read_list(work "/named", named)
		read_list(work "/loose", loose)
		read_list(work "/ours", ours)
		read_list(state "/parts", whole)
		read_list(state "/some", some)
		read_list(state "/tests", globs)
		read_list(state "/names", names)
		printf "" > (work "/folders")
		printf "" > (state "/partial")
		while ((getline line < (work "/tests")) > 0) {
			split(line, word, " ")
			for (glob in globs)
				if (glob_matches(glob, word[2]))
					there[word[1]] = any = 1
		}
		for (file in loose)
			if (any && file ~ /^proc_/)
				there[file] = 1
		for (file in whole)
			there[file] = 1
		while ((getline line < (work "/graph")) > 0) {
			split(line, word, " ")
			from[++pairs] = word[1]
			to[pairs] = word[2]
		}
		# What no plan names comes along.
		do {
			grown = 0
			for (i = 1; i <= pairs; i++)
				if (from[i] in there && !(to[i] in there) &&
				    !(to[i] in named) && !(to[i] in loose))
					grown = there[to[i]] = 1
		} while (grown)
		for (file in there)
			say((file in loose) && !(file in whole) ? "some" : "whole", file)
		for (file in some)
			if (!(file in there))
				say("some", file)
		for (glob in globs)
			print "test", glob
		for (name in names)
			print "need", name
		for (file in ours)
			if (file ~ "/test_" && !(file in there) && !(file in some))
				print "later", file
	}'
}

# cut_files: the files of this state, to $proc
cut_files()
{
	files_of_state >"$work/input"
	rm -rf "$work/cut"
	# shellcheck disable=SC2046
	mkdir "$work/cut" && (cd "$work/cut" && mkdir -p lib $(cat "$work/folders"))
	rm -f "$state/left"
	awk -v here="$here" -v out="$work/cut" -v left="$state/left" \
		-f "$here/scripts/cut.awk" "$work/input" ||
		die "could not cut the files"
	cp -R "$work/cut/." "$proc"
	rmdir "$proc/lib" 2>/dev/null || :
}

# lists: Makefile and .gitignore, from the start again, so that the order is graft's,
# and without folders that are not there
lists()
{
	set +f
	# shellcheck disable=SC2046
	set -- $(cd "$proc" && echo proc*.c */)
	[ "$plan $*" != "$listed" ] || return 0
	listed="$plan $*"
	for file in Makefile .gitignore; do
		git show "base:$proc/$file" >"$proc/$file"
	done
	while read -r program; do
		add "$proc/.gitignore" "/$program"
		add_to_makefile "$proc/Makefile" "TEST_GEN_PROGS += $program"
	done <"$state/programs"
	programs=
	for program in $all; do
		[ ! -e "$proc/$program.c" ] || programs="$programs $program"
	done
	[ "$programs" ] || return 0
	merge_lists "$proc"
	# Unit tests need no configuration of the kernel, and no time.
	[ "$programs" = " proc_maps_selftest" ] || merge_needs "$proc"
	for room in $(sed -n 's,.*wildcard \(.*\)),\1,p' "$proc/Makefile" |
			tr ' ' '\n' | sed 's,/.*,,' | sort -u); do
		[ -d "$proc/$room" ] ||
			sed -i "s, *$room/[*][.][ch],,g" "$proc/Makefile"
	done
	sed -i 's/(wildcard  */(wildcard /; /(wildcard *)$/d' "$proc/Makefile"
}

maintainers()
{
	[ -e MAINTAINERS ] || return 1
	awk -v author="$author" -v proc="$proc" '
	/^PROC SYSCTL$/ {
		print "PROC MAPS SELFTESTS"
		print "M:\t" author
		print "L:\tlinux-mm@kvack.org"
		print "L:\tlinux-fsdevel@vger.kernel.org"
		print "S:\tMaintained"
		print "F:\t" proc "/*/"
		print "F:\t" proc "/README"
		print "F:\t" proc "/proc_*"
		print ""
	}
	{ print }' MAINTAINERS >MAINTAINERS.new
	mv MAINTAINERS.new MAINTAINERS
}

# lineage PLAN: the plans it stands on, and itself
lineage()
{
	[ ! "$(head_of "$work/plan/$1/00" Needs)" ] ||
		lineage "$(head_of "$work/plan/$1/00" Needs)"
	echo "$1"
}

readme()
{
	for above in $(lineage "$plan"); do
		cat "$plans/README.$above" 2>/dev/null || :
	done | awk '!/SPDX/ || !licence++' >"$proc/README"
}

# fits: whether the tree is one that the step is for
fits()
{
	[ "$f_If" ] || return 0
	grep -qsF "${f_If#* }" "$kdir/${f_If%% *}"
}

# apply PATCH: false where the tree has it already.
apply()
{
	if patch -R -p1 -s -f --dry-run -i "$1" >/dev/null; then
		note "left out, since the tree has it: $1"
		return 1
	fi
	patch -p1 -s -f -F3 --no-backup-if-mismatch -r- -i "$1" >&2 ||
		die "does not apply to this tree: $1"
}

# add_to LIST WORD...
add_to()
{
	list=$state/$1
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$list"
}

# make_step STEP: false where this tree has no use for it
make_step()
{
	message=$1
	fields "$1"
	if ! fits; then
		note "left out, of no use in this tree: $f_Subject$f_Patch"
		return 1
	fi
	# Globs are for the tests, not for the folder.
	set -f
	# shellcheck disable=SC2086
	if [ "$f_Parts$f_Some$f_Tests" ]; then
		files_of $f_Parts >>"$state/parts"
		files_of $f_Some >>"$state/some"
		add_to names $f_Names
		add_to tests $f_Tests
		cut_files
		lists
	fi
	set +f
	for file in $f_Program; do
		cp "$here/$file" "$proc/${file##*/}"
		file=${file##*/}
		add_to programs "${file%.c}"
		lists
	done
	for file in $f_Patch; do
		apply "$here/$file" || return 1
		[ "$f_Subject" ] || message=$here/$file
	done
	[ ! "$f_Readme" ] || readme
	[ ! "$f_Maintainers" ] || maintainers || {
		note "left out, since the tree has no MAINTAINERS: $f_Subject"
		return 1
	}
}

# make_series PLAN: a branch of that name
make_series()
{
	plan=$1
	state=$work/state/$plan
	need=$(head_of "$work/plan/$plan/00" Needs)
	mkdir -p "$state"
	if [ "$need" ]; then
		cp "$work/state/$need"/* "$state"
	else
		touch "$state/parts" "$state/some" "$state/names" \
			"$state/tests" "$state/programs"
	fi
	git checkout -q -b "$plan" "${need:-base}"
	for step in "$work/plan/$plan"/*; do
		case $step in */00) continue ;; esac
		make_step "$step" || continue
		git add -Af
		message_of "$message" | git commit -q -s -F - ||
			die "nothing new: $f_Subject"
	done
	[ "$(git rev-parse "${need:-base}")" != "$(git rev-parse HEAD)" ] || return 0
	{
		message_of "$work/plan/$plan/00"
		[ ! "$need" ] || printf '\nThis series goes on top of "%s".\n' \
			"$(head_of "$work/plan/$need/00" Subject)"
	} >"$work/cover"
	git config "branch.$plan.description" "$(cat "$work/cover")"
	prefix=$(head_of "$work/plan/$plan/00" Prefix)
	git format-patch -q --cover-letter --cover-from-description=subject \
		--subject-prefix="${prefix:-PATCH}" -o "$out/$plan" \
		"${need:-base}..$plan"
	ls "$out/$plan"/*.patch
}

# All series together must come to what graft puts there in one go.
compare_with_graft()
{
	for plan in $(plan_names); do
		git ls-tree -r "$plan" "$proc/" |
			sed "s,.* \([0-9a-f]*\)	$proc/,\1 ,"
	done >"$work/have"
	# shellcheck disable=SC2094 # both read it
	(cd "$here" && git hash-object --stdin-paths) <"$work/ours" |
		paste -d ' ' - "$work/ours" | grep -vxF -f "$work/have" |
	while read -r _ file; do
		if grep -qxF "$file" "$work/loose"; then
			lost_of "$file" >"$work/lost"
			[ -s "$work/lost" ] || continue
		fi
		die "$file is whole in no series$(sed 's/^/, not there: /' \
			"$work/lost" 2>/dev/null)"
	done
}

# lost_of FILE: the pieces of it that no series has
lost_of()
{
	last=
	for plan in $(plan_names); do
		grep -qsxF "$1" "$work/state/$plan/partial" || continue
		grep "^$1: " "$work/state/$plan/left" | sort >"$work/left.$plan" || :
		[ ! "$last" ] || comm -12 "$last" "$work/left.$plan" >"$work/both"
		[ "$last" ] || cp "$work/left.$plan" "$work/both"
		cp "$work/both" "$work/common"
		last=$work/common
	done
	cat "$last" 2>/dev/null || echo "no test of it"
}

# The author signs the patches off, so none is made up.
identify()
{
	if [ ! "$author" ]; then
		name=$(git -C "$kdir" config user.name || :)
		mail=$(git -C "$kdir" config user.email || :)
		author="$name <$mail>"
		[ "$name" ] && [ "$mail" ] ||
			author=$(git -C "$here" log -1 --format='%an <%ae>' \
				2>/dev/null || :)
	fi
	case $author in
	?*' <'?*@?*'>')
		;;
	*)
		note "no author is known: say --author \"NAME <MAIL>\""
		exit 4
		;;
	esac
	GIT_AUTHOR_NAME=${author% <*}
	GIT_AUTHOR_EMAIL=${author##*<}
	GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL%>}
	GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME
	GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
	export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL
	export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
}

# title PATCH: its subject, on one line
title()
{
	sed -n '/^Subject: /{ :a; N; /\n[ \t][^\n]*$/ba; s/\n[^\n]*$//; s/\n[ \t]*/ /g
		s/^Subject: *\[[^]]*\] *//; p; q; }' "$1"
}

# table DIR [KDIR]
table()
{
	for folder in "$1"/*/; do
		[ -e "$folder/0000-cover-letter.patch" ] || die "no series in $folder"
		printf '\n%s: %s\n' "$(basename "$folder")" \
			"$(title "$folder/0000-cover-letter.patch")"
		for file in "$folder"/*.patch; do
			case $file in */0000-*) continue ;; esac
			printf '  %5d  %2d  %s\n' \
				"$(grep -c '^+\([^+]\|++[^+ ]\|$\)' "$file")" \
				"$(grep -c '^diff --git' "$file")" "$(title "$file")"
		done
		[ $# -gt 1 ] || continue
		(
			folder=$(cd "$folder" && pwd)
			cd "$2"
			perl scripts/get_maintainer.pl --no-git --no-git-fallback \
				--no-rolestats "$folder"/0*.patch 2>/dev/null || :
		) | sort -u | sed 's/^/  To:        /'
	done
}

if [ "${1-}" = --table ]; then
	[ $# -eq 2 ] || [ $# -eq 3 ] || usage
	shift
	table "$@"
	exit
fi
[ $# -ge 2 ] || usage
out=$1
shift
author=
if [ "$1" = --author ]; then
	[ $# -ge 2 ] || usage
	author=$2
	shift 2
fi
[ $# -eq 1 ] || usage
case $out,$1 in -*|*,-*) usage ;; esac
kdir=$1

if [ ! -e "$kdir/$proc/Makefile" ] || [ ! -e "$kdir/$proc/../lib.mk" ]; then
	die "$kdir is not a kernel tree with selftests for proc"
fi
kdir=$(cd "$kdir" && pwd -P)
! links_here "$kdir/$proc" ||
	die "$kdir is where run_tests.sh builds, its files are links to ours:" \
		"name a tree without them (run_tests.sh tree --pristine)"
[ ! -e "$kdir/$proc/.graft.diff" ] ||
	die "the tests are grafted into $kdir already: graft --undo first"
sh "$here/scripts/install.sh" patches
identify
mkdir -p "$out" || exit
out=$(cd "$out" && pwd -P)
for file in "$out"/*/*.patch; do
	[ ! -e "$file" ] || die "$out has patches in it already"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
for plan in $(plan_names); do
	split_plan "$plan"
done
find_loose
mkdir "$work/tree"
cd "$work/tree"
# Nothing of the machine's own git configuration.
GIT_CONFIG_GLOBAL=/dev/null
GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
git init -q -b base .
copy_base
git add -Af
git commit -q -m base
git tag base
git checkout -q --detach
git branch -q -D base
for plan in $(plan_names); do
	make_series "$plan"
done
compare_with_graft
