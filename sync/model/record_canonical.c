/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form: docs/protocol.md, "Records and merging".
 *
 *   ["corridor/record-state/1", id bstr(16), kind, parent null|bstr(16),
 *    creation null|[log bstr(33), position], created, changed,
 *    [[log, position, class]…], [[field, [op…]]…]]
 *   op  [log, position, op, rank, time, key, action, then what it has of:
 *        office bstr(32), [(log, position, op)…], value, reason tstr]
 */
#include <stdlib.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "sync/model/record_internal.h"

/* A key, and where it stands in the record. */
struct sorted_key {
    struct log_id log;
    uint64_t position;
    size_t index;
};

/* A named dot, as every node knows it. */
struct sorted_dot {
    struct log_id log;
    uint64_t position;
    uint16_t op;
};

struct canonical {
    struct buf *out;
    const struct record *record;
    const struct log_table *logs;
    struct sorted_key *keys; /* by log id, then position */
    uint16_t *places;        /* of the record's keys in that order */
    struct sorted_dot *dots; /* of the operation at hand */
    size_t dot_capacity;
    enum err rc; /* ERR_NOMEM: sticky */
};

static int
compare_keys(const void *a, const void *b)
{
    const struct sorted_key *x = a;
    const struct sorted_key *y = b;
    int order = log_id_compare(&x->log, &y->log);

    return order != 0
               ? order
               : (x->position > y->position) - (x->position < y->position);
}

static int
compare_dots(const void *a, const void *b)
{
    const struct sorted_dot *x = a;
    const struct sorted_dot *y = b;
    int order = log_id_compare(&x->log, &y->log);

    if (order == 0) {
        order = (x->position > y->position) - (x->position < y->position);
    }
    return order != 0 ? order : (int)x->op - (int)y->op;
}

static enum err
sort_keys(struct canonical *canonical)
{
    const struct record *record = canonical->record;
    size_t count = record->key_count;

    canonical->keys = mem_zalloc(count, sizeof(*canonical->keys));
    canonical->places = mem_zalloc(count, sizeof(*canonical->places));
    if (canonical->keys == NULL || canonical->places == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        struct dot key = record->keys[i].key;

        canonical->keys[i] =
            (struct sorted_key){canonical->logs->ids[key.log], key.position, i};
    }
    qsort(canonical->keys, count, sizeof(*canonical->keys), compare_keys);
    for (size_t i = 0; i < count; i++) {
        canonical->places[canonical->keys[i].index] = (uint16_t)i;
    }
    return ERR_OK;
}

static void
put_log(struct buf *out, const struct log_id *id)
{
    uint8_t encoded[LOG_ID_BYTES];

    log_id_encode(encoded, id);
    cbor_put_bytes(out, bytes_of(encoded, sizeof(encoded)));
}

/* An author writes dots in the order of its own table: that is not ours. */
static void
put_dots(struct canonical *canonical, const struct record_op *op)
{
    struct buf *out = canonical->out;
    void *dots = canonical->dots;
    enum err rc = mem_grow(&dots, &canonical->dot_capacity, op->dot_count,
        sizeof(*canonical->dots));

    canonical->dots = dots;
    if (rc != ERR_OK) {
        canonical->rc = rc;
        return;
    }
    cbor_put_array(out, 3 * op->dot_count);
    for (size_t i = 0; i < op->dot_count; i++) {
        canonical->dots[i] =
            (struct sorted_dot){canonical->logs->ids[op->dots[i].dot.log],
                op->dots[i].dot.position, op->dots[i].op};
    }
    if (op->dot_count > 1) {
        qsort(canonical->dots, op->dot_count, sizeof(*canonical->dots),
            compare_dots);
    }
    for (size_t i = 0; i < op->dot_count; i++) {
        put_log(out, &canonical->dots[i].log);
        cbor_put_uint(out, canonical->dots[i].position);
        cbor_put_uint(out, canonical->dots[i].op);
    }
}

static void
put_op(struct canonical *canonical, const struct record_op *op)
{
    struct buf *out = canonical->out;
    bool has_office = op->action == ACTION_TRANSFER;
    bool has_dots = has_office || op->action == ACTION_REMOVE;

    cbor_put_array(out,
        (size_t)7 + has_office + has_dots + op->has_value + op->has_reason);
    put_log(out, &canonical->logs->ids[op->id.dot.log]);
    cbor_put_uint(out, op->id.dot.position);
    cbor_put_uint(out, op->id.op);
    cbor_put_uint(out, op->rank);
    cbor_put_uint(out, op->time);
    cbor_put_uint(out, canonical->places[op->key]);
    cbor_put_uint(out, op->action);
    if (has_office) {
        cbor_put_bytes(
            out, bytes_of(op->office.bytes, sizeof(op->office.bytes)));
    }
    if (has_dots) {
        put_dots(canonical, op);
    }
    if (op->has_value) {
        buf_put_bytes(out, op->value);
    }
    if (op->has_reason) {
        cbor_put_text(out, op->reason);
    }
}

static void
put_head(
    struct buf *out, const struct record *record, const struct log_table *logs)
{
    cbor_put_cstr(out, "corridor/record-state/1");
    cbor_put_bytes(out, bytes_of(record->id.bytes, sizeof(record->id.bytes)));
    cbor_put_uint(out, record->kind);
    if (record->has_parent) {
        cbor_put_bytes(
            out, bytes_of(record->parent.bytes, sizeof(record->parent.bytes)));
    } else {
        cbor_put_null(out);
    }
    if (record->has_creation) {
        cbor_put_array(out, 2);
        put_log(out, &logs->ids[record->creation.log]);
        cbor_put_uint(out, record->creation.position);
    } else {
        cbor_put_null(out);
    }
    cbor_put_uint(out, record->created);
    cbor_put_uint(out, record->changed);
}

static void
put_keys(struct canonical *canonical)
{
    const struct record *record = canonical->record;
    struct buf *out = canonical->out;

    cbor_put_array(out, record->key_count);
    for (size_t i = 0; i < record->key_count; i++) {
        const struct sorted_key *key = &canonical->keys[i];

        cbor_put_array(out, 3);
        put_log(out, &key->log);
        cbor_put_uint(out, key->position);
        cbor_put_uint(out, record->keys[key->index].class);
    }
}

static void
put_fields(struct canonical *canonical)
{
    const struct record *record = canonical->record;
    struct buf *out = canonical->out;
    size_t count = 0;

    for (size_t i = 0; i < record->field_count; i++) {
        count += record->fields[i].count > 0;
    }
    cbor_put_array(out, count);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct record_field *field = &record->fields[i];

        if (field->count == 0) {
            continue;
        }
        cbor_put_array(out, 2);
        cbor_put_uint(out, field->number);
        cbor_put_array(out, field->count);
        for (size_t j = 0; j < field->count; j++) {
            put_op(canonical, &field->ops[j]);
        }
    }
}

enum err
record_canonical(
    struct buf *out, const struct record *record, const struct log_table *logs)
{
    struct canonical canonical = {.out = out, .record = record, .logs = logs};
    enum err rc = sort_keys(&canonical);

    if (rc == ERR_OK) {
        cbor_put_array(out, 9);
        put_head(out, record, logs);
        put_keys(&canonical);
        put_fields(&canonical);
        rc = canonical.rc != ERR_OK ? canonical.rc : buf_err(out);
    }
    mem_free(canonical.keys);
    mem_free(canonical.places);
    mem_free(canonical.dots);
    return rc;
}

enum err
record_digest(
    struct hash *out, const struct record *record, const struct log_table *logs)
{
    struct buf canonical = {0};
    enum err rc = record_canonical(&canonical, record, logs);

    if (rc == ERR_OK) {
        hash_blake2b(out, buf_bytes(&canonical));
    }
    buf_wipe(&canonical);
    return rc;
}
