#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: graft KDIR            put the tests into a kernel tree, beside its own
#: graft --undo KDIR     take them out again
#: graft --patches DIR KDIR  write them to DIR as patch series for git am
#: graft --table DIR KDIR    sizes of these, and their addressees
#
# graft.sh - put the files into tools/testing/selftests/proc of a kernel tree
#
# Usage: graft.sh [--undo] KDIR
#        graft.sh --patches DIR [--author "NAME <MAIL>"] KDIR
#        graft.sh --table DIR [KDIR]
#
# Programs, headers and run_tests.sh are copied; Makefile, .gitignore, config
# and settings get the lines they miss.  All of that is kept as one diff in
# proc/.graft.diff, which the kernel's .gitignore hides, so that it can be
# undone to the byte whatever else changes there, and so that a second graft
# starts from where the first one did.
#
# --patches changes nothing in KDIR, which need not be a git repository: it writes
# to DIR what git am takes, a folder for each series, with a cover letter and one
# patch after the other, each of which builds.  Their author, and sign-off, is the
# one that git knows in KDIR, else that of this repository.  --table prints the sizes
# of what is in DIR.

set -eu

here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"
diff=.graft.diff new=.graft.new
# shellcheck source=scripts/merge.sh
. "$here/scripts/merge.sh"
# shellcheck source=scripts/harness.sh
. "$here/scripts/harness.sh"

usage()
{
	echo "Usage: $0 [--undo | --patches DIR [--author \"NAME <MAIL>\"] | --table DIR] KDIR" >&2
	exit 2
}

die()
{
	echo "$0: $*" >&2
	exit 1
}

undo()
{
	[ -e "$proc/$diff" ] || return 0
	if [ -s "$proc/$diff" ]; then
		set -- -R -p1 -s -f -F3 --no-backup-if-mismatch -r- \
			-d "$proc" -i "$proc/$diff"
		patch --dry-run "$@" >&2 ||
			die "something changed since the graft, so nothing was" \
				"done; what it added is in $proc/$diff"
		patch "$@" >&2 || die "could not undo"
	fi
	rm -f "$proc/$diff"
	for program in $programs; do
		rm -f "${proc:?}/$program"
	done
}

merge()
{
	our_files | while read -r file; do
		mkdir -p "$(dirname "$1/$file")"
		cp "$here/$file" "$1/$file"
	done
	merge_lists "$1"
	merge_needs "$1"
}

# put FILE: from $new to its place, where it belongs, also after root has put it
# there, to the owner of what was there or of the folder.
put()
{
	like=$proc
	[ ! -e "$proc/$1" ] || like=$proc/$1
	chown --reference="$like" "$proc/$new/$1" 2>/dev/null || :
	folder=$(dirname "$proc/$1")
	if [ ! -d "$folder" ]; then
		mkdir -p "$folder"
		chown --reference="$proc" "$folder" 2>/dev/null || :
	fi
	mv "$proc/$new/$1" "$proc/$1"
}

graft()
{
	work=$(mktemp -d)
	trap 'rm -rf "$work" "$proc/$new"' EXIT
	trap 'exit 1' HUP INT TERM
	mkdir "$work/a" "$work/b"
	for file in Makefile .gitignore config settings $(our_files); do
		[ -e "$proc/$file" ] || continue
		mkdir -p "$(dirname "$work/a/$file")"
		cp "$proc/$file" "$work/a/$file"
	done
	cp -R "$work/a/." "$work/b/"
	merge "$work/b"

	# Without the time of day, the same graft gives the same diff.
	find "$work" -type f -exec touch -d 2000-01-01 {} +
	status=0
	(cd "$work" && diff -ruN a b) >"$work/diff" || status=$?
	[ "$status" -le 1 ] || die "could not compare"
	# What needs room comes first, and then nothing may stop it half-way.
	rm -rf "${proc:?}/$new"
	cp -R "$work/b" "$proc/$new"
	cp "$work/diff" "$proc/$new/$diff"
	trap '' HUP INT TERM
	put "$diff"
	(cd "$work/b" && find . -type f) | while read -r file; do
		cmp -s "$work/b/$file" "$proc/$file" || put "${file#./}"
	done
	rm -rf "${proc:?}/$new"
}

command=graft
case ${1-} in
--undo)
	command=undo
	shift
	;;
--patches)
	shift
	exec sh "$here/scripts/series.sh" "$@"
	;;
--table)
	exec sh "$here/scripts/series.sh" "$@"
	;;
esac
[ $# -eq 1 ] || usage
case $1 in -*) usage ;; esac

proc=$1/tools/testing/selftests/proc
if [ ! -e "$proc/Makefile" ] || [ ! -e "$proc/../lib.mk" ]; then
	die "$1 is not a kernel tree with selftests for proc"
fi
harness_will_do "$1" || die "$HARNESS_TOO_OLD"
proc=$(cd "$proc" && pwd -P)
! links_here "$proc" ||
	die "$1 is where run_tests.sh builds, its files are links to ours:" \
		"name a tree without them (run_tests.sh tree --pristine)"
sh "$here/scripts/install.sh" graft

undo
[ "$command" = undo ] || graft
