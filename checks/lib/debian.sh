# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2154
#
# debian.sh - tools from suites of Debian that this machine does not run
#
# They are fetched as the lab fetches its kernels, unpacked beside them in
# LAB_CACHE, and run from there: bwrap(1) shows them their own /usr, and
# everything else as it is.  Nothing is installed.

: "${LAB_CACHE:=$top/.lab}"
export LAB_CACHE

# archive COMMAND...: a command of lab/archive.sh, with its names in a shell of
# their own.
archive()
{
	(
		# shellcheck disable=SC2034
		here=$top/lab
		# shellcheck source=../../lab/common.sh
		. "$top/lab/common.sh"
		# shellcheck source=../../lab/archive.sh
		. "$top/lab/archive.sh"
		"$@"
	)
}

# archive_names PATTERN: packages whose whole name matches, oldest first
archive_names()
{
	archive archive_update || return
	archive archive_chdist apt-cache pkgnames | grep -xE "$1" | sort -V
}

# other_usr NAME PACKAGE...: unpacks the packages and what they depend on;
# prints where, with usr/ in it.
other_usr()
(
	other_root=$LAB_CACHE/usr/$1
	shift
	if [ ! -d "$other_root" ]; then
		archive archive_update || exit
		mkdir -p "$LAB_CACHE/usr"
		other_new=$(mktemp -d "$LAB_CACHE/usr/new.XXXXXX") || exit
		trap 'rm -rf "$other_new"' EXIT
		trap 'exit 1' HUP INT TERM
		if unpack_all "$@" >"$other_new/log" 2>&1; then
			mv "$other_new/root" "$other_root"
		else
			tail -n 5 "$other_new/log" >&2
		fi
	fi
	[ -d "$other_root" ] && echo "$other_root"
)

unpack_all()
{
	mkdir -p "$other_new/debs/partial" "$other_new/root"
	archive archive_chdist apt-get -qy --no-install-recommends \
		--download-only -o APT::Sandbox::User=root \
		-o Dir::Cache::archives="$other_new/debs" install "$@" || return
	# Older packages have files in /lib, newer ones only in /usr/lib.
	for directory in bin sbin lib lib64; do
		mkdir -p "$other_new/root/usr/$directory"
		ln -s "usr/$directory" "$other_new/root/$directory"
	done
	for deb in "$other_new"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x --keep-directory-symlink -C "$other_new/root" ||
			return
	done
}

# wrap ROOT COMMAND: prints a script that runs COMMAND with ROOT's /usr
wrap()
{
	cat >"$work/wrap-$2" <<-END
	#!/bin/sh
	exec bwrap --dev-bind / / --ro-bind $1/usr /usr $2 "\$@"
	END
	chmod +x "$work/wrap-$2"
	echo "$work/wrap-$2"
}
