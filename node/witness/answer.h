/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this node answers as a witness (C2SP tlog-witness v1.0.0;
 * docs/protocol.md, "Witnesses"): it cosigns heads of other members' logs, and
 * of logs that its operator lists, each only if it is shown to go on from the
 * one before. Both calls wait for the disk: on worker threads.
 */
#ifndef CORRIDOR_NODE_WITNESS_ANSWER_H
#define CORRIDOR_NODE_WITNESS_ANSWER_H

#include "node/node.h"
#include "node/witness/gate.h"
#include "node/witness/policy.h"

struct witness {
    struct node *node; /* borrowed; its store may be opened later */
    const struct witness_policy *policy; /* borrowed */
    struct witness_gate gate;
};

/* A status as of HTTP, and a text: release its body. */
struct witness_answer {
    unsigned status;
    bool is_size; /* of a 409: the size that this witness has */
    struct buf body;
};

/*
 * `POST add-checkpoint`:
 *
 *     200  cosigned, durably: the line of the cosignature
 *     400  malformed, or the old size is beyond the checkpoint's
 *     403  not signed by the log
 *     404  a log that this is no witness for
 *     409  the old size is not that of what was cosigned last, which is told;
 *          or it is of another tree of that size, or the log is forked
 *     422  the proof does not hold
 *     503  not now: no corridor yet, no room, too much to do
 */
void witness_add_checkpoint(const struct witness *witness, struct bytes request,
    struct witness_answer *out);

/* `GET <hex SHA-256 of the origin>/checkpoint`: what was cosigned last, or
 * 404. */
void witness_checkpoint(const struct witness *witness, struct bytes hash_hex,
    struct witness_answer *out);

#endif
