# SPDX-License-Identifier: GPL-2.0
#
# published.awk - a result beside the published numbers; after samples.awk, which
# has read the result, and does not know the lines of the other file

function number(value, format)
{
	return value == "-" ? "-" : sprintf(format, value)
}

function line(label, busy, samples, median, minimum, maximum, hung, over, twice,
	      mean)
{
	printf "  %5d %-9s %8d %9s %9s %9s %6s %6s %6s %9s\n", busy, label, samples,
	       number(median, "%9.3f"), number(minimum, "%9.3f"),
	       number(maximum, "%9.3f"), hung + 0 ? "*" hung : "",
	       number(over, "%4.0f %%"), number(twice, "%4.0f %%"),
	       number(mean, "%9.3f")
}

# The same row of the result.
function ours(busy,	v, m, i, over, twice, mean)
{
	m = worsts(1, busy, "victim", v)
	if (!m)
		return
	for (i = 1; i <= m; i++) {
		over += v[i] > 0.5
		twice += v[i] > 1
	}
	means(1, busy, "victim", mean)
	line("here", busy, m, quantile(v, m, 0.5), v[1], v[m],
	     hangs[1, busy, "victim"], 100 * over / m, 100 * twice / m,
	     quantile(mean, m, 0.5))
}

files < 2 || /^#/ { next }

/^set / {
	name = $2
	text = $0
	sub(/^set [^ ]* /, "", text)
	printf "\n%s: %s\n", name, text
	heading = from = 0
	vm = par[1, "virtual"] == "yes" ? " (here a virtual one)" : ""
	differs = ""
}

/^source / { print (from++ ? "       " : "  from ") substr($0, 8) }

/^setting mapper / { differs = differs "; its mapper: " substr($0, 16); next }
/^setting / {
	if (par[1, $2] != $3)
		differs = differs "; " $2 " " $3 ", here " par[1, $2]
}

/^row / {
	if (!heading++) {
		print "  differs in: another kernel and machine" vm differs
		print "  #Busy            samples    Median   Minimum   Maximum" \
		      " #Hangs >0.5ms   >1ms      Mean"
	}
	line("published", $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ours($2)
}

BEGIN { print "Worst mmap() or munmap() of each sample, ms" }
