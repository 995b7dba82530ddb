#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# build.sh - a kernel from Debian's linux-source with one thing different
#
# Everything is built incrementally: a source tree and an object tree stay in
# the cache, and patches are taken off and put on in place, so that a kernel
# with one more patch costs one compiled file and one link.

set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=archive.sh
. "$here/archive.sh"

usage()
{
	cat <<EOF
usage: build.sh [--source WHICH|--tree DIR] [--arch ARCH] [--config FRAGMENT]...
                [--patch FILE]... NAME

Builds a small kernel as \$LAB_CACHE/images/NAME/bzImage and prints that name.
Patches are applied in the order given.

  --source WHICH     a linux-source in Debian's archive: newest, a series (7.2)
                     or a release (default: newest); of one that has none any more,
                     what its source package has from upstream (6.18)
  --tree DIR         or a worktree of git, as it is; without --patch
  --arch ARCH        x86_64, for QEMU, or um, User Mode Linux, which is a program
                     (default: x86_64)
  --config FRAGMENT  a file, or NAME for $here/NAME.config; base.config and
                     ARCH.config come first, and each line of a fragment must
                     hold in the end.  A fragment with a line "# Base: tinyconfig"
                     or "# Base: Debian FLAVOUR" stands on that instead of these
                     two; what that has holds as far as it can.  Of Debian's, which
                     is fetched, it is what decides how init, kernel, mm, lib and
                     arch/x86 are made
  --patch FILE       as patch -p1 takes it; fuzz is an error
  --fuzz             no error: two lines around a change may differ.  It is said where
                     they do, since another function may have the same lines

LAB_CACHE is the folder of the cache (now: $LAB_CACHE).

exit status: 0 built, 1 a patch, a configuration or the compiler said no,
2 bad usage, 4 the source could not be had.
EOF
}

source=newest
worktree=''
arch=x86_64
configs=''
patches=''
fuzz=0
while [ $# -gt 0 ]; do
	case $1 in
	--source|--tree|--arch|--config|--patch)
		[ $# -ge 2 ] || bad_usage "$1 needs a value" ;;
	esac
	case $1 in
	--source) source=$2; shift ;;
	--tree)	[ -e "$2/.git" ] || bad_usage "no worktree $2"
		worktree=$(realpath "$2"); shift ;;
	--arch)	case $2 in
		x86_64|um) arch=$2 ;;
		*) bad_usage "no such architecture: $2" ;;
		esac
		shift ;;
	--config)
		if [ ! -f "$2" ] && [ -f "$here/$2.config" ]; then
			configs="$configs
$here/$2.config"
		else
			[ -f "$2" ] || bad_usage "no configuration $2"
			configs="$configs
$2"
		fi
		shift ;;
	--patch)
		[ -f "$2" ] || bad_usage "no patch $2"
		patches="$patches$(realpath "$2")
"
		shift ;;
	--fuzz) fuzz=2 ;;
	--help|-h) usage; exit 0 ;;
	-*) bad_usage "unknown option $1" ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 1 ] || bad_usage 'one NAME is needed'
name=$1
case $name in
*/*|.*) bad_usage "not a name: $name" ;;
esac
# Which configuration the fragments stand on, if not on the lab's own.
base=$(printf '%s\n' "$configs" | while read -r file; do
	[ -z "$file" ] || sed -n 's/^# Base: //p' "$file"
done)
[ -z "$worktree" ] || [ -z "$patches" ] || bad_usage '--tree takes no --patch'
case $base in
'')	configs="
$here/base.config
$here/$arch.config$configs" ;;
tinyconfig|'Debian '[a-z]*)
	[ "${base% *}" = tinyconfig ] || [ -z "$worktree" ] ||
		bad_usage "--tree does not go with $base"
	[ "$arch" = x86_64 ] || bad_usage "$base is not for $arch" ;;
*)	bad_usage "no such base: $base" ;;
esac
configs=${configs#?}
case $arch in
um) target=linux made=linux ;;
*) target=bzImage made=arch/x86/boot/bzImage ;;
esac
need bc bison cpio:cpio dpkg-deb:dpkg flex flock:util-linux gcc make patch xz:xz-utils

# --- the source -------------------------------------------------------------

# There is a tree for each first patch: where trees differ in a header, going
# from one to the other costs a whole build.
source_tree()
{
	line=$(archive_find source "$source") || {
		say "the archive has no linux-source $source"
		return 1
	}
	# shellcheck disable=SC2086 # three words
	set -- $line
	first=$(basename "${patches%%
*}" .patch)
	tree=$LAB_CACHE/src/$1${first:+"+$first"}
	mkdir -p "$LAB_CACHE/src"
	exec 9> "$tree.lock"
	flock -n 9 || {
		note "waiting for another build in $tree"
		flock 9
	}
	archive_source "$tree" "$2" "$3"
}

# What a patch says above its diff makes no difference to a kernel.
same_diff()
{
	[ -f "$2" ] && [ "$(sed -n '/^--- /,$p' "$1")" = \
		"$(sed -n '/^--- /,$p' "$2")" ]
}

# What is applied stands beside the tree as copies, so that a patch that was
# edited since, or a build that was killed, does not matter.
apply_patches()
{
	applied=$tree.applied
	mkdir -p "$applied"
	count=0
	same=1
	wanted=''
	while read -r file; do
		[ -n "$file" ] || continue
		count=$((count + 1))
		copy=$applied/$(printf %03d "$count")
		if [ -n "$same" ] && same_diff "$file" "$copy"; then
			continue
		fi
		[ -z "$same" ] || take_off "$count"
		same=''
		wanted=$wanted$file
		where=$(patch -p1 -f -F$fuzz --dry-run -d "$tree" -i "$file" 2>&1) || {
			say "$where"
			say "$file does not apply to linux-source ${tree##*/}"
			return 1
		}
		case $where in
		*fuzz*) say "see whether that is the function that is meant: $where" ;;
		esac
		cp "$file" "$copy"
		patch -p1 -s -f -F$fuzz --no-backup-if-mismatch -d "$tree" \
			-i "$file" || return 1
	done <<EOF
$patches
EOF
	[ -z "$same" ] || take_off $((count + 1))
}

# take_off N: the patches from the N-th on, last one first
take_off()
{
	for old in $(find "$applied/" -type f -name '[0-9]*' | sort -r); do
		[ "$(basename "$old" | sed 's/^0*//')" -ge "$1" ] || break
		patch -p1 -s -f -R --no-backup-if-mismatch -d "$tree" \
			-i "$old" >&2 || say "could not take $old off"
		rm -f "$old"
	done
}

# --- the kernel -------------------------------------------------------------

# kernel_make command|exec ARG...: with exec, in the background, what a signal
# is sent to is make itself, which takes its children along
kernel_make()
{
	how=$1
	shift
	$how make -C "$tree" O="$objects" ARCH="$arch" -s \
		KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_TIMESTAMP='@0' "$@" 9>&-
}

# Of the lines read, the last word on each symbol, in the order of these: of the
# values of a choice the last one counts.
last_words()
{
	grep '^CONFIG_\|^# CONFIG_.* is not set' | awk '
		{ name = $0; gsub(/^# |[= ].*/, "", name) }
		{ line[NR] = $0; at[name] = NR; name_at[NR] = name }
		END {
			for (i = 1; i <= NR; i++)
				if (at[name_at[i]] == i)
					print line[i]
		}'
}

# core_symbols: the names of the options that say how the kernel's core is made, for
# grep; not those of drivers, networks, file systems, security and cryptography
core_symbols()
{
	find "$tree/init" "$tree/kernel" "$tree/mm" "$tree/lib" "$tree/arch/x86" \
		"$tree/arch/Kconfig" -maxdepth 2 -name 'Kconfig*' \
		-exec sed -n 's/^\(menu\)\{0,1\}config \([A-Z0-9_]*\)$/CONFIG_\2/p' {} +
}

# base_lines: the configuration that the fragments stand on.  Debian's is in a package
# of the same version as the source; of that, what is about the core and no module.
base_lines()
(
	case $base in
	tinyconfig)
		# what "make tinyconfig" adds to allnoconfig
		cat "$tree"/kernel/configs/tiny*.config \
			"$tree"/arch/x86/configs/tiny.config ;;
	Debian*)
		# shellcheck disable=SC2086 # three words
		set -- $line
		file=$LAB_CACHE/configs/$3.${base#* }
		if [ ! -s "$file" ]; then
			mkdir -p "${file%/*}"
			archive_temp || exit
			deb=$(archive_get "linux-config-${2#linux-source-}=$3" \
				"$temp") &&
				dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards \
				"*/config.amd64_none_${base#* }-amd64.xz" |
				xz -dc > "$temp/config" &&
				[ -s "$temp/config" ] &&
				mv "$temp/config" "$file" || exit
		fi
		core_symbols > "$objects/core"
		grep '^CONFIG_[A-Z0-9_]*=[^m]' "$file" | awk -F = '
			FNR == NR { core[$1]; next }
			$1 in core' "$objects/core" - ;;
	esac
)

# A line that Kconfig dropped would be a kernel other than its name says.
configure()
{
	mkdir -p "$objects"
	printf '%s\n' "$configs" | while read -r file; do
		cat "$file"
	done | last_words > "$objects/wanted"
	base_lines > "$objects/base" || return 1
	cat "$objects/base" "$objects/wanted" | last_words > "$objects/all"
	# what decides the configuration: the fragments, and patches to Kconfig
	{
		cat "$objects/all"
		printf '%s' "$patches" | while read -r file; do
			grep -q '^+++ .*Kconfig' "$file" && cat "$file"
		done
	} > "$objects/decides"
	if cmp -s "$objects/decides" "$objects/configured" &&
		[ -f "$objects/.config" ]; then
		return 0
	fi
	rm -f "$objects/configured"
	kernel_make command KCONFIG_ALLCONFIG="$objects/all" allnoconfig \
		> "$log" 2>&1 || return 1
	# An older source does not know each symbol; one that it knows it must have.
	dropped=$(sed -n 's/^# \(CONFIG_.*\) is not set/\1/p' "$objects/wanted" |
		while read -r symbol; do
			! grep -q "^$symbol=" "$objects/.config" ||
				echo "no $symbol"
		done
		grep '^CONFIG' "$objects/wanted" |
		grep -vxFf "$objects/.config" | while IFS='=' read -r symbol _; do
			grep -rqx --include='Kconfig*' \
				"\(menu\)\{0,1\}config ${symbol#CONFIG_}" "$tree" &&
				echo "$symbol"
		done)
	[ -z "$dropped" ] || {
		say "linux-source ${tree##*/} will not have:" "$dropped"
		return 1
	}
	mv "$objects/decides" "$objects/configured"
}

# shellcheck disable=SC2317 # called by the trap
stop_compiling()
{
	kill "$compiler" 2>/dev/null
	while kill -0 "$compiler" 2>/dev/null; do
		sleep 0.1
	done
}

compile()
{
	note "compiling $name (log: $log)"
	kernel_make exec -j "$(nproc)" "$target" >> "$log" 2>&1 &
	compiler=$!
	trap 'stop_compiling; exit 143' INT TERM HUP
	while [ -t 2 ] && kill -0 "$compiler" 2>/dev/null; do
		printf '\r%s: %s files compiled ' "$name" \
			"$(find "$objects" -name '*.o' -newer "$objects/begun" | wc -l)" >&2
		sleep 2
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
	wait "$compiler"
	status=$?
	trap - INT TERM HUP
	return $status
}

if [ -n "$worktree" ]; then
	tree=$worktree
	origin="git $(git -C "$tree" rev-parse HEAD)"
else
	source_tree || exit 4
	origin="linux-source ${line#* }"
fi
# One object tree for each set of options: what differs by a patch shares it.
objects=$LAB_CACHE/build/${tree##*/}/$(printf '%s\n' "$configs" |
	sed -n "$([ -n "$base" ] || echo '2,$')s#.*/##p" |
	sed 's/\.config$//' | paste -sd+ -)
objects=${objects%/}
mkdir -p "$objects"
log=$objects/log
: > "$log"
: > "$objects/begun"
[ -n "$worktree" ] || apply_patches || exit 1
if ! { configure && compile; }; then
	say "$name was not built; the end of $log:"
	tail -n 15 "$log" >&2
	exit 1
fi

image=$LAB_CACHE/images/$name
mkdir -p "$image"
{
	echo "$origin"
	printf '%s\n' "$configs" | sed "$([ -n "$base" ] || echo '1d;')s#.*/#config #"
	printf '%s' "$patches" | sed 's#.*/#patch #'
} > "$image/origin"
# What bloat-o-meter compares; a debug kernel's is not of interest.
[ -z "$worktree" ] || cp "$objects/vmlinux" "$image/vmlinux"
cp "$objects/.config" "$image/config" &&
	cp "$objects/$made" "$image/new" &&
	mv "$image/new" "$image/bzImage" || exit 1
echo "$name"
