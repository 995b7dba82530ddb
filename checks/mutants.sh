#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What counts mutants and false alarms must count right: a run that is red, one
# that does not end, a machine that dies.  And a handful of mutants, where the
# cache has the kernel that they are made of; else that would be six minutes of
# compiling, and check-mutants does it.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/ktap.sh
. "$(dirname "$0")/lib/ktap.sh"

: "${LAB_CACHE:=$top/.lab}"
room=$top/mutants
tab=$(printf '\t')

# --- the list -----------------------------------------------------------------

for patch in "$room"/*.patch; do
	for field in Subject Shows Rule Like; do
		sed '/^---/q' "$patch" | grep -q "^$field: *[^ ]" ||
			echo "$patch: no $field"
	done
done >"$work/headless"
ok "each mutant says what it breaks and which test must notice" \
	holds_nothing "$work/headless"

# --- runs ---------------------------------------------------------------------

# A program that is red every other time, and one that does not end.
cat >"$work/fickle" <<'END'
#!/bin/sh
echo 'ok 1 first'
echo '# kernel: its release, as proc_mmap_latency says, is no complaint'
if [ -e "$0.red" ]; then
	rm "$0.red"
	echo 'not ok 2 second'
else
	: >"$0.red"
	echo 'ok 2 second'
fi
echo 'ok 3 third'
END
printf '#!/bin/sh\nsleep 60\n' >"$work/stuck"
chmod +x "$work/fickle" "$work/stuck"

words()
{
	sed -n 's/^# took .*: //p' "$work/runs" | paste -sd' '
}

"$top/lab/again.sh" --times 3 "$work/fickle" >"$work/runs"
equal "again: whole runs" "$(words)" "green red green"
equal "again: red is no end" "$(grep -c third "$work/runs")" 3
"$top/lab/again.sh" --until-red --times 2 "$work/fickle" >"$work/runs"
equal "again: until red" "$(words)" "red green"
equal "again: red is an end" "$(grep -c third "$work/runs")" 1
"$top/lab/again.sh" --limit 1 "$work/stuck" >"$work/runs"
equal "again: a run that does not end" "$(words)" limit

# What a run of mutants.sh makes of it, in words.
verdicts()
{
	sed -n '/^answers()/,/^}/p' "$room/mutants.sh" >"$work/answers.sh"
	# shellcheck disable=SC2016 # for the inner shell
	here=$top/lab sh -c '. "$1" && answers "$2"' sh "$work/answers.sh" "$work/runs" |
		cut -f 1 | paste -sd' '
}

rm -f "$work/fickle.red"
"$top/lab/again.sh" --times 2 "$work/fickle" >"$work/runs"
equal "a release is no complaint" "$(verdicts)" "missed caught"
sed -i 's/^# took/# kernel log: BUG: planted\n&/' "$work/runs"
equal "a complaint is one" "$(verdicts)" "caught caught"

# --- scores -------------------------------------------------------------------

cat >"$work/score" <<END
caught${tab}one${tab}proc_maps_tearing${tab}2.0${tab}-
caught${tab}one${tab}proc_maps_tearing${tab}4.0${tab}-
caught${tab}one${tab}proc-maps-race${tab}33.0${tab}-
caught${tab}two${tab}proc_maps_tearing${tab}-${tab}-
missed${tab}two${tab}proc_maps_tearing${tab}60.0${tab}-
missed${tab}two${tab}proc-maps-race${tab}-${tab}-
END
"$room/mutants.sh" --score "$work/score" >"$work/sum"
equal "score: one was missed" $? 1
cat >"$work/wanted" <<'END'
1 of 2 mutants caught, each time (3 of 4 runs); median 3 s to the first failure, longest 4 s
proc-maps-race: 1 of 2; over the 1 that both catch, median 3 s by the gate and 33 s by it
END
ok "score: the sum" diff "$work/sum" "$work/wanted"
echo "broken${tab}three${tab}proc_maps_tearing${tab}-${tab}-" >>"$work/score"
"$room/mutants.sh" --score "$work/score" >"$work/sum"
equal "score: what was not built is not caught" $? 4
ok "score: nor is it counted" diff "$work/sum" "$work/wanted"

# --- what cannot be seen here ---------------------------------------------------

# A stale iterator is seen where the use of freed memory is: a kernel that does not
# watch that can be red, but does not pass.
unwatched()
{
	! grep -q ' kasan_report$' /proc/kallsyms &&
		! grep -qsx 1 /sys/kernel/slab/maple_node/poison
}
make -s -C "$top" >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
for test in stopped.fallback.race stopped.smaps.race; do
	if unwatched; then
		"$top/proc_maps_tearing" -r "$test" >"$work/tap" 2>&1
		ok "$test: no pass where freed memory is not watched" \
			grep -q "^ok 1 $test # SKIP\|^not ok 1 " "$work/tap"
	else
		skip "$test" "this kernel watches freed memory"
	fi
done

# --- other configurations -------------------------------------------------------

mkdir -p "$work/first" "$work/second"
grep -v broken "$work/score" >"$work/first/score"
cat >"$work/second/score" <<END
caught${tab}one${tab}proc_maps_tearing${tab}2.0${tab}-
needs${tab}two${tab}proc_maps_tearing${tab}-${tab}NUMA; 7 tests passed
END
for directory in first second; do
	printf 'configuration\t%s\ncommand\tmutants.sh\n' $directory \
		>"$work/$directory/about"
done
equal "score: a fault that cannot show is not counted" \
	"$("$room/mutants.sh" --score "$work/second/score" | cut -d ';' -f 1)" \
	"1 of 1 mutants caught, each time (1 of 1 runs)"
(cd "$work" && "$room/mutants.sh" --table first second) >"$work/sum"
equal "table: a line for each configuration" "$(awk '
	/^[a-z]/ { name = $1; sub(/,$/, "", name); next }
	/^ / { printf "%s.%s=%s ", name, $1, $2 }' "$work/sum")" \
	"one.1=caught one.2=caught two.1=missed two.2=needs "
ok "table: says of what it is one" \
	grep -qx '#    configuration: second' "$work/sum"
"$room/mutants.sh" --table "$work" >"$work/said" 2>&1
equal "table: of what was not run there is none" $? 4
"$room/mutants.sh" --config no-such >"$work/said" 2>&1
equal "no such configuration" $? 2
printf '# Base: none such\nCONFIG_SMP=y\n' >"$work/odd.config"
LAB_CACHE=$work "$top/lab/build.sh" --config "$work/odd.config" odd \
	>"$work/said" 2>&1
equal "no such base of a configuration" $? 2

# --- false alarms ---------------------------------------------------------------

mkdir "$work/programs"
mv "$work/fickle" "$work/programs/proc_maps_tearing"
LAB_PROGRAMS=$work/programs LAB_CACHE=$work "$room/soak.sh" --runs 4 \
	--out "$work/soak" running >"$work/sum" 2>"$work/said"
equal "soak: a red run is told" $? 1
equal "soak: how many" "$(awk '$1 == "running" { print $2, $3 }' "$work/sum")" \
	"4 2"
ok "soak: and kept" grep -q 'not ok 2 second' "$work"/soak/running.*.out
sed -i 's/second/known.tail_lost_after_merge/
	s/echo .not ok/echo "#   this is the signature of known.tail_lost_after_merge"; &/' \
	"$work/programs/proc_maps_tearing"
LAB_PROGRAMS=$work/programs LAB_CACHE=$work "$room/soak.sh" --runs 2 \
	--out "$work/known" running >"$work/sum" 2>"$work/said"
status=$?
if ! known_here lost-tail; then
	equal "soak: the bug is an alarm, where it is not known" $status 1
else
	equal "soak: the known bug is none of its alarms" $status 0
fi

# --- mutants ------------------------------------------------------------------

set -- no-lock overflow-lost query-edge map-fixed-hole read-mmap-lock
if ! ls "$LAB_CACHE"/build/*+cure/preempt-full/vmlinux >/dev/null 2>&1; then
	skip "mutants" "no kernel to break in the cache, see check-mutants"
	finish
fi
export LAB_CACHE
"$room/mutants.sh" --out "$work/mutants" "$@" >"$work/lines" 2>&1
explain "$work/lines"
for name; do
	ok "mutant: $name" grep -q "^caught  *$name " "$work/lines"
done

finish
