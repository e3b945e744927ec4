/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic CBOR (RFC 8949, section 4.2.1), the part corridor uses:
 * unsigned and negative integers, byte and text strings, arrays, maps, false,
 * true, null. No floats, no tags, no indefinite lengths. One value has one
 * encoding: the reader refuses longer forms of a head, text that is not
 * UTF-8, and map keys that are unsorted (bytewise order of their encodings)
 * or repeated. It never allocates; depth is at most CBOR_DEPTH_MAX.
 */
#ifndef CORRIDOR_CRYPTO_BASE_CBOR_H
#define CORRIDOR_CRYPTO_BASE_CBOR_H

#include "crypto/base/buf.h"
#include "crypto/base/cursor.h"

enum { CBOR_DEPTH_MAX = 16 };

enum cbor_type {
    CBOR_UINT,
    CBOR_NINT,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_FALSE,
    CBOR_TRUE,
    CBOR_NULL,
    CBOR_INVALID /* the end, or a head outside the profile */
};

/* Writing: into a buf, whose failure is sticky. */
void cbor_put_uint(struct buf *buf, uint64_t value);
void cbor_put_int(struct buf *buf, int64_t value);
void cbor_put_bytes(struct buf *buf, struct bytes bytes);
void cbor_put_text(struct buf *buf, struct bytes text); /* must be UTF-8 */
void cbor_put_cstr(struct buf *buf, const char *text);
void cbor_put_array(struct buf *buf, size_t count); /* then count items */
void cbor_put_map(struct buf *buf, size_t count);   /* then sorted pairs */
void cbor_put_bool(struct buf *buf, bool value);
void cbor_put_null(struct buf *buf);

/* Reading: a wrong type fails the cursor and yields zero or empty. */
enum cbor_type cbor_peek(const struct cursor *cursor);
uint64_t cbor_get_uint(struct cursor *cursor);
int64_t cbor_get_int(struct cursor *cursor); /* fails beyond int64 */
bool cbor_get_bool(struct cursor *cursor);
void cbor_get_null(struct cursor *cursor);
struct bytes cbor_get_bytes(struct cursor *cursor);
struct bytes cbor_get_text(struct cursor *cursor);
/* A byte string of exactly `size` bytes, copied to out. */
void cbor_get_fixed(struct cursor *cursor, void *out, size_t size);
/*
 * An array's or map's count. It fails when more items are claimed than bytes
 * are left, so a loop over the count is bounded by the input. The order of a
 * map's keys is not seen here: a decoder that walks a map asks for each key
 * it expects in order, or has the whole item checked first by cbor_skip.
 */
size_t cbor_get_array(struct cursor *cursor);
size_t cbor_get_map(struct cursor *cursor);
/* True and consumed if the next item is null. */
bool cbor_take_null(struct cursor *cursor);
/*
 * Step over one whole item of any type, checking all the rules above (depth,
 * key order and UTF-8 too), and return its encoding; failed if it breaks one.
 * Iterative: input does not drive recursion.
 */
struct bytes cbor_skip(struct cursor *cursor);

/* Is `bytes` exactly one valid item with nothing after it? */
bool cbor_valid(struct bytes bytes);

#endif
