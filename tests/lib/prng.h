/* SPDX-License-Identifier: Apache-2.0 */
/* Repeatable randomness for tests (splitmix64): one seed, one run. */
#ifndef CORRIDOR_TESTS_LIB_PRNG_H
#define CORRIDOR_TESTS_LIB_PRNG_H

#include <stddef.h>
#include <stdint.h>

struct prng {
    uint64_t state;
};

/*
 * The seed of this run: CORRIDOR_SEED from the environment (decimal, or
 * hexadecimal after 0x), or `usual`. A test prints it when it fails.
 */
uint64_t prng_seed(uint64_t usual);

/* The generator at the start of the run that `seed` names. */
struct prng prng_init(uint64_t seed);

/* The next 64 bits. */
uint64_t prng_next(struct prng *prng);

/* A number below `limit`, which is at least 1. */
uint64_t prng_below(struct prng *prng, uint64_t limit);

/* Fill `size` bytes at out. */
void prng_fill(struct prng *prng, void *out, size_t size);

#endif
