/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/num.h"
#include "crypto/keys.h"
#include "crypto/merkle.h"
#include "crypto/note.h"
#include "crypto/note_internal.h"

enum {
    TIME_BYTES = 8,
    COSIGNATURE_HEAD_MAX = 64 /* the two lines before the text, with a NUL */
};

/* Does the text, which is UTF-8, stay on one line and in its field? */
static bool
is_origin(struct bytes origin)
{
    return origin.size > 0 && origin.size <= NOTE_NAME_BYTES_MAX &&
           memchr(origin.data, '\n', origin.size) == NULL;
}

void
checkpoint_format(struct buf *out, const struct checkpoint *checkpoint)
{
    assert(is_origin(bytes_text(checkpoint->origin)));
    assert(checkpoint->extensions.size == 0);
    buf_printf(out, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
    note_put_base64(out, bytes_hash(&checkpoint->root));
    buf_put_u8(out, '\n');
}

static bool
parse_root(struct hash *out, struct bytes line)
{
    size_t size = 0;

    return note_get_base64(out->bytes, sizeof(out->bytes), &size, line) &&
           size == sizeof(out->bytes);
}

/* Lines without end but none of them empty. */
static bool
are_extensions(struct bytes lines)
{
    struct cursor cursor = cursor_init(lines);

    while (cursor_left(&cursor) > 0) {
        if (note_take_until(&cursor, '\n').size == 0) {
            return false;
        }
    }
    return !cursor.failed;
}

enum err
checkpoint_parse(struct checkpoint *out, struct bytes text)
{
    const struct merkle_edge nothing = {0};
    struct checkpoint checkpoint = {.size = 0};
    struct cursor cursor = cursor_init(text);
    const struct bytes origin = note_take_until(&cursor, '\n');
    const struct bytes size = note_take_until(&cursor, '\n');
    const struct bytes root = note_take_until(&cursor, '\n');
    struct hash empty;

    if (text.size > CHECKPOINT_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    checkpoint.extensions = cursor_take(&cursor, cursor_left(&cursor));
    if (cursor.failed || !note_is_text(text) || !is_origin(origin) ||
        !num_parse_u64((const char *)size.data, size.size, &checkpoint.size) ||
        !parse_root(&checkpoint.root, root) ||
        !are_extensions(checkpoint.extensions)) {
        return ERR_MALFORMED;
    }
    /* The tree without leaves has one root: tlog-checkpoint, "Note text". */
    merkle_root(&empty, &nothing);
    if (checkpoint.size == 0 && !hash_equal(&checkpoint.root, &empty)) {
        return ERR_MALFORMED;
    }
    memcpy(checkpoint.origin, origin.data, origin.size);
    *out = checkpoint;
    return ERR_OK;
}

/* What a cosigner signs; returns its size. */
static size_t
cosignature_message(uint8_t out[COSIGNATURE_HEAD_MAX + CHECKPOINT_BYTES_MAX],
    uint64_t time, struct bytes text)
{
    const int head = snprintf((char *)out, COSIGNATURE_HEAD_MAX,
        "cosignature/v1\ntime %" PRIu64 "\n", time);

    assert(head > 0 && head < COSIGNATURE_HEAD_MAX);
    assert(text.size <= CHECKPOINT_BYTES_MAX);
    memcpy(out + head, text.data, text.size);
    return (size_t)head + text.size;
}

void
cosignature_sign(uint8_t out[72], const struct secret_key *seed, uint64_t time,
    struct bytes text)
{
    uint8_t message[COSIGNATURE_HEAD_MAX + CHECKPOINT_BYTES_MAX];
    struct signature signature;
    size_t size = 0;

    assert(time <= INT64_MAX);
    size = cosignature_message(message, time, text);
    keys_sign(&signature, seed, bytes_of(message, size));
    num_store_u64(out, time);
    memcpy(out + TIME_BYTES, signature.bytes, sizeof(signature.bytes));
}

enum err
cosignature_verify(const struct public_key *key, const uint8_t signature[72],
    struct bytes text)
{
    const uint64_t time = num_load_u64(signature);
    uint8_t message[COSIGNATURE_HEAD_MAX + CHECKPOINT_BYTES_MAX];
    struct signature plain;
    size_t size = 0;

    if (time > INT64_MAX || text.size > CHECKPOINT_BYTES_MAX) {
        return ERR_BAD_SIGNATURE;
    }
    size = cosignature_message(message, time, text);
    memcpy(plain.bytes, signature + TIME_BYTES, sizeof(plain.bytes));
    return keys_verify(key, bytes_of(message, size), &plain);
}
