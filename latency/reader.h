/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reader.h - measure the progress of a reader while the mapper never sleeps
 *
 * The roles are exchanged: an operation is one read, and the work of the mapper is
 * what may slow it down.
 */
#ifndef PROC_LATENCY_READER_H
#define PROC_LATENCY_READER_H

#include "trial.h"
#include "verdict.h"

/**
 * reader_run() - measure pairs of windows until there is a verdict
 * @trial:	trial whose scanners read the target already
 * @knobs:	how to measure
 * @starved: set to the number of windows without a single read
 * @v:	set to the verdict
 *
 * Return: 0 or -errno.
 */
int reader_run(struct trial *trial, const struct knobs *knobs,
	       unsigned int *starved, enum verdict *v);

#endif /* PROC_LATENCY_READER_H */
