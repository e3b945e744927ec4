/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Derived tables made again from the entries, in commits of bounded size. A
 * mark in meta says that it is under way; one that was interrupted is begun
 * again when the store is opened (docs/storage.md, "Rebuild").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/store_internal.h"

enum { REBUILD_CHUNK = 20000 }; /* entries per commit */

static enum err
set_mark(struct store *store, bool on, struct err_msg *msg)
{
    struct bytes name = bytes_text("rebuilding");

    return on ? txn_put(store->txn, TABLE_META, name, bytes_text("1"), msg)
              : txn_delete(store->txn, TABLE_META, name, msg);
}

/* Empty what is derived, and put every author back to the start. */
static enum err
start(struct store *store, struct err_msg *msg)
{
    static const enum table derived[] = {TABLE_MEMBERS, TABLE_KEYS,
        TABLE_PENDING, TABLE_RECORDS, TABLE_TOUCHED, TABLE_TERMS, TABLE_INDEX,
        TABLE_REFUSED};
    enum err rc = store_begin(store, 0, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    store->is_dirty = true;
    rc = set_mark(store, true, msg);
    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]) && rc == ERR_OK;
         i++) {
        rc = txn_clear(store->txn, derived[i], msg);
    }
    content_clear(&store->content);
    for (size_t i = 0; i < store->state_count && rc == ERR_OK; i++) {
        struct log_state *state = store->states[i];
        struct author fresh = {0};

        rc = author_init(&fresh, &store->logs, &state->author.id);
        if (rc == ERR_OK) {
            author_release(&state->author);
            state->author = fresh;
            state->is_dirty = true;
        }
    }
    for (size_t i = 0; i < store->control_count; i++) {
        control_release(&store->controls[i]);
    }
    store->control_count = 0;
    store->membership_dirty = true;
    if (rc == ERR_OK) {
        return store_commit(store, msg);
    }
    store_abort(store);
    return rc;
}

/* Apply one stored entry if its turn has come; those that wait for others
 * are found again by apply_waiting. */
static enum err
replay_one(struct store *store, uint64_t arrival, struct err_msg *msg)
{
    struct stored_entry stored;
    struct applied applied;
    struct buf copy = {0};
    enum err rc = entries_at(store->txn, arrival, &stored, msg);

    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
    }
    if (stored.dot.log >= store->state_count) {
        return ERR_CORRUPT;
    }
    if (store->states[stored.dot.log]->author.applied != stored.dot.position) {
        return ERR_OK;
    }
    rc = entries_copy(&stored, &copy);
    if (rc == ERR_OK) {
        rc = apply_entry(store, &stored, &applied, msg);
    }
    if (rc == ERR_OK && !applied.is_blocked) {
        rc = apply_rewrite(store, &stored, &applied, msg);
    }
    buf_release(&copy);
    return rc;
}

static enum err
replay_chunk(
    struct store *store, uint64_t from, uint64_t to, struct err_msg *msg)
{
    enum err rc = store_begin(store, 0, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    store->is_dirty = true;
    for (uint64_t at = from; at < to && rc == ERR_OK; at++) {
        rc = replay_one(store, at, msg);
    }
    if (rc == ERR_OK) {
        rc = apply_waiting(store, msg);
    }
    if (rc == ERR_OK && to == store->next_arrival) {
        rc = set_mark(store, false, msg);
    }
    if (rc == ERR_OK) {
        return store_commit(store, msg);
    }
    store_abort(store);
    return rc;
}

enum err
store_rebuild(struct store *store, const struct store_progress *progress,
    struct err_msg *msg)
{
    enum err rc = start(store, msg);
    uint64_t all = store->next_arrival;
    uint64_t done = 0;

    do {
        uint64_t to = all - done < REBUILD_CHUNK ? all : done + REBUILD_CHUNK;

        if (rc == ERR_OK) {
            rc = replay_chunk(store, done, to, msg);
        }
        done = to;
        if (rc == ERR_OK && progress != NULL && progress->report != NULL) {
            progress->report(progress->context, done, all);
        }
    } while (rc == ERR_OK && done < all);
    return rc;
}

enum err
rebuild_resume(struct store *store, struct err_msg *msg)
{
    struct bytes value = {0};
    struct txn *txn = NULL;
    enum err rc = txn_begin(&txn, store->env, false, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = txn_get(txn, TABLE_META, bytes_text("rebuilding"), &value, msg);
    txn_abort(txn);
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    return rc == ERR_OK ? store_rebuild(store, NULL, msg) : rc;
}
