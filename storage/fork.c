/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/fork.h"

#include "crypto/base/cursor.h"
#include "crypto/base/num.h"

uint64_t
fork_cut(const struct store *store, uint32_t log)
{
    if (!store->is_rebuilding) {
        return membership_cut(&store->membership, log);
    }
    return log < store->cut_count ? store->cuts[log] : UINT64_MAX;
}

bool
fork_is_frozen(const struct store *store, uint32_t log)
{
    return log < store->state_count && store->states[log]->is_forked &&
           fork_cut(store, log) == UINT64_MAX;
}

uint64_t
fork_counted_max(const struct store *store, uint32_t log)
{
    return fork_is_frozen(store, log) ? store->states[log]->edge.size
                                      : fork_cut(store, log);
}

enum err
evidence_row_encode(struct buf *out, const struct evidence_row *row)
{
    buf_put_u64(out, row->found_ms);
    return evidence_encode(out, &row->evidence);
}

enum err
evidence_row_decode(struct evidence_row *out, struct bytes row)
{
    struct cursor cursor = cursor_init(row);
    struct evidence_row read = {.found_ms = cursor_u64(&cursor)};
    enum err rc = evidence_decode(
        &read.evidence, cursor_take(&cursor, cursor_left(&cursor)));

    if (cursor.failed || rc != ERR_OK) {
        return ERR_CORRUPT;
    }
    *out = read;
    return ERR_OK;
}

enum err
fork_keep(struct store *store, uint32_t log, const struct evidence *evidence,
    struct err_msg *msg)
{
    struct log_state *state = store->states[log];
    struct evidence_row row = {store->wall_ms, *evidence};
    struct key key = key_u32(log);
    struct buf encoded = {0};
    enum err rc = ERR_OK;

    if (state->has_evidence) {
        return ERR_STALE;
    }
    rc = evidence_row_encode(&encoded, &row);
    if (rc == ERR_OK) {
        store->is_dirty = true;
        rc = txn_put(store->txn, TABLE_EVIDENCE, key_bytes(&key),
            buf_bytes(&encoded), msg);
    }
    buf_release(&encoded);
    if (rc != ERR_OK) {
        return rc;
    }
    state->is_forked = true;
    state->has_evidence = true;
    store->marks.has_rest = false;
    state->awaited_count = 0; /* what they would tell is told */
    state->is_dirty = true;
    return apply_waiting(store, msg);
}
