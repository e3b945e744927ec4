/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"

/*
 * The first chunk holds a usual record; the next ones double, so that a great
 * record takes few of them.
 */
enum { CHUNK_MIN = 4096 - 64, CHUNK_MAX = 256 * 1024 };

/* The newest chunk is the arena; older ones hang behind it. */
struct arena {
    struct arena *next;
    size_t used;
    size_t size; /* of data */
    max_align_t data[];
};

static struct arena *
chunk_new(size_t size)
{
    struct arena *chunk = NULL;
    size_t total = 0;

    if (!num_add(sizeof(*chunk), size, &total)) {
        return NULL;
    }
    chunk = mem_alloc(total);
    if (chunk != NULL) {
        *chunk = (struct arena){.size = size};
    }
    return chunk;
}

static void *
chunk_take(struct arena *chunk, size_t size)
{
    uint8_t *taken = (uint8_t *)chunk->data + chunk->used;

    chunk->used += size;
    return taken;
}

static size_t
next_size(const struct arena *arena)
{
    if (arena == NULL) {
        return CHUNK_MIN;
    }
    return arena->size > CHUNK_MAX / 2 ? CHUNK_MAX : 2 * arena->size;
}

void *
arena_alloc(struct arena **arena, size_t size)
{
    size_t rounded = 0;
    size_t chunk_size = next_size(*arena);
    struct arena *chunk = NULL;

    if (!num_add(size, alignof(max_align_t) - 1, &rounded)) {
        return NULL;
    }
    rounded -= rounded % alignof(max_align_t);
    if (*arena != NULL && rounded <= (*arena)->size - (*arena)->used) {
        return chunk_take(*arena, rounded);
    }
    chunk = chunk_new(rounded > chunk_size ? rounded : chunk_size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next = *arena;
    *arena = chunk;
    return chunk_take(chunk, rounded);
}

void *
arena_copy(struct arena **arena, const void *data, size_t size)
{
    void *copy = arena_alloc(arena, size);

    if (copy != NULL && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

void
arena_free(struct arena *arena)
{
    while (arena != NULL) {
        struct arena *next = arena->next;

        mem_wipe(arena->data, arena->used);
        mem_free(arena);
        arena = next;
    }
}
