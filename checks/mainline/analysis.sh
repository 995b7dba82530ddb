#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What sparse and clang-tidy have to say.  Checkpatch, kernel-doc and shellcheck
# are in checks/source.sh.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

# The sets that the kernel's scripts/clang-tools has, without what speaks of
# functions that C11 has only on paper, and of padding.
tidy='-*,linuxkernel-*,clang-analyzer-*'
tidy="$tidy,-clang-analyzer-security.insecureAPI.*"
tidy=$tidy,-clang-analyzer-optin.performance.Padding

dir=$("$top/scripts/tree.sh") || exit
cd "$dir" || exit
set -- -D_GNU_SOURCE -I../../../../tools/include/uapi

# The harness makes functions without a declaration.  Headers that are not ours
# lie in /usr.
run_sparse()
{
	sparse -Wno-decl -I"$(gcc -print-file-name=include)" "$@" \
		2>"$work/said"
	grep -E '(warning|error):' "$work/said" | grep -v '^/usr/' \
		>"$work/ours"
	holds_nothing "$work/ours"
}

run_tidy()
{
	file=$1
	shift
	clang-tidy --quiet --warnings-as-errors='*' "--checks=$tidy" "$file" -- \
		"$@" 2>&1
}

# Both must be able to find something: a fault of each one's kind.
cat >"$work/fault.c" <<'END'
static int look(int *where)
{
	return *where;
}

int fault(void);
int fault(void)
{
	int *where = 0;
	void *other = 0;
	char *third = other, *fourth = 0L ? third : 0;

	return look(where) + (fourth == 0);
}
END
equal "sparse finds a planted fault" \
	"$(status run_sparse "$work/fault.c")" 1
equal "clang-tidy finds a planted fault" \
	"$(status run_tidy "$work/fault.c")" 1

for file in *.c; do
	ok "sparse: $file" run_sparse "$@" "$file"
	ok "clang-tidy: $file" run_tidy "$file" "$@"
done

finish
