/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Derived tables made again from the entries, in commits of bounded size. A
 * mark in meta says that it is due or under way; one that was interrupted is
 * begun again when the store is opened (docs/storage.md, "Rebuild").
 *
 * All control logs go first, which wait for no changes: so every change is
 * judged by the whole membership, and the result does not depend on the order
 * in which entries came. Ranks depend on cuts (docs/membership.md, "Why it
 * converges"), which statements make that may come after what counts beyond
 * them: so the control logs are gone through again, with the cuts that were
 * found, until they stay.
 */
#include <assert.h>

#include "crypto/base/mem.h"
#include "storage/store_internal.h"

enum {
    REBUILD_CHUNK = 20000,  /* entries per commit */
    REBUILD_ROUNDS_MAX = 16 /* until cuts stay: one, or two if one is new */
};

enum err
rebuild_mark(struct store *store, struct err_msg *msg)
{
    return txn_put(
        store->txn, TABLE_META, bytes_text("rebuilding"), bytes_text("1"), msg);
}

static enum err
rebuild_unmark(struct store *store, struct err_msg *msg)
{
    return txn_delete(store->txn, TABLE_META, bytes_text("rebuilding"), msg);
}

/* Every author back to the start. */
static enum err
reset_authors(struct store *store)
{
    enum err rc = ERR_OK;

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
    return rc;
}

/* Empty what is derived, in a transaction that goes on. */
static enum err
start(struct store *store, struct err_msg *msg)
{
    static const enum table derived[] = {TABLE_MEMBERS, TABLE_KEYS,
        TABLE_PENDING, TABLE_RECORDS, TABLE_TOUCHED, TABLE_TERMS, TABLE_INDEX,
        TABLE_REFUSED};
    enum err rc = rebuild_mark(store, msg);

    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]) && rc == ERR_OK;
         i++) {
        rc = txn_clear(store->txn, derived[i], msg);
    }
    content_clear(&store->content);
    merged_clear(store);
    store->late_count = 0;
    if (rc == ERR_OK) {
        rc = reset_authors(store);
    }
    for (size_t i = 0; i < store->control_count; i++) {
        control_release(&store->controls[i]);
    }
    store->control_count = 0;
    store->membership_dirty = true;
    if (rc == ERR_OK) {
        rc = state_members(store, msg);
    }
    return rc;
}

/* Apply one stored entry if its turn has come; those that wait for others
 * are found again by apply_waiting. */
static enum err
replay_one(struct store *store, uint64_t arrival, struct err_msg *msg)
{
    struct stored_entry stored;
    struct applied applied;
    struct buf copy = {.limit = ENTRY_COPY_BYTES_MAX};
    const struct author *author = NULL;
    enum err rc = entries_at(store->txn, arrival, &stored, msg);

    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
    }
    if (stored.dot.log >= store->state_count) {
        return ERR_CORRUPT;
    }
    author = &store->states[stored.dot.log]->author;
    if (author->applied != stored.dot.position ||
        (store->only_control && author->id.kind != LOG_CONTROL)) {
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

/* How far a rebuild has come. */
struct rebuild {
    struct store *store;
    const struct store_progress *progress;
    size_t in_commit; /* entries looked at in this transaction */
};

/* Enough in this transaction: it is committed, another begun. */
static enum err
turn(struct rebuild *r, uint64_t done, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    if (++r->in_commit < REBUILD_CHUNK) {
        return ERR_OK;
    }
    r->in_commit = 0;
    rc = store_commit(r->store, msg);
    if (rc == ERR_OK) {
        rc = store_begin(r->store, 0, msg);
    }
    if (rc == ERR_OK && r->progress != NULL && r->progress->report != NULL) {
        r->progress->report(r->progress->context, done, r->store->next_arrival);
    }
    return rc;
}

/* Once over all entries, in order of arrival, then what had to wait. */
static enum err
pass(struct rebuild *r, bool only_control, struct err_msg *msg)
{
    struct store *store = r->store;
    uint64_t all = store->next_arrival;
    enum err rc = ERR_OK;

    store->only_control = only_control;
    for (uint64_t at = 0; at < all && rc == ERR_OK; at++) {
        rc = replay_one(store, at, msg);
        if (rc == ERR_OK && !only_control) {
            rc = turn(r, at + 1, msg);
        }
    }
    if (rc == ERR_OK) {
        rc = apply_waiting(store, msg);
    }
    store->only_control = false;
    return rc;
}

/* Where the membership as it is now cuts each log; *out_same: as before. */
static enum err
take_cuts(struct store *store, bool *out_same)
{
    size_t count = store->logs.count;
    uint64_t *cuts = mem_zalloc(count + 1, sizeof(*cuts));
    bool is_same = true;

    if (cuts == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t log = 0; log < count; log++) {
        uint64_t before =
            log < store->cut_count ? store->cuts[log] : UINT64_MAX;

        cuts[log] = membership_cut(&store->membership, log);
        is_same = is_same && cuts[log] == before;
    }
    mem_free(store->cuts);
    store->cuts = cuts;
    store->cut_count = count;
    *out_same = is_same;
    return ERR_OK;
}

/* All control logs, with the cuts that they come to. */
static enum err
pass_control(struct rebuild *r, struct err_msg *msg)
{
    struct store *store = r->store;
    bool is_same = false;
    enum err rc = take_cuts(store, &is_same);

    is_same = false;
    for (int i = 0; i < REBUILD_ROUNDS_MAX && rc == ERR_OK && !is_same; i++) {
        rc = start(store, msg);
        if (rc == ERR_OK) {
            rc = pass(r, true, msg);
        }
        if (rc == ERR_OK) {
            rc = state_members(store, msg);
        }
        if (rc == ERR_OK) {
            rc = take_cuts(store, &is_same);
        }
    }
    return rc;
}

/* What was applied once and waits now must not say otherwise. */
static enum err
unmark(struct store *store, struct dot dot, struct err_msg *msg)
{
    struct stored_entry stored;
    enum err rc = entries_get(store->txn, dot, &stored, msg);

    if (rc != ERR_OK || (stored.flags & ENTRY_FLAG_APPLIED) == 0) {
        return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
    }
    stored.flags &= (uint8_t) ~(ENTRY_FLAG_APPLIED | ENTRY_FLAG_CHECKPOINT);
    stored.previous = 0;
    stored.rank = 0;
    stored.time = 0;
    stored.checkpoint = bytes_of(NULL, 0);
    store->is_dirty = true;
    return entries_rewrite(store->txn, &stored, msg);
}

static enum err
unmark_waiting(struct rebuild *r, struct err_msg *msg)
{
    struct store *store = r->store;
    enum err rc = ERR_OK;

    for (uint32_t log = 0; log < store->state_count && rc == ERR_OK; log++) {
        const struct log_state *state = store->states[log];

        for (uint64_t at = state->author.applied;
             at < state->edge.size && rc == ERR_OK; at++) {
            rc = unmark(store, (struct dot){log, at}, msg);
            if (rc == ERR_OK) {
                rc = turn(r, store->next_arrival, msg);
            }
        }
    }
    return rc;
}

static enum err
rebuild(struct rebuild *r, struct err_msg *msg)
{
    struct store *store = r->store;
    enum err rc = store_begin(store, 0, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = pass_control(r, msg);
    if (rc == ERR_OK) {
        rc = pass(r, false, msg);
    }
    if (rc == ERR_OK) {
        rc = unmark_waiting(r, msg);
    }
    if (rc == ERR_OK) {
        rc = rebuild_unmark(store, msg);
    }
    if (rc == ERR_OK) {
        return store_commit(store, msg);
    }
    if (store->txn != NULL) {
        store_abort(store);
    }
    return rc;
}

enum err
store_rebuild(struct store *store, const struct store_progress *progress,
    struct err_msg *msg)
{
    struct rebuild r = {.store = store, .progress = progress};
    enum err rc = ERR_OK;

    assert(store->txn == NULL && !store->is_rebuilding);
    store->is_rebuilding = true;
    rc = rebuild(&r, msg);
    store->is_rebuilding = false;
    store->only_control = false;
    mem_free(store->cuts);
    store->cuts = NULL;
    store->cut_count = 0;
    if (rc == ERR_OK) {
        store->rebuild_due = false;
        if (progress != NULL && progress->report != NULL) {
            progress->report(
                progress->context, store->next_arrival, store->next_arrival);
        }
    }
    return rc;
}
