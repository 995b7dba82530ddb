#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# monitors.sh - judge the monitors that Debian has, on another kernel
#
# usage: monitors.sh K LIST [OPTION OF monitor]...
#
# K is as in "lab run", LIST as scripts/monitors.  The machine starts from a file system
# with these programs, of the release of Debian that this machine runs, which is made once
# and kept in LAB_CACHE.  Programs that belong to one kernel (perf) are left out.
#
# exit status: 0 each was asked, 2 bad usage, 4 there is no answer

set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=archive.sh
. "$here/archive.sh"
# shellcheck source-path=SCRIPTDIR source=attended.sh
. "$here/attended.sh"

packages=atop,gdb,htop,lsof,procps,prometheus-process-exporter,psmisc
packages=$packages,python3-psutil,smem,sysstat,wget

# Seconds for all of them.  A program takes up to two minutes, emulated up to three.
limit=5400

[ $# -ge 2 ] || bad_usage 'which kernel, and which monitors?'
kernel=$1 list=$2
shift 2

# make_root: sets $root to the file system
make_root()
{
	release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	root=$LAB_CACHE/monitors-$release
	[ ! -e "$root/made" ] || return 0
	mirror=$(archive_mirrors | grep '/debian/*$' | head -n 1)
	note "a root file system of Debian $release, once"
	rm -rf "$root"
	mkdir -p "$root"
	attended mmdebstrap --variant=minbase --include="$packages" "$release" \
		"$root/files" "$mirror" >"$root/log" 2>&1 || {
		say 'the root file system could not be made:'
		tail -n 5 "$root/log" >&2
		return 1
	}
	rm -rf "$root/files/var/cache/apt" "$root/files/var/lib/apt/lists" \
		"$root/files/usr/share/doc" "$root/files/usr/share/locale" \
		"$root/files/usr/share/man"
	: > "$root/made"
}

sh "$here/../scripts/install.sh" lab && sh "$here/../scripts/install.sh" monitors || exit
[ "$(id -u)" = 0 ] || {
	say 'a root file system is made by root'
	exit 4
}
image=$(sh "$here/../run_tests.sh" lab fetch "$kernel") && make_root || exit 4
make -s -C "$here/.." monitor_bench >&2 || exit 4

gate=$root/files/gate
rm -rf "$gate"
mkdir -p "$gate/scripts"
cp "$here/../run_tests.sh" "$here/../monitor_bench" "$gate/"
cp "$here/../scripts/monitor.sh" "$gate/scripts/"
cp "$list" "$gate/scripts/monitors"

# The shell of the file system, not busybox', which prefers its own programs to others.
dir=$LAB_CACHE/runs/monitors-$kernel
note "judging monitors on $kernel"
attended sh "$here/boot.sh" --kernel "$image" --out "$dir" --timeout "$limit" \
	--root "$root/files" --memory 3G --env LC_ALL=C --show -- \
	/bin/sh /gate/scripts/monitor.sh --all "$@" || exit 4
