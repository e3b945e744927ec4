/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/cursor.h"

#include <string.h>

#include "crypto/base/num.h"

struct cursor
cursor_init(struct bytes bytes)
{
    /* An empty view may have no memory, and NULL + 0 is not defined. */
    static const uint8_t nothing[1] = {0};
    const uint8_t *start = bytes.size == 0 ? nothing : bytes.data;

    return (struct cursor){
        .start = start,
        .pos = start,
        .end = start + bytes.size,
    };
}

void
cursor_copy(struct cursor *cursor, void *out, size_t size)
{
    struct bytes taken = cursor_take(cursor, size);

    if (taken.data == NULL) {
        memset(out, 0, size);
    } else {
        memcpy(out, taken.data, size);
    }
}

uint16_t
cursor_u16(struct cursor *cursor)
{
    struct bytes taken = cursor_take(cursor, sizeof(uint16_t));

    return taken.data == NULL ? 0 : num_load_u16(taken.data);
}

uint32_t
cursor_u32(struct cursor *cursor)
{
    struct bytes taken = cursor_take(cursor, sizeof(uint32_t));

    return taken.data == NULL ? 0 : num_load_u32(taken.data);
}

uint64_t
cursor_u64(struct cursor *cursor)
{
    struct bytes taken = cursor_take(cursor, sizeof(uint64_t));

    return taken.data == NULL ? 0 : num_load_u64(taken.data);
}

enum err
cursor_end(const struct cursor *cursor)
{
    if (cursor->failed || cursor_left(cursor) != 0) {
        return ERR_MALFORMED;
    }
    return ERR_OK;
}
