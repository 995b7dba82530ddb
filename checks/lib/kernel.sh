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
	[ -f "$source/Makefile" ] || unpack_source "${line#* }" || return
	echo "$source"
}

# unpack_source "PACKAGE VERSION"
unpack_source()
{
	mkdir -p "$LAB_CACHE/src"
	new=$(mktemp -d "$LAB_CACHE/src/new.XXXXXX") || return
	mkdir "$new/tree"
	deb=$(archive archive_get "${1% *}=${1#* }" "$new") &&
		dpkg-deb --fsys-tarfile "$deb" |
		tar -xO --wildcards '*/linux-source-*.tar.xz' |
		tar -xJ --strip-components=1 -C "$new/tree" &&
		[ -f "$new/tree/Makefile" ] && mv "$new/tree" "$source"
	rm -rf "$new"
	[ -f "$source/Makefile" ]
}

# kernel_copy DIR: what "make headers", one object file and all targets of the
# selftests need; without the bulk of drivers and documentation.
kernel_copy()
{
	mkdir -p "$1"
	(
		cd "$kernel" &&
		tar -c --exclude='drivers/*/*' --exclude=tools/perf \
			--exclude='*.o' Makefile K* MAINTAINERS arch/Kconfig \
			arch/x86 Documentation/filesystems/proc.rst block \
			certs crypto drivers fs include init io_uring ipc \
			kernel lib mm net rust samples scripts security sound \
			tools usr virt
	) | tar -x -C "$1"
}
