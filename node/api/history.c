/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record's history: who, which office, when, before and after. "Before" is
 * what the author had seen of the field: the values that its clock counts and
 * that nothing it counts had replaced; several where offices had set it
 * without knowing of each other.
 */
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/find.h"
#include "node/api/record_json.h"
#include "node/api/record_text.h"
#include "node/api/routes.h"
#include "sync/model/hlc.h"

enum { SEEN_MAX = 16 }; /* values shown as those before; the newest */

/* A value that a field was set to, by whom having seen what. */
struct past {
    uint16_t field;
    struct dot dot;
    struct vclock clock;
    json_t *value;
};

/* The values before one, newest first, each once. */
struct seen {
    const struct past *items[SEEN_MAX];
    size_t count;
};

struct walk {
    struct record_view view;
    const struct schema_kind *kind;
    json_t *array;
    struct past *past;
    size_t past_count;
    size_t past_capacity;
    enum err rc;
};

static bool
is_replaced(const struct seen *seen, const struct past *past)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (vclock_counts(&seen->items[i]->clock, past->dot)) {
            return true;
        }
    }
    return false;
}

/* In canonical order what replaces comes after what it replaces. */
static void
see(struct seen *out, const struct walk *w, const struct history_item *item,
    uint16_t field)
{
    out->count = 0;
    for (size_t i = w->past_count; i-- > 0 && out->count < SEEN_MAX;) {
        const struct past *past = &w->past[i];

        if (past->field == field && vclock_counts(item->clock, past->dot) &&
            !is_replaced(out, past)) {
            out->items[out->count++] = past;
        }
    }
}

static void
remember(struct walk *w, const struct history_item *item, uint16_t field,
    json_t *value)
{
    struct past *past = NULL;

    w->rc = mem_grow((void **)&w->past, &w->past_capacity, w->past_count + 1,
        sizeof(*w->past));
    if (w->rc == ERR_OK) {
        past = &w->past[w->past_count++];
        *past = (struct past){.field = field, .dot = item->dot};
        past->value = json_incref(value);
        w->rc = vclock_copy(&past->clock, item->clock);
    }
}

static const char *
action_name(const struct change_op *op)
{
    switch ((enum change_action)op->action) {
    case ACTION_SET:
        return "set";
    case ACTION_ADD:
        return "add";
    case ACTION_REMOVE:
        return "remove";
    case ACTION_TRANSFER:
        return "transfer";
    }
    return "unknown";
}

static void
put_value(struct walk *w, json_t **json, const struct schema_field *field,
    json_t *value)
{
    put(json, "value", json_incref(value));
    if (w->view.lang != NULL && value != NULL) {
        put(json, "text", record_text(&w->view, field, value));
    }
}

/* "Cambodia | Japan". */
static json_t *
join_texts(const json_t *texts)
{
    struct buf text = {0};
    json_t *json = NULL;

    for (size_t i = 0; i < json_array_size(texts); i++) {
        const char *one = json_string_value(json_array_get(texts, i));

        buf_put_text(&text, i == 0 ? "" : " | ");
        buf_put_text(&text, one != NULL ? one : "");
    }
    if (texts != NULL && buf_err(&text) == ERR_OK) {
        json = json_stringn((const char *)text.data, text.size);
    }
    buf_release(&text);
    return json;
}

static bool
has_item(const json_t *array, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (json_equal(json_array_get(array, i), value) != 0) {
            return true;
        }
    }
    return false;
}

static void
put_before(struct walk *w, json_t **json, const struct schema_field *field,
    const struct seen *seen)
{
    json_t *all = json_array();
    json_t *texts = json_array();

    for (size_t i = seen->count; i-- > 0;) {
        if (has_item(all, seen->items[i]->value)) {
            continue;
        }
        put_item(&all, json_incref(seen->items[i]->value));
        if (w->view.lang != NULL) {
            put_item(
                &texts, record_text(&w->view, field, seen->items[i]->value));
        }
    }
    put(json, "before", json_incref(seen->items[0]->value));
    if (w->view.lang != NULL) {
        put(json, "before_text", join_texts(texts));
    }
    if (json_array_size(all) == 1) {
        json_decref(all);
    } else {
        put(json, "befores", all);
    }
    json_decref(texts);
}

static json_t *
office_hex(const struct office_id *id)
{
    char hex[2 * sizeof(id->bytes) + 1];

    hex_encode(hex, bytes_of(id->bytes, sizeof(id->bytes)));
    return json_string(hex);
}

static json_t *
op_json(
    struct walk *w, const struct history_item *item, const struct change_op *op)
{
    const struct schema_field *field = schema_field(w->kind, op->field);
    char name[RECORD_NAME_BYTES];
    json_t *json = json_object();
    json_t *value = NULL;
    json_t *dots = json_array();
    struct seen seen;

    record_field_name(name, w->kind, op->field);
    put_text(&json, "field", name);
    put_text(&json, "action", action_name(op));
    if (op->action == ACTION_TRANSFER) {
        value = office_hex(&op->office);
        put_value(w, &json, field, value);
    } else if (op->has_value) {
        w->rc = record_value_json(&value, field, op->value);
        if (w->rc == ERR_OK) {
            put_value(w, &json, field, value);
        }
    }
    if (value != NULL && op->action == ACTION_SET) {
        see(&seen, w, item, op->field);
        if (seen.count > 0) {
            put_before(w, &json, field, &seen);
        }
        if (item->void_reason == VOID_NONE) {
            remember(w, item, op->field, value);
        }
    }
    json_decref(value);
    for (size_t i = 0; i < op->dot_count; i++) {
        put_item(&dots, record_op_json(w->view.logs, &op->dots[i]));
    }
    put(&json, "names", dots);
    if (op->has_reason) {
        put(&json, "reason",
            json_stringn((const char *)op->reason.data, op->reason.size));
    }
    return json;
}

static bool
add_item(void *context, const struct history_item *item)
{
    struct walk *w = context;
    struct op_id id = {item->dot, 0};
    json_t *json = json_object();
    json_t *ops = json_array();

    put(&json, "entry", record_op_json(w->view.logs, &id));
    record_put_author(&json, w->view.membership, w->view.logs, item->dot.log);
    put_time(&json, "time", hlc_ms(item->time));
    put_text(&json, "class", schema_class_name((enum schema_class)item->class));
    if (item->void_reason != VOID_NONE) {
        put_text(&json, "void", void_reason_text(item->void_reason));
    }
    for (size_t i = 0; item->change != NULL && i < item->change->op_count;
         i++) {
        put_item(&ops, op_json(w, item, &item->change->ops[i]));
    }
    put(&json, "operations", ops);
    put_item(&w->array, json);
    return w->rc == ERR_OK && w->array != NULL;
}

void
records_history(struct api_call *call)
{
    struct found_record found;
    struct err_msg msg = {""};
    struct walk w = {.rc = ERR_OK};
    json_t *json = NULL;
    enum err rc = ERR_OK;

    if (!find_record(call, call->args[0], &found)) {
        return;
    }
    w.view = (struct record_view){.schema = view_schema(call->view),
        .membership = view_membership(call->view),
        .logs = view_logs(call->view),
        .lang = call_lang(call)};
    w.kind = schema_kind(w.view.schema, found.kind);
    w.array = json_array();
    rc = view_history(call->view, found.kind, &found.id, add_item, &w, &msg);
    for (size_t i = 0; i < w.past_count; i++) {
        json_decref(w.past[i].value);
        vclock_release(&w.past[i].clock);
    }
    mem_free(w.past);
    rc = rc == ERR_OK ? w.rc : rc;
    if (rc != ERR_OK) {
        json_decref(w.array);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put_hex(&json, "id", bytes_of(found.id.bytes, sizeof(found.id.bytes)));
    put(&json, "kind", record_kind_json(w.view.schema, found.kind));
    put(&json, "history", w.array);
    reply(call, 200, json);
}
