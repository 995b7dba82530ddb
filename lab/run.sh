# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# run.sh - lab run: boot, judge, compare with what is expected
#
# Sourced by lab.sh, with the options of run.

# shellcheck source-path=SCRIPTDIR source=programs.sh
. "$here/programs.sh"

# --- options ----------------------------------------------------------------

kernels='' results=$LAB_CACHE/runs vng='' times=1 limit='' cpus=2 once=''
machine_options='' stress='' stress_options=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel|--arch|--cpus|--memory|--timeout|--append|--out|--times)
		[ -n "${2-}" ] || bad_usage "$1 needs a value" ;;
	esac
	case $1 in
	--kernel) kernels="$kernels$2
"; shift ;;
	--arch) for_machine "$2"; shift ;;
	--cpus) cpus=$2; shift ;;
	--memory|--append)
		machine_options="$machine_options $1 '$(printf %s "$2" |
			sed "s/'/'\\\\''/g")'"
		shift ;;
	--timeout) limit=$2; shift ;;
	--times) times=$2; shift ;;
	--out) results=$2; shift ;;
	--stress) stress=1 ;;
	--once) once=1 ;;
	--vng) vng=1 ;;
	--help|-h) usage; exit 0 ;;
	--) shift; break ;;
	*) bad_usage "unknown option $1" ;;
	esac
	shift
done
# So many tests, at the worst each as long as DURATION says, beside what an emulator
# makes of the rest.
seconds=${DURATION:-0}
seconds=${seconds%%.*}
if [ -n "$stress" ]; then
	columns=stress
	stress_options="--swap 1G --nodes 2"
	: "${limit:=$((900 + 36 * (seconds > 0 ? seconds : 1)))}"
	export STRESS=1 GUEST_ONLY=proc_maps_stress
fi
: "${limit:=$((600 + 300 * seconds))}"
positive "$cpus" "$limit" "$times"
# One program may be cut off, and the others still have their turn.
machine_limit=$((limit * 3 / 2))
# Whether each column is to have an answer.
whole=1
[ -n "$stress" ] || { [ $# -eq 0 ] && [ -z "${GUEST_ONLY-}" ]; } || whole=''
mkdir -p "$results" && results=$(cd "$results" && pwd) || exit 4

# --- one kernel -------------------------------------------------------------

# boot IMAGE DIR OPTION...: the gate there; its report is DIR/out
boot()
{
	image=$1
	dir=$2
	shift 2
	mkdir -p "$dir"
	if [ -z "$image" ]; then
		run_here "$@"
		return
	fi
	if [ -n "$vng" ]; then
		run_vng "$@"
		return
	fi
	eval "set -- --arch $archive_machine ${busybox:+--busybox \"\$busybox\"} \
		$stress_options $machine_options --env GUEST_LIMIT=$limit \
		$(hand_on) -- guest.sh \"\$@\""
	for file in "$programs"/proc_m*; do
		[ ! -x "$file" ] || set -- --program "$file" "$@"
	done
	attended sh "$here/boot.sh" --kernel "$image" --out "$dir" --cpus "$cpus" \
		--timeout "$machine_limit" --program "$here/guest.sh" "$@"
}

# Those that the programs know
handed_on='GATE DURATION FULL SEED PLANT STRESS GUEST_ONLY GUEST_CGROUP KSFT_MACHINE_SLOW'

# --env for each of them that is set
hand_on()
{
	for variable in $handed_on; do
		eval "[ -z \"\${$variable-}\" ]" ||
			printf -- '--env "%s=$%s" ' "$variable" "$variable"
	done
}

run_here()
{
	[ "${PLANT-}" != splat ] || {
		say "PLANT=splat writes to the kernel's log: not to this one's"
		return 4
	}
	rm -rf "$dir/files"
	mkdir -p "$dir/files"
	uname -r > "$dir/files/.release"
	cat /proc/version > "$dir/files/.version"
	echo none > "$dir/accel"
	started=$(date +%s)
	said=$(last_word)
	[ -n "$said" ] || say "the kernel's log cannot be read: complaints go unnoticed"
	attended env -u GUEST_CGROUP PATH="$programs:$PATH" GUEST_LIMIT="$limit" \
		GUEST_PROGRAMS="$programs" GUEST_OUT="$dir/files" \
		setpriv --pdeathsig TERM sh "$here/guest.sh" "$@" > "$dir/out"
	status=$?
	echo $(($(date +%s) - started)) > "$dir/seconds"
	log_since "$said" > "$dir/log"
	return $((status != 0))
}

# vng shares this machine's root directory with the guest.
run_vng()
{
	command -v vng >/dev/null || {
		say 'vng is not installed (package virtme-ng)'
		return 4
	}
	rm -rf "$dir/files"
	mkdir -p "$dir/files"
	echo vng > "$dir/accel"
	{
		echo "dmesg -n 1; uname -r > '$dir/files/.release'"
		echo "cat /proc/version > '$dir/files/.version'"
		echo "export PATH='$programs':\$PATH GUEST_LIMIT=$limit"
		echo "export GUEST_PROGRAMS='$programs' GUEST_OUT='$dir/files'"
		for variable in $handed_on; do
			eval "value=\${$variable-}"
			[ -z "$value" ] || echo "export $variable='$value'"
		done
		echo "sh '$here/guest.sh' $*; status=\$?"
		echo "dmesg > '$dir/log'; exit \$status"
	} > "$dir/vng.sh"
	started=$(date +%s)
	no_kvm=''
	machine_for "$archive_arch"
	[ "$accel" = kvm ] || no_kvm=--disable-kvm
	eval "set -- $no_kvm $machine_options"
	attended setpriv --pdeathsig TERM timeout -k 5 "$machine_limit" \
		vng "$@" --run "$image" --cpus "$cpus" --user root \
		--rwdir "$dir=$dir" -- sh "$dir/vng.sh" \
		> "$dir/out" 2> "$dir/vng" < /dev/null
	status=$?
	echo $(($(date +%s) - started)) > "$dir/seconds"
	if [ ! -s "$dir/files/.release" ] || [ ! -s "$dir/out" ]; then
		say "no answer from $image under vng:"
		tail -n 15 "$dir/vng" >&2
		return 4
	fi
	return $((status != 0))
}

# --- answers ----------------------------------------------------------------

headed=''
worst=0
worse()
{
	# 1 is the word of a kernel, 4 the lack of one
	if [ "$1" = 1 ] || [ "$worst" = 0 ]; then
		worst=$1
	fi
}

row()
{
	# shellcheck disable=SC2086 # words
	printf '%-12s %-22s %-14s %-14s %-14s %-14s %-4s %-4s %s\n' $1
}

# remarks WORD: one more at the end of the line
remarks()
{
	remark=${remark:+$remark,}$1
}

# ask OPTION...: boots $image and sets status; where there was an answer also
# release, found, wanted, marked and unmet, with what is in no column in $dir/reds
# and $dir/splats
ask()
{
	boot "$image" "$dir" "$@"
	status=$?
	[ $status -le 1 ] || return
	release=$(cat "$dir/files/.release")
	found=$(answers "$dir/out")
	wanted=$(expected_of "$name" "$release")
	marked=$(compare "$found" "$wanted" "$whole")
	unmet=$(not_exercised "$dir/out")
	# With GATE=1 more is red, and the exit status says so.
	: > "$dir/reds"
	[ "${GATE-}" = 1 ] || reds "$dir/out" "$wanted" > "$dir/reds"
	splats "$dir/log" | unexplained "$wanted" > "$dir/splats"
}

# undecided: whether nothing is wrong, but there was too little time or too few
# chances to say more, which is the host's doing
undecided()
{
	[ $status -le 1 ] && [ ! -s "$dir/reds" ] && [ ! -s "$dir/splats" ] ||
		return
	[ "${GATE-}" != 1 ] || [ $status = 0 ] || return
	case $marked in
	*!*) false ;;
	*unsure\?*|*unprovoked\?*) ;;
	*) false ;;
	esac
}

one_kernel()
{
	kernel=$1
	run=$2
	shift 2
	found=$(image_of "$kernel") || {
		worse 4
		return
	}
	name=${found%%	*}
	image=${found#*	}
	[ -n "$headed" ] || row "kernel $columns s by"
	headed=1
	dir=$results/$name$([ "$times" = 1 ] || echo ".$run")
	remark=''
	rm -rf "$dir.undecided"
	note "running the gate on $name"
	ask "$@"
	# Whatever the second boot says stands, and the line says that it is one.
	if [ -z "$once" ] && undecided; then
		note "$name could not tell; once more"
		remarks asked-twice
		mv "$dir" "$dir.undecided" || exit 4
		ask "$@"
	fi
	if [ $status -gt 1 ]; then
		worse 4
		# Before init, and where it is the emulator's, it is no answer.
		if grep -q 'Run /init' "$dir/log" 2>/dev/null &&
			! emulators_oops "$dir" &&
			splats "$dir/log" > "$dir/splats"; then
			worse 1
			remarks "SPLAT($(wc -l < "$dir/splats")),$dir/splats"
		else
			remarks "$dir/log"
		fi
		row "$name no-answer - - - - - - $remark"
		return
	fi
	case $marked in
	*!*) worse 1; remarks "expected:$(echo "$wanted" | tr ' ' ',')" ;;
	*\?*|'- - - - -'|-) worse 4 ;;
	esac
	[ "$unmet" = 0 ] || remarks "not-exercised:$unmet"
	if [ -s "$dir/reds" ]; then
		worse 1
		remarks "red:$(paste -sd, "$dir/reds")"
	fi
	if [ -s "$dir/splats" ]; then
		worse 1
		remarks "SPLAT($(wc -l < "$dir/splats")),$dir/splats"
	fi
	[ "${GATE-}" != 1 ] || [ $status = 0 ] || worse 1
	row "$name $marked $(cat "$dir/seconds") $(cut -d , -f 1 "$dir/accel") $remark"
	jq -cn --arg name "$name" --arg release "$release" \
		--arg version "$(cat "$dir/files/.version" 2>/dev/null)" \
		--arg accel "$(cat "$dir/accel")" --arg answers "$found" \
		--arg expected "$wanted" --arg columns "$columns" \
		--argjson twice "$([ -d "$dir.undecided" ] && echo true || echo false)" \
		--argjson not_exercised "$unmet" \
		--argjson cpus "$cpus" --argjson status "$status" \
		--argjson seconds "$(cat "$dir/seconds")" \
		--rawfile splats "$dir/splats" --rawfile reds "$dir/reds" '
		($columns | split(" ")) as $c |
		{ $name, $release, $version, $accel, $cpus, $seconds, $status,
		  $twice, $not_exercised,
		  answers: ([$c, ($answers | split(" "))] | transpose |
			map({ (.[0]): .[1] }) | add),
		  expected: ([$c, ($expected | split(" "))] | transpose |
			map({ (.[0]): .[1] }) | add),
		  reds: ($reds | split("\n") | map(select(. != ""))),
		  splats: ($splats | split("\n") | map(select(. != ""))) }' \
		>> "$results/matrix.new"
}

# A wrong name should not be found out after the first kernel's minutes.
IFS='
'
for kernel in $kernels; do
	case $kernel in
	[0-9]*|running) ;;
	*) image_of "$kernel" > /dev/null || exit ;;
	esac
done
unset IFS

busybox=''
if [ "$archive_arch" = "$(dpkg --print-architecture)" ]; then
	sh "$here/../scripts/install.sh" lab || exit
else
	sh "$here/../scripts/install.sh" cross || exit
	busybox=$(archive_busybox) || exit 4
fi
static_programs "$archive_arch" || exit 4
[ -n "$kernels" ] ||
	kernels=$(archive_list kernel | sed 's/^\([0-9]*\.[0-9]*\).*/\1/' | uniq)
[ -n "$kernels" ] || exit 4
exec 7> "$results/.lock"
flock -n 7 || {
	say "another lab run writes to $results: name another with --out"
	exit 4
}
rm -f "$results/matrix.json"
: > "$results/matrix.new"
IFS='
'
run=0
while [ "$run" -lt "$times" ]; do
	run=$((run + 1))
	for kernel in $kernels; do
		unset IFS
		one_kernel "$kernel" "$run" "$@"
	done
done
jq -s . "$results/matrix.new" > "$results/matrix.json"
rm -f "$results/matrix.new"
exit "$worst"
