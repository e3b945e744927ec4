/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cosignatures: a node vouches for a head of another's log that it has
 * reached in full, by a C2SP cosignature/v1 over the head's checkpoint text
 * (docs/protocol.md, "Cosignatures"). The key is the certificate's cosign
 * key; its name in notes is cosigner_key's (sync/model/log_key.h).
 */
#ifndef CORRIDOR_SYNC_MODEL_COSIGN_H
#define CORRIDOR_SYNC_MODEL_COSIGN_H

#include "sync/model/log.h"

struct cosignature {
    struct log_id log;
    struct node_id cosigner;
    uint64_t size; /* of the head that it is over, */
    struct hash root;
    uint64_t time; /* Unix seconds, when it was made */
    struct signature signature;
};

/*
 * As bytes, the payload of a vouch frame:
 *
 *     offset  size  meaning
 *          0    33  log id
 *         33    32  the cosigner's node id
 *         65     8  size u64
 *         73    32  root
 *        105     8  time u64
 *        113    64  signature
 */
enum { COSIGNATURE_BYTES = LOG_ID_BYTES + 32 + 8 + 32 + 8 + 64 };

/* Append the bytes. */
void cosignature_encode(struct buf *out, const struct cosignature *cosignature);
/* Decode strictly; verifies nothing. ERR_MALFORMED: another size of bytes, a
 * kind of log that is none, a size of 0 or beyond LOG_SIZE_MAX, a time beyond
 * 2^63 - 1; *out is untouched then. */
enum err cosignature_decode(
    struct cosignature *out, struct bytes encoded) MUST_USE;

/* Fill in the signature over the rest, but for the cosigner, whose seed this
 * is. ERR_NOMEM: left as it was. */
enum err cosignature_make(struct cosignature *cosignature,
    const struct corridor_id *corridor,
    const struct secret_key *cosign_seed) MUST_USE;
/* Does it hold under the cosigner's key? ERR_BAD_SIGNATURE; ERR_NOMEM. */
enum err cosignature_check(const struct cosignature *cosignature,
    const struct corridor_id *corridor, const struct public_key *key) MUST_USE;

#endif
