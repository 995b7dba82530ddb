# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
#
# sure.sh - is one test red on one kernel?  Asked until that is sure.
#
# Sourced after common.sh.  A test is red in one run in a hundred at most on a kernel
# without the fault (results/soak.txt), and in the share $sure_share of runs at least on
# one with it.  Which of both a kernel is, a sequential probability ratio test says
# (A. Wald, 1945): runs are added until one of them is 99 times as likely, which is wrong
# for one kernel in a hundred at most.
#
# A run that had few chances counts as one that was not red: the share was measured
# with such runs, too, on the same machine.

# shellcheck source-path=SCRIPTDIR source=answers.sh
. "$here/answers.sh"
# shellcheck source-path=SCRIPTDIR source=programs.sh
. "$here/programs.sh"

sure_false_red=0.01	# share of runs that are red on a good kernel: the bound of soak.txt
sure_error=0.01		# probability that the word on one kernel is wrong
sure_share=0.5		# share of runs that are red on a bad kernel: until it was measured
sure_boots=6		# machines for one kernel: more would not tell, either
sure_limit=60		# seconds for one run: twice the longest time limit of a test
sure_patience=20	# DURATION for a test that had too few chances: the most it takes

# sure_program TEST: prints the program that has the test
sure_program()
{
	for program in $(sh "$here/../run_tests.sh" --programs); do
		[ -x "$programs/$program" ] || continue
		"$programs/$program" -l > "$LAB_CACHE/listing" 2>&1
		if sh "$here/../run_tests.sh" --names "$LAB_CACHE/listing" |
			grep -qxF "r $1"; then
			echo "$program"
			return
		fi
	done
	return 1
}

# sure_words OUT TEST: what each run of again.sh in OUT says of the test, one a line:
# red, green, few (not red, but it had few chances), untold, or died, of a run in which
# the machine ended
sure_words()
{
	results "$1" | awk -F '\t' -v test="$2" '
	$1 == "run" { word = "untold" }
	$1 == "test" && $3 == test {
		word = $4 == "fail" ? "red" : $4 == "pass" ? "green" : \
			$5 ~ /not (provoked|exercised)/ ? "few" : "untold"
	}
	$1 == "took" { print $4 == "died" ? "died" : word }'
}

# sure_next WORDS [REDS]: what is known of a kernel: bad, good, or how many runs would
# make it good if none is red, and how many red ones of them bad.  With REDS, bad after so
# many, and never good.
sure_next()
{
	awk -v share="$sure_share" -v base="$sure_false_red" -v error="$sure_error" \
		-v reds="${2-}" '
	{ n[$1]++ }
	END {
		if (reds) {
			if (n["red"] >= reds)
				print "bad"
			else
				print (NR ? 10 : reds), reds - n["red"]
			exit
		}
		enough = log((1 - error) / error)
		red = log(share / base)
		green = log((1 - share) / (1 - base))
		sum = n["red"] * red + (n["green"] + n["few"]) * green
		if (sum >= enough)
			print "bad"
		else if (sum <= -enough)
			print "good"
		else
			print int((sum + enough) / -green) + 1, int((enough - sum) / red) + 1
	}' "$1"
}

# sure_boot IMAGE DIR TEST RUNS REDS: adds what they say to DIR/words
sure_boot()
{
	sure_n=$(($(cat "$2/boots" 2>/dev/null || echo 0) + 1))
	sure_duration=${DURATION:-0}
	# DURATION is that of one race; a test of latency has three trials of it.
	[ "$sure_judge" = proc_mmap_latency ] || ! grep -qx 'few\|untold' "$2/words" ||
		sure_duration=$sure_patience
	sure_each=$((sure_limit + 2 * sure_duration))
	sure_env="--env DURATION=$sure_duration"
	[ "$sure_judge" != proc_mmap_latency ] || sure_env="$sure_env --env FULL=1"
	# shellcheck disable=SC2086 # words
	boot_again --kernel "$1" --out "$2/boot" \
		--timeout $((120 + $4 * sure_each)) --append kasan_multi_shot \
		$sure_env --env "GATE=${GATE:-0}" \
		--env "kselftest_override_timeout=$((10 * sure_each))" \
		--program "$programs/$sure_judge" -- again.sh --times "$4" --enough "$5" \
		--limit "$sure_each" --budget $((60 + $4 * sure_each / 2)) \
		"$sure_judge" -r "$3" > "$2/said" 2>&1
	sure_words "$2/boot/out" "$3" > "$2/new"
	[ -s "$2/new" ] || echo untold > "$2/new"
	# A kernel that complains and dies of the test has failed it.
	if splats "$2/boot/log" > /dev/null; then
		sed -i 's/^died$/red/' "$2/new"
	else
		sed -i 's/^died$/untold/' "$2/new"
	fi
	cp "$2/boot/out" "$2/out.$sure_n" && cp "$2/boot/log" "$2/log.$sure_n" &&
		cat "$2/new" >> "$2/words" && echo "$sure_n" > "$2/boots" || exit 4
	rm -rf "${2:?}/boot" "$2/new"
}

# sure_ask IMAGE DIR TEST [REDS]: sets $sure_word to bad, good or untold.  DIR has what
# is known already, and what is learned; asked again, it goes on from there.
sure_ask()
{
	mkdir -p "$2" && touch "$2/words" || exit 4
	[ "${sure_asked-}" = "$3" ] || sure_judge=$(sure_program "$3") ||
		bad_usage "no test has the name $3"
	sure_asked=$3
	while :; do
		sure_word=$(sure_next "$2/words" "${4-}")
		case $sure_word in
		bad|good) return ;;
		'') exit 4 ;;
		esac
		if [ "$(cat "$2/boots" 2>/dev/null || echo 0)" -ge "$sure_boots" ] ||
			[ "$(grep -cx untold "$2/words")" -ge 20 ]; then
			sure_word=untold
			[ "$(sure_next "$2/words")" != good ] || sure_word=good
			return
		fi
		sure_boot "$1" "$2" "$3" "${sure_word% *}" "${sure_word#* }"
	done
}

# sure_measure WORDS: of the runs that a bad kernel was asked for until it was red so
# often; sets $sure_share to half the share that this estimates, within what the runs can
# tell apart from a good kernel
sure_measure()
{
	sure_share=$(awk '
	{ n[$1]++ }
	END {
		told = n["red"] + n["green"] + n["few"]
		share = told > 1 ? (n["red"] - 1) / (told - 1) / 2 : 0.5
		print (share < 0.05 ? 0.05 : share > 0.5 ? 0.5 : share)
	}' "$1")
}

# sure_tally WORDS: for a reader
sure_tally()
{
	awk '
	{ n[$1]++ }
	END {
		printf "%d of %d runs red", n["red"], n["red"] + n["green"] + n["few"]
		if (n["few"])
			printf ", %d had few chances", n["few"]
		if (n["untold"])
			printf ", %d could not tell", n["untold"]
		print ""
	}' "$1"
}
