#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The rooms: what each folder may include, what lies at the top level, and the
# words of the comments.
#
#   programs -> stress -> tearing -> model -> lib
#   programs -> latency ----------> model -> lib

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

cd "$top" || exit

# arrows: "FILE from to" for each #include of a file of ours; the room of a program
# is "programs", that of the kernel's test harness "harness".
arrows()
{
	grep -H '^#include "' "$@" | awk -F '[:"]' '
	{
		from = $1 ~ "/" ? $1 : "programs/" $1
		sub("/.*", "", from)
		to = $3
		if (to ~ /kselftest/)
			to = "harness"
		else if (to ~ "^[.][.]/")
			sub("^[.][.]/", "", to)
		else if (to !~ "/")
			to = from
		sub("/.*", "", to)
		print $1, from, to
	}'
}

# upward FILE...: the arrows that go up or across
upward()
{
	arrows "$@" | awk '
	BEGIN {
		split("lib model tearing latency stress programs", name)
		for (i in name)
			rank[name[i]] = i
		rank["latency"] = rank["tearing"]
	}
	# Begin and end of tests are fragments, which only programs include.
	$3 == "harness" {
		if ($2 != "programs" && $1 !~ "/(test_[a-z]*|harness)[.]h$")
			print $1 ": includes the test harness"
		next
	}
	!($3 in rank) { print $1 ": includes a file of " $3 "/"; next }
	$2 != $3 && rank[$3] >= rank[$2] {
		print $1 ": an arrow up, from " $2 " to " $3
	}'
}

sources=$(git ls-files --cached --others --exclude-standard '*.[ch]' |
	grep -E '^([^/]*|(lib|model|tearing|latency|stress)/[^/]*)$')
# shellcheck disable=SC2086
ok "includes go down only" holds_nothing_of upward $sources

mkdir "$work/lib"
echo '#include "../tearing/run.h"' >"$work/lib/clock.c"
equal "an arrow up is seen" "$(cd "$work" && upward lib/clock.c)" \
	"lib/clock.c: an arrow up, from lib to tearing"

git ls-files --cached --others --exclude-standard | grep -v / | grep -v '^\.' \
	>"$work/top"
ok "at most 11 files at the top level" test "$(wc -l <"$work/top")" -le 11

# shellcheck disable=SC2086
ok "no constructor" holds_nothing_of grep -l 'attribute__((constructor' $sources

# long_functions FILE...: those of more than 60 lines whose comment does not say why
long_functions()
{
	awk '
	FNR == 1 { begun = 0 }
	/^\/\*/ { reason = 0 }
	/60 lines|than 60/ { reason = 1 }
	/^[a-zA-Z].*[(]/ && !/;$/ { head = $0 }
	/^\{/ { begun = FNR }
	/^\}/ {
		if (begun && FNR - begun > 61 && !reason)
			print FILENAME ":" begun ": " head
		begun = reason = 0
	}' "$@"
}
# shellcheck disable=SC2086
ok "no function of more than 60 lines without a reason" \
	holds_nothing_of long_functions $sources
{
	printf '/* Short. */\nint f(void)\n{\n'
	yes '	f();' | head -n 61
	echo '}'
} >"$work/long.c"
equal "a long one is seen" "$(cd "$work" && long_functions long.c)" \
	"long.c:3: int f(void)"

# What a sentence is about is a thing of the program or the kernel.
# shellcheck disable=SC2086
ok "no person is the subject of a comment" holds_nothing_of grep -nwiE \
	'who|whoever|whom|somebody|nobody' $sources

finish
