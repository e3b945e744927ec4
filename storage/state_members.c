/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control entries and what they make: rows of members, the membership, the
 * circles' secrets that are open to this node (docs/storage.md, "members").
 */
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/mem.h"
#include "storage/store_internal.h"

void
members_release(struct store *store)
{
    membership_release(&store->membership);
    mem_secret_free(store->generation_secrets);
    mem_free(store->generation_has);
    store->generation_secrets = NULL;
    store->generation_has = NULL;
    memset(&store->membership, 0, sizeof(store->membership));
}

static void
put_clock(struct buf *out, const struct vclock *clock)
{
    uint32_t count = (uint32_t)clock->count;

    while (count > 0 && vclock_get(clock, count - 1) == 0) {
        count--;
    }
    buf_put_u32(out, count);
    for (uint32_t log = 0; log < count; log++) {
        buf_put_u64(out, vclock_get(clock, log));
    }
}

enum err
members_encode(struct buf *out, const struct control *control)
{
    buf_put_u64(out, control->rank);
    buf_put_u64(out, control->time);
    buf_put_u8(out, control->has_generation ? 1 : 0);
    buf_put_u32(out, control->generation.log);
    buf_put_u64(out, control->generation.position);
    put_clock(out, &control->clock);
    return buf_err(out);
}

static enum err
get_clock(
    struct vclock *out, struct cursor *cursor, const struct log_table *logs)
{
    uint32_t count = cursor_u32(cursor);
    enum err rc = ERR_OK;

    if (cursor->failed || count > logs->count) {
        return ERR_CORRUPT;
    }
    for (uint32_t log = 0; log < count && rc == ERR_OK; log++) {
        uint64_t size = cursor_u64(cursor);

        rc = size > LOG_SIZE_MAX ? ERR_CORRUPT : vclock_raise(out, log, size);
    }
    /* One encoding: the last size says how many there are. */
    if (rc == ERR_OK && out->count != count) {
        rc = ERR_CORRUPT;
    }
    return rc;
}

enum err
members_decode(
    struct control *out, const struct log_table *logs, struct bytes row)
{
    struct cursor cursor = cursor_init(row);
    struct control control = {0};
    uint8_t has = 0;
    enum err rc = ERR_OK;

    control.rank = cursor_u64(&cursor);
    control.time = cursor_u64(&cursor);
    has = cursor_u8(&cursor);
    control.has_generation = has == 1;
    control.generation.log = cursor_u32(&cursor);
    control.generation.position = cursor_u64(&cursor);
    if (has > 1 || control.generation.log >= LOG_TABLE_MAX) {
        return ERR_CORRUPT;
    }
    rc = get_clock(&control.clock, &cursor, logs);
    if (rc == ERR_OK && cursor_end(&cursor) != ERR_OK) {
        rc = ERR_CORRUPT;
    }
    if (rc != ERR_OK) {
        control_release(&control);
        return rc;
    }
    *out = control;
    return ERR_OK;
}

/* The statement itself is the entry's body. */
static enum err
read_statement(struct control *control, const struct stored_entry *stored)
{
    struct bytes body = stored->entry.body;
    enum err rc = ERR_OK;

    control->dot = stored->dot;
    control->body = mem_copy(body.data, body.size);
    if (control->body == NULL) {
        return ERR_NOMEM;
    }
    rc = statement_decode(
        &control->statement, bytes_of(control->body, body.size));
    return rc == ERR_OK || rc == ERR_NOMEM ? rc : ERR_CORRUPT;
}

enum err
members_read(struct txn *txn, const struct log_table *logs, struct bytes key,
    struct bytes row, struct control *out, struct err_msg *msg)
{
    struct stored_entry stored;
    struct control control = {0};
    uint64_t arrival = 0;
    enum err rc = key_get_u64(key, &arrival);

    if (rc == ERR_OK) {
        rc = entries_at(txn, arrival, &stored, msg);
        rc = rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
    }
    if (rc == ERR_OK &&
        (!stored.entry.has_body || stored.entry.body.size == 0 ||
            stored.dot.log >= logs->count)) {
        rc = ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        rc = members_decode(&control, logs, row);
    }
    if (rc == ERR_OK) {
        rc = read_statement(&control, &stored);
    }
    if (rc != ERR_OK) {
        control_release(&control);
        return rc;
    }
    *out = control;
    return ERR_OK;
}

static enum err
load_control(struct store *store, struct bytes key, struct bytes row,
    struct err_msg *msg)
{
    enum err rc = mem_grow((void **)&store->controls, &store->control_capacity,
        store->control_count + 1, sizeof(*store->controls));

    if (rc == ERR_OK) {
        rc = members_read(store->txn, &store->logs, key, row,
            &store->controls[store->control_count], msg);
    }
    if (rc == ERR_OK) {
        store->control_count++;
    }
    return rc;
}

enum err
members_load(struct store *store, struct err_msg *msg)
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

/* The secrets of the circles' generations that are open to this node. */
static enum err
open_circles(const struct store *store, const struct membership *membership,
    struct secret_key **out, bool **out_has)
{
    size_t count = membership->generation_count;
    struct keyring_options options = {
        .controls = store->controls,
        .node = &store->self.sign,
        .seal = &store->secrets->node.seal,
    };
    struct secret_key *secrets = NULL;
    bool *has = NULL;
    enum err rc = ERR_OK;

    if (count == 0) {
        return ERR_OK;
    }
    secrets = mem_secret_alloc(count * sizeof(struct secret_key));
    has = mem_zalloc(count, sizeof(bool));
    if (secrets == NULL || has == NULL) {
        rc = ERR_NOMEM;
    } else {
        memset(secrets, 0, count * sizeof(struct secret_key));
        rc = keyring_open(secrets, has, membership, &options);
    }
    if (rc != ERR_OK) {
        mem_secret_free(secrets);
        mem_free(has);
        return rc;
    }
    *out = secrets;
    *out_has = has;
    return ERR_OK;
}

enum err
members_eval(struct store *store)
{
    struct membership membership = {0};
    struct secret_key *secrets = NULL;
    bool *has = NULL;
    enum err rc = membership_eval(&membership, &store->corridor, &store->logs,
        store->controls, store->control_count);

    if (rc == ERR_OK) {
        rc = open_circles(store, &membership, &secrets, &has);
    }
    if (rc != ERR_OK) {
        membership_release(&membership);
        return rc;
    }
    members_release(store);
    store->membership = membership;
    store->generation_secrets = secrets;
    store->generation_has = has;
    store->membership_dirty = false;
    store->roster_dirty = true;
    return ERR_OK;
}
