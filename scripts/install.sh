#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: install [SET]         install the Debian packages that are needed
#
# install.sh - see that the tools are there
#
# Usage: install.sh [build|graft|patches|check|mainline|archive|lab|kernel|cross|plot|monitors]
#
#   build    what the programs are built and run with
#   graft    what puts them into a kernel tree
#   patches  what makes a series of patches of them
#   check    what tests the tests
#   mainline what else check-mainline tests with
#   archive  what gets packages of other suites (bench)
#   lab      what boots other kernels (lab run)
#   kernel   what builds kernels (lab build)
#   cross    compilers and QEMU for other architectures (lab run --arch)
#   plot     what draws pictures
#   monitors what makes a root file system (monitor --all --kernel)
#
# As root on Debian, what is missing is installed; otherwise it is named.

set -u

CANNOT_TELL=4
[ "${LC_ALL-}" = C ] || eval "$(sh "$(dirname "$0")/../run_tests.sh" --environment)"

# What provides what, one "command package" a line.  Essential packages (tar,
# util-linux, perl-base, coreutils) are not listed.
needs()
{
	case $1 in
	build|check|lab|kernel|cross)
		cat <<-END
		gcc gcc
		make make
		xz xz-utils
		/usr/include/stdio.h libc6-dev
		END
		;;
	esac
	case $1 in
	graft|patches|check|kernel)
		echo patch patch
		;;
	esac
	case $1 in
	patches)
		echo git git
		;;
	esac
	case $1 in
	archive|check|lab|kernel|cross|mainline)
		echo chdist devscripts
		;;
	esac
	case $1 in
	lab|kernel|cross)
		echo cpio cpio
		;;
	esac
	case $1 in
	lab|cross)
		echo jq jq
		;;
	esac
	case $1 in
	lab)
		cat <<-END
		qemu-system-x86_64 qemu-system-x86
		busybox busybox-static
		END
		;;
	kernel)
		cat <<-END
		bc bc
		bison bison
		flex flex
		/usr/include/gelf.h libelf-dev
		/usr/include/openssl/ssl.h libssl-dev
		END
		;;
	mainline)
		cat <<-END
		bwrap bubblewrap
		clang-tidy clang-tidy
		musl-gcc musl-tools
		ruby ruby
		sparse sparse
		/usr/lib/python3/dist-packages/jsonschema python3-jsonschema
		/usr/lib/python3/dist-packages/lava_common lava-common
		/usr/lib/python3/dist-packages/tap python3-tap
		/usr/include/gnu/stubs-32.h libc6-dev-i386
		/usr/share/rubygems-integration/all/specifications ruby-activesupport
		END
		[ "$(gcc -m32 -print-libgcc-file-name 2>/dev/null)" != \
		  "$(gcc -print-libgcc-file-name 2>/dev/null)" ] ||
			echo "/none lib32gcc-$(gcc -dumpversion)-dev"
		;;
	cross)
		cat <<-END
		qemu-system-x86_64 qemu-system-x86
		qemu-system-aarch64 qemu-system-arm
		qemu-system-ppc64 qemu-system-ppc
		qemu-system-riscv64 qemu-system-misc
		qemu-system-s390x qemu-system-misc
		END
		while read -r arch triplet; do
			echo "$triplet-gcc gcc-$triplet"
			echo "/usr/$triplet/include/stdio.h libc6-dev-$arch-cross"
		done <<-END
		arm64 aarch64-linux-gnu
		armhf arm-linux-gnueabihf
		i386 i686-linux-gnu
		ppc64el powerpc64le-linux-gnu
		riscv64 riscv64-linux-gnu
		s390x s390x-linux-gnu
		END
		;;
	esac
	case $1 in
	plot|check)
		echo gnuplot gnuplot-nox
		;;
	esac
	case $1 in
	monitors)
		echo mmdebstrap mmdebstrap
		;;
	esac
	case $1 in
	check)
		cat <<-END
		clang clang
		git git
		jq jq
		prove perl
		ps procps
		python3 python3
		rsync rsync
		shellcheck shellcheck
		yamllint yamllint
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
build|graft|patches|check|mainline|archive|lab|kernel|cross|plot|monitors)
	;;
*)
	sed -n 's/^# Usage: /Usage: /p' "$0" >&2
	exit 2
	;;
esac

packages=$(missing "${1-build}" | sort -u | tr '\n' ' ')
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
work=$(mktemp -d) || exit "$CANNOT_TELL"
trap 'rm -rf "$work"' EXIT
trap 'echo "$0: interrupted" >&2; exit "$CANNOT_TELL"' HUP INT TERM
log=$work/log
# What apt leaves when it is interrupted, and some of it runs as other users.
chmod 755 "$work"
mkdir -m 1777 "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
# shellcheck disable=SC2086
if ! { apt-get -q update &&
       DEBIAN_FRONTEND=noninteractive apt-get -qy install \
		--no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
	cat "$log" >&2
	echo "$0: could not install: $packages" >&2
	exit "$CANNOT_TELL"
fi
