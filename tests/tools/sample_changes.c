/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/sample_changes.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "node/sample/sample.h"
#include "node/values/value_json.h"
#include "sync/model/change.h"

enum {
    NAMES_MAX = 16, /* records of one file */
    OPS_MAX = 64    /* of one line */
};

struct named {
    char name[24];
    struct record_id id;
    const struct schema_kind *kind;
};

struct reader {
    struct sample_changes *changes;
    const struct schema *schema;
    struct prng *prng;
    struct named named[NAMES_MAX];
    size_t named_count;
};

/* The operations of one line; their values lie in `values`. */
struct line_ops {
    struct buf values;
    struct {
        const struct schema_field *field;
        size_t start;
        size_t end;
    } ops[OPS_MAX];
    size_t count;
};

static const struct named *
find(const struct reader *reader, const char *name)
{
    for (size_t i = 0; name != NULL && i < reader->named_count; i++) {
        if (strcmp(reader->named[i].name, name) == 0) {
            return &reader->named[i];
        }
    }
    return NULL;
}

/* A time-ordered id: 48 bits of a day in 2026, 80 bits of chance. */
static void
id_make(struct prng *prng, struct record_id *out)
{
    prng_fill(prng, out->bytes, sizeof(out->bytes));
    out->bytes[0] = 0x01;
    out->bytes[1] = 0x9b;
    out->bytes[2] &= 0x3f;
}

static enum err
value_add(const struct reader *reader, struct line_ops *ops,
    const struct schema_field *field, const json_t *json)
{
    const char *text = json_string_value(json);
    const struct named *named = NULL;
    enum err rc = ERR_OK;

    if (ops->count == OPS_MAX) {
        return ERR_TOO_BIG;
    }
    ops->ops[ops->count].field = field;
    ops->ops[ops->count].start = ops->values.size;
    if (field->type == VALUE_REF && text != NULL && text[0] == '#') {
        named = find(reader, text);
        if (named == NULL) {
            return ERR_NOT_FOUND;
        }
        buf_put_u8(&ops->values, 0x50); /* a CBOR byte string of 16 */
        buf_put(&ops->values, named->id.bytes, sizeof(named->id.bytes));
        rc = buf_err(&ops->values);
    } else {
        rc = field_from_json(field, json, &ops->values, NULL);
    }
    ops->ops[ops->count++].end = ops->values.size;
    return rc;
}

/* `name` or `name+`; an array behind the latter is one addition each. */
static enum err
member_add(const struct reader *reader, struct line_ops *ops,
    const struct schema_kind *kind, const char *name, const json_t *json)
{
    size_t size = strlen(name);
    bool adds = size > 0 && name[size - 1] == '+';
    const struct schema_field *field =
        schema_field_by_name(kind, bytes_of(name, adds ? size - 1 : size));
    enum err rc = ERR_OK;

    if (field == NULL) {
        return ERR_NOT_FOUND;
    }
    if (!adds || !json_is_array(json)) {
        return value_add(reader, ops, field, json);
    }
    for (size_t i = 0; i < json_array_size(json) && rc == ERR_OK; i++) {
        rc = value_add(reader, ops, field, json_array_get(json, i));
    }
    return rc;
}

static bool
rule_adds(enum schema_rule rule)
{
    return rule == RULE_SET || rule == RULE_BAN || rule == RULE_JOURNAL ||
           rule == RULE_LEDGER;
}

/* Encode those of the line's operations that stand above their kind, or not. */
static enum err
change_put(struct reader *reader, struct change *change,
    const struct line_ops *ops, const struct schema_kind *kind, bool above)
{
    struct sample_changes *changes = reader->changes;
    struct change_op list[OPS_MAX] = {{0}};
    enum err rc = ERR_OK;

    change->ops = list;
    change->op_count = 0;
    for (size_t i = 0; i < ops->count; i++) {
        const struct schema_field *field = ops->ops[i].field;
        struct change_op *op = &list[change->op_count];

        if ((field->class > kind->class) != above) {
            continue;
        }
        op->field = field->number;
        op->action = rule_adds(field->rule) ? ACTION_ADD : ACTION_SET;
        op->has_value = true;
        op->value = bytes_of(ops->values.data + ops->ops[i].start,
            ops->ops[i].end - ops->ops[i].start);
        change->op_count++;
    }
    if (change->op_count == 0) {
        return ERR_OK;
    }
    rc = change_encode(&changes->bytes, change, NULL, NULL);
    if (rc == ERR_OK) {
        rc = mem_grow((void **)&changes->ends, &changes->capacity,
            changes->count + 1, sizeof(*changes->ends));
    }
    if (rc == ERR_OK) {
        changes->ends[changes->count++] = changes->bytes.size;
    }
    return rc;
}

/* Whom the line is about, and whether it makes that record. */
static enum err
line_begin(struct reader *reader, const json_t *line, struct change *change,
    const struct schema_kind **out_kind)
{
    const char *name = json_string_value(json_object_get(line, "id"));
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const char *parent = json_string_value(json_object_get(line, "parent"));
    const struct named *named = find(reader, name);
    const struct named *above = NULL;
    struct named *made = &reader->named[reader->named_count];

    if (kind != NULL && name != NULL && reader->named_count < NAMES_MAX) {
        strncpy(made->name, name, sizeof(made->name) - 1);
        id_make(reader->prng, &made->id);
        made->kind = schema_kind_by_name(reader->schema, bytes_text(kind));
        reader->named_count++;
        change->has_salt = true;
        prng_fill(reader->prng, change->salt.bytes, sizeof(change->salt.bytes));
        named = made;
    }
    if (named == NULL || named->kind == NULL) {
        return ERR_NOT_FOUND;
    }
    above = find(reader, parent);
    if (above != NULL) {
        change->has_parent = true;
        change->parent = above->id;
    }
    change->record = named->id;
    change->kind = named->kind->number;
    *out_kind = named->kind;
    return ERR_OK;
}

static bool
is_beside_fields(const char *name)
{
    return strcmp(name, "id") == 0 || strcmp(name, "kind") == 0 ||
           strcmp(name, "parent") == 0;
}

static enum err
line_add(struct reader *reader, json_t *line)
{
    const struct schema_kind *kind = NULL;
    struct change change = {0};
    struct line_ops ops = {0};
    const char *name = NULL;
    json_t *member = NULL;
    enum err rc = line_begin(reader, line, &change, &kind);

    json_object_foreach(line, name, member)
    {
        if (rc == ERR_OK && !is_beside_fields(name)) {
            rc = member_add(reader, &ops, kind, name, member);
        }
    }
    if (rc == ERR_OK) {
        rc = change_put(reader, &change, &ops, kind, false);
    }
    if (rc == ERR_OK) {
        rc = change_put(reader, &change, &ops, kind, true);
    }
    buf_release(&ops.values);
    return rc;
}

enum err
sample_changes_add(struct sample_changes *changes, const struct schema *schema,
    uint64_t seed, uint64_t number, struct prng *prng)
{
    struct sample_options options = {.seed = seed};
    struct reader reader = {changes, schema, prng, {{{0}, {{0}}, NULL}}, 0};
    struct buf text = {0};
    size_t start = 0;
    enum err rc = sample_file(&options, number, &text);

    for (size_t i = 0; i < text.size && rc == ERR_OK; i++) {
        json_t *line = NULL;

        if (text.data[i] != '\n') {
            continue;
        }
        line = json_loadb((const char *)text.data + start, i - start, 0, NULL);
        rc = line == NULL ? ERR_MALFORMED : line_add(&reader, line);
        json_decref(line);
        start = i + 1;
    }
    buf_release(&text);
    return rc;
}

void
sample_changes_release(struct sample_changes *changes)
{
    buf_release(&changes->bytes);
    mem_free(changes->ends);
}

struct bytes
sample_changes_get(const struct sample_changes *changes, size_t place)
{
    size_t start = place == 0 ? 0 : changes->ends[place - 1];

    return bytes_of(changes->bytes.data + start, changes->ends[place] - start);
}
