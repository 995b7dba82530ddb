#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a grafted tree: the commands that kernel developers and bots use.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/programs.sh
. "$(dirname "$0")/lib/programs.sh"

# Those of our Makefile, which a grafted tree does not have.
warnings="$(sed -n 's/^CFLAGS += \(-W.*\)/\1/p' "$top/Makefile" | tr '\n' ' ') -Werror"
tree=$work/linux
selftests=$tree/tools/testing/selftests

cp -a "$("$top/scripts/tree.sh" --pristine)" "$tree" || exit
"$top/run_tests.sh" graft "$tree" || exit

ksft()
{
	make -C "$selftests" TARGETS=proc "$@"
}

# ran REPORT: each of ours has a result as a whole.
ran()
{
	for program in $programs; do
		grep -qE "^(not )?ok [0-9]+ (- )?selftests: proc: $program( |$)" \
			"$1" || { echo "no result of $program"; return 1; }
	done
}

# One of the kernel's own tests leaves empty directories in /tmp.
ls -d /tmp/proc.?????? >"$work/before" 2>/dev/null
ok "run_tests" ksft run_tests
for left in /tmp/proc.??????; do
	grep -qxF "$left" "$work/before" || rmdir "$left" 2>/dev/null
done
cp "$work/out" "$work/report"
ok "run_tests runs ours" ran "$work/report"
ok "and the tree's own" grep -q 'selftests: proc: proc-pid-vm' "$work/report"
ok "but not run_tests.sh" test -z "$(grep 'proc: run_tests.sh' "$work/report")"

ok "install" ksft install
copy=$selftests/kselftest_install
ok "the programs are installed" present "$copy/proc"
for file in run_tests.sh settings config; do
	ok "$file is installed" test -e "$copy/proc/$file"
done
mv "$copy" "$work/installed"
copy=$work/installed
"$copy/run_kselftest.sh" -l >"$work/list"
for program in $programs; do
	ok "run_kselftest.sh -l lists $program" \
		grep -qx "proc:$program" "$work/list"
done
ok "run_kselftest.sh -t runs one" \
	"$copy/run_kselftest.sh" -t proc:proc_maps_selftest
cp "$work/out" "$work/report"
ok "and it passed" grep -qx 'ok 1 selftests: proc: proc_maps_selftest' \
	"$work/report"
equal "run_tests.sh runs in the installed copy" \
	"$(status "$copy/proc/run_tests.sh" gate -- -l)" 0
ok "and lists the tests" grep -q FIXTURE "$work/stdout"

ok "gen_tar" ksft gen_tar
tar -tf "$copy/../linux/tools/testing/selftests/kselftest_install/kselftest-packages/kselftest.tar.gz" \
	>"$work/list"
for program in $programs; do
	ok "$program is in the archive" grep -qx "./proc/$program" "$work/list"
done

equal "run_tests.sh works in the tree" \
	"$(status "$selftests/proc/run_tests.sh" gate -- -l)" 0

ok "clean" ksft clean
ok "no program is left" test ! -e "$selftests/proc/proc_maps_tearing"
rm -rf "$selftests/kselftest_install"

ok "O=absolute" ksft O="$work/obj" all install
ok "is built there" present "$work/obj/kselftest/proc"
ok "is installed there" present "$work/obj/kselftest/kselftest_install/proc"
ok "O=relative" ksft O=obj all
ok "is built there" present "$tree/obj/kselftest/proc"
ok "nothing in the sources" test ! -e "$selftests/proc/proc_maps_tearing"
if works clang; then
	ok "LLVM=1" ksft LLVM=1 O="$work/llvm" all
	ok "is built there" present "$work/llvm/kselftest/proc"
	ok "LLVM=1 without a warning" make -C "$selftests/proc" LLVM=1 \
		OUTPUT="$work/llvm" \
		USERCFLAGS="$warnings" \
		"$work/llvm/proc_maps_tearing" "$work/llvm/proc_mmap_latency"
else
	skip "LLVM=1" "nothing made so runs here"
fi

ok "undo" "$top/run_tests.sh" graft --undo "$tree"

finish
