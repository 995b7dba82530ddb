# SPDX-License-Identifier: GPL-2.0
#
# compare.awk - two results side by side, and a verdict; after samples.awk

# The mean operation of all samples of one side, or of a new draw of them.
function side(w, name, arm, draw,	i, j, m, s, o)
{
	m = n[w, name, arm]
	for (i = 1; i <= m; i++) {
		j = draw ? int(rand() * m) + 1 : i
		s += sum[w, name, arm, j]
		o += ops[w, name, arm, j]
	}
	return s / o
}

function with_decoy(name)
{
	return n[1, name, "decoy"] && n[2, name, "decoy"]
}

function ratio(name, draw,	r)
{
	r = side(2, name, "victim", draw) / side(1, name, "victim", draw)
	if (with_decoy(name))
		r *= side(1, name, "decoy", draw) / side(2, name, "decoy", draw)
	return r
}

# A share in percent of the samples whose worst is over so many ms.
function share(v, m, limit,	i, over)
{
	for (i = 1; i <= m; i++)
		over += v[i] > limit
	return 100 * over / m
}

function latencies(name,	w, v, m, star)
{
	printf "%-16s", name
	for (w = 1; w <= 2; w++) {
		m = worsts(w, name, "victim", v)
		star = hangs[w, name, "victim"]
		printf " %9.3f %9.3f %9.3f %6s", quantile(v, m, 0.5), v[1],
		       v[m], star ? "*" star : ""
		over[w] = share(v, m, limit)
		twice[w] = share(v, m, 2 * limit)
	}
	print ""
}

function judge(name,	i, v)
{
	printf "%-16s %7d %7d %5.0f %% %5.0f %% %5.0f %% %5.0f %% %9.2f", name,
	       n[1, name, "victim"], n[2, name, "victim"], over1[name],
	       over2[name], twice1[name], twice2[name], ratio(name, 0)
	if (n[1, name, "victim"] < 5 || n[2, name, "victim"] < 5) {
		print "   too few samples"
		return
	}
	judged++
	for (i = 1; i <= 1000; i++)
		v[i] = ratio(name, 1)
	sort(v, 1000)
	printf "   %.2f to %.2f\n", quantile(v, 1000, 0.025),
	       quantile(v, 1000, 0.975)
	if (quantile(v, 1000, 0.025) > worse)
		bad = bad " " name
	if (quantile(v, 1000, 0.975) < 1 / worse)
		good = good " " name
}

# What is not the same: differences that the kernel did not make.
function differences(	keys, m, i, text)
{
	m = split("procfile nbusytasks mappings nbusycpus busyduration " \
		  "duration limit_us machine virtual", keys, " ")
	for (i = 1; i <= m; i++)
		if (par[1, keys[i]] != par[2, keys[i]])
			text = text (text ? "; " : "") keys[i] " " \
			       par[1, keys[i]] " and " par[2, keys[i]]
	if (text)
		print "They differ in: " text
}

END {
	srand(seed)
	limit = (par[1, "limit_us"] ? par[1, "limit_us"] : 500) / 1000
	printf "A: %s, Linux %s\nB: %s, Linux %s\n", path[1], par[1, "kernel"],
	       path[2], par[2, "kernel"]
	differences()
	label = "#Busy"
	if (par[1, "sweep"] == "mappings")
		label = "#Maps"
	else if (!par[1, "sweep"])
		label = "scenario"
	for (k = 1; k <= rows[1]; k++)
		if (n[1, row[1, k], "victim"] && n[2, row[1, k], "victim"])
			both[++m] = row[1, k]
	if (!m) {
		print "no row is in both"
		exit 2
	}
	printf "\nWorst of each sample, ms   %-30s   B\n", "A"
	printf "%-16s", label
	for (w = 1; w <= 2; w++)
		printf "    Median   Minimum   Maximum #Hangs"
	print ""
	for (k = 1; k <= m; k++) {
		latencies(both[k])
		over1[both[k]] = over[1]
		over2[both[k]] = over[2]
		twice1[both[k]] = twice[1]
		twice2[both[k]] = twice[2]
	}
	printf "\n%-16s %15s %15s %15s     B / A   of the means%s\n", "",
	       "samples", "over " limit " ms", "over " 2 * limit " ms",
	       with_decoy(both[1]) ? ", each by its decoy" : ""
	printf "%-16s %7s %7s %7s %7s %7s %7s %9s   %s\n", label, "A", "B", "A",
	       "B", "A", "B", "ratio", "95 % interval"
	for (k = 1; k <= m; k++)
		judge(both[k])
	if (!with_decoy(both[1]))
		print "\nWithout --control a slower machine looks like a worse" \
		      " kernel"
	if (bad != "") {
		print "\nA mapper should wish for A: B is worse in" bad
		exit 1
	}
	if (!judged) {
		print "\nToo few samples to say which is better"
		exit 4
	}
	if (good != "")
		print "\nA mapper should wish for B: it is better in" good
	else
		print "\nA mapper has no reason to wish for one or the other"
}
