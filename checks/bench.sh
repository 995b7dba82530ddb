#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The bench: a rate is what was done in the time that it took, also where a run
# ended early; and what a race costs where that buys nothing.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"

make -s -C "$top" proc_maps_tearing >"$work/build" 2>&1 || {
	cat "$work/build"
	exit 1
}

# between VALUE LEAST MOST: numbers, with a point where they have one
between()
{
	awk -v value="$1" -v least="$2" -v most="$3" 'BEGIN {
		exit !(value ~ /^[0-9.]+$/ && value + 0 >= least + 0 &&
		       value + 0 <= most + 0)
	}' && return
	echo "$1 is not between $2 and $3"
	return 1
}

# counter NAME REPORT: from the line of counters, which is the last that has it
counter()
{
	sed -n "s/^# .*: readings .*$1 \([0-9.]*\).*/\1/p" "$2" | tail -n 1
}

#
# The bench among stand-ins.  Ours is ended in maps at what it found after a
# hundredth of a second, needs its time in the query, and cannot read smaps.
# The kernel's makes twenty passes of a millisecond, in a child, and fails.
# Its source comes in a package.
#
copy=$work/copy
mkdir -p "$copy/scripts" "$copy/lab" "$copy/tree/proc" "$work/deb/DEBIAN" \
	"$work/deb/usr/src" "$work/src/linux/tools/testing/selftests/proc"
cp "$top/scripts/bench.sh" "$copy/scripts"
printf 'proc_maps_tearing:\n' >"$copy/Makefile"
for script in scripts/install.sh scripts/tree.sh proc_maps_tearing; do
	echo '#!/bin/sh' >"$copy/$script"
	chmod 755 "$copy/$script"
done
echo "echo '$copy/tree/proc'" >>"$copy/scripts/tree.sh"
cat >>"$copy/proc_maps_tearing" <<'END'
for test; do :; done
counted="readings 9, overlapped 9 = original 9 + modified 0 + mixed 0"
case $test in
*.maps)
	sleep 0.1
	echo "# known: $counted; lines 7; transitions 9; raced 0.001000 s"
	echo "# split_middle: $counted; lines 5000; transitions 9; raced 0.010000 s"
	echo "not ok 1 $test"
	exit 1
	;;
*.query)
	sleep 2
	echo "# split_middle: $counted; lines 100000; transitions 9; raced 2.000000 s"
	echo "ok 1 $test"
	;;
*)
	sleep 1
	echo "ok 1 $test # SKIP no such file in this kernel"
	;;
esac
END
cat >"$work/src/linux/tools/testing/selftests/proc/proc-maps-race.c" <<'END'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int i;

	if (fork())
		return wait(NULL) < 0;
	for (i = 0; i < 20; i++) {
		lseek(0, 0, SEEK_SET);
		usleep(1000);
	}
	abort();
}
END
tar -C "$work/src" -cJf "$work/deb/usr/src/linux-source-1.tar.xz" linux
printf '%s\n' 'Package: linux-source-1' 'Version: 1.0-1' 'Architecture: all' \
	'Maintainer: check <check@example.org>' 'Description: check' \
	>"$work/deb/DEBIAN/control"
dpkg-deb --build "$work/deb" "$work/linux-source-1_1.0-1_all.deb" \
	>"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
: >"$copy/lab/common.sh"
cat >"$copy/lab/archive.sh" <<END
archive_find() { echo stable linux-source-1 1.0-1; }
archive_get()
{
	mkdir -p "\$2" && cp '$work'/linux-source-*.deb "\$2" && ls "\$2"/*.deb
}
END

unset KDIR
equal "bench tearing" "$(SECONDS_EACH=2 status "$copy/scripts/bench.sh" \
	tearing)" 0
explain "$work/stderr"
cp "$work/stdout" "$work/bench"
# field KIND N: of its row
field()
{
	awk -v test="racing.split_middle.$1" -v n="$2" '
		$1 == test { print $n }' "$work/bench"
}
equal "ended early: what was done in the time it took" "$(field maps 2)" 500000
equal "ended by itself: the same" "$(field query 2)" 50000
equal "not raced: no rate" "$(field smaps 2)" -
for kind in maps query smaps; do
	ok "the kernel's, ended early, $kind" between "$(field $kind 4)" 30 1000
done
ok "a ratio" between "$(field maps 5)" 500 17000
equal "and none" "$(field smaps 5)" -
ok "that it ended early is said" grep -q 'maps .*runs, ended early' "$work/bench"
equal "nothing stays in lab/" "$(ls "$copy/lab")" "archive.sh
common.sh"

for seconds in 0 abc 08 -1 1.5; do
	equal "SECONDS_EACH=$seconds" "$(SECONDS_EACH=$seconds status \
		"$copy/scripts/bench.sh" tearing)" 2
done

# Where the time goes: the first fixture sleeps, the second one computes in a child.
printf '%s:\n' sleeper >>"$copy/Makefile"
printf '#!/bin/sh\necho sleeper\n' >"$copy/run_tests.sh"
cat >"$copy/sleeper" <<'END'
#!/bin/sh
echo "TAP version 13"
echo "#  RUN           idle.a ..."
sleep 1
echo "ok 1 idle.a"
echo "#  RUN           busy.maps.b ..."
(i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done)
echo "ok 2 busy.maps.b"
echo "#  RUN           busy.maps.c ..."
echo "ok 3 busy.maps.c"
# The program has to be there still when its last lines are read.
sleep 2
END
chmod 755 "$copy/run_tests.sh" "$copy/sleeper"
equal "bench seconds" "$(status "$copy/scripts/bench.sh" seconds)" 0
explain "$work/stderr"
equal "a row a fixture, with its tests" \
	"$(awk 'NR > 1 { print $1, $2, $3 }' "$work/stdout")" "sleeper idle 1
sleeper busy 2"
# column FIXTURE N
column()
{
	awk -v fixture="$1" -v n="$2" '$2 == fixture { print $n }' "$work/stdout"
}
ok "a second of sleep is the sleeping fixture's" between "$(column idle 4)" 0.99 100
ok "and no time of a CPU" between "$(column idle 5)" 0 0.09
ok "which a child uses in the other" between "$(column busy 5)" 0.1 100

# The program itself: what a race took, up to a finding and without one.
env PLANT=gap DURATION=5 "$top/proc_maps_tearing" -r racing.split_low.maps \
	>"$work/report" 2>&1
ok "a planted fault ends the race early" grep -q '^not ok 1 ' "$work/report"
ok "after less time than was meant" between \
	"$(counter raced "$work/report")" 0.000001 4.9
ok "in which it read" between "$(counter lines "$work/report")" 1 10000000

DURATION=1 "$top/proc_maps_tearing" -r racing.split_middle.query \
	>"$work/report" 2>&1
if grep -q '# SKIP no such file' "$work/report"; then
	skip "a race to its end" "no PROCMAP_QUERY"
else
	ok "a race to its end" between "$(counter raced "$work/report")" 0.9 15
fi

# timed SECONDS CPUS: whether a reader that may use these has a timer, so long
timed()
{
	env "$mark" DURATION="$1" taskset -c "$2" "$top/proc_maps_tearing" \
		-r racing.split_middle.query >"$work/report" 2>&1 &
	pid=$!
	found=no
	while [ $found = no ] && kill -s 0 "$pid" 2>/dev/null; do
		for process in $(marked); do
			[ ! "$(find "/proc/$process/fd" -lname '*timerfd*' \
				2>/dev/null)" ] || found=yes
		done
		sleep 0.05
	done
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	echo $found
}

equal "one CPU: no timer where it buys nothing" "$(timed 1 "$(first_cpu)")" no
cpus=$(taskset -cp $$ | sed 's/.*: //')
case $cpus in
*[,-]*)
	equal "two CPUs: it interrupts the reader" "$(timed 15 "$cpus")" yes
	;;
*)
	skip "two CPUs: it interrupts the reader" "one CPU"
	;;
esac

finish
