# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# programs.sh - looking at programs that were built
#
# Sourced behind tap.sh.

# lists_tests PROGRAM: it starts, and names its tests.  The harness says "skip" where
# it only lists.
lists_tests()
{
	"$1" -l >"$work/list" 2>&1
	[ $? -eq 4 ] && grep -q FIXTURE "$work/list"
}

# present DIR: all programs are there
present()
{
	for program in $programs; do
		[ -x "$1/$program" ] || { echo "no $1/$program"; return 1; }
	done
}

# links COMPILER...: it makes a program of what uses the C library: $work/linked
links()
{
	rm -f "$work/linked"
	printf '#include <stdio.h>\nint main(void) { return puts("x") < 0; }\n' |
		"$@" -x c - -o "$work/linked" >/dev/null 2>&1
}

# works COMPILER...: and that runs here.  A compiler that is installed may lack a
# library, and a kernel what its programs need.
works()
{
	links "$@" && "$work/linked" >/dev/null 2>&1
}

# kernel_headers: prints a directory with this machine's own, for C libraries that
# have none
kernel_headers()
{
	mkdir -p "$work/uapi"
	ln -sfn /usr/include/linux "$work/uapi/linux"
	ln -sfn /usr/include/asm-generic "$work/uapi/asm-generic"
	ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$work/uapi/asm"
	echo "$work/uapi"
}
