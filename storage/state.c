/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/mem.h"
#include "storage/store_internal.h"

enum { LOG_HAS_HEAD = 1, LOG_HAS_TARGET = 2, LOG_FLAGS_ALL = 3 };

static void
put_head(struct buf *out, const struct head *head)
{
    buf_put_u64(out, head->size);
    buf_put(out, head->root.bytes, sizeof(head->root.bytes));
    buf_put(out, head->signature.bytes, sizeof(head->signature.bytes));
}

static void
get_head(struct cursor *cursor, struct head *out)
{
    out->size = cursor_u64(cursor);
    cursor_copy(cursor, out->root.bytes, sizeof(out->root.bytes));
    cursor_copy(cursor, out->signature.bytes, sizeof(out->signature.bytes));
}

/* docs/storage.md, "logs". */
enum err
log_state_encode(struct buf *out, const struct log_state *state)
{
    uint8_t id[LOG_ID_BYTES];

    log_id_encode(id, &state->author.id);
    buf_put(out, id, sizeof(id));
    buf_put_u64(out, state->run_next);
    buf_put_u64(out, state->edge.size);
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((state->edge.size >> level & 1) != 0) {
            buf_put(out, state->edge.hashes[level].bytes, 32);
        }
    }
    buf_put_u8(out, (uint8_t)((state->has_head ? LOG_HAS_HEAD : 0) |
                              (state->has_target ? LOG_HAS_TARGET : 0)));
    if (state->has_head) {
        put_head(out, &state->head);
    }
    if (state->has_target) {
        put_head(out, &state->target);
        buf_put_u8(out, (uint8_t)state->beyond.count);
        for (size_t i = 0; i < state->beyond.count; i++) {
            buf_put(out, state->beyond.hashes[i].bytes, 32);
        }
    }
    buf_put_u8(out, (uint8_t)state->awaited_count);
    for (size_t i = 0; i < state->awaited_count; i++) {
        put_head(out, &state->awaited[i]);
    }
    enum err rc = author_encode(out, &state->author);
    return rc != ERR_OK ? rc : buf_err(out);
}

static void
get_edge(struct cursor *cursor, struct merkle_edge *out)
{
    out->size = cursor_u64(cursor);
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((out->size >> level & 1) != 0) {
            cursor_copy(cursor, out->hashes[level].bytes, 32);
        }
    }
}

static void
get_target(struct cursor *cursor, struct log_state *state)
{
    get_head(cursor, &state->target);
    state->beyond.count = cursor_u8(cursor);
    if (state->beyond.count > MERKLE_PROOF_MAX) {
        cursor_fail(cursor);
        state->beyond.count = 0;
    }
    for (size_t i = 0; i < state->beyond.count; i++) {
        cursor_copy(cursor, state->beyond.hashes[i].bytes, 32);
    }
}

enum err
log_state_decode(
    struct log_state *out, struct log_table *logs, struct bytes row)
{
    struct cursor cursor = cursor_init(row);
    struct log_state state = {0};
    struct bytes id = cursor_take(&cursor, LOG_ID_BYTES);
    struct log_id log;
    uint8_t flags = 0;

    if (cursor.failed || log_id_decode(&log, id.data) != ERR_OK) {
        return ERR_CORRUPT;
    }
    state.run_next = cursor_u64(&cursor);
    get_edge(&cursor, &state.edge);
    flags = cursor_u8(&cursor);
    state.has_head = (flags & LOG_HAS_HEAD) != 0;
    state.has_target = (flags & LOG_HAS_TARGET) != 0;
    if (state.has_head) {
        get_head(&cursor, &state.head);
    }
    if (state.has_target) {
        get_target(&cursor, &state);
    }
    state.awaited_count = cursor_u8(&cursor);
    if (state.awaited_count > LOG_AWAITED_MAX ||
        (flags & ~(unsigned)LOG_FLAGS_ALL) != 0) {
        return ERR_CORRUPT;
    }
    for (size_t i = 0; i < state.awaited_count; i++) {
        get_head(&cursor, &state.awaited[i]);
    }
    if (cursor.failed) {
        return ERR_CORRUPT;
    }
    enum err rc = author_decode(
        &state.author, logs, cursor_take(&cursor, cursor_left(&cursor)));
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != ERR_OK) {
        return ERR_CORRUPT;
    }
    if (!log_id_equal(&state.author.id, &log) ||
        state.author.applied > state.edge.size) {
        author_release(&state.author);
        return ERR_CORRUPT;
    }
    *out = state;
    return ERR_OK;
}

static void
log_state_free(struct log_state *state)
{
    if (state == NULL) {
        return;
    }
    author_release(&state->author);
    mem_free(state);
}

static void
members_release(struct store *store)
{
    membership_release(&store->membership);
    mem_secret_free(store->generation_secrets);
    mem_free(store->generation_has);
    store->generation_secrets = NULL;
    store->generation_has = NULL;
    memset(&store->membership, 0, sizeof(store->membership));
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
        if (rc == ERR_OK && number != wanted) {
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

/* docs/storage.md, "members": rank u64, time u64, clock as author sizes. */
static enum err
load_control(struct store *store, struct bytes key, struct bytes value,
    struct err_msg *msg)
{
    struct cursor cursor = cursor_init(value);
    struct stored_entry stored;
    struct control *control = NULL;
    uint64_t arrival = 0;
    enum err rc = key_get_u64(key, &arrival);

    if (rc == ERR_OK) {
        rc = entries_at(store->txn, arrival, &stored, msg);
    }
    if (rc == ERR_OK) {
        rc = mem_grow((void **)&store->controls, &store->control_capacity,
            store->control_count + 1, sizeof(*store->controls));
    }
    if (rc != ERR_OK) {
        return rc;
    }
    control = &store->controls[store->control_count];
    memset(control, 0, sizeof(*control));
    control->dot = stored.dot;
    control->rank = cursor_u64(&cursor);
    control->time = cursor_u64(&cursor);
    control->has_generation = cursor_u8(&cursor) == 1;
    control->generation.log = cursor_u32(&cursor);
    control->generation.position = cursor_u64(&cursor);
    for (uint32_t log = 0; rc == ERR_OK && cursor_left(&cursor) > 0; log++) {
        uint64_t size = cursor_u64(&cursor);
        rc = size == 0 ? ERR_OK : vclock_raise(&control->clock, log, size);
    }
    if (rc == ERR_OK && cursor_end(&cursor) != ERR_OK) {
        rc = ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        control->body =
            mem_copy(stored.entry.body.data, stored.entry.body.size);
        rc = control->body == NULL ? ERR_NOMEM : ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = statement_decode(&control->statement,
            bytes_of(control->body, stored.entry.body.size));
        rc = rc == ERR_OK || rc == ERR_NOMEM ? rc : ERR_CORRUPT;
    }
    if (rc != ERR_OK) {
        control_release(control);
        return rc;
    }
    store->control_count++;
    return ERR_OK;
}

static enum err
load_controls(struct store *store, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, store->txn, TABLE_MEMBERS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        rc = load_control(store, scan.key, scan.value, msg);
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
    scan_close(&scan);
    return rc;
}

enum err
state_load(struct store *store, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    state_release(store);
    store->is_writing = false;
    rc = txn_begin(&store->txn, store->env, false, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = load_logs(store, msg);
    if (rc == ERR_OK) {
        rc = load_controls(store, msg);
    }
    if (rc == ERR_OK) {
        rc = entries_next(store->txn, &store->next_arrival, msg);
    }
    if (rc == ERR_OK) {
        rc = load_touched(store, msg);
    }
    store->membership_dirty = true;
    store->roster_dirty = true;
    if (rc == ERR_OK) {
        rc = state_members(store, msg);
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

/* New secrets may open keys that were waiting. */
static enum err
unlock_pending(struct store *store, struct err_msg *msg)
{
    struct reader reader = store_reader(store);
    struct scan scan = {0};
    enum err rc = scan_open(&scan, store->txn, TABLE_PENDING, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        struct content_key *key = NULL;
        struct dot dot = {0};
        bool opened = false;

        rc = key_get_dot(scan.key, &dot);
        if (rc == ERR_OK) {
            rc = content_get(&store->content, store->txn, dot, &key, msg);
        }
        if (rc == ERR_OK && !key->has_secret) {
            rc = reader_unlock(&reader, key, NULL, &opened, msg);
        }
        if (rc == ERR_OK && opened) {
            rc = mem_grow((void **)&store->late, &store->late_capacity,
                store->late_count + 1, sizeof(*store->late));
            if (rc == ERR_OK) {
                store->late[store->late_count++] = dot;
            }
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

static size_t
count_open(const struct store *store)
{
    size_t count = 0;

    for (size_t i = 0; i < store->membership.generation_count; i++) {
        if (store->generation_has != NULL && store->generation_has[i]) {
            count++;
        }
    }
    return count;
}

/* Members' logs have numbers from their admission on: no clock waits for a
 * log only because nothing of it has come. */
static enum err
number_members(struct store *store)
{
    enum err rc = ERR_OK;

    if (store->txn == NULL || !store->is_writing) {
        return ERR_OK;
    }
    for (size_t i = 0; i < store->membership.node_count && rc == ERR_OK; i++) {
        struct log_id id = {
            store->membership.nodes[i].cert.keys.sign, LOG_CONTROL};
        uint32_t number = 0;

        if (!log_table_find(&store->logs, &id, &number)) {
            rc = state_log(store, &id, &number);
        }
    }
    return rc;
}

enum err
state_members(struct store *store, struct err_msg *msg)
{
    struct keyring_options options = {0};
    size_t before = 0;
    size_t count = 0;
    enum err rc = ERR_OK;

    if (!store->membership_dirty) {
        return ERR_OK;
    }
    before = count_open(store);
    members_release(store);
    rc = membership_eval(&store->membership, &store->corridor, &store->logs,
        store->controls, store->control_count);
    if (rc != ERR_OK) {
        return rc;
    }
    count = store->membership.generation_count;
    if (count > 0) {
        store->generation_secrets =
            mem_secret_alloc(count * sizeof(struct secret_key));
        store->generation_has = mem_zalloc(count, sizeof(bool));
        if (store->generation_secrets == NULL ||
            store->generation_has == NULL) {
            return ERR_NOMEM;
        }
        memset(store->generation_secrets, 0, count * sizeof(struct secret_key));
        options.controls = store->controls;
        options.node = &store->self.sign;
        options.seal = &store->secrets->node.seal;
        rc = keyring_open(store->generation_secrets, store->generation_has,
            &store->membership, &options);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    rc = number_members(store);
    if (rc != ERR_OK) {
        return rc;
    }
    store->membership_dirty = false;
    store->roster_dirty = true;
    if (store->txn != NULL && count_open(store) > before) {
        rc = unlock_pending(store, msg);
    }
    return rc;
}
