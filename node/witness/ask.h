/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking outside witnesses to cosign our own two logs (docs/protocol.md,
 * "Witnesses"): for each log that has grown since a witness cosigned it, the
 * proof from that size on is sent, and what comes back is kept only if it
 * holds under the key that the operator wrote down, over exactly our
 * checkpoint.
 *
 *     our head beyond what it cosigned? -> POST -> 200: verify, keep
 *                                               -> 409: from its size again
 *                                               -> else: say why, later again
 *
 * It waits for others: on a worker thread. The store is used, within the gate,
 * only in between.
 */
#ifndef CORRIDOR_NODE_WITNESS_ASK_H
#define CORRIDOR_NODE_WITNESS_ASK_H

#include "node/node.h"
#include "node/witness/fetch.h"
#include "node/witness/gate.h"
#include "node/witness/witnessed.h"

enum { ASK_TRIES_MAX = 3, ASK_RESULTS_MAX = 2 * POLICY_WITNESSES_MAX };

struct ask_options {
    struct node *node;
    const struct witness_policy *policy;
    struct witness_gate gate;
    const char *only;        /* a witness's name or URL; NULL: all */
    const atomic_bool *stop; /* set: give up soon; may be NULL */
    /* fetch_post, or a test's own. */
    enum err (*post)(const struct fetch *fetch, unsigned *out_status,
        struct buf *out, struct err_msg *msg);
};

/* One witness and one log. */
struct ask_result {
    const struct policy_witness *witness; /* of the policy */
    enum log_kind kind;
    bool was_asked; /* else it had cosigned all there is */
    bool has_failed;
    uint64_t size;    /* that it vouches for now; 0: nothing */
    uint64_t entries; /* of our log */
    char trouble[WITNESSED_TROUBLE_BYTES_MAX + 1]; /* why it failed */
};

/*
 * Ask each in turn and keep what comes of it; `out` has room for
 * ASK_RESULTS_MAX. ERR_NOT_FOUND: no such witness in the policy, or none at
 * all. ERR_CONFIG: no corridor yet; ERR_CLOSED: stopped; others: our store's.
 */
enum err ask_witnesses(const struct ask_options *options,
    struct ask_result *out, size_t *out_count, struct err_msg *msg) MUST_USE;

#endif
