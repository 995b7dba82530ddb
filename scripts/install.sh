#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: install [check|lab]     install the Debian packages that are needed
#
# install.sh - see that the tools are there
#
# Usage: install.sh [build|graft|patches|check|lab]
#
# As root on Debian, what is missing is installed; otherwise it is named.

set -u

CANNOT_TELL=4

# What provides what, one "command package" a line.  Essential packages (tar,
# util-linux, perl-base, coreutils) are not listed.
needs()
{
	case $1 in
	build|check|lab)
		cat <<-END
		gcc gcc
		make make
		xz xz-utils
		/usr/include/stdio.h libc6-dev
		END
		;;
	esac
	case $1 in
	graft|patches|check)
		echo patch patch
		;;
	esac
	case $1 in
	patches)
		echo git git
		;;
	esac
	case $1 in
	lab)
		cat <<-END
		qemu-system-x86_64 qemu-system-x86
		busybox busybox-static
		cpio cpio
		chdist devscripts
		jq jq
		END
		;;
	esac
	case $1 in
	check)
		cat <<-END
		clang clang
		git git
		prove perl
		ps procps
		python3 python3
		rsync rsync
		shellcheck shellcheck
		END
		;;
	esac
}

missing()
{
	needs "$1" | while read -r what package; do
		case $what in
		/*)
			[ -e "$what" ] || echo "$package"
			;;
		*)
			command -v "$what" >/dev/null || echo "$package"
			;;
		esac
	done
}

case ${1-build} in
build|graft|patches|check|lab)
	;;
*)
	echo "Usage: $0 [build|graft|patches|check|lab]" >&2
	exit 2
	;;
esac

packages=$(missing "${1-build}" | tr '\n' ' ')
packages=${packages% }
[ "$packages" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "$0: please install what Debian calls: $packages" >&2
	exit "$CANNOT_TELL"
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "$0: please run as root: apt-get install $packages" >&2
	exit "$CANNOT_TELL"
fi

[ -t 2 ] && echo "installing $packages" >&2
log=$(mktemp) || exit "$CANNOT_TELL"
trap 'rm -f "$log"' EXIT
trap 'exit "$CANNOT_TELL"' HUP INT TERM
# shellcheck disable=SC2086
if ! { apt-get -q update &&
       DEBIAN_FRONTEND=noninteractive apt-get -qy install \
		--no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
	cat "$log" >&2
	echo "$0: could not install: $packages" >&2
	exit "$CANNOT_TELL"
fi
