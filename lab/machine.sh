# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# machine.sh - which machine QEMU makes for an architecture
#
# Sourced.  machine_for ARCH sets qemu, machine, cpu, accel, and the names that
# the guest has for its serial ports: port_log, port_out, port_files.

machine_for()
{
	qemu='' machine='' cpu='-cpu max' accel=tcg,thread=multi
	port_log=ttyS0 port_out=ttyS1 port_files=ttyS2
	case $1 in
	amd64) qemu=qemu-system-x86_64 machine='-machine pc' ;;
	*) return 1 ;;
	esac

	# A machine like the one we are on can be run by its own processor.
	# /dev/kvm alone says nothing: it may be there and refuse to work.
	[ "$1" = "$(dpkg --print-architecture)" ] || return 0
	if kvm_works; then
		accel=kvm cpu='-cpu host'
	fi
}

kvm_works()
{
	[ -w /dev/kvm ] || return 1
	# A machine that is started stopped and told to quit at once; the inner
	# shell is where a crash of QEMU would be announced.
	sh -c 'echo quit | timeout 10 "$1" -accel kvm -cpu host -display none \
		-nodefaults -S -monitor stdio; exit $?' sh "$qemu" \
		>/dev/null 2>&1
}

# One processor, and a clock that every instruction moves on by a nanosecond.
machine_counting()
{
	accel=tcg,thread=single cpu='-cpu max -icount shift=0,sleep=off' cpus=1
}
