#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An installed copy, by each option of the newest kernel's run_kselftest.sh.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"
# shellcheck source=../lib/kernel.sh
. "$(dirname "$0")/../lib/kernel.sh"
# shellcheck source=../lib/marked.sh
. "$(dirname "$0")/../lib/marked.sh"

tree=$work/linux
copy=$work/copy

needs_kernel "installed copy"
mkdir "$tree"
(cd "$kernel" && tar -c scripts tools/arch tools/include tools/scripts \
	tools/testing/selftests/lib.mk tools/testing/selftests/Makefile \
	tools/testing/selftests/*.sh tools/testing/selftests/*.h \
	tools/testing/selftests/kselftest tools/testing/selftests/proc) |
	tar -x -C "$tree"
"$top/run_tests.sh" graft "$tree" || exit
make -s -C "$tree/tools/testing/selftests" TARGETS=proc \
	INSTALL_PATH="$copy" install >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
# The kernel's own tests take their time and are not what is looked at here.
for program in $programs; do
	echo "proc:$program"
done >"$work/ours"
grep -xF -f "$work/ours" "$copy/kselftest-list.txt" >"$work/list"
cp "$work/list" "$copy/kselftest-list.txt"

# What the runner was asked for, whatever it found: a kernel with the known bug
# fails one test.  The report is $work/report.
runs()
{
	"$copy/run_kselftest.sh" "$@" >"$work/report" 2>&1
	case $? in
	0|1)
		;;
	*)
		cat "$work/report"
		return 1
		;;
	esac
}

# of PROGRAM...: the report has results of these as a whole, and of no other.
of()
{
	sed -n 's/^\(not \)\{0,1\}ok [0-9]* selftests: proc: \([a-z_]*\).*/\2/p' \
		"$1" | sort >"$work/have"
	shift
	printf '%s\n' "$@" | sort | diff - "$work/have"
}

ok "-c runs the collection" runs -c proc
# shellcheck disable=SC2086
ok "-c: a result of each program" of "$work/report" $programs
ok "-c: none ran out of time" test -z "$(grep TIMEOUT "$work/report")"
ok "-c: the limit is the one of settings" grep -q "^# timeout set to $(
	sed -n 's/^timeout=//p' "$top/settings")\$" "$work/report"

ok "-t runs one" runs -t proc:proc_maps_selftest
ok "-t: a result of that" of "$work/report" proc_maps_selftest

ok "-S leaves some out" runs -c proc -S proc:proc_maps_tearing \
	-S proc:proc_maps_stress -S proc:proc_mmap_latency
ok "-S: a result of the rest" of "$work/report" proc_maps_selftest

ok "-p writes a file each" runs -p "$work/logs" -t proc:proc_maps_selftest
ok "-p: a result" of "$work/report" proc_maps_selftest
ok "-p: the file has the tests" grep -rq 'ok 1 global' "$work/logs"

touch -d '1 second ago' "$work/begun"
ok "-s writes a summary" runs -s -t proc:proc_maps_selftest
# Older runners write to /tmp.
find "$copy" /tmp -maxdepth 1 -name output.log -newer "$work/begun" >"$work/found"
read -r log <"$work/found"
ok "-s: the summary is short on stdout" test "$(wc -l <"$work/report")" -lt 10
ok "-s: the tests are in output.log" grep -q 'ok 1 global' "${log:-/nowhere}"
rm -f "$log"

# A limit that is too short for it: the runner says so, and nothing stays.
env "$mark" "$copy/run_kselftest.sh" -o 1 -t proc:proc_maps_tearing \
	>"$work/report" 2>&1
ok "-o: out of time is told" grep -q \
	'^not ok 1 selftests: proc: proc_maps_tearing # TIMEOUT 1 seconds' \
	"$work/report"
ok "-o: no process stays" all_gone

"$copy/run_kselftest.sh" -l >"$work/report"
for program in $programs; do
	ok "-l lists $program" grep -qx "proc:$program" "$work/report"
done
ok "-d only says what it would do" runs -d -t proc:proc_maps_selftest
ok "-d: no test is run" test -z "$(grep 'ok 1 global' "$work/report")"

finish
