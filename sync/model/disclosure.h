/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One change opened to who may not read the rest, as a file
 * (docs/protocol.md, "Disclosures"): what stands in the log, what it says,
 * and the secret that ties the two together. It opens this change alone.
 *
 *     corridor-disclosure@v1
 *     header <base64>
 *     body <base64 of SHA-256(body)>
 *     opening <base64 of r>
 *     plaintext <base64, as it was sealed: padded>
 *     (an empty line)
 *     <a proof file without extra data, as it is>
 *
 * The plaintext is personal data in clear: the file is for its receiver.
 */
#ifndef CORRIDOR_SYNC_MODEL_DISCLOSURE_H
#define CORRIDOR_SYNC_MODEL_DISCLOSURE_H

#include "crypto/proof_file.h"
#include "sync/model/entry.h"

enum { DISCLOSURE_BYTES_MAX = 512 * 1024 };

struct disclosure {
    struct buf header;
    struct hash body_hash;
    struct hash opening;  /* r of "Sealing" */
    struct buf plaintext; /* padded: codec_unpack of sync/model/change.h */
    struct proof_file proof;
};

/* Wipe and free what it holds; zeroed is fine. */
void disclosure_release(struct disclosure *disclosure);

/* Append the file. ERR_NOMEM, ERR_TOO_BIG. */
enum err disclosure_write(
    struct buf *out, const struct disclosure *disclosure) MUST_USE;

/*
 * Read one; the proof's views live as long as `encoded`. ERR_MALFORMED,
 * ERR_TOO_BIG, ERR_NOMEM. To be released by the caller.
 */
enum err disclosure_read(
    struct disclosure *out, struct bytes encoded) MUST_USE;

/* The 68 bytes that stand in the log: of kind 1, a change. */
void disclosure_leaf(
    uint8_t out[ENTRY_LEAF_BYTES], const struct disclosure *disclosure);

/*
 * Does this change stand in that log, and say that? ERR_MALFORMED: a header
 * or checkpoint that breaks its form. ERR_BAD_SIGNATURE: the keys' log is
 * not the one named, a checkpoint, proof or seal that does not hold.
 * *out_note (may be NULL) gets the checkpoint.
 */
struct disclosure_place {
    const struct corridor_id *corridor;
    const struct log_id *log;
};
enum err disclosure_verify(const struct disclosure *disclosure,
    const struct disclosure_place *place, const struct checkpoint_keys *keys,
    struct checkpoint_note *out_note) MUST_USE;

#endif
