# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2154
#
# trees.sh - the tests in kernel trees of other series
#
# Sourced behind tap.sh, programs.sh and debian.sh.

# shellcheck source=../../scripts/harness.sh
. "$top/scripts/harness.sh"

proc=tools/testing/selftests/proc
# Those of our Makefile, which a grafted tree does not have.
warnings="$(sed -n 's/^CFLAGS += \(-W.*\)/\1/p' "$top/Makefile" | tr '\n' ' ') -Werror"

# tree_parts: what the selftests of proc are built and run with in a tree, and what
# makes headers there, as those of 5.10 do first.
tree_parts()
{
	selftest_parts
	cat <<-END
	Kbuild
	Makefile
	arch/x86/Makefile*
	arch/x86/entry/syscalls
	arch/x86/include
	arch/x86/tools
	include/uapi
	END
}

# tree_of SERIES: prints where these parts of Debian's newest source of a series are
tree_of()
(
	line=$(archive archive_find source "$1") || exit
	tree=$LAB_CACHE/trees/${line%% *}
	if [ ! -d "$tree" ]; then
		mkdir -p "$LAB_CACHE/trees"
		new=$(mktemp -d "$LAB_CACHE/trees/new.XXXXXX") || exit
		trap 'rm -rf "$new"' EXIT
		trap 'exit 1' HUP INT TERM
		# PACKAGE VERSION
		deb=$(echo "${line#* }" | tr ' ' =)
		deb=$(archive archive_get "$deb" "$new") || exit
		mkdir "$new/tree"
		tree_parts | sed 's,^,linux-source-*/,' >"$new/parts"
		# No series has all of them.
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xO --wildcards '*/linux-source-*.tar.xz' |
			tar -xJ -C "$new/tree" --strip-components=1 --wildcards \
				--no-wildcards-match-slash -T "$new/parts" \
				2>/dev/null
		[ -e "$new/tree/$proc/Makefile" ] || exit
		mv -T "$new/tree" "$tree" || exit
	fi
	echo "$tree"
)

# tree_series: those that Debian has sources of, oldest first
tree_series()
{
	archive archive_list source | sed 's/^\([0-9]*\.[0-9]*\).*/\1/' | uniq
}

# in_tree MAKE-ARGUMENT...: as kernel developers and bots do
in_tree()
{
	make -C "$tree/tools/testing/selftests" TARGETS=proc "$@"
}

# graft_into SERIES: makes $tree, with the tests in it, or says that there is none
graft_into()
{
	if ! from=$(tree_of "$1" 2>"$work/err"); then
		explain "$work/err"
		skip "$1" "no such source to be had"
		return 1
	fi
	name=$1
	echo "# $name: ${from##*/}"
	tree=$work/$name/linux
	mkdir "$work/$name"
	cp -a "$from" "$tree" || exit
	ok "$name: graft" "$top/run_tests.sh" graft "$tree"
}

# builds_everywhere: by KDIR, by the tree's own Makefile, from the top
builds_everywhere()
{
	for how in kdir tree; do
		mkdir "$work/$name/$how"
	done
	ok "$name: KDIR: builds without a warning" make -C "$top" KDIR="$from" \
		OUTPUT="$work/$name/kdir" USERCFLAGS=-Werror
	ok "$name: KDIR: the programs are there" present "$work/$name/kdir"
	set --
	for program in $programs; do
		set -- "$@" "$work/$name/tree/$program"
	done
	ok "$name: in the tree: builds without a warning" \
		make -C "$tree/$proc" OUTPUT="$work/$name/tree" \
		USERCFLAGS="$warnings" "$@"
	ok "$name: make TARGETS=proc" in_tree
	ok "$name: the programs are there" present "$tree/$proc"
	rm -rf "$work/$name/kdir"
}

# A skip may be followed by a failure, and is not to be followed by the test.
skips_are_kept_apart()
{
	cp "$tree/$proc/Makefile" "$work/Makefile"
	cat >>"$tree/$proc/Makefile" <<-'END'
	$(OUTPUT)/proc_skips: $(wildcard lib/*.c model/*.c tearing/*.c)
	END
	cat >"$tree/$proc/proc_skips.c" <<-'END'
	#include "tearing/harness.h"

	FIXTURE(skips) {};
	FIXTURE_SETUP(skips) {}
	FIXTURE_TEARDOWN(skips)
	{
		forget_skip(_metadata);
		ASSERT_EQ(0, 1);
	}
	TEST_F(skips, fails_later) { SKIP(return, "some reason"); }
	TEST_HARNESS_MAIN
	END
	ok "$name: a test that skips, then fails" \
		make -C "$tree/$proc" "$tree/$proc/proc_skips"
	"$tree/$proc/proc_skips" >"$work/skips" 2>/dev/null
	ok "$name: has failed, for no reason of a skip" \
		grep -qx 'not ok 1 skips.fails_later' "$work/skips"
	rm "$tree/$proc/proc_skips" "$tree/$proc/proc_skips.c"
	mv "$work/Makefile" "$tree/$proc/Makefile"
	# One CPU is too little for any test of latency.
	timeout 20 taskset -c "$(first_cpu)" \
		"$work/$name/tree/proc_mmap_latency" >"$work/skips" 2>&1
	grep -vE '^#|# SKIP|^ok [0-9]+ grace\.munmap' "$work/skips" |
		grep ok >"$work/else"
	ok "$name: proc_mmap_latency leaves tests out" \
		grep -q '^ok .*# SKIP fewer than two CPUs' "$work/skips"
	ok "$name: does not go on to them" holds_nothing "$work/else"
}

# An old harness takes no options: told before anything is compiled
takes_options_or_says_so()
{
	ok "$name: clean" in_tree clean
	code=$(status "$tree/$proc/run_tests.sh" gate -- -l)
	if grep -q getopt "$tree/tools/testing/selftests/kselftest_harness.h"; then
		equal "$name: run_tests.sh lists the tests" "$code" 0
		return
	fi
	equal "$name: run_tests.sh takes no options" "$code" 2
	equal "$name: says so in one line" "$(wc -l <"$work/stderr")" 1
	ok "$name: and from which on" grep -q 'Linux 6\.6' "$work/stderr"
	ok "$name: compiles nothing" test ! -e "$tree/$proc/proc_maps_tearing"
	equal "$name: nor another time limit" \
		"$(DURATION=2 status "$tree/$proc/run_tests.sh")" 2
}

# installed: a copy in $copy, which lists ours
installed()
{
	copy=$work/$name/copy
	ok "$name: install" in_tree INSTALL_PATH="$copy" install
	ok "$name: the programs are installed" present "$copy/proc"
	"$copy/run_kselftest.sh" -l >"$work/list"
	for program in $programs; do
		ok "$name: run_kselftest.sh -l lists $program" \
			grep -qx "proc:$program" "$work/list"
	done
}

# only_ours PATTERN: from here on the tree and the copy run no tests but those.  Those
# of an old tree may hang on a new kernel: proc-pid-vm of 5.10 leaves a child that
# keeps the runner waiting.
only_ours()
{
	sed -i "/^TEST_GEN_PROGS +=/{/$1/!d}" "$tree/$proc/Makefile"
	grep "^proc:$1" "$copy/kselftest-list.txt" >"$work/list"
	cp "$work/list" "$copy/kselftest-list.txt"
}

# result_of PROGRAM REPORT: as a whole, on one line, or nothing
result_of()
{
	grep -E "^(not )?ok [0-9]+ (- )?selftests: proc: $1( |\$)" "$2"
}
