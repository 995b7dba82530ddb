# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# trees.sh - worktrees of git trees of kernels, and what is built of them
#
# Sourced after common.sh and attended.sh.  A git tree has one worktree in the cache,
# $LAB_CACHE/trees/NAME, with objects in $LAB_CACHE/build/NAME: from one commit to the
# next, what differs is compiled.

# shellcheck source-path=SCRIPTDIR source=archive.sh
. "$here/archive.sh"

tree_config=preempt-full	# the configuration of what is built
: "${LAB_KEEP:=20}"	# GiB of trees, objects and images; the oldest are removed

# tree_git DIR WORD...: git, for what makes commits, and without the user's hooks
tree_git()
{
	tree_dir=$1
	shift
	git -C "$tree_dir" -c user.name=lab -c user.email=lab@invalid \
		-c core.hooksPath=/dev/null -c commit.gpgSign=false "$@"
}

# tree_of DIR: makes the worktree of a git tree, if it is not there yet; sets $tree, and
# $tree_head to what is checked out in DIR
tree_of()
{
	tree_head=$(git -C "$1" rev-parse -q --verify HEAD) || bad_usage "no commit in $1"
	kdir=$(git -C "$1" rev-parse --path-format=absolute --git-common-dir) || exit 2
	tree=${kdir%/.git}
	tree=$LAB_CACHE/trees/$(basename "$tree" .git)-$(echo "$kdir" | cksum |
		cut -d ' ' -f 1)
	mkdir -p "${tree%/*}" || exit 4
	exec 5> "$tree.lock"
	# What an interrupted run has started may take a while to end.
	flock -w 10 5 || {
		say "another run is at work in $tree"
		exit 4
	}
	if ! git -C "$tree" rev-parse HEAD > /dev/null 2>&1; then
		note "making a worktree of $kdir"
		rm -rf "$tree"
		git --git-dir="$kdir" worktree prune
		git --git-dir="$kdir" worktree add -q --detach "$tree" "$tree_head" ||
			exit 4
	fi
}

# tree_commit DIR NAME: prints the commit of this name
tree_commit()
{
	git -C "$1" rev-parse -q --verify "$2^{commit}" || bad_usage "no commit $2 in $1"
}

# tree_at TREE COMMIT: checks it out; a file that is the same keeps its time
tree_at()
{
	git -C "$1" checkout -q -f --detach "$2" && git -C "$1" clean -q -f -d
}

# tree_source: makes $kdir a git tree of the newest linux-source
tree_source()
{
	line=$(archive_find source newest) || {
		say 'the archive has no linux-source'
		exit 4
	}
	kdir=$LAB_CACHE/sources/linux-source-${line%% *}
	[ ! -d "$kdir/.git" ] || return 0
	# shellcheck disable=SC2086 # three words
	set -- $line
	archive_source "$kdir" "$2" "$3" || exit 4
	note "making a git tree of linux-source $1"
	# It appears whole or not at all, and as one pack, not as a file for each file.
	rm -rf "$kdir.new"
	set -- "$1" --git-dir="$kdir.new" --work-tree="$kdir" -c core.compression=1 \
		-c core.bigFileThreshold=1
	tree_release=$1
	shift
	git "$@" init -q && git "$@" add -A -f . &&
		tree_git "$kdir" "$@" commit -q -m "linux-source $tree_release" &&
		git "$@" config core.bare false && mv -T "$kdir.new" "$kdir/.git" || exit 4
}

# tree_build TREE NAME OPTION...: the image NAME of what is checked out
tree_build()
{
	tree_name=$2
	tree_at_work=$1
	shift 2
	attended sh "$here/build.sh" --tree "$tree_at_work" --config "$tree_config" "$@" \
		"$tree_name"
}

# tree_keep: removes the images, and then the trees, that were not used for longest,
# until what is kept is within the bound.  $tree, which is in use, stays.
tree_keep()
{
	touch "$tree"
	{
		tree_oldest images 'bisect-*' 'patch-*'
		tree_oldest trees '*'
	} > "$LAB_CACHE/kept"
	while read -r tree_old; do
		[ "$(tree_size)" -gt "$LAB_KEEP" ] || break
		[ "$tree_old" != "$tree" ] || continue
		rm -rf "$tree_old"
		case $tree_old in
		*/trees/*) rm -rf "$LAB_CACHE/build/${tree_old##*/}" "$tree_old.lock" ;;
		esac
	done < "$LAB_CACHE/kept"
	rm -f "$LAB_CACHE/kept"
}

# tree_oldest FOLDER PATTERN...: what is in it, the oldest first
tree_oldest()
(
	cd "$LAB_CACHE/$1" 2>/dev/null || exit 0
	shift
	for pattern; do
		find . -mindepth 1 -maxdepth 1 -type d -name "$pattern" \
			-printf "%T@ $PWD/%f\n"
	done | sort -n | sed 's/^[^ ]* //'
)

# tree_size: in GiB, of the images and trees that were made here
tree_size()
{
	{
		tree_oldest images 'bisect-*' 'patch-*'
		tree_oldest trees '*'
		tree_oldest trees '*' | sed 's#/trees/\([^/]*\)$#/build/\1#'
	} | tr '\n' '\0' | du -c -s -k --files0-from=- 2>/dev/null |
		awk 'END { print int($1 / 1048576) }'
}
