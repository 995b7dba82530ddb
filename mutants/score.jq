# SPDX-License-Identifier: GPL-2.0
#
# score.jq - what all the runs of mutants come to
#
# Input: a line a run, tab-separated: word, mutant, program, seconds or "-", and
# what it said.  $rival is the program that runs beside the gate.  A mutant is
# caught where each of its runs caught it; the rival needs one.

def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
def seconds: "\(. * 10 | round / 10) s";
def times: map(select(.word == "caught").seconds | tonumber?);
def all_caught: length > 0 and all(.word == "caught");

[inputs | split("\t") | { word: .[0], name: .[1], program: .[2], seconds: .[3] }]
| group_by(.name)
| map({
	gate: map(select(.program != $rival)),
	rival: map(select(.program == $rival))
})
| map(select(.gate | length > 0 and all(.word != "broken" and .word != "needs"))) as $mutants
| ($mutants | map(.gate) | add // []) as $runs
| ($mutants | map(select(.rival != []))) as $beside
| ($beside | map(select((.gate | times != []) and (.rival | times != [])))) as $both
| "\($mutants | map(select(.gate | all_caught)) | length) of \($mutants | length)" +
  " mutants caught, each time (\($runs | map(select(.word == "caught")) | length)" +
  " of \($runs | length) runs)" +
  ($runs | times | if . == [] then "" else
	"; median \(median | seconds) to the first failure, longest \(max | seconds)" end),
  if $beside == [] then empty else
	"\($rival): \($beside | map(select(.rival | any(.word == "caught"))) | length)" +
	" of \($beside | length)" +
	if $both == [] then "" else
		"; over the \($both | length) that both catch, median" +
		" \($both | map(.gate | times | median) | median | seconds) by the gate and" +
		" \($both | map(.rival | times | median) | median | seconds) by it"
	end
  end
