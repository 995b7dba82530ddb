#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The patch series: each patch applies, compiles and pleases checkpatch, none is large,
# and all series together are what graft does.  KDIR says for which kernel; without it,
# the newest that this machine's apt sources offer, of which only the selftests are
# at hand, so that the series are without the patches outside of them.  SERIES_BUILD=1
# builds the programs at each patch in place of each series' end.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

run=$top/run_tests.sh
proc=tools/testing/selftests/proc
author='A Developer <developer@example.org>'
# The types: names and macros that are not ours; no history to look a commit up
# in; and whether MAINTAINERS knows of new files, which is asked below.
ignore=CAMELCASE,COMPLEX_MACRO,UNKNOWN_COMMIT_ID,FILE_PATH_CHANGES

kernel=$("$top/scripts/tree.sh" --pristine) || exit
: "${SERIES_KDIR:=${KDIR:-$kernel}}"
unset KDIR

ok "series" "$run" graft --patches "$work/patches" --author "$author" "$SERIES_KDIR"
equal "the directory is not used twice" "$(status "$run" graft \
	--patches "$work/patches" --author "$author" "$SERIES_KDIR")" 1
equal "an author that is none" "$(status "$run" graft \
	--patches "$work/none" --author no-address "$SERIES_KDIR")" 4
equal "no kernel tree" "$(status "$run" graft --patches "$work/none" "$work")" 1
"$run" graft --table "$work/patches" >"$work/list"
explain "$work/list" 120

# A tree of the paths that are needed, and a history that starts here.  The
# tree's own programs are not built: they take longer than ours.
tree=$work/tree
cp -a "$kernel" "$tree"
(cd "$SERIES_KDIR" && tar -c MAINTAINERS Documentation/filesystems/proc.rst \
	fs/proc/internal.h fs/proc/task_mmu.c include/linux/mmap_lock.h \
	mm/mmap.c mm/mmap_lock.c scripts tools/testing/selftests/lib.mk \
	tools/testing/selftests/kselftest* tools/include/uapi/linux/fs.h \
	"$proc" 2>/dev/null) | tar -x -C "$tree"
cp -a "$tree" "$work/graft"
cd "$tree" || exit
git init -q -b base .
git config user.name check
git config user.email check@example.org
git add -Af && git commit -q -m check && git tag base
git checkout -q --detach && git branch -q -D base

# Each program that the patches added or changed by now, without a warning.
builds()
{
	programs=
	for file in $(git diff --name-only --diff-filter=AM base -- "$proc"/proc*.c); do
		file=${file##*/}
		programs="$programs $work/obj/${file%.c}"
	done
	rm -rf "$work/obj"
	mkdir "$work/obj"
	# shellcheck disable=SC2086
	make -C "$proc" OUTPUT="$work/obj" USERCFLAGS=-Werror $programs
}

# Each source that the patch touches, as the Makefile compiles it
compiles()
{
	# shellcheck disable=SC2016 # in the language of make
	flags=$(printf 'include Makefile\nflags:\n\t@echo $(CFLAGS)\n' |
		make -s -C "$proc" -f - flags 2>/dev/null)
	# shellcheck disable=SC2016
	own="$(sed -n 's,^$(OUTPUT)/proc_%: CFLAGS += ,,p' "$proc/Makefile")"
	rc=0
	for file in $(git diff --name-only --diff-filter=AM HEAD^ -- "$proc/*.c"); do
		also=$own
		case $file in */proc-*) also= ;; esac
		# A part may have no user yet.
		# shellcheck disable=SC2086
		(cd "$proc" && gcc $flags $also -Werror -Wno-unused \
			-c "${file#"$proc"/}" -o /dev/null) || rc=1
	done
	return "$rc"
}

# size PATCH: lines that it adds
size()
{
	awk '/^---$/ { body = 1 } body && /^\+/ && !/^\+\+\+ / { n++ }
		END { print n + 0 }' "$1"
}

needs()
{
	sed -n 's/^Needs: *//p' "$top/scripts/series/$1"
}

# check_patch PATCH NAME
check_patch()
{
	ok "$2: git am" git am -q "$1"
	equal "$2: signed off by its author" \
		"$(git log -1 --format='%an <%ae>/%(trailers:key=Signed-off-by,valueonly)')" \
		"$author/$author"
	also=
	# A macro of the harness is not known to be a type.
	! grep -q '^+.*FIXTURE_DATA([a-z_]*) \*' "$1" || also=,SPACING
	# Nor is _Atomic.
	! grep -q '^+.*_Atomic ' "$1" || also=$also,LINE_SPACING
	ok "$2: checkpatch" scripts/checkpatch.pl --no-tree --strict \
		--ignore "$ignore$also" --terse --no-summary --show-types "$1"
	equal "$2: has a reason" \
		"$(git log -1 --format=%b | grep -c '^[A-Z].*[a-z]')" \
		"$(git log -1 --format=%b | grep -c '^[A-Z].*[a-z]' | sed 's/^0$/some/')"
	[ "$(size "$1")" -le 400 ] ||
		equal "$2: is a table" "$(table_steps | grep -cxF "$(git log -1 --format=%s)")" 1
	if [ "${SERIES_BUILD-}" ]; then
		ok "$2: builds" builds
	else
		ok "$2: compiles" compiles
	fi
}

# table_steps: subjects of the steps that say why they may be large
table_steps()
{
	awk '/^=====$/ { subject = "" }
		/^Subject: / { subject = substr($0, 10) }
		/^Table: / { print subject }' "$top"/scripts/series/[0-9]*
}

mkdir -p "$work/obj"
for series in "$work/patches"/*/; do
	series=$(basename "$series")
	need=$(needs "$series")
	git checkout -q -b "$series" "${need:-base}"
	for patch in "$work/patches/$series"/*.patch; do
		name=$series/$(basename "$patch" .patch)
		case $name in
		*/0000*)
			ok "$name: no blank is left to fill" \
				test -z "$(grep -F '*** ' "$patch")"
			;;
		*)
			check_patch "$patch" "$name"
			;;
		esac
	done
	[ "${SERIES_BUILD-}" ] || ok "$series: builds" builds
done

# Nothing is lost: each file of ours is in a series as it is, or cut over several.
"$run" graft "$work/graft" >/dev/null || exit
for branch in $(git branch --format='%(refname:short)'); do
	git ls-tree -r --name-only "$branch" "$proc/"
done | sort -u >"$work/names"
(cd "$work/graft" && find "$proc" -type f ! -name '.graft*' ! -name run_tests.sh) |
	grep -vxF -f "$work/names" >"$work/odd"
ok "together they have the files of graft" holds_nothing "$work/odd"
last=$(git branch --format='%(refname:short)' | grep -c .)
ok "there is more than one series" test "$last" -gt 1

# Nothing of what serves only us.
for branch in $(git branch --format='%(refname:short)'); do
	git diff --name-only base "$branch"
done | sort -u >"$work/names"
grep -vE "^($proc/([a-z]*/)?[^/]*|MAINTAINERS|Documentation/filesystems/proc.rst|(fs/proc|mm|include/linux)/[^/]*)\$" \
	"$work/names" >"$work/odd"
ok "nothing but tests, fix and documentation" holds_nothing "$work/odd"
if [ -e MAINTAINERS ]; then
	for branch in $(git branch --format='%(refname:short)'); do
		git diff --name-only --diff-filter=A "${need:-base}" "$branch"
	done | sort -u | grep "^$proc/[a-z]*/\|/proc_\|/README" >"$work/names"
	git checkout -q 4-parts
	sed -n '/^PROC MAPS SELFTESTS$/,/^$/s/^F:	//p' MAINTAINERS |
		sed 's,[.],[.],g; s,\*,[^/]*,g; s,/$,/.*,' >"$work/patterns"
	grep -vxf "$work/patterns" "$work/names" >"$work/odd"
	ok "MAINTAINERS has a pattern for each file" holds_nothing "$work/odd"
else
	skip "MAINTAINERS has a pattern for each file" "not in this tree"
fi

# The fix and the test that shows its bug come first, where there is the bug.
if grep -qs lock_next_vma "$SERIES_KDIR/mm/mmap_lock.c"; then
	ok "the first is the fix, with its Fixes: tag" \
		grep -q '^Fixes: 5631da56c9a8 ' "$work/patches"/1-fix/0001-*
	ok "for stable kernels" \
		grep -q '^Cc: stable@vger.kernel.org' "$work/patches"/1-fix/0001-*
	ok "the second is the test that shows it" \
		grep -q '^+TEST_F.*from_merge' "$work/patches"/1-fix/0002-*
	ok "the third is the other fix, for the same releases" \
		grep -q '^Fixes: 5631da56c9a8 ' "$work/patches"/1-fix/0003-*
else
	skip "the first is the fix, with its Fixes: tag" "no such bug in this tree"
fi

finish
