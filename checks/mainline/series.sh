#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The patch series on the newest kernel, whole: each patch builds, the fix compiles, and
# the in-tree command runs after each series.  The first one on older kernels that have
# the bug, too.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/ktap.sh
. "$(dirname "$0")/../lib/ktap.sh"
# shellcheck source=../lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"
# shellcheck source=../lib/kernel.sh
. "$(dirname "$0")/../lib/kernel.sh"

proc=tools/testing/selftests/proc

needs_kernel series
newest=$kernel

# The cheap check, of which this one is what takes a whole tree.
SERIES_BUILD=1 SERIES_KDIR=$kernel sh "$top/checks/series.sh" >"$work/cheap" 2>&1
code=$?
explain "$work/cheap" 900
equal "each patch applies, builds and pleases checkpatch" "$code" 0

# write_series KERNEL NAME: in $work/NAME
write_series()
{
	"$top/run_tests.sh" graft --patches "$work/$2" \
		--author 'A Developer <developer@example.org>' "$1" >"$work/list"
}

# tree_with_git DIR: the kernel, of which git knows only what the series touch
tree_with_git()
{
	kernel_copy "$1"
	cd "$1" || exit
	# A branch called base would make the tag's name ambiguous.
	git init -q -b kernel .
	git config user.name check
	git config user.email check@example.org
	sed -n 's,^+++ b/,,p' "$work/patches"/*/*.patch | sort -u |
		xargs ls 2>/dev/null | xargs git add -f
	git commit -q -m check
	git tag base
	git checkout -q --detach
}

# fix_compiles NAME
fix_compiles()
{
	ok "$1: a configuration" make allnoconfig
	for symbol in 64BIT SMP MMU PROC_FS PROC_PAGE_MONITOR; do
		scripts/config -e $symbol
	done
	ok "$1: the fix compiles without a warning" make -j2 olddefconfig \
		mm/mmap.o mm/mmap_lock.o fs/proc/task_mmu.o WERROR=1
	ok "$1: with per-VMA locks" grep -qx CONFIG_PER_VMA_LOCK=y .config
}

# run_in_tree SERIES: the command of kernel developers, and what it says of the programs
# that the series added or changed
run_in_tree()
{
	added=
	for file in $(git diff --name-only --diff-filter=AM base -- "$proc"/proc*.c); do
		file=${file##*/}
		added="$added ${file%.c}"
	done
	[ "$added" ] || return 0
	ok "$1: run_tests" make -C tools/testing/selftests TARGETS=proc run_tests
	cp "$work/out" "$work/report"
	grep -E '^(not )?ok |\*\*\*' "$work/report" | sed 's/^/# /'
	for program in $added; do
		ok "$1: a result of $program" grep -qE \
			"^(not )?ok [0-9]+ (- )?selftests: proc: $program( |\$)" \
			"$work/report"
	done
	# The kernel that runs may have the bug that the first series fixes.
	# shellcheck disable=SC2086
	unexcused "$work/report" $added | grep -v from_merge >"$work/odd"
	ok "$1: nothing of ours fails but what lab/expected has of this kernel" \
		holds_nothing "$work/odd"
	make -s -C tools/testing/selftests TARGETS=proc clean
}

write_series "$newest" patches || exit
"$top/run_tests.sh" graft --table "$work/patches" "$newest" >"$work/table"
explain "$work/table" 200
tree_with_git "$work/linux"
echo "# $(make -s kernelversion)"
for series in "$work/patches"/*/; do
	series=$(basename "$series")
	need=$(sed -n 's/^Needs: *//p' "$top/scripts/series/$series")
	ok "$series: on ${need:-the tree}" git checkout -q -f -b "$series" "${need:-base}"
	ok "$series: git am" git am -q --empty=drop "$work/patches/$series"/*.patch
	case $series in 1-*) fix_compiles "$series" ;; esac
	run_in_tree "$series"
done
git checkout -q -f base
make -s mrproper >/dev/null 2>&1

# The fix, on each older source that the archive has.
for which in 6.17 6.18 6.19 7.0 7.1 7.2; do
	line=$(archive archive_find source "$which" 2>/dev/null) || {
		skip "1-fix on $which" "the archive knows no source of it"
		continue
	}
	# shellcheck disable=SC2031
	kernel=$LAB_CACHE/src/${line%% *}
	# shellcheck disable=SC2086 # PACKAGE VERSION
	archive archive_source "$kernel" ${line#* } || {
		skip "1-fix on $which" "the archive does not have its source any more"
		continue
	}
	rm -rf "$work/older" "$work/linux"
	cd "$work" || exit
	write_series "$kernel" "patches-$which" || exit
	tree_with_git "$work/older"
	ok "1-fix on $which: git am" \
		git am -q --empty=drop "$work/patches-$which/1-fix"/*.patch
	fix_compiles "1-fix on $which"
	ok "1-fix on $which: the test compiles" make -C "$proc" \
		USERCFLAGS=-Werror "$PWD/$proc/proc-maps-race"
done

finish
