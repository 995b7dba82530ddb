# SPDX-License-Identifier: GPL-2.0
#
# plot.awk - gnuplot's commands and data for results of table; after samples.awk

# A result's line in the legend: what tells it from the others.
function title(w,	name)
{
	name = par[w, "procfile"]
	if (name == "") {
		name = path[w]
		sub(/.*\//, "", name)
		sub(/[.]json$/, "", name)
	}
	return name ", Linux " par[w, "kernel"]
}

# N operations of at most so many ns.
function bucket(ns, n)
{
	if (!((files, ns) in total))
		edge[files, ++edges[files]] = ns + 0
	total[files, ns] += n
	all[files] += n
}

# What the distribution is of: all rows with busy tasks, or one.
/^sample / && $5 == "victim" && $2 > 0 && (only == "" || name == only) {
	for (i = 11; i <= NF; i++) {
		split($i, pair, ":")
		bucket(pair[1], pair[2])
	}
}
# Of a JSON file: {"1": 52, "3": 7}, by us.
/^ *"histogram": / && (only == "" || name == only) {
	rest = $0
	while (match(rest, /"[0-9]+": [0-9]+/)) {
		split(substr(rest, RSTART + 1, RLENGTH - 1), pair, "\": ")
		bucket((pair[1] + 1) * 1000, pair[2])
		rest = substr(rest, RSTART + RLENGTH)
	}
}

# Share of the operations that took longer, at each bucket's upper end.
function distribution(w,	i, v, left)
{
	for (i = 1; i <= edges[w]; i++)
		v[i] = edge[w, i]
	sort(v, edges[w])
	left = all[w]
	print "$ccdf" w " << EOD"
	for (i = 1; i <= edges[w]; i++) {
		left -= total[w, v[i]]
		# The last step down has no place on a logarithmic axis.
		printf "%.9g %.9g\n", v[i] / 1e6,
		       left ? left / all[w] : 0.5 / all[w]
	}
	print "EOD"
}

function place(w, name)
{
	if (!(name in at)) {
		at[name] = ++places
		label[places] = name
	}
	return at[name] + (w - (files + 1) / 2) * 0.8 / files
}

function boxes(w,	k, m, v, name, star)
{
	print "$box" w " << EOD"
	for (k = 1; k <= rows[w]; k++) {
		name = row[w, k]
		m = worsts(w, name, "victim", v)
		if (!m)
			continue
		star = hangs[w, name, "victim"]
		printf "%.3f %.9g %.9g %.9g %.9g %.9g \"%s\"\n",
		       place(w, name), v[1], quantile(v, m, 0.25),
		       quantile(v, m, 0.5), quantile(v, m, 0.75), v[m],
		       star ? "*" star : " "
	}
	print "EOD"
}

# One command for all results; how each is drawn says @format, with its number
# for every @.
function plot(format,	w, text)
{
	for (w = 1; w <= files; w++) {
		text = format
		gsub(/@/, w, text)
		gsub(/TITLE/, title(w), text)
		printf "%s%s", (w > 1 ? ", \\\n     " : "plot "), text
	}
	print ""
}

function tics(	k, text)
{
	for (k = 1; k <= places; k++)
		text = text (k > 1 ? ", " : "") "\"" label[k] "\" " k
	print "set xtics (" text ")"
}

END {
	# Colours that differ with colour blindness, too.
	m = split("#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9", colour, " ")
	for (w = 1; w <= m; w++)
		print "set linetype " w " lc rgb \"" colour[w] "\" lw 2"
	for (w = 1; w <= files; w++) {
		if (!all[w])
			exit 1
		distribution(w)
		boxes(w)
	}
	# Underscores are underscores.
	print "set termoption noenhanced"
	what = par[1, "sweep"] == "mappings" ? "mappings" : "busy tasks"
	if (par[1, "sweep"] == "")
		what = "scenario"
	print "set multiplot layout 1,2"
	print "set grid lc rgb \"#dddddd\""
	print "set logscale y"
	print "set format y \"%g\""

	print "set title \"Operations that took longer than so many ms" \
	      (only == "" ? "" : ", " only " " what) "\""
	print "set logscale x"
	print "set format x \"%g\""
	print "set xlabel \"mmap() or munmap(), ms\""
	print "set ylabel \"share of all operations\""
	print "set yrange [:1]"
	print "set key below left vertical Left reverse"
	print "set bmargin " 4 + files
	print "set arrow 1 from " limit ", graph 0 to " limit \
	      ", graph 1 nohead dt 2 lc rgb \"#666666\""
	print "set label 1 \" " limit " ms\" at " limit ", graph 0.04 tc rgb \"#666666\""
	plot("$ccdf@ using 1:2 with steps lt @ title \"TITLE\"")

	print "set title \"Worst of each sample, by number of " what "\""
	print "unset logscale x"
	tics()
	print "set xrange [0.4:" places + 0.6 "]"
	print "set yrange [*:*]"
	print "set xlabel \"" what " (a star counts hangs)\""
	print "set ylabel \"ms\""
	print "unset key"
	print "unset label 1"
	# Room for the stars.
	print "set offsets 0, 0, graph 0.07, graph 0.03"
	print "set arrow 1 from graph 0, first " limit \
	      " to graph 1, first " limit " nohead dt 2 lc rgb \"#666666\""
	print "set boxwidth " 0.7 / files
	print "set style fill solid 0.35"
	plot("$box@ using 1:3:2:6:5 with candlesticks lt @ whiskerbars 0.6, " \
	     "$box@ using 1:4:4:4:4 with candlesticks lt @ lw 4, " \
	     "$box@ using 1:6:7 with labels offset 0,0.8 tc lt @")
	print "unset multiplot"
}
