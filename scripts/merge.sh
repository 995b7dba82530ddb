# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# merge.sh - our files beside those of tools/testing/selftests/proc
#
# Sourced, with $here set.
# shellcheck disable=SC2154

programs=$(sh "$here/run_tests.sh" --programs)

# links_here PROC: whether this is where run_tests.sh itself builds, of which each
# file is one of ours.
links_here()
{
	[ "$(readlink -f "$1/Makefile")" = "$here/Makefile" ]
}

# parts_of FILE...: the files of ours that these include, and the code behind each
# header, one a line.
parts_of()
{
	(cd "$here" && grep -H '^#include "' "$@") | awk -v here="$here" '
	{
		file = $0
		sub(/:.*/, "", file)
		name = $0
		sub(/^[^"]*"/, "", name)
		sub(/".*/, "", name)
		if (name ~ /kselftest/)
			next
		dir = file ~ "/" ? file : ""
		sub("[^/]*$", "", dir)
		name = dir name
		sub("^[a-z]*/[.][.]/", "", name)
		print name
		if (sub(/[.]h$/, ".c", name) &&
		    (getline line < (here "/" name)) > 0)
			print name
	}'
}

# with_parts WITHOUT FILE...: these files and all parts that they are made of, one a
# line, but for those that the file WITHOUT lists.
with_parts()
{
	without=$1
	shift
	found=$(printf '%s\n' "$@" | sort -u)
	while
		# shellcheck disable=SC2086
		grown=$({ echo "$found"; parts_of $found; } |
			sort -u | grep -vxF -f "$without")
		[ "$grown" != "$found" ]
	do
		found=$grown
	done
	echo "$found"
}

# our_files: all that goes into a kernel tree.  What only our own tools include does
# not.
our_files()
{
	# shellcheck disable=SC2046,SC2086
	with_parts /dev/null $(printf '%s.c ' $programs)
	echo run_tests.sh
}

# add FILE LINE: append the line unless FILE has it.
add()
{
	[ -e "$1" ] && grep -qxF -e "$2" "$1" && return
	# Where the last line is not ended, end it first.
	[ ! -s "$1" ] || [ ! "$(tail -c 1 "$1")" ] || echo >>"$1"
	printf '%s\n' "$2" >>"$1"
}

# add_to_makefile MAKEFILE LINES: they belong behind the last program that it
# knows, at any rate before lib.mk is read.
add_to_makefile()
{
	printf '%s\n' "$2" | awk '
	NR == FNR {
		if ($0 != "")
			wanted[++count] = $0
		next
	}
	{ line[FNR] = $0; have[$0] = 1; last = FNR }
	/^TEST_GEN_PROGS/ { place = FNR }
	/^include .*\/lib\.mk/ && !place { place = FNR - 1 }
	END {
		for (i = 0; i <= last; i++) {
			if (i)
				print line[i]
			if (i != place)
				continue
			for (j = 1; j <= count; j++)
				if (!(wanted[j] in have))
					print wanted[j]
		}
	}' - "$1" >"$1.new"
	mv "$1.new" "$1"
}

# merge_lists DIR: what is no file of ours gets the lines that it misses, for
# $programs and for run_tests.sh where that is in DIR.
merge_lists()
{
	lines=
	for program in $programs; do
		lines="$lines
TEST_GEN_PROGS += $program"
		add "$1/.gitignore" "/$program"
	done
	[ ! -e "$1/run_tests.sh" ] || lines="$lines
TEST_PROGS_EXTENDED += run_tests.sh"
	# That of Linux 5.10 has no such line.
	add_to_makefile "$1/Makefile" "$lines
LDFLAGS += -pthread
$(grep '^LOCAL_HDRS' "$here/Makefile")"
	# The parts of each program, behind lib.mk.
	sed -n '/^# The parts of each program/,/^$/p' "$here/Makefile" |
	while read -r line; do
		name=${line%%:*}
		case " # $programs proc_% " in
		*" ${name#*/} "*|*" ${line%% *} "*)
			add "$1/Makefile" "$line"
			;;
		esac
	done
}

# merge_needs DIR: what the programs need of a kernel's configuration, and their limit
merge_needs()
{
	grep '^CONFIG_' "$here/config" | while read -r line; do
		grep -qs "^${line%%=*}=" "$1/config" || add "$1/config" "$line"
	done
	grep -qs '^timeout=' "$1/settings" ||
		add "$1/settings" "$(grep '^timeout=' "$here/settings")"
}
