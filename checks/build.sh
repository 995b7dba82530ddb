#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Outside a kernel tree: every compiler, no warning, and clean again.  BUILDS="gcc
# m32" are only these.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/programs.sh
. "$(dirname "$0")/lib/programs.sh"

# built NAME VARIABLE=VALUE...
built()
{
	name=$1
	shift
	mkdir "$work/$name"
	ok "$name: builds without a warning" make -C "$top" \
		OUTPUT="$work/$name" USERCFLAGS=-Werror "$@"
	for program in $programs; do
		ok "$name: $program lists its tests" \
			lists_tests "$work/$name/$program"
	done
	ok "$name: make clean" make -C "$top" OUTPUT="$work/$name" "$@" clean
	equal "$name: nothing is left" "$(ls "$work/$name")" ""
}

# may_build NAME COMPILER...: skipped where its programs would not run
may_build()
{
	name=$1
	shift
	works "$@" && return
	skip "$name: builds without a warning" "nothing made so runs here"
	return 1
}

for build in ${BUILDS-gcc clang static m32}; do
	case $build in
	gcc)
		built gcc
		;;
	clang)
		may_build clang clang && built clang LLVM=1
		;;
	static)
		may_build static gcc -static && built static USERLDFLAGS=-static
		;;
	m32)
		# Pointers of 32 bits.
		headers=$(kernel_headers)
		may_build m32 gcc -m32 -idirafter "$headers" &&
			built m32 CC="gcc -m32" \
				USERCFLAGS="-Werror -idirafter $headers"
		;;
	esac
done

finish
