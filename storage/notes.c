/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes: small facts of the world by name (peers' addresses and clocks,
 * invitations, imports), sealed at rest, in the table peers. The row's key is
 * a keyed hash of the name; the sealed value starts with the name, so that
 * lists by prefix work and the disk does not say what is there.
 */
#include <assert.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/hash.h"
#include "storage/store_internal.h"
#include "storage/view_internal.h"

static struct key
note_key(const struct store *store, struct bytes name)
{
    struct hash hash;

    hash_blake2b_keyed(&hash, &store->secrets->notes, name);
    return key_raw(bytes_of(hash.bytes, sizeof(hash.bytes)));
}

enum err
store_put_note(struct store *store, struct bytes name, struct bytes value,
    struct err_msg *msg)
{
    struct key key = note_key(store, name);
    struct buf plain = {0};
    struct buf sealed = {0};
    enum err rc = ERR_OK;

    assert(name.size <= UINT16_MAX);
    store->is_dirty = true;
    if (value.size == 0) {
        rc = txn_delete(store->txn, TABLE_PEERS, key_bytes(&key), msg);
    } else {
        buf_put_u16(&plain, (uint16_t)name.size);
        buf_put_bytes(&plain, name);
        buf_put_bytes(&plain, value);
        rc = buf_err(&plain);
        if (rc == ERR_OK) {
            rc = seal_rest(&sealed, &store->secrets->notes, key_bytes(&key),
                buf_bytes(&plain));
        }
        if (rc == ERR_OK) {
            rc = txn_put(store->txn, TABLE_PEERS, key_bytes(&key),
                buf_bytes(&sealed), msg);
        }
    }
    buf_wipe(&plain);
    buf_release(&sealed);
    return rc;
}

/* Open a row; views into *plain. */
static enum err
open_note(const struct store *store, struct bytes key, struct bytes row,
    struct buf *plain, struct bytes *out_name, struct bytes *out_value)
{
    struct cursor cursor;
    enum err rc = ERR_OK;

    buf_clear(plain);
    rc = seal_rest_open(plain, &store->secrets->notes, key, row);
    if (rc != ERR_OK) {
        return rc == ERR_NOMEM ? rc : ERR_CORRUPT;
    }
    cursor = cursor_init(buf_bytes(plain));
    *out_name = cursor_take(&cursor, cursor_u16(&cursor));
    *out_value = cursor_take(&cursor, cursor_left(&cursor));
    return cursor.failed ? ERR_CORRUPT : ERR_OK;
}

enum err
note_check(const struct store *store, struct bytes key, struct bytes row,
    struct buf *plain)
{
    struct bytes name = {0};
    struct bytes value = {0};
    struct key own;
    enum err rc = open_note(store, key, row, plain, &name, &value);

    if (rc == ERR_OK) {
        own = note_key(store, name);
        rc = bytes_equal(key_bytes(&own), key) ? ERR_OK : ERR_CORRUPT;
    }
    return rc;
}

static enum err
get_note(struct store *store, struct txn *txn, struct bytes name,
    struct buf *out, struct err_msg *msg)
{
    struct key key = note_key(store, name);
    struct buf plain = {0};
    struct bytes row = {0};
    struct bytes its_name = {0};
    struct bytes value = {0};
    enum err rc = txn_get(txn, TABLE_PEERS, key_bytes(&key), &row, msg);

    if (rc == ERR_OK) {
        rc = open_note(store, key_bytes(&key), row, &plain, &its_name, &value);
    }
    if (rc == ERR_OK) {
        buf_put_bytes(out, value);
        rc = buf_err(out);
    }
    buf_wipe(&plain);
    return rc;
}

enum err
view_note(
    struct view *view, struct bytes name, struct buf *out, struct err_msg *msg)
{
    return get_note(view->store, view->txn, name, out, msg);
}

enum err
store_note(struct store *store, struct bytes name, struct buf *out,
    struct err_msg *msg)
{
    return get_note(store, store->txn, name, out, msg);
}

enum err
view_notes(struct view *view, struct bytes prefix,
    bool (*each)(void *context, struct bytes name, struct bytes value),
    void *context, struct err_msg *msg)
{
    struct scan scan = {0};
    struct buf plain = {0};
    bool more = true;
    enum err rc = scan_open(&scan, view->txn, TABLE_PEERS, msg);

    while (rc == ERR_OK && more && scan_next(&scan)) {
        struct bytes name = {0};
        struct bytes value = {0};

        rc =
            open_note(view->store, scan.key, scan.value, &plain, &name, &value);
        if (rc == ERR_OK && name.size >= prefix.size &&
            (prefix.size == 0 ||
                memcmp(name.data, prefix.data, prefix.size) == 0)) {
            more = each(context, name, value);
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    buf_wipe(&plain);
    scan_close(&scan);
    return rc;
}
