/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: by kind, newest first, with filters by the index and by what it
 * does not have yet. */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/index.h"
#include "storage/view_internal.h"
#include "sync/model/merge.h"

struct listing {
    struct view *view;
    struct reader reader;
    const struct view_query *query;
    struct shown shown;
    bool (*each)(void *context, const struct record *record);
    void *context;
};

/* Does one shown value of the field equal the filter's? */
static enum err
field_matches(struct listing *l, const struct record *record,
    const struct view_filter *filter, bool *out)
{
    const struct schema_kind *kind =
        schema_kind(view_schema(l->view), record->kind);
    struct merge_view merge = {
        .record = record,
        .kind = kind,
        .field = schema_field(kind, filter->field),
        .logs = l->reader.logs,
        .membership = l->reader.membership,
    };
    enum err rc = merge_show(&l->shown, &merge, filter->field);

    *out = false;
    for (size_t i = 0; rc == ERR_OK && i < l->shown.count && !*out; i++) {
        *out = index_same(l->shown.values[i].value, filter->value);
    }
    return rc;
}

static enum err
has_conflict(struct listing *l, const struct record *record, bool *out)
{
    const struct schema_kind *kind =
        schema_kind(view_schema(l->view), record->kind);
    enum err rc = ERR_OK;

    *out = false;
    for (size_t f = 0; f < record->field_count && rc == ERR_OK && !*out; f++) {
        struct merge_view merge = {
            .record = record,
            .kind = kind,
            .field = schema_field(kind, record->fields[f].number),
            .logs = l->reader.logs,
            .membership = l->reader.membership,
        };
        if (record->fields[f].count < 2) {
            continue; /* one current operation is never a conflict */
        }
        rc = merge_show(&l->shown, &merge, record->fields[f].number);
        *out = rc == ERR_OK && l->shown.has_conflict;
    }
    return rc;
}

static enum err
record_matches(struct listing *l, const struct record *record, bool *out)
{
    enum err rc = ERR_OK;

    *out = l->query->kind == 0 || record->kind == l->query->kind;
    for (size_t i = 0; rc == ERR_OK && *out && i < l->query->filter_count;
         i++) {
        rc = field_matches(l, record, &l->query->filters[i], out);
    }
    if (rc == ERR_OK && *out && l->query->conflicts_only) {
        rc = has_conflict(l, record, out);
    }
    return rc;
}

/* One row: *out_more tells whether the caller wants another. */
static enum err
list_row(struct listing *l, struct bytes key, struct bytes row, bool *out_more,
    struct err_msg *msg)
{
    struct record record;
    struct record_id id;
    bool matches = false;
    enum err rc = ERR_OK;

    if (key.size != RECORD_KEY_BYTES) {
        return ERR_CORRUPT;
    }
    memcpy(id.bytes, key.data + 2, sizeof(id.bytes));
    record_init(&record, &id, 0);
    rc = reader_record_decode(&l->reader, &record, key, row, msg);
    if (rc == ERR_OK) {
        rc = record_matches(l, &record, &matches);
    }
    if (rc == ERR_OK && matches) {
        *out_more = l->each(l->context, &record);
    }
    record_release(&record);
    if (l->view->content.map.count > CONTENT_CACHE_MAX) {
        content_clear(&l->view->content);
    }
    return rc;
}

/* Every record of the kind, newest first. */
static enum err
list_all(struct listing *l, struct err_msg *msg)
{
    static const struct record_id last = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    const struct record_id *after =
        l->query->after != NULL ? l->query->after : &last;
    uint8_t start[RECORD_KEY_BYTES];
    struct scan scan = {0};
    bool more = true;
    enum err rc = scan_open(&scan, l->view->txn, TABLE_RECORDS, msg);

    reader_record_key(start, l->reader.tags, l->query->kind, after);
    if (rc == ERR_OK && l->query->kind == 0) {
        more = scan_last(&scan, bytes_of(NULL, 0));
    } else if (rc == ERR_OK) {
        more = scan_last(&scan, bytes_of(start, sizeof(start)));
    }
    while (rc == ERR_OK && more) {
        if (l->query->kind != 0 && (scan.key.size != RECORD_KEY_BYTES ||
                                       memcmp(scan.key.data, start, 2) != 0)) {
            break;
        }
        rc = list_row(l, scan.key, scan.value, &more, msg);
        more = rc == ERR_OK && more && scan_prev(&scan);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

/* Record keys that may match, to be sorted newest first. */
struct candidates {
    uint8_t *keys;
    size_t count; /* in keys */
    size_t capacity;
};

static enum err
push_candidate(struct candidates *c, const uint8_t *key)
{
    enum err rc = mem_grow(
        (void **)&c->keys, &c->capacity, (c->count + 1) * RECORD_KEY_BYTES, 1);

    if (rc == ERR_OK) {
        memcpy(c->keys + c->count * RECORD_KEY_BYTES, key, RECORD_KEY_BYTES);
        c->count++;
    }
    return rc;
}

static enum err
candidates_indexed(
    struct listing *l, struct candidates *out, struct err_msg *msg)
{
    struct index_value value = {
        l->query->kind, l->query->filters[0].field, l->query->filters[0].value};
    struct index_term term;
    struct scan scan = {0};
    bool more = false;
    enum err rc = scan_open(&scan, l->view->txn, TABLE_INDEX, msg);

    index_term(&term, &l->view->store->secrets->index, &value);
    more = rc == ERR_OK &&
           scan_seek(&scan, bytes_of(term.bytes, sizeof(term.bytes)));
    while (rc == ERR_OK && more && scan.key.size == TERM_BYTES &&
           memcmp(scan.key.data, term.bytes, TERM_BYTES) == 0) {
        rc = scan.value.size == RECORD_KEY_BYTES
                 ? push_candidate(out, scan.value.data)
                 : ERR_CORRUPT;
        more = scan_next(&scan);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

static enum err
candidates_touched(
    struct listing *l, struct candidates *out, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, l->view->txn, TABLE_TOUCHED, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        struct index_note note;

        rc = index_note_read(
                 &note, &l->view->store->secrets->index, scan.key, scan.value)
                 ? push_candidate(out, note.record.data)
                 : ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

static int
compare_newest(const void *a, const void *b)
{
    return memcmp(b, a, RECORD_KEY_BYTES);
}

static bool
is_after(const struct listing *l, const uint8_t *key)
{
    return l->query->after == NULL ||
           memcmp(key + 2, l->query->after->bytes, 16) < 0;
}

static enum err
list_filtered(struct listing *l, struct err_msg *msg)
{
    struct candidates c = {0};
    bool more = true;
    enum err rc = candidates_indexed(l, &c, msg);

    if (rc == ERR_OK) {
        rc = candidates_touched(l, &c, msg);
    }
    if (rc == ERR_OK && c.count > 0) {
        qsort(c.keys, c.count, RECORD_KEY_BYTES, compare_newest);
    }
    for (size_t i = 0; i < c.count && rc == ERR_OK && more; i++) {
        const uint8_t *key = c.keys + i * RECORD_KEY_BYTES;
        struct bytes row = {0};

        if ((i > 0 &&
                memcmp(key, key - RECORD_KEY_BYTES, RECORD_KEY_BYTES) == 0) ||
            !is_after(l, key)) {
            continue;
        }
        rc = txn_get(l->view->txn, TABLE_RECORDS,
            bytes_of(key, RECORD_KEY_BYTES), &row, msg);
        if (rc == ERR_OK) {
            rc = list_row(l, bytes_of(key, RECORD_KEY_BYTES), row, &more, msg);
        } else if (rc == ERR_NOT_FOUND) {
            rc = ERR_OK;
        }
    }
    mem_free(c.keys);
    return rc;
}

/* Only values that the index takes can be asked of it. */
static bool
can_use_index(const struct listing *l)
{
    const struct schema_kind *kind =
        schema_kind(view_schema(l->view), l->query->kind);
    const struct schema_field *field = NULL;

    if (l->query->filter_count == 0 || kind == NULL) {
        return false;
    }
    field = schema_field(kind, l->query->filters[0].field);
    return index_takes(field, l->query->filters[0].value);
}

enum err
view_list(struct view *view, const struct view_query *query,
    bool (*each)(void *context, const struct record *record), void *context,
    struct err_msg *msg)
{
    struct listing listing = {
        .view = view, .query = query, .each = each, .context = context};
    enum err rc = view_reader(view, false, &listing.reader);

    if (rc == ERR_OK) {
        rc = can_use_index(&listing) ? list_filtered(&listing, msg)
                                     : list_all(&listing, msg);
    }
    shown_release(&listing.shown);
    return rc;
}

/* Digests of all records, to be put in the order of kind and id. */
struct digest_item {
    uint8_t key[18]; /* kind u16, id */
    struct hash digest;
};
struct digesting {
    struct digest_item *items;
    size_t count;
    size_t capacity;
    const struct log_table *logs;
    enum err rc;
};

static bool
digest_record(void *context, const struct record *record)
{
    struct digesting *d = context;
    struct digest_item *item = NULL;

    d->rc = mem_grow(
        (void **)&d->items, &d->capacity, d->count + 1, sizeof(*d->items));
    if (d->rc != ERR_OK) {
        return false;
    }
    item = &d->items[d->count++];
    item->key[0] = (uint8_t)(record->kind >> 8);
    item->key[1] = (uint8_t)record->kind;
    memcpy(item->key + 2, record->id.bytes, 16);
    d->rc = record_digest(&item->digest, record, d->logs);
    return d->rc == ERR_OK;
}

static int
compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, 18);
}

enum err
view_digest(struct view *view, struct digest_result *out, struct err_msg *msg)
{
    struct view_query query = {0};
    struct digesting d = {.logs = view_logs(view)};
    struct buf all = {.limit = SIZE_MAX};
    enum err rc = view_list(view, &query, digest_record, &d, msg);

    if (rc == ERR_OK) {
        rc = d.rc;
    }
    if (rc == ERR_OK) {
        if (d.count > 0) {
            qsort(d.items, d.count, sizeof(*d.items), compare_digests);
        }
        for (size_t i = 0; i < d.count; i++) {
            buf_put(&all, d.items[i].key, sizeof(d.items[i].key));
            buf_put(&all, d.items[i].digest.bytes, 32);
        }
        rc = buf_err(&all);
    }
    if (rc == ERR_OK) {
        hash_blake2b(&out->digest, buf_bytes(&all));
        out->records = d.count;
    }
    buf_release(&all);
    mem_free(d.items);
    return rc;
}
