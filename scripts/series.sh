#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# series.sh - the tests as a patch series for a kernel tree
#
# Usage: series.sh DIR [--author "NAME <MAIL>"] KDIR
#
# graft.sh --patches runs this.  The files that the series changes are copied out
# of KDIR into a git repository of their own; each step is made and committed
# there, and git format-patch writes the rest.
#
# A step is lab/cure.patch or a file in series/, in the order of names: what
# Subject: and the text below it say goes into the commit message; Adds: names
# the programs and headers that the step is about.  With them come the parts
# that they include, but for those that a later step is about.  A step in the
# form of a patch has its diff behind "---", and concerns kernels since 6.17.
#
# Exit status: 0, 1 where it cannot be done, 2 for wrong usage, 4 for a missing
# tool or an unknown author.

set -eu

here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"
proc=tools/testing/selftests/proc
# shellcheck source=scripts/merge.sh
. "$here/scripts/merge.sh"
all=$programs

usage()
{
	echo "Usage: graft --patches DIR [--author \"NAME <MAIL>\"] KDIR" >&2
	exit 2
}

note()
{
	echo "$0: $*" >&2
}

die()
{
	note "$*"
	exit 1
}

steps()
{
	echo "$here/lab/cure.patch"
	ls "$here"/scripts/series/[0-9]*
}

# head_of STEP FIELD
head_of()
{
	sed -n "/^\$/q; s/^$2: *\(\[PATCH\] *\)\{0,1\}//p" "$1"
}

message_of()
{
	head_of "$1" Subject
	sed '1,/^$/d; /^---$/,$d' "$1" | sed '1i\
\
'
}

# changed_by PATCH...: the files it changes.
changed_by()
{
	sed -n 's,^+++ b/\([^	]*\).*,\1,p' "$@"
}

# What concerns the lockless reader, and only in a tree that has it.
wanted()
{
	# shellcheck disable=SC2046
	(cd "$kdir" && ls -d -- $(changed_by "$1")) >/dev/null 2>&1 || return
	grep -qs '^struct vm_area_struct \*lock_next_vma' "$kdir/mm/mmap_lock.c"
}

# The files that the series may change, as far as KDIR has them.
copy_base()
{
	{
		# shellcheck disable=SC2046
		changed_by $(steps)
		for file in Makefile .gitignore config settings $(our_files); do
			echo "$proc/$file"
		done
	} | sort -u | while read -r file; do
		[ -e "$kdir/$file" ] || continue
		mkdir -p "$(dirname "$file")"
		cp "$kdir/$file" "$file"
	done
}

# add_files STEP
add_files()
{
	# shellcheck disable=SC2046
	with_parts "$work/later" $(head_of "$1" Adds) >"$work/files"
	sed 's/.*/#include "&"/' "$work/later" >"$work/drop"
	while read -r file; do
		mkdir -p "$(dirname "$proc/$file")"
		grep -vxF -f "$work/drop" "$here/$file" >"$proc/$file" || :
		[ ! -x "$here/$file" ] || chmod +x "$proc/$file"
	done <"$work/files"
	# What waited for this step.
	for file in "$proc"/proc_*.c; do
		file=${file##*/}
		[ ! -e "$here/$file" ] || [ ! -e "$proc/$file" ] ||
			grep -vxF -f "$work/drop" "$here/$file" \
				>"$proc/$file"
	done
	# From the start again, so that the order is graft's.
	for file in Makefile .gitignore; do
		git show "base:$proc/$file" >"$proc/$file"
	done
	programs=
	for program in $all; do
		[ ! -e "$proc/$program.c" ] || programs="$programs $program"
	done
	merge_lists "$proc"
}

# apply STEP: false where the tree has it already.
apply()
{
	if patch -R -p1 -s -f --dry-run -i "$1" >/dev/null; then
		note "left out, since the tree has it: $(head_of "$1" Subject)"
		return 1
	fi
	patch -p1 -s -f -F3 --no-backup-if-mismatch -r- -i "$1" >&2 ||
		die "does not apply to this tree: $(head_of "$1" Subject)"
}

make_steps()
{
	steps | while read -r step; do
		steps | sed "1,\,^$step\$,d" | while read -r later; do
			head_of "$later" Adds | tr ' ' '\n'
		done | grep . >"$work/later" || :
		if [ "$(head_of "$step" Adds)" ]; then
			add_files "$step"
		elif ! wanted "$step"; then
			note "left out, of no use in this tree: $(head_of "$step" Subject)"
			continue
		else
			apply "$step" || continue
		fi
		git add -Af
		git diff --cached --quiet &&
			die "nothing new: $(head_of "$step" Subject)"
		message_of "$step" | git commit -q -s -F -
	done
}

# What is tested, rather than how, has its place in the series.
check_steps()
{
	steps | while read -r step; do
		head_of "$step" Adds | tr ' ' '\n'
	done >"$work/placed"
	for file in $(our_files | grep -E '^(proc_|.*/test_)'); do
		grep -qxF "$file" "$work/placed" ||
			die "no step in scripts/series is about $file"
	done
}

# Step by step it must come to what graft puts there in one go.
compare_with_graft()
{
	for file in $(our_files); do
		[ -e "$proc/$file" ] ||
			die "no step in scripts/series is about $file"
		cmp -s "$here/$file" "$proc/$file" ||
			die "$file is not whole at the end of the series"
	done
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
for file in "$out"/*.patch; do
	[ ! -e "$file" ] || die "$out has patches in it already"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
check_steps
mkdir "$work/tree"
cd "$work/tree"
# Nothing of the machine's own git configuration.
GIT_CONFIG_GLOBAL=/dev/null
GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
git init -q -b series .
copy_base
git add -Af
git commit -q -m base
git tag base
make_steps
compare_with_graft
git config branch.series.description "$(message_of "$here/scripts/series/cover")"
git format-patch -q --cover-letter --cover-from-description=subject \
	-o "$out" base..series
ls "$out"/*.patch
