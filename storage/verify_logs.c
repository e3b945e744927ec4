/* SPDX-License-Identifier: Apache-2.0 */
/* Logs: leaves, nodes, roots, heads, headers, authors. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "storage/verify_internal.h"

/* A log's name in a finding: its node's first bytes and its kind. */
struct log_name {
    char text[32];
};

static struct log_name
name_of(const struct log_id *id)
{
    struct log_name name;
    char hex[17];

    hex_encode(hex, bytes_of(id->node.bytes, 8));
    snprintf(name.text, sizeof(name.text), "%s/%s", hex,
        id->kind == LOG_CONTROL ? "control" : "changes");
    return name;
}

/* One entry: its leaf hash onto the edge, its nodes as stored. */
static void
check_entry(struct verifying *v, const struct log_id *id,
    const struct stored_entry *stored, struct merkle_edge *edge)
{
    struct hash nodes[MERKLE_LEVELS_MAX];
    struct entry entry = stored->entry;
    struct hash leaf;
    size_t count = 0;
    bool is_same = false;

    if (entry.has_body) {
        hash_sha256(&entry.body_hash, entry.body);
    }
    entry_leaf_hash(&leaf, &entry);
    count = merkle_append(edge, &leaf, nodes);
    is_same = count == stored->node_count;
    for (unsigned level = 0; is_same && level < count; level++) {
        struct hash node;

        entries_node(stored, level, &node);
        is_same = hash_equal(&node, &nodes[level]);
    }
    if (!is_same) {
        verify_finding(v,
            "log %s: entry %llu does not have the hashes it was "
            "stored with",
            name_of(id).text, (unsigned long long)stored->dot.position);
    }
}

/* The row of the log counts the bodies that are absent, and says where. */
static void
check_absent(struct verifying *v, const struct log_state *state,
    const struct stored_entry *stored, uint64_t *count)
{
    const struct log_id *id = &state->author.id;
    uint64_t at = stored->dot.position;

    if (stored->entry.has_body) {
        return;
    }
    (*count)++;
    if (stored->entry.kind != ENTRY_CHANGE) {
        verify_finding(v,
            "log %s: entry %llu lacks a body that is never absent",
            name_of(id).text, (unsigned long long)at);
    }
    if (at < state->absent.from || at >= state->absent.to) {
        verify_finding(v,
            "log %s: nothing is known of the absent body of "
            "entry %llu",
            name_of(id).text, (unsigned long long)at);
    }
}

/* Why the entry is listed as refused, or VOID_NONE. */
static enum err
find_reason(struct verifying *v, uint64_t arrival, enum void_reason *out,
    struct err_msg *msg)
{
    struct key key = key_u64(arrival);
    struct bytes row = {0};
    enum err rc =
        txn_get(v->view->txn, TABLE_REFUSED, key_bytes(&key), &row, msg);

    *out = VOID_NONE;
    if (rc == ERR_OK && row.size == 1 && row.data[0] < VOID_REASON_COUNT) {
        *out = (enum void_reason)row.data[0];
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* Does a change that is listed so stand in its key's chain? Some reasons are
 * of a grant it carries or of the change: then nobody can say. */
static void
count_chained(struct verifying *v, enum void_reason reason)
{
    switch (reason) {
    case VOID_NONE:
    case VOID_SEAL:
    case VOID_CLASS:
    case VOID_RECORD:
        v->chained_min++;
        v->chained_max++;
        break;
    case VOID_MALFORMED:
    case VOID_UNKNOWN:
    case VOID_KEY:
    case VOID_FIREWALL:
        v->chained_max++;
        break;
    case VOID_NOT_MEMBER:
    case VOID_NO_RIGHT:
    case VOID_CUT:
    case VOID_REASON_COUNT:
        break;
    }
}

/* Up to the log's cut; of a frozen one what is stored. */
static uint64_t
counted_size(const struct verifying *v, const struct delta_item *item)
{
    const struct snapshot *snapshot = v->view->snapshot;
    uint64_t max = (snapshot_flags(snapshot, item->log) & SNAPSHOT_FROZEN) != 0
                       ? vclock_get(&snapshot->stored, item->log)
                       : membership_cut(v->reader.membership, item->log);

    return num_min_u64(item->size, max);
}

/*
 * 1 + the greatest rank that its clock counts. Cuts may have come between two
 * control entries, so those are left alone.
 */
static enum err
check_rank(struct verifying *v, const struct log_id *id,
    const struct stored_entry *stored, uint64_t before)
{
    const struct delta *delta = &v->replay.clock.clock;
    uint64_t rank = before;

    for (size_t i = 0; i < delta->count; i++) {
        uint64_t size = counted_size(v, &delta->items[i]);
        struct dot last = {delta->items[i].log, size - 1};
        struct stored_entry counted;
        enum err rc = ERR_OK;

        if (size == 0) {
            continue;
        }
        rc = entries_get(v->view->txn, last, &counted, NULL);
        if (rc == ERR_NOMEM || rc == ERR_IO) {
            return rc;
        }
        rank = num_max_u64(rank, rc == ERR_OK ? counted.rank : UINT64_MAX - 1);
    }
    if (id->kind == LOG_CHANGES && stored->rank != rank + 1) {
        verify_finding(v, "log %s: the rank of entry %llu is wrong",
            name_of(id).text, (unsigned long long)stored->dot.position);
    }
    return ERR_OK;
}

/* Before every 256th entry its author is as the checkpoint says. */
static enum err
check_checkpoint(struct verifying *v, const struct log_id *id,
    const struct stored_entry *stored)
{
    struct author *author = NULL;
    struct buf encoded = {0};
    enum err rc = ERR_OK;

    if (stored->dot.position % ENTRY_CHECKPOINT_EVERY == 0) {
        author = replay_before(&v->replay, stored->dot);
    }
    if (author == NULL) {
        return ERR_OK;
    }
    rc = author_encode(&encoded, author);
    if (rc == ERR_OK && !bytes_equal(buf_bytes(&encoded), stored->checkpoint)) {
        verify_finding(v, "log %s: the checkpoint at entry %llu is wrong",
            name_of(id).text, (unsigned long long)stored->dot.position);
    }
    buf_release(&encoded);
    return rc;
}

/* An applied entry takes its author further; others wait, without a mark. */
static enum err
check_applied(struct verifying *v, const struct log_state *state,
    const struct stored_entry *stored, struct err_msg *msg)
{
    const struct log_id *id = &state->author.id;
    unsigned long long at = stored->dot.position;
    bool is_applied = (stored->flags & ENTRY_FLAG_APPLIED) != 0;
    enum void_reason reason = VOID_NONE;
    struct replayed replayed;
    const struct author *author = NULL;
    uint64_t before = 0;
    enum err rc = ERR_OK;

    if (is_applied != (stored->dot.position < state->author.applied)) {
        verify_finding(v, "log %s: entry %llu %s", name_of(id).text, at,
            is_applied ? "is marked as applied, but was not"
                       : "was applied, but is not marked so");
    }
    if (stored->previous != 0 &&
        !(is_applied && stored->entry.kind == ENTRY_CHANGE)) {
        verify_finding(v, "log %s: entry %llu is chained, but is no change",
            name_of(id).text, at);
    }
    if (stored->dot.position >= state->author.applied) {
        return ERR_OK;
    }
    rc = check_checkpoint(v, id, stored);
    if (rc == ERR_OK) {
        rc = find_reason(v, stored->arrival, &reason, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (stored->entry.kind == ENTRY_CHANGE) {
        count_chained(v, reason);
    }
    author = replay_before(&v->replay, stored->dot);
    before = author != NULL ? author->rank : 0;
    rc = replay_seek(&v->replay, stored->dot, &replayed, NULL);
    if (rc == ERR_OK) {
        if (stored->time != replayed.author->time) {
            verify_finding(v, "log %s: the time of entry %llu is wrong",
                name_of(id).text, at);
        }
        return check_rank(v, id, stored, before);
    }
    if (rc == ERR_CORRUPT && reason != VOID_MALFORMED) {
        verify_finding(v, "log %s: the header of entry %llu is damaged",
            name_of(id).text, at);
    }
    return rc == ERR_CORRUPT ? ERR_OK : rc;
}

/* Where the applied entries end, the author is the row's. */
static enum err
check_author(struct verifying *v, const struct log_state *state)
{
    const struct author *stored = &state->author;
    struct dot next = {stored->log, stored->applied};
    struct author *author = replay_before(&v->replay, next);
    struct buf x = {0};
    struct buf y = {0};
    enum err rc = ERR_OK;

    if (author == NULL) {
        return ERR_OK; /* nothing applied, or found damaged already */
    }
    rc = author_encode(&x, stored);
    if (rc == ERR_OK) {
        rc = author_encode(&y, author);
    }
    if (rc == ERR_OK && !bytes_equal(buf_bytes(&x), buf_bytes(&y))) {
        verify_finding(v, "log %s: what it counts is not what its entries say",
            name_of(&stored->id).text);
    }
    buf_release(&x);
    buf_release(&y);
    return rc;
}

static enum err
check_heads(struct verifying *v, const struct log_state *state,
    const struct merkle_edge *edge, struct hash *root_at_head)
{
    const struct log_id *id = &state->author.id;
    struct hash root;
    struct hash stored;
    struct merkle_claim claim = {0};
    enum err rc = ERR_OK;

    merkle_root(&root, edge);
    merkle_root(&stored, &state->edge);
    if (!hash_equal(&root, &stored)) {
        verify_finding(v, "log %s: its root is not the one that was stored",
            name_of(id).text);
    }
    if (state->has_head) {
        rc = log_head_verify(&state->head, &v->view->store->corridor, id);
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc != ERR_OK || !hash_equal(root_at_head, &state->head.root)) {
            verify_finding(v,
                "log %s: its signed head does not fit its entries",
                name_of(id).text);
        }
    }
    if (state->has_target) {
        claim.size = state->target.size;
        claim.root = &state->target.root;
        rc = log_head_verify(&state->target, &v->view->store->corridor, id);
        if (rc == ERR_OK) {
            rc = merkle_verify_consistency(
                edge->size, &root, &claim, &state->beyond);
        }
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc != ERR_OK) {
            verify_finding(v,
                "log %s: its entries do not lead to the head that "
                "was promised",
                name_of(id).text);
        }
    }
    for (size_t i = 0; i < state->awaited_count && rc == ERR_OK; i++) {
        rc = log_head_verify(&state->awaited[i], &v->view->store->corridor, id);
        if (rc == ERR_BAD_SIGNATURE) {
            verify_finding(v, "log %s: a head that is awaited is damaged",
                name_of(id).text);
            rc = ERR_OK;
        }
    }
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (!state->has_head && !state->has_target && edge->size > 0) {
        verify_finding(
            v, "log %s: entries without a signed head", name_of(id).text);
    }
    return ERR_OK;
}

static enum err
check_log(
    struct verifying *v, uint32_t number, struct bytes row, struct err_msg *msg)
{
    struct log_state state = {0};
    struct merkle_edge edge = {0};
    struct hash root_at_head = {{0}};
    uint64_t absent = 0;
    uint64_t run_next = UINT64_MAX;
    enum err rc = log_state_decode(&state, v->reader.logs, row);

    if (rc != ERR_OK) {
        if (rc == ERR_CORRUPT) {
            verify_finding(v, "the row of log %u is damaged", number);
        }
        return rc == ERR_CORRUPT ? ERR_OK : rc;
    }
    for (uint64_t at = 0; at < state.edge.size && rc == ERR_OK; at++) {
        struct dot dot = {number, at};
        struct stored_entry stored;

        rc = entries_get(v->view->txn, dot, &stored, msg);
        if (rc == ERR_NOT_FOUND || rc == ERR_CORRUPT) {
            verify_finding(v, "log %s: entry %llu is missing or damaged",
                name_of(&state.author.id).text, (unsigned long long)at);
            rc = ERR_OK;
            goto out; /* the rest of this log cannot be judged */
        }
        if (rc == ERR_OK) {
            check_entry(v, &state.author.id, &stored, &edge);
            check_absent(v, &state, &stored, &absent);
            rc = check_applied(v, &state, &stored, msg);
            v->report.entries++;
            verify_progress(v);
        }
        run_next = stored.arrival + 1;
        if (state.has_head && edge.size == state.head.size) {
            merkle_root(&root_at_head, &edge);
        }
    }
    if (rc == ERR_OK && state.absent.count != absent) {
        verify_finding(v, "log %s: its row counts other absent bodies",
            name_of(&state.author.id).text);
    }
    if (rc == ERR_OK && state.run_next != run_next) {
        verify_finding(v, "log %s: its row says another end of its last run",
            name_of(&state.author.id).text);
    }
    if (rc == ERR_OK) {
        rc = check_heads(v, &state, &edge, &root_at_head);
    }
    if (rc == ERR_OK) {
        rc = check_author(v, &state);
    }
    if (rc == ERR_OK) {
        rc = verify_forked(v, number, &state);
    }
out:
    v->report.logs++;
    author_release(&state.author);
    return rc;
}

enum err
verify_logs(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, v->view->txn, TABLE_LOGS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        uint32_t number = 0;

        rc = key_get_u32(scan.key, &number);
        if (rc == ERR_OK) {
            rc = check_log(v, number, scan.value, msg);
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    if (rc == ERR_OK &&
        v->report.entries != txn_count(v->view->txn, TABLE_ENTRIES)) {
        verify_finding(v, "there are entries that no log counts");
    }
    return rc;
}
