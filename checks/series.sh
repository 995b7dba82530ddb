#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The patch series: each patch applies, builds and pleases checkpatch, and all
# together are what graft does.  KDIR says for which kernel; without it, the
# newest that this machine's apt sources offer, of which only the selftests are
# at hand, so that the series is without the patches outside of them.

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
ls "$work/patches" >"$work/list"
explain "$work/list"
equal "the directory is not used twice" "$(status "$run" graft \
	--patches "$work/patches" --author "$author" "$SERIES_KDIR")" 1
equal "an author that is none" "$(status "$run" graft \
	--patches "$work/none" --author no-address "$SERIES_KDIR")" 4
equal "no kernel tree" "$(status "$run" graft --patches "$work/none" "$work")" 1

# A tree of the paths that are needed, and a history that starts here.  The
# tree's own programs are not built: they take longer than ours.
tree=$work/tree
cp -a "$kernel" "$tree"
(cd "$SERIES_KDIR" && tar -c MAINTAINERS Documentation/filesystems/proc.rst \
	fs/proc/internal.h fs/proc/task_mmu.c include/linux/mmap_lock.h \
	mm/mmap_lock.c scripts tools/testing/selftests/lib.mk \
	tools/testing/selftests/kselftest* \
	"$proc" 2>/dev/null) | tar -x -C "$tree"
cp -a "$tree" "$work/graft"
cd "$tree" || exit
git init -q .
git config user.name check
git config user.email check@example.org
git add -Af && git commit -q -m check

# Each program that the tree has of ours by now, without a warning.
builds()
{
	programs=
	for file in "$proc"/proc_*.c; do
		[ -e "$file" ] || continue
		file=${file##*/}
		programs="$programs $work/obj/${file%.c}"
	done
	rm -rf "$work/obj"
	mkdir "$work/obj"
	# shellcheck disable=SC2086
	make -C "$proc" OUTPUT="$work/obj" USERCFLAGS=-Werror $programs
}

for patch in "$work/patches"/*.patch; do
	name=$(basename "$patch" .patch)
	case $name in
	0000*)
		ok "$name: no blank is left to fill" \
			test -z "$(grep -F '*** ' "$patch")"
		continue
		;;
	esac
	ok "$name: git am" git am -q "$patch"
	equal "$name: signed off by its author" \
		"$(git log -1 --format='%an <%ae>/%(trailers:key=Signed-off-by,valueonly)')" \
		"$author/$author"
	ok "$name: checkpatch" scripts/checkpatch.pl --no-tree --strict \
		--ignore "$ignore" --terse --no-summary --show-types "$patch"
	if [ -e "$proc/proc_maps_tearing.c" ]; then
		ok "$name: builds" builds
	else
		skip "$name: builds" "a kernel takes long, see lab build cured"
	fi
done

"$run" graft "$work/graft" >/dev/null || exit
rm -f "$work/graft/$proc/.graft.diff"
ok "together they are what graft does" \
	diff -r "$work/graft/$proc" "$proc"

# Nothing of what serves only us.
git diff --name-only "$(git rev-list --max-parents=0 HEAD)" >"$work/names"
grep -vE "^($proc/([a-z]*/)?[^/]*|MAINTAINERS|Documentation/filesystems/proc.rst|(fs/proc|mm|include/linux)/[^/]*)\$" \
	"$work/names" >"$work/odd"
ok "nothing but tests, fix and documentation" holds_nothing "$work/odd"
if [ -e MAINTAINERS ]; then
	sed -n "s,^F:	\($proc/[^*]*\)\$,\1,p" MAINTAINERS >"$work/covered"
	ok "MAINTAINERS covers the tests" grep -qxF "$proc/" "$work/covered"
else
	skip "MAINTAINERS covers the tests" "not in this tree"
fi

# The fix and the test that shows its bug come first, where there is the bug.
if grep -qs lock_next_vma mm/mmap_lock.c; then
	ok "the first is the fix, with its Fixes: tag" \
		grep -q '^Fixes: 5631da56c9a8 ' "$work/patches"/0001-*
	ok "the second is the test that shows it" \
		grep -q '^+.*tail_lost_after_merge' "$work/patches"/0002-*
else
	skip "the first is the fix, with its Fixes: tag" "no such bug in this tree"
	ok "the first is the test that shows the bug" \
		grep -q '^+.*tail_lost_after_merge' "$work/patches"/0001-*
fi

finish
