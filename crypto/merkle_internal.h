/* SPDX-License-Identifier: Apache-2.0 */
/* What appending, verifying and proving share: the bits of sizes. */
#ifndef CORRIDOR_CRYPTO_MERKLE_INTERNAL_H
#define CORRIDOR_CRYPTO_MERKLE_INTERNAL_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* Is bit 0 to 63 of the number set? */
static inline bool
bit_is_set(uint64_t number, unsigned bit)
{
    return (number >> bit & 1) != 0;
}

/* How many zeros a number above 0 ends in. */
static inline unsigned
trailing_zeros(uint64_t number)
{
    unsigned count = 0;

    assert(number != 0);
    while (!bit_is_set(number, count)) {
        count++;
    }
    return count;
}

#endif
