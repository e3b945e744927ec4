/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one write path for entries from elsewhere: nothing unverified touches
 * the disk (docs/storage.md, "The write path"; docs/protocol.md, "Batches").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/bodies.h"

/*
 * Logs that begin with a certificate and whose node is no member all the same:
 * beyond a limit of its office, or void. An office can certify any number of
 * nodes, and a corridor has room for so many logs and no more.
 */
static bool
has_many_strays(const struct store *store)
{
    size_t count = 0;

    for (size_t i = 0; i < store->state_count; i++) {
        const struct log_id *id = &store->logs.ids[i];

        count += id->kind == LOG_CONTROL && store->states[i]->edge.size > 0 &&
                 membership_node(&store->membership, &id->node) == NULL;
    }
    return count >= STORE_STRAYS_MAX;
}

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
        rc = ERR_GAP;
        if (membership_office(&store->membership, &statement.cert.office) !=
            NULL) {
            rc = has_many_strays(store) ? ERR_DENIED : ERR_OK;
        }
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

/* Will the log pass this size with the batch? */
static bool
is_passed(const struct batch *batch, uint64_t size)
{
    return size > batch->from && size <= batch->from + batch->count;
}

/* Does the batch reach a head that waits? Hardly ever before its end. */
static bool
reaches_head(const struct log_state *state, const struct batch *batch)
{
    bool reaches = state->has_target && is_passed(batch, state->target.size);

    for (size_t k = 0; k < state->awaited_count; k++) {
        reaches = reaches || is_passed(batch, state->awaited[k].size);
    }
    return reaches;
}

/* Heads that the new prefix reaches must have the root it has there. */
static enum err
check_awaited(const struct log_state *state, const struct batch *batch,
    const struct batch_nodes *nodes)
{
    struct merkle_edge edge = state->edge;
    struct hash completed[MERKLE_LEVELS_MAX];
    struct hash root;

    if (!reaches_head(state, batch)) {
        return ERR_OK;
    }
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
        !log_head_equal(&state->target, &batch->head)) {
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
    if (state->has_target && log_head_equal(&state->target, head)) {
        return &state->target;
    }
    return state->has_head && log_head_equal(&state->head, head) ? &state->head
                                                                 : NULL;
}

/* A head that contradicts one we keep shows a fork, if it is really signed. */
static enum err
judge_head(const struct store *store, const struct log_state *state,
    const struct batch *batch)
{
    enum err rc = ERR_OK;

    if (!contradicts(state, &batch->head)) {
        return ERR_OK;
    }
    rc = log_head_verify(&batch->head, &store->corridor, &batch->log);
    return rc == ERR_OK ? ERR_FORK : rc;
}

/*
 * A head of our own log beyond what we hold was signed before a rollback. If
 * its tree does not continue ours, we have written there again since: two
 * entries of one position are signed, and only a new key mends that.
 */
static enum err
judge_own(struct store *store, struct log_state *state,
    const struct batch *batch, enum err rc)
{
    if (rc == ERR_BAD_SIGNATURE && batch->head.size > state->edge.size) {
        enum err ours =
            log_head_verify(&batch->head, &store->corridor, &batch->log);
        rc = ours == ERR_OK ? ERR_FORK : ours;
    }
    if (rc == ERR_FORK) {
        /* No table is touched, so the transaction stays clean: the mark goes
         * to the disk with the next commit, or is found once more. */
        state->is_forked = true;
        state->is_dirty = true;
    }
    return rc;
}

/* Does the batch extend what is held? The edge behind it, and its nodes. */
static enum err
verify_batch(struct store *store, struct log_state *state,
    const struct batch *batch, struct merkle_edge *out)
{
    struct merkle_edge edge = state->edge;
    enum err rc = log_verify_batch(&edge, &store->nodes, batch,
        &store->corridor, trusted_head(state, &batch->head));

    if (rc == ERR_OK) {
        rc = check_awaited(state, batch, &store->nodes);
    }
    if (rc == ERR_OK) {
        *out = edge;
    }
    return rc;
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

/* What the batch brings, once it is verified: append, apply, keep the head. */
static enum err
take_in(struct store *store, const struct batch *batch,
    const struct merkle_edge *edge, struct err_msg *msg)
{
    struct log_state *state = NULL;
    uint32_t log = 0;
    enum err rc = ERR_OK;

    store->is_dirty = true;
    rc = state_log(store, &batch->log, &log);
    if (rc == ERR_OK) {
        rc = append_all(store, log, batch, msg);
    }
    if (rc == ERR_OK) {
        state = store->states[log];
        state->edge = *edge;
        settle_heads(state, batch);
        rc = apply_waiting(store, msg);
    }
    return rc;
}

/* Bodies that came late, and what had to wait for them. */
static enum err
fill(struct store *store, uint32_t log, const struct batch *batch,
    struct accept_result *out, struct err_msg *msg)
{
    uint64_t before = store->states[log]->absent.count;
    enum err rc = bodies_fill(store, log, batch, msg);

    out->filled = (size_t)(before - store->states[log]->absent.count);
    return rc == ERR_OK ? apply_waiting(store, msg) : rc;
}

static enum err
accept_batch(struct store *store, struct batch *batch,
    struct accept_result *out, struct err_msg *msg)
{
    struct log_state fresh = {0};
    struct log_state *state = &fresh;
    struct merkle_edge edge;
    struct batch whole;
    bool fills = false;
    uint32_t log = 0;
    size_t refused = store->refused;
    enum err rc = judge_author(store, batch);

    if (rc != ERR_OK) {
        return err_set(msg, rc,
            rc == ERR_GAP ? "the admission of a log's author has not come"
                          : "a log whose author is no member");
    }
    bodies_drop(store, batch);
    rc = bodies_check(store, batch);
    if (rc != ERR_OK) {
        return err_set(msg, rc, "a batch lacks bodies that this node is due");
    }
    if (log_table_find(&store->logs, &batch->log, &log)) {
        state = store->states[log];
    }
    out->stored = state->edge.size;
    rc = judge_head(store, state, batch);
    if (rc == ERR_OK && state != &fresh) {
        rc = bodies_compare(store, log, batch, &fills, msg);
    }
    whole = *batch;
    if (rc == ERR_OK) {
        rc = skip_held(state, batch);
    }
    if (rc == ERR_STALE && fills) {
        return fill(store, log, &whole, out, msg);
    }
    if (rc == ERR_STALE || rc == ERR_GAP) {
        return rc;
    }
    if (rc == ERR_OK) {
        rc = verify_batch(store, state, batch, &edge);
    }
    if (node_id_equal(&batch->log.node, &store->self.sign)) {
        rc = judge_own(store, state, batch, rc);
    }
    if (rc != ERR_OK) {
        return err_set(
            msg, rc, "a batch of a log was refused: %s", err_text(rc));
    }
    if (fills) {
        rc = fill(store, log, &whole, out, msg);
    }
    if (rc == ERR_OK) {
        rc = take_in(store, batch, &edge, msg);
    }
    out->stored = edge.size;
    out->accepted = batch->count;
    out->refused = store->refused - refused;
    return rc;
}

enum err
store_accept(struct store *store, struct bytes encoded,
    struct accept_result *out, struct err_msg *msg)
{
    struct batch batch = {0};
    struct entry *entries = NULL;
    struct accept_result result = {0};
    enum err rc = batch_decode(&batch, encoded);

    if (rc != ERR_OK) {
        return err_set(msg, rc, "a batch that breaks its format");
    }
    entries = batch.entries;
    result.log = batch.log;
    rc = state_members(store, msg);
    if (rc == ERR_OK) {
        rc = accept_batch(store, &batch, &result, msg);
    }
    if (rc == ERR_OK || rc == ERR_STALE) {
        *out = result;
    }
    batch.entries = entries;
    batch_release(&batch);
    return rc;
}
