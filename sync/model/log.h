/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs: signed heads, and the question "does this batch extend that log?"
 * (docs/protocol.md, "Heads" and "Batches").
 */
#ifndef CORRIDOR_SYNC_MODEL_LOG_H
#define CORRIDOR_SYNC_MODEL_LOG_H

#include "crypto/keys.h"
#include "crypto/merkle.h"
#include "sync/model/entry.h"

enum {
    LOG_ORIGIN_BYTES_MAX = 200,
    LOG_HEAD_BYTES = 104, /* size u64, root, signature */
    LOG_BATCH_ENTRIES_MAX = 256,
    LOG_BATCH_BYTES_MAX = 1024 * 1024 + 160 * 1024 /* cut at 1 MiB */
};

/* The signed statement of a log's size and root. */
struct head {
    uint64_t size;
    struct hash root;
    struct signature signature; /* Ed25519 over the checkpoint's text */
};

/*
 * The origin, which is also the note's key name:
 *     corridor.internal/<corridor hex>/<node hex>/control|changes
 */
void log_origin(char out[LOG_ORIGIN_BYTES_MAX + 1],
    const struct corridor_id *corridor, const struct log_id *log);
/* Append the checkpoint text that is signed: origin, size, root (C2SP). */
void log_head_text(struct buf *out, const struct corridor_id *corridor,
    const struct log_id *log, const struct head *head);
/* Fill in the signature over size and root. ERR_NOMEM: left as it was. */
enum err log_head_sign(struct head *head, const struct corridor_id *corridor,
    const struct log_id *log, const struct secret_key *sign_seed) MUST_USE;
/* ERR_OK or ERR_BAD_SIGNATURE (ERR_NOMEM). */
enum err log_head_verify(const struct head *head,
    const struct corridor_id *corridor, const struct log_id *log) MUST_USE;
/* The same size, root and signature. */
bool log_head_equal(const struct head *a, const struct head *b);
/* As LOG_HEAD_BYTES bytes on the wire and on disk; and read from there. */
void log_head_put(struct buf *out, const struct head *head);
void log_head_get(struct cursor *cursor, struct head *out);

/* A proof on the wire and on disk: its count u8, then its hashes. Reading
 * fails past MERKLE_PROOF_MAX. */
void log_proof_put(struct buf *out, const struct merkle_proof *proof);
void log_proof_get(struct cursor *cursor, struct merkle_proof *out);

/*
 * A batch [from, from + count) of one log, as received: entries are views.
 */
struct batch {
    struct log_id log;
    uint64_t from;
    struct entry *entries;
    size_t count;
    struct head head;          /* size >= from + count */
    struct merkle_proof proof; /* PROOF(from + count, head.size) */
};

/* The nodes each leaf completes, for storing: nodes of entry i are
 * nodes[first[i] .. first[i + 1]). A zeroed one is empty; it is filled anew,
 * using its memory again. */
struct batch_nodes {
    struct hash *nodes;
    size_t count;
    size_t capacity;
    uint32_t first[LOG_BATCH_ENTRIES_MAX + 1];
};
void batch_nodes_release(struct batch_nodes *nodes);

/*
 * Verify a batch against the stored edge: hashes its leaves onto *edge (a
 * copy the caller made; on failure it is undefined), checks the root against
 * the head by the proof. The head's signature is checked unless it equals
 * `trusted` (may be NULL), and before anything is hashed. ERR_GAP: from is
 * beyond the edge; ERR_STALE: it is before it (already held);
 * ERR_BAD_SIGNATURE: proof or signature; ERR_MALFORMED: no entries or more
 * than LOG_BATCH_ENTRIES_MAX, a head of fewer than it brings, a size beyond
 * LOG_SIZE_MAX; ERR_NOMEM.
 */
enum err log_verify_batch(struct merkle_edge *edge,
    struct batch_nodes *out_nodes, const struct batch *batch,
    const struct corridor_id *corridor, const struct head *trusted) MUST_USE;

/*
 * A head is moved to a newer one: do they agree? PROOF(old.size, new.size);
 * signatures are the caller's to check. ERR_FORK when sizes are equal and
 * roots differ: the two heads are the evidence. ERR_STALE: `newer` is the
 * smaller one. ERR_BAD_SIGNATURE: the proof does not hold. That alone shows
 * nothing against the log, as whoever passes heads on can send a wrong proof.
 */
enum err log_heads_agree(const struct head *older, const struct head *newer,
    const struct merkle_proof *proof) MUST_USE;

/*
 * The same where it is known which root the newer tree really has at the
 * older head's size. ERR_FORK: it is another one and the proof leads from it
 * to the newer head: with both signatures that is evidence for anyone.
 */
enum err log_heads_fork(const struct head *older, const struct head *newer,
    const struct hash *root_at_older,
    const struct merkle_proof *proof) MUST_USE;

/*
 * Encoded batch (the payload of an entries frame):
 *   log id (33) | from u64 | count u16 | head size u64 | root (32) |
 *   signature (64) | proof count u8 | proof hashes (32 each) | entries
 * Encoding appends; ERR_MALFORMED for counts that log_verify_batch refuses,
 * ERR_TOO_BIG past LOG_BATCH_BYTES_MAX (what was written is taken back).
 * Strict decode: entries are allocated with mem_alloc (count is bounded
 * first) and view into `encoded`; release with batch_release. ERR_MALFORMED,
 * ERR_TOO_BIG, ERR_NOMEM; *out is untouched then.
 */
enum err batch_encode(struct buf *out, const struct batch *batch) MUST_USE;
enum err batch_decode(struct batch *out, struct bytes encoded) MUST_USE;
void batch_release(struct batch *batch);

#endif
