/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/key.h"

#include <assert.h>
#include <string.h>

#include "crypto/base/num.h"

struct key
key_u32(uint32_t value)
{
    struct key key = {.size = 4};

    num_store_u32(key.bytes, value);
    return key;
}

struct key
key_u64(uint64_t value)
{
    struct key key = {.size = 8};

    num_store_u64(key.bytes, value);
    return key;
}

struct key
key_dot(struct dot dot)
{
    struct key key = {.size = 12};

    num_store_u32(key.bytes, dot.log);
    num_store_u64(key.bytes + 4, dot.position);
    return key;
}

struct key
key_raw(struct bytes bytes)
{
    struct key key = {.size = bytes.size};

    assert(bytes.size <= sizeof(key.bytes));
    if (bytes.size > 0) {
        memcpy(key.bytes, bytes.data, bytes.size);
    }
    return key;
}

enum err
key_get_u32(struct bytes key, uint32_t *out)
{
    if (key.size != 4) {
        return ERR_CORRUPT;
    }
    *out = num_load_u32(key.data);
    return ERR_OK;
}

enum err
key_get_u64(struct bytes key, uint64_t *out)
{
    if (key.size != 8) {
        return ERR_CORRUPT;
    }
    *out = num_load_u64(key.data);
    return ERR_OK;
}

enum err
key_get_dot(struct bytes key, struct dot *out)
{
    if (key.size != 12) {
        return ERR_CORRUPT;
    }
    out->log = num_load_u32(key.data);
    out->position = num_load_u64(key.data + 4);
    return ERR_OK;
}
