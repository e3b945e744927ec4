/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of a fork: what shows anyone who knows a log's name that its author
 * signed two histories of it (docs/protocol.md, "Forked logs").
 *
 * Two heads a and b of one log, a.size <= b.size, and the root that b's tree
 * really has at a's size, with the proof of that. It is not a's root, so no
 * tree holds both. Where the sizes are equal that root is b's own and the
 * proof empty. Under 3 KB, and no entry is needed to judge it.
 */
#ifndef CORRIDOR_SYNC_MODEL_EVIDENCE_H
#define CORRIDOR_SYNC_MODEL_EVIDENCE_H

#include "sync/model/log.h"

struct evidence {
    struct log_id log;
    struct head a;             /* of 1 entry at least, */
    struct head b;             /* and this of as many or more */
    struct hash root;          /* of b's tree at a.size */
    struct merkle_proof proof; /* PROOF(a.size, b.size), from root to b.root */
};

/*
 * As bytes, the payload of a fork frame and what is stored:
 *
 *     offset  size  meaning
 *          0    33  log id
 *         33   104  head a: size u64, root, signature
 *        137   104  head b
 *        241    32  root
 *        273     1  p, the number of hashes, at most 65
 *        274   32p  the proof, lowest first
 */
enum {
    EVIDENCE_BYTES_MIN = LOG_ID_BYTES + 2 * LOG_HEAD_BYTES + 32 + 1,
    EVIDENCE_BYTES_MAX = EVIDENCE_BYTES_MIN + 32 * MERKLE_PROOF_MAX
};

/*
 * Does it show a fork of that log of that corridor? ERR_OK if so.
 * ERR_MALFORMED: sizes out of order, 0 or beyond LOG_SIZE_MAX.
 * ERR_BAD_SIGNATURE: a signature or the proof does not hold, or the root is
 * a's, which contradicts nothing. ERR_NOMEM.
 */
enum err evidence_verify(const struct evidence *evidence,
    const struct corridor_id *corridor) MUST_USE;

/* Append the bytes. ERR_MALFORMED for sizes as above, or too many hashes;
 * ERR_NOMEM or ERR_TOO_BIG by the buffer. */
enum err evidence_encode(
    struct buf *out, const struct evidence *evidence) MUST_USE;
/* Decode strictly; verifies nothing. ERR_MALFORMED or ERR_TOO_BIG: *out is
 * untouched then. */
enum err evidence_decode(struct evidence *out, struct bytes encoded) MUST_USE;

#endif
