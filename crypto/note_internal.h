/* SPDX-License-Identifier: Apache-2.0 */
/* What notes and checkpoints are read with. */
#ifndef CORRIDOR_CRYPTO_NOTE_INTERNAL_H
#define CORRIDOR_CRYPTO_NOTE_INTERNAL_H

#include "crypto/base/buf.h"
#include "crypto/base/cursor.h"
#include "crypto/note.h"

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

/*
 * Take signature lines up to the end and add them to the note's; at least
 * one must stand there. ERR_MALFORMED, ERR_TOO_BIG.
 */
enum err note_take_lines(struct note *note, struct cursor *cursor) MUST_USE;

/* Is this line by that key, whether it holds or not? And does it hold? */
bool note_line_is_by(
    const struct note_signature *line, const struct note_key *key);
bool note_line_holds(const struct note_signature *line,
    const struct note_key *key, struct bytes text);

#endif
