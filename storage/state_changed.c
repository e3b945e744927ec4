/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a new control entry: numbers for members' logs, keys that
 * open now, entries that were overtaken (docs/storage.md, "Rebuild").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/bodies.h"
#include "storage/fork.h"

/* Members' logs have numbers from their admission on: no clock waits for a
 * log only because nothing of it has come. */
static enum err
number_members(struct store *store)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < store->membership.node_count && rc == ERR_OK; i++) {
        struct log_id id = {
            store->membership.nodes[i].cert.keys.sign, LOG_CONTROL};
        uint32_t number = 0;

        if (!log_table_find(&store->logs, &id, &number)) {
            rc = state_log(store, &id, &number);
        }
    }
    /* What counts its entries waits; all else goes on. */
    return rc == ERR_TOO_BIG ? ERR_OK : rc;
}

/* Collect the keys that wait; opening them writes, which a scan forbids. */
static enum err
pending_keys(struct store *store, struct dot **out, size_t *out_count,
    struct err_msg *msg)
{
    struct scan scan = {0};
    struct dot *dots = NULL;
    size_t count = 0;
    size_t capacity = 0;
    enum err rc = scan_open(&scan, store->txn, TABLE_PENDING, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        rc = mem_grow((void **)&dots, &capacity, count + 1, sizeof(*dots));
        if (rc == ERR_OK) {
            rc = key_get_dot(scan.key, &dots[count]);
        }
        if (rc == ERR_OK && dots[count].log >= store->logs.count) {
            rc = ERR_CORRUPT;
        }
        count++;
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    if (rc != ERR_OK) {
        mem_free(dots);
        return rc;
    }
    *out = dots;
    *out_count = count;
    return ERR_OK;
}

enum err
members_push_late(struct store *store, struct content_key *key)
{
    enum err rc = ERR_OK;

    if (key->is_late) {
        return ERR_OK;
    }
    rc = mem_grow((void **)&store->late, &store->late_capacity,
        store->late_count + 1, sizeof(*store->late));
    if (rc == ERR_OK) {
        store->late[store->late_count++] = key->info.key;
        key->is_late = true;
    }
    return rc;
}

/* Would one of our circles' secrets open it? Asked of a cache of its own, so
 * that the many that stay closed are not kept. */
static enum err
is_openable(struct store *store, struct content_cache *cache, struct dot dot,
    bool *out, struct err_msg *msg)
{
    struct content_key *key = NULL;
    size_t grant = 0;
    uint32_t generation = 0;
    enum err rc = ERR_OK;

    if (cache->map.count >= CONTENT_CACHE_MAX) {
        content_clear(cache);
    }
    rc = content_get(cache, store->txn, dot, &key, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    *out = key_find_opening(&key->info, &store->membership,
        store->generation_has, &grant, &generation);
    return ERR_OK;
}

static enum err
unlock_one(struct store *store, struct dot dot, struct err_msg *msg)
{
    struct reader reader = store_reader(store);
    struct content_key *key = NULL;
    bool opened = false;
    enum err rc = content_get(&store->content, store->txn, dot, &key, msg);

    if (rc == ERR_OK && !key->has_secret) {
        rc = reader_unlock(&reader, key, NULL, &opened, msg);
    }
    if (rc == ERR_OK && opened) {
        rc = members_push_late(store, key);
    }
    return rc;
}

/* New secrets may open keys that were waiting. */
static enum err
unlock_pending(struct store *store, struct err_msg *msg)
{
    struct content_cache cache = {0};
    struct dot *dots = NULL;
    size_t count = 0;
    enum err rc = ERR_OK;

    /* What is new in this transaction has its rows in memory only. */
    rc = content_flush(&store->content, store->txn, msg);
    if (rc == ERR_OK) {
        rc = pending_keys(store, &dots, &count, msg);
    }
    content_init(&cache, &store->secrets->table, &store->secrets->node.storage,
        store->content.map.seed);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        bool openable = false;

        rc = is_openable(store, &cache, dots[i], &openable, msg);
        if (rc == ERR_OK && openable) {
            rc = unlock_one(store, dots[i], msg);
        }
        rc = rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
    }
    content_release(&cache);
    mem_free(dots);
    return rc;
}

/* What of the former membership the new one is compared with. */
struct former {
    struct dot *open; /* generations whose secret was known */
    size_t open_count;
    uint8_t *verdicts;
    size_t verdict_count;
    uint64_t *counted; /* per log: see counted_entries */
    size_t log_count;
    bool bodies_unwanted;
};

static void
former_release(struct former *former)
{
    mem_free(former->open);
    mem_free(former->verdicts);
    mem_free(former->counted);
}

/* The applied entries before its cut; of a forked log how many any entry can
 * count, since a cut that decides says that anew. */
static uint64_t
counted_entries(const struct store *store, uint32_t log)
{
    const struct log_state *state = store->states[log];

    return state->is_forked ? fork_counted_max(store, log)
                            : num_min_u64(state->author.applied,
                                  membership_cut(&store->membership, log));
}

static enum err
former_take(struct former *out, const struct store *store)
{
    const struct membership *m = &store->membership;

    out->open = mem_zalloc(m->generation_count + 1, sizeof(*out->open));
    out->verdicts = mem_zalloc(m->control_count + 1, 1);
    out->counted = mem_zalloc(store->state_count + 1, sizeof(*out->counted));
    if (out->open == NULL || out->verdicts == NULL || out->counted == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->generation_count; i++) {
        if (store->generation_has != NULL && store->generation_has[i]) {
            out->open[out->open_count++] = m->generations[i].dot;
        }
    }
    if (m->control_count > 0) {
        memcpy(out->verdicts, m->verdicts, m->control_count);
    }
    out->verdict_count = m->control_count;
    for (uint32_t log = 0; log < store->state_count; log++) {
        out->counted[log] = counted_entries(store, log);
    }
    out->log_count = store->state_count;
    out->bodies_unwanted = bodies_unwanted(store);
    return ERR_OK;
}

static bool
was_open(const struct former *former, struct dot dot)
{
    for (size_t i = 0; i < former->open_count; i++) {
        if (former->open[i].log == dot.log &&
            former->open[i].position == dot.position) {
            return true;
        }
    }
    return false;
}

static bool
has_opened(const struct former *former, const struct store *store)
{
    for (size_t i = 0; i < store->membership.generation_count; i++) {
        if (store->generation_has[i] &&
            !was_open(former, store->membership.generations[i].dot)) {
            return true;
        }
    }
    return false;
}

/*
 * Roles that are taken are cut where the statement says, or where its author's
 * clock stands (docs/membership.md): were entries behind that applied?
 */
static bool
takes_applied(const struct store *store, const struct control *control)
{
    const struct membership *m = &store->membership;

    for (uint32_t log = 0; log < store->state_count; log++) {
        const struct office *office = membership_office_of(m, log);
        uint64_t cut = vclock_get(&control->clock, log);

        if (office == NULL ||
            !office_id_equal(&office->id, &control->statement.office)) {
            continue;
        }
        for (size_t i = 0; i < control->statement.cut_count; i++) {
            if (log_id_equal(
                    &control->statement.cuts[i].log, &store->logs.ids[log])) {
                cut = control->statement.cuts[i].size;
            }
        }
        if (store->states[log]->author.applied > cut) {
            return true;
        }
    }
    return false;
}

static bool
lacks_bodies(const struct store *store)
{
    bool lacks = false;

    for (size_t i = 0; i < store->state_count; i++) {
        lacks = lacks || store->states[i]->absent.count > 0;
    }
    return lacks;
}

/*
 * Entries that were judged already may be judged otherwise now: a cut came
 * after what it cuts, or a statement lost its ground. That is rare, and what
 * hangs on it is far-reaching (keys, grants, ranks): all that is derived is
 * made again (docs/storage.md, "Rebuild"). So it is when our own office gets
 * or loses the right to bodies: those it lacks have to be waited for, or not.
 */
static bool
is_overtaken(const struct former *former, const struct store *store)
{
    for (size_t i = 0; i < former->verdict_count; i++) {
        if ((former->verdicts[i] == VOID_NONE) !=
            (store->membership.verdicts[i] == VOID_NONE)) {
            return true;
        }
    }
    for (size_t i = former->verdict_count; i < store->control_count; i++) {
        if (store->controls[i].statement.type == STATEMENT_ROLES &&
            store->membership.verdicts[i] == VOID_NONE &&
            takes_applied(store, &store->controls[i])) {
            return true;
        }
    }
    for (uint32_t log = 0; log < former->log_count; log++) {
        if (former->counted[log] != counted_entries(store, log)) {
            return true;
        }
    }
    return former->bodies_unwanted != bodies_unwanted(store) &&
           lacks_bodies(store);
}

enum err
state_members(struct store *store, struct err_msg *msg)
{
    struct former former = {0};
    enum err rc = ERR_OK;

    if (!store->membership_dirty) {
        return ERR_OK;
    }
    rc = former_take(&former, store);
    if (rc == ERR_OK) {
        rc = members_eval(store);
    }
    if (rc == ERR_OK && !store->is_rebuilding && is_overtaken(&former, store)) {
        store->rebuild_due = true;
    }
    if (rc == ERR_OK) {
        rc = number_members(store);
    }
    if (rc == ERR_OK && has_opened(&former, store)) {
        rc = unlock_pending(store, msg);
    }
    former_release(&former);
    if (rc != ERR_OK && !store->membership_dirty) {
        store->is_dirty = true; /* half of it is done */
    }
    return rc;
}
