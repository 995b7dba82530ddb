#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The definitions in ci/, each by the schema or linter of the system that reads it,
# where that is at hand:
#
#   GITHUB_SCHEMA   github-workflow.json of SchemaStore
#   KERNELCI_SRC    a checkout of kernelci/kernelci-core
#   LKP_SRC         one of intel/lkp-tests
#   NIPA_SRC        one of linux-netdev/nipa
#   TMT_SRC         one of teemtee/tmt

# shellcheck source=lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=lib/python.sh
. "$(dirname "$0")/lib/python.sh"

cd "$top/ci" || exit

# by DESCRIPTION PROGRAM ARGUMENT...: a program on stdin
by()
{
	description=$1
	shift
	cat >"$work/program.py"
	ok "$description" "$python" -B "$work/program.py" "$@"
}

if echo 'a: 1' | yamllint - >/dev/null 2>&1; then
	yamllint --version | sed 's/^/# /'
	for file in */*.yaml */*.yml */*.fmf; do
		ok "yamllint: $file" yamllint --strict -d \
			'{extends: default, rules: {line-length: {max: 100}}}' \
			"$file"
	done
else
	skip "yamllint" "does not run here"
fi

if python lava_common yaml; then
	# What LAVA itself asks of a definition; and that a fault is seen.
	by "lava: lava_common" lava/proc-maps.yaml <<-'END'
	import sys, yaml
	from lava_common.schemas.test import testdef
	data = yaml.safe_load(open(sys.argv[1]))
	testdef.validate(data)
	del data["metadata"]["format"]
	try:
	    testdef.validate(data)
	except Exception:
	    sys.exit(0)
	sys.exit("no format, and no complaint")
	END
else
	skip "lava: lava_common" "not installed"
fi
# Its steps are lines of one shell script.
if python yaml; then
	"$python" -c 'import sys, yaml
print("#!/bin/sh\n# shellcheck disable=SC2154")
print("\n".join(yaml.safe_load(sys.stdin)["run"]["steps"]))' \
		<lava/proc-maps.yaml >"$work/steps.sh"
	ok "lava: shellcheck of its steps" shellcheck "$work/steps.sh"
	"$python" -c 'import sys, yaml
print("#!/bin/bash")
for step in yaml.safe_load(sys.stdin)["jobs"]["gate"]["steps"]:
    print(step.get("run", ""))' <github/proc-maps.yml >"$work/steps.sh"
	ok "github: shellcheck of its steps" shellcheck "$work/steps.sh"
else
	skip "shellcheck of steps" "no yaml for python"
fi

if [ ! "${GITHUB_SCHEMA-}" ]; then
	skip "github: SchemaStore" "no schema, see GITHUB_SCHEMA"
elif ! python jsonschema yaml; then
	skip "github: SchemaStore" "python3-jsonschema is not installed"
else
	by "github: SchemaStore" github/proc-maps.yml "$GITHUB_SCHEMA" <<-'END'
	import json, jsonschema, sys, yaml
	data = yaml.safe_load(open(sys.argv[1]))
	schema = json.load(open(sys.argv[2]))
	jsonschema.validate(data, schema)
	data["jobs"]["gate"]["steps"][0]["run"] = 1
	try:
	    jsonschema.validate(data, schema)
	except jsonschema.ValidationError:
	    sys.exit(0)
	sys.exit("a command that is none, and no complaint")
	END
fi

if [ ! "${TMT_SRC-}" ]; then
	skip "tmt: its schemas" "no checkout, see TMT_SRC"
elif ! python jsonschema yaml; then
	skip "tmt: its schemas" "python3-jsonschema is not installed"
else
	for pair in test:tmt/main.fmf plan:tmt/plan.fmf; do
		by "tmt: its schema for a ${pair%:*}" "${pair#*:}" \
			"${pair%:*}" "$TMT_SRC/tmt/schemas" <<-'END'
		import glob, jsonschema, sys, yaml
		store = {}
		for path in glob.glob(sys.argv[3] + "/**/*.yaml", recursive=True):
		    schema = yaml.safe_load(open(path))
		    store[schema["$id"]] = schema
		kinds = [path for path in glob.glob(sys.argv[3] + "/**/" +
		                                    sys.argv[2] + ".yaml")]
		kinds += glob.glob(sys.argv[3] + "/" + sys.argv[2] + ".yaml")
		schema = yaml.safe_load(open(kinds[0]))
		resolver = jsonschema.RefResolver("", {}, store=store)
		validator = jsonschema.Draft7Validator(schema, resolver=resolver)
		data = yaml.safe_load(open(sys.argv[1]))
		validator.validate(data)
		data["no-such-key"] = 1
		if not list(validator.iter_errors(data)):
		    sys.exit("an unknown key, and no complaint")
		END
	done
fi

if [ ! "${KERNELCI_SRC-}" ]; then
	skip "kernelci: its loader" "no checkout, see KERNELCI_SRC"
elif ! python pydantic.v1 yaml; then
	skip "kernelci: its loader" "needs python3-pydantic 2"
else
	PYTHONPATH=$KERNELCI_SRC
	export PYTHONPATH
	by "kernelci: its loader" kernelci/jobs.yaml <<-'END'
	import sys, yaml
	from kernelci.config import job, scheduler
	data = yaml.safe_load(open(sys.argv[1]))
	jobs = job.JobsConfig.model_validate({"jobs": data["jobs"]}).jobs
	entries = scheduler.from_yaml(data, {})["scheduler"]
	assert {entry.job for entry in entries} == set(jobs)
	data["jobs"]["fault"] = {"template": "x", "no_such_key": 1}
	try:
	    job.JobsConfig.model_validate({"jobs": data["jobs"]})
	except ValueError:
	    sys.exit(0)
	sys.exit("an unknown key, and no complaint")
	END
	unset PYTHONPATH
fi

# What an index line is for is a name of bots/lkp-metrics.expect, whole.
sed '/^#/d; s/: .*//; s/^/kselftests./' "$top/checks/bots/lkp-metrics.expect" |
	grep -v '\.hangs$' >"$work/metrics"
sed -n 's/: -[0-9.]*$//p' lkp/index-latency-all.yaml >"$work/lines"
grep -vxE -f "$work/lines" "$work/metrics" >"$work/unknown"
ok "lkp: each metric has an index line" holds_nothing "$work/unknown"
while read -r line; do
	ok "lkp: an index line is of use" grep -qxE -e "$line" "$work/metrics"
done <"$work/lines"
if ruby -e 1 2>/dev/null; then
	ok "lkp: ruby -wc" ruby -wc lkp/proc_stater.rb
else
	skip "lkp: ruby -wc" "does not run here"
fi
if [ "${LKP_SRC-}" ] && python yaml; then
	by "lkp: the keys are those of its own jobs" lkp/job.yaml \
		"$LKP_SRC/jobs/kselftests/kselftests.yaml" <<-'END'
	import sys, yaml
	ours, theirs = ([doc for doc in yaml.safe_load_all(open(path))]
	                for path in sys.argv[1:])
	known = set().union(*(doc.keys() for doc in theirs if doc))
	assert set(ours[0]) <= known, set(ours[0]) - known
	END
else
	skip "lkp: the keys are those of its own jobs" "no checkout, see LKP_SRC"
fi

if [ "${NIPA_SRC-}" ]; then
	by "nipa: each key is one that it reads" nipa/remote.config \
		"$NIPA_SRC/contest/remote/vmksft-p.py" <<-'END'
	import configparser, sys
	config = configparser.ConfigParser()
	config.read(sys.argv[1])
	text = open(sys.argv[2]).read()
	for section in config.sections():
	    assert "[" + section + "]" in text, section
	    for key in config[section]:
	        assert key + "=" in text or "'" + key + "'" in text, key
	END
else
	skip "nipa: each key is one that it reads" "no checkout, see NIPA_SRC"
fi

# Whatever the definitions name is here.
grep -rhoE '\<proc_m[a-z]*_[a-z]+\>' . | sort -u | while read -r name; do
	[ -e "$top/$name.c" ] || echo "$name"
done >"$work/unknown"
ok "no program is named that there is not" holds_nothing "$work/unknown"
for name in */; do
	name=${name%/}
	grep -q "^$name/" README || echo "$name"
done >"$work/unknown"
ok "README speaks of each" holds_nothing "$work/unknown"

finish
