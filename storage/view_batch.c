/* SPDX-License-Identifier: Apache-2.0 */
/* Batches for peers: stored entries with a head and the proof that leads to
 * it, also from a prefix of a log (docs/protocol.md, "Batches"). */
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "storage/view_internal.h"

/* Of an entry in a frame beyond its header: kind, flag, an absent body's hash
 * where it comes to that. */
enum { ENTRY_OVERHEAD = 35 };

enum err
view_load_log(struct view *view, const struct log_id *id, uint32_t *out_log,
    struct log_state *out, struct err_msg *msg)
{
    struct bytes row = {0};
    struct key key;
    struct reader reader;
    enum err rc = view_reader(view, false, &reader);

    if (rc != ERR_OK) {
        return rc;
    }
    if (!log_table_find(&view->logs, id, out_log)) {
        return ERR_NOT_FOUND;
    }
    key = key_u32(*out_log);
    rc = txn_get(view->txn, TABLE_LOGS, key_bytes(&key), &row, msg);
    /* A log that the roster knew before its first commit is not found. */
    return rc == ERR_OK ? log_state_decode(out, &view->logs, row) : rc;
}

enum err
view_head(struct view *view, const struct log_id *log, struct head *out,
    struct err_msg *msg)
{
    struct log_state state = {0};
    uint32_t number = 0;
    enum err rc = view_load_log(view, log, &number, &state, msg);

    if (rc == ERR_OK && !state.has_head) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        *out = state.head;
    }
    author_release(&state.author);
    return rc;
}

bool
view_takes_bodies(const struct view *view, const struct node_id *node)
{
    const struct membership *membership = view_membership(view);
    const struct member_node *member = NULL;

    if (node == NULL) {
        return office_holds_bodies(view_office(view));
    }
    member = membership_node(membership, node);
    return member == NULL ||
           office_holds_bodies(&membership->offices[member->office]);
}

/* docs/protocol.md, "Entries": what a node that may not hold bodies gets. */
static void
take_body_away(struct entry *entry)
{
    if (entry->kind == ENTRY_CHANGE && entry->has_body) {
        hash_sha256(&entry->body_hash, entry->body);
        entry->has_body = false;
        entry->body = bytes_of(NULL, 0);
    }
}

/* How far the batch goes: by bytes and count, up to a border of 256. */
static enum err
gather(struct view *view, uint32_t log, const struct view_range *range,
    uint64_t size, struct batch *batch, struct err_msg *msg)
{
    struct entries_follow follow = {
        .txn = view->txn, .next = {log, range->from}};
    size_t bytes = 0;
    size_t count = 0;
    uint64_t border =
        (range->from / LOG_BATCH_ENTRIES_MAX + 1) * LOG_BATCH_ENTRIES_MAX;
    uint64_t end = num_min_u64(size, border);

    while (range->from + count < end) {
        struct stored_entry stored;
        enum err rc = entries_follow(&follow, &stored, msg);

        if (rc != ERR_OK) {
            return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
        }
        if (range->without_bodies) {
            take_body_away(&stored.entry);
        } else if (!stored.entry.has_body) {
            break; /* what this node lacks, others send */
        }
        bytes +=
            stored.entry.header.size + stored.entry.body.size + ENTRY_OVERHEAD;
        if (count > 0 && bytes > range->bytes_max) {
            break;
        }
        batch->entries[count++] = stored.entry;
    }
    batch->count = count;
    return ERR_OK;
}

/* The head the batch is proved under, and its proof. */
static enum err
prove(struct view *view, uint32_t log, const struct log_state *state,
    struct batch *batch)
{
    struct entries_source source = {view->txn, log};
    struct merkle_source merkle = entries_merkle(&source);
    uint64_t end = batch->from + batch->count;

    if (state->has_head && state->head.size >= end) {
        batch->head = state->head;
        return merkle_prove_consistency(
            &batch->proof, &merkle, end, state->head.size);
    }
    if (!state->has_target) {
        return ERR_CORRUPT;
    }
    struct merkle_partial partial = {
        state->edge.size, state->target.size, &state->beyond};
    batch->head = state->target;
    return merkle_prove_partial(&batch->proof, &merkle, &partial, end);
}

enum err
view_batch(struct view *view, const struct view_range *range, struct buf *out,
    uint64_t *out_to, struct err_msg *msg)
{
    struct log_state state = {0};
    struct batch batch = {.log = *range->log, .from = range->from};
    uint32_t log = 0;
    enum err rc = view_load_log(view, range->log, &log, &state, msg);

    if (rc == ERR_NOT_FOUND ||
        (rc == ERR_OK && range->from >= state.edge.size)) {
        author_release(&state.author);
        *out_to = range->from;
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        batch.entries =
            mem_zalloc(LOG_BATCH_ENTRIES_MAX, sizeof(*batch.entries));
        rc = batch.entries == NULL ? ERR_NOMEM : ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = gather(view, log, range, state.edge.size, &batch, msg);
    }
    if (rc == ERR_OK && batch.count > 0) {
        rc = prove(view, log, &state, &batch);
    }
    if (rc == ERR_OK && batch.count > 0) {
        rc = batch_encode(out, &batch);
    }
    if (rc == ERR_OK) {
        *out_to = batch.from + batch.count;
    }
    mem_free(batch.entries);
    author_release(&state.author);
    return rc;
}
