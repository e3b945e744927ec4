/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/entry.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"

enum {
    LEAF_VERSION = 0x01,
    LEAF_HEADER = 4, /* offsets within the leaf */
    LEAF_BODY = 36,
    BODY_ABSENT = 0xffff /* in place of the body's size */
};

static_assert(LEAF_BODY + sizeof(struct hash) == ENTRY_LEAF_BYTES,
    "a leaf is four bytes and two hashes");
static_assert((int)ENTRY_BODY_BYTES_MAX < (int)BODY_ABSENT,
    "an absent body is no size that a body can have");

void
entry_hash_body(struct entry *entry)
{
    if (entry->has_body) {
        hash_sha256(&entry->body_hash, entry->body);
    }
}

void
entry_leaf(uint8_t out[ENTRY_LEAF_BYTES], const struct entry *entry)
{
    struct hash header_hash = {{0}};

    hash_sha256(&header_hash, entry->header);
    out[0] = LEAF_VERSION;
    out[1] = entry->kind;
    out[2] = 0;
    out[3] = 0;
    memcpy(out + LEAF_HEADER, header_hash.bytes, sizeof(header_hash.bytes));
    memcpy(out + LEAF_BODY, entry->body_hash.bytes,
        sizeof(entry->body_hash.bytes));
}

void
entry_leaf_hash(struct hash *out, const struct entry *entry)
{
    uint8_t leaf[ENTRY_LEAF_BYTES];

    entry_leaf(leaf, entry);
    merkle_leaf(out, bytes_of(leaf, sizeof(leaf)));
}

void
entry_put(struct buf *out, const struct entry *entry)
{
    assert(entry->header.size <= ENTRY_HEADER_BYTES_MAX);
    buf_put_u8(out, entry->kind);
    buf_put_bytes(out, entry->header);
    if (entry->has_body) {
        assert(entry->body.size <= ENTRY_BODY_BYTES_MAX);
        buf_put_u16(out, (uint16_t)entry->body.size);
        buf_put_bytes(out, entry->body);
    } else {
        buf_put_u16(out, BODY_ABSENT);
        buf_put_bytes(out, bytes_hash(&entry->body_hash));
    }
}

/* One CBOR item of at most the greatest header's size. */
static struct bytes
get_header(struct cursor *cursor)
{
    struct cursor limited = *cursor;
    struct bytes header = {NULL, 0};

    if (cursor_left(cursor) > ENTRY_HEADER_BYTES_MAX) {
        limited.end = limited.pos + ENTRY_HEADER_BYTES_MAX;
    }
    header = cbor_skip(&limited);
    if (limited.failed) {
        cursor_fail(cursor);
    }
    return cursor_take(cursor, header.size);
}

enum err
entry_get(struct entry *out, struct cursor *cursor)
{
    struct entry entry = {0};
    uint16_t size = 0;

    entry.kind = cursor_u8(cursor);
    entry.header = get_header(cursor);
    size = cursor_u16(cursor);
    entry.has_body = size != BODY_ABSENT;
    if (!entry.has_body) {
        cursor_copy(
            cursor, entry.body_hash.bytes, sizeof(entry.body_hash.bytes));
    } else if (size > ENTRY_BODY_BYTES_MAX) {
        cursor_fail(cursor);
    } else {
        entry.body = cursor_take(cursor, size);
    }
    if (cursor->failed) {
        return ERR_MALFORMED;
    }
    entry_hash_body(&entry);
    *out = entry;
    return ERR_OK;
}
