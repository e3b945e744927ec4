/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given out piece by piece and freed as a whole: what a
 * record's operations point to. A NULL arena is an empty one.
 */
#ifndef CORRIDOR_SYNC_MODEL_ARENA_H
#define CORRIDOR_SYNC_MODEL_ARENA_H

#include <stddef.h>

struct arena;

/*
 * `size` bytes, aligned for any type, not zeroed; they live until
 * arena_free(*arena). NULL when out of memory: what was there is as it was.
 */
void *arena_alloc(struct arena **arena, size_t size);

/* A copy of size bytes, which may be 0; NULL when out of memory. */
void *arena_copy(struct arena **arena, const void *data, size_t size);

/* Wipe and free all of it; NULL is fine. */
void arena_free(struct arena *arena);

#endif
