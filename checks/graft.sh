#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Grafting: twice is once, undoing gives every byte back, no edit is lost.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

run=$top/run_tests.sh
cp -a "$("$top/scripts/tree.sh" --pristine)" "$work/linux" || exit
cd "$work/linux" || exit
proc=tools/testing/selftests/proc

save()
{
	git add -A
	git -c user.name=check -c user.email=check commit -q -m check
}

# Content, names and modes.
picture()
{
	find "$proc" -type f -exec ls -l {} + | awk '{ print $1, $5, $NF }' | sort
	find "$proc" -type f -exec cksum {} + | sort
}

restored()
{
	git status --porcelain --ignored >"$work/left"
	ok "$1: undone" holds_nothing "$work/left"
	git diff >"$work/left"
	ok "$1: to the byte" holds_nothing "$work/left"
}

git init -q . && save

ok "graft" "$run" graft .
picture >"$work/once"
for program in $programs; do
	ok "$program.c is there" test -e "$proc/$program.c"
done
for file in lib/child.h run_tests.sh settings; do
	ok "$file is there" test -e "$proc/$file"
done
ok "run_tests.sh can be run" test -x "$proc/run_tests.sh"
for line in 'TEST_GEN_PROGS += proc_maps_tearing' \
	    'TEST_PROGS_EXTENDED += run_tests.sh' 'include ../lib.mk'; do
	equal "Makefile has once: $line" \
		"$(grep -cxF "$line" "$proc/Makefile")" 1
done
equal ".gitignore has once: proc_maps_tearing" \
	"$(grep -cx /proc_maps_tearing "$proc/.gitignore")" 1
ok "nothing of it is dropped by git" test -z "$(git status --porcelain \
	--ignored "$proc" | grep '^!!' | grep -v graft.diff)"

ok "graft again" "$run" graft .
picture >"$work/twice"
ok "twice is once" cmp "$work/once" "$work/twice"

ok "undo" "$run" graft --undo .
restored "graft twice"
ok "undo again" "$run" graft --undo .
restored "undone twice"

# Edits of the same files by other developers.
"$run" graft . || exit
sed -i 's/^TEST_GEN_PROGS += thread-self$/&\nTEST_GEN_PROGS += other/' \
	"$proc/Makefile"
echo /other >>"$proc/.gitignore"
ok "undo beside another edit" "$run" graft --undo .
git diff >"$work/out.diff"
equal "the other edit stays" "$(grep -c '^+[^+]' "$work/out.diff")" 2
equal "and is all that stays" "$(grep -c '^-[^-]' "$work/out.diff")" 0
git checkout -q .

# An edit of ours, made in the tree.
"$run" graft . || exit
echo '/* an edit */' >>"$proc/lib/child.h"
equal "undo over an edit of ours refuses" \
	"$(status "$run" graft --undo .)" 1
equal "graft over an edit of ours refuses" "$(status "$run" graft .)" 1
ok "the edit is kept" grep -q 'an edit' "$proc/lib/child.h"
sed -i '$d' "$proc/lib/child.h"
ok "undo without the edit" "$run" graft --undo .
restored "edit and back"

# What a tree may look like one day.
printf 'timeout=60' >"$proc/settings"
printf 'CONFIG_PROC_FS=y\nCONFIG_PROC_PAGE_MONITOR=y' >"$proc/config"
mkdir "$proc/lib"
echo '/* older */' >"$proc/lib/child.h"
save
ok "graft where something of it is known" "$run" graft .
equal "settings are the tree's" "$(cat "$proc/settings")" timeout=60
equal "config has each symbol once" \
	"$(grep -c PROC_PAGE_MONITOR "$proc/config")" 1
ok "a header is replaced" cmp "$top/lib/child.h" "$proc/lib/child.h"
ok "undo there" "$run" graft --undo .
restored "something known"

# By root, in a tree of another user's: it stays that.
if [ "$(id -u)" -eq 0 ]; then
	chown -R 61234:61235 "$proc"
	ok "graft into another user's tree" "$run" graft .
	find "$proc" ! -user 61234 -o ! -group 61235 >"$work/left"
	ok "all of it is that user's" holds_nothing "$work/left"
	ok "undo there" "$run" graft --undo .
	find "$proc" ! -user 61234 -o ! -group 61235 >"$work/left"
	ok "all of it still is" holds_nothing "$work/left"
else
	skip "another user's tree" "not root"
fi

equal "no kernel tree" "$(status "$run" graft "$work")" 1

finish
