#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Outside a kernel tree: every compiler, no warning, and clean again.

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

built gcc
built clang LLVM=1
built static USERLDFLAGS=-static
# Pointers of 32 bits.
if echo 'int main(void) { return 0; }' |
   gcc -m32 -x c - -o "$work/m32.out" 2>/dev/null; then
	built m32 CC="gcc -m32" USERCFLAGS="-Werror -idirafter $(kernel_headers)"
else
	skip "m32: builds without a warning" "no 32-bit libc here"
fi

finish
