/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/store_internal.h"

static void
log_state_free(struct log_state *state)
{
    if (state == NULL) {
        return;
    }
    author_release(&state->author);
    mem_free(state);
}

void
state_release(struct store *store)
{
    for (size_t i = 0; i < store->state_count; i++) {
        log_state_free(store->states[i]);
    }
    mem_free(store->states);
    store->states = NULL;
    store->state_count = 0;
    store->state_capacity = 0;
    for (size_t i = 0; i < store->control_count; i++) {
        control_release(&store->controls[i]);
    }
    mem_free(store->controls);
    store->controls = NULL;
    store->control_count = 0;
    store->control_capacity = 0;
    members_release(store);
    log_table_release(&store->logs);
    memset(&store->logs, 0, sizeof(store->logs));
    marks_release(&store->marks);
    store->time_max = 0;
}

/* Room for one more state, in step with the log table's numbers. */
static enum err
push_state(struct store *store, struct log_state **out)
{
    struct log_state *state = NULL;
    enum err rc = mem_grow((void **)&store->states, &store->state_capacity,
        store->state_count + 1, sizeof(struct log_state *));

    if (rc != ERR_OK) {
        return rc;
    }
    state = mem_zalloc(1, sizeof(*state));
    if (state == NULL) {
        return ERR_NOMEM;
    }
    state->vouches_changed = true;
    store->states[store->state_count++] = state;
    *out = state;
    return ERR_OK;
}

enum err
state_cover(struct store *store)
{
    while (store->state_count < store->logs.count) {
        struct log_state *state = NULL;
        struct log_id id = store->logs.ids[store->state_count];
        enum err rc = push_state(store, &state);

        if (rc != ERR_OK) {
            return rc;
        }
        /* May add the node's other log, which the loop then reaches. */
        rc = author_init(&state->author, &store->logs, &id);
        if (rc != ERR_OK) {
            store->state_count--;
            mem_free(state);
            return rc;
        }
        state->run_next = UINT64_MAX;
        state->is_dirty = true;
        store->roster_dirty = true;
    }
    return ERR_OK;
}

enum err
state_log(struct store *store, const struct log_id *id, uint32_t *out)
{
    enum err rc = log_table_add(&store->logs, id, out);

    return rc == ERR_OK ? state_cover(store) : rc;
}

enum err
state_flush(struct store *store, struct err_msg *msg)
{
    struct buf row = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < store->state_count && rc == ERR_OK; i++) {
        struct log_state *state = store->states[i];
        struct key key = key_u32((uint32_t)i);

        if (!state->is_dirty) {
            continue;
        }
        buf_clear(&row);
        rc = log_state_encode(&row, state);
        if (rc == ERR_OK) {
            rc = txn_put(
                store->txn, TABLE_LOGS, key_bytes(&key), buf_bytes(&row), msg);
        }
        if (rc == ERR_OK) {
            state->is_dirty = false;
        }
    }
    buf_release(&row);
    return rc;
}

/* First all ids, so that authors' tables may name any log. */
static enum err
load_log_ids(struct store *store, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, store->txn, TABLE_LOGS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        struct log_id id;
        uint32_t number = 0;
        uint32_t wanted = 0;

        if (scan.value.size < LOG_ID_BYTES ||
            log_id_decode(&id, scan.value.data) != ERR_OK ||
            key_get_u32(scan.key, &wanted) != ERR_OK) {
            rc = ERR_CORRUPT;
            break;
        }
        rc = log_table_add(&store->logs, &id, &number);
        if (rc == ERR_TOO_BIG || (rc == ERR_OK && number != wanted)) {
            rc = ERR_CORRUPT;
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

static enum err
load_logs(struct store *store, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = load_log_ids(store, msg);

    if (rc == ERR_OK) {
        rc = scan_open(&scan, store->txn, TABLE_LOGS, msg);
    }
    while (rc == ERR_OK && scan_next(&scan)) {
        struct log_state *state = NULL;

        rc = push_state(store, &state);
        if (rc == ERR_OK) {
            rc = log_state_decode(state, &store->logs, scan.value);
        }
        if (rc == ERR_OK && state->author.time > store->time_max) {
            store->time_max = state->author.time;
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

static enum err
load_touched(struct store *store, struct err_msg *msg)
{
    struct scan scan = {0};
    struct bytes none = {0};
    struct bytes value = {0};
    uint64_t last = 0;
    enum err rc =
        txn_get(store->txn, TABLE_META, bytes_text("touched"), &value, msg);

    store->next_touched = 0;
    if (rc == ERR_OK) {
        rc = key_get_u64(value, &store->next_touched);
    } else if (rc == ERR_NOT_FOUND) {
        rc = ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = scan_open(&scan, store->txn, TABLE_TOUCHED, msg);
    }
    if (rc == ERR_OK && scan_last(&scan, none)) {
        rc = key_get_u64(scan.key, &last);
        if (rc == ERR_OK && last >= store->next_touched) {
            store->next_touched = last + 1;
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

/* Is a rebuild under way or due? */
static enum err
load_mark(struct store *store, struct err_msg *msg)
{
    struct bytes value = {0};
    enum err rc =
        txn_get(store->txn, TABLE_META, bytes_text("rebuilding"), &value, msg);

    store->rebuild_due = rc == ERR_OK;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err
state_load(struct store *store, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    state_release(store);
    rc = txn_begin(&store->txn, store->env, false, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = load_logs(store, msg);
    if (rc == ERR_OK) {
        rc = members_load(store, msg);
    }
    if (rc == ERR_OK) {
        rc = entries_next(store->txn, &store->next_arrival, msg);
    }
    if (rc == ERR_OK) {
        rc = load_touched(store, msg);
    }
    if (rc == ERR_OK) {
        rc = load_mark(store, msg);
    }
    if (rc == ERR_OK) {
        rc = members_eval(store);
    }
    if (rc == ERR_OK) {
        rc = cosign_load(store, msg);
    }
    if (rc == ERR_OK) {
        rc = marks_make(store, msg);
    }
    txn_abort(store->txn);
    store->txn = NULL;
    if (rc == ERR_CORRUPT) {
        return err_set(msg, rc,
            "the database is damaged; restore the last backup, or run "
            "corridor verify to see what is wrong");
    }
    return rc;
}
