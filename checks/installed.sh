#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The wrapper of an installed copy, by the kernel's own runner, which opens
# /dev/stdout by itself: what passes is called a pass, and no line is lost.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/ktap.sh
. "$(dirname "$0")/lib/ktap.sh"

tree=$work/linux
copy=$work/copy

cp -a "$("$top/scripts/tree.sh" --pristine)" "$tree" || exit
"$top/run_tests.sh" graft "$tree" || exit
# The kernel's own tests are not what is looked at here.
sed -i '/^TEST_GEN_PROGS += .*[a-z]-[a-z]/d' \
	"$tree/tools/testing/selftests/proc/Makefile"
make -s -C "$tree/tools/testing/selftests" TARGETS=proc \
	INSTALL_PATH="$copy" install >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
gate=$copy/proc/run_tests.sh
ok "run_kselftest.sh is beside it" test -e "$copy/run_kselftest.sh"

# whole REPORT: a result of each program, and the report of each from its head on
whole()
{
	for program in $programs; do
		nested "$1" "$program" >"$work/nested"
		if ! grep -qE "^ok [0-9]+ selftests: proc: $program\$" "$1" ||
		   ! well_formed "$work/nested"; then
			echo "$program"
			cat "$1"
			return 1
		fi
	done
}

# passes HOW TEST: the verdict is in $work/summary
passes()
{
	ok "$1: the verdict is a pass" grep -q '^PASS: ' "$work/summary"
	explain "$work/summary"
}

for test in stepped.hole.maps leaving.exit; do
	"$gate" gate -- -r $test >"$work/report" 2>"$work/summary" </dev/null
	equal "$test, to a file" $? 0
	passes "$test, to a file"
	ok "$test, to a file: the report is whole" whole "$work/report"
	equal "$test, to a file: the test is in it once" \
		"$(grep -c "^# ok 1 $test\$" "$work/report")" 1

	{ "$gate" gate -- -r $test 2>"$work/summary" </dev/null; echo "exit $?"; } |
		cat >"$work/report"
	ok "$test, to a pipe" grep -qx 'exit 0' "$work/report"
	passes "$test, to a pipe"
	sed -i '/^exit /d' "$work/report"
	ok "$test, to a pipe: the report is whole" whole "$work/report"

	"$gate" gate -- -r $test >/dev/null 2>"$work/summary" </dev/null
	equal "$test, to /dev/null" $? 0
	passes "$test, to /dev/null"
done

# A limit of time goes by the runner's own option.
kselftest_override_timeout=77 "$gate" gate -- -r stepped.hole.maps \
	>"$work/report" 2>"$work/summary" </dev/null
ok "another limit of time is handed on" grep -q '77$' "$work/report"

# Another user than the one that installed it: the kernel's install leaves others no
# right to execute what its runner does; and limits that leave no room.
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$work"
	set -- setpriv --reuid=61234 --regid=61234 --clear-groups
	equal "another user: passes" \
		"$(status "$@" "$gate" gate -- -r stepped.hole.maps)" 0
	ok "another user: the report is whole" whole "$work/stdout"
	for most in 20 12; do
		equal "$most processes: could not tell" "$(status "$@" prlimit \
			--nproc=$most "$gate" gate -- -r stepped.hole.maps)" 4
		ok "$most processes: why" grep -q 'too few processes' \
			"$work/stderr"
	done
else
	skip "other users" "not root"
fi

# What a copy by mail or by a file system without run bits has become.
chmod -x "$copy/proc/proc_maps_tearing"
equal "a program without its run bit: could not tell" \
	"$(status "$gate" gate -- -r stepped.hole.maps)" 4
equal "in one line" "$(wc -l <"$work/stderr")" 1
chmod +x "$copy/proc/proc_maps_tearing"
chmod -x "$gate" "$copy/run_kselftest.sh"
equal "scripts without theirs: it works" \
	"$(status sh "$gate" gate -- -r stepped.hole.maps)" 0

mv "$copy" "$work/a copy"
equal "a folder that the runner cannot enter: could not tell" \
	"$(status sh "$work/a copy/proc/run_tests.sh" gate -- -l)" 4
equal "in one line" "$(wc -l <"$work/stderr")" 1

finish
