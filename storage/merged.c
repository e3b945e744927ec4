/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/store_internal.h"

static void
merged_free(struct merged *merged)
{
    record_release(&merged->record);
    mem_free(merged);
}

void
merged_clear(struct store *store)
{
    struct merged *merged = NULL;
    size_t index = 0;

    while ((merged = map_next(&store->records, &index)) != NULL) {
        merged_free(merged);
    }
    map_clear(&store->records);
}

enum err
merged_get(struct store *store, uint16_t kind, const struct record_id *id,
    struct merged **out, struct err_msg *msg)
{
    struct reader reader = store_reader(store);
    uint8_t key[RECORD_KEY_BYTES];
    struct merged *merged = NULL;
    enum err rc = ERR_OK;

    reader_record_key(key, &store->secrets->tags, kind, id);
    merged = map_find(&store->records, key);
    if (merged != NULL) {
        *out = merged;
        return ERR_OK;
    }
    if (store->records.count >= STORE_RECORDS_MAX) {
        rc = merged_flush(store, msg);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    merged = mem_zalloc(1, sizeof(*merged));
    if (merged == NULL) {
        return ERR_NOMEM;
    }
    memcpy(merged->key, key, sizeof(key));
    rc = reader_record(&reader, kind, id, &merged->record, msg);
    if (rc == ERR_NOT_FOUND) {
        record_init(&merged->record, id, kind);
        rc = ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = map_add(&store->records, key, merged);
    }
    if (rc != ERR_OK) {
        merged_free(merged);
        return rc;
    }
    *out = merged;
    return ERR_OK;
}

static int
compare_merged(const void *a, const void *b)
{
    const struct merged *const *x = a;
    const struct merged *const *y = b;

    return memcmp((*x)->key, (*y)->key, sizeof((*x)->key));
}

/* One put per touched record, in key order: docs/storage.md, "records". */
enum err
merged_flush(struct store *store, struct err_msg *msg)
{
    struct reader reader = store_reader(store);
    struct merged **dirty = NULL;
    struct merged *merged = NULL;
    struct buf row = {0};
    size_t count = 0;
    size_t index = 0;
    enum err rc = ERR_OK;

    if (store->records.count == 0) {
        return ERR_OK;
    }
    dirty = mem_zalloc(store->records.count, sizeof(struct merged *));
    if (dirty == NULL) {
        return ERR_NOMEM;
    }
    while ((merged = map_next(&store->records, &index)) != NULL) {
        if (merged->is_dirty) {
            dirty[count++] = merged;
        }
    }
    qsort(dirty, count, sizeof(struct merged *), compare_merged);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        struct bytes key = bytes_of(dirty[i]->key, RECORD_KEY_BYTES);

        buf_clear(&row);
        rc = reader_record_encode(&reader, &row, &dirty[i]->record, key, msg);
        if (rc == ERR_OK) {
            rc = txn_put(store->txn, TABLE_RECORDS, key, buf_bytes(&row), msg);
        }
        if (rc == ERR_OK) {
            rc = index_touch(store, dirty[i]->key, &dirty[i]->record, msg);
        }
        dirty[i]->is_dirty = false;
    }
    buf_release(&row);
    mem_free(dirty);
    if (rc == ERR_OK) {
        merged_clear(store);
    }
    return rc;
}
