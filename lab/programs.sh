# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# programs.sh - the test programs: built statically for whatever kernel there will
# be, and run again and again in a machine
#
# Sourced after common.sh.

# shellcheck source-path=SCRIPTDIR source=attended.sh
. "$here/attended.sh"
# shellcheck source-path=SCRIPTDIR source=splat.sh
. "$here/splat.sh"

# static_programs [ARCH]: the tree's own Makefile builds them, for this machine's
# architecture or for another one of Debian's.  Sets $programs to where they are,
# which is LAB_PROGRAMS where that is set.
static_programs()
{
	programs=${LAB_PROGRAMS-}
	[ -z "$programs" ] || return 0
	programs=$LAB_CACHE/static
	set -- "${1:-$(dpkg --print-architecture)}"
	programs_compiler=''
	if [ "$1" != "$(dpkg --print-architecture)" ]; then
		programs=$programs-$1
		# it warns that this machine's compiler is not for that one
		programs_compiler=$(dpkg-architecture -f -a"$1" \
			-qDEB_HOST_GNU_TYPE 2>/dev/null)- || return 1
	fi
	mkdir -p "$programs"
	programs_tree=$(sh "$here/../run_tests.sh" tree) || return 1
	programs_list=''
	for program in $(sh "$here/../run_tests.sh" --programs); do
		programs_list="$programs_list $programs/$program"
	done
	note 'building the programs, static'
	# shellcheck disable=SC2086 # a list of targets
	make --no-print-directory -C "$programs_tree" OUTPUT="$programs" \
		CROSS_COMPILE="$programs_compiler" USERLDFLAGS=-static \
		$programs_list > "$programs/log" 2>&1 || {
		say 'the programs could not be built statically:'
		tail -n 15 "$programs/log" >&2
		return 1
	}
}

# boot_again [OPTION OF boot.sh]... -- again.sh [OPTION]... COMMAND...
boot_again()
{
	attended sh "$here/boot.sh" --program "$here/again.sh" --program "$here/splat.sh" \
		--program "$here/../lib/kernel_log.c" "$@"
}
