/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/varint.h"

enum { VARINT_BITS = 7, VARINT_MORE = 0x80, VARINT_SHIFT_LAST = 63 };

size_t
varint_size(uint64_t value)
{
    size_t size = 1;

    for (; value >= VARINT_MORE; value >>= VARINT_BITS) {
        size++;
    }
    return size;
}

uint8_t *
varint_put(uint8_t *at, uint64_t value)
{
    for (; value >= VARINT_MORE; value >>= VARINT_BITS) {
        *at++ = (uint8_t)(value | VARINT_MORE);
    }
    *at++ = (uint8_t)value;
    return at;
}

uint64_t
varint_get(struct cursor *cursor)
{
    uint64_t value = 0;
    uint8_t byte = VARINT_MORE;

    for (unsigned shift = 0; (byte & VARINT_MORE) != 0; shift += VARINT_BITS) {
        byte = cursor_u8(cursor);
        if (shift > VARINT_SHIFT_LAST ||
            (shift == VARINT_SHIFT_LAST && byte > 1) ||
            (shift > 0 && byte == 0)) {
            cursor_fail(cursor);
            return 0;
        }
        value |= (uint64_t)(byte & (VARINT_MORE - 1)) << shift;
    }
    return value;
}
