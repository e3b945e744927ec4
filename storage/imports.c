/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "storage/store_internal.h"

enum { IMPORT_BYTES = 18 }; /* kind u16, record id */

/* The name may speak of people: only its keyed hash is kept. */
static struct key
import_key(const struct store *store, struct bytes name)
{
    struct hash hash;

    hash_blake2b_keyed(&hash, &store->secrets->index, name);
    return key_raw(bytes_of(hash.bytes, sizeof(hash.bytes)));
}

enum err
store_import_find(struct store *store, struct bytes name, struct imported *out,
    struct err_msg *msg)
{
    struct key key = import_key(store, name);
    struct bytes row = {0};
    enum err rc =
        txn_get(store->txn, TABLE_IMPORTS, key_bytes(&key), &row, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (row.size != IMPORT_BYTES) {
        return err_set(msg, ERR_CORRUPT, "a row of imports is damaged");
    }
    out->kind = num_load_u16(row.data);
    memcpy(out->id.bytes, row.data + 2, sizeof(out->id.bytes));
    return ERR_OK;
}

enum err
store_import_put(struct store *store, struct bytes name,
    const struct imported *imported, struct err_msg *msg)
{
    struct key key = import_key(store, name);
    uint8_t row[IMPORT_BYTES];
    enum err rc = ERR_OK;

    store->is_dirty = true;
    num_store_u16(row, imported->kind);
    memcpy(row + 2, imported->id.bytes, sizeof(imported->id.bytes));
    rc = txn_put(store->txn, TABLE_IMPORTS, key_bytes(&key),
        bytes_of(row, sizeof(row)), msg);
    return rc;
}

enum err
store_record(struct store *store, uint16_t kind, const struct record_id *id,
    const struct record **out, struct err_msg *msg)
{
    struct merged *merged = NULL;
    enum err rc = merged_get(store, kind, id, &merged, msg);

    if (rc == ERR_OK && merged->record.key_count == 0) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        *out = &merged->record;
    }
    return rc;
}

const struct membership *
store_membership(const struct store *store)
{
    return &store->membership;
}

const struct log_table *
store_logs(const struct store *store)
{
    return &store->logs;
}
