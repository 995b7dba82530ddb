#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The protocol of the per-VMA locks in the kernel's memory model: what must never happen
# does not, and without any one part of the protocol it sometimes does.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/debian.sh
. "$(dirname "$0")/../lib/debian.sh"
# shellcheck source=../lib/kernel.sh
. "$(dirname "$0")/../lib/kernel.sh"

needs_kernel litmus
if ! usr=$(other_usr herdtools7 herdtools7 2>"$work/err"); then
	explain "$work/err"
	skip litmus "herd7 is not to be had"
	finish
fi
herd=$(wrap "$usr" herd7)
cd "$kernel/tools/memory-model" || exit

# observed FILE: Never, Sometimes or Always, as herd7 says
observed()
{
	"$herd" -conf linux-kernel.cfg "$1" >"$work/herd" 2>&1
	sed -n 's/^Observation [^ ]* \([^ ]*\) .*/\1/p' "$work/herd"
}

differ()
{
	! cmp -s "$1" "$2"
}

for test in "$top"/lab/litmus/*.litmus; do
	name=${test##*/}
	equal "${name%.litmus}" "$(observed "$test")" \
		"$(sed -n 's/^ [*] Result: //p' "$test")" || explain "$work/herd"
done

grep -v '^#' "$top/lab/litmus/weaker" >"$work/weaker"
while IFS='|' read -r name without expression; do
	sed "$expression" "$top/lab/litmus/$name.litmus" >"$work/weaker.litmus"
	ok "$name: $without" differ "$top/lab/litmus/$name.litmus" "$work/weaker.litmus"
	equal "and then" "$(observed "$work/weaker.litmus")" Sometimes ||
		explain "$work/herd"
done <"$work/weaker"

finish
