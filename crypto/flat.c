/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/flat.h"

#include <assert.h>
#include <string.h>

#include "crypto/base/num.h"

/* Major types, in the upper three bits of a head (RFC 8949, section 3.1). */
enum {
    HEAD_UINT = 0x00,
    HEAD_BYTES = 0x40,
    HEAD_TEXT = 0x60,
    HEAD_ARRAY = 0x80
};

static void
put(struct flat *flat, const void *data, size_t size)
{
    assert(size <= flat->room - flat->size);
    memcpy(flat->data + flat->size, data, size);
    flat->size += size;
}

/*
 * The shortest head: the argument itself below 24, else 24 to 27 and its 1,
 * 2, 4 or 8 bytes, which are the last ones of the eight.
 */
static void
put_head(struct flat *flat, uint8_t major, uint64_t argument)
{
    uint8_t bytes[9] = {0};
    size_t width = 0;
    uint8_t info = (uint8_t)argument;

    if (argument >= 24) {
        width = argument <= UINT8_MAX    ? 1
                : argument <= UINT16_MAX ? 2
                : argument <= UINT32_MAX ? 4
                                         : 8;
        info = width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27;
    }
    num_store_u64(bytes + 1, argument);
    bytes[8 - width] = (uint8_t)(major | info);
    put(flat, bytes + 8 - width, 1 + width);
}

struct flat
flat_array(void *data, size_t room, size_t count, const char *label)
{
    struct flat flat = {.data = data, .room = room};
    struct bytes text = bytes_text(label);

    put_head(&flat, HEAD_ARRAY, count);
    put_head(&flat, HEAD_TEXT, text.size);
    put(&flat, text.data, text.size);
    return flat;
}

void
flat_uint(struct flat *flat, uint64_t value)
{
    put_head(flat, HEAD_UINT, value);
}

void
flat_32(struct flat *flat, const uint8_t bytes[32])
{
    put_head(flat, HEAD_BYTES, 32);
    put(flat, bytes, 32);
}

void
flat_bytes_head(struct flat *flat, size_t size)
{
    put_head(flat, HEAD_BYTES, size);
}

struct bytes
flat_bytes(const struct flat *flat)
{
    return bytes_of(flat->data, flat->size);
}
