/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands beside a log's tiles of level 0, 1 to 256 entries to a file:
 * entry bundles (C2SP tlog-tiles v0.1.0) and corridor's bundles of headers
 * (docs/protocol.md, "Tiles").
 *
 *     entry    u16 size ‖ bytes                    the 68 bytes of the leaf
 *     header   u16 size ‖ header ‖ u8 body's state [‖ u16 size ‖ body]
 *
 * One form each: what is read writes the same bytes again.
 */
#ifndef CORRIDOR_CRYPTO_BUNDLE_H
#define CORRIDOR_CRYPTO_BUNDLE_H

#include "crypto/base/buf.h"
#include "crypto/base/cursor.h"

enum {
    BUNDLE_ENTRY_BYTES_MAX = 65535,
    BUNDLE_BYTES_MAX = 256 * (2 + BUNDLE_ENTRY_BYTES_MAX),
    /* A header, its state, and a body. */
    BUNDLE_HEADERS_BYTES_MAX = 256 * (2 + 65535 + 1 + 2 + 65535)
};

/* Append one entry; more than 65,535 bytes fail the buffer: ERR_TOO_BIG. */
void bundle_put(struct buf *out, struct bytes entry);

/*
 * The next entry of a bundle, as a view; empty, and the cursor failed, where
 * there is none. A reader takes as many as the file's width says and then
 * asks cursor_end(), which demands that nothing is left.
 */
struct bytes bundle_next(struct cursor *cursor);

/*
 * What the one who wrote a bundle of headers knew of a body. The last three,
 * which no hash covers, differ in two bits each: one flipped bit is seen.
 */
enum bundle_body {
    BUNDLE_BODY_HERE = 0,    /* it follows: control and erase entries */
    BUNDLE_BODY_HELD = 1,    /* the writer held it */
    BUNDLE_BODY_LACKING = 2, /* the writer lacked it */
    BUNDLE_BODY_DENIED = 4   /* the writer may not hold it: an auditor */
};

struct bundle_header {
    struct bytes header;
    enum bundle_body state;
    struct bytes body; /* with BUNDLE_BODY_HERE; empty otherwise */
};

/* Append one; a header or body beyond 65,535 bytes: ERR_TOO_BIG. */
void bundle_put_header(struct buf *out, const struct bundle_header *item);
/* The next one, as views; the cursor failed where it breaks its form. */
struct bundle_header bundle_next_header(struct cursor *cursor);

#endif
