#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What would be felt by the whole machine is tried in a virtual one: few mappings
# per process (vm.max_map_count), little memory, one CPU.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/ktap.sh
. "$(dirname "$0")/../lib/ktap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

# One that reads under mmap_lock, so that nothing but the limits is in the way.
: "${SMALL_KERNEL:=6.16}"
# The judges' own test asks nothing of the machine.
# shellcheck disable=SC2031 # lib/lab.sh has a subshell of its own
programs=${programs#proc_maps_selftest }

needs_lab lab
has_kernel "$SMALL_KERNEL" || finish
static=$(static_here) || exit

# answered: no test of what the guest printed failed, and reasons do not vary.
answered()
{
	grep -qE '^1\.\.[0-9]+' "$work/run/out" ||
		{ cat "$work/run/log"; return 1; }
	grep '^not ok ' "$work/run/out" >"$work/bad"
	holds_nothing "$work/bad" && constant_reasons "$work/run/out"
}

# small NAME BOOT-OPTION...
small()
{
	what=$1
	shift
	for program in $programs; do
		case $program in
		proc_maps_tearing)
			some="-v hole -f leaving -f access -f query -f shapes"
			;;
		proc_mmap_latency)
			some="-v control_hog -v maps_hog -v few_8"
			;;
		*)
			some="-v fork_hole"
			;;
		esac
		rm -rf "$work/run"
		# shellcheck disable=SC2086
		sh "$top/lab/boot.sh" --kernel "$image" --out "$work/run" \
			--program "$static/$program" --timeout 200 "$@" \
			-- "$program" $some >"$work/out" 2>&1
		ok "$what: $program answers" answered
		grep -hE '^(ok|not ok) .*(SKIP|known)' "$work/run/out" |
			sed 's/.*# SKIP //' | sort | uniq -c | sed 's/^/#/'
	done
}

small "max_map_count 100" --append sysctl.vm.max_map_count=100
small "256 MiB, one CPU" --memory 256M --cpus 1

finish
