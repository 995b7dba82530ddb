#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In whatever language the machine speaks, numbers and names are the same.

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

run=$top/run_tests.sh

# Made here: which ones a machine has is its own affair.
mkdir "$work/locale"
for language in de_DE.UTF-8 tr_TR.ISO-8859-9; do
	localedef -i "${language%%.*}" -f "${language#*.}" \
		"$work/locale/$language" >"$work/log" 2>&1 && continue
	explain "$work/log"
	skip "$language" "cannot be made here"
	finish
done

# speaks LANGUAGE COMMAND...
speaks()
{
	language=$1
	shift
	env LOCPATH="$work/locale" LANG="$language" LC_ALL="$language" "$@"
}

equal "the language is one: a comma" "$(speaks de_DE.UTF-8 \
	bash -c 'printf %.1f 0,5')" 0,5

{
	cat <<-END
	# latency_table 1
	# kernel 1.2.3
	# procfile maps
	# sweep busy
	# nbusytasks 0,10
	# mappings 16384
	# nbusycpus 1
	# control 0
	# nsamples 5
	END
	for busy in 0 10; do
		for sample in 1 2 3 4 5; do
			echo "sample $busy 16384 $sample victim 0 1000" \
				"27296$sample 9725$sample 50 97:999 97251:1"
		done
	done
} >"$work/A"
sed 's/97251:1/197251:1/' "$work/A" >"$work/B"

for command in "compare --published $work/A" "compare $work/A $work/B"; do
	# shellcheck disable=SC2086
	code=$(status "$run" $command)
	mv "$work/stdout" "$work/plain"
	ok "${command%% /*}: has fractions" grep -q '[0-9]\.[0-9]' "$work/plain"
	for language in de_DE.UTF-8 tr_TR.ISO-8859-9; do
		# shellcheck disable=SC2086
		equal "$language: ${command%% /*}" \
			"$(status speaks $language "$run" $command)" "$code"
		ok "the same" diff "$work/plain" "$work/stdout"
		# shellcheck disable=SC2086
		equal "$language: ${command%% /*}, by itself" "$(status speaks \
			$language sh "$top/scripts/compare.sh" \
			${command#compare })" "$code"
		ok "the same" diff "$work/plain" "$work/stdout"
	done
done

"$run" plot "$work/A" "$work/B" -o "$work/plain.svg" >"$work/log" 2>&1
speaks de_DE.UTF-8 "$run" plot "$work/A" "$work/B" -o "$work/german.svg" \
	>"$work/log" 2>&1
ok "plot: the same picture" cmp "$work/plain.svg" "$work/german.svg"

for language in de_DE.UTF-8 tr_TR.ISO-8859-9; do
	equal "$language: the gate passes a test" "$(status speaks $language \
		"$run" gate -- -r stepped.hole.maps)" 0
	equal "$language: which was one" \
		"$(grep -c '^# ok 1 stepped.hole.maps$' "$work/stdout")" 1
done

# Each script that can be run by itself has it from the same place.
grep -l 'awk\|printf\|sort' "$top"/scripts/*.sh | while read -r script; do
	grep -q '^# Usage: ' "$script" || continue
	grep -q 'run_tests.sh" --environment' "$script" || echo "$script"
done >"$work/without"
ok "no script has a language of its own" holds_nothing "$work/without"

finish
