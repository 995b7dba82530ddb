# SPDX-License-Identifier: GPL-2.0
#
# monitors.awk - gnuplot's commands and data for tables of "monitor --all"
#
# A table begins with a line "# monitors 1, ..." and ends with an empty line or the next one.

# Text of a column, which the table's header names, up to where the next one begins.
function column(from, to)
{
	text = substr($0, from, to - from)
	gsub(/^ +| +$/, "", text)
	return text
}

/^# monitors 1,/ {
	inside = 0
	files++
	kernel[files] = $4 " " $5
	sub(/,$/, "", kernel[files])
}
/^monitor .* answer / {
	version = index($0, "version")
	nice = index($0, "nice")
	answer = index($0, "answer")
	inside = 1
	next
}
/^$/ {
	inside = 0
}
# A line that says why there is no answer has a smaller indent than a row.
!inside || /^  [^ ]/ {
	next
}
{
	if (substr($0, 1, 1) != " ")
		name = column(1, version)
	if (!(name in at)) {
		at[name] = ++names
		label[names] = name
	}
	rest = substr($0, answer + 10)
	split(rest, number, " ")
	n = ++rows[files]
	# What the machine did by itself, first: the others lie over it.
	patient = column(nice, answer) + 0
	low = at[name] + (patient ? 0.17 : -0.17)
	for (k = 1; k <= 2; k++) {
		# A dash where nothing was measured.
		number[k] += 0
		if (number[k] > most)
			most = number[k]
		if (number[k] && (!least || number[k] < least))
			least = number[k]
	}
	control[files, n] = number[2] " " low
	word = column(answer, answer + 10)
	colour = word == "holds up" ? 2 : word == "harmless" ? 3 : 8
	point[files, n] = number[1] " " low " " (patient ? 5 : 7) " " colour
}

END {
	if (!names)
		exit 1
	print "set termoption noenhanced"
	print "set multiplot layout 1," files
	print "set logscale x"
	print "set format x \"%g\""
	print "set xlabel \"worst operation of the target, ms\""
	print "set grid lc rgb \"#dddddd\""
	print "set yrange [" names + 0.6 ":0.4]"
	print "set xrange [" least / 1.5 ":" most * 1.5 "]"
	print "set key above"
	print "set linetype 2 lc rgb \"#d55e00\""
	print "set linetype 3 lc rgb \"#009e73\""
	print "set linetype 8 lc rgb \"#999999\""
	for (n = 1; n <= names; n++)
		tics = tics (n > 1 ? ", " : "") "\"" label[n] "\" " n
	print "set ytics (" tics ")"
	for (f = 1; f <= files; f++) {
		print "$control << EOD"
		for (n = 1; n <= rows[f]; n++)
			print control[f, n]
		print "EOD"
		print "$point << EOD"
		for (n = 1; n <= rows[f]; n++)
			print point[f, n]
		print "EOD"
		print "set title \"" kernel[f] "\""
		print "plot $control with points pt 2 lc rgb \"#bbbbbb\" " \
			"title \"not read\", " \
			"$point using 1:2:3:4 with points pt variable lc variable notitle, " \
			"NaN with points pt 7 lc rgb \"#555555\" title \"nice 0\", " \
			"NaN with points pt 5 lc rgb \"#555555\" title \"nice 15\", " \
			"NaN with points pt 7 lc 2 title \"holds up\", " \
			"NaN with points pt 7 lc 3 title \"harmless\", " \
			"NaN with points pt 7 lc 8 title \"no answer\""
	}
	print "unset multiplot"
}
