/* SPDX-License-Identifier: Apache-2.0 */
/* Names and short ids in values, before the values are read. */
#include <string.h>

#include "crypto/base/hex.h"
#include "node/api/call.h"
#include "node/api/draft_internal.h"
#include "node/api/offices.h"

static enum err
text_json(json_t **out, const char *text)
{
    json_t *json = json_string(text);

    if (json == NULL) {
        return ERR_NOMEM;
    }
    *out = json;
    return ERR_OK;
}

static enum err
resolve_id(json_t **out, const struct draft_scope *scope, const char *text,
    struct err_msg *msg)
{
    char hex[33];
    enum err rc = scope->resolve(scope->context, text, hex, msg);

    return rc == ERR_OK ? text_json(out, hex) : rc;
}

static enum err
resolve_office(json_t **out, const struct draft_scope *scope, const char *text,
    struct err_msg *msg)
{
    const struct office *office = NULL;
    struct office_id id;
    char hex[2 * sizeof(id.bytes) + 1];
    enum err rc = ERR_OK;

    /* An office may be spoken of that is no member here. */
    if (hex_decode(text, strlen(text), id.bytes, sizeof(id.bytes))) {
        return text_json(out, text);
    }
    rc = office_find(scope->membership, bytes_text(text), &office, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    hex_encode(hex, bytes_of(office->id.bytes, sizeof(office->id.bytes)));
    return text_json(out, hex);
}

static enum err
resolve_offices(json_t **out, const struct draft_scope *scope,
    const json_t *json, struct err_msg *msg)
{
    json_t *array = json_array();
    enum err rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < json_array_size(json); i++) {
        const char *text = json_string_value(json_array_get(json, i));
        json_t *item = NULL;

        rc = text == NULL ? err_set(msg, ERR_MALFORMED,
                                "the names or codes of offices are wanted")
                          : resolve_office(&item, scope, text, msg);
        if (rc == ERR_OK) {
            put_item(&array, item);
        }
    }
    if (rc == ERR_OK && array == NULL) {
        rc = ERR_NOMEM;
    }
    if (rc != ERR_OK) {
        json_decref(array);
        return rc;
    }
    *out = array;
    return ERR_OK;
}

/* Of kin the record alone. */
static enum err
resolve_member(json_t **out, const struct draft_scope *scope,
    const json_t *json, struct err_msg *msg)
{
    const char *text = json_string_value(json_object_get(json, "record"));
    union {
        const json_t *from;
        json_t *to;
    } object = {.from = json};
    json_t *id = NULL;
    json_t *copy = NULL;
    enum err rc = resolve_id(&id, scope, text, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    copy = json_copy(object.to);
    put(&copy, "record", id);
    if (copy == NULL) {
        return ERR_NOMEM;
    }
    *out = copy;
    return ERR_OK;
}

enum err
draft_resolve(json_t **out, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, struct err_msg *msg)
{
    const char *text = json_string_value(json);
    union {
        const json_t *from;
        json_t *to;
    } same = {.from = json};

    if (text != NULL && (field->type == VALUE_REF || field->type == VALUE_ID)) {
        return resolve_id(out, scope, text, msg);
    }
    if (text != NULL && field->type == VALUE_OFFICE) {
        return resolve_office(out, scope, text, msg);
    }
    if (field->type == VALUE_OFFICES && json_is_array(json)) {
        return resolve_offices(out, scope, json, msg);
    }
    if (field->type == VALUE_KN &&
        json_is_string(json_object_get(json, "record"))) {
        return resolve_member(out, scope, json, msg);
    }
    *out = json_incref(same.to);
    return ERR_OK;
}
