#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: tree                  print where in a kernel tree the programs are built
#: tree --pristine       print a kernel tree without our files
#
# tree.sh - provide the part of a kernel tree that the kselftests need
#
# Usage: [KDIR=DIR] tree.sh [--pristine]
#
# The part is copied from KDIR, or taken once from the newest linux-source
# package that this machine's apt sources offer, to .tree/.  Beside it lies a
# live copy, whose selftests/proc holds links to our files in place of the
# kernel's, so that a plain "make run_tests" there runs ours alone.

set -eu

CANNOT_TELL=4

here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"
store=$here/.tree
proc=tools/testing/selftests/proc

# shellcheck source=scripts/harness.sh
. "$here/scripts/harness.sh"

say()
{
	[ -t 2 ] && printf '%s\n' "$*" >&2
	return 0
}

die()
{
	echo "$0: $*" >&2
	exit "$CANNOT_TELL"
}

# Whatever ends this, from mkdir(1) to a redirection, says nothing about a kernel.
ended()
{
	status=$?
	trap '' HUP INT TERM
	[ ! "$locked" ] || rm -rf "$store"/new*
	case $status in
	0|"$CANNOT_TELL")
		;;
	*)
		die "could not make a kernel tree in $store:" \
			"no room, or no right to write there?"
		;;
	esac
}

# apt COMMAND...: what it leaves in TMPDIR when it is interrupted goes with the rest.
# As root, as no other user need see the folder.
apt()
{
	mkdir -p "$store/new.tmp"
	TMPDIR=$store/new.tmp apt-get -q -o APT::Sandbox::User=root "$@"
}

newest_package()
{
	apt-cache pkgnames linux-source- | grep -x 'linux-source-[0-9.]*' |
		sort -V | tail -n 1
}

# from_package DIR
from_package()
{
	command -v apt-get >/dev/null ||
		die "no apt-get here: say KDIR=/path/to/linux"
	package=$(newest_package)
	if [ ! "$package" ] && [ "$(id -u)" -eq 0 ]; then
		say "asking the distribution what it offers"
		apt update >"$1.log" 2>&1 || :
		package=$(newest_package)
	fi
	[ "$package" ] || die "apt offers no linux-source package:" \
		"run apt-get update as root, or say KDIR=/path/to/linux"

	say "fetching and unpacking $package, once (150 MB, about 20 s)"
	mkdir "$1.deb"
	(cd "$1.deb" && apt download "$package" >>"$1.log" 2>&1) || {
		cat "$1.log" >&2
		die "could not download $package"
	}
	# Wildcards for the patterns; the first directory is the release.
	selftest_parts | sed 's,^,linux-source-*/,' >"$1.parts"
	dpkg-deb --fsys-tarfile "$1.deb"/*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ -C "$1" --strip-components=1 --wildcards \
			--no-wildcards-match-slash -T "$1.parts" 2>"$1.log" || :
	rm -r "$1.deb" "$1.parts"
	echo "$package" >"$1/.origin"
}

# from_kdir DIR
from_kdir()
{
	[ -e "$KDIR/tools/testing/selftests/lib.mk" ] ||
		die "KDIR=$KDIR is not a kernel tree"
	(
		cd "$KDIR"
		# shellcheck disable=SC2046
		tar -c $(selftest_parts) 2>/dev/null
	) | tar -x -C "$1"
	echo "$KDIR" >"$1/.origin"
}

# provide HOW DIR: a tree appears whole or not at all, since it is made beside
# its place, then moved.  One that is the same as before is left alone, with
# whatever runs in it.
provide()
{
	rm -rf "$store"/new*
	mkdir "$store/new"
	"$1" "$store/new"
	for file in scripts/subarch.include tools/include/uapi/linux/fs.h \
		    "$proc/Makefile" tools/testing/selftests/lib.mk \
		    tools/testing/selftests/kselftest/runner.sh; do
		[ -s "$store/new/$file" ] || die "$file is missing in the tree"
	done
	harness_will_do "$store/new" || die "$HARNESS_TOO_OLD"
	if ! diff -rq "$store/new" "$2" >/dev/null 2>&1; then
		rm -rf "$2" "$live"
		mv "$store/new" "$2"
	fi
	rm -rf "$store"/new*
}

# Our files as links, so that an edit counts at once.
make_live()
{
	if [ ! -d "$live" ]; then
		rm -rf "$store/new"
		cp -a "$pristine" "$store/new"
		rm -r "$store/new/$proc"
		mkdir "$store/new/$proc"
		mv "$store/new" "$live"
	fi
	for file in "$here"/* "$here"/*/*.[ch]; do
		[ -f "$file" ] || continue
		link=$live/$proc/${file#"$here"/}
		[ "$(readlink "$link")" != "$file" ] || continue
		mkdir -p "${link%/*}"
		ln -sf "$file" "$link"
	done
	# What has been renamed or removed meanwhile.
	find "$live/$proc" -xtype l -delete
}

case ${1-} in
''|--pristine)
	;;
*)
	echo "Usage: [KDIR=DIR] $0 [--pristine]" >&2
	exit 2
	;;
esac

locked=
trap ended EXIT
trap 'die interrupted' HUP INT TERM
sh "$here/run_tests.sh" --place || exit
mkdir -p "$store"
exec 8>"$store/lock"
flock 8
locked=1

if [ "${KDIR-}" ]; then
	kdir=$(cd "$KDIR" 2>/dev/null && pwd -P) ||
		die "KDIR=$KDIR is no directory to be entered"
	KDIR=$kdir
	pristine=$store/kdir
	live=$pristine-live
	provide from_kdir "$pristine"
else
	pristine=$store/linux
	live=$pristine-live
	[ -d "$pristine" ] || provide from_package "$pristine"
fi

if [ "${1-}" = --pristine ]; then
	echo "$pristine"
else
	make_live
	echo "$live/$proc"
fi
