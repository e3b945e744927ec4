/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that can be made to fail. All of corridor allocates here, so that a
 * test can make the nth allocation of a thread fail and see it survived.
 */
#ifndef CORRIDOR_CRYPTO_BASE_MEM_H
#define CORRIDOR_CRYPTO_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/base/err.h"

/* As malloc, calloc, realloc, free; NULL when out of memory or told to. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t count, size_t size); /* zeroed; checks the product */
void *mem_realloc(void *old, size_t size);
void mem_free(void *memory);

/*
 * Make *array (of *capacity items of item_size bytes) hold at least `count`
 * items, doubling. On ERR_NOMEM nothing has changed. New items are zeroed.
 *     rc = mem_grow((void **)&x->items, &x->capacity, n, sizeof(*x->items));
 */
enum err mem_grow(
    void **array, size_t *capacity, size_t count, size_t item_size) MUST_USE;

/* A copy of size bytes; NULL when out of memory. */
void *mem_copy(const void *data, size_t size);

/* Overwrite secrets; the compiler cannot leave it out. */
void mem_wipe(void *memory, size_t size);

/*
 * Long-lived secrets: guarded, locked, never in a core dump
 * (libsodium's sodium_malloc). mem_secret_free wipes.
 */
void *mem_secret_alloc(size_t size);
void mem_secret_free(void *memory);

/*
 * Tests: let n further allocations of this thread succeed and fail the next
 * one, then all succeed again; n < 0 turns it off. mem_fault_hit() tells
 * whether the fault was reached since.
 */
void mem_fault_after(long n);
bool mem_fault_hit(void);

#endif
