/* SPDX-License-Identifier: Apache-2.0 */
/* Values from JSON numbers, booleans, arrays and objects. */
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "node/values/value_internal.h"

enum { MEMBERS_MAX = 6 };

/*
 * An object being read: its strings by place in a list of names. Members
 * that are not in the list are refused, so that a slip is not lost.
 */
struct members {
    const json_t *json[MEMBERS_MAX];
};

static bool
members_read(struct members *out, const json_t *json, const char *const *names)
{
    const char *name = NULL;
    json_t *member = NULL;
    struct members members = {0};

    if (!json_is_object(json)) {
        return false;
    }
    /* jansson's iteration takes no const object, but changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)json, name, member)
    {
        size_t place = 0;

        while (place < MEMBERS_MAX && names[place] != NULL &&
               strcmp(names[place], name) != 0) {
            place++;
        }
        if (place == MEMBERS_MAX || names[place] == NULL) {
            return false;
        }
        members.json[place] = json_is_null(member) ? NULL : member;
    }
    *out = members;
    return true;
}

/* A member's text; empty when there is none. False for what is no text. */
static bool
member_text(const json_t *member, struct bytes *out)
{
    if (member != NULL && !json_is_string(member)) {
        return false;
    }
    *out = member == NULL ? bytes_of(NULL, 0)
                          : bytes_of(json_string_value(member),
                                json_string_length(member));
    return true;
}

/* A part of another type, or null when there is none. */
static enum err
put_member(struct buf *out, enum value_type type, const json_t *member,
    struct err_msg *msg)
{
    if (member == NULL) {
        cbor_put_null(out);
        return ERR_OK;
    }
    if (json_is_string(member)) {
        return value_from_line(type, out, json_string_value(member), msg);
    }
    return value_from_object(type, out, member, msg);
}

static enum err
object_tx(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {"text", "lang"};
    struct members members = {0};
    struct bytes text = {NULL, 0};
    struct bytes lang = {NULL, 0};

    if (!members_read(&members, json, names) ||
        !member_text(members.json[0], &text) ||
        !member_text(members.json[1], &lang)) {
        return value_not_of(VALUE_TX, msg);
    }
    cbor_put_array(out, 2);
    cbor_put_text(out, text);
    value_put_short(out, lang);
    return ERR_OK;
}

static enum err
object_tr(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "lang", "edition", "title", "text"};
    struct members members = {0};
    struct bytes lang = {NULL, 0};
    struct bytes title = {NULL, 0};
    struct bytes text = {NULL, 0};
    json_int_t edition = 1;

    if (!members_read(&members, json, names) ||
        !member_text(members.json[0], &lang) ||
        !member_text(members.json[2], &title) ||
        !member_text(members.json[3], &text)) {
        return value_not_of(VALUE_TR, msg);
    }
    if (members.json[1] != NULL) {
        edition = json_integer_value(members.json[1]);
    }
    if (edition < 1 || edition > UINT16_MAX) {
        return err_set(msg, ERR_MALFORMED, "an edition is a number from 1");
    }
    cbor_put_array(out, 4);
    cbor_put_text(out, lang);
    cbor_put_uint(out, (uint64_t)edition);
    value_put_short(out, title);
    cbor_put_text(out, text);
    return ERR_OK;
}

/* The ISO form of the converted date, beside what was written. */
static enum err
object_dt(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "date", "calendar", "written"};
    struct members members = {0};
    struct bytes text = {NULL, 0};
    struct value_date date = {0};
    struct value_date shown = {0};
    struct buf iso = {0};
    enum err rc = ERR_OK;

    if (!members_read(&members, json, names) || members.json[0] == NULL ||
        !member_text(members.json[0], &text) ||
        !member_text(members.json[1], &text) ||
        !member_text(members.json[2], &text)) {
        return value_not_of(VALUE_DT, msg);
    }
    rc = value_text_dt(&iso, json_string_value(members.json[0]), msg);
    if (rc == ERR_OK) {
        rc = buf_err(&iso);
    }
    if (rc == ERR_OK) {
        rc = value_date_read(buf_bytes(&iso), &date);
    }
    if (rc == ERR_OK && date.calendar != CALENDAR_COMMON) {
        rc = err_set(msg, ERR_MALFORMED,
            "the date beside a calendar is the common one, 1997-03-05");
    }
    shown = date;
    if (rc == ERR_OK && members.json[1] != NULL &&
        !value_calendar_find(
            json_string_value(members.json[1]), &shown.calendar)) {
        rc = err_set(msg, ERR_MALFORMED,
            "no such calendar: common buddhist myanmar japanese age");
    }
    if (rc == ERR_OK) {
        shown.written = text;
        value_put_date(out, &shown);
    }
    buf_release(&iso);
    return rc;
}

static enum err
object_mon(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "units", "currency", "exponent"};
    struct members members = {0};
    struct bytes currency = {NULL, 0};

    if (!members_read(&members, json, names) ||
        !json_is_integer(members.json[0]) ||
        !member_text(members.json[1], &currency) ||
        !json_is_integer(members.json[2]) ||
        json_integer_value(members.json[2]) < 0) {
        return value_not_of(VALUE_MON, msg);
    }
    cbor_put_array(out, 3);
    cbor_put_int(out, json_integer_value(members.json[0]));
    cbor_put_text(out, currency);
    cbor_put_uint(out, (uint64_t)json_integer_value(members.json[2]));
    return ERR_OK;
}

static enum err
object_ph(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "number", "app", "whose", "written"};
    struct members members = {0};
    struct bytes number = {NULL, 0};
    struct bytes app = {NULL, 0};
    struct bytes whose = {NULL, 0};
    struct bytes written = {NULL, 0};

    if (!members_read(&members, json, names) ||
        !member_text(members.json[0], &number) ||
        !member_text(members.json[1], &app) ||
        !member_text(members.json[2], &whose) ||
        !member_text(members.json[3], &written)) {
        return value_not_of(VALUE_PH, msg);
    }
    return value_put_phone(out, app, number, written, whose);
}

static enum err
object_pl(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "code", "edition", "written"};
    struct members members = {0};
    struct bytes code = {NULL, 0};
    struct bytes edition = {NULL, 0};
    struct bytes written = {NULL, 0};

    if (!members_read(&members, json, names) ||
        !member_text(members.json[0], &code) ||
        !member_text(members.json[1], &edition) ||
        !member_text(members.json[2], &written)) {
        return value_not_of(VALUE_PL, msg);
    }
    cbor_put_array(out, 3);
    cbor_put_text(out, code);
    value_put_short(out, edition);
    value_put_short(out, written);
    return ERR_OK;
}

static enum err
object_nm(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {"text", "script", "role"};
    struct members members = {0};
    struct bytes text = {NULL, 0};
    struct bytes script = {NULL, 0};
    struct bytes role = {NULL, 0};

    if (!members_read(&members, json, names) ||
        !member_text(members.json[0], &text) ||
        !member_text(members.json[1], &script) ||
        !member_text(members.json[2], &role)) {
        return value_not_of(VALUE_NM, msg);
    }
    cbor_put_array(out, 3);
    cbor_put_text(out, text);
    value_put_short(out, script);
    value_put_short(out, role);
    return ERR_OK;
}

static enum err
object_idn(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {"type", "issuer", "number"};
    struct members members = {0};
    struct bytes type = {NULL, 0};
    struct bytes issuer = {NULL, 0};
    struct bytes number = {NULL, 0};

    if (!members_read(&members, json, names) ||
        !member_text(members.json[0], &type) ||
        !member_text(members.json[1], &issuer) ||
        !member_text(members.json[2], &number)) {
        return value_not_of(VALUE_IDN, msg);
    }
    return value_put_id(out, type, issuer, number);
}

static enum err
object_kn(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "relation", "record", "name"};
    struct members members = {0};
    struct bytes relation = {NULL, 0};
    struct bytes name = {NULL, 0};
    enum err rc = ERR_OK;

    if (!members_read(&members, json, names) ||
        !member_text(members.json[0], &relation) ||
        !member_text(members.json[2], &name)) {
        return value_not_of(VALUE_KN, msg);
    }
    cbor_put_array(out, 3);
    cbor_put_text(out, relation);
    rc = put_member(out, VALUE_ID, members.json[1], msg);
    value_put_short(out, name);
    return rc;
}

static enum err
object_n(struct buf *out, const json_t *json, struct err_msg *msg)
{
    if (!json_is_integer(json)) {
        return value_not_of(VALUE_N, msg);
    }
    cbor_put_int(out, json_integer_value(json));
    return ERR_OK;
}

static enum err
object_b(struct buf *out, const json_t *json, struct err_msg *msg)
{
    if (!json_is_boolean(json)) {
        return value_not_of(VALUE_B, msg);
    }
    cbor_put_bool(out, json_is_true(json));
    return ERR_OK;
}

/* A 32-byte key or hash in hex. */
static bool
put_hex(struct buf *out, const json_t *member)
{
    uint8_t bytes[32];

    if (!json_is_string(member) ||
        !hex_decode(json_string_value(member), json_string_length(member),
            bytes, sizeof(bytes))) {
        return false;
    }
    cbor_put_bytes(out, bytes_of(bytes, sizeof(bytes)));
    return true;
}

static enum err
object_bl(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "hash", "key", "size", "type", "class", "name"};
    struct members members = {0};
    struct bytes type = {NULL, 0};
    struct bytes class = {NULL, 0};
    struct bytes name = {NULL, 0};

    if (!members_read(&members, json, names) ||
        !member_text(members.json[3], &type) ||
        !member_text(members.json[4], &class) ||
        !member_text(members.json[5], &name)) {
        return value_not_of(VALUE_BL, msg);
    }
    cbor_put_array(out, 6);
    if (!put_hex(out, members.json[0]) || !put_hex(out, members.json[1]) ||
        !json_is_integer(members.json[2]) ||
        json_integer_value(members.json[2]) < 0) {
        return value_not_of(VALUE_BL, msg);
    }
    cbor_put_uint(out, (uint64_t)json_integer_value(members.json[2]));
    cbor_put_text(out, type);
    cbor_put_text(out, class);
    value_put_short(out, name);
    return ERR_OK;
}

static enum err
object_le(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {
        "type", "payer", "reference", "amount", "date", "note"};
    struct members members = {0};
    struct bytes type = {NULL, 0};
    struct bytes payer = {NULL, 0};
    struct bytes reference = {NULL, 0};
    enum err rc = ERR_OK;

    if (!members_read(&members, json, names) || members.json[3] == NULL ||
        !member_text(members.json[0], &type) ||
        !member_text(members.json[1], &payer) ||
        !member_text(members.json[2], &reference)) {
        return value_not_of(VALUE_LE, msg);
    }
    cbor_put_array(out, 6);
    cbor_put_text(out, type);
    cbor_put_text(out, payer);
    cbor_put_text(out, reference);
    rc = put_member(out, VALUE_MON, members.json[3], msg);
    if (rc == ERR_OK) {
        rc = put_member(out, VALUE_DT, members.json[4], msg);
    }
    if (rc == ERR_OK) {
        rc = put_member(out, VALUE_TX, members.json[5], msg);
    }
    return rc;
}

static enum err
object_ev(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {"date", "what", "note"};
    struct members members = {0};
    struct bytes what = {NULL, 0};
    enum err rc = ERR_OK;

    if (!members_read(&members, json, names) ||
        !member_text(members.json[1], &what)) {
        return value_not_of(VALUE_EV, msg);
    }
    cbor_put_array(out, 3);
    rc = put_member(out, VALUE_DT, members.json[0], msg);
    if (rc == ERR_OK) {
        cbor_put_text(out, what);
        rc = put_member(out, VALUE_TX, members.json[2], msg);
    }
    return rc;
}

static enum err
object_period(struct buf *out, const json_t *json, struct err_msg *msg)
{
    static const char *const names[MEMBERS_MAX] = {"from", "to", "with"};
    struct members members = {0};
    struct bytes with = {NULL, 0};
    enum err rc = ERR_OK;

    if (!members_read(&members, json, names) ||
        !member_text(members.json[2], &with)) {
        return value_not_of(VALUE_PERIOD, msg);
    }
    cbor_put_array(out, 3);
    rc = put_member(out, VALUE_DT, members.json[0], msg);
    if (rc == ERR_OK) {
        rc = put_member(out, VALUE_DT, members.json[1], msg);
    }
    value_put_short(out, with);
    return rc;
}

enum err
value_from_object(enum value_type type, struct buf *out, const json_t *json,
    struct err_msg *msg)
{
    static value_object_fn *const readers[VALUE_TYPE_COUNT] = {
        [VALUE_OFFICES] = value_array_offices,
        [VALUE_CODES] = value_array_codes,
        [VALUE_TX] = object_tx,
        [VALUE_LM] = value_map_lm,
        [VALUE_TR] = object_tr,
        [VALUE_DT] = object_dt,
        [VALUE_TS] = object_n,
        [VALUE_MON] = object_mon,
        [VALUE_PH] = object_ph,
        [VALUE_PL] = object_pl,
        [VALUE_NM] = object_nm,
        [VALUE_IDN] = object_idn,
        [VALUE_KN] = object_kn,
        [VALUE_N] = object_n,
        [VALUE_B] = object_b,
        [VALUE_BL] = object_bl,
        [VALUE_LE] = object_le,
        [VALUE_EV] = object_ev,
        [VALUE_PERIOD] = object_period,
        [VALUE_FIELDS] = value_array_fields,
    };

    if (readers[type] == NULL) {
        return value_not_of(type, msg);
    }
    return readers[type](out, json, msg);
}
