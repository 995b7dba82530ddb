# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# attended.sh - what is started here ends with us.  Sourced.

child=''

# attended COMMAND...: a signal to us ends it
attended()
{
	"$@" 6>&- &
	child=$!
	wait "$child"
	attended_status=$?
	child=''
	return $attended_status
}

# shellcheck disable=SC2317 # called by the traps
stop()
{
	# wait(1) within a trap does not wait in every shell
	while [ -n "$child" ] && kill "$child" 2>/dev/null; do
		sleep 0.1
	done
	echo "${0##*/}: interrupted" >&6
	exit "$1"
}

# A signal may come while stderr is a log.
exec 6>&2
trap 'stop 130' INT
trap 'stop 143' TERM HUP
