#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Ways to boot and to limit a machine: they change how much is known, and not what is said.
# A row is a name, a kernel, and options of "lab run" or limits of a control group; what is
# expected is what the kernel is always expected to say.
#
# By default some of them, with LAB_ALL all.  CONFIGURATIONS names others.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

needs_lab lab

# x86 has full and lazy preemption only, from 7.0 on; lazy is a variant of the lab's own,
# which matrix.sh asks.  The machine has two CPUs, 1 GiB and page tables of five levels, if
# nothing else is said.
rows=$(cat <<END
none		6.18	--append preempt=none
voluntary	6.18	--append preempt=voluntary
vsyscall-none	7.3	--append vsyscall=none
vsyscall-xonly	7.3	--append vsyscall=xonly
vsyscall-emulate	6.18	--append vsyscall=emulate
8-cpus		7.3	--cpus 8
4-levels	7.3	--append no5lvl
nohz-full	7.3	--cpus 4 --append nohz_full=3
isolated	7.3	--cpus 4 --append isolcpus=domain,2-3
thp-always	7.3	--append transparent_hugepage=always
thp-never	7.3	--append transparent_hugepage=never
cpu.max		7.3	GUEST_CGROUP=cpu.max=150000,100000
memory.max	7.3	GUEST_CGROUP=memory.max=400M
END
)
: "${CONFIGURATIONS:=$(choose "none 8-cpus cpu.max" \
	"$(echo "$rows" | cut -f 1)")}"

for name in $CONFIGURATIONS; do
	row=$(echo "$rows" | awk -v name="$name" '$1 == name { $1 = ""; print }')
	[ "$row" ] || {
		equal "there is a configuration $name" "" "$name"
		continue
	}
	# shellcheck disable=SC2086 # words
	set -- $row
	has_kernel "$1" || continue
	case $2 in
	GUEST_CGROUP=*)
		GUEST_CGROUP=${2#*=} lab_run --kernel "$1" ;;
	*)	lab_run --kernel "$@" ;;
	esac
	judge "$name" tearing maps query smaps numa_maps
done

finish
