/* SPDX-License-Identifier: Apache-2.0 */
/* The schema pack, for whoever draws forms. */
#include "node/api/routes.h"

static json_t *
codes_json(const struct schema *schema, const struct schema_field *field,
    const char *lang)
{
    const char *const *codes = NULL;
    size_t count = 0;
    json_t *array = json_array();

    if (field->list != NULL) {
        codes = field->list->codes;
        count = field->list->count;
    } else if (field->ladder != NULL) {
        codes = field->ladder->states;
        count = field->ladder->count;
    }
    for (size_t i = 0; i < count; i++) {
        const char *label =
            schema_code_label(schema, field, bytes_text(codes[i]), lang);
        json_t *json = json_object();

        put_text(&json, "code", codes[i]);
        put_text(&json, "label", label != NULL ? label : codes[i]);
        put_item(&array, json);
    }
    return array;
}

/* What a person is offered after each state. */
static json_t *
steps_json(const struct schema_ladder *ladder)
{
    json_t *json = json_object();

    for (size_t i = 0; i < ladder->count; i++) {
        json_t *steps = json_array();

        for (size_t j = 0; j < ladder->count; j++) {
            if ((ladder->steps[i] >> j & 1) != 0) {
                put_item(&steps, json_string(ladder->states[j]));
            }
        }
        put(&json, ladder->states[i], steps);
    }
    return json;
}

static json_t *
field_json(const struct schema *schema, const struct schema_kind *kind,
    const struct schema_field *field, const char *lang)
{
    const struct schema_kind *meant = schema_kind(schema, field->ref_kind);
    json_t *json = json_object();

    put_text(&json, "name", field->name);
    put_number(&json, "number", field->number);
    put_text(&json, "label", schema_field_label(schema, kind, field, lang));
    put_text(&json, "type", value_type_name(field->type));
    put_text(&json, "rule", schema_rule_name(field->rule));
    put_text(&json, "class", schema_class_name(field->class));
    put(&json, "listed", json_boolean(field->listed));
    put(&json, "deadline", json_boolean(field->deadline));
    if (meant != NULL) {
        put_text(&json, "ref", meant->name);
    }
    if (field->list != NULL || field->ladder != NULL) {
        put(&json, "codes", codes_json(schema, field, lang));
    }
    if (field->ladder != NULL) {
        put(&json, "steps", steps_json(field->ladder));
    }
    return json;
}

static json_t *
kind_json(const struct schema *schema, const struct schema_kind *kind,
    const char *lang)
{
    const struct schema_kind *parent = schema_kind(schema, kind->parent);
    json_t *json = json_object();
    json_t *fields = json_array();

    for (size_t i = 0; i < kind->count; i++) {
        put_item(&fields, field_json(schema, kind, &kind->fields[i], lang));
    }
    put_text(&json, "name", kind->name);
    put_number(&json, "number", kind->number);
    put_text(&json, "label", schema_kind_label(schema, kind, lang));
    put_text(&json, "class", schema_class_name(kind->class));
    put(&json, "parent",
        parent != NULL ? json_string(parent->name) : json_null());
    put(&json, "fields", fields);
    return json;
}

void
schema_get(struct api_call *call)
{
    const struct schema *schema = call->node->schema;
    const char *lang = call_lang(call);
    json_t *json = json_object();
    json_t *kinds = json_array();
    json_t *languages = json_array();

    for (size_t i = 0; i < schema->kind_count; i++) {
        if (!schema->kinds[i].reserved) {
            put_item(&kinds, kind_json(schema, &schema->kinds[i],
                                 lang != NULL ? lang : "en"));
        }
    }
    for (size_t i = 0; i < schema->language_count; i++) {
        put_item(&languages, json_string(schema->languages[i]));
    }
    put_text(&json, "pack", schema->name);
    put_number(&json, "version", schema->version);
    put(&json, "languages", languages);
    put(&json, "kinds", kinds);
    reply(call, 200, json);
}
