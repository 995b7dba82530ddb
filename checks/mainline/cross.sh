#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Built for other architectures, by lib.mk's own means, without a warning: in a
# grafted tree, whose Makefile has no flags of ours.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/programs.sh
. "$(dirname "$0")/../lib/programs.sh"

tree=$work/linux
cp -a "$("$top/scripts/tree.sh" --pristine)" "$tree" || exit
"$top/run_tests.sh" graft "$tree" || exit

# The kernel's name, the compiler's prefix, readelf's name
while read -r arch prefix machine; do
	if ! links "${prefix}gcc"; then
		skip "$arch: builds without a warning" "no compiler for it"
		continue
	fi
	mkdir "$work/$arch"
	set --
	for program in $programs; do
		set -- "$@" "$work/$arch/$program"
	done
	ok "$arch: builds without a warning" \
		make -C "$tree/tools/testing/selftests/proc" \
		OUTPUT="$work/$arch" USERCFLAGS=-Werror ARCH="$arch" \
		CROSS_COMPILE="$prefix" "$@" || continue
	for program in $programs; do
		readelf -h "$work/$arch/$program" >"$work/header"
		ok "$arch: $program is for it" \
			grep -q "Machine: *$machine" "$work/header"
	done
done <<END
i386 i686-linux-gnu- Intel 80386
arm64 aarch64-linux-gnu- AArch64
arm arm-linux-gnueabihf- ARM
riscv riscv64-linux-gnu- RISC-V
powerpc powerpc64le-linux-gnu- PowerPC64
s390 s390x-linux-gnu- IBM S/390
END

finish
