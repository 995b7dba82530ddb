#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What can be said of the sources without running them, by the tools that a
# maintainer uses.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

cd "$top" || exit
tree=$(scripts/tree.sh)/../../../.. || exit

# Also files that are not added to git yet.
git ls-files --cached --others --exclude-standard >"$work/files"
while read -r file; do
	[ ! -e "$file" ] || echo "$file"
done <"$work/files" >"$work/present"

# The kernel reads settings line by line and knows no comments but its own.
while read -r file; do
	[ "$file" = settings ] || grep -q 'SPDX-License-Identifier: GPL-2.0' \
		"$file" || echo "$file"
done <"$work/present" >"$work/unlicensed"
ok "every file has its licence" holds_nothing "$work/unlicensed"

ok "settings is bare" grep -qx 'timeout=[0-9]*' settings
equal "settings is one line" "$(wc -l <settings)" 1

# An empty line of a patch is a blank.
grep -v '\.patch$' "$work/present" |
	xargs grep -nE '[[:blank:]]+$' >"$work/blanks"
ok "no line ends in blanks" holds_nothing "$work/blanks"

while read -r file; do
	case $(head -n 1 "$file") in
	'#!'*)
		echo "$file"
		[ -x "$file" ] || echo "$file" >>"$work/plain"
		;;
	esac
done <"$work/present" >"$work/scripts"
: >>"$work/plain"
ok "every script is executable" holds_nothing "$work/plain"
# Those that are only sourced have no such line.
grep '\.sh$' "$work/present" >>"$work/scripts"
sort -u "$work/scripts" >"$work/shell"
ok "shellcheck" xargs shellcheck <"$work/shell"

# Each series has a harness of its own, with the same macros over other fields.
grep -n '_metadata->' ./*.[ch] ./*/*.[ch] >"$work/inside"
ok "no use of the harness's internals" holds_nothing "$work/inside"

# It converts what it compares to uintmax_t, of which compilers for 32 bits warn.
grep -nE '(EXPECT|ASSERT)_(EQ|NE)\((NULL|MAP_FAILED),' ./*.[ch] ./*/*.[ch] >"$work/pointers"
ok "the harness compares no pointers" holds_nothing "$work/pointers"

# In their place in a tree: checkpatch has other rules for tools/.
mkdir -p "$work/tools/testing/selftests"
ln -s "$top" "$work/tools/testing/selftests/proc"

# CAMELCASE stumbles over names that are not ours: PRIx64, _Atomic.
# COMPLEX_MACRO does not know FIXTURE_VARIANT_ADD(), which is no expression.
checkpatch()
{
	(cd "$work" && "$tree/scripts/checkpatch.pl" --no-tree --root="$tree" \
		--strict --ignore CAMELCASE,COMPLEX_MACRO --terse --no-summary \
		--show-types -f "tools/testing/selftests/proc/$1")
}

grep '\.[ch]$' "$work/present" >"$work/c"
while read -r file; do
	ok "checkpatch: $file" checkpatch "$file"
	ok "kernel-doc: $file" "$tree/scripts/kernel-doc" -none -Werror "$file"
done <"$work/c"

finish
