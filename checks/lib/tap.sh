# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# tap.sh - what every check uses: results as TAP, a place to work in
#
# A check is a script that sources this file, calls ok, equal or skip for each
# thing it looks at, and then finish.  Its temporary directory is $work, the
# repository is $top, and the names of its programs are $programs.

set -u

# shellcheck disable=SC2034
top=$(cd "$(dirname "$0")/.." && pwd -P)
# checks/mainline/ lies deeper.
# shellcheck disable=SC2034
[ -e "$top/run_tests.sh" ] || top=${top%/*}
eval "$(sh "$top/run_tests.sh" --environment)"
# shellcheck disable=SC2034
programs=$("$top/run_tests.sh" --programs)
work=$(mktemp -d) || exit 1
count=0
failures=0

clean_up()
{
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

result()
{
	count=$((count + 1))
	echo "$1 $count - $2"
}

# explain FILE: its first lines as diagnostics.
explain()
{
	head -n "${2:-40}" "$1" | sed 's/^/# /'
}

# ok DESCRIPTION COMMAND...: whether the command succeeds; what it printed is
# in $work/out and shown where it does not.
ok()
{
	description=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		result ok "$description"
		return 0
	fi
	failures=$((failures + 1))
	result "not ok" "$description"
	explain "$work/out"
	return 1
}

# equal DESCRIPTION ACTUAL EXPECTED: two words.
equal()
{
	ok "$1" same_words "$2" "$3"
}

same_words()
{
	[ "$1" = "$2" ] && return
	printf 'expected: %s\nbut got:  %s\n' "$2" "$1"
	return 1
}

# status COMMAND...: prints its exit status.
status()
{
	"$@" >"$work/stdout" 2>"$work/stderr" </dev/null
	echo $?
}

skip()
{
	result ok "$1 # SKIP $2"
}

# holds_nothing FILE: an empty file, else its content.
holds_nothing()
{
	[ ! -s "$1" ] && return
	cat "$1"
	return 1
}

# holds_nothing_of COMMAND...: it prints nothing.
holds_nothing_of()
{
	"$@" >"$work/found"
	holds_nothing "$work/found"
}

# first_cpu: of those that we may use
first_cpu()
{
	taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/'
}

finish()
{
	echo "1..$count"
	[ "$failures" -eq 0 ]
	exit
}
