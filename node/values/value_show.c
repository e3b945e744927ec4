/* SPDX-License-Identifier: Apache-2.0 */
/* Values as JSON. */
#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "node/values/value_internal.h"

/*
 * Each function reads one value of its type from the cursor. The value has
 * passed value_check(), so the cursor does not fail; NULL means no memory.
 */
typedef json_t *show_fn(struct cursor *cursor);

static json_t *
text_json(struct bytes text)
{
    return json_stringn((const char *)text.data, text.size);
}

static json_t *
show_text(struct cursor *cursor)
{
    return text_json(cbor_get_text(cursor));
}

static json_t *
show_hex(struct cursor *cursor)
{
    struct bytes bytes = cbor_get_bytes(cursor);
    char hex[65];

    assert(bytes.size <= 32);
    hex_encode(hex, bytes);
    return json_string(hex);
}

static json_t *
show_int(struct cursor *cursor)
{
    return json_integer(cbor_get_int(cursor));
}

static json_t *
show_bool(struct cursor *cursor)
{
    return json_boolean(cbor_get_bool(cursor));
}

/* Put the next item under the name; null items are left out. */
static bool
show_member(
    json_t *object, const char *name, show_fn *show, struct cursor *cursor)
{
    if (cbor_take_null(cursor)) {
        return true;
    }
    return json_object_set_new(object, name, show(cursor)) == 0;
}

struct member {
    const char *name;
    show_fn *show;
};

/* An array of `count` items as an object of those that are not null. */
static json_t *
show_object(struct cursor *cursor, const struct member *members, size_t count)
{
    json_t *object = json_object();
    bool whole = object != NULL;

    (void)cbor_get_array(cursor);
    for (size_t i = 0; i < count && whole; i++) {
        whole = show_member(object, members[i].name, members[i].show, cursor);
    }
    if (!whole) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* An object of which only `name` is there says no more than its text. */
static json_t *
plainest(json_t *object, const char *name)
{
    json_t *only = json_object_get(object, name);

    if (only == NULL || json_object_size(object) != 1) {
        return object;
    }
    json_incref(only);
    json_decref(object);
    return only;
}

static json_t *
show_items(struct cursor *cursor, show_fn *show)
{
    size_t count = cbor_get_array(cursor);
    json_t *array = json_array();

    for (size_t i = 0; i < count && array != NULL; i++) {
        if (json_array_append_new(array, show(cursor)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *
show_offices(struct cursor *cursor)
{
    return show_items(cursor, show_hex);
}

static json_t *
show_codes(struct cursor *cursor)
{
    return show_items(cursor, show_text);
}

static json_t *
show_field(struct cursor *cursor)
{
    uint64_t pair = cbor_get_uint(cursor);

    return json_sprintf(
        "%u.%u", (unsigned)(pair >> 16), (unsigned)(pair & 0xffff));
}

static json_t *
show_fields(struct cursor *cursor)
{
    return show_items(cursor, show_field);
}

static json_t *
show_tx(struct cursor *cursor)
{
    static const struct member members[] = {
        {"text", show_text},
        {"lang", show_text},
    };

    return plainest(show_object(cursor, members, 2), "text");
}

static json_t *
show_lm(struct cursor *cursor)
{
    size_t count = cbor_get_map(cursor);
    json_t *object = json_object();

    for (size_t i = 0; i < count && object != NULL; i++) {
        char name[VALUE_LANG_MAX + 1] = {0};
        struct bytes lang = cbor_get_text(cursor);

        assert(lang.size <= VALUE_LANG_MAX);
        for (size_t j = 0; j < lang.size; j++) {
            name[j] = (char)lang.data[j];
        }
        if (json_object_set_new(object, name, show_text(cursor)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *
show_tr(struct cursor *cursor)
{
    static const struct member members[] = {
        {"lang", show_text},
        {"edition", show_int},
        {"title", show_text},
        {"text", show_text},
    };

    return show_object(cursor, members, 4);
}

static json_t *
buf_json(struct buf *buf)
{
    json_t *json = buf_err(buf) == ERR_OK ? text_json(buf_bytes(buf)) : NULL;

    buf_release(buf);
    return json;
}

static json_t *
show_dt(struct cursor *cursor)
{
    struct value_date date = {0};
    struct buf iso = {0};
    json_t *object = NULL;

    if (value_date_read(cbor_skip(cursor), &date) != ERR_OK) {
        return NULL;
    }
    value_show_date(&iso, &date);
    if (date.calendar == CALENDAR_COMMON && date.written.size == 0) {
        return buf_json(&iso);
    }
    object = json_object();
    if (json_object_set_new(object, "date", buf_json(&iso)) != 0 ||
        json_object_set_new(object, "calendar",
            json_string(value_calendar_name(date.calendar))) != 0 ||
        json_object_set_new(object, "written", text_json(date.written)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *
show_mon(struct cursor *cursor)
{
    struct value_money money = {0};
    struct buf text = {0};

    if (value_money_read(cbor_skip(cursor), &money) != ERR_OK) {
        return NULL;
    }
    value_show_money(&text, &money);
    return buf_json(&text);
}

static json_t *
show_ph(struct cursor *cursor)
{
    static const struct member members[] = {
        {"number", show_text},
        {"app", show_text},
        {"whose", show_text},
        {"written", show_text},
    };

    return plainest(show_object(cursor, members, 4), "number");
}

static json_t *
show_pl(struct cursor *cursor)
{
    static const struct member members[] = {
        {"code", show_text},
        {"edition", show_text},
        {"written", show_text},
    };

    return plainest(show_object(cursor, members, 3), "code");
}

static json_t *
show_nm(struct cursor *cursor)
{
    static const struct member members[] = {
        {"text", show_text},
        {"script", show_text},
        {"role", show_text},
    };

    return show_object(cursor, members, 3);
}

static json_t *
show_idn(struct cursor *cursor)
{
    static const struct member members[] = {
        {"type", show_text},
        {"issuer", show_text},
        {"number", show_text},
        {"folded", show_text},
    };
    json_t *object = show_object(cursor, members, 4);

    /* Folded again from the number when it is read. */
    if (object != NULL) {
        (void)json_object_del(object, "folded");
    }
    return object;
}

static json_t *
show_kn(struct cursor *cursor)
{
    static const struct member members[] = {
        {"relation", show_text},
        {"record", show_hex},
        {"name", show_text},
    };

    return show_object(cursor, members, 3);
}

static json_t *
show_bl(struct cursor *cursor)
{
    static const struct member members[] = {
        {"hash", show_hex},
        {"key", show_hex},
        {"size", show_int},
        {"type", show_text},
        {"class", show_text},
        {"name", show_text},
    };

    return show_object(cursor, members, 6);
}

static json_t *
show_le(struct cursor *cursor)
{
    static const struct member members[] = {
        {"type", show_text},
        {"payer", show_text},
        {"reference", show_text},
        {"amount", show_mon},
        {"date", show_dt},
        {"note", show_tx},
    };

    return show_object(cursor, members, 6);
}

static json_t *
show_ev(struct cursor *cursor)
{
    static const struct member members[] = {
        {"date", show_dt},
        {"what", show_text},
        {"note", show_tx},
    };

    return show_object(cursor, members, 3);
}

static json_t *
show_period(struct cursor *cursor)
{
    static const struct member members[] = {
        {"from", show_dt},
        {"to", show_dt},
        {"with", show_text},
    };

    return show_object(cursor, members, 3);
}

static show_fn *const shows[VALUE_TYPE_COUNT] = {
    [VALUE_ID] = show_hex,
    [VALUE_REF] = show_hex,
    [VALUE_OFFICE] = show_hex,
    [VALUE_OFFICES] = show_offices,
    [VALUE_CODE] = show_text,
    [VALUE_STATE] = show_text,
    [VALUE_CODES] = show_codes,
    [VALUE_TX] = show_tx,
    [VALUE_LM] = show_lm,
    [VALUE_TR] = show_tr,
    [VALUE_DT] = show_dt,
    [VALUE_TS] = show_int,
    [VALUE_MON] = show_mon,
    [VALUE_PH] = show_ph,
    [VALUE_PL] = show_pl,
    [VALUE_NM] = show_nm,
    [VALUE_IDN] = show_idn,
    [VALUE_KN] = show_kn,
    [VALUE_N] = show_int,
    [VALUE_B] = show_bool,
    [VALUE_BL] = show_bl,
    [VALUE_LE] = show_le,
    [VALUE_EV] = show_ev,
    [VALUE_PERIOD] = show_period,
    [VALUE_FIELDS] = show_fields,
};

enum err
value_to_json(enum value_type type, struct bytes value, json_t **out)
{
    struct cursor cursor = cursor_init(value);
    json_t *json = NULL;
    enum err rc = value_check(type, value);

    if (rc != ERR_OK) {
        return rc;
    }
    json = shows[type](&cursor);
    if (json == NULL) {
        return ERR_NOMEM;
    }
    *out = json;
    return ERR_OK;
}
