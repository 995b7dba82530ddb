#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The words of the kernel for a bug of its own: the programs and the lab's scripts
# take the same lines for complaints.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=../lab/splat.sh
. "$top/lab/splat.sh"

${CC:-cc} -Wall -D_GNU_SOURCE -o "$work/complaints" "$top/checks/complaints.c" || exit

"$work/complaints" words >"$work/log"
ok "there are words" test -s "$work/log"
equal "a script sees each word" "$(splats "$work/log" | wc -l)" \
	"$(wc -l <"$work/log")"

cat >>"$work/log" <<'END'
BUG: KASAN: slab-use-after-free in lock_next_vma+0x1b/0x3a0
WARNING: CPU: 1 PID: 77 at mm/mmap_lock.c:412 lock_next_vma+0x2a0/0x3a0
WARNING: at mm/mmap.c:9
WARNING: Unprivileged eBPF is enabled with eIBRS on
DEBUG: the clock is at 7
ACPI: BUGGY is no word of the kernel's
traps: planted[7] general protection fault ip:1 sp:2 error:0 in planted[1000+1]
watchdog: BUG: soft lockup - CPU#1 stuck for 22s!
Linux version 7.3.4 (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC
END
"$work/complaints" <"$work/log" >"$work/programs"
splats "$work/log" >"$work/scripts"
ok "a program and a script see the same" diff "$work/programs" "$work/scripts"
equal "and not all is a complaint" "$(grep -cE 'eBPF|DEBUG: |BUGGY|traps|Linux' \
	"$work/programs")" 0
# In a machine of the lab the list lies beside the scripts.
mkdir "$work/bin"
cp "$top/lab/again.sh" "$top/lab/splat.sh" "$top/lib/kernel_log.c" "$work/bin"
# shellcheck disable=SC2016 # for the inner shell
equal "which are as many" "$(cd "$work" &&
	busybox sh -c '. bin/splat.sh && splat_words' bin/again.sh)" "$(splat_words)"

cat >"$work/races" <<'END'
[    1.0] ==================================================================
[    1.0] BUG: KCSAN: data-race in tick_do / tick_get
[    1.0]  tick_do+0x1/0x20
[    1.0]  tick_get+0x1/0x20
[    1.0] CPU: 0 PID: 7 Comm: proc_maps_teari Not tainted
[    1.0] ==================================================================
[    1.0] BUG: KCSAN: data-race in show_map_vma / vma_set_range
[    1.0]  vma_set_range+0x1/0x20
[    1.0]  show_map_vma+0x1/0x20
[    1.0] CPU: 0 PID: 7 Comm: cat Not tainted
[    1.0] ==================================================================
END
equal "of data races those of a reader of mappings" "$(splats "$work/races")" \
	"[    1.0] BUG: KCSAN: data-race in show_map_vma / vma_set_range"

finish
