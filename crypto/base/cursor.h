/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded reader over borrowed bytes. A read past the end yields zero or
 * empty and sets `failed`, which is sticky: a decoder asks once, at the end,
 * with cursor_end(), which also demands that nothing is left over.
 */
#ifndef CORRIDOR_CRYPTO_BASE_CURSOR_H
#define CORRIDOR_CRYPTO_BASE_CURSOR_H

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
size_t cursor_left(const struct cursor *cursor); /* 0 after a failure */
/* For a decoder that has read something which breaks its format. */
void cursor_fail(struct cursor *cursor);

/* The next number. */
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor); /* big-endian, as all */
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);
/* A view of the next `size` bytes; {NULL, 0} and failed if fewer. */
struct bytes cursor_take(struct cursor *cursor, size_t size);
/* Copy the next `size` bytes to out; zeros and failed if fewer. */
void cursor_copy(struct cursor *cursor, void *out, size_t size);

/* ERR_OK if nothing failed and nothing is left, else ERR_MALFORMED. */
enum err cursor_end(const struct cursor *cursor) MUST_USE;

#endif
