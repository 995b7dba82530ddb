#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Where latency cannot be measured for want of a CPU: the reason is the true one,
# and is given at once; and a reader that only waits for a CPU does not starve.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

make -s -C "$top" proc_mmap_latency >"$work/build" 2>&1 || {
	cat "$work/build"
	exit 1
}
gcc -O2 -Wall -Wextra -o "$work/refuse" "$top/checks/refuse.c" || exit

if [ "$(nproc)" -lt 2 ]; then
	skip "CPUs that are asked for" "there is one"
	finish
fi
first=$(first_cpu)

# reason COMMAND...: why a scenario was skipped, where it took no five seconds
reason()
{
	timeout 5 env -u GATE -u FULL -u CPU_MAPPER -u CPU_LOAD "$@" \
		"$top/proc_mmap_latency" -r latency.maps_hog.interference \
		>"$work/report" 2>&1 </dev/null || echo "exit status $?"
	sed -n 's/^ok 1 .*# SKIP //p' "$work/report"
}

equal "one CPU" "$(reason taskset -c "$first")" "fewer than two CPUs"
absent="CPU_MAPPER or CPU_LOAD is no CPU that this may run on"
equal "CPU_MAPPER is none" "$(reason CPU_MAPPER=1000)" "$absent"
equal "CPU_LOAD is none" "$(reason CPU_LOAD=1000)" "$absent"
equal "CPU_LOAD is none, and never was" "$(reason CPU_LOAD=4294967296)" "$absent"
equal "both are the same" "$(reason CPU_MAPPER="$first" CPU_LOAD="$first")" \
	"CPU_MAPPER and CPU_LOAD are the same CPU"
equal "none may be chosen" "$(reason "$work/refuse" sched_setaffinity --)" \
	"running on one CPU only is refused"

# progress [VARIABLE]: ok or "not ok", and why it was skipped
progress()
{
	env -u GATE -u FULL CPU_MAPPER="$first" CPU_LOAD="$second" "$@" \
		"$top/proc_mmap_latency" -r reader.maps.progress >"$work/report" 2>&1 </dev/null
	sed -n 's/^\(not ok\|ok\) 1 [^ ]*/\1/p' "$work/report"
}

second=$(taskset -pc $$ | sed 's/.*[,-]//')
unsure="ok # SKIP could not tell"
said=$(progress PLANT=starve)
if [ "$said" = "$unsure" ]; then
	skip "PLANT=starve: fails" "the machine is busy"
else
	equal "PLANT=starve: fails" "$said" "not ok"
fi
# Beside so many at nice 0, those at nice 15 have a CPU in a part of the windows only.
for _ in 1 2 3; do
	timeout 60 taskset -c "$second" sh -c 'while :; do :; done' &
	echo $! >>"$work/busy"
done
for run in 1 2 3; do
	said=$(progress)
	ok "the CPU of the readers is busy, run $run: none starves" \
		test "$said" = ok -o "$said" = "$unsure"
done
xargs kill <"$work/busy"

finish
