/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/witness.h"

#include "storage/cosign.h"
#include "storage/store_internal.h"

/* May we be a witness of it at all? */
static enum err
find_witnessed(struct store *store, const struct log_id *id, uint32_t *out,
    struct err_msg *msg)
{
    enum err rc = vouch_find(store, id, out, msg);

    if (rc == ERR_OK &&
        (node_id_equal(&id->node, &store->self.sign) ||
            membership_node(&store->membership, &id->node) == NULL ||
            !cosign_counts(&store->membership, &store->self.sign))) {
        rc = err_set(msg, ERR_NOT_FOUND, "not a log to vouch for");
    }
    return rc;
}

static enum err
read_last(struct store *store, uint32_t log, struct cosignature *out,
    struct err_msg *msg)
{
    struct cosign_row row;
    enum err rc = cosign_get(store->txn, log, &store->self.sign, &row, msg);

    if (rc == ERR_OK) {
        *out = cosign_of(&row, &store->logs);
    } else if (rc == ERR_NOT_FOUND) {
        *out = (struct cosignature){.log = store->logs.ids[log]};
        rc = ERR_OK;
    }
    return rc;
}

/* Vouch for what is held in full, so that nothing is signed later that does
 * not go on from it. */
static enum err
catch_up(struct store *store, uint32_t log, struct cosignature *out,
    struct err_msg *msg)
{
    bool due = false;
    enum err rc = vouch_is_due(store, log, &due, msg);

    if (rc == ERR_OK && due) {
        rc = vouch_sign(store, log, &store->states[log]->head, msg);
    }
    return rc == ERR_OK ? read_last(store, log, out, msg) : rc;
}

enum err
store_witness_last(struct store *store, const struct log_id *id,
    struct cosignature *out, struct err_msg *msg)
{
    uint32_t log = 0;
    enum err rc = find_witnessed(store, id, &log, msg);

    return rc == ERR_OK ? catch_up(store, log, out, msg) : rc;
}

/*
 * Have the head compared with what is held, and kept until as much is: that
 * alone finds forks, whatever the proof shows.
 */
static enum err
show_head(struct store *store, const struct log_id *id,
    const struct witness_ask *ask, struct witness_vouched *out,
    struct err_msg *msg)
{
    struct accept_result shown = {.is_forked = false};
    enum err rc = store_head(store, id, ask->head, &shown, msg);

    if (rc == ERR_OK && shown.is_forked) {
        out->is_forked = true;
        out->verdict = WITNESS_CONFLICT;
    } else if (rc == ERR_FORK) {
        out->verdict = WITNESS_CONFLICT;
        return ERR_OK;
    }
    return rc == ERR_STALE ? ERR_OK : rc;
}

/*
 * A head of that tree, as its author signed it; NULL: it is not kept. Those
 * that are awaited here are few, and others may have come since.
 */
static const struct head *
find_head(const struct log_state *state, const struct head *kept,
    const struct cosignature *last)
{
    const struct head *heads[3 + LOG_AWAITED_MAX] = {kept,
        state->has_head ? &state->head : NULL,
        state->has_target ? &state->target : NULL};

    for (size_t i = 0; i < state->awaited_count; i++) {
        heads[3 + i] = &state->awaited[i];
    }
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (heads[i] != NULL && heads[i]->size == last->size &&
            hash_equal(&heads[i]->root, &last->root)) {
            return heads[i];
        }
    }
    return NULL;
}

/*
 * A proof that leads to the head, and not from the tree that we vouched for,
 * shows which tree it does lead from: evidence, if the author signed both.
 */
static enum err
keep_evidence(struct store *store, uint32_t log, const struct witness_ask *ask,
    struct witness_vouched *out, struct err_msg *msg)
{
    const struct head *older =
        find_head(store->states[log], ask->last, &out->last);
    const struct merkle_claim newer = {
        .size = ask->head->size, .root = &ask->head->root};
    struct evidence evidence = {.log = out->last.log, .b = *ask->head};
    enum err rc = ERR_OK;

    if (older == NULL || merkle_proved_root(&evidence.root, ask->old_size,
                             &newer, ask->proof) != ERR_OK) {
        return ERR_OK; /* whoever asks can send any proof */
    }
    evidence.a = *older;
    evidence.proof = *ask->proof;
    rc = store_evidence(store, &evidence, msg);
    out->is_forked = rc == ERR_OK;
    return rc == ERR_BAD_SIGNATURE || rc == ERR_MALFORMED || rc == ERR_STALE
               ? ERR_OK
               : rc;
}

/* What is held is part of what we vouched for, or the other way round. */
static bool
may_go_on(const struct log_state *state, uint64_t last)
{
    return !state->is_forked && (!state->has_head || state->head.size <= last);
}

enum err
store_witness(struct store *store, const struct log_id *id,
    const struct witness_ask *ask, struct witness_vouched *out,
    struct err_msg *msg)
{
    struct witness_vouched result = {.verdict = WITNESS_COSIGNS};
    struct witness_asked asked = {
        ask->old_size, ask->proof, ask->head->size, &ask->head->root};
    struct witness_tree tree = {.has_any = false};
    uint32_t log = 0;
    enum err rc = find_witnessed(store, id, &log, msg);

    /* A wrong head must leave the transaction as it was. */
    if (rc == ERR_OK &&
        log_head_verify(ask->head, &store->corridor, id) != ERR_OK) {
        rc = err_set(msg, ERR_BAD_SIGNATURE, "a head that is not signed");
    }
    if (rc == ERR_OK &&
        (ask->head->size == 0 || ask->head->size > LOG_SIZE_MAX)) {
        rc = err_set(msg, ERR_MALFORMED, "a head of a size that is none");
    }
    if (rc == ERR_OK) {
        rc = show_head(store, id, ask, &result, msg);
    }
    if (rc == ERR_OK) {
        rc = catch_up(store, log, &result.last, msg);
    }
    if (rc == ERR_OK && result.verdict == WITNESS_COSIGNS) {
        tree = (struct witness_tree){
            result.last.size > 0, result.last.size, result.last.root};
        result.verdict = may_go_on(store->states[log], tree.size)
                             ? witness_judge(&asked, &tree)
                             : WITNESS_CONFLICT;
    }
    if (rc == ERR_OK && result.verdict == WITNESS_COSIGNS) {
        rc = vouch_sign(store, log, ask->head, msg);
        if (rc == ERR_OK) {
            rc = read_last(store, log, &result.last, msg);
        }
    } else if (rc == ERR_OK && result.verdict == WITNESS_BAD_PROOF) {
        rc = keep_evidence(store, log, ask, &result, msg);
    }
    if (rc == ERR_OK) {
        *out = result;
    }
    return rc;
}
