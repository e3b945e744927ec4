/* SPDX-License-Identifier: Apache-2.0 */
/* Checked sums, and big-endian loads and stores. */
#ifndef CORRIDOR_CRYPTO_BASE_NUM_H
#define CORRIDOR_CRYPTO_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a + b or a * b into *out; false, and *out untouched, on overflow. */
bool num_add(size_t a, size_t b, size_t *out);
bool num_mul(size_t a, size_t b, size_t *out);
bool num_add_u64(uint64_t a, uint64_t b, uint64_t *out);

/* Big-endian numbers at the start of bytes, aligned or not. */
uint16_t num_load_u16(const uint8_t *bytes);
uint32_t num_load_u32(const uint8_t *bytes);
uint64_t num_load_u64(const uint8_t *bytes);
void num_store_u16(uint8_t *bytes, uint16_t value);
void num_store_u32(uint8_t *bytes, uint32_t value);
void num_store_u64(uint8_t *bytes, uint64_t value);

static inline uint64_t
num_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}
static inline uint64_t
num_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/*
 * Decimal digits only, no sign, no leading zero but "0" itself, at most
 * UINT64_MAX: false otherwise, and *out untouched.
 */
bool num_parse_u64(const char *text, size_t size, uint64_t *out);

#endif
