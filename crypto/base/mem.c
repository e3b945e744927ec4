/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/mem.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/num.h"

/*
 * The fault that a test has planned, of each thread its own so that a
 * writer's allocations do not count as the test's: the only variables that
 * are not constant tables.
 */
static _Thread_local long fault_after = -1;
static _Thread_local bool fault_hit = false;

/* Is this allocation the one that must fail? Counts it. */
static bool
is_fault(void)
{
    if (fault_after < 0) {
        return false;
    }
    fault_hit = fault_after == 0;
    fault_after--;
    return fault_hit;
}

void
mem_fault_after(long n)
{
    fault_after = n < 0 ? -1 : n;
    fault_hit = false;
}

bool
mem_fault_hit(void)
{
    return fault_hit;
}

/* NULL means failure only, so nothing is asked for as one byte. */
static size_t
at_least_one(size_t size)
{
    return size == 0 ? 1 : size;
}

void *
mem_alloc(size_t size)
{
    return is_fault() ? NULL : malloc(at_least_one(size));
}

void *
mem_zalloc(size_t count, size_t size)
{
    size_t product = 0;

    if (!num_mul(count, size, &product) || is_fault()) {
        return NULL;
    }
    return calloc(1, at_least_one(product));
}

void *
mem_realloc(void *old, size_t size)
{
    return is_fault() ? NULL : realloc(old, at_least_one(size));
}

void
mem_free(void *memory)
{
    free(memory);
}

enum err
mem_grow(void **array, size_t *capacity, size_t count, size_t item_size)
{
    size_t wanted = *capacity < 4 ? 4 : *capacity;
    size_t size = 0;
    uint8_t *grown = NULL;

    if (count <= *capacity) {
        return ERR_OK;
    }
    while (wanted < count && wanted <= SIZE_MAX / 2) {
        wanted *= 2;
    }
    wanted = wanted < count ? count : wanted;
    if (!num_mul(wanted, item_size, &size)) {
        return ERR_NOMEM;
    }
    grown = mem_realloc(*array, size);
    if (grown == NULL) {
        return ERR_NOMEM;
    }
    memset(grown + *capacity * item_size, 0, (wanted - *capacity) * item_size);
    *array = grown;
    *capacity = wanted;
    return ERR_OK;
}

void *
mem_copy(const void *data, size_t size)
{
    void *copy = mem_alloc(size);

    if (copy != NULL && size != 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

void
mem_wipe(void *memory, size_t size)
{
    if (size != 0) {
        sodium_memzero(memory, size);
    }
}

void *
mem_secret_alloc(size_t size)
{
    /* sodium_init may be called by any thread, any number of times. */
    if (is_fault() || sodium_init() < 0) {
        return NULL;
    }
    return sodium_malloc(size);
}

void
mem_secret_free(void *memory)
{
    sodium_free(memory);
}
