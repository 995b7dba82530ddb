#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh - run one command on one kernel, in a machine made for it
#
# The machine is QEMU with a serial port for each thing that must come out:
# the kernel's log, what the command prints, and at the end the files it left,
# as a tar archive.

set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)

usage()
{
	cat <<'EOF'
usage: boot.sh --kernel IMAGE --out DIR [options] [--] COMMAND [ARG]...

Boots IMAGE, in QEMU or as User Mode Linux, with busybox and the given static programs, runs COMMAND
as root there and powers off.  DIR then has

  log     the kernel's log                 out     what COMMAND printed
  status  its exit status                  files/  what it left in /out
  accel   how the machine was run          seconds how long that took

  --kernel IMAGE   a bzImage, or what -kernel takes on that machine, or a
                   User Mode Linux, which is told by itself
  --out DIR        made if it is not there; an older result in it is replaced
  --program FILE   a static program or a script, put into /bin (repeatable)
  --root DIR       a root file system to put busybox and the programs into, by copy
  --arch ARCH      the machine (default: amd64; others: see machine.sh)
  --busybox FILE   a static busybox for that machine (default: the host's)
  --cpus N         (default: 2)
  --memory SIZE    as QEMU takes it (default: 1G)
  --nodes N        divide the memory among N nodes (default: 1)
  --swap SIZE      also a disk to swap to, as QEMU takes it (default: none)
  --timeout S      seconds for boot, COMMAND and power-off (default: 120)
  --count          one processor, on which every instruction takes 1 ns: what
                   COMMAND times is instructions, the same on any host
  --append STRING  more words for the kernel's command line (repeatable)
  --env VAR=VALUE  environment of COMMAND (repeatable)
  --show           copy what COMMAND prints to standard output as it comes
  --help           this text

exit status: 0 COMMAND succeeded, 1 it failed (see DIR/status), 2 bad usage,
4 no answer: the kernel did not boot, crashed, or ran out of time.
EOF
}

bad_usage()
{
	echo "boot.sh: $1 (--help tells more)" >&2
	exit 2
}

# A word as the guest's shell must see it to read the same word again.
quoted()
{
	printf "'%s' " "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}

kernel='' out='' arch=amd64 busybox='' cpus=2 memory=1G limit=120 append=''
nodes=1 swap='' base='' programs='' environment='' show='' count=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel|--out|--program|--arch|--busybox|--cpus|--memory|--nodes|\
	--swap|--timeout|--append|--env|--root)
		[ $# -ge 2 ] || bad_usage "$1 needs a value" ;;
	esac
	case $1 in
	--kernel) kernel=$2; shift ;;
	--out) out=$2; shift ;;
	--program) programs="$programs $(quoted "$2")"; shift ;;
	--root) base=$2; shift ;;
	--arch) arch=$2; shift ;;
	--busybox) busybox=$2; shift ;;
	--cpus) cpus=$2; shift ;;
	--memory) memory=$2; shift ;;
	--nodes) nodes=$2; shift ;;
	--swap) swap=$2; shift ;;
	--timeout) limit=$2; shift ;;
	--append) append="$append $2"; shift ;;
	--env)	case ${2%%=*} in
		''|"$2"|[0-9]*|*[!A-Za-z0-9_]*) bad_usage "not VAR=VALUE: $2" ;;
		esac
		environment="$environment ${2%%=*}=$(quoted "${2#*=}")"; shift ;;
	--show) show=1 ;;
	--count) count=1 ;;
	--help|-h) usage; exit 0 ;;
	--) shift; break ;;
	-*) bad_usage "unknown option $1" ;;
	*) break ;;
	esac
	shift
done

if [ -z "$kernel" ] || [ -z "$out" ] || [ $# -eq 0 ]; then
	bad_usage '--kernel, --out and a command are needed'
fi
[ -r "$kernel" ] || bad_usage "no kernel image: $kernel"
for number in "$cpus" "$nodes" "$limit"; do
	case $number in
	''|0|*[!0-9]*) bad_usage "not a number: $number" ;;
	esac
done
: "${busybox:=$(command -v busybox)}"
[ -x "$busybox" ] || bad_usage "no busybox to put into the machine"

# shellcheck source-path=SCRIPTDIR source=machine.sh
. "$here/machine.sh"
# shellcheck source-path=SCRIPTDIR source=splat.sh
. "$here/splat.sh"
[ "$(tail -c +2 "$kernel" | head -c 3)" != ELF ] ||
	! grep -qa 'User Mode Linux' "$kernel" || arch=um
machine_for "$arch" || bad_usage "no machine known for $arch"
if [ "$arch" = um ]; then
	[ "$count$swap$nodes" = 1 ] ||
		bad_usage 'User Mode Linux has no --count, --nodes and --swap'
else
	[ -z "$count" ] || machine_counting
	command -v "$qemu" >/dev/null || bad_usage "$qemu is not installed"
fi

command=''
for word; do
	command="$command$(quoted "$word")"
done

mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
rm -rf "$out/files" "$out/log" "$out/out" "$out/status"
: > "$out/log"
: > "$out/out"

# In DIR, so that even after SIGKILL nothing lies about elsewhere.
stage=$out/.stage
rm -rf "$stage"
mkdir "$stage" || exit 4
machine_pid='' show_pid=''
# shellcheck disable=SC2317 # called by the trap
cleanup()
{
	trap '' INT TERM HUP
	[ -z "$show_pid" ] || kill "$show_pid" 2>/dev/null
	# timeout(1) passes the signal on to QEMU and outlives it
	while [ -n "$machine_pid" ] && kill "$machine_pid" 2>/dev/null; do
		sleep 0.1
	done
	rm -rf "$stage"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- what the machine starts with -------------------------------------------

root=$stage/root
mkdir "$root"
[ -z "$base" ] || cp -a "$base/." "$root/" || bad_usage "no root file system: $base"
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" \
	"$root/out" "$root/etc"
cp -L "$busybox" "$root/bin/busybox"
cp "$here/init.sh" "$root/init"
eval "set -- $programs"
for program; do
	cp -L "$program" "$root/bin/" || bad_usage "no program: $program"
done
chmod 755 "$root/init" "$root"/bin/*
{
	echo "port_out=$port_out port_files=$port_files disk=${swap:+nvme0n1}"
	echo "run() { env $environment $command; }"
} > "$root/etc/lab"
(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 \
	> "$stage/initramfs" || exit 4

# --- the machine ------------------------------------------------------------

[ "$nodes" = 1 ] || machine_nodes "$nodes" "$memory" ||
	bad_usage "$memory is not to be divided by $nodes"
[ -z "$swap" ] || machine_swap "$stage/swap" "$swap" ||
	bad_usage "no swap disk of $swap"

words="console=$console panic=-1 ignore_loglevel $words$append"

# qemu_machine, um_machine: never return
qemu_machine()
{
	# shellcheck disable=SC2086 # $machine, $cpu, $ports, $more are words
	exec setpriv --pdeathsig TERM timeout -k 5 "$limit" "$qemu" $machine \
		$cpu -accel "$accel" -nodefaults -no-user-config -display none \
		-no-reboot -smp "$cpus" -m "$memory" $more -kernel "$kernel" \
		-initrd "$stage/initramfs" -append "$words" \
		-chardev "file,id=log,path=$out/log" \
		-chardev "file,id=out,path=$out/out" \
		-chardev "file,id=files,path=$stage/files" $ports \
		2> "$stage/qemu"
}

# Each of its processes is one of ours, and each ends with the first of them.
# unshare(1) does not hand SIGTERM on, and there is no disk to write back.
um_machine()
{
	# shellcheck disable=SC2086 # $ports, $words are words
	exec setpriv --pdeathsig TERM timeout -k 1 "$limit" unshare --fork --pid \
		--kill-child "$kernel" "mem=$memory" "ncpus=$cpus" seccomp=on \
		initrd="$stage/initramfs" $ports $words > "$out/log" \
		2> "$stage/qemu" 4> "$out/out" 5> "$stage/files" < /dev/null
}

# machine: runs until it is off; sets $ended
machine()
{
	if [ "$arch" = um ]; then
		um_machine
	else
		qemu_machine
	fi &
	machine_pid=$!
	if [ -n "$show" ]; then
		tail -n +1 -s 0.2 --pid="$machine_pid" -f "$out/out" &
		show_pid=$!
	fi
	wait "$machine_pid"
	ended=$?
	machine_pid=''
	[ -z "$show_pid" ] || wait "$show_pid"
	show_pid=''
}

# Before init nothing is judged, whatever it was.
emulators_panic()
{
	case $accel in
	tcg*) grep -q 'Kernel panic' "$out/log" &&
		{ emulators_oops "$out" || ! grep -q 'Run /init' "$out/log"; } ;;
	*) false ;;
	esac
}

started=$(date +%s)
echo "$accel" > "$out/accel"
machine
# What the emulator broke says nothing about the kernel.
boots=1
while [ $boots -lt 3 ] && emulators_panic; do
	echo "boot.sh: $kernel panicked, by the emulator or before init, once more" >&2
	boots=$((boots + 1))
	machine
done
echo $(($(date +%s) - started)) > "$out/seconds"

# --- what came out ----------------------------------------------------------

# The ports end lines as a terminal does.
for file in log out; do
	tr -d '\r' < "$out/$file" > "$stage/$file" && cp "$stage/$file" "$out/"
done
mkdir "$out/files"
tar -xf "$stage/files" -C "$out/files" 2> "$stage/tar" || :
[ ! -f "$out/files/.status" ] || mv "$out/files/.status" "$out/status"
[ ! -f "$out/status" ] || exit $(($(cat "$out/status") != 0))

{
	if [ "$ended" = 124 ] || [ "$ended" = 137 ]; then
		echo "boot.sh: no answer within $limit s from $kernel"
	else
		echo "boot.sh: no answer from $kernel (QEMU's status $ended)"
	fi
	cat "$stage/qemu"
	echo "The last lines of its log ($out/log):"
	tail -n 15 "$out/log" | sed 's/^/    /'
} >&2
exit 4
