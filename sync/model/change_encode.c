/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/change_internal.h"

#include <stdlib.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"

struct encoder {
    struct buf *out;
    const struct author *author;
    const struct header_clock *clock;
    struct named_op *names; /* room for the dots of one operation */
    size_t capacity;
};

static int
compare(const void *a, const void *b)
{
    return named_op_compare(a, b);
}

/* The author's name of one dot; refused where the reader would. */
static enum err
name_dot(
    const struct encoder *encoder, const struct op_id *id, struct named_op *out)
{
    if (!author_name_with(
            encoder->author, encoder->clock, id->dot, &out->dot)) {
        return ERR_NOT_FOUND;
    }
    if (out->dot.position >= LOG_SIZE_MAX || id->op >= CHANGE_OPS_MAX ||
        (out->dot.index == 0 &&
            out->dot.position >= encoder->author->applied)) {
        return ERR_MALFORMED;
    }
    out->op = id->op;
    return ERR_OK;
}

static enum err
put_dots(struct encoder *encoder, const struct change_op *op)
{
    struct named_op *names = NULL;
    enum err rc = mem_grow((void **)&encoder->names, &encoder->capacity,
        op->dot_count, sizeof(*encoder->names));

    names = encoder->names;
    for (size_t i = 0; i < op->dot_count && rc == ERR_OK; i++) {
        rc = name_dot(encoder, &op->dots[i], &names[i]);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (op->dot_count != 0) {
        qsort(names, op->dot_count, sizeof(*names), compare);
    }
    cbor_put_array(encoder->out, DOT_ITEMS * op->dot_count);
    for (size_t i = 0; i < op->dot_count; i++) {
        if (i > 0 && named_op_compare(&names[i - 1], &names[i]) == 0) {
            return ERR_MALFORMED;
        }
        cbor_put_uint(encoder->out, names[i].dot.index);
        cbor_put_uint(encoder->out, names[i].dot.position);
        cbor_put_uint(encoder->out, names[i].op);
    }
    return ERR_OK;
}

static enum err
check_op(const struct change_op *op)
{
    enum err rc = change_op_check(op);

    if (rc != ERR_OK) {
        return rc;
    }
    if ((op->has_value && !cbor_valid(op->value)) ||
        (op->has_reason && !bytes_are_utf8(op->reason))) {
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/*
 *   [field, 0, value]           [field, 1, value]
 *   [field, 0, value, reason]   [field, 3, office, [dot…]]
 *   [field, 2, [dot…]]          [field, 3, null, [dot…]]
 *   [field, 2, [dot…], value]
 */
static enum err
put_op(struct encoder *encoder, const struct change_op *op)
{
    bool is_transfer = op->action == ACTION_TRANSFER;
    bool has_dots = is_transfer || op->action == ACTION_REMOVE;
    size_t items = 2;
    enum err rc = check_op(op);

    if (rc != ERR_OK) {
        return rc;
    }
    items += is_transfer;
    items += has_dots;
    items += op->has_value;
    items += op->has_reason;
    cbor_put_array(encoder->out, items);
    cbor_put_uint(encoder->out, op->field);
    cbor_put_uint(encoder->out, op->action);
    if (is_transfer && op->is_own) {
        cbor_put_null(encoder->out);
    } else if (is_transfer) {
        cbor_put_bytes(
            encoder->out, bytes_of(op->office.bytes, sizeof(op->office.bytes)));
    }
    if (has_dots) {
        rc = put_dots(encoder, op);
    }
    if (op->has_value) {
        buf_put_bytes(encoder->out, op->value);
    }
    if (op->has_reason) {
        cbor_put_text(encoder->out, op->reason);
    }
    return rc;
}

static void
put_creation(struct buf *out, const struct change *change)
{
    if (change->has_parent) {
        cbor_put_bytes(
            out, bytes_of(change->parent.bytes, sizeof(change->parent.bytes)));
    } else {
        cbor_put_null(out);
    }
    cbor_put_bytes(
        out, bytes_of(change->salt.bytes, sizeof(change->salt.bytes)));
}

static enum err
put_change(struct encoder *encoder, const struct change *change)
{
    enum err rc = ERR_OK;

    cbor_put_array(
        encoder->out, change->has_salt ? CREATION_ITEMS : CHANGE_ITEMS);
    cbor_put_bytes(encoder->out,
        bytes_of(change->record.bytes, sizeof(change->record.bytes)));
    cbor_put_uint(encoder->out, change->kind);
    if (change->has_salt) {
        put_creation(encoder->out, change);
    }
    cbor_put_array(encoder->out, change->op_count);
    for (size_t i = 0; i < change->op_count && rc == ERR_OK; i++) {
        rc = put_op(encoder, &change->ops[i]);
    }
    return rc == ERR_OK ? buf_err(encoder->out) : rc;
}

enum err
change_encode(struct buf *out, const struct change *change,
    const struct author *author, const struct header_clock *clock)
{
    struct encoder encoder = {
        .out = out,
        .author = author,
        .clock = clock,
    };
    size_t start = out->size;
    enum err rc = ERR_OK;

    if (change->op_count > CHANGE_OPS_MAX) {
        return ERR_TOO_BIG;
    }
    if (change->has_parent && !change->has_salt) {
        return ERR_MALFORMED;
    }
    rc = put_change(&encoder, change);
    if (rc == ERR_OK && out->size - start > CHANGE_PLAIN_BYTES_MAX) {
        rc = ERR_TOO_BIG;
    }
    if (rc != ERR_OK) {
        buf_truncate(out, start);
    }
    mem_free(encoder.names);
    return rc;
}
