# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# archive.sh - kernels and kernel sources from Debian's archive
#
# Sourced, with LAB_CACHE set.  The suites of this machine say which mirror to
# ask; the other suites are read beside them with chdist(1), so nothing of the
# machine's own apt configuration is touched.  apt checks every index against
# the archive's keys and every package against its index.

archive_suites='bullseye bookworm bookworm-updates bookworm-backports trixie
	trixie-updates trixie-backports forky sid experimental'
archive_sources=trixie-backports	# has kernels whose linux-source is gone
archive_security='bullseye-security bookworm-security trixie-security'
archive_max_age=1440	# minutes until the indexes are asked for again

# archive_for MACHINE: of which architecture packages are from here on, and which
# flavour of its kernels, as a pattern for package names.  Where there is a cloud
# flavour, it has what we need built in and is half the size.
archive_for()
{
	archive_machine=$1
	archive_arch=${1%%-*}
	case $1 in
	amd64|arm64) archive_flavour=cloud-$1 ;;
	i386) archive_flavour=686-pae ;;
	armhf) archive_flavour=armmp ;;
	ppc64el*) archive_flavour=powerpc64le${1#ppc64el} ;;
	*) archive_flavour=$1 ;;
	esac
}

archive_for amd64

# archive_chdist COMMAND...: for the suites of $archive_arch
archive_chdist()
(
	archive_command=$1
	shift
	# What apt leaves behind when it is interrupted, which it may do as root only
	# where other users cannot go.
	mkdir -p "$LAB_CACHE/chdist"
	TMPDIR=$(mktemp -d "$LAB_CACHE/chdist/tmp.XXXXXX") || exit
	export TMPDIR
	trap 'rm -rf "$TMPDIR"' EXIT
	trap 'exit 1' HUP INT TERM
	chdist --data-dir "$LAB_CACHE/chdist" "$archive_command" \
		"$archive_arch" -o APT::Sandbox::User=root "$@"
)

archive_mirrors()
{
	# shellcheck disable=SC2016 # apt-get's own words
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		sort -u
}

# A suite that the mirror does not have must not spoil the others, and a
# mirror that is a snapshot is as old as it is.
archive_update()
{
	archive_dir=$LAB_CACHE/chdist/$archive_arch
	archive_stamp=$archive_dir/updated
	if [ -n "$(find "$archive_stamp" -mmin "-$archive_max_age" \
			2>/dev/null)" ]; then
		return 0
	fi
	command -v chdist >/dev/null || {
		say 'chdist is not installed (package devscripts)'
		return 1
	}
	note "asking the archive what there is for $archive_arch"
	mkdir -p "$LAB_CACHE/chdist"
	# Of one that was killed.
	find "$LAB_CACHE/chdist" -maxdepth 1 -name 'tmp.*' -mtime +0 \
		-exec rm -rf {} +
	[ -d "$archive_dir" ] ||
		chdist --data-dir "$LAB_CACHE/chdist" --arch "$archive_arch" \
			create "$archive_arch" >/dev/null 2>&1 || return 1

	archive_main=$(archive_mirrors | grep '/debian/*$' | head -n 1)
	archive_sec=$(archive_mirrors | grep 'debian-security/*$' | head -n 1)
	[ -n "$archive_main" ] || {
		say 'no Debian mirror among the configured apt sources'
		return 1
	}
	{
		for archive_suite in $archive_suites; do
			echo "deb $archive_main $archive_suite main"
		done
		echo "deb-src $archive_main $archive_sources main"
		[ -z "$archive_sec" ] ||
		for archive_suite in $archive_security; do
			echo "deb $archive_sec $archive_suite main"
		done
	} > "$archive_dir/etc/apt/sources.list"
	archive_chdist apt-get -q -o Acquire::Check-Valid-Until=false \
		-o Acquire::Languages=none -o Acquire::Retries=2 update \
		> "$archive_dir/update.log" 2>&1 ||
		note "some suites could not be had (see chdist/$archive_arch/update.log)"
	archive_index > "$archive_dir/index.new"
	if [ ! -s "$archive_dir/index.new" ]; then
		say "the archive's indexes could not be had:"
		tail -n 5 "$archive_dir/update.log" >&2
		return 1
	fi
	mv "$archive_dir/index.new" "$archive_dir/index"
	touch "$archive_stamp"
}

# archive_files KIND: the indexes of Packages or Sources
archive_files()
{
	# shellcheck disable=SC2016 # apt-get's own words
	archive_chdist apt-get indextargets --format '$(FILENAME)' "Created-By: $1" |
		xargs -r /usr/lib/apt/apt-helper cat-file 2>/dev/null
}

# One line for each kernel and source: KIND RELEASE PACKAGE VERSION, oldest
# first.  Where a kernel comes in several packages, the one with the image in
# it: since 7.1 linux-image only depends on linux-binary.  "src" is the source
# package, from which linux-source and the images were made.
archive_index()
{
	{
		archive_files Packages
		archive_files Sources
	} |
	awk '
		/^Package: / { package = $2 }
		/^Version: / { version = $2 }
		/^Installed-Size: / { size = $2 }
		/^$/ {
			release = version
			sub(/-.*/, "", release)
			if (package ~ /^linux-source-[0-9.]+$/)
				print "source", release, package, version
			else if (package == "linux")
				print "src", release, "src:linux", version
			else if (size > 1000 && package ~ /^linux-(image|binary)(-unsigned)?-[0-9].*[0-9]-[a-z0-9-]+$/ && package !~ /-dbg$/)
				kernel[release " " (package !~ /unsigned/) " " package " " version]
			package = version = ""
			size = 0
		}
		END {
			for (k in kernel) {
				split(k, part, " ")
				print "kernel" (part[2] ? "" : "-unsigned"), part[1], part[3], part[4]
			}
		}' |
	sort -u |
	sort -s -k 2,2V -k 1,1r -k 4,4V
}

# archive_list KIND: RELEASE PACKAGE VERSION, the best package of each release
archive_list()
{
	archive_update || return 1
	awk -v kind="$1" -v flavour="[0-9]-$archive_flavour\$" '
		$1 ~ /^kernel/ && $3 !~ flavour { next }
		$1 ~ ("^" kind) { if (!($2 in at)) order[++n] = $2; }
		$1 == kind "-unsigned" && ($2 in at) { next }
		$1 ~ ("^" kind) { at[$2] = $2 " " $3 " " $4 }
		END { for (i = 1; i <= n; i++) print at[order[i]] }
	' "$LAB_CACHE/chdist/$archive_arch/index"
}

# archive_matching KIND WHICH: the releases of a series, newest first, or just
# that release
archive_matching()
{
	archive_list "$1" | tac | awk -v which="$2" '
		which == "newest" || $1 == which || index($1, which ".") == 1 ||
		index($1, which "~") == 1'
}

# archive_find KIND WHICH: the newest of these.  Of an older kernel that has no
# linux-source any more, the original in its source package.
archive_find()
{
	archive_matching "$@" | head -n 1 | grep . || {
		[ "$1" = source ] && archive_matching src "$2" | head -n 1 | grep .
	}
}

# archive_get PACKAGE[=VERSION] DIR: the package's .deb in DIR, which has none of
# that name yet; prints its name
archive_get()
{
	note "fetching $1"
	mkdir -p "$2"
	(cd "$2" && archive_chdist apt-get -q \
		-o APT::Sandbox::User=root download "$1") \
		> "$2/download.log" 2>&1 || {
		say "$1 could not be had from the archive:"
		grep '^[EW]:' "$2/download.log" >&2
		return 1
	}
	ls "$2/${1%%=*}"_*.deb
}

# archive_busybox: a static busybox for the architecture; prints where
archive_busybox()
(
	file=$LAB_CACHE/busybox/$archive_arch
	if [ ! -x "$file" ]; then
		archive_update || exit
		mkdir -p "${file%/*}"
		archive_temp || exit
		deb=$(archive_get busybox-static "$temp") &&
			dpkg-deb --fsys-tarfile "$deb" |
			tar -xO --wildcards '*bin/busybox' > "$temp/busybox" &&
			chmod 755 "$temp/busybox" &&
			mv "$temp/busybox" "$file" || exit
	fi
	echo "$file"
)

# archive_temp: a folder $temp, which ends with this subshell
archive_temp()
{
	temp=$(mktemp -d "$LAB_CACHE/get.XXXXXX") || return
	trap 'rm -rf "$temp"' EXIT
	trap 'exit 1' HUP INT TERM
}

# archive_source DIR PACKAGE VERSION: the kernel's source as DIR, if it is not there
# yet.  It appears whole or not at all.
archive_source()
(
	[ ! -f "$1/Makefile" ] || exit 0
	mkdir -p "${1%/*}"
	new=$(mktemp -d "${1%/*}/new.XXXXXX") || exit
	trap 'rm -rf "$new"' EXIT
	trap 'exit 1' HUP INT TERM
	if [ "$2" = src:linux ]; then
		archive_original "$3" "$new"
	else
		deb=$(archive_get "$2=$3" "$new") || exit
		note "unpacking $2 $3"
		mkdir "$new/tree"
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xO --wildcards '*/linux-source-*.tar.xz' |
			tar -xJ --strip-components=1 -C "$new/tree"
	fi || exit
	[ -f "$new/tree/Makefile" ] && mv -T "$new/tree" "$1"
)

# archive_original VERSION DIR: what Debian's source package has from upstream, as
# DIR/tree.  The archive keeps that for longer than what goes with it.
archive_original()
{
	note "fetching and unpacking the original of linux $1"
	(cd "$2" && archive_chdist apt-get -q source --tar-only --download-only \
		"linux=$1" > download.log 2>&1)
	mkdir "$2/tree"
	tar -xJf "$2"/linux_*.orig.tar.xz --strip-components=1 -C "$2/tree" \
		2>> "$2/download.log" || {
		say "linux $1 could not be had from the archive:"
		grep '^[EW]:' "$2/download.log" >&2
		return 1
	}
}

# archive_image RELEASE PACKAGE VERSION: the package's image as bzImage in
# $archive_image, if it is not there yet
archive_image()
(
	[ ! -s "$archive_image/bzImage" ] || exit 0
	archive_temp || exit
	deb=$(archive_get "$2=$3" "$temp") &&
		dpkg-deb --fsys-tarfile "$deb" |
		tar -xO --wildcards '*/vmlinu[xz]*' > "$temp/bzImage" &&
		[ -s "$temp/bzImage" ] || exit
	mkdir -p "$archive_image"
	echo "$2 $3" > "$archive_image/origin"
	mv "$temp/bzImage" "$archive_image/bzImage"
)

# archive_kernel WHICH: makes $LAB_CACHE/images/NAME/bzImage from the archive if
# it is not there yet; prints NAME, which is [MACHINE-]RELEASE.  An index may
# know releases that the archive no longer has: then the next older one.
archive_kernel()
{
	archive_lines=$(archive_matching kernel "$1")
	[ -n "$archive_lines" ] || {
		say "the archive has no kernel $1 for $archive_machine"
		return 1
	}
	while read -r archive_line; do
		archive_name=$(archive_prefix)${archive_line%% *}
		archive_image=$LAB_CACHE/images/$archive_name
		# shellcheck disable=SC2086 # three words
		if archive_image $archive_line; then
			echo "$archive_name"
			return 0
		fi
	done <<-END
	$archive_lines
	END
	return 1
}

archive_prefix()
{
	[ "$archive_machine" = amd64 ] || echo "$archive_machine-"
}
