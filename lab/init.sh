#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154 # the ports come from /etc/lab
#
# init.sh - process 1 of a machine of the lab: run one command, power off

# On any other machine it would mount over /tmp and more.
[ $$ -eq 1 ] || exit 1

/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp TERM=dumb

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts 2>/dev/null
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null

# shellcheck disable=SC1091 # written by boot.sh
. /etc/lab

# Kept open, since some drivers forget on close what stty said, and off the
# console, which is the kernel's own.  A virtio port is no terminal.
exec <> "/dev/$port_out"
stty raw 2>/dev/null
exec >&0 2>&1 < /dev/null
ip link set lo up 2>/dev/null
uname -r > /out/.release
cat /proc/version > /out/.version
zcat /proc/config.gz > /out/.config 2>/dev/null || rm -f /out/.config

# A machine with a disk is one for memory pressure.  The disk may take its time.
if [ "$disk" ]; then
	tries=100
	while [ $tries -gt 0 ] && [ ! -b "/dev/$disk" ]; do
		tries=$((tries - 1))
		sleep 0.1
	done
	mkswap "/dev/$disk" > /dev/null && swapon "/dev/$disk"
	mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
		echo +memory > /sys/fs/cgroup/cgroup.subtree_control
fi

# The first second's timers are as coarse as the tick, and a sleep of
# microseconds is then one of milliseconds.
tries=50
while [ $tries -gt 0 ] &&
	grep -q 'hres_active *: 0' /proc/timer_list 2>/dev/null; do
	tries=$((tries - 1))
	sleep 0.1
done

cd /tmp || :
run
echo $? > /out/.status

{
	stty raw 2>/dev/null
	tar -c -C /out . >&0
	stty cooked 2>/dev/null		# waits until all of it is out
} <> "/dev/$port_files"
stty cooked <&1 2>/dev/null
poweroff -f
