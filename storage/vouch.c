/* SPDX-License-Identifier: Apache-2.0 */
/* What peers say of logs beyond their entries: heads, evidence and
 * cosignatures (docs/protocol.md, "Forked logs", "Cosignatures"). */
#include "storage/vouch.h"

#include "crypto/base/num.h"
#include "storage/cosign.h"
#include "storage/fork.h"
#include "storage/heads.h"

enum { MS_PER_SECOND = 1000 };

enum err
vouch_find(struct store *store, const struct log_id *id, uint32_t *out,
    struct err_msg *msg)
{
    enum err rc = state_members(store, msg);

    if (rc == ERR_OK && !log_table_find(&store->logs, id, out)) {
        rc = err_set(msg, ERR_NOT_FOUND, "a log that is not known here");
    }
    return rc;
}

/* ERR_STALE: it agrees, or is kept already. ERR_FORK: *out shows why. */
static enum err
judge_head(struct store *store, uint32_t log, const struct head *head,
    struct evidence *out)
{
    struct log_state *state = store->states[log];
    enum err rc = heads_judge(store, state, head, out);

    if (rc != ERR_OK) {
        return rc;
    }
    if (heads_has(state, head->size)) {
        return ERR_STALE;
    }
    if (head->size <= state->edge.size) {
        rc = heads_compare(store, log, head, out);
        return rc == ERR_OK ? ERR_STALE : rc;
    }
    rc = log_head_verify(head, &store->corridor, &state->author.id);
    if (rc != ERR_OK) {
        return rc;
    }
    if (!heads_await(state, head)) {
        return ERR_STALE;
    }
    state->is_dirty = true;
    store->is_dirty = true;
    return ERR_OK;
}

enum err
store_head(struct store *store, const struct log_id *log,
    const struct head *head, struct accept_result *out, struct err_msg *msg)
{
    struct accept_result result = {.log = *log};
    const struct log_state *state = NULL;
    uint32_t number = 0;
    enum err rc = vouch_find(store, log, &number, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (head->size == 0 || head->size > LOG_SIZE_MAX) {
        return err_set(msg, ERR_MALFORMED, "a head of a size that is none");
    }
    state = store->states[number];
    result.stored = state->edge.size;
    if (state->has_evidence) {
        return err_set(
            msg, ERR_FORK, "a head of a log that is known to be forked");
    }
    rc = judge_head(store, number, head, &result.evidence);
    if (rc == ERR_FORK) {
        rc = fork_keep(store, number, &result.evidence, msg);
        result.is_forked = rc == ERR_OK;
    } else if (rc != ERR_OK && rc != ERR_STALE) {
        return err_set(msg, rc, "a head was refused: %s", err_text(rc));
    }
    if (rc == ERR_OK || rc == ERR_STALE) {
        *out = result;
    }
    return rc;
}

enum err
store_evidence(
    struct store *store, const struct evidence *evidence, struct err_msg *msg)
{
    uint32_t log = 0;
    enum err rc = vouch_find(store, &evidence->log, &log, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (store->states[log]->has_evidence) {
        return ERR_STALE;
    }
    rc = evidence_verify(evidence, &store->corridor);
    if (rc != ERR_OK) {
        return err_set(msg, rc, "what was sent as evidence shows no fork: %s",
            err_text(rc));
    }
    return fork_keep(store, log, evidence, msg);
}

enum err
cosign_load(struct store *store, struct err_msg *msg)
{
    struct cosign_scan scan = {.all = true};
    struct cosign_row row;
    enum err rc = cosign_scan_open(&scan, store->txn, msg);

    store->next_vouch = 1;
    store->cosign_time = 0;
    while (rc == ERR_OK && cosign_scan_next(&scan, &row)) {
        if (row.sequence < UINT64_MAX) {
            store->next_vouch =
                num_max_u64(store->next_vouch, row.sequence + 1);
        }
        if (node_id_equal(&row.cosigner, &store->self.sign)) {
            store->cosign_time = num_max_u64(store->cosign_time, row.time);
        }
    }
    if (rc == ERR_OK) {
        rc = cosign_scan_end(&scan, msg);
    }
    cosign_scan_close(&scan);
    return rc;
}

uint64_t
store_vouch_sequence(const struct store *store)
{
    return store->next_vouch - 1;
}

/* Into the table, as the newest there. */
static enum err
keep(struct store *store, uint32_t log, const struct cosignature *cosignature,
    struct err_msg *msg)
{
    struct cosign_row row = {.log = log,
        .cosigner = cosignature->cosigner,
        .size = cosignature->size,
        .root = cosignature->root,
        .time = cosignature->time,
        .signature = cosignature->signature,
        .sequence = store->next_vouch};
    enum err rc = ERR_OK;

    store->is_dirty = true;
    rc = cosign_put(store->txn, &row, msg);
    if (rc == ERR_OK) {
        store->next_vouch++;
        store->states[log]->vouches_changed = true;
        if (node_id_equal(&row.cosigner, &store->self.sign)) {
            store->cosign_time = num_max_u64(store->cosign_time, row.time);
        }
    }
    return rc;
}

enum err
vouch_is_due(struct store *store, uint32_t log, bool *out, struct err_msg *msg)
{
    const struct log_state *state = store->states[log];
    struct entries_source entries = {store->txn, log};
    struct merkle_source source = entries_merkle(&entries);
    struct cosign_row last;
    struct hash root;
    enum err rc = ERR_OK;

    *out = false;
    if (!state->has_head || state->is_forked ||
        node_id_equal(&state->author.id.node, &store->self.sign) ||
        membership_node(&store->membership, &state->author.id.node) == NULL) {
        return ERR_OK;
    }
    rc = cosign_get(store->txn, log, &store->self.sign, &last, msg);
    if (rc == ERR_NOT_FOUND) {
        *out = true;
        return ERR_OK;
    }
    if (rc != ERR_OK || last.size >= state->head.size) {
        return rc;
    }
    rc = merkle_source_root(&root, &source, last.size);
    if (rc == ERR_OK) {
        *out = hash_equal(&root, &last.root);
    }
    return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
}

enum err
vouch_sign(struct store *store, uint32_t log, const struct head *head,
    struct err_msg *msg)
{
    struct cosignature cosignature = {.log = store->logs.ids[log],
        .cosigner = store->self.sign,
        .size = head->size,
        .root = head->root,
        .time =
            num_max_u64(store->wall_ms / MS_PER_SECOND, store->cosign_time)};
    enum err rc = cosignature_make(
        &cosignature, &store->corridor, &store->secrets->node.cosign);

    return rc == ERR_OK ? keep(store, log, &cosignature, msg) : rc;
}

enum err
store_cosign(struct store *store, size_t *out_count, struct err_msg *msg)
{
    size_t count = 0;
    enum err rc = state_members(store, msg);

    /* Only what others can look up the key of is of use to them. */
    if (rc == ERR_OK && !cosign_counts(&store->membership, &store->self.sign)) {
        *out_count = 0;
        return ERR_OK;
    }
    for (uint32_t log = 0;
         log < store->state_count && rc == ERR_OK && count < STORE_COSIGN_MAX;
         log++) {
        bool due = false;

        rc = vouch_is_due(store, log, &due, msg);
        if (rc == ERR_OK && due) {
            rc = vouch_sign(store, log, &store->states[log]->head, msg);
            count++;
        }
    }
    if (rc == ERR_OK) {
        *out_count = count;
    }
    return rc;
}

/* May that node vouch for the log, and is it more than it did before? */
static enum err
judge_cosigner(struct store *store, uint32_t log,
    const struct cosignature *cosignature, struct err_msg *msg)
{
    struct cosign_row last;
    enum err rc = ERR_OK;

    if (membership_node(&store->membership, &cosignature->cosigner) == NULL) {
        return err_set(msg, ERR_NOT_FOUND, "a cosigner that is no member");
    }
    if (!cosign_counts(&store->membership, &cosignature->cosigner) ||
        node_id_equal(&cosignature->cosigner, &cosignature->log.node)) {
        return err_set(msg, ERR_DENIED,
            "a cosignature by a retired node, or of its own log");
    }
    if (store->states[log]->has_evidence) {
        return err_set(msg, ERR_FORK, "a cosignature of a log that is forked");
    }
    rc = cosign_get(store->txn, log, &cosignature->cosigner, &last, msg);
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    return rc == ERR_OK && last.size >= cosignature->size ? ERR_STALE : rc;
}

enum err
store_cosignature(struct store *store, const struct cosignature *cosignature,
    struct err_msg *msg)
{
    const struct member_node *node = NULL;
    uint32_t log = 0;
    enum err rc = vouch_find(store, &cosignature->log, &log, msg);

    if (rc == ERR_OK &&
        (cosignature->size == 0 || cosignature->size > LOG_SIZE_MAX ||
            cosignature->time > INT64_MAX)) {
        rc = err_set(msg, ERR_MALFORMED, "a cosignature out of range");
    }
    if (rc == ERR_OK) {
        rc = judge_cosigner(store, log, cosignature, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    node = membership_node(&store->membership, &cosignature->cosigner);
    rc = cosignature_check(
        cosignature, &store->corridor, &node->cert.keys.cosign);
    if (rc != ERR_OK) {
        return err_set(msg, rc, "a cosignature that does not hold");
    }
    return keep(store, log, cosignature, msg);
}
