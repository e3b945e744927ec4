/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void *
room_grow(void *array, size_t *capacity, size_t count, size_t item_size)
{
    size_t wanted = *capacity == 0 ? 8 : *capacity;

    if (count <= *capacity) {
        return array;
    }
    while (wanted < count) {
        wanted *= 2;
    }
    array = realloc(array, wanted * item_size);
    assert(array != NULL);
    memset((uint8_t *)array + *capacity * item_size, 0,
        (wanted - *capacity) * item_size);
    *capacity = wanted;
    return array;
}

void *
room_new(size_t size)
{
    void *memory = calloc(1, size);

    assert(memory != NULL);
    return memory;
}

void
pool_put(struct pool *pool, struct bytes bytes)
{
    if (bytes.size == 0) {
        return;
    }
    pool->data =
        room_grow(pool->data, &pool->capacity, pool->size + bytes.size, 1);
    memcpy(pool->data + pool->size, bytes.data, bytes.size);
    pool->size += bytes.size;
}

void
pool_take(struct pool *pool, size_t size)
{
    assert(size <= pool->size);
    if (size > 0) {
        memmove(pool->data, pool->data + size, pool->size - size);
        pool->size -= size;
    }
}

void
pool_release(struct pool *pool)
{
    free(pool->data);
    *pool = (struct pool){0};
}

struct bytes
pool_bytes(const struct pool *pool)
{
    return bytes_of(pool->data, pool->size);
}
