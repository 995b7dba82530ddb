# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# python.sh - a Python for what others have written in it
#
# Sourced behind tap.sh.

# python MODULE...: whether there is one that has them all; $python is it
python()
{
	for python in python3 /usr/bin/python3; do
		for module; do
			"$python" -c "import $module" 2>/dev/null || continue 2
		done
		return
	done
	return 1
}
