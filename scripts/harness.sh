# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# harness.sh - is a tree's kselftest_harness.h new enough?
#
# Sourced.

HARNESS_TOO_OLD="the tree's kselftest_harness.h has no SKIP() or no variants of a \
fixture: Linux 5.10 and later will do"

# harness_will_do TREE
harness_will_do()
{
	for macro in 'SKIP(' 'FIXTURE_VARIANT_ADD('; do
		grep -qsF "#define $macro" \
			"$1/tools/testing/selftests/kselftest_harness.h" || return
	done
}
