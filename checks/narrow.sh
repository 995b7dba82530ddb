#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A run of a few tests meets the known bug although the test for it is not among
# them: is it named, in the report and in the verdict, and red once?

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/ktap.sh
. "$top/checks/lib/ktap.sh"

tests='-r narrow.expand.race -r narrow.last.race -r racing.swap_part.maps'

if ! known_here lost-tail; then
	skip "the known bug in a narrow run" "this kernel does not have it"
	finish
fi

# Each of them meets it nearly always, and none must.
for _ in 1 2 3 4 5; do
	# shellcheck disable=SC2086 # words
	code=$(status "$top/run_tests.sh" gate -- $tests)
	! grep -q '^# not ok ' "$work/stdout" || break
done
if ! grep -q '^# not ok ' "$work/stdout"; then
	skip "the known bug in a narrow run" "not provoked"
	finish
fi

equal "the known bug in a narrow run: fails" "$code" 1
equal "one bug, one red test" "$(grep -c '^# not ok ' "$work/stdout")" 1
ok "the report says what it is" \
	grep -q '^# # summary: this kernel loses mappings ' "$work/stdout"
ok "so does the verdict" grep -q '^this kernel loses mappings ' "$work/stderr"
ok "and that of which test" grep -qE '^not ok: (narrow|racing)\.[^,]*$' \
	"$work/stderr"
explain "$work/stderr"

# A test that leaves it to another one, which is not there either.
for _ in 1 2 3 4 5; do
	status "$top/run_tests.sh" gate -- -f sweep >"$work/code"
	! grep -q 'left to known' "$work/stdout" || break
done
if grep -q 'left to known' "$work/stdout"; then
	ok "the verdict says what was left to another test" \
		grep -q '^this kernel loses mappings ' "$work/stderr"
else
	skip "the known bug in a sweep" "not provoked"
fi

finish
