/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/kept.h"

#include "node/api/record_json.h"
#include "node/api/record_text.h"

static bool
is_extreme(const struct schema_field *field)
{
    return field != NULL &&
           (field->rule == RULE_HIGHEST || field->rule == RULE_LOWEST);
}

/* Is the value that is shown the one that was set? */
static bool
is_shown(const struct shown *shown, struct bytes value)
{
    for (size_t i = 0; i < shown->count; i++) {
        if ((shown->values[i].flags & SHOWN_DEFAULT) != 0 &&
            bytes_equal(shown->values[i].value, value)) {
            return true;
        }
    }
    return false;
}

static json_t *
field_json(const struct record_view *view, const struct schema_kind *kind,
    const struct schema_field *field, const struct shown *shown)
{
    char name[RECORD_NAME_BYTES];
    json_t *json = json_object();
    json_t *value = NULL;

    if (record_field_json(&value, field, shown) != ERR_OK) {
        json_decref(json);
        return NULL;
    }
    record_field_name(name, kind, field->number);
    put_text(&json, "field", name);
    if (view->lang != NULL) {
        put(&json, "text", record_text(view, field, value));
    }
    put(&json, "value", value);
    return json;
}

/* Of one operation; nothing is added where its value is shown. */
static enum err
add_kept(json_t **array, const struct record_view *view,
    const struct schema_kind *kind, const struct change_op *op)
{
    struct merge_view merge = {.record = view->record,
        .kind = kind,
        .field = schema_field(kind, op->field),
        .logs = view->logs,
        .membership = view->membership};
    struct shown shown = {0};
    enum err rc = ERR_OK;

    if (op->action != ACTION_SET || op->has_reason ||
        !is_extreme(merge.field)) {
        return ERR_OK;
    }
    rc = merge_show(&shown, &merge, op->field);
    if (rc == ERR_OK && !is_shown(&shown, op->value)) {
        put_item(array, field_json(view, kind, merge.field, &shown));
    }
    shown_release(&shown);
    return rc;
}

json_t *
kept_json(struct api_call *call, const struct record_change *change)
{
    struct record_view view = {.lang = call_lang(call)};
    const struct schema_kind *kind =
        schema_kind(call->node->schema, change->kind);
    struct record record;
    struct view *snapshot = NULL;
    json_t *array = NULL;
    enum err rc = call_view(call, &snapshot, NULL);

    if (rc == ERR_OK) {
        rc = view_record(
            snapshot, change->kind, &change->result.id, &record, NULL);
    }
    if (rc != ERR_OK) {
        return NULL;
    }
    view.record = &record;
    view.schema = view_schema(snapshot);
    view.membership = view_membership(snapshot);
    view.logs = view_logs(snapshot);
    array = json_array();
    for (size_t i = 0; i < change->draft.count && rc == ERR_OK; i++) {
        rc = add_kept(&array, &view, kind, &change->draft.ops[i]);
    }
    record_release(&record);
    if (rc != ERR_OK || json_array_size(array) == 0) {
        json_decref(array);
        return NULL;
    }
    return array;
}
