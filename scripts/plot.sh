#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#: plot RESULT... -o FILE  results of table or monitor as a picture, FILE.svg or FILE.png
#
# plot.sh - results of table, or of JSON=FILE and monitor, as a picture, by gnuplot
#
# Usage: plot.sh RESULT... -o FILE.svg|FILE.png [--row N] [--limit MS]
#
# Left, the distribution: which share of all operations took longer than so many
# ms, a line for each result, both axes logarithmic.  Of all rows with busy tasks
# (or mappings), or of row N.  The published limit, 0.5 ms, is marked.
#
# Right, by row: each sample's worst operation, box and whiskers (minimum, first
# quartile, median, third quartile, maximum), a colour for each result.
#
# Of tables of "monitor --all", one or more in a file: each monitor's worst operation
# and answer, table beside table.
#
# Exit status: 0, 2 bad usage, 4 no picture.

set -u

USAGE=2 CANNOT_TELL=4
scripts=$(cd "$(dirname "$0")" && pwd -P)
[ "${LC_ALL-}" = C ] || eval "$(sh "$scripts/../run_tests.sh" --environment)"

die()
{
	status=$1
	shift
	echo "plot: $*" >&2
	exit "$status"
}

picture='' row='' limit=0.5 count=$#
while [ "$count" -gt 0 ]; do
	case $1 in
	-o|--row|--limit)
		[ "$count" -ge 2 ] || die "$USAGE" "$1 needs a value"
		;;
	-*)
		die "$USAGE" "no such option: $1, see --help"
		;;
	*)
		set -- "$@" "$1"
		shift
		count=$((count - 1))
		continue
		;;
	esac
	case $1 in
	-o)
		picture=$2
		;;
	--row)
		case $2 in
		''|*[!0-9]*)
			die "$USAGE" "--row takes a number, not '$2'"
			;;
		esac
		row=$2
		;;
	--limit)
		case $2 in
		''|.|*[!0-9.]*|*.*.*)
			die "$USAGE" "--limit takes ms, not '$2'"
			;;
		esac
		limit=$2
		;;
	esac
	shift 2
	count=$((count - 2))
done

case $picture in
*.svg)
	terminal='svg size 1200,520 font "Sans,15" background "white"'
	;;
*.png)
	terminal='pngcairo size 1200,520 font "Sans,12" background "white"'
	;;
'')
	die "$USAGE" "-o FILE.svg or FILE.png is needed"
	;;
*)
	die "$USAGE" "a picture is .svg or .png, not $picture"
	;;
esac
[ $# -gt 0 ] || die "$USAGE" "no result, see --help"

# kind FILE: busy or mappings, of table, or windows, or monitors
kind()
{
	if [ "$(head -n 1 "$1" 2>/dev/null)" = "# latency_table 1" ]; then
		sed -n 's/^# sweep //p' "$1"
	elif grep -q '^# monitors 1,' "$1" 2>/dev/null; then
		echo monitors
	elif [ "$(head -c 1 "$1" 2>/dev/null)" = "{" ] &&
	     grep -q '"windows": \[' "$1"; then
		echo windows
	fi
}

for file; do
	[ "$(kind "$file")" ] || die "$USAGE" "$file is no result of table"
done
[ "$(for file; do kind "$file"; done | sort -u | wc -l)" -eq 1 ] ||
	die "$USAGE" "one picture cannot have results of two kinds"

sh "$scripts/install.sh" plot || exit
work=$(mktemp -d) || exit "$CANNOT_TELL"
trap 'rm -rf "$work"' EXIT
trap 'echo "$0: interrupted" >&2; exit "$CANNOT_TELL"' HUP INT TERM

if [ "$(kind "$1")" = monitors ]; then
	set -- -f "$scripts/monitors.awk" "$@"
else
	set -- -f "$scripts/samples.awk" -f "$scripts/plot.awk" "$@"
fi
awk -v only="$row" -v limit="$limit" "$@" >"$work/plot" ||
	die "$CANNOT_TELL" "nothing to plot"
{
	echo "set terminal $terminal"
	echo "set output '$work/picture'"
	cat "$work/plot"
} | gnuplot 2>"$work/log"
if [ ! -s "$work/picture" ]; then
	cat "$work/log" >&2
	die "$CANNOT_TELL" "gnuplot made no picture"
fi
# As files are in this repository, where the picture may be kept.
case $picture in
*.svg)
	sed -i 's/[[:blank:]]*$//
		1a <!-- SPDX-License-Identifier: GPL-2.0 -->' "$work/picture"
	;;
esac
cp "$work/picture" "$picture" || die "$CANNOT_TELL" "cannot write $picture"
