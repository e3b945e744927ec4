/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/store_internal.h"

static void
roster_drop(struct roster *roster)
{
    if (roster == NULL || --roster->users > 0) {
        return;
    }
    membership_release(&roster->membership);
    log_table_release(&roster->logs);
    mem_secret_free(roster->generation_secrets);
    mem_free(roster->generation_has);
    mem_free(roster);
}

static void
snapshot_free(struct snapshot *snapshot)
{
    roster_drop(snapshot->roster);
    buf_release(&snapshot->clock);
    vclock_release(&snapshot->stored);
    vclock_release(&snapshot->applied);
    vclock_release(&snapshot->times);
    mem_free(snapshot);
}

/* A copy that shares nothing with the writer. */
static enum err
roster_new(struct store *store, struct roster **out)
{
    struct roster *roster = mem_zalloc(1, sizeof(*roster));
    size_t count = store->membership.generation_count;
    enum err rc = ERR_OK;

    if (roster == NULL) {
        return ERR_NOMEM;
    }
    roster->users = 1;
    for (size_t i = 0; i < store->logs.count && rc == ERR_OK; i++) {
        uint32_t number = 0;
        rc = log_table_add(&roster->logs, &store->logs.ids[i], &number);
    }
    if (rc == ERR_OK) {
        rc = membership_eval(&roster->membership, &store->corridor,
            &roster->logs, store->controls, store->control_count);
    }
    if (rc == ERR_OK && count > 0) {
        roster->generation_secrets =
            mem_secret_alloc(count * sizeof(struct secret_key));
        roster->generation_has = mem_zalloc(count, sizeof(bool));
        if (roster->generation_secrets == NULL ||
            roster->generation_has == NULL) {
            rc = ERR_NOMEM;
        } else {
            memcpy(roster->generation_secrets, store->generation_secrets,
                count * sizeof(struct secret_key));
            memcpy(roster->generation_has, store->generation_has,
                count * sizeof(bool));
        }
    }
    if (rc != ERR_OK) {
        roster_drop(roster);
        return rc;
    }
    *out = roster;
    return ERR_OK;
}

static enum err
fill_clocks(struct store *store, struct snapshot *snapshot)
{
    enum err rc = ERR_OK;

    for (uint32_t i = 0; i < store->state_count && rc == ERR_OK; i++) {
        const struct log_state *state = store->states[i];
        if (state->edge.size == 0) {
            continue;
        }
        rc = vclock_raise(&snapshot->stored, i, state->edge.size);
        if (rc == ERR_OK && state->author.applied > 0) {
            rc = vclock_raise(&snapshot->applied, i, state->author.applied);
        }
        if (rc == ERR_OK && state->author.time > 0) {
            rc = vclock_raise(&snapshot->times, i, state->author.time);
        }
    }
    if (rc == ERR_OK) {
        rc = vclock_encode(&snapshot->clock, &snapshot->stored, &store->logs);
    }
    return rc;
}

enum err
snapshot_publish(struct store *store)
{
    struct snapshot *snapshot = mem_zalloc(1, sizeof(*snapshot));
    struct snapshot *old = NULL;
    enum err rc = ERR_OK;

    if (snapshot == NULL) {
        return ERR_NOMEM;
    }
    snapshot->users = 1;
    rc = fill_clocks(store, snapshot);
    if (rc == ERR_OK && (store->roster_dirty || store->snapshot == NULL)) {
        rc = roster_new(store, &snapshot->roster);
    }
    if (rc != ERR_OK) {
        snapshot_free(snapshot);
        return rc;
    }
    pthread_mutex_lock(&store->lock);
    if (snapshot->roster == NULL) {
        snapshot->roster = store->snapshot->roster;
        snapshot->roster->users++;
    }
    old = store->snapshot;
    store->snapshot = snapshot;
    store->roster_dirty = false;
    if (old != NULL && --old->users == 0) {
        snapshot_free(old);
    }
    pthread_mutex_unlock(&store->lock);
    return ERR_OK;
}

struct snapshot *
snapshot_take(struct store *store)
{
    struct snapshot *snapshot = NULL;

    pthread_mutex_lock(&store->lock);
    snapshot = store->snapshot;
    snapshot->users++;
    pthread_mutex_unlock(&store->lock);
    return snapshot;
}

void
snapshot_drop(struct store *store, struct snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    pthread_mutex_lock(&store->lock);
    if (--snapshot->users == 0) {
        snapshot_free(snapshot);
    }
    pthread_mutex_unlock(&store->lock);
}
