/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/change_internal.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"

/* What is read so far; dots grow as they come and are shared out at last. */
struct decoder {
    struct cursor cursor;
    const struct author *author;
    const struct header_clock *clock;
    struct change change;
    struct op_id *dots;
    size_t dot_count;
    size_t dot_capacity;
};

int
named_op_compare(const struct named_op *a, const struct named_op *b)
{
    if (a->dot.index != b->dot.index) {
        return a->dot.index < b->dot.index ? -1 : 1;
    }
    if (a->dot.position != b->dot.position) {
        return a->dot.position < b->dot.position ? -1 : 1;
    }
    return (int)a->op - (int)b->op;
}

/* Which parts an action has: a row for each. */
static const struct {
    bool may_have_value;
    bool must_have_value;
    bool may_have_reason;
    bool may_have_dots;
    bool must_have_dots;
} shapes[] = {
    [ACTION_SET] = {true, true, true, false, false},
    [ACTION_ADD] = {true, true, false, false, false},
    [ACTION_REMOVE] = {true, false, false, true, true},
    [ACTION_TRANSFER] = {false, false, false, true, false},
};

static bool
fits(bool has, bool may, bool must)
{
    return has ? may : !must;
}

enum err
change_op_check(const struct change_op *op)
{
    bool has_dots = op->dot_count != 0;

    if (op->action > ACTION_TRANSFER ||
        !fits(op->has_value, shapes[op->action].may_have_value,
            shapes[op->action].must_have_value) ||
        !fits(op->has_reason, shapes[op->action].may_have_reason, false) ||
        !fits(has_dots, shapes[op->action].may_have_dots,
            shapes[op->action].must_have_dots) ||
        (op->has_reason && op->reason.size == 0)) {
        return ERR_MALFORMED;
    }
    if ((op->has_value && op->value.size > CHANGE_VALUE_BYTES_MAX) ||
        (op->has_reason && op->reason.size > CHANGE_REASON_BYTES_MAX) ||
        op->dot_count > CHANGE_DOTS_MAX) {
        return ERR_TOO_BIG;
    }
    return ERR_OK;
}

static uint64_t
get_limited(struct cursor *cursor, uint64_t limit)
{
    uint64_t value = cbor_get_uint(cursor);

    if (value > limit) {
        cursor_fail(cursor);
    }
    return value;
}

/* Read one dot, which stands after `last` unless it is the first. */
static enum err
get_dot(struct decoder *decoder, struct named_op *last, bool is_first)
{
    struct cursor *cursor = &decoder->cursor;
    struct named_op next = {{0, 0}, 0};
    struct op_id *out = &decoder->dots[decoder->dot_count];

    next.dot.index = (uint32_t)get_limited(cursor, UINT32_MAX);
    next.dot.position = get_limited(cursor, LOG_SIZE_MAX - 1);
    next.op = (uint16_t)get_limited(cursor, CHANGE_OPS_MAX - 1);
    if (cursor->failed || (!is_first && named_op_compare(last, &next) >= 0) ||
        !author_resolve(decoder->author, decoder->clock, next.dot, &out->dot)) {
        return ERR_MALFORMED;
    }
    /* "A dot … at or past the entry itself, is ERR_MALFORMED." */
    if (next.dot.index == 0 && next.dot.position >= decoder->author->applied) {
        return ERR_MALFORMED;
    }
    out->op = next.op;
    decoder->dot_count++;
    *last = next;
    return ERR_OK;
}

static enum err
get_dots(struct decoder *decoder, struct change_op *op)
{
    size_t items = cbor_get_array(&decoder->cursor);
    struct named_op last = {{0, 0}, 0};
    enum err rc = ERR_OK;

    op->dot_count = items / DOT_ITEMS;
    if (decoder->cursor.failed || items % DOT_ITEMS != 0) {
        return ERR_MALFORMED;
    }
    if (op->dot_count > CHANGE_DOTS_MAX) {
        return ERR_TOO_BIG;
    }
    rc = mem_grow((void **)&decoder->dots, &decoder->dot_capacity,
        decoder->dot_count + op->dot_count, sizeof(*decoder->dots));
    for (size_t i = 0; i < op->dot_count && rc == ERR_OK; i++) {
        rc = get_dot(decoder, &last, i == 0);
    }
    return rc;
}

static void
get_value(struct cursor *cursor, struct change_op *op)
{
    op->has_value = true;
    op->value = cbor_skip(cursor);
}

/* What stands after field and action, of which the array has `items`. */
static enum err
get_parts(struct decoder *decoder, struct change_op *op, size_t items)
{
    struct cursor *cursor = &decoder->cursor;
    enum err rc = ERR_OK;

    switch ((enum change_action)op->action) {
    case ACTION_SET:
    case ACTION_ADD:
        get_value(cursor, op);
        if (items == 2) {
            op->has_reason = true;
            op->reason = cbor_get_text(cursor);
        }
        return ERR_OK;
    case ACTION_REMOVE:
        rc = get_dots(decoder, op);
        if (items == 2) {
            get_value(cursor, op);
        }
        return rc;
    case ACTION_TRANSFER:
        if (items != 2) {
            return ERR_MALFORMED;
        }
        op->is_own = cbor_take_null(cursor);
        if (!op->is_own) {
            cbor_get_fixed(cursor, op->office.bytes, sizeof(op->office.bytes));
        }
        return get_dots(decoder, op);
    }
    return ERR_MALFORMED;
}

static enum err
get_op(struct decoder *decoder, struct change_op *op)
{
    struct cursor *cursor = &decoder->cursor;
    size_t items = cbor_get_array(cursor);
    enum err rc = ERR_OK;

    *op = (struct change_op){0};
    op->field = (uint16_t)get_limited(cursor, UINT16_MAX);
    op->action = (uint8_t)get_limited(cursor, ACTION_TRANSFER);
    if (cursor->failed || items < 3 || items > 4) {
        return ERR_MALFORMED;
    }
    rc = get_parts(decoder, op, items - 2);
    if (rc != ERR_OK) {
        return rc;
    }
    return cursor->failed ? ERR_MALFORMED : change_op_check(op);
}

static enum err
get_ops(struct decoder *decoder)
{
    struct change *change = &decoder->change;
    size_t count = cbor_get_array(&decoder->cursor);
    enum err rc = ERR_OK;

    if (decoder->cursor.failed) {
        return ERR_MALFORMED;
    }
    if (count > CHANGE_OPS_MAX) {
        return ERR_TOO_BIG;
    }
    if (count == 0) {
        return ERR_OK;
    }
    change->ops = mem_alloc(count * sizeof(*change->ops));
    if (change->ops == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = get_op(decoder, &change->ops[i]);
    }
    change->op_count = count;
    return rc;
}

/* The parent's id, or null, and the salt. */
static void
get_creation(struct cursor *cursor, struct change *change)
{
    change->has_salt = true;
    change->has_parent = !cbor_take_null(cursor);
    if (change->has_parent) {
        cbor_get_fixed(
            cursor, change->parent.bytes, sizeof(change->parent.bytes));
    }
    cbor_get_fixed(cursor, change->salt.bytes, sizeof(change->salt.bytes));
}

static enum err
get_change(struct decoder *decoder)
{
    struct cursor *cursor = &decoder->cursor;
    struct change *change = &decoder->change;
    size_t items = cbor_get_array(cursor);
    enum err rc = ERR_OK;

    if (items != CHANGE_ITEMS && items != CREATION_ITEMS) {
        return ERR_MALFORMED;
    }
    cbor_get_fixed(cursor, change->record.bytes, sizeof(change->record.bytes));
    change->kind = (uint16_t)get_limited(cursor, UINT16_MAX);
    if (items == CREATION_ITEMS) {
        get_creation(cursor, change);
    }
    if (cursor->failed) {
        return ERR_MALFORMED;
    }
    rc = get_ops(decoder);
    return rc == ERR_OK ? cursor_end(cursor) : rc;
}

/* The dots of all operations lie one behind another: share them out. */
static void
share_dots(struct decoder *decoder)
{
    struct op_id *next = decoder->dots;

    for (size_t i = 0; i < decoder->change.op_count; i++) {
        struct change_op *op = &decoder->change.ops[i];

        if (op->dot_count != 0) {
            op->dots = next;
            next += op->dot_count;
        }
    }
}

enum err
change_decode(struct change *out, struct bytes plain,
    const struct author *author, const struct header_clock *clock)
{
    struct decoder decoder = {
        .cursor = cursor_init(plain),
        .author = author,
        .clock = clock,
    };
    enum err rc = ERR_TOO_BIG;

    if (plain.size <= CHANGE_PLAIN_BYTES_MAX) {
        rc = get_change(&decoder);
    }
    if (rc != ERR_OK) {
        mem_free(decoder.dots);
        mem_free(decoder.change.ops);
        return rc;
    }
    share_dots(&decoder);
    if (decoder.dot_count == 0) {
        mem_free(decoder.dots);
    }
    *out = decoder.change;
    return ERR_OK;
}

void
change_release(struct change *change)
{
    if (change == NULL) {
        return;
    }
    for (size_t i = 0; i < change->op_count; i++) {
        /* The first dots are where the memory of all begins. */
        if (change->ops[i].dots != NULL) {
            mem_free(change->ops[i].dots);
            break;
        }
    }
    mem_free(change->ops);
    *change = (struct change){0};
}
