/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/record_json.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/call.h"
#include "node/api/offices.h"
#include "node/api/record_text.h"
#include "node/values/value_json.h"
#include "sync/model/hlc.h"

json_t *
record_kind_json(const struct schema *schema, uint16_t kind)
{
    const struct schema_kind *known = schema_kind(schema, kind);

    return known != NULL ? json_string(known->name)
                         : json_sprintf("kind-%u", (unsigned)kind);
}

void
record_field_name(
    char out[RECORD_NAME_BYTES], const struct schema_kind *kind, uint16_t field)
{
    const struct schema_field *known = schema_field(kind, field);

    if (known != NULL) {
        snprintf(out, RECORD_NAME_BYTES, "%s", known->name);
    } else {
        snprintf(out, RECORD_NAME_BYTES, "field-%u", (unsigned)field);
    }
}

static json_t *
cbor_json(struct bytes value)
{
    json_t *json = json_object();
    char *hex = json == NULL ? NULL : mem_alloc(2 * value.size + 1);

    if (hex == NULL) {
        json_decref(json);
        return NULL;
    }
    hex_encode(hex, value);
    put_text(&json, "cbor", hex);
    mem_free(hex);
    return json;
}

enum err
record_value_json(
    json_t **out, const struct schema_field *field, struct bytes value)
{
    json_t *json = NULL;
    enum err rc = ERR_MALFORMED;

    if (field != NULL) {
        rc = field_to_json(field, value, &json);
    }
    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        json = cbor_json(value);
        rc = json == NULL ? ERR_NOMEM : ERR_OK;
    }
    if (rc == ERR_OK) {
        *out = json;
    }
    return rc;
}

static bool
is_collection(const struct schema_field *field)
{
    return field != NULL &&
           (field->rule == RULE_SET || field->rule == RULE_BAN ||
               field->rule == RULE_JOURNAL || field->rule == RULE_LEDGER);
}

/* A collection's values, without what is struck out or told twice. */
static enum err
collection_json(
    json_t **out, const struct schema_field *field, const struct shown *shown)
{
    json_t *array = json_array();
    enum err rc = ERR_OK;

    for (size_t i = 0; i < shown->count && rc == ERR_OK; i++) {
        json_t *value = NULL;

        if ((shown->values[i].flags & (SHOWN_STRUCK | SHOWN_DUPLICATE)) != 0) {
            continue;
        }
        rc = record_value_json(&value, field, shown->values[i].value);
        if (rc == ERR_OK) {
            put_item(&array, value);
        }
    }
    if (rc != ERR_OK || array == NULL) {
        json_decref(array);
        return ERR_NOMEM;
    }
    *out = array;
    return ERR_OK;
}

enum err
record_field_json(
    json_t **out, const struct schema_field *field, const struct shown *shown)
{
    if (is_collection(field)) {
        return collection_json(out, field, shown);
    }
    for (size_t i = 0; i < shown->count; i++) {
        if ((shown->values[i].flags & SHOWN_DEFAULT) != 0) {
            return record_value_json(out, field, shown->values[i].value);
        }
    }
    *out = json_null();
    return ERR_OK;
}

json_t *
record_op_json(const struct log_table *logs, const struct op_id *id)
{
    const struct log_id *log = &logs->ids[id->dot.log];
    char node[2 * sizeof(log->node.bytes) + 1];

    hex_encode(node, bytes_of(log->node.bytes, sizeof(log->node.bytes)));
    return json_sprintf("%s/%s/%llu/%u", node,
        log->kind == LOG_CONTROL ? "control" : "changes",
        (unsigned long long)id->dot.position, (unsigned)id->op);
}

void
record_put_author(json_t **object, const struct membership *membership,
    const struct log_table *logs, uint32_t log)
{
    const struct office *office = membership_office_of(membership, log);
    const struct member_node *node =
        membership_node(membership, &logs->ids[log].node);

    put(object, "office", office != NULL ? office_json(office) : json_null());
    put(object, "node",
        node != NULL ? json_string(node->cert.node_name) : json_null());
}

static json_t *
flags_json(uint8_t flags)
{
    static const struct {
        uint8_t flag;
        const char *name;
    } names[] = {{SHOWN_DEFAULT, "default"}, {SHOWN_STRUCK, "struck"},
        {SHOWN_DUPLICATE, "duplicate"}, {SHOWN_POSSIBLE, "possible_duplicate"},
        {SHOWN_ALLEGATION, "allegation"}};
    json_t *array = json_array();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((flags & names[i].flag) != 0) {
            put_item(&array, json_string(names[i].name));
        }
    }
    return array;
}

/* A current value: what it is, and who said so when. */
static json_t *
shown_json(const struct record_view *view, const struct schema_field *field,
    const struct shown_value *value)
{
    json_t *json = json_object();
    json_t *content = NULL;

    if (record_value_json(&content, field, value->value) != ERR_OK) {
        json_decref(json);
        return NULL;
    }
    put(&json, "value", content);
    put(&json, "flags", flags_json(value->flags));
    if (value->op == NULL) {
        return json;
    }
    record_put_author(
        &json, view->membership, view->logs, value->op->id.dot.log);
    put_time(&json, "time", hlc_ms(value->op->time));
    put(&json, "op", record_op_json(view->logs, &value->op->id));
    if (value->op->has_reason) {
        put(&json, "reason",
            json_stringn(
                (const char *)value->op->reason.data, value->op->reason.size));
    }
    if (view->lang != NULL) {
        put(&json, "text",
            record_text(view, field, json_object_get(json, "value")));
    }
    return json;
}

static json_t *
details_json(const struct record_view *view, const struct schema_field *field,
    const struct shown *shown)
{
    json_t *json = json_object();
    json_t *values = json_array();

    for (size_t i = 0; i < shown->count; i++) {
        put_item(&values, shown_json(view, field, &shown->values[i]));
    }
    put_text(&json, "rule",
        field != NULL ? schema_rule_name(field->rule) : "review");
    put(&json, "conflict", json_boolean(shown->has_conflict));
    put(&json, "values", values);
    return json;
}

/* The parts of an answer that go field by field. */
struct parts {
    json_t *fields;
    json_t *conflicts;
    json_t *details;
    json_t *labels;
    json_t *texts;
};

static void
parts_release(struct parts *parts)
{
    json_decref(parts->fields);
    json_decref(parts->conflicts);
    json_decref(parts->details);
    json_decref(parts->labels);
    json_decref(parts->texts);
}

static enum err
add_field(struct parts *parts, const struct record_view *view,
    const struct schema_kind *kind, const struct schema_field *field,
    const struct shown *shown, uint16_t number)
{
    char name[RECORD_NAME_BYTES];
    json_t *value = NULL;
    enum err rc = ERR_OK;

    record_field_name(name, kind, number);
    if (shown->has_conflict) {
        put_item(&parts->conflicts, json_string(name));
    }
    if (view->listed_only && (field == NULL || !field->listed)) {
        return ERR_OK;
    }
    rc = record_field_json(&value, field, shown);
    if (rc != ERR_OK) {
        return rc;
    }
    put(&parts->fields, name, value);
    if (view->has_details) {
        put(&parts->details, name, details_json(view, field, shown));
    }
    if (view->lang != NULL) {
        put_text(&parts->labels, name,
            field != NULL
                ? schema_field_label(view->schema, kind, field, view->lang)
                : name);
        put(&parts->texts, name,
            record_text(view, field, json_object_get(parts->fields, name)));
    }
    return ERR_OK;
}

static enum err
add_fields(struct parts *parts, const struct record_view *view)
{
    const struct record *record = view->record;
    const struct schema_kind *kind = schema_kind(view->schema, record->kind);
    struct shown shown = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < record->field_count && rc == ERR_OK; i++) {
        uint16_t number = record->fields[i].number;
        struct merge_view merge = {.record = record,
            .kind = kind,
            .field = schema_field(kind, number),
            .logs = view->logs,
            .membership = view->membership};

        rc = merge_show(&shown, &merge, number);
        if (rc == ERR_OK && shown.count > 0) {
            rc = add_field(parts, view, kind, merge.field, &shown, number);
        }
    }
    shown_release(&shown);
    return rc;
}

static json_t *
marks_json(const struct record_view *view)
{
    json_t *array = json_array();
    struct merge_view merge = {.record = view->record,
        .kind = schema_kind(view->schema, view->record->kind),
        .logs = view->logs,
        .membership = view->membership};
    uint64_t marks = 0;

    if (merge_marks(&marks, &merge, view->schema) != ERR_OK) {
        json_decref(array);
        return NULL;
    }
    for (size_t i = 0; i < view->schema->mark_count && i < 64; i++) {
        if ((marks >> i & 1) != 0) {
            put_item(&array, json_string(view->schema->marks[i].name));
        }
    }
    return array;
}

static json_t *
head_json(const struct record_view *view)
{
    const struct record *record = view->record;
    struct hash digest;
    json_t *json = json_object();

    if (record_digest(&digest, record, view->logs) != ERR_OK) {
        json_decref(json);
        return NULL;
    }
    put_hex(&json, "id", bytes_of(record->id.bytes, sizeof(record->id.bytes)));
    put(&json, "kind", record_kind_json(view->schema, record->kind));
    if (record->has_parent) {
        put_hex(&json, "parent",
            bytes_of(record->parent.bytes, sizeof(record->parent.bytes)));
    }
    put_hex(&json, "version", bytes_of(digest.bytes, VERSION_BYTES));
    put_time(&json, "created", hlc_ms(record->created));
    put_time(&json, "changed", hlc_ms(record->changed));
    return json;
}

enum err
record_json(json_t **out, const struct record_view *view)
{
    struct parts parts = {json_object(), json_array(),
        view->has_details ? json_object() : NULL,
        view->lang != NULL ? json_object() : NULL,
        view->lang != NULL ? json_object() : NULL};
    json_t *json = head_json(view);
    enum err rc = add_fields(&parts, view);

    if (rc != ERR_OK) {
        json_decref(json);
        parts_release(&parts);
        return rc;
    }
    put(&json, "fields", parts.fields);
    put(&json, "conflicts", parts.conflicts);
    put(&json, "marks", marks_json(view));
    if (view->has_details) {
        put(&json, "details", parts.details);
    }
    if (view->lang != NULL) {
        put(&json, "labels", parts.labels);
        put(&json, "texts", parts.texts);
    }
    if (json == NULL) {
        return ERR_NOMEM;
    }
    *out = json;
    return ERR_OK;
}

static enum err
add_conflict(json_t **array, const struct record_view *view,
    const struct merge_view *merge, uint16_t number, struct shown *shown)
{
    char name[RECORD_NAME_BYTES];
    json_t *json = NULL;
    enum err rc = merge_show(shown, merge, number);

    if (rc != ERR_OK || !shown->has_conflict) {
        return rc;
    }
    record_field_name(name, merge->kind, number);
    json = details_json(view, merge->field, shown);
    put_text(&json, "field", name);
    put_item(array, json);
    return *array == NULL ? ERR_NOMEM : ERR_OK;
}

enum err
record_conflicts_json(json_t **out, const struct record_view *view)
{
    const struct record *record = view->record;
    const struct schema_kind *kind = schema_kind(view->schema, record->kind);
    struct shown shown = {0};
    json_t *array = json_array();
    enum err rc = array == NULL ? ERR_NOMEM : ERR_OK;

    for (size_t i = 0; i < record->field_count && rc == ERR_OK; i++) {
        uint16_t number = record->fields[i].number;
        struct merge_view merge = {.record = record,
            .kind = kind,
            .field = schema_field(kind, number),
            .logs = view->logs,
            .membership = view->membership};

        rc = add_conflict(&array, view, &merge, number, &shown);
    }
    shown_release(&shown);
    if (rc != ERR_OK) {
        json_decref(array);
        return rc;
    }
    *out = array;
    return ERR_OK;
}
