/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/view_audit.h"

#include "crypto/base/mem.h"
#include "storage/view_internal.h"

/* Does it speak of logs that there are? What was read back may say anything. */
static bool
names_logs(const struct view *view, const struct key_info *key)
{
    size_t count = view_logs(view)->count;

    for (size_t i = 0; i < key->grant_count; i++) {
        if (key->grants[i].entry.log >= count ||
            key->grants[i].generation.log >= count) {
            return false;
        }
    }
    return key->key.log < count;
}

/* The row of a key, without its secret. */
static enum err
read_key(struct view *view, struct bytes dot, struct bytes row,
    struct key_info *out, struct err_msg *msg)
{
    struct content_key key = {.head = 0};
    enum err rc = content_row_decode(&view->content, &key, dot, row);

    mem_wipe(&key.secret, sizeof(key.secret));
    if (rc == ERR_OK && !names_logs(view, &key.info)) {
        rc = ERR_CORRUPT;
    }
    if (rc != ERR_OK) {
        key_info_release(&key.info);
        return rc == ERR_CORRUPT
                   ? err_set(msg, rc, "a stored content key is damaged")
                   : rc;
    }
    *out = key.info;
    return ERR_OK;
}

enum err
view_key(struct view *view, struct dot key, struct key_info *out,
    struct err_msg *msg)
{
    struct key name = key_dot(key);
    struct bytes row = {0};
    enum err rc = txn_get(view->txn, TABLE_KEYS, key_bytes(&name), &row, msg);

    return rc == ERR_OK ? read_key(view, key_bytes(&name), row, out, msg) : rc;
}

enum err
view_keys(struct view *view, struct dot from,
    bool (*each)(void *context, const struct key_info *key), void *context,
    struct err_msg *msg)
{
    struct key start = key_dot(from);
    struct scan scan = {0};
    bool goes_on = true;
    enum err rc = scan_open(&scan, view->txn, TABLE_KEYS, msg);

    if (rc == ERR_OK) {
        goes_on = scan_seek(&scan, key_bytes(&start));
    }
    while (rc == ERR_OK && goes_on) {
        struct key_info key = {0};

        rc = read_key(view, scan.key, scan.value, &key, msg);
        if (rc == ERR_OK) {
            goes_on = each(context, &key);
        }
        key_info_release(&key);
        goes_on = goes_on && rc == ERR_OK && scan_next(&scan);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

enum err
view_entry_time(
    struct view *view, struct dot dot, uint64_t *out, struct err_msg *msg)
{
    struct stored_entry stored;
    enum err rc = entries_get(view->txn, dot, &stored, msg);

    if (rc == ERR_OK) {
        *out = stored.time;
    }
    return rc;
}

/* Void, as the membership has it: the roster lists them. */
static enum void_reason
reason_of(const struct roster *roster, struct dot dot)
{
    for (size_t i = 0; i < roster->refused_count; i++) {
        const struct refused_item *item = &roster->refused[i];

        if (item->dot.log == dot.log && item->dot.position == dot.position) {
            return item->reason;
        }
    }
    return VOID_NONE;
}

enum err
view_statements(struct view *view, uint64_t from,
    bool (*each)(void *context, const struct view_statement *statement),
    void *context, struct err_msg *msg)
{
    struct key start = key_u64(from);
    struct scan scan = {0};
    bool goes_on = true;
    enum err rc = scan_open(&scan, view->txn, TABLE_MEMBERS, msg);

    if (rc == ERR_OK) {
        goes_on = scan_seek(&scan, key_bytes(&start));
    }
    while (rc == ERR_OK && goes_on) {
        struct view_statement statement = {.reason = VOID_NONE};
        struct control control = {0};

        rc = key_get_u64(scan.key, &statement.arrival);
        if (rc == ERR_OK) {
            rc = members_read(view->txn, view_logs(view), scan.key, scan.value,
                &control, msg);
        }
        if (rc == ERR_OK) {
            statement.control = &control;
            statement.reason = reason_of(view->roster, control.dot);
            goes_on = each(context, &statement);
        }
        control_release(&control);
        goes_on = goes_on && rc == ERR_OK && scan_next(&scan);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}
