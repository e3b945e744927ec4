/* SPDX-License-Identifier: Apache-2.0 */
/* A half from the disk: record_codec_internal.h has the form. */
#include <string.h>

#include "crypto/base/cbor.h"
#include "sync/model/arena.h"
#include "sync/model/record_codec_internal.h"

/* The shortest form of at most 64 bits, or the cursor fails. */
static uint64_t
get_number(struct cursor *cursor)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0;

    /* Most numbers are one byte. */
    if (cursor_left(cursor) > 0 && *cursor->pos < 0x80) {
        byte = *cursor->pos;
        cursor->pos++;
        return byte;
    }
    do {
        byte = cursor_u8(cursor);
        if (shift == 63 && byte > 1) {
            cursor_fail(cursor);
            return 0;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0 && !cursor->failed);
    if (byte == 0 && shift > 7) {
        cursor_fail(cursor);
    }
    return cursor->failed ? 0 : value;
}

/* The same, at most `max`. */
static uint64_t
get_number_up_to(struct cursor *cursor, uint64_t max)
{
    uint64_t value = get_number(cursor);

    if (value > max) {
        cursor_fail(cursor);
        return 0;
    }
    return value;
}

static uint64_t
unzigzag(uint64_t number)
{
    return number >> 1 ^ ((number & 1) != 0 ? UINT64_MAX : 0);
}

/* One half being decoded. */
struct decode {
    struct cursor cursor;
    struct record *record;
    const struct log_table *logs;
    struct record_half half;
    uint16_t kind;
    bool sealed;
    size_t first_key; /* of the half, in the record */
    uint64_t left;    /* of the weight: what is current weighs no more */
    struct record_codec_base base;
    enum err rc; /* ERR_NOMEM: sticky */
};

static void
decode_need(struct decode *decode, bool claim)
{
    if (!claim) {
        cursor_fail(&decode->cursor);
    }
}

static struct dot
get_dot(struct decode *decode)
{
    struct dot dot = {0, 0};
    size_t logs = decode->logs->count;

    decode_need(decode, logs > 0);
    dot.log =
        (uint32_t)get_number_up_to(&decode->cursor, logs > 0 ? logs - 1 : 0);
    dot.position = get_number(&decode->cursor);
    return dot;
}

static void
get_half(struct decode *decode)
{
    struct cursor *cursor = &decode->cursor;
    struct record_half *half = &decode->half;
    uint8_t flags = cursor_u8(cursor);
    uint64_t later = 0;

    decode_need(decode, (flags & ~HALF_FLAGS) == 0);
    half->has_any = true;
    half->has_parent = (flags & HALF_PARENT) != 0;
    half->is_created = (flags & HALF_CREATED) != 0;
    half->is_full = (flags & HALF_FULL) != 0;
    decode_need(decode, half->is_created || !half->has_parent);
    decode->kind = (uint16_t)get_number_up_to(cursor, UINT16_MAX);
    if (half->has_parent) {
        cursor_copy(cursor, half->parent.bytes, sizeof(half->parent.bytes));
    }
    half->first = get_dot(decode);
    half->rank = get_number(cursor);
    half->time = cursor_u64(cursor);
    later = get_number(cursor);
    decode_need(decode, later <= UINT64_MAX - half->time);
    half->changed = half->time + later;
    half->weight = get_number_up_to(cursor, RECORD_BYTES_MAX);
    decode_need(decode, half->weight >= RECORD_WEIGHT_START);
    decode->left = half->weight;
    decode->base =
        (struct record_codec_base){.rank = half->rank, .time = half->time};
}

static void
get_keys(struct decode *decode)
{
    struct record *record = decode->record;
    struct cursor *cursor = &decode->cursor;
    size_t count = (size_t)get_number_up_to(cursor, RECORD_KEYS_MAX);

    decode_need(decode, count > 0);
    decode->first_key = record->key_count;
    decode->half.key_count = count;
    for (size_t i = 0; i < count && !cursor->failed; i++) {
        struct record_key key = {.key = get_dot(decode)};

        key.class = cursor_u8(cursor);
        decode_need(decode, key.class < CLASS_COUNT);
        decode_need(decode, (key.class == CLASS_SEALED) == decode->sealed);
        decode->rc = record_keys_reserve(record);
        if (decode->rc != ERR_OK) {
            cursor_fail(cursor);
            return;
        }
        record->keys[record->key_count] = key;
        record->key_count++;
    }
}

/* A later operation of the same change, or of another one. */
static void
get_op_head(struct decode *decode, uint8_t flags, struct record_op *out)
{
    struct cursor *cursor = &decode->cursor;
    struct record_codec_base *base = &decode->base;
    struct dot dot = base->dot;

    if ((flags & OP_SAME) != 0) {
        decode_need(decode, base->has_op);
    } else {
        dot = get_dot(decode);
        decode_need(decode, !base->has_op || !record_dot_equal(dot, base->dot));
        base->rank += unzigzag(get_number(cursor));
        base->time += unzigzag(get_number(cursor));
        base->key =
            (uint16_t)(decode->first_key +
                       get_number_up_to(cursor, decode->half.key_count - 1));
        base->dot = dot;
        base->has_op = true;
    }
    out->id.dot = dot;
    out->id.op = (uint16_t)get_number_up_to(cursor, UINT16_MAX);
    out->rank = base->rank;
    out->time = base->time;
    out->key = base->key;
}

static void
get_dots(struct decode *decode, struct record_op *out)
{
    struct cursor *cursor = &decode->cursor;
    size_t dot_bytes_min = 3;
    size_t count =
        (size_t)get_number_up_to(cursor, cursor_left(cursor) / dot_bytes_min);

    decode_need(decode, count > 0);
    if (cursor->failed) {
        return;
    }
    out->dots = arena_alloc(&decode->record->arena, count * sizeof(*out->dots));
    if (out->dots == NULL) {
        decode->rc = ERR_NOMEM;
        cursor_fail(cursor);
        return;
    }
    out->dot_count = count;
    for (size_t i = 0; i < count; i++) {
        out->dots[i].dot = get_dot(decode);
        out->dots[i].op = (uint16_t)get_number_up_to(cursor, UINT16_MAX);
    }
}

/* What is current was applied, and so was weighed. */
static void
take_weight(struct decode *decode, const struct record_op *op)
{
    uint64_t weight = record_op_weight(
        op->action, op->value.size + op->reason.size, op->dot_count);

    decode_need(decode, weight <= decode->left);
    decode->left -= decode->cursor.failed ? 0 : weight;
}

/* Does the action have these parts: docs/protocol.md, "Changes"? */
static bool
has_shape(uint8_t flags)
{
    bool is_set = (flags & OP_ACTION) == ACTION_SET;
    bool is_add = (flags & OP_ACTION) == ACTION_ADD;
    bool is_transfer = (flags & OP_ACTION) == ACTION_TRANSFER;

    if ((flags & OP_REASON) != 0 && !is_set) {
        return false;
    }
    if (is_set || is_add) {
        return (flags & OP_VALUE) != 0 && (flags & OP_DOTS) == 0;
    }
    return is_transfer ? (flags & OP_VALUE) == 0 : (flags & OP_DOTS) != 0;
}

static void
get_op(struct decode *decode, struct record_op *out)
{
    struct cursor *cursor = &decode->cursor;
    uint8_t flags = cursor_u8(cursor);

    *out = (struct record_op){
        .action = flags & OP_ACTION,
        .has_value = (flags & OP_VALUE) != 0,
        .has_reason = (flags & OP_REASON) != 0,
    };
    decode_need(decode, (flags & ~OP_FLAGS) == 0 && has_shape(flags));
    get_op_head(decode, flags, out);
    if (out->has_value) {
        out->value = cbor_skip(cursor);
    }
    if (out->has_reason) {
        out->reason = cbor_get_text(cursor);
    }
    if (out->action == ACTION_TRANSFER) {
        cursor_copy(cursor, out->office.bytes, sizeof(out->office.bytes));
    }
    if ((flags & OP_DOTS) != 0) {
        get_dots(decode, out);
    }
    take_weight(decode, out);
}

/*
 * Put an operation into its place. It comes after those of its own half; only
 * a field with operations in both halves puts it between others.
 */
static void
insert_op(struct decode *decode, struct record_field *field,
    const struct record_op *op, size_t *from)
{
    size_t at = *from;
    int order = -1;

    while (at < field->count) {
        order = record_op_compare(decode->logs, &field->ops[at], op);
        if (order >= 0) {
            break;
        }
        at++;
    }
    decode_need(decode, at == field->count || order != 0);
    memmove(&field->ops[at + 1], &field->ops[at],
        (field->count - at) * sizeof(*op));
    field->ops[at] = *op;
    field->count++;
    *from = at + 1;
}

static void
get_ops(struct decode *decode, struct record_field *field, size_t count)
{
    struct record_op last = {0};
    struct record_op op;
    size_t from = 0;

    for (size_t i = 0; i < count; i++) {
        get_op(decode, &op);
        if (decode->cursor.failed) {
            return;
        }
        decode_need(
            decode, i == 0 || record_op_compare(decode->logs, &last, &op) < 0);
        insert_op(decode, field, &op, &from);
        last = op;
    }
}

/* An operation takes two bytes and its value at the least. */
static size_t
get_op_count(struct decode *decode)
{
    uint64_t by_weight = decode->left / RECORD_OP_WEIGHT;
    size_t count = (size_t)get_number_up_to(&decode->cursor, by_weight);

    decode_need(decode, count > 0);
    decode_need(decode, count <= cursor_left(&decode->cursor) / 2);
    return count;
}

static void
get_field(struct decode *decode, int32_t *last)
{
    struct record *record = decode->record;
    struct record_field *field = NULL;
    uint16_t number = (uint16_t)get_number_up_to(&decode->cursor, UINT16_MAX);
    size_t count = get_op_count(decode);

    decode_need(decode, (int32_t)number > *last);
    *last = number;
    if (decode->cursor.failed) {
        return;
    }
    field = record_field_add(record, number);
    decode->rc = field == NULL ? ERR_NOMEM
                               : record_field_reserve(
                                     record, field, field->count + count);
    if (decode->rc != ERR_OK) {
        cursor_fail(&decode->cursor);
        return;
    }
    get_ops(decode, field, count);
}

static void
get_fields(struct decode *decode)
{
    struct cursor *cursor = &decode->cursor;
    size_t count = (size_t)get_number_up_to(cursor, cursor_left(cursor));
    int32_t last = -1;

    for (size_t i = 0; i < count && !cursor->failed; i++) {
        get_field(decode, &last);
    }
}

static enum err
decode_half(struct decode *decode)
{
    enum err rc = ERR_OK;

    get_half(decode);
    decode_need(decode, !decode->record->halves[!decode->sealed].has_any ||
                            decode->kind == decode->record->kind);
    get_keys(decode);
    get_fields(decode);
    rc = decode->rc != ERR_OK ? decode->rc : cursor_end(&decode->cursor);
    if (rc == ERR_OK) {
        decode->record->kind = decode->kind;
        decode->record->halves[decode->sealed] = decode->half;
        record_summarise(decode->record, decode->logs);
    }
    return rc;
}

/*
 * The bytes are copied once, and what the operations point to are views into
 * the copy.
 */
enum err
record_decode(
    struct record *record, const struct log_table *logs, struct bytes encoded)
{
    struct decode decode = {.record = record, .logs = logs};
    const uint8_t *copy = NULL;
    uint8_t version = 0;
    uint8_t half = 0;

    if (encoded.size > RECORD_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    copy = arena_copy(&record->arena, encoded.data, encoded.size);
    if (copy == NULL) {
        return ERR_NOMEM;
    }
    decode.cursor = cursor_init(bytes_of(copy, encoded.size));
    version = cursor_u8(&decode.cursor);
    half = cursor_u8(&decode.cursor);
    if (decode.cursor.failed) {
        return ERR_MALFORMED;
    }
    if (version != FORMAT_VERSION) {
        return ERR_VERSION;
    }
    if (half > 1 || record->halves[half].has_any) {
        return ERR_MALFORMED;
    }
    decode.sealed = half == 1;
    return decode_half(&decode);
}
