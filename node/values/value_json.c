/* SPDX-License-Identifier: Apache-2.0 */
#include "node/values/value_json.h"

#include "crypto/base/cbor.h"
#include "node/values/value_internal.h"

static const struct {
    value_text_fn *read; /* NULL: the type has no such form */
    const char *hint;
} lines[VALUE_TYPE_COUNT] = {
    [VALUE_ID] = {value_text_id, "write an id of 32 hex digits"},
    [VALUE_REF] = {value_text_id, "write an id of 32 hex digits"},
    [VALUE_OFFICE] = {value_text_office, "write a key of 64 hex digits"},
    [VALUE_OFFICES] = {NULL, "write an array of keys of 64 hex digits"},
    [VALUE_CODE] = {value_text_code, "write one code word"},
    [VALUE_STATE] = {value_text_code, "write one state"},
    [VALUE_CODES] = {value_text_codes, "write code words, each once"},
    [VALUE_TX] = {value_text_tx, "write a text, or {\"text\", \"lang\"}"},
    [VALUE_LM] = {NULL, "write {\"km\": \"a text\", ...}"},
    [VALUE_TR] = {NULL, "write {\"lang\", \"edition\", \"title\", \"text\"}"},
    [VALUE_DT] = {value_text_dt, "write 1997-03-05, 1997-03, 1997 or 2540 BE"},
    [VALUE_TS] = {value_text_ts, "write a whole number"},
    [VALUE_MON] = {value_text_mon, "write 1500.00 THB"},
    [VALUE_PH] = {value_text_ph, "write +855 12 345 678, or line:handle"},
    [VALUE_PL] = {value_text_pl, "write a place code like TH-10"},
    [VALUE_NM] = {value_text_nm,
        "write a name, or {\"text\", \"script\", \"role\"}"},
    [VALUE_IDN] = {value_text_idn, "write passport:KH:N1234567"},
    [VALUE_KN] = {value_text_kn, "write mother: her name"},
    [VALUE_N] = {value_text_n, "write a whole number"},
    [VALUE_B] = {value_text_b, "write yes or no"},
    [VALUE_BL] = {NULL, "attach a file"},
    [VALUE_LE] = {value_text_le,
        "write paid 1500.00 THB; payer SSO; ref R-17; date 2016-08; note ..."},
    [VALUE_EV] = {value_text_ev, "write hospital 2016-08: what happened"},
    [VALUE_PERIOD] = {value_text_period, "write 2014-03..2016 the employer"},
    [VALUE_FIELDS] = {NULL, "write an array like [\"3.12\"]"},
};

const char *
value_hint(enum value_type type)
{
    return lines[type].hint;
}

enum err
value_from_line(enum value_type type, struct buf *out, const char *text,
    struct err_msg *msg)
{
    if (lines[type].read == NULL) {
        return err_set(msg, ERR_MALFORMED, "%s", lines[type].hint);
    }
    return lines[type].read(out, text, msg);
}

enum err
value_not_of(enum value_type type, struct err_msg *msg)
{
    return err_set(msg, ERR_MALFORMED, "not a value of type %s: %s",
        value_type_name(type), value_hint(type));
}

/* The value is whole in `made`: check it and append it to out. */
static enum err
finish(enum value_type type, enum err rc, struct buf *made, struct buf *out,
    struct err_msg *msg)
{
    size_t size = out->size;

    if (rc == ERR_OK) {
        rc = buf_err(made);
    }
    if (rc == ERR_OK) {
        rc = value_check(type, buf_bytes(made));
        if (rc == ERR_MALFORMED) {
            rc = value_not_of(type, msg);
        }
    }
    if (rc == ERR_OK) {
        buf_put_bytes(out, buf_bytes(made));
        rc = buf_err(out);
        if (rc != ERR_OK) {
            buf_truncate(out, size);
        }
    }
    buf_release(made);
    return rc;
}

enum err
value_from_text(enum value_type type, const char *text, struct buf *out,
    struct err_msg *msg)
{
    struct buf made = {0};
    json_t *json = NULL;
    enum err rc = ERR_OK;

    assert(type < VALUE_TYPE_COUNT);
    if (!bytes_are_utf8(bytes_text(text))) {
        return err_set(msg, ERR_MALFORMED, "the text is not UTF-8");
    }
    if (text[0] == '{' || text[0] == '[') {
        json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    }
    /* What only looks like JSON may still be a text or a name. */
    if (json != NULL) {
        rc = value_from_object(type, &made, json, msg);
    } else {
        rc = value_from_line(type, &made, text, msg);
    }
    json_decref(json);
    return finish(type, rc, &made, out, msg);
}

enum err
value_from_json(enum value_type type, const json_t *json, struct buf *out,
    struct err_msg *msg)
{
    struct buf made = {0};
    enum err rc = ERR_OK;

    assert(type < VALUE_TYPE_COUNT);
    if (json_is_string(json)) {
        rc = value_from_line(type, &made, json_string_value(json), msg);
    } else {
        rc = value_from_object(type, &made, json, msg);
    }
    return finish(type, rc, &made, out, msg);
}

/* Say which codes there are, as far as the message has room. */
static enum err
codes_name(const struct schema_field *field, struct err_msg *msg)
{
    struct buf words = {0};
    enum err rc = ERR_OK;

    if (field->list != NULL) {
        for (size_t i = 0; i < field->list->count; i++) {
            buf_printf(&words, " %s", field->list->codes[i]);
        }
    } else {
        for (size_t i = 0; i < field->ladder->count; i++) {
            buf_printf(&words, " %s", field->ladder->states[i]);
        }
    }
    buf_put_u8(&words, 0);
    rc = buf_err(&words);
    if (rc == ERR_OK) {
        rc = err_set(msg, ERR_NOT_FOUND, "%s takes one of:%s", field->name,
            (const char *)words.data);
    }
    buf_release(&words);
    return rc;
}

/* What was appended at `size` must be known to the pack. */
static enum err
known_or_undo(const struct schema_field *field, enum err rc, struct buf *out,
    size_t size, struct err_msg *msg)
{
    if (rc != ERR_OK) {
        return err_prefix(msg, rc, "%s", field->name);
    }
    rc =
        schema_value_known(field, bytes_of(out->data + size, out->size - size));
    if (rc == ERR_NOT_FOUND) {
        rc = codes_name(field, msg);
    } else if (rc != ERR_OK) {
        rc = err_set(msg, rc, "%s cannot be emptied", field->name);
    }
    if (rc != ERR_OK) {
        buf_truncate(out, size);
    }
    return rc;
}

enum err
field_from_json(const struct schema_field *field, const json_t *json,
    struct buf *out, struct err_msg *msg)
{
    size_t size = out->size;
    enum err rc = ERR_OK;

    if (json_is_null(json)) {
        cbor_put_null(out);
        rc = buf_err(out);
    } else {
        rc = value_from_json(field->type, json, out, msg);
    }
    return known_or_undo(field, rc, out, size, msg);
}

enum err
field_from_text(const struct schema_field *field, const char *text,
    struct buf *out, struct err_msg *msg)
{
    size_t size = out->size;
    enum err rc = value_from_text(field->type, text, out, msg);

    return known_or_undo(field, rc, out, size, msg);
}

enum err
field_to_json(
    const struct schema_field *field, struct bytes value, json_t **out)
{
    if (value_is_null(value)) {
        *out = json_null();
        return ERR_OK;
    }
    return value_to_json(field->type, value, out);
}
