# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# fakelab.sh - a lab whose kernels are words: what needs no machine is tested as it is
#
# Sourced after tap.sh.  $fake is a copy of the repository's scripts in which a machine
# (lab/boot.sh), a build (lab/build.sh) and a table are stubs.  An image is a file of
# words, those in $tree/kernel of what was built:
#
#   good bad flaky few silent	what the test known.tail_lost_after_merge is: flaky is red
#				in each third run, silent does not boot, dies boots and complains
#   slow leaky costly fat	more: a reader delays the mapper, the kernel complains, a line
#				costs more, a function is larger
#   broken			it does not compile

fake=$work/fake
LAB_CACHE=$work/cache
LAB_PROGRAMS=$work/programs
export LAB_CACHE LAB_PROGRAMS
mkdir -p "$fake/lib" "$LAB_PROGRAMS" "$LAB_CACHE/chdist/amd64"
cp -R "$top/lab" "$top/scripts" "$top/run_tests.sh" "$top/mutants" "$fake"
cp "$top/lib/kernel_log.c" "$fake/lib"
printf '#!/bin/sh\nexit 0\n' >"$fake/scripts/install.sh"
: >"$LAB_CACHE/boots"
: >"$LAB_CACHE/builds"

# The one program, which is told what its kernel is.
cat >"$LAB_PROGRAMS/proc_maps_tearing" <<'END'
#!/bin/sh
if [ "$1" = -l ]; then
	echo '# FIXTURE            VARIANT                   TEST'
	echo '--------------------------------------------------'
	echo 'known                                          tail_lost_after_merge'
	echo '--------------------------------------------------'
	exit
fi
name=known.tail_lost_after_merge
case " $FAKE_KERNEL " in
*" flaky "*)
	n=$(($(cat "$FAKE_RUNS" 2>/dev/null) + 1))
	echo $n >"$FAKE_RUNS"
	[ $((n % 3)) != 1 ] || FAKE_KERNEL=bad
	;;
esac
case " $FAKE_KERNEL " in
*" bad "*)
	echo "# RULE BROKEN: planted"
	echo "#   this is the signature of $name"
	echo "not ok 1 $name"
	exit 1
	;;
*" few "*)
	echo "ok 1 $name # SKIP not provoked"
	;;
*)
	echo "ok 1 $name"
	;;
esac
END

cat >"$fake/lab/boot.sh" <<'END'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
while [ "$1" != -- ]; do
	case $1 in
	--kernel) FAKE_KERNEL=$(tr '\n' ' ' <"$2"); shift ;;
	--out) out=$2; shift ;;
	esac
	shift
done
shift
echo "$1 $FAKE_KERNEL" >>"$LAB_CACHE/boots"
sleep "${FAKE_SECONDS:-0}"
export FAKE_KERNEL FAKE_RUNS="$LAB_CACHE/runs"
rm -rf "$out/files"
mkdir -p "$out/files"
: >"$out/out"
: >"$out/log"
echo kvm >"$out/accel"
echo 1 >"$out/seconds"
echo 7.3.4 >"$out/files/.release"
has()
{
	case " $FAKE_KERNEL " in
	*" $1 "*) return 0 ;;
	*) return 1 ;;
	esac
}
! has silent || exit 4
if has dies; then
	printf '%s\n' 'Run /init as init' '[    1.5] BUG: planted at mm/planted.c' >"$out/log"
	exit 4
fi
! has leaky || echo '[    1.5] BUG: planted at mm/planted.c' >"$out/log"
case $1 in
again.sh)
	shift
	PATH=$LAB_PROGRAMS:$PATH sh "$here/again.sh" "$@"
	;;
read_cost)
	has costly && echo 'a.line 200' || echo 'a.line 100'
	;;
guest.sh)
	echo '# selftests: proc: proc_maps_tearing'
	"$LAB_PROGRAMS/proc_maps_tearing" -r known.tail_lost_after_merge | sed 's/^/# /'
	echo 'ok 1 selftests: proc: proc_maps_tearing'
	echo '# selftests: proc: proc_mmap_latency'
	for file in maps query smaps numa_maps; do
		echo "# ok 1 latency.${file}_hog.interference"
	done
	echo 'ok 2 selftests: proc: proc_mmap_latency'
	;;
esac >>"$out/out"
END

cat >"$fake/lab/build.sh" <<'END'
#!/bin/sh
for name; do
	[ "$last" != --tree ] || tree=$name
	last=$name
done
echo "$name" >>"$LAB_CACHE/builds"
if grep -q broken "$tree/kernel"; then
	echo 'mm/planted.c:1: error: planted'
	exit 1
fi
mkdir -p "$LAB_CACHE/images/$name"
cp "$tree/kernel" "$LAB_CACHE/images/$name/bzImage"
cp "$tree/kernel" "$LAB_CACHE/images/$name/vmlinux"
END

# Five samples of a thousand operations each, as long as the kernel says.
cat >"$fake/scripts/table.sh" <<'END'
#!/bin/sh
rows=
while [ $# -gt 0 ]; do
	case $1 in
	--results) results=$2 ;;
	--nbusytasks) busy=$2 ;;
	--mappings) rows=$2 ;;
	--kernel) kernel=$2 ;;
	esac
	shift
done
{
	echo '# latency_table 1'
	echo "# sweep $([ "$rows" ] && echo mappings || echo busy)"
	for row in $(echo "$busy" | tr , ' '); do
		for n in 1 2 3 4 5; do
			ns=100
			! grep -q slow "$kernel" || ns=1000
			for arm in victim decoy; do
				[ $arm = victim ] || ns=100
				echo "sample $row ${rows:-16384} $n $arm 0 1000" \
					"$((ns * (100 + n)))" $((ns * 10)) 5
			done
		done
	done
} >"$results"
END
chmod +x "$LAB_PROGRAMS"/* "$fake/lab"/*.sh "$fake/scripts"/*.sh

# boots, builds: how many there were since the last forget
boots()
{
	grep -c . "$LAB_CACHE/boots" 2>/dev/null || :
}

builds()
{
	grep -c . "$LAB_CACHE/builds" 2>/dev/null || :
}

# forget: of what the lab learned, all but the kernels
forget()
{
	rm -rf "$LAB_CACHE/bisect" "$LAB_CACHE/patch" "$LAB_CACHE/boots" \
		"$LAB_CACHE/builds" "$LAB_CACHE/runs"
	forget_boots
	: >"$LAB_CACHE/builds"
}

# forget_boots: counts from here
forget_boots()
{
	: >"$LAB_CACHE/boots"
}

# interrupts BOOTS COMMAND...: a command of the wrapper, after so many boots
interrupts()
{
	enough=$1
	shift
	FAKE_SECONDS=1 "$fake/run_tests.sh" "$@" >"$work/stdout" 2>"$work/stderr" &
	asking=$!
	until [ "$(boots)" -ge "$enough" ]; do
		sleep 0.1
	done
	kill -s TERM $asking
	wait $asking
	equal "interrupted" $? 143
	ok "and says so" grep -qx "$1.sh: interrupted" "$work/stderr"
	ok "no process is left" holds_nothing_of pgrep -f "$fake/lab"
}

# fake_git WORD...: in $tree
fake_git()
{
	git -C "$tree" -c user.name=check -c user.email=check@invalid \
		-c commit.gpgSign=false "$@"
}

# fake_tree WORD...: makes $tree a git tree with a commit for each kernel
fake_tree()
{
	tree=$work/tree
	rm -rf "$tree" "$LAB_CACHE/trees"
	mkdir -p "$tree/scripts"
	git init -q "$tree"
	cat >"$tree/scripts/bloat-o-meter" <<-'END'
	import sys
	words = [open(name).read().split() for name in sys.argv[1:3]]
	grown = 64 * ('fat' in words[1])
	print('add/remove: 0/0 grow/shrink: %d/0 up/down: %d/0 (%d)' % (grown > 0, grown, grown))
	print('Total: Before=1000, After=%d, chg %+.2f%%' % (1000 + grown, grown / 10))
	END
	for words; do
		fake_commit "$words"
	done
}

# fake_commit WORDS: one more
fake_commit()
{
	printf '%s\n%s\n' "$1" "$(fake_git rev-list --count --all)" >"$tree/kernel"
	fake_git add -A
	fake_git commit -q -m "$1"
}

# fake_releases RELEASE WORD...: the archive's, of which each is a word
fake_releases()
{
	rm -rf "$LAB_CACHE/images"
	while [ $# -gt 0 ]; do
		mkdir -p "$LAB_CACHE/images/$1"
		echo "$2" >"$LAB_CACHE/images/$1/bzImage"
		echo "kernel $1 linux-image-$1-cloud-amd64 $1-1"
		shift 2
	done >"$LAB_CACHE/chdist/amd64/index"
	touch "$LAB_CACHE/chdist/amd64/updated"
}
