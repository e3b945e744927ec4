/* SPDX-License-Identifier: Apache-2.0 */
/* Records: are they what their changes make, and are they all there? */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/verify_internal.h"

/* Made again from the entries, is the record the same? */
static enum err
compare_record(
    struct verifying *v, const struct record *record, struct err_msg *msg)
{
    struct record fresh;
    struct hash stored_digest;
    struct hash fresh_digest;
    struct history_keys keys = {.count = record->key_count};
    struct dot *dots = mem_zalloc(record->key_count + 1, sizeof(*dots));
    enum err rc = dots == NULL ? ERR_NOMEM : ERR_OK;

    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < record->key_count; i++) {
        dots[i] = record->keys[i].key;
    }
    keys.keys = dots;
    record_init(&fresh, &record->id, record->kind);
    rc = history_rebuild(&v->reader, &keys, NULL, &fresh, msg);
    if (rc == ERR_OK) {
        rc = record_digest(&stored_digest, record, v->reader.logs);
    }
    if (rc == ERR_OK) {
        rc = record_digest(&fresh_digest, &fresh, v->reader.logs);
    }
    if (rc == ERR_OK && !hash_equal(&stored_digest, &fresh_digest)) {
        verify_finding(v, "a record is not what its changes make; corridor "
                          "rebuild makes it again");
    } else if (rc == ERR_CORRUPT) {
        verify_finding(v, "a record's changes are damaged");
        rc = ERR_OK;
    }
    record_release(&fresh);
    mem_free(dots);
    return rc;
}

static enum err
check_record(struct verifying *v, struct bytes key, struct bytes row,
    struct err_msg *msg)
{
    struct record record;
    struct record_id id;
    uint8_t wanted[RECORD_KEY_BYTES];
    enum err rc = ERR_OK;

    if (key.size != RECORD_KEY_BYTES) {
        verify_finding(v, "the table of records has a key of a wrong size");
        return ERR_OK;
    }
    memcpy(id.bytes, key.data + 2, sizeof(id.bytes));
    record_init(&record, &id, 0);
    rc = reader_record_decode(&v->reader, &record, key, row, NULL);
    if (rc == ERR_OK) {
        reader_record_key(wanted, v->reader.tags, record.kind, &record.id);
        if (memcmp(wanted, key.data, sizeof(wanted)) != 0) {
            rc = ERR_CORRUPT;
        }
    }
    if (rc == ERR_CORRUPT) {
        verify_finding(v,
            "a stored record is damaged; corridor rebuild makes it "
            "again");
        rc = ERR_OK;
    } else if (rc == ERR_OK) {
        rc = compare_record(v, &record, msg);
    }
    record_release(&record);
    v->report.records++;
    verify_progress(v);
    verify_forget(v);
    return rc;
}

/* A void change makes no record; but then it is listed. */
static enum err
find_refused(struct verifying *v, uint64_t arrival)
{
    struct key key = key_u64(arrival);
    struct bytes row = {0};
    enum err rc =
        txn_get(v->view->txn, TABLE_REFUSED, key_bytes(&key), &row, NULL);

    if (rc == ERR_NOT_FOUND) {
        verify_finding(v, "a record is missing; corridor rebuild makes it "
                          "again");
        rc = ERR_OK;
    }
    return rc;
}

/* A readable change is of a record that has a row. */
static enum err
find_row(void *context, const struct history_item *item)
{
    struct verifying *v = context;
    uint8_t key[RECORD_KEY_BYTES];
    struct bytes row = {0};
    enum err rc = ERR_OK;

    reader_record_key(
        key, v->reader.tags, item->change->kind, &item->change->record);
    rc = txn_get(
        v->view->txn, TABLE_RECORDS, bytes_of(key, sizeof(key)), &row, NULL);
    return rc == ERR_NOT_FOUND ? find_refused(v, item->arrival) : rc;
}

/* All changes under one content key: their chain, and their records. */
static enum err
check_chain(struct verifying *v, struct dot dot, struct err_msg *msg)
{
    struct history_keys keys = {&dot, 1};
    struct history_walk walk = {.each = find_row, .context = v};
    struct history history = {0};
    enum err rc = history_collect(&v->reader, &keys, &history, msg);

    v->chained += history.count;
    if (rc == ERR_OK) {
        rc = history_walk(&v->reader, &history, &walk, msg);
    }
    if (rc == ERR_CORRUPT) {
        verify_finding(v, "the changes under a content key are damaged");
        rc = ERR_OK;
    }
    history_release(&history);
    return rc;
}

static enum err
check_chains(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, v->view->txn, TABLE_KEYS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        struct dot dot = {0};

        if (key_get_dot(scan.key, &dot) == ERR_OK &&
            dot.log < v->reader.logs->count) {
            rc = check_chain(v, dot, msg);
            verify_forget(v);
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

enum err
verify_records(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, v->view->txn, TABLE_RECORDS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        rc = check_record(v, scan.key, scan.value, msg);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    if (rc == ERR_OK) {
        rc = check_chains(v, msg);
    }
    if (rc == ERR_OK &&
        (v->chained < v->chained_min || v->chained > v->chained_max)) {
        verify_finding(v, "content keys' chains lack changes; corridor "
                          "rebuild makes them again");
    }
    return rc;
}
