/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one write path for entries from elsewhere: nothing unverified touches
 * the disk (docs/storage.md, "The write path"; docs/protocol.md, "Batches").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/bodies.h"
#include "storage/fork.h"
#include "storage/heads.h"

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

/*
 * A head of our own log beyond what we hold was signed before a rollback, so
 * nothing is written there until it is reached. If its tree does not continue
 * ours, we have written there again since, and it never will be; but a batch
 * that does not fit says no such thing: its sender may lie about the entries.
 * Who has the other tree makes evidence of our head.
 */
static enum err
judge_own(struct log_state *state, const struct batch *batch,
    const struct accept_result *result, enum err rc)
{
    if (rc == ERR_BAD_SIGNATURE && result->head_differs &&
        batch->head.size > state->edge.size &&
        heads_await(state, &batch->head)) {
        /* No table is touched, so the transaction stays clean: the head goes
         * to the disk with the next commit, or is found again. */
        state->is_dirty = true;
    }
    return rc == ERR_OK && state->is_forked ? ERR_FORK : rc;
}

/*
 * Does the batch extend what is held? The edge behind it, and its nodes. A
 * fork that it shows is in result->evidence, of which is_forked tells.
 */
static enum err
verify_batch(struct store *store, uint32_t log, const struct batch *batch,
    struct merkle_edge *edge, struct accept_result *result)
{
    const struct log_state *state = store->states[log];
    const struct head *trusted = heads_trusted(state, &batch->head);
    enum err rc = ERR_OK;

    *edge = state->edge;
    rc =
        log_verify_batch(edge, &store->nodes, batch, &store->corridor, trusted);
    if (rc == ERR_OK) {
        rc = heads_check(store, log, batch, &result->evidence);
        result->is_forked = rc == ERR_FORK;
    }
    return rc;
}

/*
 * What is to be seen before its entries are looked at: a head may tell of a
 * fork whatever it brings; bodies may be missed here. *out_fills: they are.
 */
static enum err
judge_batch(struct store *store, uint32_t log, struct batch *batch,
    struct accept_result *result, bool *out_fills)
{
    const struct log_state *state = store->states[log];
    enum err rc = heads_judge(store, state, &batch->head, &result->evidence);

    result->is_forked = rc == ERR_FORK;
    if (rc == ERR_OK) {
        rc = bodies_compare(store, log, batch, out_fills, NULL);
    }
    if (rc == ERR_OK) {
        rc = skip_held(state, batch);
    }
    if (rc == ERR_STALE && batch->head.size <= state->edge.size) {
        rc = heads_compare(store, log, &batch->head, &result->evidence);
        result->is_forked = rc == ERR_FORK;
        rc = rc == ERR_OK || rc == ERR_BUSY ? ERR_STALE : rc;
    }
    return rc;
}

/* A proof or a body that does not hold: is the head the author's at least? */
static enum err
judge_failure(const struct store *store, const struct batch *batch,
    struct accept_result *result)
{
    enum err rc = log_head_verify(&batch->head, &store->corridor, &batch->log);

    result->head_differs = rc == ERR_OK;
    return rc == ERR_OK ? ERR_BAD_SIGNATURE : rc;
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

/*
 * While a log was frozen, clocks counted no more of it than was here. Once a
 * cut lets it grow, what was applied meanwhile has to be ranked by all that it
 * counts, as by those who had that from the first.
 */
static bool
was_counted_short(const struct store *store, uint32_t log)
{
    uint64_t held = store->states[log]->edge.size;

    for (size_t i = 0; store->states[log]->is_forked && i < store->state_count;
         i++) {
        if (vclock_get(&store->states[i]->author.clock, log) > held &&
            fork_cut(store, log) > held) {
            return true;
        }
    }
    return false;
}

/* What the batch brings, once it is verified: append, apply, keep the head. */
static enum err
take_in(struct store *store, const struct batch *batch,
    const struct merkle_edge *edge, struct accept_result *out,
    struct err_msg *msg)
{
    struct log_state *state = NULL;
    uint32_t log = 0;
    enum err rc = ERR_OK;

    store->is_dirty = true;
    rc = state_log(store, &batch->log, &log);
    if (rc == ERR_OK && was_counted_short(store, log)) {
        store->rebuild_due = true;
    }
    if (rc == ERR_OK) {
        rc = append_all(store, log, batch, msg);
    }
    if (rc == ERR_OK) {
        state = store->states[log];
        state->edge = *edge;
        heads_settle(state, batch);
        rc = apply_waiting(store, msg);
    }
    if (rc == ERR_OK) {
        out->stored = edge->size;
        out->accepted = batch->count;
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
refuse(enum err rc, struct err_msg *msg)
{
    if (rc == ERR_STALE || rc == ERR_GAP) {
        return rc;
    }
    return err_set(msg, rc, "a batch of a log was refused: %s", err_text(rc));
}

/* Of a log that is not known yet, of which nothing is held. */
static enum err
accept_first(struct store *store, struct batch *batch,
    struct accept_result *out, struct err_msg *msg)
{
    struct log_state fresh = {.is_dirty = false};
    struct merkle_edge edge = {.size = 0};
    enum err rc = skip_held(&fresh, batch);

    if (rc == ERR_OK) {
        rc = log_verify_batch(
            &edge, &store->nodes, batch, &store->corridor, NULL);
    }
    return rc == ERR_OK ? take_in(store, batch, &edge, out, msg)
                        : refuse(rc, msg);
}

/* Of a log that is known: what is verified is taken in; what shows a fork
 * instead is kept. */
static enum err
accept_next(struct store *store, uint32_t log, struct batch *batch,
    struct accept_result *out, struct err_msg *msg)
{
    struct log_state *state = store->states[log];
    struct batch whole = *batch;
    struct merkle_edge edge;
    bool fills = false;
    enum err rc = judge_batch(store, log, batch, out, &fills);

    if (rc == ERR_STALE && fills) {
        return fill(store, log, &whole, out, msg);
    }
    if (rc == ERR_OK) {
        rc = verify_batch(store, log, batch, &edge, out);
    }
    if (out->is_forked) {
        rc = fork_keep(store, log, &out->evidence, msg);
        out->is_forked = rc == ERR_OK;
        return rc == ERR_STALE ? refuse(ERR_FORK, msg) : rc;
    }
    if (rc == ERR_BAD_SIGNATURE) {
        rc = judge_failure(store, batch, out);
    }
    if (node_id_equal(&batch->log.node, &store->self.sign)) {
        rc = judge_own(state, batch, out, rc);
    }
    if (rc != ERR_OK) {
        return refuse(rc, msg);
    }
    if (fills) {
        rc = fill(store, log, &whole, out, msg);
    }
    return rc == ERR_OK ? take_in(store, batch, &edge, out, msg) : rc;
}

static enum err
accept_batch(struct store *store, struct batch *batch,
    struct accept_result *out, struct err_msg *msg)
{
    uint32_t log = 0;
    bool is_known = log_table_find(&store->logs, &batch->log, &log);
    size_t refused = store->refused;
    enum err rc = judge_author(store, batch);

    if (rc != ERR_OK) {
        return err_set(msg, rc,
            rc == ERR_GAP ? "the admission of a log's author has not come"
                          : "a log whose author is no member");
    }
    out->stored = is_known ? store->states[log]->edge.size : 0;
    if (is_known && store->states[log]->has_evidence &&
        fork_is_frozen(store, log)) {
        return err_set(msg, ERR_FORK,
            "a log that was signed in two versions takes no more entries");
    }
    bodies_drop(store, batch);
    rc = bodies_check(store, batch);
    if (rc != ERR_OK) {
        return err_set(msg, rc, "a batch lacks bodies that this node is due");
    }
    rc = is_known ? accept_next(store, log, batch, out, msg)
                  : accept_first(store, batch, out, msg);
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
    if (rc == ERR_OK || rc == ERR_STALE || rc == ERR_BAD_SIGNATURE ||
        rc == ERR_FORK) {
        *out = result;
    }
    batch.entries = entries;
    batch_release(&batch);
    return rc;
}
