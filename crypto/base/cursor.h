/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded reader over borrowed bytes. A read past the end yields zero or
 * empty and sets `failed`, which is sticky: a decoder asks once, at the end,
 * with cursor_end(), which also demands that nothing is left over.
 */
#ifndef CORRIDOR_CRYPTO_BASE_CURSOR_H
#define CORRIDOR_CRYPTO_BASE_CURSOR_H

#include <assert.h>

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

struct cursor {
    const uint8_t *start;
    const uint8_t *pos;
    const uint8_t *end;
    bool failed;
};

/* A cursor at the start of bytes, which must outlive it. */
struct cursor cursor_init(struct bytes bytes);
/* What every decoder calls for every byte stands here, to be inlined. */
static inline size_t
cursor_left(const struct cursor *cursor) /* 0 after a failure */
{
    assert(cursor->pos <= cursor->end);
    return cursor->failed ? 0 : (size_t)(cursor->end - cursor->pos);
}
/* For a decoder that has read something which breaks its format. */
static inline void
cursor_fail(struct cursor *cursor)
{
    cursor->failed = true;
}
/* A view of the next `size` bytes; {NULL, 0} and failed if fewer. */
static inline struct bytes
cursor_take(struct cursor *cursor, size_t size)
{
    struct bytes taken = {NULL, 0};

    if (cursor->failed || size > cursor_left(cursor)) {
        cursor_fail(cursor);
        return taken;
    }
    taken = bytes_of(cursor->pos, size);
    cursor->pos += size;
    return taken;
}

/* The next number. */
static inline uint8_t
cursor_u8(struct cursor *cursor)
{
    struct bytes taken = cursor_take(cursor, 1);

    return taken.data == NULL ? 0 : taken.data[0];
}
uint16_t cursor_u16(struct cursor *cursor); /* big-endian, as all */
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);
/* Copy the next `size` bytes to out; zeros and failed if fewer. */
void cursor_copy(struct cursor *cursor, void *out, size_t size);

/* ERR_OK if nothing failed and nothing is left, else ERR_MALFORMED. */
enum err cursor_end(const struct cursor *cursor) MUST_USE;

#endif
