#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A tool that is installed and does not work is as good as none: what needs it is
# skipped, and nothing fails.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

mkdir "$work/bin"

# a_tool NAME: the script on stdin comes before the real one in $PATH, which is
# $real there
a_tool()
{
	real=$(command -v "$1" || echo /bin/false)
	{
		echo '#!/bin/sh'
		echo "real=$real"
		cat
	} >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# only_skips WHAT PATTERN CHECK: of its results about the pattern, which there are
only_skips()
{
	PATH="$work/bin:$PATH" sh "$top/checks/$3.sh" >"$work/report" 2>&1
	grep -E "^(not )?ok [0-9]+ - $2" "$work/report" >"$work/about"
	ok "$1: is told" grep -q '# SKIP' "$work/about"
	grep -v '# SKIP' "$work/about" >"$work/else"
	ok "$1: nothing is tried" holds_nothing "$work/else"
	rm "$work/bin"/*
}

# It links, but for another machine: "Exec format error".
a_tool gcc <<'END'
"$real" "$@" || exit
case " $* " in
*" -m32 "*)
	while [ "$1" != -o ]; do
		shift
	done
	printf '\377' | dd of="$2" bs=1 seek=18 conv=notrunc 2>/dev/null
	;;
esac
END
export BUILDS=m32
only_skips "32 bits that do not run" m32: build

a_tool gcc <<'END'
case " $* " in
*" -static "*)
	exit 1
	;;
esac
exec "$real" "$@"
END
BUILDS=static
only_skips "no static C library" static: build

a_tool clang <<'END'
exit 1
END
BUILDS=clang
only_skips "a clang that compiles nothing" clang: build

for tool in yamllint ruby; do
	echo 'exit 1' | a_tool $tool
done
only_skips "tools of other languages" '(yamllint|lkp: ruby)' ci

finish
