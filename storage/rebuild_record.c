/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is made again from its history when a change of it became readable
 * after later ones were merged (docs/protocol.md, "Records and merging").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/history.h"
#include "storage/store_internal.h"

struct found_key {
    uint16_t kind;
    struct record_id id;
};

struct finding {
    struct found_key *records;
    size_t count;
    size_t capacity;
};

static enum err
find_record(void *context, const struct history_item *item)
{
    struct finding *finding = context;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < finding->count; i++) {
        if (finding->records[i].kind == item->change->kind &&
            record_id_equal(&finding->records[i].id, &item->change->record)) {
            return ERR_OK;
        }
    }
    rc = mem_grow((void **)&finding->records, &finding->capacity,
        finding->count + 1, sizeof(*finding->records));
    if (rc == ERR_OK) {
        finding->records[finding->count].kind = item->change->kind;
        finding->records[finding->count].id = item->change->record;
        finding->count++;
    }
    return rc;
}

/* The keys the record stands under, and the one that was just opened. */
static enum err
keys_of(const struct record *record, struct dot extra, struct dot **out,
    size_t *out_count)
{
    struct dot *keys = mem_zalloc(record->key_count + 1, sizeof(*keys));
    bool has = false;

    if (keys == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < record->key_count; i++) {
        keys[i] = record->keys[i].key;
        has = has ||
              (keys[i].log == extra.log && keys[i].position == extra.position);
    }
    *out_count = record->key_count;
    if (!has) {
        keys[(*out_count)++] = extra;
    }
    *out = keys;
    return ERR_OK;
}

/* What was listed as void by less than is known now, or not at all. */
static enum err
relist(void *context, uint64_t arrival, enum void_reason reason)
{
    struct store *store = context;
    struct key key = key_u64(arrival);
    struct bytes row = {0};
    enum err rc = ERR_OK;

    if (reason != VOID_NONE) {
        return apply_refuse(store, arrival, reason, NULL);
    }
    rc = txn_get(store->txn, TABLE_REFUSED, key_bytes(&key), &row, NULL);
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    /* Only these depend on what can be read; the others stand. */
    if (row.size == 1 &&
        (row.data[0] == VOID_CLASS || row.data[0] == VOID_RECORD)) {
        rc = txn_delete(store->txn, TABLE_REFUSED, key_bytes(&key), NULL);
    }
    return rc;
}

static enum err
rebuild_one(struct store *store, struct replay *replay,
    const struct found_key *found, struct dot key, struct err_msg *msg)
{
    struct reader reader = store_reader(store);
    struct merged *merged = NULL;
    struct record fresh;
    struct history_judge judge = {relist, store};
    struct history_keys keys = {0};
    struct dot *dots = NULL;
    enum err rc = merged_get(store, found->kind, &found->id, &merged, msg);

    reader.replay = replay;
    if (rc == ERR_OK) {
        rc = keys_of(&merged->record, key, &dots, &keys.count);
    }
    if (rc == ERR_OK) {
        keys.keys = dots;
        record_init(&fresh, &found->id, found->kind);
        rc = history_rebuild(&reader, &keys, &judge, &fresh, msg);
        if (rc == ERR_OK) {
            record_release(&merged->record);
            merged->record = fresh;
            merged->is_dirty = true;
            store->backlog++;
        } else {
            record_release(&fresh);
        }
    }
    mem_free(dots);
    return rc;
}

/* Every record that entries under this content key speak of. */
static enum err
rebuild_key(struct store *store, struct replay *replay, struct dot key,
    struct err_msg *msg)
{
    struct reader reader = store_reader(store);
    struct finding finding = {0};
    struct history history = {0};
    struct history_judge judge = {relist, store};
    struct history_keys keys = {&key, 1};
    struct history_walk walk = {
        .each = find_record, .context = &finding, .judge = &judge};
    enum err rc = history_collect(&reader, &keys, &history, msg);

    reader.replay = replay;
    atomic_fetch_add(&store->pulse, 1);
    if (rc == ERR_OK) {
        rc = history_walk(&reader, &history, &walk, msg);
    }
    for (size_t i = 0; i < finding.count && rc == ERR_OK; i++) {
        rc = rebuild_one(store, replay, &finding.records[i], key, msg);
    }
    history_release(&history);
    mem_free(finding.records);
    return rc;
}

enum err
rebuild_late(struct store *store, struct err_msg *msg)
{
    struct reader reader = store_reader(store);
    struct replay replay = {.reader = &reader};
    enum err rc = ERR_OK;

    /* In their order: most were made one after another, so that one replay
     * of the headers serves many. */
    for (size_t i = 0; i < store->late_count && rc == ERR_OK; i++) {
        struct key name = key_dot(store->late[i]);
        struct content_key *key = NULL;

        rc =
            content_get(&store->content, store->txn, store->late[i], &key, msg);
        if (rc == ERR_OK) {
            key->is_late = false;
            rc = txn_delete(store->txn, TABLE_PENDING, key_bytes(&name), msg);
        }
        if (rc == ERR_OK) {
            rc = rebuild_key(store, &replay, store->late[i], msg);
        }
    }
    store->late_count = 0;
    replay_release(&replay);
    return rc;
}
