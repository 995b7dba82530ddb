#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: table [OPTIONS]       mmap() latency by number of busy tasks (--help: options)
#
# table.sh - how long mmap() and munmap() take, by number of busy tasks
#
# Usage: table.sh [OPTIONS]
#        table.sh --continue FILE [--rawdata]
#
# A busy task is a scanner at nice 15, which reads a file of the mapper's, and a
# hog on the same CPU.  For each number of them, samples are taken in turn; then
# the table shows median, minimum and maximum of the samples' worst and of their
# mean operation.  A run that is not over five seconds after its end is a hang:
# the busy tasks are killed, and it gets a star.
#
#  --nsamples N        samples of each row (7)
#  --duration SECONDS  of a sample (3)
#  --nbusytasks N,...  the rows: scanners, and as many hogs, on each busy CPU
#                      (0,1,10,100,1000; with --mappings one number, 2)
#  --mappings N,...    the rows: mappings that the mapper has
#  --mb N, --gb N      or the size of its region, half of which is mapped, page
#                      by page (--mb 128: 16,384 mappings)
#  --procfile NAME     maps, smaps, smaps_rollup, numa_maps, pagemap, status, or
#                      query, for PROCMAP_QUERY (maps)
#  --busyduration MS   a hog spins so long, then sleeps 1 ms; 0: spins (0)
#  --control           measure also while the scanners read another process, so
#                      that the table means something in a VM
#  --cpumapper N       the mapper's CPU (the first one)
#  --cpubusytasks N    the first busy CPU (one that is not the mapper's sibling)
#  --nbusycpus N       how many there are, in a row (1)
#  --cpuscript N       where this script runs (on the mapper's CPU)
#  --seed N            of what is random
#  --results FILE      where the samples go (a new file in .table/)
#  --continue FILE     take the samples that this one still lacks, as it says
#  --rawdata           print samples, not the table
#  --kernel K          do it on that kernel in QEMU: a release of the lab, or the
#                      path of an image
#  --help              this text
#
# Exit status: 0; 2 bad usage; 4 could not be measured, as with one CPU; 130
# after Ctrl-C, which prints the table so far.

set -u

USAGE=2 CANNOT_TELL=4
here=$(cd "$(dirname "$0")/.." && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/run_tests.sh" --environment)"
awk_dir=$(cd "$(dirname "$0")" && pwd -P)
FILES="maps smaps smaps_rollup numa_maps pagemap status query"
# What load.h has room for, in all.
MOST_TASKS=4096
# A machine that is too busy now, says latency_sample, may not be so next time.
NOT_NOW=75
ATTEMPTS=5
# Of max_map_count: what a process has besides its region, and a split's two.
SPARE_MAPPINGS=64

note()
{
	echo "table: $*" >&2
}

die()
{
	status=$1
	shift
	note "$*"
	exit "$status"
}

# number OPTION VALUE LEAST MOST
number()
{
	case $2 in
	''|*[!0-9]*|??????????*)
		;;
	*)
		[ "$2" -ge "$3" ] && [ "$2" -le "$4" ] && return
		;;
	esac
	die "$USAGE" "$1 takes a number from $3 to $4, not '$2'"
}

# numbers OPTION LIST LEAST MOST: the same with commas, each number once.
numbers()
{
	case ,$2, in
	*,,*|*[!0-9,]*)
		die "$USAGE" "$1 takes numbers with commas between, not '$2'"
		;;
	esac
	for value in $(echo "$2" | tr , ' '); do
		number "$1" "$value" "$3" "$4"
	done
	[ "$(echo "$2" | tr , '\n' | sort -n | uniq -d)" ] &&
		die "$USAGE" "$1 has a number twice: $2"
	return 0
}

one_size()
{
	[ ! "$size" ] || die "$USAGE" "only one of --mappings, --mb and --gb"
	size=$1
}

#
# Options.  What a result must say of itself, so that it can be continued, are
# the variables of PARAMETERS.
#
PARAMETERS="procfile sweep nbusytasks mappings nbusycpus cpumapper cpubusytasks
cpuscript busyduration control nsamples duration seed"

parse()
{
	procfile=maps sweep=busy nbusytasks='' mappings='' nbusycpus=1
	cpumapper='' cpubusytasks='' cpuscript='' busyduration=0 control=0
	nsamples=7 duration=3 seed=$(date +%s)
	size='' region_mb=128 results='' continued='' raw='' kernel='' given=''
	passed=''
	while [ $# -gt 0 ]; do
		case $1 in
		--continue|--rawdata|--help|-h|--)
			;;
		*)
			given=$1
			;;
		esac
		case $1 in
		--control|--rawdata|--help|-h|--)
			;;
		--*)
			[ $# -ge 2 ] || die "$USAGE" "$1 needs a value"
			;;
		esac
		case $1 in
		--nsamples)
			number "$1" "$2" 1 100000
			nsamples=$2
			;;
		--duration)
			number "$1" "$2" 1 86400
			duration=$2
			;;
		--nbusytasks)
			numbers "$1" "$2" 0 $MOST_TASKS
			nbusytasks=$2
			;;
		--mappings)
			one_size "$1"
			numbers "$1" "$2" 1 100000000
			sweep=mappings mappings=$2
			;;
		--mb|--gb)
			one_size "$1"
			number "$1" "$2" 1 100000
			region_mb=$2
			[ "$1" = --mb ] || region_mb=$(($2 * 1024))
			;;
		--procfile)
			case " $FILES " in
			*" $2 "*)
				;;
			*)
				die "$USAGE" "--procfile takes one of" \
					"$FILES, not '$2'"
				;;
			esac
			procfile=$2
			;;
		--busyduration)
			number "$1" "$2" 0 1000000
			busyduration=$2
			;;
		--nbusycpus)
			number "$1" "$2" 1 $MOST_TASKS
			nbusycpus=$2
			;;
		--cpumapper|--cpubusytasks|--cpuscript)
			number "$1" "$2" 0 $MOST_TASKS
			# Checked above: a number.
			eval "${1#--}=$2"
			;;
		--seed)
			number "$1" "$2" 1 999999999
			seed=$2
			;;
		--results)
			[ ! -e "$2" ] || die "$USAGE" "$2 exists;" \
				"--continue goes on with it"
			results=$2
			;;
		--continue)
			continued=$2
			;;
		--kernel)
			kernel=$2
			;;
		--control|--rawdata)
			[ "$1" = --control ] && control=1 || raw=1
			passed="$passed $1"
			shift
			continue
			;;
		--)
			# run-proc-vs-map.sh has its options on both sides.
			shift
			continue
			;;
		--help|-h)
			exec sh "$here/run_tests.sh" table --help
			;;
		*)
			die "$USAGE" "no such option: $1, see --help"
			;;
		esac
		case $1 in
		--results|--continue|--kernel)
			;;
		*)
			passed="$passed $1 $2"
			;;
		esac
		shift 2
	done
}

# The rest of the parameters, and whether they go together.
fill_in()
{
	if [ "$sweep" = mappings ]; then
		: "${nbusytasks:=2}"
		case $nbusytasks in
		*,*)
			die "$USAGE" "with --mappings, --nbusytasks is one number"
			;;
		esac
	else
		: "${nbusytasks:=0,1,10,100,1000}"
		page=$(getconf PAGESIZE 2>/dev/null || echo 4096)
		mappings=$((region_mb * 1024 * 1024 / page / 2))
	fi
	[ $(($(most "$nbusytasks") * nbusycpus)) -le $MOST_TASKS ] ||
		die "$USAGE" "at most $MOST_TASKS busy tasks in all"
}

# Is it possible on this machine?  Before anything is started.
possible()
{
	limit=$(cat /proc/sys/vm/max_map_count)
	if [ "$(most "$mappings")" -gt $((limit - SPARE_MAPPINGS)) ]; then
		die "$CANNOT_TELL" "$(most "$mappings") mappings are more than" \
			"vm.max_map_count=$limit allows"
	fi
	if [ ! -e "/proc/self/$procfile" ] && [ "$procfile" != query ]; then
		die "$CANNOT_TELL" "this kernel has no /proc/PID/$procfile"
	fi
	choose_cpus
}

most()
{
	echo "$1" | tr , '\n' | sort -n | tail -n 1
}

# expand LIST: of CPUs, as 0-2,5: one a line
expand()
{
	echo "$1" | tr , '\n' | awk -F- '{
		for (cpu = $1; cpu <= ($2 == "" ? $1 : $2); cpu++)
			print cpu
	}'
}

# Those online that we are allowed to use.
all_cpus()
{
	cpus=" $(expand "$(sed -n 's/^Cpus_allowed_list:[[:blank:]]*//p' \
			/proc/self/status)" | tr '\n' ' ')"
	for cpu in $(expand "$(cat /sys/devices/system/cpu/online)"); do
		case $cpus in
		*" $cpu "*)
			echo "$cpu"
			;;
		esac
	done
}

has_cpu()
{
	case $there in
	*" $1 "*)
		;;
	*)
		return 1
		;;
	esac
}

# busy_fits FIRST: all busy CPUs are there, without the mapper's
busy_fits()
{
	next=$1
	while [ "$next" -lt $(($1 + nbusycpus)) ]; do
		has_cpu "$next" && [ "$next" -ne "$cpumapper" ] || return
		next=$((next + 1))
	done
}

siblings()
{
	cat "/sys/devices/system/cpu/cpu$1/topology/thread_siblings_list" \
		2>/dev/null || echo "$1"
}

choose_cpus()
{
	there=" $(all_cpus | tr '\n' ' ')"
	# shellcheck disable=SC2086
	set -- $there
	[ $# -ge 2 ] || die "$CANNOT_TELL" "SKIP: fewer than two CPUs"
	: "${cpumapper:=$1}"
	for option in cpumapper cpubusytasks cpuscript; do
		eval "cpu=\$$option"
		[ ! "$cpu" ] || has_cpu "$cpu" ||
			die "$USAGE" "--$option: no CPU $cpu here, only$there"
	done
	if [ ! "$cpubusytasks" ]; then
		close=" $(expand "$(siblings "$cpumapper")" | tr '\n' ' ')"
		for cpu; do
			busy_fits "$cpu" || continue
			: "${cpubusytasks:=$cpu}"
			case $close in
			*" $cpu "*)
				;;
			*)
				cpubusytasks=$cpu
				break
				;;
			esac
		done
	fi
	busy=$((${cpubusytasks:-$cpumapper} + nbusycpus - 1))
	if [ ! "$cpubusytasks" ] || ! busy_fits "$cpubusytasks"; then
		[ "$cpubusytasks" ] && [ "$cpumapper" -ge "$cpubusytasks" ] &&
			[ "$cpumapper" -le "$busy" ] &&
			die "$USAGE" "mapper and busy tasks on one CPU," \
				"$cpumapper: each would wait for the other"
		die "$USAGE" "no $nbusycpus CPUs in a row for busy tasks:" \
			"there are$there, the mapper has $cpumapper"
	fi
	: "${cpuscript:=$cpumapper}"
	if [ "$cpuscript" -ge "$cpubusytasks" ] && [ "$cpuscript" -le "$busy" ]
	then
		die "$USAGE" "script and busy tasks on one CPU, $cpuscript:" \
			"it could not end them"
	fi
}

#
# The results file: lines "# NAME VALUE", then one line for each sample.
#
describe()
{
	echo "# latency_table 1"
	echo "# command ${TABLE_COMMAND:-$command}"
	echo "# date $(date -u +%Y-%m-%dT%H:%M:%SZ)"
	echo "# kernel $(uname -r)"
	echo "# machine $(uname -m)"
	echo "# loadavg $(cat /proc/loadavg)"
	echo "# virtual $(grep -qs '^flags.* hypervisor' /proc/cpuinfo &&
		echo yes || echo no)"
	for cpu in $(all_cpus); do
		dir=/sys/devices/system/cpu/cpu$cpu/topology
		echo "# cpu$cpu package" \
			"$(cat "$dir/physical_package_id" 2>/dev/null)" \
			"core $(cat "$dir/core_id" 2>/dev/null)" \
			"siblings $(siblings "$cpu")"
	done
	for parameter in $PARAMETERS; do
		eval "echo \"# $parameter \$$parameter\""
	done
}

# A result as parse() and fill_in() would have left it.
read_back()
{
	if [ "$(head -n 1 "$1" 2>/dev/null)" != "# latency_table 1" ]; then
		die "$USAGE" "$1 is no result of table"
	fi
	for parameter in $PARAMETERS; do
		value=$(sed -n "s/^# $parameter //p" "$1")
		case $value in
		''|*[!a-z0-9_,]*)
			die "$USAGE" "$1 does not say $parameter"
			;;
		esac
		eval "$parameter=$value"
	done
	was=$(sed -n 's/^# kernel //p' "$1")
	[ -w "$1" ] || die "$CANNOT_TELL" "cannot write $1"
	# A line that a full disk, or a crash, cut off.
	[ ! "$(tail -c 1 "$1")" ] || sed -i --follow-symlinks '$d' "$1"
}

show()
{
	awk -v raw="$raw" -f "$awk_dir/samples.awk" -f "$awk_dir/table.awk" \
		"$results"
}

taken()
{
	grep -q "^sample $1 $2 $3 victim " "$results"
}

# A line for a terminal: what was done, and how long the rest will take.
progress()
{
	[ -t 2 ] || return 0
	left=-
	[ "$fresh" -eq 0 ] ||
		left=$(((all - did) * ($(date +%s) - began) / fresh))
	[ "$left" = - ] || left="$((left / 60)) min $((left % 60)) s left"
	printf '\r\033[K%s %s, sample %s of %s: %d of %d done, %s' \
		"$([ $sweep = busy ] && echo '#Busy' || echo '#Maps')" \
		"$1" "$2" "$nsamples" "$did" "$all" "$left" >&2
}

wipe()
{
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

sampler=''
# shellcheck disable=SC2317 # called by traps
interrupted()
{
	trap '' HUP INT TERM
	[ ! "$sampler" ] || kill "$sampler" 2>/dev/null
	[ ! "$sampler" ] || wait "$sampler" 2>/dev/null
	wipe
	show
	note "stopped; to go on: run_tests.sh table --continue $results"
	exit "$1"
}

# sample BUSY MAPPINGS NUMBER
sample()
{
	for _ in $(seq $ATTEMPTS); do
		attempt "$@"
		[ "$status" -eq "$NOT_NOW" ] || break
	done
	[ "$status" -eq 0 ] && return
	wipe
	show
	die "$CANNOT_TELL" "#Busy $1, $2 mappings: no sample;" \
		"to go on: run_tests.sh table --continue $results"
}

attempt()
{
	BUSY=$1 MAPPINGS=$2 SAMPLE=$3 DURATION=$duration PROCFILE=$procfile \
	CONTROL=$control BUSYDURATION=$busyduration CPU_MAPPER=$cpumapper \
	CPU_SCRIPT=$cpuscript CPU_LOAD=$cpubusytasks CPUS_LOAD=$nbusycpus \
	SEED=$seed "$program" >>"$results" &
	sampler=$!
	wait "$sampler"
	status=$?
	sampler=''
}

# In turn, and not row by row: what changes on the machine meanwhile then
# changes in all rows.
measure()
{
	rows=$nbusytasks
	[ $sweep = busy ] || rows=$mappings
	rows=$(echo "$rows" | tr , ' ')
	# shellcheck disable=SC2086
	set -- $rows
	all=$(($# * nsamples)) did=0 fresh=0 began=$(date +%s)
	trap 'interrupted 129' HUP
	trap 'interrupted 130' INT
	trap 'interrupted 143' TERM
	turn=1
	while [ "$turn" -le "$nsamples" ]; do
		for row; do
			set_row "$row"
			if ! taken "$busy" "$maps" $turn; then
				progress "$row" $turn
				sample "$busy" "$maps" $turn
				fresh=$((fresh + 1))
			fi
			did=$((did + 1))
		done
		turn=$((turn + 1))
	done
	trap - HUP INT TERM
	wipe
}

set_row()
{
	busy=$1 maps=$mappings
	[ $sweep = busy ] || busy=$nbusytasks maps=$1
}

#
# Another kernel: this very script, in the lab's machine.
#
in_lab()
{
	: "${LAB_CACHE:=$here/.lab}"
	export LAB_CACHE
	sh "$here/scripts/install.sh" lab || exit
	image=$(sh "$here/lab/lab.sh" fetch "$kernel") || exit
	static=$LAB_CACHE/table
	mkdir -p "$static" || exit "$CANNOT_TELL"
	make -s -C "$here" OUTPUT="$static" USERLDFLAGS=-static \
		latency_sample >/dev/null || exit "$CANNOT_TELL"
	rows=$nbusytasks
	[ $sweep = busy ] || rows=$mappings
	rows=$(echo "$rows" | tr , '\n' | wc -l)
	dir=$(mktemp -d "$LAB_CACHE/table.XXXXXX") || exit "$CANNOT_TELL"
	trap 'rm -rf "$dir"' EXIT
	# shellcheck source=lab/attended.sh
	. "$here/lab/attended.sh"
	# What it prints is progress, and at the end the table, which we print.
	watch=''
	[ ! -t 2 ] || watch=--show
	# What a thousand tasks take at most, emulated, and a boot.
	# shellcheck disable=SC2086 # options that were checked
	attended sh "$here/lab/boot.sh" --kernel "$image" --out "$dir" --memory 4G \
		--cpus $((nbusycpus + 1)) $watch \
		--timeout $((120 + rows * nsamples * (60 + 2 * duration))) \
		--program "$static/latency_sample" \
		--program "$awk_dir/table.sh" \
		--program "$awk_dir/samples.awk" \
		--program "$awk_dir/table.awk" \
		--env LC_ALL=C --env TABLE_PROGRAM=/bin/latency_sample \
		--env TABLE_COMMAND="$command" \
		-- sh /bin/table.sh $passed --results /out/result >&2
	status=$?
	[ $status -ne 1 ] || status=$(cat "$dir/status")
	[ "$status" -eq 0 ] || [ "$watch" ] || cat "$dir/out" >&2
	if [ -s "$dir/files/result" ]; then
		cp "$dir/files/result" "$results" || exit "$CANNOT_TELL"
		[ "$status" -ne 0 ] || show
		note "samples are in $results"
	fi
	exit "$status"
}

command="run_tests.sh table $*"
parse "$@"
if [ "$continued" ]; then
	[ ! "$given" ] || die "$USAGE" "--continue goes on as before;" \
		"$given cannot change it"
	read_back "$continued"
	results=$continued
else
	fill_in
fi
: "${results:=$here/.table/$procfile-${kernel:-$(uname -r)}-$(date +%Y%m%d-%H%M%S)}"
[ "$continued" ] || mkdir -p "$(dirname "$results")" ||
	exit "$CANNOT_TELL"

if [ "$kernel" ]; then
	in_lab
fi
program=${TABLE_PROGRAM-}
possible
if [ ! "$program" ]; then
	sh "$here/scripts/install.sh" build || exit
	make -s -C "$here" latency_sample >/dev/null || exit "$CANNOT_TELL"
	program=$here/latency_sample
fi
if [ ! "$continued" ]; then
	describe >"$results" || die "$CANNOT_TELL" "cannot write $results"
elif [ "$was" != "$(uname -r)" ]; then
	die "$CANNOT_TELL" "$continued is of Linux $was, this is $(uname -r)"
fi
measure
show
[ "${TABLE_COMMAND-}" ] || note "samples are in $results"
