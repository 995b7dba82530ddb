# SPDX-License-Identifier: GPL-2.0
#
# table.awk - the table of one result of table.sh; after samples.awk.  With
# raw=1 its samples instead, as "median of the means, mean, worst", in ms.

function columns(name, arm, v, m,	star)
{
	if (!m) {
		printf " %9s %9s %9s %6s", "-", "-", "-", ""
		return 0
	}
	star = hangs[1, name, arm] ? "*" hangs[1, name, arm] : ""
	printf " %9.3f %9.3f %9.3f %6s", quantile(v, m, 0.5), v[1], v[m], star
	return quantile(v, m, 0.5)
}

# Sorted, what the table is about; their number.
function values(what, name, arm, v)
{
	if (what == "worst")
		return worsts(1, name, arm, v)
	return means(1, name, arm, v)
}

function table(title, what,	k, name, v, m, victim, decoy)
{
	printf "\n          %s mmap()/munmap()\n", title
	printf "           latency (milliseconds)%s\n",
	       control ? "              while a decoy is read" : ""
	printf "         --------------------------%s\n",
	       control ? "           --------------------------" : ""
	printf "%s", mappings ? "#Maps" : "#Busy"
	for (k = 0; k <= control; k++)
		printf "    Median   Minimum   Maximum #Hangs"
	print control ? "    Ratio" : ""
	for (k = 1; k <= rows[1]; k++) {
		name = row[1, k]
		printf "%5d", name
		m = values(what, name, "victim", v)
		victim = columns(name, "victim", v, m)
		if (control) {
			m = values(what, name, "decoy", v)
			decoy = columns(name, "decoy", v, m)
			printf " %8.2f", decoy ? victim / decoy : 0
		}
		print ""
	}
}

function raw_data(	k, name, i, v, w, m)
{
	for (k = 1; k <= rows[1]; k++) {
		name = row[1, k]
		m = means(1, name, "victim", v)
		worsts(1, name, "victim", w)
		printf "\n# %s %d\n", mappings ? "#Maps" : "#Busy", name
		for (i = 1; i <= m; i++)
			printf "%9.3f %9.3f %9.3f\n", quantile(v, m, 0.5), v[i],
			       w[i]
	}
}

END {
	mappings = par[1, "sweep"] == "mappings"
	control = par[1, "control"] + 0
	printf "# %s of a process with %s mappings, Linux %s\n",
	       par[1, "procfile"], mappings ? "#Maps" : par[1, "mappings"],
	       par[1, "kernel"]
	printf "# %s scanners and hogs on each of %s busy CPUs, %s s a sample\n",
	       mappings ? par[1, "nbusytasks"] : "#Busy",
	       par[1, "nbusycpus"], par[1, "duration"]
	if (raw) {
		raw_data()
		exit
	}
	table("Worst-case", "worst")
	table("Average", "mean")
	for (k = 1; k <= rows[1]; k++)
		if (deaf[1, row[1, k]])
			note = note sprintf(" %d (%d of %d)", row[1, k],
				deaf[1, row[1, k]], n[1, row[1, k], "victim"])
	if (note)
		print "\nSamples in which no scanner got a read to its end: row" note
}
