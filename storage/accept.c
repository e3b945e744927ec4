/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one write path for entries from elsewhere: nothing unverified touches
 * the disk (docs/storage.md, "The write path"; docs/protocol.md, "Batches").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/store_internal.h"

/* Whose log may begin here without being known: the founder's, by the hash
 * that is the corridor's name; and a node that an admitted office certified. */
static enum err
judge_first(struct store *store, const struct batch *batch)
{
    struct statement statement = {0};
    struct corridor_id id;
    enum err rc = ERR_OK;

    if (batch->log.kind != LOG_CONTROL || batch->from != 0 ||
        batch->count == 0 || batch->entries[0].kind != ENTRY_CONTROL ||
        !batch->entries[0].has_body) {
        return ERR_GAP;
    }
    rc = statement_decode(&statement, batch->entries[0].body);
    if (rc != ERR_OK) {
        return rc == ERR_NOMEM ? rc : ERR_DENIED;
    }
    rc = ERR_DENIED;
    if (statement.type == STATEMENT_FOUND) {
        statement_corridor_id(&id, statement.founding);
        for (size_t i = 0; i < statement.founder_count; i++) {
            if (corridor_id_equal(&id, &store->corridor) &&
                node_id_equal(
                    &statement.founders[i].cert.keys.sign, &batch->log.node)) {
                rc = ERR_OK;
            }
        }
    } else if (statement.type == STATEMENT_ENROL &&
               corridor_id_equal(&statement.cert.corridor, &store->corridor) &&
               node_id_equal(&statement.cert.keys.sign, &batch->log.node)) {
        rc = membership_office(&store->membership, &statement.cert.office) !=
                     NULL
                 ? ERR_OK
                 : ERR_GAP;
    }
    statement_release(&statement);
    return rc;
}

static enum err
judge_author(struct store *store, const struct batch *batch)
{
    if (node_id_equal(&batch->log.node, &store->self.sign) ||
        membership_node(&store->membership, &batch->log.node) != NULL) {
        return ERR_OK;
    }
    return judge_first(store, batch);
}

static bool
heads_equal(const struct head *a, const struct head *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root) &&
           memcmp(a->signature.bytes, b->signature.bytes,
               sizeof(a->signature.bytes)) == 0;
}

/* Two signed heads of one size with two roots: a fork, whatever the rest. */
static bool
contradicts(const struct log_state *state, const struct head *head)
{
    if (state->has_head && state->head.size == head->size) {
        return !hash_equal(&state->head.root, &head->root);
    }
    if (state->has_target && state->target.size == head->size) {
        return !hash_equal(&state->target.root, &head->root);
    }
    for (size_t i = 0; i < state->awaited_count; i++) {
        if (state->awaited[i].size == head->size) {
            return !hash_equal(&state->awaited[i].root, &head->root);
        }
    }
    return false;
}

/* Heads that the new prefix reaches must have the root it has there. */
static enum err
check_awaited(const struct log_state *state, const struct batch *batch,
    const struct batch_nodes *nodes)
{
    struct merkle_edge edge = state->edge;
    struct hash completed[MERKLE_LEVELS_MAX];
    struct hash root;

    for (size_t i = 0; i < batch->count; i++) {
        merkle_append(&edge, &nodes->nodes[nodes->first[i]], completed);
        for (size_t k = 0; k < state->awaited_count; k++) {
            if (state->awaited[k].size != edge.size) {
                continue;
            }
            merkle_root(&root, &edge);
            if (!hash_equal(&root, &state->awaited[k].root)) {
                return ERR_FORK;
            }
        }
        if (state->has_target && state->target.size == edge.size) {
            merkle_root(&root, &edge);
            if (!hash_equal(&root, &state->target.root)) {
                return ERR_FORK;
            }
        }
    }
    return ERR_OK;
}

/* After [.., size) is in: which heads are reached, which still awaited. */
static void
settle_heads(struct log_state *state, const struct batch *batch)
{
    struct head awaited[LOG_AWAITED_MAX + 1];
    size_t count = 0;

    for (size_t i = 0; i < state->awaited_count; i++) {
        if (state->awaited[i].size > state->edge.size) {
            awaited[count++] = state->awaited[i];
        }
    }
    if (state->has_target && state->target.size > state->edge.size &&
        !heads_equal(&state->target, &batch->head)) {
        awaited[count++] = state->target;
    }
    /* The newest are kept: they are met last. */
    state->awaited_count = count < LOG_AWAITED_MAX ? count : LOG_AWAITED_MAX;
    memcpy(state->awaited, awaited + (count - state->awaited_count),
        state->awaited_count * sizeof(*awaited));
    state->has_target = batch->head.size > state->edge.size;
    if (state->has_target) {
        state->target = batch->head;
        state->beyond = batch->proof;
    } else {
        state->has_head = true;
        state->head = batch->head;
    }
    state->is_dirty = true;
}

/* What is held already is not looked at again; the proof is for the end. */
static enum err
skip_held(const struct log_state *state, struct batch *batch)
{
    uint64_t held = state->edge.size;

    if (batch->from > held) {
        return ERR_GAP;
    }
    if (batch->from + batch->count <= held) {
        return ERR_STALE;
    }
    batch->entries += held - batch->from;
    batch->count -= (size_t)(held - batch->from);
    batch->from = held;
    return ERR_OK;
}

static const struct head *
trusted_head(const struct log_state *state, const struct head *head)
{
    if (state->has_target && heads_equal(&state->target, head)) {
        return &state->target;
    }
    return state->has_head && heads_equal(&state->head, head) ? &state->head
                                                              : NULL;
}

/* Bodies may be absent only where an erasure covers them: none does yet. */
static enum err
check_bodies(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->entries[i].has_body) {
            return ERR_DENIED;
        }
    }
    return ERR_OK;
}

static enum err
append_all(struct store *store, uint32_t log, const struct batch *batch,
    struct err_msg *msg)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < batch->count && rc == ERR_OK; i++) {
        uint32_t first = store->nodes.first[i];
        struct append append = {
            .log = log,
            .position = batch->from + i,
            .entry = &batch->entries[i],
            .nodes = &store->nodes.nodes[first],
            .node_count = store->nodes.first[i + 1] - first,
        };
        rc = apply_append(store, &append, msg);
    }
    return rc;
}

static enum err
accept_batch(struct store *store, struct batch *batch,
    struct accept_result *out, struct err_msg *msg)
{
    struct log_state *state = NULL;
    struct merkle_edge edge;
    uint32_t log = 0;
    bool was_known = log_table_find(&store->logs, &batch->log, &log);
    enum err rc = judge_author(store, batch);

    if (rc != ERR_OK) {
        return err_set(msg, rc,
            rc == ERR_GAP ? "the admission of a log's author has not come"
                          : "a log whose author is no member");
    }
    rc = check_bodies(batch);
    if (rc == ERR_OK) {
        rc = was_known ? ERR_OK : state_log(store, &batch->log, &log);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    state = store->states[log];
    rc = skip_held(state, batch);
    if (rc != ERR_OK) {
        out->stored = state->edge.size;
        return rc;
    }
    edge = state->edge;
    rc = log_verify_batch(&edge, &store->nodes, batch, &store->corridor,
        trusted_head(state, &batch->head));
    if (rc == ERR_OK &&
        (contradicts(state, &batch->head) ||
            check_awaited(state, batch, &store->nodes) != ERR_OK)) {
        rc = ERR_FORK;
    }
    if (rc != ERR_OK) {
        return err_set(
            msg, rc, "a batch of a log was refused: %s", err_text(rc));
    }
    store->is_dirty = true;
    rc = append_all(store, log, batch, msg);
    if (rc == ERR_OK) {
        state->edge = edge;
        settle_heads(state, batch);
        rc = apply_waiting(store, msg);
    }
    out->stored = state->edge.size;
    out->accepted = batch->count;
    return rc;
}

enum err
store_accept(struct store *store, struct bytes encoded,
    struct accept_result *out, struct err_msg *msg)
{
    struct batch batch = {0};
    struct entry *entries = NULL;
    struct accept_result result = {0};
    enum err rc = ERR_OK;

    store->is_dirty = false;
    rc = batch_decode(&batch, encoded);
    if (rc == ERR_OK) {
        entries = batch.entries;
        result.log = batch.log;
        rc = state_members(store, msg);
    }
    if (rc == ERR_OK) {
        rc = accept_batch(store, &batch, &result, msg);
        batch.entries = entries;
        *out = result;
    }
    if (rc == ERR_OK) {
        store->is_dirty = false;
    }
    batch_release(&batch);
    return rc;
}
