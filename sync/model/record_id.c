/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/change.h"

#include <string.h>

#include "crypto/base/num.h"
#include "crypto/flat.h"
#include "crypto/hash.h"

enum {
    MS_BYTES = 6,
    HASH_BYTES = 10,
    ITEM_BYTES_MAX = 128 /* a label, two values of 32 bytes, one of 16 */
};

/* The greatest time that six bytes hold: the year 10889. */
#define MS_MAX ((UINT64_C(1) << 8 * MS_BYTES) - 1)

static_assert(MS_BYTES + HASH_BYTES == sizeof(struct record_id), "all of it");

/* BLAKE2b-256(["corridor/record/1", corridor, node, salt])[0..10) */
static void
hash_maker(uint8_t out[HASH_BYTES], const struct corridor_id *corridor,
    const struct node_id *node, const struct record_salt *salt)
{
    uint8_t item[ITEM_BYTES_MAX];
    struct flat flat = flat_array(
        item, sizeof(item) - sizeof(salt->bytes), 4, "corridor/record/1");
    struct hash hash = {{0}};
    size_t size = 0;

    flat_32(&flat, corridor->bytes);
    flat_32(&flat, node->bytes);
    flat_bytes_head(&flat, sizeof(salt->bytes));
    size = flat_bytes(&flat).size;
    memcpy(item + size, salt->bytes, sizeof(salt->bytes));
    hash_blake2b(&hash, bytes_of(item, size + sizeof(salt->bytes)));
    memcpy(out, hash.bytes, HASH_BYTES);
}

void
record_id_make(struct record_id *out, const struct corridor_id *corridor,
    const struct node_id *node, const struct record_salt *salt,
    uint64_t wall_ms)
{
    uint8_t ms[sizeof(uint64_t)];

    num_store_u64(ms, num_min_u64(wall_ms, MS_MAX));
    memcpy(out->bytes, ms + sizeof(ms) - MS_BYTES, MS_BYTES);
    hash_maker(out->bytes + MS_BYTES, corridor, node, salt);
}

bool
record_id_made_by(const struct record_id *id,
    const struct corridor_id *corridor, const struct node_id *node,
    const struct record_salt *salt)
{
    uint8_t hash[HASH_BYTES];

    hash_maker(hash, corridor, node, salt);
    return memcmp(id->bytes + MS_BYTES, hash, HASH_BYTES) == 0;
}
