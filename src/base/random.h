/* SPDX-License-Identifier: MIT */
/*
 * random.h - chance that comes from a seed, so that it can be had again.
 */
#ifndef TW_BASE_RANDOM_H
#define TW_BASE_RANDOM_H

#include <stdint.h>

/* A number that looks like chance but depends on @seed and @n alone (splitmix64). */
static inline uint64_t tw_random_at(uint64_t seed, uint64_t n)
{
	uint64_t z = seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The next number of the sequence that @state, at first the seed, stands in. */
static inline uint64_t tw_random(uint64_t *state)
{
	uint64_t number = tw_random_at(*state, 0);

	*state += UINT64_C(0x9e3779b97f4a7c15);
	return number;
}

#endif
