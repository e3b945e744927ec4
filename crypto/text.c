/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/text.h"

#include <string.h>

#include "crypto/base/num.h"
#include "crypto/note_internal.h"

enum { PIECE_BYTES = 75 }; /* encoded at a time, in 100 characters */

struct bytes
text_take_line(struct cursor *cursor)
{
    return note_take_until(cursor, '\n');
}

void
text_take_exactly(struct cursor *cursor, const char *line)
{
    if (!bytes_equal(text_take_line(cursor), bytes_text(line))) {
        cursor_fail(cursor);
    }
}

bool
text_is_next(const struct cursor *cursor, const char *start)
{
    const size_t size = strlen(start);

    return cursor_left(cursor) >= size && memcmp(cursor->pos, start, size) == 0;
}

struct bytes
text_take_after(struct cursor *cursor, const char *start)
{
    struct bytes rest = {NULL, 0};

    if (!text_is_next(cursor, start)) {
        cursor_fail(cursor);
        return rest;
    }
    (void)cursor_take(cursor, strlen(start));
    rest = text_take_line(cursor);
    if (rest.size == 0) {
        cursor_fail(cursor);
    }
    return rest;
}

uint64_t
text_take_number(struct cursor *cursor, const char *start)
{
    const struct bytes digits = text_take_after(cursor, start);
    uint64_t number = 0;

    if (!num_parse_u64((const char *)digits.data, digits.size, &number)) {
        cursor_fail(cursor);
    }
    return number;
}

struct bytes
text_take_base64(struct cursor *cursor, const char *start, size_t max)
{
    const struct bytes base64 = text_take_after(cursor, start);
    size_t size = 0;

    if (!note_get_base64(NULL, 0, &size, base64) || size == 0 || size > max) {
        cursor_fail(cursor);
    }
    return base64;
}

void
text_decode(struct buf *out, struct bytes base64)
{
    const size_t room = base64.size / 4 * 3;
    const size_t before = out->size;
    uint8_t *plain = buf_extend(out, room);
    size_t size = 0;

    if (plain == NULL) {
        return;
    }
    if (!note_get_base64(plain, room, &size, base64)) {
        size = 0;
    }
    buf_truncate(out, before + size);
}

void
text_take_hash(struct cursor *cursor, const char *start, struct hash *out)
{
    const struct bytes base64 = text_take_after(cursor, start);
    size_t size = 0;

    if (!note_get_base64(out->bytes, sizeof(out->bytes), &size, base64) ||
        size != sizeof(out->bytes)) {
        cursor_fail(cursor);
    }
}

void
text_take_proof(struct cursor *cursor, struct merkle_proof *out, size_t max)
{
    assert(max <= MERKLE_PROOF_MAX);
    out->count = 0;
    while (cursor_left(cursor) > 0 && !text_is_next(cursor, "\n")) {
        if (out->count == max) {
            cursor_fail(cursor);
            return;
        }
        text_take_hash(cursor, "", &out->hashes[out->count++]);
    }
    text_take_exactly(cursor, "");
}

void
text_put_base64(struct buf *out, struct bytes bytes)
{
    struct cursor cursor = cursor_init(bytes);

    while (cursor_left(&cursor) > 0) {
        const size_t left = cursor_left(&cursor);

        note_put_base64(
            out, cursor_take(&cursor, left < PIECE_BYTES ? left : PIECE_BYTES));
    }
}

void
text_put_base64_line(struct buf *out, const char *start, struct bytes bytes)
{
    buf_put_text(out, start);
    text_put_base64(out, bytes);
    buf_put_u8(out, '\n');
}

void
text_put_proof(struct buf *out, const struct merkle_proof *proof)
{
    for (size_t i = 0; i < proof->count; i++) {
        text_put_base64_line(out, "", bytes_hash(&proof->hashes[i]));
    }
}
