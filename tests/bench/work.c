/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/work.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/sample/sample.h"
#include "node/values/value_json.h"

enum { LETTERS = 26, OPS_MAX = 64, REF_BYTES = 17 };

void
work_init(
    struct work *work, const struct schema *schema, const struct office_id *id)
{
    *work = (struct work){.schema = schema, .office = *id, .seed = 11};
    work->values.limit = SIZE_MAX;
}

void
work_release(struct work *work)
{
    buf_release(&work->values);
    mem_free(work->ops);
    mem_free(work->items);
    mem_free(work->ids);
    *work = (struct work){0};
}

void
work_clear(struct work *work)
{
    buf_clear(&work->values);
    work->op_count = 0;
    work->count = 0;
}

/* "#c12": a letter and a number make a slot. */
static uint32_t
slot_of(struct work *work, const char *name)
{
    uint64_t number = 0;
    size_t slot = 0;

    ck_assert(name != NULL && name[0] == '#' && name[1] >= 'a');
    number = strtoull(name + 2, NULL, 10);
    slot = (size_t)number * LETTERS + (size_t)(name[1] - 'a');
    if (slot >= work->id_count) {
        ck_assert_int_eq(mem_grow((void **)&work->ids, &work->id_capacity,
                             slot + 1, sizeof(*work->ids)),
            ERR_OK);
        work->id_count = slot + 1;
    }
    return (uint32_t)slot;
}

static struct work_op *
push_op(struct work *work, const struct schema_field *field, uint8_t action)
{
    struct work_op *op = NULL;

    ck_assert_int_eq(mem_grow((void **)&work->ops, &work->op_capacity,
                         work->op_count + 1, sizeof(*work->ops)),
        ERR_OK);
    op = &work->ops[work->op_count++];
    *op = (struct work_op){.field = field->number,
        .action = action,
        .ref = WORK_NONE,
        .start = work->values.size};
    return op;
}

static void
add_value(
    struct work *work, const struct schema_field *field, const json_t *json)
{
    const char *text = json_string_value(json);
    bool adds = field->rule == RULE_SET || field->rule == RULE_BAN ||
                field->rule == RULE_JOURNAL || field->rule == RULE_LEDGER;
    struct work_op *op = push_op(work, field, adds ? ACTION_ADD : ACTION_SET);
    struct err_msg msg = {{0}};

    if (field->type == VALUE_REF && text != NULL && text[0] == '#') {
        op->ref = slot_of(work, text);
        op->size = REF_BYTES;
        buf_put_u8(&work->values, 0x50); /* a CBOR byte string of 16 */
        buf_put(&work->values, work->ids[op->ref].bytes, 16);
        return;
    }
    ck_assert_msg(field_from_json(field, json, &work->values, &msg) == ERR_OK,
        "%s: %s", field->name, msg.text);
    op->size = work->values.size - op->start;
}

static void
add_member(struct work *work, const struct schema_kind *kind, const char *name,
    const json_t *json)
{
    size_t size = strlen(name);
    bool adds = size > 0 && name[size - 1] == '+';
    const struct schema_field *field =
        schema_field_by_name(kind, bytes_of(name, size - (adds ? 1 : 0)));

    ck_assert_ptr_nonnull(field);
    if (work->is_general &&
        (field->class == CLASS_SEALED || field->type == VALUE_REF)) {
        return;
    }
    if (!adds || !json_is_array(json)) {
        add_value(work, field, json);
        return;
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        add_value(work, field, json_array_get(json, i));
    }
}

/* A new record belongs to the office that makes it. */
static void
add_owners(struct work *work, const struct schema_kind *kind)
{
    for (size_t i = 0; i < kind->count; i++) {
        if (kind->fields[i].rule == RULE_OWNER) {
            push_op(work, &kind->fields[i], ACTION_TRANSFER);
        }
    }
}

static const struct schema_kind *
kind_of_slot(const struct work *work, uint32_t slot)
{
    for (size_t i = work->count; i-- > 0;) {
        if (work->items[i].slot == slot) {
            return schema_kind(work->schema, work->items[i].kind);
        }
    }
    return NULL;
}

static void
add_line(struct work *work, json_t *line, const struct schema_kind *usual)
{
    const char *kind_name = json_string_value(json_object_get(line, "kind"));
    const char *parent = json_string_value(json_object_get(line, "parent"));
    struct work_item item = {.is_new = kind_name != NULL,
        .slot = slot_of(work, json_string_value(json_object_get(line, "id"))),
        .parent = WORK_NONE,
        .first = work->op_count};
    const struct schema_kind *kind = usual;
    const char *name = NULL;
    json_t *member = NULL;

    if (kind_name != NULL) {
        kind = schema_kind_by_name(work->schema, bytes_text(kind_name));
    } else if (kind == NULL) {
        kind = kind_of_slot(work, item.slot);
    }
    ck_assert(kind != NULL);
    item.kind = kind->number;
    if (parent != NULL) {
        item.parent = slot_of(work, parent);
    }
    json_object_foreach(line, name, member)
    {
        if (strcmp(name, "id") != 0 && strcmp(name, "kind") != 0 &&
            strcmp(name, "parent") != 0) {
            add_member(work, kind, name, member);
        }
    }
    if (item.is_new) {
        add_owners(work, kind);
    }
    item.count = work->op_count - item.first;
    ck_assert_int_eq(mem_grow((void **)&work->items, &work->capacity,
                         work->count + 1, sizeof(*work->items)),
        ERR_OK);
    work->items[work->count++] = item;
}

static void
add_text(
    struct work *work, const struct buf *text, const struct schema_kind *usual)
{
    size_t start = 0;

    for (size_t i = 0; i < text->size; i++) {
        json_t *line = NULL;

        if (text->data[i] != '\n') {
            continue;
        }
        line = json_loadb((const char *)text->data + start, i - start, 0, NULL);
        ck_assert_ptr_nonnull(line);
        add_line(work, line, usual);
        json_decref(line);
        start = i + 1;
    }
}

static void
add_update(struct work *work, const struct sample_options *options,
    uint64_t number, unsigned nth)
{
    const struct schema_kind *kind =
        schema_kind_by_name(work->schema, bytes_text("case"));
    struct buf text = {0};

    ck_assert_int_eq(sample_update(options, number, nth, &text), ERR_OK);
    add_text(work, &text, kind);
    buf_release(&text);
}

void
work_updates(struct work *work, uint64_t number, unsigned nth)
{
    struct sample_options options = {.seed = work->seed};

    work->is_general = true;
    add_update(work, &options, number, nth);
    add_update(work, &options, number, nth + 1);
}

void
work_cases(struct work *work, uint64_t from, uint64_t to, uint64_t lag)
{
    struct sample_options options = {.seed = work->seed};

    work->is_general = true;
    for (uint64_t i = from; i < to + 2 * lag; i++) {
        struct buf text = {0};

        if (i < to) {
            ck_assert_int_eq(sample_case(&options, i, &text), ERR_OK);
            add_text(work, &text, NULL);
            buf_release(&text);
        }
        for (unsigned nth = 0; nth < 2; nth++) {
            uint64_t behind = (nth + 1) * lag;

            if (i >= from + behind && i - behind < to) {
                add_update(work, &options, i - behind, nth);
            }
        }
    }
}

void
work_files(struct work *work, uint64_t from, uint64_t to)
{
    struct sample_options options = {.seed = work->seed};
    struct buf text = {0};

    work->is_general = false;
    for (uint64_t i = from; i < to; i++) {
        buf_clear(&text);
        ck_assert_int_eq(sample_file(&options, i, &text), ERR_OK);
        add_text(work, &text, NULL);
    }
    buf_release(&text);
}

/* The operations of an item; references get the ids that there are now. */
static size_t
fill_ops(const struct work *work, const struct work_item *item,
    struct change_op *ops)
{
    ck_assert_uint_le(item->count, OPS_MAX);
    for (size_t i = 0; i < item->count; i++) {
        const struct work_op *op = &work->ops[item->first + i];

        ops[i] = (struct change_op){.field = op->field,
            .action = op->action,
            .has_value = op->action != ACTION_TRANSFER,
            .value = bytes_of(work->values.data + op->start, op->size)};
        if (op->action == ACTION_TRANSFER) {
            ops[i].office = work->office;
        }
        if (op->ref != WORK_NONE) {
            memcpy(work->values.data + op->start + 1, work->ids[op->ref].bytes,
                16);
        }
    }
    return item->count;
}

enum err
work_edit(struct work *work, size_t n, struct store *store, struct err_msg *msg)
{
    const struct work_item *item = &work->items[n];
    struct change_op ops[OPS_MAX];
    struct edit_result result;
    struct edit edit = {.is_new = item->is_new,
        .kind = item->kind,
        .id = work->ids[item->slot],
        .has_parent = item->parent != WORK_NONE,
        .ops = ops,
        .without_result = true};
    enum err rc = ERR_OK;

    edit.op_count = fill_ops(work, item, ops);
    if (edit.has_parent) {
        edit.parent = work->ids[item->parent];
    }
    rc = store_edit(store, &edit, &result, msg);
    if (rc == ERR_OK) {
        work->ids[item->slot] = result.id;
    }
    return rc;
}

void
work_plain(const struct work *work, size_t n, struct buf *out)
{
    const struct work_item *item = &work->items[n];
    struct change_op ops[OPS_MAX];
    struct change change = {.record = work->ids[item->slot],
        .kind = item->kind,
        .has_parent = item->parent != WORK_NONE,
        .has_salt = item->is_new,
        .ops = ops};

    /* What salts are like: nothing that compresses. */
    memcpy(change.salt.bytes, work->ids[item->slot].bytes + 6, 10);
    memcpy(change.salt.bytes + 10, work->ids[item->slot].bytes, 6);
    change.op_count = fill_ops(work, item, ops);
    ck_assert_int_eq(change_encode(out, &change, NULL, NULL), ERR_OK);
}
