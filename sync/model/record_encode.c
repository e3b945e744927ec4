/* SPDX-License-Identifier: Apache-2.0 */
/* A half on the way to the disk: record_codec_internal.h has the form. */
#include "crypto/base/cbor.h"
#include "sync/model/record_codec_internal.h"

/* Write a number at `to`; returns how many bytes it took. */
static size_t
store_number(uint8_t *to, uint64_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        to[size] = (uint8_t)(value | 0x80);
        value >>= 7;
        size++;
    }
    to[size] = (uint8_t)value;
    return size + 1;
}

static void
put_number(struct buf *out, uint64_t value)
{
    uint8_t bytes[NUMBER_BYTES_MAX];

    buf_put(out, bytes, store_number(bytes, value));
}

/* Zigzag: small differences of either sign are small numbers. */
static uint64_t
zigzag(uint64_t difference)
{
    return difference << 1 ^ (difference >> 63 != 0 ? UINT64_MAX : 0);
}

static bool
is_in_half(const struct record *record, const struct record_op *op, bool sealed)
{
    return (record->keys[op->key].class == CLASS_SEALED) == sealed;
}

static size_t
count_in_half(
    const struct record *record, const struct record_field *field, bool sealed)
{
    size_t count = 0;

    for (size_t i = 0; i < field->count; i++) {
        count += is_in_half(record, &field->ops[i], sealed);
    }
    return count;
}

/* The key's index among those of its own half. */
static size_t
key_in_half(const struct record *record, size_t key)
{
    bool sealed = record->keys[key].class == CLASS_SEALED;
    size_t index = 0;

    for (size_t i = 0; i < key; i++) {
        index += (record->keys[i].class == CLASS_SEALED) == sealed;
    }
    return index;
}

static uint8_t
op_flags(const struct record_op *op, bool is_same)
{
    return (uint8_t)(op->action | (op->has_value ? OP_VALUE : 0) |
                     (op->has_reason ? OP_REASON : 0) |
                     (op->dot_count > 0 ? OP_DOTS : 0) |
                     (is_same ? OP_SAME : 0));
}

/* The numbers before an operation's value, in one write. */
static void
put_op_head(struct buf *out, const struct record *record,
    const struct record_op *op, struct record_codec_base *base)
{
    uint8_t head[OP_HEAD_BYTES_MAX];
    size_t size = 1;
    bool is_same = base->has_op && record_dot_equal(op->id.dot, base->dot);

    head[0] = op_flags(op, is_same);
    if (!is_same) {
        size += store_number(head + size, op->id.dot.log);
        size += store_number(head + size, op->id.dot.position);
        size += store_number(head + size, zigzag(op->rank - base->rank));
        size += store_number(head + size, zigzag(op->time - base->time));
        size += store_number(head + size, key_in_half(record, op->key));
    }
    size += store_number(head + size, op->id.op);
    buf_put(out, head, size);
    *base = (struct record_codec_base){
        true, op->id.dot, op->rank, op->time, op->key};
}

static void
put_op(struct buf *out, const struct record *record, const struct record_op *op,
    struct record_codec_base *base)
{
    put_op_head(out, record, op, base);
    if (op->has_value) {
        buf_put_bytes(out, op->value);
    }
    if (op->has_reason) {
        cbor_put_text(out, op->reason);
    }
    if (op->action == ACTION_TRANSFER) {
        buf_put(out, op->office.bytes, sizeof(op->office.bytes));
    }
    if (op->dot_count > 0) {
        put_number(out, op->dot_count);
    }
    for (size_t i = 0; i < op->dot_count; i++) {
        put_number(out, op->dots[i].dot.log);
        put_number(out, op->dots[i].dot.position);
        put_number(out, op->dots[i].op);
    }
}

static void
put_half(
    struct buf *out, uint16_t kind, const struct record_half *half, bool sealed)
{
    buf_put_u8(out, FORMAT_VERSION);
    buf_put_u8(out, sealed);
    buf_put_u8(out, (uint8_t)((half->has_parent ? HALF_PARENT : 0) |
                              (half->is_created ? HALF_CREATED : 0) |
                              (half->is_full ? HALF_FULL : 0)));
    put_number(out, kind);
    if (half->has_parent) {
        buf_put(out, half->parent.bytes, sizeof(half->parent.bytes));
    }
    put_number(out, half->first.log);
    put_number(out, half->first.position);
    put_number(out, half->rank);
    buf_put_u64(out, half->time);
    put_number(out, half->changed - half->time);
    put_number(out, half->weight);
}

static void
put_keys(struct buf *out, const struct record *record, bool sealed)
{
    put_number(out, record->halves[sealed].key_count);
    for (size_t i = 0; i < record->key_count; i++) {
        const struct record_key *key = &record->keys[i];

        if ((key->class == CLASS_SEALED) == sealed) {
            put_number(out, key->key.log);
            put_number(out, key->key.position);
            buf_put_u8(out, key->class);
        }
    }
}

static void
put_field(struct buf *out, const struct record *record,
    const struct record_field *field, bool sealed,
    struct record_codec_base *base)
{
    size_t count = count_in_half(record, field, sealed);

    if (count == 0) {
        return;
    }
    put_number(out, field->number);
    put_number(out, count);
    for (size_t i = 0; i < field->count; i++) {
        if (is_in_half(record, &field->ops[i], sealed)) {
            put_op(out, record, &field->ops[i], base);
        }
    }
}

enum err
record_encode(struct buf *out, const struct record *record, bool sealed)
{
    const struct record_half *half = &record->halves[sealed];
    struct record_codec_base base = {.rank = half->rank, .time = half->time};
    size_t fields = 0;

    put_half(out, record->kind, half, sealed);
    put_keys(out, record, sealed);
    for (size_t i = 0; i < record->field_count; i++) {
        fields += count_in_half(record, &record->fields[i], sealed) > 0;
    }
    put_number(out, fields);
    for (size_t i = 0; i < record->field_count; i++) {
        put_field(out, record, &record->fields[i], sealed, &base);
    }
    return buf_err(out);
}
