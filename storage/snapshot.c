/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/bodies.h"
#include "storage/fork.h"
#include "storage/view.h"

static void
roster_free(struct roster *roster)
{
    membership_release(&roster->membership);
    log_table_release(&roster->logs);
    mem_secret_free(roster->generation_secrets);
    mem_free(roster->generation_has);
    mem_free(roster->refused);
    mem_free(roster);
}

void
snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    buf_release(&snapshot->clock);
    vclock_release(&snapshot->told);
    vclock_release(&snapshot->stored);
    vclock_release(&snapshot->applied);
    vclock_release(&snapshot->times);
    mem_free(snapshot->flags);
    mem_free(snapshot);
}

/* Which statements do not count, for whoever lists them. */
static enum err
note_refused(const struct store *store, struct roster *roster)
{
    const struct membership *m = &roster->membership;
    size_t count = 0;

    for (size_t i = 0; i < m->control_count; i++) {
        count += m->verdicts[i] != VOID_NONE;
    }
    if (count == 0) {
        return ERR_OK;
    }
    roster->refused = mem_zalloc(count, sizeof(*roster->refused));
    if (roster->refused == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->control_count; i++) {
        if (m->verdicts[i] != VOID_NONE) {
            roster->refused[roster->refused_count++] = (struct refused_item){
                store->controls[i].dot, (enum void_reason)m->verdicts[i]};
        }
    }
    return ERR_OK;
}

/* A copy that shares nothing with the writer. */
static enum err
roster_new(const struct store *store, struct roster **out)
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
    if (rc == ERR_OK) {
        rc = note_refused(store, roster);
    }
    if (rc != ERR_OK) {
        roster_free(roster);
        return rc;
    }
    *out = roster;
    return ERR_OK;
}

static enum err
fill_clocks(const struct store *store, struct snapshot *snapshot)
{
    enum err rc = ERR_OK;

    for (uint32_t i = 0; i < store->state_count && rc == ERR_OK; i++) {
        const struct log_state *state = store->states[i];
        uint64_t told = 0;

        if (state->edge.size == 0) {
            continue;
        }
        snapshot->absent += state->absent.count;
        rc = vclock_raise(&snapshot->stored, i, state->edge.size);
        told = bodies_told(store, state);
        if (rc == ERR_OK && told > 0) {
            rc = vclock_raise(&snapshot->told, i, told);
        }
        if (rc == ERR_OK && state->author.applied > 0) {
            rc = vclock_raise(&snapshot->applied, i, state->author.applied);
        }
        if (rc == ERR_OK && state->author.time > 0) {
            rc = vclock_raise(&snapshot->times, i, state->author.time);
        }
    }
    if (rc == ERR_OK) {
        rc = vclock_encode(&snapshot->clock, &snapshot->told, &store->logs);
    }
    return rc;
}

/* What is known of logs beyond their sizes. */
static enum err
note_forks(const struct store *store, struct snapshot *snapshot)
{
    memcpy(snapshot->marks, store->marks.names, sizeof(snapshot->marks));
    snapshot->flags = mem_zalloc(store->state_count + 1, 1);
    if (snapshot->flags == NULL) {
        return ERR_NOMEM;
    }
    snapshot->flag_count = store->state_count;
    for (uint32_t i = 0; i < store->state_count; i++) {
        snapshot->flags[i] =
            (uint8_t)((store->states[i]->is_forked ? SNAPSHOT_FORKED : 0) |
                      (fork_is_frozen(store, i) ? SNAPSHOT_FROZEN : 0));
    }
    return ERR_OK;
}

enum err
snapshot_prepare(const struct store *store, struct snapshot **out)
{
    struct snapshot *snapshot = mem_zalloc(1, sizeof(*snapshot));
    enum err rc = ERR_OK;

    if (snapshot == NULL) {
        return ERR_NOMEM;
    }
    snapshot->users = 1;
    rc = fill_clocks(store, snapshot);
    if (rc == ERR_OK) {
        rc = note_forks(store, snapshot);
    }
    if (rc != ERR_OK) {
        snapshot_free(snapshot);
        return rc;
    }
    *out = snapshot;
    return ERR_OK;
}

void
snapshot_publish(struct store *store, struct snapshot *snapshot)
{
    struct snapshot *old = NULL;

    pthread_mutex_lock(&store->lock);
    old = store->snapshot;
    store->snapshot = snapshot;
    pthread_mutex_unlock(&store->lock);
    snapshot_drop(store, old);
}

enum err
roster_publish(struct store *store)
{
    struct roster *roster = NULL;
    struct roster *old = NULL;
    enum err rc = ERR_OK;

    if (!store->roster_dirty && store->roster != NULL) {
        return ERR_OK;
    }
    rc = roster_new(store, &roster);
    if (rc != ERR_OK) {
        return rc;
    }
    pthread_mutex_lock(&store->lock);
    old = store->roster;
    store->roster = roster;
    pthread_mutex_unlock(&store->lock);
    store->roster_dirty = false;
    roster_drop(store, old);
    return ERR_OK;
}

enum err
snapshot_refresh(struct store *store)
{
    struct snapshot *snapshot = NULL;
    enum err rc = snapshot_prepare(store, &snapshot);

    if (rc == ERR_OK) {
        rc = roster_publish(store);
    }
    if (rc != ERR_OK) {
        snapshot_free(snapshot);
        return rc;
    }
    snapshot_publish(store, snapshot);
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
    bool is_last = false;

    if (snapshot == NULL) {
        return;
    }
    pthread_mutex_lock(&store->lock);
    is_last = --snapshot->users == 0;
    pthread_mutex_unlock(&store->lock);
    if (is_last) {
        snapshot_free(snapshot);
    }
}

struct roster *
roster_take(struct store *store)
{
    struct roster *roster = NULL;

    pthread_mutex_lock(&store->lock);
    roster = store->roster;
    roster->users++;
    pthread_mutex_unlock(&store->lock);
    return roster;
}

void
roster_drop(struct store *store, struct roster *roster)
{
    bool is_last = false;

    if (roster == NULL) {
        return;
    }
    pthread_mutex_lock(&store->lock);
    is_last = --roster->users == 0;
    pthread_mutex_unlock(&store->lock);
    if (is_last) {
        roster_free(roster);
    }
}
