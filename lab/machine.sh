# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# machine.sh - which machine QEMU makes for an architecture
#
# Sourced.  An architecture is named in Debian's words, with the flavour of its
# kernels behind it where that is not the usual one: arm64-16k, ppc64el-64k.

machines='amd64 i386 arm64 arm64-16k armhf riscv64 ppc64el ppc64el-64k s390x'

# machine_for ARCH: sets qemu, machine, cpu and accel; console, port_out and
# port_files, which are the guest's names for its serial ports; ports, which
# joins these to the chardevs log, out and files; words, for the kernel's command
# line; and more, for what follows.
#
# What a port needs must be built into Debian's kernels, since there are no
# modules in the machine: 16550s on the ISA or the PCI bus, the hypervisor's
# own terminals on pseries, virtio on s390x.
machine_for()
{
	qemu='' machine='-machine virt' cpu='-cpu max' accel=tcg,thread=multi
	more=''
	# a machine that the host lets wait for 21 s is slow, not stuck
	words=rcupdate.rcu_cpu_stall_timeout=60
	console=ttyS0 port_out=ttyS1 port_files=ttyS2
	ports='-serial chardev:log'
	machine_pci='-device pci-serial,chardev=out -device pci-serial,chardev=files'
	case $1 in
	amd64|i386)
		# on a busy host the first ticks are late, and a kernel that waits
		# for them finds its timer broken; or a watchdog gives up the
		# TSC, by patching code that another CPU runs, which QEMU's
		# emulation does not survive each time
		qemu=qemu-system-x86_64 machine='-machine pc'
		words="$words no_timer_check tsc=reliable"
		ports="$ports -serial chardev:out -serial chardev:files" ;;
	arm64*)	# the architected pointer authentication is slow to emulate
		qemu=qemu-system-aarch64 cpu='-cpu max,pauth-impdef=on'
		console=ttyAMA0 port_out=ttyS0 port_files=ttyS1
		ports="$ports $machine_pci" ;;
	armhf)	# without LPAE a kernel does not reach what is above 4 GB
		qemu=qemu-system-arm machine='-machine virt,highmem=off'
		cpu='-cpu cortex-a15'
		console=ttyAMA0 port_out=ttyS0 port_files=ttyS1
		ports="$ports $machine_pci" ;;
	riscv64)
		qemu=qemu-system-riscv64 cpu='-cpu rv64'
		ports="$ports $machine_pci" ;;
	ppc64el*)
		qemu=qemu-system-ppc64 machine='-machine pseries'
		console=hvc0 port_out=hvc1 port_files=hvc2
		ports="$ports -serial chardev:out -serial chardev:files" ;;
	s390x)	qemu=qemu-system-s390x machine='-machine s390-ccw-virtio'
		console=ttysclp0 port_out=vport0p1 port_files=vport0p2
		ports="$ports -device virtio-serial-ccw
			-device virtserialport,nr=1,chardev=out
			-device virtserialport,nr=2,chardev=files" ;;
	um)	# no machine, but a program; only seccomp lets it have two CPUs
		accel=um console=tty0
		ports='con0=null,fd:1 con=null ssl1=null,fd:4 ssl2=null,fd:5' ;;
	*) return 1 ;;
	esac

	# A machine like the one we are on can be run by its own processor.
	# /dev/kvm alone says nothing: it may be there and refuse to work.
	[ "${1%%-*}" = "$(dpkg --print-architecture)" ] || return 0
	if kvm_works; then
		accel=kvm cpu='-cpu host'
	fi
}

kvm_works()
{
	[ -w /dev/kvm ] || return 1
	# Without the processor's help it is PVM's, which starts a machine, too, but
	# does not bring a kernel up that was not made for it.
	[ "$(uname -m)" != x86_64 ] || grep -qw 'vmx\|svm' /proc/cpuinfo ||
		return 1
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

# machine_nodes N MEMORY: memory in N nodes, the processors in the first one
machine_nodes()
{
	machine_part=$(numfmt --from=iec "$2" 2>/dev/null) &&
		[ $((machine_part % ($1 << 20))) = 0 ] || return 1
	machine_part=$((machine_part / $1))
	machine_node=0
	while [ "$machine_node" -lt "$1" ]; do
		more="$more -object memory-backend-ram,id=m$machine_node,size=$machine_part"
		more="$more -numa node,nodeid=$machine_node,memdev=m$machine_node"
		machine_node=$((machine_node + 1))
	done
}

# machine_swap FILE SIZE: a disk of its own, which is gone with the machine.  Its
# driver must be built in; in Debian's kernels for clouds NVMe's is.
machine_swap()
{
	truncate -s "$2" "$1" 2>/dev/null || return 1
	more="$more -drive file=$1,format=raw,if=none,id=swap,cache=unsafe"
	more="$more -device nvme,drive=swap,serial=swap"
}
