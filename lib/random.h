/* SPDX-License-Identifier: GPL-2.0 */
/*
 * random.h - pseudo-random numbers that a seed repeats on every machine
 *
 * Pure code.  rand() does not do: its sequence depends on the C library.
 */
#ifndef PROC_LIB_RANDOM_H
#define PROC_LIB_RANDOM_H

#include <stdint.h>

/** random_next() - xorshift64*; @state must not be 0. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/** random_below() - a number in [0, @bound); 0 where that is empty. */
static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
	return bound ? (random_next(state) >> 11) % bound : 0;
}

#endif /* PROC_LIB_RANDOM_H */
