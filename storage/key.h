/* SPDX-License-Identifier: Apache-2.0 */
/* Table keys, big-endian so that memcmp is their order. */
#ifndef CORRIDOR_STORAGE_KEY_H
#define CORRIDOR_STORAGE_KEY_H

#include "sync/model/vclock.h"

enum { KEY_BYTES_MAX = 64, RECORD_KEY_BYTES = 18, TERM_BYTES = 8 };

struct key {
    uint8_t bytes[KEY_BYTES_MAX];
    size_t size;
};

static inline struct bytes
key_bytes(const struct key *key)
{
    return bytes_of(key->bytes, key->size);
}

/* A key of each kind of content; numbers big-endian. */
struct key key_u32(uint32_t value);
struct key key_u64(uint64_t value);
struct key key_dot(struct dot dot); /* log u32, position u64 */
struct key key_raw(struct bytes bytes);
/* Back: ERR_CORRUPT for another size. */
enum err key_get_u32(struct bytes key, uint32_t *out) MUST_USE;
enum err key_get_u64(struct bytes key, uint64_t *out) MUST_USE;
enum err key_get_dot(struct bytes key, struct dot *out) MUST_USE;

#endif
