/* SPDX-License-Identifier: GPL-2.0 */
/*
 * random.h - pseudo-random numbers that depend on the seed only
 *
 * The sequence of rand() depends on the C library as well.
 */
#ifndef PROC_LIB_RANDOM_H
#define PROC_LIB_RANDOM_H

#include <stdint.h>

/** random_next() - draw a 64-bit number by xorshift64*; *@state must not be 0. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/** random_below() - draw a number in [0, @bound); 0 if @bound is 0. */
static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
	return bound ? (random_next(state) >> 11) % bound : 0;
}

#endif /* PROC_LIB_RANDOM_H */
