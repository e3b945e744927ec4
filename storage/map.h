/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash map from small fixed-size keys to pointers the caller owns. Keys are
 * our own (dots, record keys), hashed with a random seed so that nobody can
 * choose collisions.
 */
#ifndef CORRIDOR_STORAGE_MAP_H
#define CORRIDOR_STORAGE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/base/err.h"

enum { MAP_KEY_BYTES_MAX = 24 };

struct map_slot {
    uint8_t key[MAP_KEY_BYTES_MAX];
    void *value; /* NULL: free */
};

struct map {
    struct map_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
    size_t key_size;
    uint64_t seed;
};

/* An empty map of keys of key_size bytes. */
void map_init(struct map *map, size_t key_size, uint64_t seed);
void map_release(struct map *map); /* values are not freed */
void map_clear(struct map *map);
/* NULL when there is none. */
void *map_find(const struct map *map, const uint8_t *key);
/* The key must not be there. */
enum err map_add(struct map *map, const uint8_t *key, void *value) MUST_USE;
/* Walk: start with *index 0; NULL at the end. */
void *map_next(const struct map *map, size_t *index);

#endif
