/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reader.h - progress of a reader while the mapper works flat out
 *
 * The roles are exchanged: an operation is one read, and the mapper's work is
 * what may slow it down.
 */
#ifndef PROC_LATENCY_READER_H
#define PROC_LATENCY_READER_H

#include "trial.h"
#include "verdict.h"

/* Pairs of windows until there is a verdict; the load reads the target. */
int reader_run(struct trial *trial, const struct knobs *knobs,
	       unsigned int *starved, enum verdict *v);

#endif /* PROC_LATENCY_READER_H */
