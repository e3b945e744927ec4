/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of deterministic CBOR into memory of a fixed size, for what is
 * hashed or sealed: it allocates nothing, so it cannot fail. Too little room
 * is our mistake and asserted. What the outer layers encode uses
 * crypto/base/cbor.h.
 */
#ifndef CORRIDOR_CRYPTO_FLAT_H
#define CORRIDOR_CRYPTO_FLAT_H

#include "crypto/base/bytes.h"

struct flat {
    uint8_t *data; /* the caller's memory, */
    size_t room;   /* of that many bytes, */
    size_t size;   /* of which so many are written */
};

/* Begin an array of `count` items with its label, in `room` bytes at data. */
struct flat flat_array(
    void *data, size_t room, size_t count, const char *label);
void flat_uint(struct flat *flat, uint64_t value);
/* A byte string of 32 bytes: an id, a key, a hash. */
void flat_32(struct flat *flat, const uint8_t bytes[32]);
/* The head alone of a byte string: `size` bytes follow elsewhere. */
void flat_bytes_head(struct flat *flat, size_t size);

/* What was written; it lives as long as the memory. */
struct bytes flat_bytes(const struct flat *flat);

#endif
