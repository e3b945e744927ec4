/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that text files of proofs consist of: each ended by one line
 * feed, each with one form (docs/protocol.md, "Audit files"). What breaks
 * it fails the cursor, which the reader asks at the end.
 */
#ifndef CORRIDOR_CRYPTO_TEXT_H
#define CORRIDOR_CRYPTO_TEXT_H

#include "crypto/base/buf.h"
#include "crypto/base/cursor.h"
#include "crypto/merkle.h"

/* The next line, as a view without its line feed. */
struct bytes text_take_line(struct cursor *cursor);

/* Take `line` and its line feed if they come next; failed otherwise. */
void text_take_exactly(struct cursor *cursor, const char *line);

/* Does the next line begin so? Nothing is taken. */
bool text_is_next(const struct cursor *cursor, const char *start);

/* The rest of the next line, which begins with `start`; at least a byte. */
struct bytes text_take_after(struct cursor *cursor, const char *start);

/* The decimal number behind `start`: no leading zeros, at most 64 bits. */
uint64_t text_take_number(struct cursor *cursor, const char *start);

/*
 * The base64 behind `start` ("" for a line of its own): padded, the bits
 * left over zero, at least one byte and at most `max`; as a view of the
 * base64. text_decode appends what it stands for.
 */
struct bytes text_take_base64(
    struct cursor *cursor, const char *start, size_t max);
void text_decode(struct buf *out, struct bytes base64);
void text_take_hash(struct cursor *cursor, const char *start, struct hash *out);

/*
 * Hashes, a line each, up to an empty line, which is taken too; more than
 * `max`, at most MERKLE_PROOF_MAX, fail the cursor.
 */
void text_take_proof(
    struct cursor *cursor, struct merkle_proof *out, size_t max);

/* Append base64 of any size, a line of it behind `start`, and a proof. */
void text_put_base64(struct buf *out, struct bytes bytes);
void text_put_base64_line(
    struct buf *out, const char *start, struct bytes bytes);
void text_put_proof(struct buf *out, const struct merkle_proof *proof);

#endif
