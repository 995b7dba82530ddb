# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# lab.sh - booting kernels, and holding the answers against those written down
#
# Sourced after tap.sh.  LAB_CACHE and LAB_PROGRAMS are as in lab/lab.sh.

: "${LAB_CACHE:=$top/.lab}"
export LAB_CACHE
# Where the parts of the lab that are sourced lie.
here=$top/lab

# needs_lab SET: what cannot be had, for lack of a mirror or a disk, is no
# failure of the gate.
needs_lab()
{
	"$top/scripts/install.sh" "$1" >"$work/out" 2>&1 && return
	explain "$work/out"
	skip "$1" "tools missing"
	finish
}

# lab_run OPTION...: its line of the matrix as a diagnostic, $matrix as JSON, and
# its exit status in $lab_status
lab_run()
{
	matrix=$work/runs/matrix.json
	rm -f "$matrix"
	# The debug kernel and some machines take a quarter of an hour.
	"$top/run_tests.sh" lab run --out "$work/runs" --timeout 1800 "$@" \
		>"$work/matrix" 2>&1 </dev/null
	# shellcheck disable=SC2034 # for the file that sources this
	lab_status=$?
	explain "$work/matrix"
}

# static_here: prints where the programs are that are put into machines
static_here()
{
	(
		# shellcheck source=../../lab/common.sh
		. "$top/lab/common.sh"
		# shellcheck source=../../lab/programs.sh
		. "$top/lab/programs.sh"
		static_programs && echo "$programs"
	)
}

# own_kernels: those that lab build makes
own_kernels()
{
	awk '/^[^#]/ { print $1 }' "$top/lab/variants"
}

# series ARCH: those that the archive has kernels of, oldest first
series()
{
	"$top/run_tests.sh" lab list --arch "$1" |
		awk '/^[0-9]/ { print $1 }'
}

# choose SOME ALL: prints the one, or with LAB_ALL the other
choose()
{
	if [ "${LAB_ALL-}" ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# choose_kernels SOME OWN: sets LAB_KERNELS, unless it is set, to three series with other
# answers each and SOME; with LAB_ALL, to each series that the archive has and OWN
choose_kernels()
{
	[ ! "${LAB_KERNELS-}" ] || return 0
	LAB_KERNELS="5.10 6.17 7.3 $1"
	[ "${LAB_ALL-}" ] || return 0
	LAB_KERNELS=$(series amd64)
	[ "$LAB_KERNELS" ] || skip "Debian's kernels" "not to be had"
	LAB_KERNELS="$LAB_KERNELS $2"
}

# answer QUESTION, wanted QUESTION: of the kernel that ran last
answer()
{
	jq -r ".[0].answers.$1" "$matrix"
}

wanted()
{
	jq -r ".[0].expected.$1" "$matrix"
}

# in_part QUESTION: whether some of the known bugs that are expected were seen, and nothing
# else, as lab/answers.sh has it
in_part()
{
	# shellcheck source=../../lab/answers.sh
	[ "$(. "$top/lab/answers.sh" && compare "$(answer "$1")" "$(wanted "$1")")" = \
		"$(answer "$1")?" ]
}

# judge DESCRIPTION QUESTION...: an answer that a slow emulator did not find is
# none; a wrong one is a failure.
judge()
{
	what=$1
	shift
	ok "$what: answered" jq -e '.[0].answers' "$matrix" || return
	equal "$what: the kernel does not complain" \
		"$(jq '.[0].splats | length' "$matrix")" 0
	equal "$what: nothing else is red" \
		"$(jq -r '.[0].reds | join(" ")' "$matrix")" ""
	for question; do
		case $(wanted "$question") in
		"$(answer "$question")"|skip)
			equal "$what: $question" same same
			continue
			;;
		esac
		case $(answer "$question") in
		unsure|unprovoked|skip|-)
			skip "$what: $question" "could not tell"
			;;
		*)
			if in_part "$question"; then
				skip "$what: $question" "not all of $(wanted "$question")"
			else
				equal "$what: $question" "$(answer "$question")" \
					"$(wanted "$question")"
			fi
			;;
		esac
	done
}

# as_expected WHAT: by the exit status of lab_run; one that could not tell says nothing
as_expected()
{
	if [ "$lab_status" -eq 4 ]; then
		skip "$1 as expected" "could not tell"
	else
		equal "$1 as expected" "$lab_status" 0
	fi
}

# has_kernel K [ARCH]: whether it can be had; $image is its bzImage
has_kernel()
{
	# shellcheck disable=SC2034 # for the file that sources this
	image=$("$top/run_tests.sh" lab fetch --arch "${2:-amd64}" "$1" \
		2>"$work/out") && return
	explain "$work/out"
	skip "$1${2:+ $2}" "not to be had"
	return 1
}
