#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Each gcc from 10 on and each clang that Debian has, 32 bits, musl: no warning,
# and programs that start.  COMPILERS="gcc-10 clang-19" are only these.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/programs.sh
. "$(dirname "$0")/../lib/programs.sh"
# shellcheck source=../lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"

# What the kernel supports: see scripts/min-tool-version.sh there.
oldest_gcc=10
oldest_clang=13

# built NAME VARIABLE=VALUE...: static, since a library may be that of another
# suite.
built()
{
	name=$1
	shift
	# CC and flags, as make gets them.
	# shellcheck disable=SC2046
	if ! works $(printf '%s ' "$@" | sed 's/USERCFLAGS=//; s/CC=//') -static; then
		skip "$name: builds without a warning" "nothing made so runs here"
		return
	fi
	mkdir "$work/$name"
	ok "$name: builds without a warning" make -C "$top" \
		OUTPUT="$work/$name" USERLDFLAGS=-static "$@" || return
	for program in $programs; do
		ok "$name: $program lists its tests" \
			lists_tests "$work/$name/$program"
	done
	ok "$name: the judges judge right" "$work/$name/proc_maps_selftest"
	rm -rf "${work:?}/$name"
}

# with_compiler NAME: one of another suite, with the C library of its time
with_compiler()
{
	case $1 in
	gcc-*)
		set -- "$1" "$1" libc6-dev
		;;
	*)
		set -- "$1" "$1" libc6-dev gcc binutils
		;;
	esac
	if ! usr=$(other_usr "$@" 2>"$work/out"); then
		explain "$work/out"
		skip "$1: builds without a warning" "not to be had"
		return
	fi
	cc=$(wrap "$usr" "$1")
	"$cc" --version 2>&1 | sed '1!d; s/^/# /'
	# The harness keeps a pointer that clang 23 sees no use of.
	flags=-Werror
	"$cc" -Werror -Wunused-but-set-global -x c -c /dev/null \
		-o "$work/null.o" >"$work/out" 2>&1 &&
		flags="$flags -Wno-unused-but-set-global"
	built "$1" CC="$cc" USERCFLAGS="$flags"
}

# compilers NAME OLDEST
compilers()
{
	archive_names "$1-[0-9]+" | awk -F- -v oldest="$2" '$2 >= oldest'
}

if [ ! "${COMPILERS-}" ]; then
	COMPILERS=$(compilers gcc $oldest_gcc; compilers clang $oldest_clang)
	[ "$COMPILERS" ] || skip "compilers of other suites" "not to be had"
	# Under musl and -m32 the compiler is the machine's own.
	COMPILERS="$COMPILERS m32 clang-m32 musl"
fi

headers=$(kernel_headers)
for compiler in $COMPILERS; do
	case $compiler in
	m32)
		built m32 CC="gcc -m32" \
			USERCFLAGS="-Werror -idirafter $headers"
		;;
	clang-m32)
		built clang-m32 CC="clang -m32" \
			USERCFLAGS="-Werror -idirafter $headers"
		;;
	musl)
		built musl CC=musl-gcc \
			USERCFLAGS="-Werror -idirafter $headers"
		;;
	*)
		with_compiler "$compiler"
		;;
	esac
done

finish
