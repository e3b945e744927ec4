/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/log.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/note.h"
#include "sync/model/log_internal.h"

static_assert((int)LOG_ORIGIN_BYTES_MAX <= (int)NOTE_NAME_BYTES_MAX,
    "an origin is a key name");

void
log_origin(char out[LOG_ORIGIN_BYTES_MAX + 1],
    const struct corridor_id *corridor, const struct log_id *log)
{
    char corridor_hex[2 * sizeof(corridor->bytes) + 1];
    char node_hex[2 * sizeof(log->node.bytes) + 1];
    int size = 0;

    hex_encode(corridor_hex, bytes_of(corridor->bytes, sizeof(*corridor)));
    hex_encode(node_hex, bytes_of(log->node.bytes, sizeof(log->node)));
    size = snprintf(out, LOG_ORIGIN_BYTES_MAX + 1, "corridor.internal/%s/%s/%s",
        corridor_hex, node_hex,
        log->kind == LOG_CONTROL ? "control" : "changes");
    assert(size > 0 && size <= LOG_ORIGIN_BYTES_MAX);
}

void
log_head_text(struct buf *out, const struct corridor_id *corridor,
    const struct log_id *log, const struct head *head)
{
    struct checkpoint checkpoint = {.size = head->size, .root = head->root};

    log_origin(checkpoint.origin, corridor, log);
    checkpoint_format(out, &checkpoint);
}

enum err
log_head_sign(struct head *head, const struct corridor_id *corridor,
    const struct log_id *log, const struct secret_key *sign_seed)
{
    struct buf text = {0};
    enum err rc = ERR_OK;

    log_head_text(&text, corridor, log, head);
    rc = buf_err(&text);
    if (rc == ERR_OK) {
        keys_sign(&head->signature, sign_seed, buf_bytes(&text));
    }
    buf_release(&text);
    return rc;
}

enum err
log_head_verify(const struct head *head, const struct corridor_id *corridor,
    const struct log_id *log)
{
    struct buf text = {0};
    enum err rc = ERR_OK;

    log_head_text(&text, corridor, log, head);
    rc = buf_err(&text);
    if (rc == ERR_OK) {
        rc = keys_verify_node(&log->node, buf_bytes(&text), &head->signature);
    }
    buf_release(&text);
    return rc;
}

bool
log_head_equal(const struct head *a, const struct head *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root) &&
           memcmp(&a->signature, &b->signature, sizeof(a->signature)) == 0;
}

/* Is the tree of `size` leaves with `root` a prefix of the head's? */
static enum err
verify_prefix(uint64_t size, const struct hash *root, const struct head *head,
    const struct merkle_proof *proof)
{
    struct merkle_claim claim = {
        .end = size,
        .size = head->size,
        .subtree = root,
        .root = &head->root,
    };

    return merkle_verify_consistency(size, root, &claim, proof);
}

enum err
log_heads_fork(const struct head *older, const struct head *newer,
    const struct hash *root_at_older, const struct merkle_proof *proof)
{
    enum err rc = ERR_OK;

    if (newer->size < older->size) {
        return ERR_STALE;
    }
    rc = verify_prefix(older->size, root_at_older, newer, proof);
    if (rc != ERR_OK) {
        return rc;
    }
    return hash_equal(root_at_older, &older->root) ? ERR_OK : ERR_FORK;
}

enum err
log_heads_agree(const struct head *older, const struct head *newer,
    const struct merkle_proof *proof)
{
    /* No proof is needed to see that two roots of one size differ. */
    if (newer->size == older->size && !hash_equal(&newer->root, &older->root)) {
        return ERR_FORK;
    }
    return log_heads_fork(older, newer, &older->root, proof);
}

static enum err
check_place(const struct batch *batch, const struct merkle_edge *edge)
{
    if (batch->from > edge->size) {
        return ERR_GAP;
    }
    return batch->from < edge->size ? ERR_STALE : ERR_OK;
}

void
batch_nodes_release(struct batch_nodes *nodes)
{
    if (nodes == NULL) {
        return;
    }
    mem_free(nodes->nodes);
    *nodes = (struct batch_nodes){0};
}

/* Hash the entries onto the edge, keeping the nodes that they complete. */
static enum err
append_all(struct merkle_edge *edge, struct batch_nodes *nodes,
    const struct batch *batch)
{
    nodes->count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct hash leaf = {{0}};
        enum err rc = mem_grow((void **)&nodes->nodes, &nodes->capacity,
            nodes->count + MERKLE_LEVELS_MAX, sizeof(*nodes->nodes));

        if (rc != ERR_OK) {
            return rc;
        }
        nodes->first[i] = (uint32_t)nodes->count;
        entry_leaf_hash(&leaf, &batch->entries[i]);
        nodes->count += merkle_append(edge, &leaf, nodes->nodes + nodes->count);
    }
    nodes->first[batch->count] = (uint32_t)nodes->count;
    return ERR_OK;
}

enum err
log_verify_batch(struct merkle_edge *edge, struct batch_nodes *out_nodes,
    const struct batch *batch, const struct corridor_id *corridor,
    const struct head *trusted)
{
    struct hash root = {{0}};
    enum err rc = batch_check(batch);

    if (rc == ERR_OK) {
        rc = check_place(batch, edge);
    }
    if (rc == ERR_OK &&
        (trusted == NULL || !log_head_equal(trusted, &batch->head))) {
        rc = log_head_verify(&batch->head, corridor, &batch->log);
    }
    if (rc == ERR_OK) {
        rc = append_all(edge, out_nodes, batch);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    merkle_root(&root, edge);
    return verify_prefix(edge->size, &root, &batch->head, &batch->proof);
}
