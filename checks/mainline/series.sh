#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The patch series on the newest kernel, whole: all of it applies and builds, the
# fix compiles, and the in-tree command runs from there.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/ktap.sh
. "$(dirname "$0")/../lib/ktap.sh"
# shellcheck source=../lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"
# shellcheck source=../lib/kernel.sh
. "$(dirname "$0")/../lib/kernel.sh"

if ! kernel=$(kernel_source 2>"$work/err"); then
	explain "$work/err"
	skip "series" "no kernel source to be had"
	finish
fi
unset KDIR

# The cheap check, of which this one is what takes a whole tree.
SERIES_KDIR=$kernel sh "$top/checks/series.sh" >"$work/cheap" 2>&1
code=$?
explain "$work/cheap" 200
equal "each patch applies, builds and pleases checkpatch" "$code" 0

"$top/run_tests.sh" graft --patches "$work/patches" \
	--author 'A Developer <developer@example.org>' "$kernel" >"$work/list" || exit
tree=$work/linux
kernel_copy "$tree"
cd "$tree" || exit
echo "# $(make -s kernelversion)"
git init -q .
git config user.name check
git config user.email check@example.org
# Only what the series touches need be known to git.
sed -n 's,^+++ b/,,p' "$work/patches"/*.patch | sort -u |
	xargs ls 2>/dev/null | xargs git add -f
git commit -q -m check
ok "git am of all" git am -q --empty=drop "$work/patches"/*.patch

if grep -q '^+++ b/mm/' "$work/patches"/*.patch; then
	ok "a configuration" make allnoconfig
	for symbol in 64BIT SMP MMU PROC_FS PROC_PAGE_MONITOR; do
		scripts/config -e $symbol
	done
	ok "the fix compiles without a warning" make -j2 olddefconfig \
		mm/mmap_lock.o fs/proc/task_mmu.o WERROR=1
	ok "with per-VMA locks" grep -qx CONFIG_PER_VMA_LOCK=y .config
else
	skip "the fix compiles without a warning" "the tree has no need of it"
fi

# The command of kernel developers, from the patched tree.
ok "run_tests" make -C tools/testing/selftests TARGETS=proc run_tests
cp "$work/out" "$work/report"
grep -E '^(not )?ok |\*\*\*' "$work/report" | sed 's/^/# /'
for program in $programs; do
	ok "run_tests: a result of $program" grep -qE \
		"^(not )?ok [0-9]+ (- )?selftests: proc: $program( |\$)" \
		"$work/report"
done
# The tree has tests of its own.
# shellcheck disable=SC2086
reds "$work/report" $programs >"$work/bad"
unexcused "$work/bad" >"$work/odd"
ok "run_tests: nothing of ours fails but what lab/expected has of this kernel" \
	holds_nothing "$work/odd"

finish
