/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/num.h"

bool
num_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b) {
        return false;
    }
    *out = a + b;
    return true;
}

bool
num_mul(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *out = a * b;
    return true;
}

bool
num_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (a > UINT64_MAX - b) {
        return false;
    }
    *out = a + b;
    return true;
}

uint16_t
num_load_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t
num_load_u32(const uint8_t *bytes)
{
    return (uint32_t)num_load_u16(bytes) << 16 | num_load_u16(bytes + 2);
}

uint64_t
num_load_u64(const uint8_t *bytes)
{
    return (uint64_t)num_load_u32(bytes) << 32 | num_load_u32(bytes + 4);
}

void
num_store_u16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

void
num_store_u32(uint8_t *bytes, uint32_t value)
{
    num_store_u16(bytes, (uint16_t)(value >> 16));
    num_store_u16(bytes + 2, (uint16_t)value);
}

void
num_store_u64(uint8_t *bytes, uint64_t value)
{
    num_store_u32(bytes, (uint32_t)(value >> 32));
    num_store_u32(bytes + 4, (uint32_t)value);
}

bool
num_parse_u64(const char *text, size_t size, uint64_t *out)
{
    uint64_t value = 0;

    if (size == 0 || (size > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        uint64_t digit = 0;

        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}
