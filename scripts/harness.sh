# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# harness.sh - what the kselftests of a kernel tree need, and whether its harness
# is new enough
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

# selftest_parts: the files of a kernel tree that the selftests of proc are built and
# run with, as patterns that tar understands, relative to the top of the tree.
selftest_parts()
{
	cat <<-END
	scripts
	tools/arch
	tools/docs
	tools/include
	tools/lib/python
	tools/scripts
	tools/testing/kunit
	tools/testing/selftests/Makefile
	tools/testing/selftests/*.h
	tools/testing/selftests/*.mk
	tools/testing/selftests/*.sh
	tools/testing/selftests/kselftest
	tools/testing/selftests/proc
	usr/include
	END
}
