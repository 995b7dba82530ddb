# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# common.sh - the cache's place, and how the lab's scripts talk.  Sourced.

: "${here:=$(cd "$(dirname "$0")" && pwd)}"
: "${LAB_CACHE:=$(dirname "$here")/.lab}"
mkdir -p "$LAB_CACHE" && LAB_CACHE=$(cd "$LAB_CACHE" && pwd) || exit 4
export LAB_CACHE
[ "${LC_ALL-}" = C ] || eval "$(sh "$here/../run_tests.sh" --environment)"

# say WORD...: a line of its own for each
say()
{
	printf "${0##*/}: %s\n" "$@" >&2
}

# Progress, for a terminal; a bot reads the result.
note()
{
	[ ! -t 2 ] || say "$@"
}

bad_usage()
{
	say "$1 (--help tells more)"
	exit 2
}

# positive VALUE...: whole numbers above 0
positive()
{
	for number; do
		case $number in
		''|0|*[!0-9]*) bad_usage "not a number: $number" ;;
		esac
	done
}

# need COMMAND[:PACKAGE]...
need()
{
	missing=''
	for tool; do
		command -v "${tool%%:*}" >/dev/null ||
			missing="$missing ${tool##*:}"
	done
	[ -z "$missing" ] || {
		say "not installed:$missing"
		exit 4
	}
}
