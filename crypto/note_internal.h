/* SPDX-License-Identifier: Apache-2.0 */
/* What notes and checkpoints are read with. */
#ifndef CORRIDOR_CRYPTO_NOTE_INTERNAL_H
#define CORRIDOR_CRYPTO_NOTE_INTERNAL_H

#include "crypto/base/buf.h"
#include "crypto/base/cursor.h"

/* UTF-8 without control characters but the newlines that end its lines? */
bool note_is_text(struct bytes text);

/* The bytes before the next `stop`, which is consumed; fails without one. */
struct bytes note_take_until(struct cursor *cursor, uint8_t stop);

/* Append base64 with padding (RFC 4648, section 4) of at most 76 bytes. */
void note_put_base64(struct buf *out, struct bytes bytes);

/*
 * Decode base64 of any size, strictly: padded, the bits left over zero. The
 * first `capacity` bytes go to out, the size of all to *out_size; false, with
 * both undefined, for anything else.
 */
bool note_get_base64(
    uint8_t *out, size_t capacity, size_t *out_size, struct bytes text);

#endif
