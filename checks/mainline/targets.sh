#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The targets that the selftests' rules ask to be tested: from the top of a
# whole kernel tree and from tools/testing/selftests, in the tree, with O=
# absolute and relative, from a tree that is read-only, and with clang.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/programs.sh
. "$(dirname "$0")/../lib/programs.sh"
# shellcheck source=../lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"
# shellcheck source=../lib/kernel.sh
. "$(dirname "$0")/../lib/kernel.sh"

proc=tools/testing/selftests/proc

needs_kernel targets
tree=$work/linux
kernel_copy "$tree"
"$top/run_tests.sh" graft "$tree" || exit
cd "$tree" || exit
echo "# $(make -s kernelversion)"

top_make()
{
	make TARGETS=proc "$@"
}

own_make()
{
	make -C tools/testing/selftests TARGETS=proc "$@"
}

absent()
{
	! present "$1" 2>/dev/null
}

packed()
{
	find "$1" -name 'kselftest*.tar*' >"$work/tars"
	read -r tar <"$work/tars" || { echo "no archive"; return 1; }
	tar -tf "$tar" >"$work/inside"
	for program in $programs; do
		grep -q "/proc/$program\$" "$work/inside" || return
	done
	# The next target must not find it there.
	rm -f "$tar"
}

# targets NAME BUILT PREFIX COMMAND...: all of them.  BUILT is where programs are
# built, PREFIX is before the name of a target.
targets()
{
	name=$1
	built=$2
	prefix=$3
	shift 3
	for target in all install gen_tar clean; do
		ok "$name: $prefix$target" "$@" "$prefix$target" || continue
		case $target in
		all)
			ok "$name: are built" present "$built"
			;;
		install)
			ok "$name: are installed" present \
				"$(find "$work" -type d \
				   -path '*kselftest_install/proc')"
			;;
		gen_tar)
			ok "$name: are packed" packed "$work"
			;;
		clean)
			ok "$name: are gone" absent "$built"
			;;
		esac
	done
	find "$work" -type d -name kselftest_install -prune -exec rm -r {} +
}

# The top makes headers, which needs a configuration.  One in the sources is in
# the way of O=, so it comes last.
for directory in "$work/obj" obj; do
	make O="$directory" allnoconfig >"$work/log" 2>&1 || explain "$work/log"
	case $directory in
	/*)
		how=absolute
		;;
	*)
		how=relative
		;;
	esac
	targets "top, O=$how" \
		"$directory/kselftest/proc" kselftest- top_make O="$directory"
	rm -rf "$directory"
done
make allnoconfig >"$work/log" 2>&1 || explain "$work/log"
targets "top" $proc kselftest- top_make
rm -rf .config include/config include/generated
targets "own" $proc '' own_make
targets "own, O=absolute" "$work/obj/kselftest/proc" '' own_make O="$work/obj"
targets "own, O=relative" obj/kselftest/proc '' own_make O=obj
rm -rf "$work/obj" obj
if works clang; then
	targets "own, LLVM=1" $proc '' own_make LLVM=1
else
	skip "own, LLVM=1" "nothing made so runs here"
fi

# Read-only sources: a mount of their own, which no other process sees.
if unshare -m mount --bind / /mnt 2>/dev/null; then
	# shellcheck disable=SC2016
	ok "read-only sources: built elsewhere" unshare -m sh -c '
		mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" &&
		! touch "$1/written" 2>/dev/null &&
		make -C "$1/tools/testing/selftests" TARGETS=proc O="$2" all install
		' sh "$tree" "$work/obj"
	ok "read-only sources: are built" present "$work/obj/kselftest/proc"
	ok "read-only sources: are installed" present \
		"$work/obj/kselftest/kselftest_install/proc"
else
	skip "read-only sources" "cannot mount"
fi

finish
