/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/entry.h"

#include <string.h>

#include "crypto/base/cbor.h"

enum {
    ITEMS_CHANGES = 5, /* time, clock, key, grants, seal */
    ITEMS_CONTROL = 6, /* time, clock, key, grants, seen, seal */
    DOT_ITEMS = 2,
    GRANT_ITEMS = 5,
    GRANTS_HEAD_ITEMS = 2, /* the key and its class, before the grants */
    PADDED_BYTES_MIN = 32
};

/* A number that its field can hold. */
static uint64_t
get_limited(struct cursor *cursor, uint64_t limit)
{
    uint64_t value = cbor_get_uint(cursor);

    if (value > limit) {
        cursor_fail(cursor);
    }
    return value;
}

static uint64_t
get_position(struct cursor *cursor)
{
    return get_limited(cursor, LOG_SIZE_MAX - 1);
}

static uint32_t
get_index(struct cursor *cursor)
{
    return (uint32_t)get_limited(cursor, UINT32_MAX);
}

static void
get_array_of(struct cursor *cursor, size_t count)
{
    if (cbor_get_array(cursor) != count) {
        cursor_fail(cursor);
    }
}

/* The bytes from `start` to where the cursor stands; none after a failure. */
static struct bytes
taken_since(const struct cursor *cursor, const uint8_t *start)
{
    if (cursor->failed) {
        return bytes_of(NULL, 0);
    }
    return bytes_of(start, (size_t)(cursor->pos - start));
}

/*
 * The pairs of a clock or seen: "indices ascend from 1 (this log is counted
 * without saying so), and new logs follow, ascending by id".
 */
static struct bytes
get_pairs(struct cursor *cursor, size_t *out_count)
{
    size_t items = cbor_get_array(cursor);
    const uint8_t *start = cursor->pos;
    uint64_t index = 0;
    struct bytes last = {NULL, 0};

    if (items % 2 != 0) {
        cursor_fail(cursor);
    }
    for (size_t i = 0; i < items / 2 && !cursor->failed; i++) {
        if (last.size == 0 && cbor_peek(cursor) == CBOR_UINT) {
            uint64_t next = get_index(cursor);

            if (next <= index) {
                cursor_fail(cursor);
            }
            index = next;
        } else {
            struct bytes id = cbor_get_bytes(cursor);

            if (id.size != LOG_ID_BYTES || bytes_compare(last, id) >= 0 ||
                id.data[LOG_ID_BYTES - 1] > LOG_CHANGES) {
                cursor_fail(cursor);
            }
            last = id;
        }
        if (get_limited(cursor, LOG_SIZE_MAX) == 0) {
            cursor_fail(cursor);
        }
    }
    *out_count = items / 2;
    return taken_since(cursor, start);
}

/* "A dot in this log has no other form than its position alone." */
static struct author_dot
get_dot(struct cursor *cursor)
{
    struct author_dot dot = {0};

    if (cbor_peek(cursor) == CBOR_UINT) {
        dot.position = get_position(cursor);
        return dot;
    }
    get_array_of(cursor, DOT_ITEMS);
    dot.index = get_index(cursor);
    dot.position = get_position(cursor);
    if (dot.index == 0) {
        cursor_fail(cursor);
    }
    return dot;
}

static void
get_grant(struct cursor *cursor, struct grant *out)
{
    get_array_of(cursor, GRANT_ITEMS);
    out->generation.index = get_index(cursor);
    out->generation.position = get_position(cursor);
    out->mode = (uint8_t)get_limited(cursor, GRANT_BOXED);
    out->purpose = (uint8_t)get_limited(cursor, PURPOSE_EMERGENCY);
    out->has_expiry = !cbor_take_null(cursor);
    out->expiry_ms = out->has_expiry ? cbor_get_uint(cursor) : 0;
}

/* The key of the grants: a new one's commitment, or an older one's dot. */
static void
get_grants_key(struct cursor *cursor, struct header *out, uint64_t position)
{
    if (cbor_peek(cursor) == CBOR_BYTES) {
        out->creates_key = true;
        cbor_get_fixed(
            cursor, out->commitment.bytes, sizeof(out->commitment.bytes));
        out->grants_key = (struct author_dot){0, position};
        return;
    }
    out->grants_key = get_dot(cursor);
    if (out->grants_key.index == 0 && out->grants_key.position >= position) {
        cursor_fail(cursor);
    }
}

static void
get_grants(struct cursor *cursor, struct header *out, uint64_t position)
{
    size_t items = 0;
    const uint8_t *start = NULL;
    struct grant grant = {0};

    if (cbor_take_null(cursor)) {
        return;
    }
    out->has_grants = true;
    items = cbor_get_array(cursor);
    if (items <= GRANTS_HEAD_ITEMS ||
        items > GRANTS_HEAD_ITEMS + ENTRY_GRANTS_MAX) {
        cursor_fail(cursor);
        return;
    }
    get_grants_key(cursor, out, position);
    out->class = (uint8_t)get_limited(cursor, CLASS_COUNT - 1);
    start = cursor->pos;
    out->grant_count = items - GRANTS_HEAD_ITEMS;
    for (size_t i = 0; i < out->grant_count && !cursor->failed; i++) {
        get_grant(cursor, &grant);
        /* A generation is made by an entry before this one. */
        if (grant.generation.index == 0 &&
            grant.generation.position >= position) {
            cursor_fail(cursor);
        }
    }
    out->grants = taken_since(cursor, start);
}

/* The key that the entry stands under: an older one, or its own. */
static bool
key_stands(const struct header *header, uint64_t position)
{
    if (!header->has_key || header->key.index != 0) {
        return true;
    }
    return header->key.position < position ||
           (header->key.position == position && header->creates_key);
}

enum err
header_decode(struct header *out, struct bytes encoded, enum log_kind log_kind,
    uint64_t position)
{
    struct cursor cursor = cursor_init(encoded);
    struct header header = {0};
    bool is_control = log_kind == LOG_CONTROL;

    if (encoded.size > ENTRY_HEADER_BYTES_MAX) {
        return ERR_MALFORMED;
    }
    get_array_of(&cursor, is_control ? ITEMS_CONTROL : ITEMS_CHANGES);
    header.elapsed = cbor_get_uint(&cursor);
    header.clock = get_pairs(&cursor, &header.clock_count);
    header.has_key = !cbor_take_null(&cursor);
    if (header.has_key) {
        header.key = get_dot(&cursor);
    }
    get_grants(&cursor, &header, position);
    if (is_control) {
        header.seen = get_pairs(&cursor, &header.seen_count);
    }
    header.unsealed = taken_since(&cursor, encoded.data);
    cbor_get_fixed(&cursor, header.seal.bytes, sizeof(header.seal.bytes));
    if (cursor_end(&cursor) != ERR_OK || !key_stands(&header, position)) {
        return ERR_MALFORMED;
    }
    *out = header;
    return ERR_OK;
}

void
header_grant(struct grant *out, const struct header *header, size_t n)
{
    struct cursor cursor = cursor_init(header->grants);

    assert(n < header->grant_count);
    for (size_t i = 0; i <= n; i++) {
        get_grant(&cursor, out);
    }
    assert(!cursor.failed);
}

void
header_put_seal(struct buf *out, const struct seal *seal)
{
    cbor_put_bytes(out, bytes_of(seal->bytes, sizeof(seal->bytes)));
}

static size_t
wrapped_size(uint8_t mode)
{
    return mode == GRANT_WRAPPED ? SEAL_WRAPPED_BYTES : SEAL_BOXED_BYTES;
}

enum err
change_body_split(
    struct change_body *out, const struct header *header, struct bytes body)
{
    struct cursor grants = cursor_init(header->grants);
    struct cursor cursor = cursor_init(body);
    struct bytes wrapped[ENTRY_GRANTS_MAX];

    for (size_t i = 0; i < header->grant_count; i++) {
        struct grant grant = {0};

        get_grant(&grants, &grant);
        wrapped[i] = cursor_take(&cursor, wrapped_size(grant.mode));
    }
    if (cursor_left(&cursor) < SEAL_TAG_BYTES + PADDED_BYTES_MIN) {
        return ERR_MALFORMED;
    }
    memcpy(out->wrapped, wrapped, header->grant_count * sizeof(wrapped[0]));
    out->sealed = cursor_take(&cursor, cursor_left(&cursor));
    return ERR_OK;
}
