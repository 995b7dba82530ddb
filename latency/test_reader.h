/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_reader.h - test that a reader makes progress while the mapper never sleeps
 *
 * The roles are exchanged: the "target" is the reader, an operation is one read,
 * and the reader is compared with itself while the mapper is idle.  Before the
 * release @lockless, the reader has to wait for mmap_lock each time, and on a
 * busy machine for long.
 */
#ifndef PROC_LATENCY_TEST_READER_H
#define PROC_LATENCY_TEST_READER_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "load.h"
#include "mapper.h"
#include "program.h"
#include "reader.h"
#include "trial.h"
#include "verdict.h"
#include "../lib/env.h"
#include "../lib/harness.h"
#include "../lib/machine.h"
#include "../lib/print.h"

FIXTURE(reader) {
	struct trial *trial;
	struct knobs knobs;
};

FIXTURE_VARIANT(reader) {
	const char *name;
	enum list list;
	int lockless;
	struct scenario scenario;
};

FIXTURE_VARIANT_ADD(reader, maps) {
	.name = "reader_maps",
	.lockless = KERNEL(6, 17),
	.scenario = { &source_maps, { &op_mmap }, MANY, SCANNERS, 0, 0, false },
};

FIXTURE_VARIANT_ADD(reader, query) {
	.name = "reader_query",
	.list = LONG,
	.lockless = KERNEL(6, 18),
	.scenario = { &source_query, { &op_mmap }, MANY, SCANNERS, 0, 0, false },
};

FIXTURE_VARIANT_ADD(reader, maps_8) {
	.name = "reader_maps_8",
	.list = LONG,
	.lockless = KERNEL(6, 17),
	.scenario = { &source_maps, { &op_mmap }, 8, SCANNERS, 0, 0, false },
};

FIXTURE_VARIANT_ADD(reader, smaps) {
	.name = "reader_smaps",
	.list = LONG,
	.lockless = KERNEL(7, 2),
	.scenario = { &source_smaps, { &op_mmap }, MANY, SCANNERS, 0, 0, false },
};

FIXTURE_SETUP(reader)
{
	self->trial = &the_trial;
	self->knobs = (struct knobs){ 0 };
}

FIXTURE_TEARDOWN(reader)
{
	EXPECT_NE(-ETIMEDOUT, trial_free(self->trial)) {
		diag("the kernel holds a process that was killed");
	}
}

TEST_F_TIMEOUT(reader, progress, 60)
{
	bool checked = kernel_release() >= variant->lockless ||
		      env_value("GATE");
	struct trial *trial = self->trial;
	unsigned int starved = 0;
	const char *reason;
	enum verdict v;
	int error;

	reason = left_out(variant->list, &self->knobs, EXHAUSTED_S);
	if (reason)
		SKIP(return, "%s", reason);
	self->knobs.nap_us = 0;
	memset(trial, 0, sizeof(*trial));
	error = trial_setup(trial, &variant->scenario, &self->knobs);
	if (error == -ENOENT || error == -ENOTTY)
		SKIP(return, SKIP_FILE);
	if (error == -ENOMEM)
		SKIP(return, SKIP_MAPPINGS);
	if (!error)
		error = load_switch(&trial->load, GROUP_TARGET);
	if (error == -EAGAIN)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	error = reader_run(trial, &self->knobs, &starved, &v);
	/* A failure takes two runs, as in test_interference.h. */
	if (!error && v == VERDICT_INTERFERES && checked)
		error = reader_run(trial, &self->knobs, &starved, &v);
	/* test_interference.h fails where mapping hangs; here the mapper may have got no CPU. */
	if (error == -ETIMEDOUT)
		SKIP(return, SKIP_UNSURE);
	ASSERT_EQ(0, error);
	diag("%s.at_rest: %.2f us_per_read", variant->name,
	     verdict_mean(&trial->state.control) / 1000);
	diag("%s.flat_out: %.2f us_per_read", variant->name,
	     verdict_mean(&trial->state.target) / 1000);
	diag("%s.ratio: %.2f x", variant->name, verdict_ratio(&trial->state));
	diag("%s.starved_windows: %u windows", variant->name, starved);
	diag("%s.pairs: %u count", variant->name, trial->state.pairs);
	diag("%s.void_pairs: %u count", variant->name, trial->state.void_pairs);
	if (v == VERDICT_UNSURE)
		SKIP(return, SKIP_UNSURE);
	if (v == VERDICT_INTERFERES && machine_is_slow())
		SKIP(return, SKIP_SLOW);
	if (v == VERDICT_INTERFERES && !checked)
		SKIP(return, SKIP_RELEASE);
	finish(NULL, &self->knobs, v == VERDICT_FINE ? "pass" : "fail");
	ASSERT_EQ((int)VERDICT_FINE, (int)v) {
		diag("the reader starves while the process maps");
	}
}

#endif /* PROC_LATENCY_TEST_READER_H */
