#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: lab list              the kernels at hand, and those that can be had
#: lab run [--kernel K]  run the gate on other kernels, in QEMU (lab run --help)
#: lab build [VARIANT]   build kernels with one thing different
#
# lab.sh - the same gate on any kernel, and the answers it should give

set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=archive.sh
. "$here/archive.sh"
# shellcheck source-path=SCRIPTDIR source=attended.sh
. "$here/attended.sh"
# shellcheck source-path=SCRIPTDIR source=machine.sh
. "$here/machine.sh"
# shellcheck source-path=SCRIPTDIR source=answers.sh
. "$here/answers.sh"

usage()
{
	cat <<EOF
usage: lab.sh list [--arch ARCH]
       lab.sh run [--kernel K]... [options] [-- OPTIONS OF THE GATE]
       lab.sh build [--source WHICH] [VARIANT]...
       lab.sh fetch [--arch ARCH] K...
       lab.sh expected K

list    Prints the kernels that run takes: Debian's of each release, with *
        where already here, and own images.
run     Boots each K in QEMU, runs the gate there and prints a line of the
        matrix each.  K is a release series (6.16), a release (6.17.8), an
        image of list, a path to a bzImage, or running (no QEMU).  Without
        --kernel: the newest release of each series.
build   Builds variants from Debian's linux-source (default: all but those
        that are here): $(variants | tr '\n' ' ')
fetch   Only gets kernels from the archive, so that run need not, and prints
        where the image of each K is.
expected
        Prints what K, a release or an own image, should answer for tearing,
        maps, PROCMAP_QUERY, smaps and numa_maps.

  --arch ARCH      the machine, emulated (default: amd64; others:
                   ${machines#* })
  --cpus N         (default: 2; with 1 latency is skipped)
  --memory SIZE    (default: 1G)
  --timeout S      for each program, and half as much again for the machine
                   (default: 600, or with DURATION what all tests then take;
                   cured-debug needs 1800)
  --append STRING  for the kernel's command line (as: nosmt)
  --out DIR        results (default: \$LAB_CACHE/runs)
  --vng            use virtme-ng's vng instead of the lab's own machine
  --times N        each kernel N times
  --once           one that could not tell is not asked again
  --stress         instead: all of proc_maps_stress, in a machine with a disk for
                   swap and two nodes of memory, DURATION seconds for each of
                   its tests (default: 1; with 110 it is an hour)

DIR has a folder for each kernel: out (KTAP), log (the kernel's), files/ (JSON),
and matrix.json.  A kernel of which the gate could not tell for want of time or of
chances is asked once more, and its line says so; what there was the first time is
kept in the folder's namesake .undecided.  GATE, DURATION, FULL, SEED, PLANT,
STRESS and KSFT_MACHINE_SLOW are handed on; GUEST_CGROUP has limits of a control group
that all runs in (cpu.max=150000,100000 memory.max=400M).  LAB_CACHE is the cache's
folder (now: $LAB_CACHE).  LAB_PROGRAMS is a folder with the programs, already built
statically.

exit status: 0 each kernel answered as $here/expected says, 1 one did not (with
GATE=1 also: one failed), 2 bad usage, 4 one did not answer or could not tell.
EOF
}

variants()
{
	awk '/^[^#]/ { print $1 }' "$here/variants"
}

# The lab's own images: all that did not come from a kernel package.
own_images()
{
	for image in "$LAB_CACHE"/images/*/bzImage; do
		[ -f "$image" ] || continue
		image=${image%/bzImage}
		! grep -q '^linux-\(image\|binary\)' "$image/origin" \
			2>/dev/null && echo "${image##*/}"
	done
	:
}

# for_machine ARCH: what is fetched and booted is for that from here on
for_machine()
{
	case " $machines " in
	*" $1 "*) archive_for "$1" ;;
	*) bad_usage "no machine '$1'; there are: $machines" ;;
	esac
}

# image_of K: prints the name for the results, a tab, and the image
image_of()
{
	case $1 in
	running)
		printf '%s\t\n' running ;;
	*/*)	[ -f "$1" ] || {
			say "no kernel image: $1"
			return 2
		}
		printf '%s\t%s\n' "$(echo "$1" | sed 's#^/*##; s#/#_#g')" \
			"$(realpath "$1")" ;;
	*)	name=$(archive_prefix)$1
		if [ ! -f "$LAB_CACHE/images/$name/bzImage" ]; then
			case $1 in
			[0-9]*) name=$(archive_kernel "$1") || return 4 ;;
			*)	say "no image $name (lab build $name, lab list)"
				return 2 ;;
			esac
		fi
		printf '%s\t%s\n' "$name" \
			"$LAB_CACHE/images/$name/bzImage" ;;
	esac
}

list()
{
	[ "${1-}" != --arch ] || {
		for_machine "${2-}"
		shift 2
	}
	[ $# -eq 0 ] || bad_usage "list does not take $1"
	sh "$here/../scripts/install.sh" lab || exit
	archive_list kernel > /dev/null || return 4
	archive_list kernel | while read -r release package _; do
		here_mark=' '
		[ ! -f "$LAB_CACHE/images/$(archive_prefix)$release/bzImage" ] ||
			here_mark='*'
		echo "$release $here_mark $package"
	done | awk '
		{
			series = $1
			sub(/~.*/, "", series)
			match(series, /^[0-9]+\.[0-9]+/)
			series = substr(series, 1, RLENGTH)
			if (series != last)
				printf "%s%-6s", (NR == 1 ? "" : "\n"), series
			last = series
			printf " %s%s", $1, ($2 == "*" ? "*" : "")
		}
		END { print "" }'
	[ "$archive_machine" = amd64 ] || return 0
	own_images | while read -r image; do
		echo "$image: $(paste -sd' ' "$LAB_CACHE/images/$image/origin" \
			2>/dev/null)"
	done
	echo "running: $(uname -r)"
}

build()
{
	which=newest
	while [ $# -gt 0 ]; do
		case $1 in
		--source) [ $# -ge 2 ] || bad_usage '--source needs a value'
			which=$2; shift ;;
		--help|-h) usage; exit 0 ;;
		-*) bad_usage "unknown option $1" ;;
		*) break ;;
		esac
		shift
	done
	for variant; do
		variants | grep -qx "$variant" ||
			bad_usage "no variant $variant"
	done
	sh "$here/../scripts/install.sh" kernel || exit
	[ $# -gt 0 ] || {
		for variant in $(variants); do
			[ -f "$LAB_CACHE/images/$variant/bzImage" ] ||
				set -- "$@" "$variant"
		done
	}
	for variant; do
		eval "set -- $(awk -v v="$variant" '$1 == v {
			n = split($2, config, ",")
			for (i = 1; i <= n; i++)
				printf "--%s %s ", (config[i] == "um" ? \
					"arch" : "config"), config[i]
			n = split($3, patch, ",")
			for (i = 1; i <= n; i++)
				printf "--patch \"$here/%s\" ", patch[i]
		}' "$here/variants")"
		# What is expected of VARIANT is so of the newest source.
		[ "$which" = newest ] || variant=$variant-$which
		sh "$here/build.sh" --source "$which" "$@" "$variant" || exit
	done
}

fetch()
{
	[ "${1-}" != --arch ] || {
		for_machine "${2-}"
		shift 2
	}
	sh "$here/../scripts/install.sh" lab || exit
	for kernel; do
		found=$(image_of "$kernel") || exit
		echo "${found#*	}"
	done
}

expected()
{
	[ $# -eq 1 ] || bad_usage 'expected takes one kernel'
	cpus=2 stress=''
	case $1 in
	[0-9]*) ;;
	*) variants | grep -qx "$1" || bad_usage "no release and no variant: $1" ;;
	esac
	expected_of "$1" "$1"
}

case ${2-} in
--help|-h) usage; exit 0 ;;
esac
case ${1-} in
list) shift; list "$@" ;;
run) shift
	# shellcheck source-path=SCRIPTDIR source=run.sh
	. "$here/run.sh" ;;
build) shift; build "$@" ;;
fetch) shift; fetch "$@" ;;
expected) shift; expected "$@" ;;
--help|-h|help|'') usage ;;
*) bad_usage "no such command: $1" ;;
esac
