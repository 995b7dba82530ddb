#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# One kernel from before readers went lockless and one from after, booted in the
# lab: does the gate give the answers that are written down?  All the others
# are "lab run" without arguments, or check-lab.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"
# shellcheck source=lib/debian.sh
. "$(dirname "$0")/lib/debian.sh"
# shellcheck source=lib/ktap.sh
. "$(dirname "$0")/lib/ktap.sh"
# shellcheck source=../lab/splat.sh
. "$top/lab/splat.sh"

: "${LAB_KERNELS:=6.16 7.2}"

needs_lab lab

# A log like those that the kernels write, and one line that is a complaint.
cat >"$work/log" <<'END'
[    0.000000] Linux version 7.3.4 (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC
[    0.100000] WARNING: Unprivileged eBPF is enabled with eIBRS on
[    0.200000] ACPI: BUGGY is no word of the kernel's
END
equal "a log without a splat" "$(splats "$work/log")" ""
while read -r line; do
	{ cat "$work/log"; echo "[    1.000000] $line"; } >"$work/bad"
	equal "a splat: ${line%% at *}" "$(splats "$work/bad" | wc -l)" 1
done <<'END'
BUG: KASAN: slab-use-after-free in lock_next_vma+0x1b/0x3a0
WARNING: CPU: 1 PID: 77 at mm/mmap_lock.c:412 lock_next_vma+0x2a0/0x3a0
WARNING: possible circular locking dependency detected
WARNING: suspicious RCU usage
Oops: general protection fault, probably for non-canonical address
rcu: INFO: rcu_preempt self-detected stall on CPU
INFO: task proc_maps_teari:90 blocked for more than 60 seconds.
END

# in_archive COMMAND...: a function of lab/archive.sh, for an archive in which 7.2 has a
# linux-source, and 6.18 only what it was made from
in_archive()
{
	# shellcheck disable=SC2030
	(LAB_CACHE=$work/archive; archive "$@")
}
mkdir -p "$work/archive/chdist/amd64"
cat >"$work/archive/chdist/amd64/index" <<'END'
src 6.18.15 src:linux 6.18.15-1
source 7.2.13 linux-source-7.2 7.2.13-1
src 7.2.13 src:linux 7.2.13-1
END
touch "$work/archive/chdist/amd64/updated"
equal "a linux-source" "$(in_archive archive_find source 7.2)" \
	"7.2.13 linux-source-7.2 7.2.13-1"
equal "the newest one" "$(in_archive archive_find source newest)" \
	"7.2.13 linux-source-7.2 7.2.13-1"
equal "one that is gone" "$(in_archive archive_find source 6.18)" \
	"6.18.15 src:linux 6.18.15-1"
equal "which is no image" "$(in_archive archive_find kernel 6.18)" ""

# What is part of a kernel's known answer is no news, and nothing else is that.
lost_page="BUG: Bad rss-counter state mm:1 type:MM_SHMEMPAGES val:33"
other="BUG: KASAN: double-free"
equal "a stuck query explains lost pages, and nothing but them" \
	"$(printf '%s\n' "$lost_page" "$other" |
		in_answers unexplained "lost-tail+stuck-query pass")" "$other"
equal "elsewhere, nothing explains them" \
	"$(echo "$lost_page" | in_answers unexplained "lost-tail pass")" \
	"$lost_page"

cat >"$work/report" <<'END'
# selftests: proc: proc_maps_tearing
# ok 1 racing.hole.maps
# # RULE BROKEN: query of a build ID does not return
# not ok 2 sparse_id.query
# # test_query.h:9:misuse:Expected 0 (0) == context_step(context, 2) (-110)
# not ok 3 query.misuse
# # RULE BROKEN: number that was never true
# not ok 4 contents.move.rollup
# # RULE BROKEN: number that was never true
# not ok 5 contents.file.rollup
not ok 2 selftests: proc: proc_maps_tearing # exit=1
END
equal "known bugs of a report" "$(in_answers answers "$work/report")" \
	"stuck-query+crash-id+short-rollup - - - -"
equal "nothing is red beside them" "$(in_answers reds "$work/report" \
	"lost-tail+stuck-query+crash-id+short-rollup pass")" ""
sed 's/number that was never true/line that was never true/
	s/^.*context_step.*/# # RULE BROKEN: the kernel complains of itself/' "$work/report" \
	>"$work/others"
equal "a test that fails for another reason shows no known bug" \
	"$(in_answers answers "$work/others")" "torn - - - -"
equal "and is red" "$(in_answers reds "$work/others" \
	"lost-tail+stuck-query+crash-id+short-rollup pass" | paste -sd ' ' -)" \
	"query.misuse contents.move.rollup contents.file.rollup"
# expected_on RELEASE: the first word of its answer
expected_on()
{
	(export cpus=2 stress='' archive_machine=amd64; in_answers expected_of - "$1") |
		cut -d ' ' -f 1
}
equal "6.10 is not 6.1" "$(expected_on 6.1) $(expected_on 6.10)" "short-rollup pass"
equal "what may crash is not expected where it is not tried" \
	"$(STRESS='' expected_on 6.16.12) $(STRESS=1 expected_on 6.16.12)" "pass crash-id"

cat >"$work/report" <<'END'
# selftests: proc: proc_maps_selftest
# not ok 3 histogram.planted
not ok 1 selftests: proc: proc_maps_selftest # exit=1
# selftests: proc: proc_maps_tearing
# ok 1 racing.hole.maps
# #   this is the signature of known.tail_lost_after_merge
# not ok 2 known.tail_lost_after_merge
not ok 2 selftests: proc: proc_maps_tearing # exit=1
# selftests: proc: proc_mmap_latency
# ok 1 latency.maps_hog.interference
# not ok 2 bulk.faults_beside_munmap
not ok 3 selftests: proc: proc_mmap_latency # exit=1
END
equal "answers of a report" "$(in_answers answers "$work/report")" \
	"lost-tail pass - - -"
equal "what is red in no column" \
	"$(in_answers reds "$work/report" "lost-tail pass pass" | paste -sd' ' -)" \
	"histogram.planted bulk.faults_beside_munmap"
equal "the known bug is, where it is not known" \
	"$(in_answers reds "$work/report" "pass skip" | paste -sd' ' -)" \
	"histogram.planted known.tail_lost_after_merge"
# The test for the known bug could not tell, and another one met it.
cat >"$work/signed" <<'END'
# selftests: proc: proc_maps_tearing
# # RULE BROKEN: file ends before the last mapping
# #   this is the signature of known.tail_lost_after_merge
# not ok 1 narrow.last.race
# ok 2 known.tail_lost_after_merge # SKIP planted
not ok 1 selftests: proc: proc_maps_tearing # exit=1
END
equal "the known bug in another test" "$(in_answers answers "$work/signed")" \
	"lost-tail - - - -"
equal "is no news where it is known" \
	"$(in_answers reds "$work/signed" "lost-tail skip")" ""
equal "and is where it is not" \
	"$(in_answers reds "$work/signed" "pass skip")" narrow.last.race
sed 's/^# ok 2 .*/# not ok 2 racing.hole.maps/' "$work/signed" >"$work/both"
equal "its word is for one test" "$(in_answers answers "$work/both")" \
	"torn - - - -"
equal "and not for the next" \
	"$(in_answers reds "$work/both" "lost-tail skip")" racing.hole.maps
{
	sed '/^# \(not \)*ok /d; s/exit=1$/TIMEOUT 600 seconds/' "$work/signed"
	echo "# selftests: proc: proc_mmap_latency"
	echo "# not ok 1 bulk.faults_beside_munmap"
} >"$work/late"
equal "nor for the next program" \
	"$(in_answers reds "$work/late" "lost-tail pass" | paste -sd' ' -)" \
	"proc_maps_tearing bulk.faults_beside_munmap"
{
	echo "# selftests: proc: proc_mmap_latency"
	echo "# not ok 1 latency.maps_alone.interference"
	echo "# not ok 2 latency.smaps_alone.interference"
} >"$work/alone"
equal "expected interference may show in another test" \
	"$(in_answers reds "$work/alone" \
		"pass interference interference pass pass")" \
	latency.smaps_alone.interference
sed -i 's/^\(not ok 2 .*\)exit=1$/\1TIMEOUT 600 seconds/' "$work/report"
equal "a program that did not come to its end" \
	"$(in_answers answers "$work/report")" "broken pass - - -"
equal "is red" "$(in_answers reds "$work/report" "lost-tail skip" | tail -n 1)" \
	proc_maps_tearing

# A program that ends while its report waits for a slow port: busybox' printf gives up
# when a child of the shell ends in the middle, and a result would be gone.  The port is
# a pipe, full before the program ends, and not read before it has ended.
mkdir "$work/wordy"
cat >"$work/wordy/proc_maps_selftest" <<'END'
#!/bin/sh
seq -f 'ok %.0f a.line.as.long.as.those.of.the.gate' 2000
sleep 1
END
chmod +x "$work/wordy/proc_maps_selftest"
# reported COMMAND...: how many results of it reach the report
reported()
{
	busybox sh "$@" | { sleep 2; grep -c a.line; }
}
equal "a guest's report loses no line" "$(GUEST_PROGRAMS=$work/wordy \
	GUEST_OUT=$work GUEST_LIMIT=60 reported "$top/lab/guest.sh" -v none)" 2000
equal "nor does one of many runs" \
	"$(reported "$top/lab/again.sh" "$work/wordy/proc_maps_selftest")" 2000

# An image that is none: an error with what QEMU or the console said.
head -c 100000 /dev/zero >"$work/zero"
equal "what does not boot is no answer" \
	"$(status "$top/run_tests.sh" lab run --kernel "$work/zero" \
		--timeout 20 --out "$work/runs")" 4
ok "and says so" grep -q 'no answer' "$work/stderr"

# A QEMU without KVM that breaks the kernel BROKEN times, by its own doing or not, and
# then is well but has no answer.
mkdir "$work/qemu"
cat >"$work/qemu/qemu-system-x86_64" <<'END'
#!/bin/sh
for word; do
	case $word in
	kvm) exit 1 ;;
	file,id=log,*) log=${word##*path=} ;;
	esac
done
echo boot >>"$BOOTS"
echo "[    1.0] Run /init as init process" >"$log"
[ "$(wc -l <"$BOOTS")" -gt "$BROKEN" ] ||
	printf '[   24.1] %s [#1] SMP NOPTI\n[   24.1] RSP: 0018:ff6a76228072fc80 EFLAGS: %s\n\
[   24.2] Kernel panic - not syncing\n' "$OOPS" "$FLAGS" >>"$log"
END
chmod +x "$work/qemu/qemu-system-x86_64"
# booted BROKEN OOPS FLAGS: how often the machine was run, and the wrapper's exit status
booted()
{
	rm -f "$work/boots"
	answer=$(PATH=$work/qemu:$PATH BOOTS=$work/boots BROKEN=$1 OOPS=$2 FLAGS=$3 status \
		"$top/run_tests.sh" lab run --kernel "$work/zero" --out "$work/runs")
	echo "$(wc -l <"$work/boots") $answer"
}
equal "a kernel that the emulator broke is booted again" \
	"$(booted 1 'Oops: int3: 0000' 00010246)" "2 4"
equal "twice at the most, and it is no answer" \
	"$(booted 9 'Oops: int3: 0000' 00010246)" "3 4"
equal "so is one whose processor had flags that there are not" \
	"$(booted 1 'Oops: stack segment: 0000' 01e74242)" "2 4"
equal "a kernel that broke by itself is not, and it is an answer" \
	"$(booted 1 'Oops: general protection fault: 0000' 00250246)" "1 1"

# A program that could not tell when it was first asked, and whose OTHER test then is
# as told; it leaves a file for each time.
mkdir "$work/fake"
cat >"$work/fake/proc_mmap_latency" <<'END'
#!/bin/sh
cd "$(dirname "$0")" || exit
if mkdir first 2>/dev/null; then
	echo "ok 1 latency.maps_hog.interference # SKIP could not tell: planted"
	echo "$(cat other) 2 latency.knobs"
	exit 4
fi
mkdir second
echo "not ok 1 latency.maps_hog.interference"
exit 1
END
chmod +x "$work/fake/proc_mmap_latency"
# asked OTHER: what it answers then
asked()
{
	rm -rf "$work/fake/first" "$work/fake/second"
	echo "$1" >"$work/fake/other"
	LAB_PROGRAMS=$work/fake lab_run --kernel running -- -v maps_hog
	jq -r '.[0] | "\(.answers.maps) \(.twice)"' "$matrix"
}
asked ok >"$work/said"
equal "a program that could not tell is asked once more" "$(tail -n 1 "$work/said")" \
	"interference true"
ok "and the line says so" grep -q asked-twice "$work/matrix"
asked "not ok" >"$work/said"
equal "a red test is an answer" "$(tail -n 1 "$work/said")" "unsure false"
ok "and it is not asked again" [ ! -e "$work/fake/second" ]

for kernel in $LAB_KERNELS; do
	has_kernel "$kernel" || continue
	lab_run --kernel "$kernel"
	judge "$kernel" tearing maps query smaps numa_maps
done

finish
