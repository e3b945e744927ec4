/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three names that nodes compare when their clocks are equal, of what
 * clocks do not tell (docs/protocol.md, "Marks"). They are made at every
 * commit, so what costs is kept with each log: its root, and the name of its
 * cosignatures.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/flat.h"
#include "crypto/hash.h"
#include "storage/cosign.h"
#include "storage/fork.h"

enum { HEAD_BYTES_MAX = 64, HASH_BYTES = 64 };

void
marks_release(struct marks *marks)
{
    mem_free(marks->order);
    buf_release(&marks->rows);
    *marks = (struct marks){.count = 0};
}

/* The first bytes of BLAKE2b-512 of CBOR [label, rows]. */
static void
make_name(uint8_t *out, size_t size, const char *label, struct bytes rows)
{
    uint8_t head[HEAD_BYTES_MAX];
    uint8_t hash[HASH_BYTES];
    struct flat flat = flat_array(head, sizeof(head), 2, label);
    struct bytes parts[2] = {{NULL, 0}, rows};

    flat_bytes_head(&flat, rows.size);
    parts[0] = flat_bytes(&flat);
    hash_blake2b_512(hash, parts, 2);
    memcpy(out, hash, size);
}

static int
compare_places(const void *a, const void *b)
{
    const struct marks_place *x = a;
    const struct marks_place *y = b;

    return log_id_compare(&x->id, &y->id);
}

/* Logs are only ever added, and seldom. */
static enum err
sort_logs(struct store *store)
{
    struct marks *marks = &store->marks;
    struct marks_place *order = NULL;
    size_t count = store->logs.count;

    if (marks->count == count) {
        return ERR_OK;
    }
    order = mem_zalloc(count, sizeof(*order));
    if (order == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        order[i] = (struct marks_place){store->logs.ids[i], i};
    }
    qsort(order, count, sizeof(*order), compare_places);
    mem_free(marks->order);
    marks->order = order;
    marks->count = count;
    marks->has_rest = false;
    return ERR_OK;
}

static void
put_id(struct buf *rows, const struct log_id *id)
{
    uint8_t bytes[LOG_ID_BYTES];

    log_id_encode(bytes, id);
    buf_put(rows, bytes, sizeof(bytes));
}

/* The name of one log's cosignatures, by members that are not retired. */
static enum err
name_vouches(struct store *store, uint32_t log, struct err_msg *msg)
{
    struct log_state *state = store->states[log];
    struct buf *rows = &store->marks.rows;
    struct cosign_scan scan = {.log = log};
    struct cosign_row row;
    enum err rc = cosign_scan_open(&scan, store->txn, msg);

    buf_clear(rows);
    while (rc == ERR_OK && cosign_scan_next(&scan, &row)) {
        if (cosign_counts(&store->membership, &row.cosigner)) {
            buf_put(rows, row.cosigner.bytes, sizeof(row.cosigner.bytes));
            buf_put_u64(rows, row.size);
        }
    }
    if (rc == ERR_OK) {
        rc = cosign_scan_end(&scan, msg);
    }
    cosign_scan_close(&scan);
    if (rc == ERR_OK) {
        rc = buf_err(rows);
    }
    if (rc == ERR_OK) {
        state->has_vouches = rows->size > 0;
        make_name(state->vouches.bytes, sizeof(state->vouches.bytes),
            "corridor/marks/log/1", buf_bytes(rows));
        state->vouches_changed = false;
        store->marks.has_rest = false;
    }
    return rc;
}

/* What is kept with each log, where it is no longer so. */
static enum err
refresh(struct store *store, struct err_msg *msg)
{
    bool has_any = txn_count(store->txn, TABLE_COSIGNATURES) > 0;
    enum err rc = ERR_OK;

    for (uint32_t log = 0; log < store->state_count && rc == ERR_OK; log++) {
        struct log_state *state = store->states[log];

        if (state->root_size != state->edge.size) {
            merkle_root(&state->root, &state->edge);
            state->root_size = state->edge.size;
        }
        if (has_any && (state->vouches_changed || store->roster_dirty)) {
            rc = name_vouches(store, log, msg);
        }
    }
    return rc;
}

static void
put_head_row(struct store *store, const struct marks_place *place)
{
    const struct log_state *state = store->states[place->log];

    /* Not even once it is cut: behind the cut branches may go on to differ. */
    if (state->edge.size > 0 && !state->has_evidence) {
        put_id(&store->marks.rows, &place->id);
        buf_put_u64(&store->marks.rows, state->edge.size);
        buf_put_bytes(&store->marks.rows, bytes_hash(&state->root));
    }
}

static void
put_fork_row(struct store *store, const struct marks_place *place)
{
    if (store->states[place->log]->has_evidence) {
        put_id(&store->marks.rows, &place->id);
    }
}

static void
put_vouch_row(struct store *store, const struct marks_place *place)
{
    const struct log_state *state = store->states[place->log];

    if (state->has_vouches && !state->has_evidence) {
        put_id(&store->marks.rows, &place->id);
        buf_put_bytes(&store->marks.rows, bytes_hash(&state->vouches));
    }
}

static const struct {
    size_t offset;
    const char *label;
    void (*put)(struct store *store, const struct marks_place *place);
} parts[] = {
    {MARK_HEADS, "corridor/marks/heads/1", put_head_row},
    {MARK_FORKS, "corridor/marks/forks/1", put_fork_row},
    {MARK_VOUCHES, "corridor/marks/vouches/1", put_vouch_row},
};

enum err
marks_make(struct store *store, struct err_msg *msg)
{
    struct marks *marks = &store->marks;
    enum err rc = sort_logs(store);

    if (rc == ERR_OK) {
        rc = refresh(store, msg);
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == ERR_OK;
         i++) {
        if (marks->has_rest && parts[i].offset != MARK_HEADS) {
            continue;
        }
        buf_clear(&marks->rows);
        for (size_t n = 0; n < marks->count; n++) {
            parts[i].put(store, &marks->order[n]);
        }
        rc = buf_err(&marks->rows);
        if (rc == ERR_OK) {
            make_name(marks->names + parts[i].offset, MARK_BYTES,
                parts[i].label, buf_bytes(&marks->rows));
        }
    }
    marks->has_rest = rc == ERR_OK;
    return rc;
}
