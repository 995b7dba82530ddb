# SPDX-License-Identifier: GPL-2.0
#
# cut.awk - C files with only those parts that a patch of a series has
#
# Variables: here, the folder of all files; out, the folder to write to; left, a file
# for the name or number of each chunk that was not taken.
# Input, a line each:
#
#   whole FILE	the file is there
#   some FILE	of this file what is needed
#   test GLOB	a test is needed: NAME, or FIXTURE.NAME
#   need NAME	a function, variable, type or macro is needed
#   later FILE	the file is not there yet
#
# A file is a sequence of chunks, each of which ends with an empty line outside of
# braces.  From a file of which some is there, the chunks are taken that define what is
# needed, and again what these need.  #include lines of files that are not there are
# dropped, and so are calls in main() of functions that are not there, and lines of a
# program's comment about such a test ("test NAME", by the name of its file).  A main()
# in which nothing is left but the harness' own is TEST_HARNESS_MAIN.

function note(id, chunk)
{
	if (!((id, chunk) in defines)) {
		defines[id, chunk] = 1
		definers[id] = definers[id] " " chunk
	}
}

function glob_matches(glob, name)
{
	gsub(/[.]/, "[.]", glob)
	gsub(/[*]/, ".*", glob)
	return name ~ ("^" glob "$")
}

# What a line at the left margin defines.
function note_definitions(line, chunk,    name, rest)
{
	if (match(line, /^#[ \t]*define[ \t]+[A-Za-z_0-9]+/)) {
		name = substr(line, RSTART, RLENGTH)
		sub(/.*[ \t]/, "", name)
		note(name, chunk)
		return
	}
	if (match(line, /^\} *[A-Za-z_][A-Za-z_0-9]*/)) {
		name = substr(line, RSTART, RLENGTH)
		sub(/^\} */, "", name)
		note(name, chunk)
		return
	}
	if (line !~ /^[A-Za-z_]/)
		return
	if (match(line, /^TEST(_SIGNAL)?\([a-z_A-Z0-9]+/)) {
		name = substr(line, RSTART, RLENGTH)
		sub(/.*\(/, "", name)
		test_of[chunk] = name
		return
	}
	if (match(line, /^TEST_F[A-Z_]*\([a-z_A-Z0-9]+, *[a-z_A-Z0-9]+/)) {
		name = substr(line, RSTART, RLENGTH)
		sub(/.*\(/, "", name)
		rest = name
		sub(/,.*/, "", rest)
		sub(/, */, ".", name)
		test_of[chunk] = name
		refs[chunk] = refs[chunk] " fixture:" rest
		return
	}
	if (match(line, /^(struct|enum|union) [A-Za-z_0-9]+ \{/)) {
		split(line, word, " ")
		note(word[2], chunk)
		return
	}
	if (line ~ /^[A-Z_]+\(/)
		return
	rest = line
	sub(/ *=.*/, "", rest)
	if (rest ~ /^[A-Za-z_0-9 ]* [*]*\(\*/) {
		sub(/.*\(\*/, "", rest)
		sub(/[^A-Za-z_0-9].*/, "", rest)
	} else {
		sub(/\(.*/, "", rest)
		gsub(/\[[^]]*\]/, "", rest)
		sub(/;.*/, "", rest)
		sub(/ *\{.*/, "", rest)
		sub(/.*[ *]/, "", rest)
	}
	if (rest != "" && rest !~ /^(struct|enum|union|__attribute__)$/)
		note(rest, chunk)
}

# What it mentions, but for comments and strings.
function note_references(line, chunk,    id)
{
	gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
	gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
	if (in_comment) {
		if (!sub(/^.*\*\//, "", line))
			return
		in_comment = 0
	}
	if (sub(/\/\*.*/, "", line))
		in_comment = 1
	if (line ~ /^#[ \t]*include/)
		return
	# Members have names of their own.
	gsub(/(->|[.])[ ]*[A-Za-z_][A-Za-z_0-9]*/, " ", line)
	while (match(line, /[A-Za-z_][A-Za-z_0-9]*/)) {
		id = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (!((id, chunk) in mentions)) {
			mentions[id, chunk] = 1
			refs[chunk] = refs[chunk] " " id
		}
	}
}

function read_file(name, is_whole,    path, line, chunk, body, ifs, guard, code, fixture, enums)
{
	path = here "/" name
	chunk = ++chunks
	file_of[chunk] = name
	first_of[name] = chunk
	in_comment = body = ifs = enums = 0
	code = 0
	guard = ""
	while ((getline line < path) > 0) {
		text[chunk] = text[chunk] line "\n"
		if (line == "" && !body && !ifs && !in_comment) {
			# A comment that stands alone belongs to what follows.
			if (code || chunk == first_of[name]) {
				chunk = ++chunks
				file_of[chunk] = name
				code = 0
			}
			continue
		}
		if (line ~ /^#ifndef [A-Z_0-9]+_H$/ && guard == "") {
			guard = line
			sub(/.* /, "", guard)
			always[chunk] = 1
			code = 1
			continue
		}
		if (guard != "" && (line == "#define " guard ||
				    index(line, "#endif /* " guard))) {
			always[chunk] = 1
			code = 1
			continue
		}
		if (line ~ /^#[ \t]*if/)
			ifs++
		if (line ~ /^#[ \t]*endif/)
			ifs--
		if (line ~ /^#[ \t]*include/ && !body && !ifs && !code_but_includes(chunk)) {
			includes[chunk] = 1
			code = 1
			continue
		}
		if (!in_comment && line ~ /^[^\/ \t]/ && line !~ /^\*/)
			code = 1
		if (!body && !in_comment) {
			if (match(line, /FIXTURE[A-Z_]*\([a-z_0-9]+/) && line !~ /^#define/ ||
			    match(line, /FIXTURE[A-Z_]*\([a-z_0-9]+/) && line ~ /VARIANT_ADD/) {
				fixture = substr(line, RSTART, RLENGTH)
				sub(/.*\(/, "", fixture)
				note("fixture:" fixture, chunk)
			} else
				note_definitions(line, chunk)
			if (line ~ /^[^#].*FIXTURE_VARIANT_ADD\(|^[ \t]+FIXTURE_VARIANT_ADD\(/) {
				fixture = line
				sub(/.*FIXTURE_VARIANT_ADD\(/, "", fixture)
				sub(/[^a-z_0-9].*/, "", fixture)
				note("fixture:" fixture, chunk)
			}
			if (line ~ /^int main\(/)
				main_of[chunk] = 1
			if (line ~ /^(static )?enum.*\{/)
				enums = 1
		} else if (enums && match(line, /^\t[A-Z][A-Z_0-9]*/))
			note(substr(line, 2, RLENGTH - 1), chunk)
		note_references(line, chunk)
		if (line ~ /\{$/ && line !~ /\\$/)
			body = 1
		if (line ~ /^\}/) {
			note_definitions(line, chunk)
			body = line ~ /\{$/
			enums = 0
		}
	}
	close(path)
	last_of[name] = chunk
	whole[name] = is_whole
}

function code_but_includes(chunk)
{
	return (chunk in refs) || (chunk in test_of)
}

function take(chunk)
{
	if (taken[chunk])
		return
	taken[chunk] = 1
	queue[++queued] = chunk
}

# is_private CHUNK: only its own file can mean it, whose names others may use for
# variables of theirs
function is_private(chunk)
{
	return file_of[chunk] ~ /^proc_|\/test_/ || file_of[chunk] ~ /[.]c$/ &&
		text[chunk] ~ /(^|\n)(static |#define |(struct|enum|union) [a-z_]+ \{)/
}

# take_definers ID FILE: what FILE means by it
function take_definers(id, from,    n, i, list)
{
	if (!(id in definers) || seen[id, from]++)
		return
	n = split(definers[id], list, " ")
	for (i = 1; i <= n; i++)
		if (from == "" || from == file_of[list[i]] || !is_private(list[i]))
			take(list[i])
}

# all_known CHUNK: whether all that it mentions of the files is there
function all_known(chunk,    n, i, j, m, list, of, any)
{
	n = split(refs[chunk], list, " ")
	any = 0
	for (i = 1; i <= n; i++) {
		if (!(list[i] in definers) || (list[i], chunk) in defines)
			continue
		any = 1
		m = split(definers[list[i]], of, " ")
		for (j = 1; j <= m; j++)
			if (!taken[of[j]])
				return 0
	}
	return any
}

# callee LINE: the function that a line of main() calls, as a statement of its own, or ""
function callee(line)
{
	if (line !~ /^\t[a-z_0-9]+\(.*\);$/)
		return ""
	sub(/^\t/, "", line)
	sub(/\(.*/, "", line)
	return line
}

# What main() calls is taken once all that it needs is there.
function note_calls(chunk,    n, i, m, j, line, id, list)
{
	n = split(text[chunk], line, "\n")
	for (i = 1; i <= n; i++) {
		id = callee(line[i])
		if (id == "")
			continue
		m = split(definers[id], list, " ")
		for (j = 1; j <= m; j++)
			called[list[j]] = 1
	}
}

# keeps LINE...: whether the line is printed
function keeps(line, name, chunk,    target, dir)
{
	if (line ~ /^#[ \t]*include "/) {
		target = line
		sub(/^[^"]*"/, "", target)
		sub(/".*/, "", target)
		dir = name ~ /\// ? name : ""
		sub(/[^\/]*$/, "", dir)
		if (target !~ /kselftest/) {
			target = dir target
			sub(/^[a-z]*\/[.][.]\//, "", target)
			if (!(target in whole))
				return 0
		}
	}
	if ((chunk in main_of) && !whole[name] && callee(line) != "" && !there(callee(line)))
		return 0
	if (name ~ /^proc_[a-z_]*[.]c$/ && match(line, /^ \*   [a-z]+\t/)) {
		target = substr(line, 6, RLENGTH - 6)
		if (("test_" target) in late)
			return 0
	}
	return 1
}

function there(id,    n, i, list)
{
	n = split(definers[id], list, " ")
	for (i = 1; i <= n; i++)
		if (taken[list[i]])
			return 1
	return 0
}

# main_is_plain NAME: whether nothing is left in its main() but the harness' own
function main_is_plain(name,    chunk, n, i, line)
{
	for (chunk = first_of[name]; chunk <= last_of[name]; chunk++) {
		if (!(chunk in main_of))
			continue
		n = split(text[chunk], line, "\n")
		for (i = 1; i <= n; i++)
			if (line[i] ~ /^\t[^ \/]/ && line[i] !~ /^\treturn harness_main\(/ &&
			    (callee(line[i]) == "" || keeps(line[i], name, chunk)))
				return 0
		return 1
	}
	return 0
}

function print_file(name,    chunk, n, i, line, held, plain)
{
	printf "" > (out "/" name)
	held = ""
	plain = !whole[name] && main_is_plain(name)
	for (chunk = first_of[name]; chunk <= last_of[name]; chunk++) {
		if (!taken[chunk] || plain && (chunk in main_of))
			continue
		if (plain && text[chunk] ~ /TEST_HARNESS_MAIN/) {
			printf "%sTEST_HARNESS_MAIN\n", held > (out "/" name)
			held = ""
			continue
		}
		n = split(text[chunk], line, "\n")
		for (i = 1; i < n; i++) {
			# Empty lines, and a comment in main(), go with what follows.
			if (line[i] == "" || (chunk in main_of) &&
			    line[i] ~ /^\t\/\*.*\*\/$/) {
				held = held line[i] "\n"
				continue
			}
			if (keeps(line[i], name, chunk))
				printf "%s%s\n", held, line[i] > (out "/" name)
			else if (!(chunk in main_of))
				printf "%s", held > (out "/" name)
			held = ""
		}
	}
	close(out "/" name)
}

$1 == "whole" || $1 == "some" { order[++files] = $2; mode[$2] = $1 }
$1 == "test" { globs[++nr_globs] = $2 }
$1 == "need" { roots[++nr_roots] = $2 }
$1 == "later" {
	sub(/.*\//, "", $2)
	sub(/[.]h$/, "", $2)
	late[$2] = 1
}

END {
	for (i = 1; i <= files; i++)
		read_file(order[i], mode[order[i]] == "whole")
	for (key in defines) {
		split(key, part, SUBSEP)
		has_name[part[2]] = 1
	}
	for (chunk = 1; chunk <= chunks; chunk++) {
		name = file_of[chunk]
		if (whole[name] || always[chunk] || chunk == first_of[name] ||
		    includes[chunk] && !(chunk in has_name))
			take(chunk)
		if (chunk in test_of)
			for (i = 1; i <= nr_globs; i++)
				if (glob_matches(globs[i], test_of[chunk]))
					take(chunk)
		if (chunk in main_of)
			note_calls(chunk)
		if ((chunk in main_of) || text[chunk] ~ /TEST_HARNESS_MAIN/)
			take(chunk)
	}
	for (i = 1; i <= nr_roots; i++) {
		if (!(roots[i] in definers))
			print "cut.awk: nothing of that name: " roots[i] > "/dev/stderr"
		take_definers(roots[i], "")
	}
	do {
		for (; done < queued; ) {
			chunk = queue[++done]
			if (chunk in main_of)
				continue
			n = split(refs[chunk], list, " ")
			for (i = 1; i <= n; i++)
				take_definers(list[i], file_of[chunk])
		}
		# What has no name goes with what it is about.
		again = 0
		for (chunk = 1; chunk <= chunks; chunk++)
			if (!taken[chunk] && !(chunk in test_of) &&
			    (!(chunk in has_name) || (chunk in called)) && all_known(chunk)) {
				take(chunk)
				again = 1
			}
	} while (again)
	for (i = 1; i <= files; i++) {
		print_file(order[i])
		for (chunk = first_of[order[i]]; chunk <= last_of[order[i]]; chunk++)
			if (!taken[chunk] && text[chunk] ~ /[^\n]/)
				print order[i] ": " ((chunk in test_of) ? test_of[chunk] : \
					"piece " chunk - first_of[order[i]]) > left
	}
}
