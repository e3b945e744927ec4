/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/store.h"

#include <assert.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/local.h"

static void
store_random(struct store *store, void *out, size_t size)
{
    store->options.random(store->options.random_context, out, size);
}

static struct bytes
table_key_ad(void)
{
    return bytes_text("corridor/table-key");
}

/* The table key is random and kept sealed, so that erasure can replace it. */
static enum err
load_table_key(struct store *store, struct err_msg *msg)
{
    struct store_secrets *secrets = store->secrets;
    struct buf sealed = {0};
    struct buf plain = {0};
    struct bytes row = {0};
    struct txn *txn = NULL;
    enum err rc = txn_begin(&txn, store->env, true, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = txn_get(txn, TABLE_META, bytes_text("table-key"), &row, msg);
    if (rc == ERR_NOT_FOUND) {
        store_random(store, secrets->table.bytes, 32);
        rc = seal_rest(&sealed, &secrets->node.storage, table_key_ad(),
            bytes_of(secrets->table.bytes, 32));
        if (rc == ERR_OK) {
            rc = txn_put(txn, TABLE_META, bytes_text("table-key"),
                buf_bytes(&sealed), msg);
        }
        if (rc == ERR_OK) {
            rc = txn_commit(txn, msg);
            txn = NULL;
        }
    } else if (rc == ERR_OK) {
        rc =
            seal_rest_open(&plain, &secrets->node.storage, table_key_ad(), row);
        if (rc == ERR_OK && plain.size == 32) {
            memcpy(secrets->table.bytes, plain.data, 32);
        } else if (rc != ERR_NOMEM) {
            rc = err_set(msg, ERR_CONFIG,
                "this database belongs to another node's keys");
        }
    }
    txn_abort(txn);
    buf_release(&sealed);
    buf_wipe(&plain);
    return rc;
}

/* A database says whose it is, so that files cannot be mixed up. */
static enum err
check_owner(struct store *store, struct err_msg *msg)
{
    uint8_t owner[64];
    struct bytes row = {0};
    struct txn *txn = NULL;
    enum err rc = txn_begin(&txn, store->env, true, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    memcpy(owner, store->corridor.bytes, 32);
    memcpy(owner + 32, store->self.sign.bytes, 32);
    rc = txn_get(txn, TABLE_META, bytes_text("owner"), &row, msg);
    if (rc == ERR_NOT_FOUND) {
        rc = txn_put(txn, TABLE_META, bytes_text("owner"),
            bytes_of(owner, sizeof(owner)), msg);
        if (rc == ERR_OK) {
            return txn_commit(txn, msg);
        }
    } else if (rc == ERR_OK &&
               !bytes_equal(row, bytes_of(owner, sizeof(owner)))) {
        rc = err_set(msg, ERR_CONFIG,
            "this database belongs to another corridor or node");
    }
    txn_abort(txn);
    return rc;
}

static enum err
make_secrets(struct store *store)
{
    struct store_secrets *secrets = mem_secret_alloc(sizeof(*secrets));

    if (secrets == NULL) {
        return ERR_NOMEM;
    }
    memset(secrets, 0, sizeof(*secrets));
    store->secrets = secrets;
    secrets->node = *store->options.secrets;
    store->options.secrets = NULL;
    hash_derive_label(
        &secrets->index, &secrets->node.storage, "corridor/index/1");
    kind_tags_init(&secrets->tags, &secrets->node.storage);
    hash_derive_label(
        &secrets->notes, &secrets->node.storage, "corridor/notes/1");
    return ERR_OK;
}

static enum err
open_parts(struct store *store, const struct store_options *options,
    struct err_msg *msg)
{
    uint64_t seed = 0;
    enum err rc = make_secrets(store);

    if (rc == ERR_OK) {
        rc = codec_new(
            &store->codec, options->dictionary_id, options->dictionary);
    }
    if (rc == ERR_OK) {
        rc = env_open(&store->env, options->dir, &options->env, msg);
    }
    if (rc == ERR_OK) {
        rc = check_owner(store, msg);
    }
    if (rc == ERR_OK) {
        rc = load_table_key(store, msg);
    }
    if (rc == ERR_OK) {
        store_random(store, &seed, sizeof(seed));
        content_init(&store->content, &store->secrets->table,
            &store->secrets->node.storage, seed);
        map_init(&store->records, RECORD_KEY_BYTES, seed);
        rc = state_load(store, msg);
    }
    if (rc == ERR_OK) {
        rc = snapshot_refresh(store);
    }
    if (rc == ERR_OK && store->rebuild_due) {
        rc = store_rebuild(store, NULL, msg);
        /* On a full disk what is there can be read; writing tries again. */
        rc = rc == ERR_FULL ? ERR_OK : rc;
    }
    return rc;
}

enum err
store_open(struct store **out, const struct store_options *options,
    struct err_msg *msg)
{
    struct store *store = mem_zalloc(1, sizeof(*store));
    enum err rc = ERR_OK;

    if (store == NULL) {
        return ERR_NOMEM;
    }
    store->options = *options;
    store->options.dir = NULL;
    store->corridor = options->corridor;
    node_secrets_public(&store->self, options->secrets);
    if (pthread_mutex_init(&store->lock, NULL) != 0) {
        mem_free(store);
        return ERR_NOMEM;
    }
    store->has_lock = true;
    rc = open_parts(store, options, msg);
    if (rc != ERR_OK) {
        store_close(store);
        return rc;
    }
    *out = store;
    return ERR_OK;
}

void
store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->txn != NULL) {
        txn_abort(store->txn);
        store->txn = NULL;
    }
    merged_clear(store);
    map_release(&store->records);
    content_release(&store->content);
    state_release(store);
    roster_drop(store, store->roster);
    snapshot_drop(store, store->snapshot);
    header_clock_release(&store->header_clock);
    batch_nodes_release(&store->nodes);
    buf_wipe(&store->plain);
    buf_release(&store->scratch);
    mem_free(store->late);
    codec_free(store->codec);
    env_close(store->env);
    mem_secret_free(store->secrets);
    pthread_mutex_destroy(&store->lock);
    mem_free(store);
}

struct env *
store_env(struct store *store)
{
    return store->env;
}

const struct node_id *
store_self(const struct store *store)
{
    return &store->self.sign;
}

uint64_t
store_pulse(const struct store *store)
{
    return atomic_load(&store->pulse);
}

struct reader
store_reader(struct store *store)
{
    struct reader reader = {
        .txn = store->txn,
        .corridor = &store->corridor,
        .logs = &store->logs,
        .membership = &store->membership,
        .generation_secrets = store->generation_secrets,
        .generation_has = store->generation_has,
        .schema = store->options.schema,
        .content = &store->content,
        .codec = store->codec,
        .tags = &store->secrets->tags,
    };

    return reader;
}

enum err
store_begin(struct store *store, uint64_t wall_ms, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    assert(store->txn == NULL);
    if (store->needs_load) {
        rc = state_load(store, msg);
        if (rc == ERR_OK) {
            rc = snapshot_refresh(store);
        }
        if (rc != ERR_OK) {
            return rc;
        }
        store->needs_load = false;
    }
    if (store->rebuild_due && !store->is_rebuilding) {
        rc = store_rebuild(store, NULL, msg);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    store->wall_ms = wall_ms;
    store->is_dirty = false;
    store->backlog = 0;
    store->refused = 0;
    return txn_begin(&store->txn, store->env, true, msg);
}

bool
store_is_dirty(const struct store *store)
{
    return store->is_dirty;
}

void
store_settle(struct store *store)
{
    store->is_dirty = false;
}

size_t
store_backlog(const struct store *store)
{
    return store->backlog;
}

void
store_abort(struct store *store)
{
    txn_abort(store->txn);
    store->txn = NULL;
    store->late_count = 0;
    merged_clear(store);
    content_clear(&store->content);
    /* Without memory even this can fail; then the state is empty and every
     * call refuses until it can be loaded again (store->needs_load). */
    store->needs_load = state_load(store, NULL) != ERR_OK;
    if (!store->needs_load) {
        store->needs_load = snapshot_refresh(store) != ERR_OK;
    }
}

void
store_cancel(struct store *store)
{
    assert(!store->is_dirty);
    txn_abort(store->txn);
    store->txn = NULL;
}

/* Our logs that have grown get one new signed head each. */
static enum err
sign_heads(struct store *store)
{
    for (size_t i = 0; i < store->state_count; i++) {
        struct log_state *state = store->states[i];
        enum err rc = ERR_OK;

        if (!state->signs) {
            continue;
        }
        state->head.size = state->edge.size;
        merkle_root(&state->head.root, &state->edge);
        rc = log_head_sign(&state->head, &store->corridor, &state->author.id,
            &store->secrets->node.sign);
        if (rc != ERR_OK) {
            return rc;
        }
        state->has_head = true;
        state->signs = false;
        state->is_dirty = true;
    }
    return ERR_OK;
}

/* All that is in memory goes into the transaction. */
static enum err
flush(struct store *store, struct err_msg *msg)
{
    enum err rc = state_members(store, msg);

    if (rc == ERR_OK) {
        rc = rebuild_late(store, msg);
    }
    if (rc == ERR_OK) {
        rc = merged_flush(store, msg);
    }
    if (rc == ERR_OK) {
        rc = content_flush(&store->content, store->txn, msg);
    }
    if (rc == ERR_OK) {
        rc = sign_heads(store);
    }
    if (rc == ERR_OK) {
        rc = state_flush(store, msg);
    }
    if (rc == ERR_OK && store->rebuild_due && !store->is_rebuilding) {
        rc = rebuild_mark(store, msg);
    }
    return rc;
}

enum err
store_commit(struct store *store, struct err_msg *msg)
{
    struct snapshot *snapshot = NULL;
    enum err rc = state_members(store, msg);

    /* Who left knows what the circles were sealed with. */
    if (rc == ERR_OK && store->roster_dirty && !store->is_rebuilding) {
        rc = circles_renew(store, true, msg);
    }
    if (rc == ERR_OK) {
        rc = flush(store, msg);
    }
    if (rc == ERR_OK) {
        rc = marks_make(store, msg);
    }
    if (rc == ERR_OK) {
        rc = snapshot_prepare(store, &snapshot);
    }
    if (rc == ERR_OK) {
        rc = roster_publish(store);
    }
    if (rc == ERR_OK) {
        struct txn *txn = store->txn;
        store->txn = NULL;
        rc = txn_commit(txn, msg);
    }
    if (rc != ERR_OK) {
        snapshot_free(snapshot);
        store_abort(store);
        return rc;
    }
    snapshot_publish(store, snapshot);
    store->is_dirty = false;
    if (store->content.map.count > CONTENT_CACHE_MAX) {
        content_clear(&store->content);
    }
    if (store->rebuild_due && !store->is_rebuilding) {
        /* The commit stands, whatever becomes of this; the mark makes the
         * next transaction try again. */
        err_ignore(store_rebuild(store, NULL, NULL));
    }
    return ERR_OK;
}
