/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/shown.h"

#include <stdio.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/values/value_json.h"
#include "sync/model/change.h"
#include "sync/packs/packs.h"

enum { ACTIONS = ACTION_TRANSFER + 1 };

static const char *const does[ACTIONS] = {"set", "add", "remove", "transfer"};

static json_t *
hex_json(struct bytes bytes)
{
    char *text = mem_alloc(2 * bytes.size + 1);
    json_t *json = NULL;

    if (text != NULL) {
        hex_encode(text, bytes);
        json = json_string(text);
    }
    mem_free(text);
    return json;
}

/* A name of the pack, or the number. */
static json_t *
name_json(const char *name, uint64_t number)
{
    return name != NULL ? json_string(name) : json_integer((json_int_t)number);
}

static json_t *
value_json(const struct schema_field *field, struct bytes value)
{
    json_t *json = NULL;

    if (field != NULL && field_to_json(field, value, &json) == ERR_OK) {
        return json;
    }
    return hex_json(value);
}

/* Dots are a flat array of three numbers each. */
static json_t *
take_dots(struct cursor *cursor)
{
    const size_t count = cbor_get_array(cursor);

    for (size_t i = 0; i < count && !cursor->failed; i++) {
        (void)cbor_get_uint(cursor);
    }
    return json_integer((json_int_t)(count / 3));
}

/*
 * docs/protocol.md, "Changes": [field, 0, value (, reason)], [field, 1, value],
 * [field, 2, dots (, value)], [field, 3, office|null, dots].
 */
static json_t *
take_operation(struct cursor *cursor, const struct schema_kind *kind)
{
    const size_t count = cbor_get_array(cursor);
    const uint64_t number = cbor_get_uint(cursor);
    const uint64_t action = cbor_get_uint(cursor);
    const struct schema_field *field =
        kind == NULL ? NULL : schema_field(kind, number);
    json_t *value = NULL;
    json_t *reason = NULL;
    json_t *names = NULL;

    if (count < 3 || count > 4 || action >= ACTIONS) {
        cursor_fail(cursor);
        return NULL;
    }
    if (action == ACTION_REMOVE) {
        names = take_dots(cursor);
        value = count == 4 ? value_json(field, cbor_skip(cursor)) : NULL;
    } else if (action == ACTION_TRANSFER) {
        value = cbor_take_null(cursor) ? json_null()
                                       : hex_json(cbor_get_bytes(cursor));
        names = take_dots(cursor);
    } else {
        value = value_json(field, cbor_skip(cursor));
        if (count == 4) {
            const struct bytes text = cbor_get_text(cursor);

            reason = json_stringn((const char *)text.data, text.size);
        }
    }
    return json_pack("{s:o, s:s, s:o, s:o, s:o}", "field",
        name_json(field == NULL ? NULL : field->name, number), "does",
        does[action], "value", value != NULL ? value : json_null(), "reason",
        reason != NULL ? reason : json_null(), "names",
        names != NULL ? names : json_integer(0));
}

static json_t *
take_operations(struct cursor *cursor, const struct schema_kind *kind)
{
    const size_t count = cbor_get_array(cursor);
    json_t *array = json_array();

    for (size_t i = 0; i < count && !cursor->failed; i++) {
        json_t *operation = take_operation(cursor, kind);

        if (json_array_append_new(array, operation) != 0) {
            break;
        }
    }
    return array;
}

/* [record, kind, operations], or [record, kind, parent, salt, operations]. */
static json_t *
take_change(struct cursor *cursor, const struct schema *schema)
{
    const size_t count = cbor_get_array(cursor);
    const struct bytes record = cbor_get_bytes(cursor);
    const uint64_t number = cbor_get_uint(cursor);
    const struct schema_kind *kind = schema_kind(schema, number);
    json_t *parent = NULL;

    if (count != 3 && count != 5) {
        cursor_fail(cursor);
        return NULL;
    }
    if (count == 5) {
        parent =
            cbor_take_null(cursor) ? NULL : hex_json(cbor_get_bytes(cursor));
        (void)cbor_get_bytes(cursor);
    }
    return json_pack("{s:o, s:o, s:o, s:b, s:o}", "record", hex_json(record),
        "kind", name_json(kind == NULL ? NULL : kind->name, number), "parent",
        parent != NULL ? parent : json_null(), "creates", count == 5,
        "operations", take_operations(cursor, kind));
}

static enum err
unpack(struct buf *out, struct bytes padded)
{
    const struct bytes *dictionary = NULL;
    const struct bytes none = {NULL, 0};
    struct codec *codec = NULL;
    uint32_t id = 0;
    enum err rc = codec_dictionary_id(&id, padded);

    if (rc != ERR_OK) {
        return rc;
    }
    dictionary = id == 0 ? &none : pack_dictionary(id);
    if (dictionary == NULL) {
        return ERR_VERSION;
    }
    rc = codec_new(&codec, id, *dictionary);
    if (rc == ERR_OK) {
        rc = codec_unpack(codec, out, padded);
    }
    codec_free(codec);
    return rc;
}

enum err
shown_plain(struct bytes plain, const struct schema *schema, json_t **out)
{
    struct cursor cursor = cursor_init(plain);
    json_t *json = NULL;
    enum err rc = ERR_OK;

    if (!cbor_valid(plain)) {
        return ERR_MALFORMED;
    }
    json = take_change(&cursor, schema);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK && json == NULL) {
        rc = ERR_NOMEM;
    }
    if (rc != ERR_OK) {
        json_decref(json);
        return rc;
    }
    *out = json;
    return ERR_OK;
}

enum err
shown_change(struct bytes padded, json_t **out)
{
    struct buf plain = {0};
    struct schema *schema = NULL;
    enum err rc = unpack(&plain, padded);

    if (rc == ERR_OK &&
        schema_parse(*pack_text("mekong"), &schema, NULL) != ERR_OK) {
        rc = ERR_NOMEM;
    }
    if (rc == ERR_OK) {
        rc = shown_plain(buf_bytes(&plain), schema, out);
    }
    schema_free(schema);
    buf_wipe(&plain);
    return rc;
}
