#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A newcomer's clone, and what an interruption does to it.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

# It has its own tree to unpack, whatever ours is.
unset KDIR
git clone -q "$top" "$work/clone" || exit
cd "$work/clone" || exit
store=.tree

# Killed while it unpacks: all of it, as when the machine goes down.
setsid ./run_tests.sh tree >"$work/first" 2>&1 &
pid=$!
for _ in $(seq 300); do
	[ -e $store/new/scripts ] && break
	sleep 0.1
done
ok "unpacking was under way" test -e $store/new
kill -s KILL -- "-$pid"
wait "$pid" 2>/dev/null
ok "a half tree is not taken for a whole one" test ! -e $store/linux

dir=$(./run_tests.sh tree 2>"$work/log")
ok "the next one is whole" test -e "$dir/../lib.mk"
equal "with nothing beside it" "$(find $store -maxdepth 1 -name 'new*')" ""
inode=$(stat -c %i $store/linux)
./run_tests.sh tree >"$work/again"
equal "it is provided once" "$(stat -c %i $store/linux)" "$inode"

ok "make" make
git status --porcelain >"$work/left"
ok "git knows of nothing new" holds_nothing "$work/left"
ok "make clean" make clean
ok "make distclean" make distclean
equal "as cloned" "$(git status --porcelain --ignored)" ""

finish
