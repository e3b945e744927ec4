/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being asked, by proof, to vouch for a head of another member's log
 * (docs/protocol.md, "Witnesses"). There is one truth about what this node
 * vouches for: the cosignatures that it makes so are those of storage/vouch.h,
 * and what it holds of the log itself is looked at as well.
 */
#ifndef CORRIDOR_STORAGE_WITNESS_H
#define CORRIDOR_STORAGE_WITNESS_H

#include "crypto/witness_judge.h"
#include "storage/vouch.h"

/* That the first `old_size` entries are those that the head's tree begins
 * with. */
struct witness_ask {
    uint64_t old_size;
    const struct merkle_proof *proof;
    const struct head *head;
    const struct head *last; /* that was vouched for last, as it was signed, if
                                the caller has kept it; else NULL */
};

struct witness_vouched {
    enum witness_verdict verdict;
    bool is_forked;          /* the head showed a fork: the evidence is kept */
    struct cosignature last; /* what we vouch for now; of size 0: nothing */
};

/*
 * Part of a write transaction; what it signs may be shown after the commit.
 * First the greatest head that is held in full is vouched for, as store_cosign
 * does; then the head asked for is compared with the entries that are held, and
 * judged by the proof. A forked log is vouched for no more: WITNESS_CONFLICT.
 *
 * ERR_NOT_FOUND: not a log that this node vouches for: unknown, its own, of a
 * node that is no member's, or nobody may look up our key. ERR_BAD_SIGNATURE:
 * the log's author did not sign the head. ERR_MALFORMED: a size of 0, or beyond
 * LOG_SIZE_MAX.
 */
enum err store_witness(struct store *store, const struct log_id *log,
    const struct witness_ask *ask, struct witness_vouched *out,
    struct err_msg *msg) MUST_USE;

/* The same without being asked for a head: what we vouch for now, where all
 * that is held in full has been vouched for. ERR_NOT_FOUND. */
enum err store_witness_last(struct store *store, const struct log_id *log,
    struct cosignature *out, struct err_msg *msg) MUST_USE;

#endif
