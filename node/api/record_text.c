/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/record_text.h"

#include <string.h>

#include "crypto/base/buf.h"
#include "crypto/base/hex.h"

enum { SHORT_ID_DIGITS = 16, TEXT_BYTES_MAX = 64 * 1024 };

static void
put_office(struct buf *out, const struct record_view *view, const char *text)
{
    struct office_id id;
    const struct office *office = NULL;

    if (hex_decode(text, strlen(text), id.bytes, sizeof(id.bytes))) {
        office = membership_office(view->membership, &id);
    }
    buf_put_text(out, office != NULL ? office->name : text);
}

static void
put_string(struct buf *out, const struct record_view *view,
    const struct schema_field *field, const char *text)
{
    const char *label = NULL;

    if (field->type == VALUE_OFFICE || field->type == VALUE_OFFICES) {
        put_office(out, view, text);
        return;
    }
    if (field->type == VALUE_REF || field->type == VALUE_ID) {
        buf_put(out, text, strnlen(text, SHORT_ID_DIGITS));
        return;
    }
    if (field->list != NULL || field->ladder != NULL) {
        label = schema_code_label(
            view->schema, field, bytes_text(text), view->lang);
    }
    buf_put_text(out, label != NULL ? label : text);
}

static void
put_scalar(struct buf *out, const struct record_view *view,
    const struct schema_field *field, const json_t *value)
{
    if (json_is_string(value)) {
        put_string(out, view, field, json_string_value(value));
    } else if (json_is_integer(value)) {
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_boolean(value)) {
        buf_put_text(out, json_is_true(value) ? "yes" : "no");
    } else if (json_is_null(value)) {
        buf_put_text(out, "-");
    }
}

/*
 * An object's members one after the other: what it is made of is at most an
 * object in an object ("money": {"date": {…}}), of which the first member
 * says enough. A date says itself. A text's language is said only where it
 * is not the reader's: "Đã trả [vi]".
 */
static void
put_value(struct buf *out, const struct record_view *view,
    const struct schema_field *field, const json_t *value)
{
    const char *name = NULL;
    json_t *member = NULL;
    bool is_first = true;
    void *iter = NULL;
    const char *language = NULL;
    union {
        const json_t *from;
        json_t *to;
    } object = {.from = value};

    if (!json_is_object(value)) {
        put_scalar(out, view, field, value);
        return;
    }
    if (json_is_string(json_object_get(value, "date")) &&
        json_object_get(value, "calendar") != NULL) {
        buf_put_text(out, json_string_value(json_object_get(value, "date")));
        return;
    }
    for (iter = json_object_iter(object.to); iter != NULL;
         iter = json_object_iter_next(object.to, iter)) {
        name = json_object_iter_key(iter);
        member = json_object_iter_value(iter);
        if (json_is_object(member)) {
            member = json_object_get(
                member, strcmp(name, "note") == 0 ? "text" : "date");
        }
        if (json_is_string(member) && json_string_value(member)[0] == '\0') {
            continue;
        }
        if (strcmp(name, "script") == 0 || member == NULL) {
            continue;
        }
        if (field->type != VALUE_LM && strcmp(name, "lang") == 0) {
            language = json_string_value(member);
            continue;
        }
        buf_put_text(out, is_first ? "" : " ");
        put_scalar(out, view, field, member);
        is_first = false;
    }
    if (language != NULL &&
        (view->lang == NULL || strcmp(language, view->lang) != 0)) {
        buf_printf(out, is_first ? "[%s]" : " [%s]", language);
    }
}

json_t *
record_text(const struct record_view *view, const struct schema_field *field,
    const json_t *value)
{
    struct buf text = {.limit = TEXT_BYTES_MAX};
    json_t *json = NULL;

    if (field == NULL) {
        return json_string("(a field of a newer version)");
    }
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            buf_put_text(&text, i == 0 ? "" : ", ");
            put_value(&text, view, field, json_array_get(value, i));
        }
    } else {
        put_value(&text, view, field, value);
    }
    if (buf_err(&text) == ERR_NOMEM) {
        return NULL;
    }
    json = json_stringn((const char *)text.data, text.size);
    buf_release(&text);
    /* Cut at the limit, perhaps within a character. */
    return json != NULL ? json : json_string("(too long to show)");
}
