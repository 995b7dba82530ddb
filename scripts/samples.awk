# SPDX-License-Identifier: GPL-2.0
#
# samples.awk - reads what table.sh and proc_mmap_latency write, for other awk
# programs: awk -f samples.awk -f OTHER.awk RESULT...
#
# For each result w (1, 2, ...), row, arm (victim, decoy) and sample i:
#   n[w, row, arm]                     how many samples there are
#   max, sum, ops [w, row, arm, i]     worst operation and sum of all, in ns, and
#                                      how many there were
#   hangs[w, row, arm], deaf[w, row]   samples that hung; in which no read ended
#   rows[w], row[w, k]                 the rows in their order
#   par[w, key]                        what the result says of itself
# A row is a number of busy tasks, of mappings, or a scenario of the JSON file.

function take(w, name, arm, operations, sum_ns, max_ns,	i)
{
	if (!(operations > 0))
		return
	if (!((w, name) in known)) {
		known[w, name] = 1
		row[w, ++rows[w]] = name
	}
	i = ++n[w, name, arm]
	ops[w, name, arm, i] = operations + 0
	sum[w, name, arm, i] = sum_ns + 0
	max[w, name, arm, i] = max_ns + 0
}

# One window, one name, one parameter a line: see report_json().
function field(key,	rest)
{
	if (!match($0, "\"" key "\": *"))
		return ""
	rest = substr($0, RSTART + RLENGTH)
	sub(/^"/, "", rest)
	sub(/[",}].*/, "", rest)
	return rest
}

# Shell sort: results may have hundreds of samples.
function sort(v, m,	gap, i, j, t)
{
	for (gap = int(m / 2); gap > 0; gap = int(gap / 2))
		for (i = gap + 1; i <= m; i++) {
			t = v[i]
			for (j = i; j > gap && v[j - gap] > t; j -= gap)
				v[j] = v[j - gap]
			v[j] = t
		}
}

# The q-quantile of m sorted values, between two of them if need be.
function quantile(v, m, q,	at, low)
{
	at = 1 + (m - 1) * q
	low = int(at)
	return low >= m ? v[m] : v[low] + (at - low) * (v[low + 1] - v[low])
}

# The worst operations of all samples, in ms and sorted; their number.
function worsts(w, name, arm, v,	i, m)
{
	m = n[w, name, arm]
	for (i = 1; i <= m; i++)
		v[i] = max[w, name, arm, i] / 1e6
	sort(v, m)
	return m
}

function means(w, name, arm, v,	i, m)
{
	m = n[w, name, arm]
	for (i = 1; i <= m; i++)
		v[i] = sum[w, name, arm, i] / ops[w, name, arm, i] / 1e6
	sort(v, m)
	return m
}

FNR == 1 {
	files++
	path[files] = FILENAME
}
/^# / { par[files, $2] = substr($0, length($2) + 4) }
/^sample / {
	name = par[files, "sweep"] == "mappings" ? $3 : $2
	take(files, name, $5, $7, $8, $9)
	hangs[files, name, $5] += $6
	deaf[files, name] += $5 == "victim" && $2 > 0 && $10 == 0
}
/"release":/ { par[files, "kernel"] = field("release") }
/"limit_us":/ { par[files, "limit_us"] = field("limit_us") }
/"name":/ { name = field("name") }
/"arm":/ { take(files, name, field("arm"), field("ops"), field("sum_ns"), field("max_ns")) }
