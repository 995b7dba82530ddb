#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What is interrupted while it asks the archive says so, and leaves nothing in the
# place for temporary files, where apt does.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

# An apt that leaves something and takes its time.
mkdir "$work/bin" "$work/tmp"
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
case "$*" in
*indextargets*)
	echo http://archive.invalid/debian/
	;;
*)
	trap 'exit 1' TERM INT HUP
	>"${TMPDIR:-/tmp}/apt.conf.left" 2>"$TOUCHED"
	sleep 5 &
	wait
	;;
esac
END
cat >"$work/bin/chdist" <<'END'
#!/bin/sh
case "$*" in
*create*)
	mkdir -p "$2/amd64/etc/apt"
	;;
*)
	exec apt-get "$@"
	;;
esac
END
cat >"$work/bin/apt-cache" <<'END'
#!/bin/sh
echo linux-source-9.9
END
chmod +x "$work"/bin/*
TOUCHED=$work/touched PATH=$work/bin:$PATH TMPDIR=$work/tmp LAB_CACHE=$work/lab
export TOUCHED PATH TMPDIR LAB_CACHE

# interrupted NAME SIGNAL COMMAND...
interrupted()
{
	rm -f "$TOUCHED"
	what="$1, SIG$2"
	signal=$2
	shift 2
	timeout -s "$signal" 2 "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
	ok "$what: was under way" test -e "$TOUCHED"
	ok "$what: says that it was interrupted" grep -q interrupted "$work/stderr"
	equal "$what: leaves nothing" "$(ls -A "$work/tmp")" ""
	equal "$what: nor in the cache" "$(find "$work/lab" "$work/copy/.tree" \
		-name '*.left' 2>/dev/null)" ""
	rm -rf "$work/tmp" "$work/lab"
	mkdir "$work/tmp"
}

interrupted "lab list" TERM "$top/run_tests.sh" lab list
interrupted "lab list" INT "$top/run_tests.sh" lab list
mkdir "$work/copy"
(cd "$top" && tar -c --exclude=.git --exclude=.lab --exclude=.table \
	--exclude=.tree .) | tar -x -C "$work/copy"
interrupted "tree" TERM "$work/copy/run_tests.sh" tree
interrupted "tree" HUP "$work/copy/run_tests.sh" tree

# A run of tests, too.
"$top/run_tests.sh" gate -- -l >"$work/listing" 2>&1
timeout -s TERM 3 "$top/run_tests.sh" gate -- -f racing >"$work/stdout" \
	2>"$work/stderr" </dev/null
ok "gate: says that it was interrupted" grep -q interrupted "$work/stderr"
equal "gate: leaves nothing" "$(ls -A "$work/tmp")" ""

# Twice, as by timeout(1): once for the shell, once for its group.
# shellcheck disable=SC2016 # for the inner shell
setsid sh -c 'echo $$ >"$1"; exec "$2" gate -- -f racing' sh "$work/pid" \
	"$top/run_tests.sh" >"$work/stdout" 2>"$work/stderr" </dev/null &
sleep 3
pid=$(cat "$work/pid")
kill -TERM "$pid"
sleep 0.05
kill -TERM "$pid" 2>/dev/null
wait
equal "gate, a second signal: leaves nothing" "$(ls -A "$work/tmp")" ""

# A signal while what was left is being removed: an rm that takes its time.
mkdir "$work/slow" "$work/stuck"
cat >"$work/slow/rm" <<'END'
#!/bin/sh
: >"$TOUCHED.rm"
sleep 1
exec /bin/rm "$@"
END
cat >"$work/stuck/proc_maps_selftest" <<'END'
#!/bin/sh
: >"$TOUCHED"
exec sleep 60
END
chmod +x "$work/slow/rm" "$work/stuck/proc_maps_selftest"
# appears FILE: it does within half a minute
appears()
{
	tries=300
	while [ ! -e "$1" ] && [ $((tries -= 1)) -gt 0 ]; do
		sleep 0.1
	done
	test -e "$1"
}
# removes NAME COMMAND...: it removes what it has made, whatever comes meanwhile
removes()
{
	what=$1
	shift
	rm -f "$TOUCHED" "$TOUCHED.rm"
	PATH=$work/slow:$PATH setsid "$@" >"$work/stdout" 2>&1 </dev/null &
	ok "$what: was under way" appears "$TOUCHED"
	kill -s TERM -- "-$!"
	ok "$what: removes something" appears "$TOUCHED.rm"
	kill -s TERM -- "-$!"
	wait
	equal "$what, a second signal: leaves nothing" "$(ls -A "$work/tmp")" ""
	equal "$what: nor in its place" \
		"$(find "$work/copy/.tree" -name 'new*' 2>/dev/null)" ""
	rm -rf "$work/tmp"
	mkdir "$work/tmp"
}
removes guest env GUEST_LIMIT=60 GUEST_PROGRAMS="$work/stuck" \
	GUEST_OUT="$work/stuck" sh "$top/lab/guest.sh"
removes tree "$work/copy/run_tests.sh" tree
removes again sh "$top/lab/again.sh" "$work/stuck/proc_maps_selftest"

finish
