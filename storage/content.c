/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/content.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/mem.h"
#include "crypto/flat.h"
#include "crypto/hash.h"
#include "storage/key.h"

enum {
    SECRET_BYTES = 32,
    SEALED_BYTES = SECRET_BYTES + SEAL_REST_OVERHEAD,
    ARRAY_BYTES = 64 /* the label's array with a key */
};

static const char rest_label[] = "corridor/record/rest/1";

void
content_init(struct content_cache *cache, const struct secret_key *table,
    const struct secret_key *storage, uint64_t seed)
{
    map_init(&cache->map, 12, seed);
    seal_rest_keys_init(&cache->table, table);
    cache->storage = *storage;
}

static void
content_key_free(struct content_key *key)
{
    key_info_release(&key->info);
    mem_wipe(key, sizeof(*key));
    mem_free(key);
}

void
content_clear(struct content_cache *cache)
{
    size_t index = 0;
    struct content_key *key = NULL;

    while ((key = map_next(&cache->map, &index)) != NULL) {
        content_key_free(key);
    }
    map_clear(&cache->map);
}

void
content_release(struct content_cache *cache)
{
    content_clear(cache);
    map_release(&cache->map);
    seal_rest_keys_wipe(&cache->table);
    mem_wipe(&cache->storage, sizeof(cache->storage));
}

const struct seal_keys *
content_seal(struct content_key *key)
{
    if (!key->has_seal) {
        seal_keys_init(&key->seal, &key->secret);
        key->has_seal = true;
    }
    return &key->seal;
}

const struct seal_rest_keys *
content_rest(const struct content_cache *cache, struct content_key *key)
{
    uint8_t room[ARRAY_BYTES];
    struct flat item;
    struct secret_key root;

    if (key->has_rest) {
        return &key->rest;
    }
    /* A derived value dies with either key: docs/storage.md, "At rest". */
    item = flat_array(room, sizeof(room), 2, rest_label);
    flat_32(&item, key->secret.bytes);
    hash_derive(&root, &cache->storage, flat_bytes(&item));
    seal_rest_keys_init(&key->rest, &root);
    mem_wipe(room, sizeof(room));
    mem_wipe(&root, sizeof(root));
    key->has_rest = true;
    return &key->rest;
}

void
content_set_secret(struct content_key *key, const struct secret_key *secret)
{
    key->secret = *secret;
    key->has_secret = true;
    key->has_seal = false;
    key->has_rest = false;
    key->is_dirty = true;
}

enum err
content_row_decode(const struct content_cache *cache, struct content_key *key,
    struct bytes dot, struct bytes row)
{
    struct cursor cursor = cursor_init(row);
    struct buf plain = {0};
    struct bytes sealed = {0};
    uint8_t has = 0;
    enum err rc = ERR_OK;

    key->head = cursor_u64(&cursor);
    has = cursor_u8(&cursor);
    if (has == 1) {
        sealed = cursor_take(&cursor, SEALED_BYTES);
    }
    if (cursor.failed || has > 1) {
        return ERR_CORRUPT;
    }
    if (has == 1) {
        rc = seal_rest_open_with(&plain, &cache->table, dot, sealed);
        if (rc == ERR_OK && plain.size == SECRET_BYTES) {
            memcpy(key->secret.bytes, plain.data, SECRET_BYTES);
            key->has_secret = true;
        } else if (rc != ERR_NOMEM) {
            rc = ERR_CORRUPT;
        }
        buf_wipe(&plain);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    rc =
        key_info_decode(&key->info, cursor_take(&cursor, cursor_left(&cursor)));
    if (rc == ERR_OK) {
        struct key own = key_dot(key->info.key);
        rc = bytes_equal(key_bytes(&own), dot) ? ERR_OK : ERR_CORRUPT;
    }
    return rc == ERR_MALFORMED ? ERR_CORRUPT : rc;
}

enum err
content_get(struct content_cache *cache, struct txn *txn, struct dot dot,
    struct content_key **out, struct err_msg *msg)
{
    struct key name = key_dot(dot);
    struct content_key *key = map_find(&cache->map, name.bytes);
    struct bytes row = {0};
    enum err rc = ERR_OK;

    if (key != NULL) {
        *out = key;
        return ERR_OK;
    }
    rc = txn_get(txn, TABLE_KEYS, key_bytes(&name), &row, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    key = mem_zalloc(1, sizeof(*key));
    if (key == NULL) {
        return ERR_NOMEM;
    }
    rc = content_row_decode(cache, key, key_bytes(&name), row);
    if (rc == ERR_CORRUPT) {
        rc = err_set(msg, rc, "a stored content key is damaged");
    }
    if (rc == ERR_OK) {
        rc = map_add(&cache->map, name.bytes, key);
    }
    if (rc != ERR_OK) {
        content_key_free(key);
        return rc;
    }
    *out = key;
    return ERR_OK;
}

enum err
content_add(struct content_cache *cache, struct txn *txn, struct dot dot,
    struct content_key **out, struct err_msg *msg)
{
    struct key name = key_dot(dot);
    struct content_key *key = NULL;
    enum err rc = content_get(cache, txn, dot, &key, msg);

    if (rc == ERR_OK) {
        return ERR_EXISTS;
    }
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    key = mem_zalloc(1, sizeof(*key));
    if (key == NULL) {
        return ERR_NOMEM;
    }
    rc = map_add(&cache->map, name.bytes, key);
    if (rc != ERR_OK) {
        content_key_free(key);
        return rc;
    }
    key->info.key = dot;
    key->is_dirty = true;
    *out = key;
    return ERR_OK;
}

static int
compare_keys(const void *a, const void *b)
{
    const struct content_key *const *x = a;
    const struct content_key *const *y = b;
    struct dot p = (*x)->info.key;
    struct dot q = (*y)->info.key;

    if (p.log != q.log) {
        return p.log < q.log ? -1 : 1;
    }
    return p.position < q.position ? -1 : p.position > q.position;
}

enum err
content_row_encode(const struct content_cache *cache, struct buf *out,
    const struct content_key *key)
{
    struct key name = key_dot(key->info.key);
    enum err rc = ERR_OK;

    buf_put_u64(out, key->head);
    buf_put_u8(out, key->has_secret ? 1 : 0);
    if (key->has_secret) {
        rc = seal_rest_with(out, &cache->table, key_bytes(&name),
            bytes_of(key->secret.bytes, SECRET_BYTES));
    }
    if (rc == ERR_OK) {
        rc = key_info_encode(out, &key->info);
    }
    return rc == ERR_OK ? buf_err(out) : rc;
}

static enum err
row_put(struct content_cache *cache, struct txn *txn,
    const struct content_key *key, struct buf *row, struct err_msg *msg)
{
    struct key name = key_dot(key->info.key);
    enum err rc = ERR_OK;

    buf_clear(row);
    rc = content_row_encode(cache, row, key);
    if (rc == ERR_OK) {
        rc = txn_put(txn, TABLE_KEYS, key_bytes(&name), buf_bytes(row), msg);
    }
    return rc;
}

enum err
content_flush(struct content_cache *cache, struct txn *txn, struct err_msg *msg)
{
    struct content_key **dirty = NULL;
    struct content_key *key = NULL;
    struct buf row = {0};
    size_t count = 0;
    size_t index = 0;
    enum err rc = ERR_OK;

    if (cache->map.count == 0) {
        return ERR_OK;
    }
    dirty = mem_zalloc(cache->map.count, sizeof(struct content_key *));
    if (dirty == NULL) {
        return ERR_NOMEM;
    }
    while ((key = map_next(&cache->map, &index)) != NULL) {
        if (key->is_dirty) {
            dirty[count++] = key;
        }
    }
    qsort(dirty, count, sizeof(struct content_key *), compare_keys);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = row_put(cache, txn, dirty[i], &row, msg);
        dirty[i]->is_dirty = rc != ERR_OK;
    }
    buf_release(&row);
    mem_free(dirty);
    return rc;
}
