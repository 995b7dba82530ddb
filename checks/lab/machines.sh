#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Other architectures, 32 bits, pages of 16K and 64K, big-endian: the newest
# kernel that Debian has for each gives the answer on tearing that is written
# down, or says why it can't, and latency reports.  By default 32 bits, weakly ordered
# memory with larger pages, and big-endian; with LAB_ALL each.  MACHINES names others.

# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/lab.sh
. "$(dirname "$0")/../lib/lab.sh"

: "${MACHINES:=$(choose "i386 arm64-16k s390x" \
	"i386 arm64 arm64-16k armhf riscv64 ppc64el ppc64el-64k s390x")}"
needs_lab cross

for machine in $MACHINES; do
	newest=$(series "$machine" | tail -n 1)
	has_kernel "$newest" "$machine" || continue
	lab_run --arch "$machine" --kernel "$newest"
	judge "$machine $newest" tearing || continue
	for question in maps query smaps numa_maps; do
		ok "$machine $newest: latency of $question is reported" \
			grep -qw "$(answer "$question")" <<-END
			pass interference none unsure skip
			END
	done
done

finish
