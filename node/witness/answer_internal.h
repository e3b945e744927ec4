/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of a witness's answers only. */
#ifndef CORRIDOR_NODE_WITNESS_ANSWER_INTERNAL_H
#define CORRIDOR_NODE_WITNESS_ANSWER_INTERNAL_H

#include "node/witness/answer.h"
#include "storage/witness.h"
#include "sync/model/log_key.h"

/* A log that this node may be a witness for. */
struct witness_log {
    bool is_member; /* of our corridor: `id` is the log */
    struct log_id id;
    struct note_key key;
    char note_name[80]; /* where what was cosigned last is kept */
};

/* Is it one? ERR_NOT_FOUND. */
enum err witness_log_find(struct witness_log *out,
    const struct witness *witness, const char *origin,
    struct err_msg *msg) MUST_USE;
/* The same by SHA-256 of its origin, in lower-case hex. */
enum err witness_log_find_hash(struct witness_log *out,
    const struct witness *witness, struct bytes hash_hex,
    struct err_msg *msg) MUST_USE;

/* The key that this node cosigns with. */
void witness_own_key(struct note_key *out, const struct witness *witness);

/* Append our line. */
void witness_put_line(struct buf *out, const struct witness *witness,
    uint64_t time, const struct signature *signature);

/* What was cosigned last of a log that is no member's: its note as kept, with
 * the log's line and then ours. ERR_CORRUPT. */
struct witness_note {
    struct witness_tree tree;
    struct bytes line; /* ours, a view */
    uint64_t time;
};
enum err witness_note_read(struct witness_note *out,
    const struct witness *witness, struct bytes note) MUST_USE;

/* The answer's text where it is not the protocol's own. */
void witness_refuse(
    struct witness_answer *out, unsigned status, const char *text);

#endif
