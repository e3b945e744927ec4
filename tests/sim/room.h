/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the simulator's own. Not by crypto/base/mem.h: what the simulator
 * makes fail is the code under test, never itself.
 */
#ifndef CORRIDOR_TESTS_SIM_ROOM_H
#define CORRIDOR_TESTS_SIM_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/base/bytes.h"

/*
 * The array with room for `count` items of item_size bytes at the least,
 * moved if need be; what is new is zeroed. Freed with free().
 */
void *room_grow(void *array, size_t *capacity, size_t count, size_t item_size);

/* A zeroed piece of memory; freed with free(). */
void *room_new(size_t size);

/* Bytes that grow at the end and are taken from the front. */
struct pool {
    uint8_t *data;
    size_t size;
    size_t capacity;
};
/* Append; drop the first bytes; free. */
void pool_put(struct pool *pool, struct bytes bytes);
void pool_take(struct pool *pool, size_t size);
void pool_release(struct pool *pool);
/* All that is in it, until the next call. */
struct bytes pool_bytes(const struct pool *pool);

#endif
