/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/prng.h"

#include <assert.h>
#include <stdlib.h>

uint64_t
prng_seed(uint64_t usual)
{
    const char *text = getenv("CORRIDOR_SEED");

    return text == NULL ? usual : strtoull(text, NULL, 0);
}

struct prng
prng_init(uint64_t seed)
{
    return (struct prng){seed};
}

uint64_t
prng_next(struct prng *prng)
{
    uint64_t z = prng->state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t
prng_below(struct prng *prng, uint64_t limit)
{
    assert(limit > 0);
    return prng_next(prng) % limit;
}

void
prng_fill(struct prng *prng, void *out, size_t size)
{
    uint8_t *bytes = out;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)prng_next(prng);
    }
}
