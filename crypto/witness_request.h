/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of a witness and what it answers: the body of
 * `POST add-checkpoint` (C2SP tlog-witness v1.0.0; docs/protocol.md,
 * "Witnesses"). The lines of an answer are read by checkpoint_note_answer.
 *
 *     old <decimal>
 *     <base64 of a hash>                   PROOF(old, size), lowest first
 *     …
 *     (an empty line)
 *     <the checkpoint's note, as it is>
 */
#ifndef CORRIDOR_CRYPTO_WITNESS_REQUEST_H
#define CORRIDOR_CRYPTO_WITNESS_REQUEST_H

#include "crypto/base/buf.h"
#include "crypto/merkle.h"

enum {
    WITNESS_PROOF_MAX = 63,
    WITNESS_REQUEST_BYTES_MAX = 72 * 1024,
    WITNESS_CONFLICT_BYTES_MAX = 21 /* 20 digits and a line feed */
};

struct witness_request {
    uint64_t old_size;
    struct merkle_proof proof;
    struct bytes checkpoint; /* the note, not read yet */
};

/* Append one. ERR_NOMEM, ERR_TOO_BIG (a proof of more than 63 hashes too). */
enum err witness_request_write(
    struct buf *out, const struct witness_request *request) MUST_USE;

/*
 * Read one: views into `encoded`. ERR_MALFORMED, ERR_TOO_BIG. A note that
 * is malformed is the caller's finding, as its status is another one.
 */
enum err witness_request_read(
    struct witness_request *out, struct bytes encoded) MUST_USE;

/*
 * The body of a 409, the size that the witness has: "<decimal>\n".
 * ERR_NOMEM, ERR_TOO_BIG; ERR_MALFORMED.
 */
enum err witness_conflict_write(struct buf *out, uint64_t size) MUST_USE;
enum err witness_conflict_read(
    uint64_t *out_size, struct bytes encoded) MUST_USE;

#endif
