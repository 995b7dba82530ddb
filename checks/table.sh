#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The sweep over #Busy: its options, what interrupts it, and what is made of its
# results.  No latency is judged here.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/marked.sh
. "$(dirname "$0")/lib/marked.sh"

run=$top/run_tests.sh
result=$work/result

make -s -C "$top" latency_sample >"$work/build" 2>&1 ||
	{ cat "$work/build"; exit 1; }
TABLE_PROGRAM=$top/latency_sample
export TABLE_PROGRAM

# samples FILE PATTERN: how many lines match
samples()
{
	grep -c "^sample $2" "$1"
}

# a_result FILE FACTOR SAMPLES [HANGS [KEY VALUE]]: one as table writes it, of
# which median, minimum and maximum are known: 3, 1 and 100 ms times FACTOR.
a_result()
{
	cat >"$1" <<-END
	# latency_table 1
	# kernel 1.2.3
	# procfile maps
	# sweep busy
	# nbusytasks 0,10
	# mappings 16384
	# nbusycpus 1
	# control 0
	# ${5-nsamples} ${6-5}
	END
	awk -v factor="$2" -v samples="$3" -v hangs="${4-0}" 'BEGIN {
		split("4 1 3 100 2", ms, " ")
		for (busy = 0; busy <= 10; busy += 10)
			for (i = 1; i <= samples; i++) {
				worst = ms[(i - 1) % 5 + 1] * factor * 1e6
				printf "sample %d 16384 %d victim %d ", busy, i,
					busy && i <= hangs
				printf "1000 %d %d %d", 1e7 * factor + worst,
					worst, 50
				printf " %d:999 %d:1\n", 1e4 * factor, worst
			}
	}' >>"$1"
}

#
# Bad usage, in one line, before anything is started.
#
refused()
{
	expected=$1
	shift
	equal "refused: $*" "$(status "$run" "$@" --results "$result")" \
		"$expected"
	equal "in one line" "$(wc -l <"$work/stderr")" 1
	ok "and nothing begun" test ! -s "$work/stdout" -a ! -e "$result"
}

equal "--help succeeds" "$(status "$run" table --help)" 0
for option in nsamples duration nbusytasks nbusycpus cpubusytasks cpumapper \
	      cpuscript busyduration mb gb procfile rawdata mappings control \
	      continue kernel help; do
	ok "--help names --$option" grep -q -e "--$option" "$work/stdout"
done

for option in nsamples duration nbusytasks nbusycpus cpubusytasks cpumapper \
	      busyduration mb gb mappings seed; do
	refused 2 table "--$option" x
done
refused 2 table --nsamples 0
refused 2 table --duration -1
refused 2 table --nbusytasks 1,,2
refused 2 table --nbusytasks 1,1
refused 2 table --nbusytasks 100000
refused 2 table --nbusytasks 4096 --nbusycpus 2
ok "says how many" grep -q 'at most 4096' "$work/stderr"
refused 2 table --mappings 8 --nbusytasks 1,2
refused 2 table --mb 1 --gb 1
refused 2 table --mappings 8 --mb 1
refused 2 table --procfile mem
refused 2 table --procfile ../maps
refused 2 table --no-such-option 1
refused 2 table word
# One of two things that are wrong is enough.
refused 2 table --duration 1 --nsamples ''
refused 4 table --gb 100
equal "a value is missing" "$(status "$run" table --nsamples)" 2
ok "said" grep -q 'needs a value' "$work/stderr"
equal "not a result" "$(status "$run" table --continue "$0")" 2
ok "said" grep -q 'no result of table' "$work/stderr"

# shellcheck disable=SC2046
set -- $(taskset -cp $$ | sed 's/.*: //; s/[-,].*//') \
	$(taskset -cp $$ | sed 's/.*[-,: ]//')
first=$1
last=$2
refused 2 table --cpumapper 4000
ok "names the CPU" grep -q 4000 "$work/stderr"
refused 2 table --cpubusytasks 4000
refused 2 table --cpuscript 4000
refused 2 table --nbusycpus 4000
equal "one CPU: could not tell" "$(status taskset -c "$first" "$run" table \
	--results "$result")" 4
ok "one CPU: said to be a skip" grep -q 'SKIP: fewer than two CPUs' \
	"$work/stderr"

if [ "$first" = "$last" ]; then
	skip "the sweep" "fewer than two CPUs"
	finish
fi
refused 2 table --cpumapper "$last" --cpubusytasks "$last"
ok "says why" grep -q 'mapper and busy tasks on one CPU' "$work/stderr"
refused 2 table --cpuscript "$last" --cpubusytasks "$last" --cpumapper "$first"

#
# Every option once, and every file.
#
for file in maps smaps smaps_rollup numa_maps pagemap status query; do
	rm -f "$result"
	got=$(status env "$mark" "$run" table --nsamples 1 --duration 1 \
		--nbusytasks 1 --nbusycpus 1 --cpubusytasks "$last" \
		--cpumapper "$first" --cpuscript "$first" --busyduration 2 \
		--mb 1 --procfile "$file" --results "$result")
	if [ "$got" = 4 ] && grep -q 'this kernel has no' "$work/stderr"; then
		skip "$file" "not on this kernel"
		continue
	fi
	equal "$file" "$got" 0
	ok "$file: a row" grep -qE '^ +1( +[0-9]+\.[0-9]{3}){3} *(\*1)?$' \
		"$work/stdout"
	ok "$file: scanners read" test \
		"$(awk '/^sample/ { print $10 }' "$result")" -gt 0
done

rm -f "$result"
equal "--mappings, --control" "$(status "$run" table --nsamples 1 --duration 1 \
	--mappings 8,64 --control --nsamples 1 -- --seed 7 \
	--results "$result")" 0
ok "a column of mappings" grep -q '^#Maps .* Ratio$' "$work/stdout"
equal "rows in their order" "$(sed -n '/^ /s/^ *\([0-9]*\)  .*\.[0-9].*/\1/p' \
	"$work/stdout" | xargs)" "8 64 8 64"
equal "samples of the decoy too" "$(samples "$result" '2 8 1 decoy')" 1
for key in command kernel machine loadavg cpu0 procfile mappings cpumapper seed
do
	ok "the result says $key" grep -q "^# $key ." "$result"
done
equal "--rawdata" "$(status "$run" table --continue "$result" --rawdata)" 0
equal "--rawdata: three numbers a sample" \
	"$(grep -cE '^( +[0-9]+\.[0-9]{3}){3}$' "$work/stdout")" 2
equal "a result that has all is not added to" "$(samples "$result" '')" 4
equal "no option together with --continue" \
	"$(status "$run" table --continue "$result" --duration 2)" 2
equal "a result is not written over" \
	"$(status "$run" table --results "$result")" 2

#
# A hang gets its star, and the sweep goes on.
#
rm -f "$result"
equal "PLANT=hang" "$(status env PLANT=hang "$run" table --nsamples 1 \
	--duration 1 --nbusytasks 1,2 --mb 1 --results "$result")" 0
equal "both rows are starred" "$(grep -c '\*1$' "$work/stdout")" 4
equal "as long as the hang" \
	"$(awk '/^sample/ && $9 > 5e9' "$result" | wc -l)" 2

#
# A machine that is too busy for a sample is asked again, but not for ever.
#
cat >"$work/busy" <<'END'
#!/bin/sh
echo once >>"$TRIES"
[ "$(wc -l <"$TRIES")" -gt "$REFUSALS" ] || exit 75
exec "$REAL"
END
chmod +x "$work/busy"

# refusing N: the sweep where N attempts are refused
refusing()
{
	rm -f "$result" "$work/tries"
	got=$(status env REFUSALS="$1" TRIES="$work/tries" \
		REAL="$TABLE_PROGRAM" TABLE_PROGRAM="$work/busy" "$run" table \
		--nsamples 1 --duration 1 --nbusytasks 0 --results "$result")
}

refusing 2
equal "too busy twice: asked again" "$got" 0
refusing 100
equal "too busy all the time: could not tell" "$got" 4
ok "after some attempts" test "$(wc -l <"$work/tries")" -lt 10

#
# Interrupted, then continued.  Signals that a shell ignores in the background
# are needed here: hence perl.
#
# begin SIGNAL DURATION ROWS CONDITION: sends it when that holds
begin()
{
	rm -f "$result"
	# shellcheck disable=SC2016
	env "$mark" perl -e '
		$SIG{$_} = "DEFAULT" for qw(HUP INT TERM);
		exec @ARGV' "$run" table --nsamples 2 --duration "$2" --mb 1 \
		--nbusytasks "$3" --results "$result" \
		>"$work/stdout" 2>"$work/stderr" &
	pid=$!
	ok "SIG$1: runs before it" until_true "$4"
	sleep 0.3
	kill -s "$1" "$pid"
	wait "$pid" 2>/dev/null
	got=$?
}

many_processes()
{
	[ "$(marked | wc -l)" -ge 40 ]
}

one_sample()
{
	[ -e "$result" ] && [ "$(samples "$result" '')" -eq 1 ]
}

begin KILL 20 20 many_processes
ok "SIGKILL: no process stays" all_gone
begin TERM 20 20 many_processes
ok "SIGTERM: no process stays" all_gone
equal "SIGTERM: exit status" "$got" 143
begin INT 1 0,20 one_sample
equal "Ctrl-C: no process stays, not for a moment" "$(marked)" ""
equal "Ctrl-C: exit status" "$got" 130
equal "Ctrl-C: does not wait for the sample" "$(samples "$result" '')" 1
equal "Ctrl-C: the table so far" "$(grep -cE '^ +0 +[0-9]+\.' "$work/stdout")" 2
ok "Ctrl-C: says how to go on" grep -q -e "--continue $result" "$work/stderr"
grep '^sample' "$result" >"$work/before"
printf 'sample 20 128 1 vic' >>"$result"
equal "--continue" "$(status "$run" table --continue "$result")" 0
equal "takes what was missing" \
	"$(samples "$result" '[0-9]* [0-9]* [0-9]* victim [01] ')" 4
equal "each once" "$(awk '/^sample/ { print $2, $4 }' "$result" | sort -u |
	wc -l)" 4
grep '^sample' "$result" | head -n "$(wc -l <"$work/before")" >"$work/after"
ok "keeps what there was" cmp "$work/before" "$work/after"
sed -i 's/^# kernel .*/# kernel 1.2.3/' "$result"
sed -i '$d' "$result"
equal "not on another kernel" "$(status "$run" table --continue "$result")" 4
ln -s "$result" "$work/link"
printf 'sample 20 128 1 vic' >>"$result"
equal "nor by a link" "$(status "$run" table --continue "$work/link")" 4
ok "which stays one" test -L "$work/link"
ok "and of which the half line was dropped" test -z "$(tail -c 1 "$result")"
sed -i 's/^# nsamples .*/# nsamples 1;id/' "$result"
equal "not with a strange parameter" \
	"$(status "$run" table --continue "$result")" 2

#
# A full disk, and flat memory.
#
if [ -w /dev/full ]; then
	DURATION=1 MAPPINGS=8 "$TABLE_PROGRAM" >/dev/full 2>"$work/stderr"
	equal "a full disk: could not tell" $? 4
	ok "and said" test -s "$work/stderr"
fi

resident()
{
	for pid in $(marked); do
		awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status" 2>/dev/null
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

# peak SECONDS: the most that all processes of a sample had at a time, in kB
peak()
{
	env "$mark" BUSY=10 DURATION="$1" CPU_MAPPER="$first" CPU_LOAD="$last" \
		"$TABLE_PROGRAM" >"$work/line" &
	while sleep 0.2; now=$(resident); [ "$now" -gt 0 ]; do
		echo "$now"
	done | sort -n | tail -n 1
	wait
}

short=$(peak 1)
long=$(peak 4)
ok "memory was seen" test "${short:-0}" -gt 1000
ok "it does not grow with time: $short kB, $long kB" \
	test "$long" -le $((short + short / 10))

#
# Thousands wait at the gate, for seconds: they had better sleep.
#
cat >"$work/wait.c" <<'END'
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>
#include "lib/clock.h"
#include "lib/futex.h"
int main(void)
{
	_Atomic uint32_t word = 0;

	futex_wait(&word, 0, 3 * NSEC_PER_SEC);
	printf("%ld\n", clock() / (CLOCKS_PER_SEC / 1000));
	return 0;
}
END
ok "a long wait: built" gcc -O2 -D_GNU_SOURCE -I"$top" \
	-o "$work/wait" "$work/wait.c" "$top"/lib/*.c
spent=$("$work/wait")
ok "a long wait sleeps: $spent ms of 3000 awake" test "$spent" -lt 200

#
# What is made of results.
#
a_result "$work/A" 1 5 2
cp "$work/A" "$result"
sed -i 's/^# nsamples .*/&\n# duration 3\n# cpumapper 0\n# cpubusytasks 1/
	s/^# nsamples .*/&\n# cpuscript 0\n# busyduration 0\n# seed 1/
	s/^# kernel .*/# kernel '"$(uname -r)"'/' "$result"
equal "table of a known result" "$(status "$run" table --continue "$result")" 0
ok "median, minimum, maximum, hangs" \
	grep -qE '^ +10 +3\.000 +1\.000 +100\.000 +\*2$' "$work/stdout"
ok "and of the means" grep -qE '^ +10 +0\.013 +0\.011 +0\.110 ' "$work/stdout"

a_result "$work/B" 10 5
a_result "$work/few" 10 4
a_result "$work/other" 1 5 0 sweep mappings
sed -i '/^sample/s/16384/10/' "$work/other"
equal "compare: the same is not worse" \
	"$(status "$run" compare "$work/A" "$work/A")" 0
ok "compare: shares over 0.5 and 1 ms" \
	grep -qE '^10 +5 +5 +100 % +100 % +80 % +80 % +1\.00' "$work/stdout"
ok "compare: hangs" grep -qE '^10 .*\*2 .*\*2$' "$work/stdout"
equal "compare: worse" "$(status "$run" compare "$work/A" "$work/B")" 1
ok "compare: ten times" grep -qE '^10 .* 10\.00 ' "$work/stdout"
equal "compare: better" "$(status "$run" compare "$work/B" "$work/A")" 0
ok "compare: says better" grep -q 'better in 0 10' "$work/stdout"
equal "compare: too few samples" \
	"$(status "$run" compare "$work/A" "$work/few")" 4
equal "compare: #Busy and #Maps" \
	"$(status "$run" compare "$work/A" "$work/other")" 2
equal "compare: no result" "$(status "$run" compare "$work/A" "$0")" 2
equal "compare: one only" "$(status "$run" compare "$work/A")" 2

# json FILE FACTOR: what proc_mmap_latency writes, of one scenario.
json()
{
	{
		echo '  "release": "1.2.3", "limit_us": 500,'
		echo '      "name": "maps_hog",'
		echo '      "windows": ['
		for i in 1 2 3 4 5 6 7 8; do
			echo "{\"arm\": \"decoy\", \"ops\": 10," \
				"\"sum_ns\": $((100000 + i)), \"max_ns\": 50000},"
			echo "{\"arm\": \"victim\", \"ops\": 10," \
				"\"sum_ns\": $((100000 * $2 + i))," \
				"\"max_ns\": $((50000 * $2))},"
		done
	} >"$1"
}

json "$work/A.json" 1
json "$work/B.json" 20
equal "compare: JSON, the same" \
	"$(status "$run" compare "$work/A.json" "$work/A.json")" 0
equal "compare: JSON, worse" \
	"$(status "$run" compare "$work/A.json" "$work/B.json")" 1
ok "compare: JSON, over the limit" \
	grep -qE '^maps_hog +8 +8 +0 % +100 % +0 % +0 % +20\.00' "$work/stdout"
equal "compare: JSON and table" \
	"$(status "$run" compare "$work/A" "$work/A.json")" 2

equal "compare --published" "$(status "$run" compare --published "$work/A")" 0
ok "published: its number" grep -qE '^ +10 published +24 +123\.514' \
	"$work/stdout"
ok "published: ours under it" grep -qE '^ +10 here +5 +3\.000' "$work/stdout"
ok "published: what differs" grep -q 'differs in: .*procfile smaps, here maps' \
	"$work/stdout"
equal "published: no JSON" \
	"$(status "$run" compare --published "$work/A.json")" 2

equal "plot: svg" "$(status "$run" plot "$work/A" "$work/B" \
	-o "$work/picture.svg")" 0
ok "plot: made by gnuplot" grep -qi gnuplot "$work/picture.svg"
ok "plot: has the star" grep -qF '*2' "$work/picture.svg"
equal "plot: a curve for each" \
	"$(grep -c '>maps, Linux 1.2.3</text>' "$work/picture.svg")" 2
equal "plot: png" "$(status "$run" plot "$work/A" --row 10 \
	-o "$work/picture.png")" 0
equal "plot: is one" "$(head -c 4 "$work/picture.png" | tail -c 3)" PNG
equal "plot: no such row" "$(status "$run" plot "$work/A" --row 7 \
	-o "$work/none.svg")" 4
for bad in "$work/A" "-o $work/x.svg" "$work/A -o $work/x.gif" \
	   "$0 -o $work/x.svg" "$work/A $work/other -o $work/x.svg" \
	   "$work/A -x"; do
	# shellcheck disable=SC2086
	equal "plot: bad usage" "$(status "$run" plot $bad)" 2
done
equal "plot: cannot write" "$(status "$run" plot "$work/A" \
	-o "$work/none/x.svg")" 4

finish
