/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier keys that auditors and public tools need: who signs a log's
 * checkpoints, and who cosigns those of others (docs/protocol.md, "Heads").
 */
#ifndef CORRIDOR_SYNC_MODEL_LOG_KEY_H
#define CORRIDOR_SYNC_MODEL_LOG_KEY_H

#include "crypto/note.h"
#include "sync/model/log.h"

/* Of a log: named by its origin, Ed25519, the node's signing key. */
void log_key(struct note_key *out, const struct corridor_id *corridor,
    const struct log_id *log);

/*
 * Of a node as a cosigner: named
 *     corridor.internal/<corridor hex>/<node hex>/cosigner
 * of type cosignature/v1, with `cosign` of the node's certificate.
 */
void cosigner_key(struct note_key *out, const struct corridor_id *corridor,
    const struct node_id *node, const struct public_key *cosign);

/* Append a head as a signed note, by the log's signature alone. */
void log_checkpoint(struct buf *out, const struct corridor_id *corridor,
    const struct log_id *log, const struct head *head);

#endif
