#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a tree of an old series, where a backport is judged: what is cheap of
# mainline/trees.  TREES names the series.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/programs.sh
. "$(dirname "$0")/lib/programs.sh"
# shellcheck source=lib/debian.sh
. "$(dirname "$0")/lib/debian.sh"
# shellcheck source=lib/trees.sh
. "$(dirname "$0")/lib/trees.sh"

unset KDIR DURATION FULL kselftest_override_timeout

for series in ${TREES-6.1}; do
	graft_into "$series" || continue
	builds_everywhere
	skips_are_kept_apart
	installed
	takes_options_or_says_so
	# The quickest, for all of them.
	only_ours proc_maps_selftest
	ok "$name: run_kselftest.sh -c proc" "$copy/run_kselftest.sh" -c proc
	equal "$name: it passed" "$(result_of proc_maps_selftest "$work/out")" \
		"ok 1 selftests: proc: proc_maps_selftest"
	ok "$name: run_tests" in_tree run_tests
	equal "$name: it passed" "$(result_of proc_maps_selftest "$work/out")" \
		"ok 1 selftests: proc: proc_maps_selftest"
	rm -rf "${work:?}/$name"
done

# A harness older than all of these.
cp -a "$("$top/scripts/tree.sh" --pristine)/." "$work/old"
harness=$work/old/tools/testing/selftests/kselftest_harness.h
sed -i 's/^#define SKIP(/#define OTHER(/' "$harness"
equal "too old: KDIR" "$(KDIR=$work/old status "$top/run_tests.sh")" 4
equal "too old: one line" "$(wc -l <"$work/stderr")" 1
ok "too old: and from which on" grep -q 'Linux 5\.10' "$work/stderr"
equal "too old: graft" "$(status "$top/run_tests.sh" graft "$work/old")" 1
equal "too old: one line" "$(wc -l <"$work/stderr")" 1
ok "too old: and from which on" grep -q 'Linux 5\.10' "$work/stderr"

finish
