# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# kernel.sh - a kernel tree to work in, as whole as the selftests need it
#
# Sourced behind debian.sh.

# kernel_source: where a whole kernel tree is, which must not be changed: KDIR,
# or the newest linux-source of Debian, which the lab uses too.
kernel_source()
{
	if [ "${KDIR-}" ]; then
		echo "$KDIR"
		return
	fi
	line=$(archive archive_find source newest) || return
	source=$LAB_CACHE/src/${line%% *}
	# shellcheck disable=SC2086 # PACKAGE VERSION
	archive archive_source "$source" ${line#* } || return
	echo "$source"
}

# needs_kernel NAME: sets $kernel to it, which KDIR no longer says; what cannot be had is
# no failure
needs_kernel()
{
	if ! kernel=$(kernel_source 2>"$work/err"); then
		explain "$work/err"
		skip "$1" "no kernel source to be had"
		finish
	fi
	unset KDIR
}

# kernel_copy DIR: what a configuration, "make headers", an object file of mm/ or
# fs/ and all targets of the selftests need; not the bulk of a kernel.
kernel_copy()
{
	mkdir -p "$1"
	(
		cd "$kernel" || exit
		find . -path ./tools/perf -prune -o \
			\( -name 'Kconfig*' -o -name Kbuild \) -print |
		tar -c --exclude='*.o' --exclude=tools/perf -T - \
			Documentation/filesystems/proc.rst MAINTAINERS Makefile \
			arch/x86 fs include init kernel lib mm scripts security \
			tools usr
	) | tar -x -C "$1"
}
