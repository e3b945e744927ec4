/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/value.h"

#include "crypto/base/cbor.h"
#include "crypto/base/cursor.h"
#include "sync/model/value_internal.h"

typedef void check_fn(struct cursor *cursor);

static void
check_code(struct cursor *cursor)
{
    (void)value_get_code(cursor);
}

static void
check_code_or_null(struct cursor *cursor)
{
    if (!cbor_take_null(cursor)) {
        check_code(cursor);
    }
}

static void
check_lang(struct cursor *cursor)
{
    value_need(cursor, value_is_lang(cbor_get_text(cursor)));
}

static void
check_id(struct cursor *cursor)
{
    struct record_id id;

    cbor_get_fixed(cursor, id.bytes, sizeof(id.bytes));
}

static void
check_key(struct cursor *cursor)
{
    uint8_t key[32];

    cbor_get_fixed(cursor, key, sizeof(key));
}

/* An array of items in ascending order of their bytes, without repeats. */
static void
check_sorted(struct cursor *cursor, struct bytes (*get)(struct cursor *))
{
    size_t count = cbor_get_array(cursor);
    struct bytes last = {NULL, 0};

    value_need(cursor, count <= VALUE_ITEMS_MAX);
    for (size_t i = 0; i < count && !cursor->failed; i++) {
        struct bytes item = get(cursor);

        value_need(cursor, i == 0 || bytes_compare(last, item) < 0);
        last = item;
    }
}

static struct bytes
get_key(struct cursor *cursor)
{
    struct bytes key = cbor_get_bytes(cursor);

    value_need(cursor, key.size == 32);
    return key;
}

static void
check_offices(struct cursor *cursor)
{
    check_sorted(cursor, get_key);
}

static void
check_codes(struct cursor *cursor)
{
    check_sorted(cursor, value_get_code);
}

static void
check_tx(struct cursor *cursor)
{
    value_get_count(cursor, 2);
    (void)value_get_text(cursor);
    if (!cbor_take_null(cursor)) {
        check_lang(cursor);
    }
}

/*
 * The order of the keys is CBOR's own, by encoding, so shorter tags come
 * first. cbor_skip() on a second cursor holds the map to it.
 */
static void
check_lm(struct cursor *cursor)
{
    struct cursor order = *cursor;
    size_t count = 0;

    (void)cbor_skip(&order);
    value_need(cursor, !order.failed);
    count = cbor_get_map(cursor);
    value_need(cursor, count > 0 && count <= VALUE_ITEMS_MAX);
    for (size_t i = 0; i < count && !cursor->failed; i++) {
        check_lang(cursor);
        (void)value_get_text(cursor);
    }
}

static void
check_tr(struct cursor *cursor)
{
    uint64_t edition = 0;

    value_get_count(cursor, 4);
    check_lang(cursor);
    edition = cbor_get_uint(cursor);
    value_need(cursor, edition >= 1 && edition <= UINT16_MAX);
    (void)value_get_short_or_null(cursor);
    (void)value_get_text(cursor);
}

static void
check_dt(struct cursor *cursor)
{
    struct value_date date = {0};

    value_get_date(cursor, &date);
}

/* Was it null? */
static bool
check_dt_or_null(struct cursor *cursor)
{
    if (cbor_take_null(cursor)) {
        return true;
    }
    check_dt(cursor);
    return false;
}

static void
check_ts(struct cursor *cursor)
{
    value_need(cursor, cbor_get_uint(cursor) <= INT64_MAX);
}

static void
check_mon(struct cursor *cursor)
{
    struct value_money money = {0};

    value_get_money(cursor, &money);
}

static bool
is_phone(struct bytes text)
{
    size_t start = text.size > 0 && text.data[0] == '+' ? 1 : 0;
    size_t digits = text.size - start;

    for (size_t i = start; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return digits >= VALUE_PHONE_DIGITS_MIN && digits <= VALUE_PHONE_DIGITS_MAX;
}

static void
check_ph(struct cursor *cursor)
{
    struct bytes number = {NULL, 0};
    struct bytes written = {NULL, 0};
    bool has_app = false;

    value_get_count(cursor, 4);
    number = value_get_short(cursor);
    has_app = !cbor_take_null(cursor);
    if (has_app) {
        check_code(cursor);
    }
    value_need(cursor, has_app || is_phone(number));
    check_code_or_null(cursor);
    written = value_get_short_or_null(cursor);
    value_need(cursor, !bytes_equal(number, written));
}

static void
check_pl(struct cursor *cursor)
{
    value_get_count(cursor, 3);
    check_code(cursor);
    check_code_or_null(cursor);
    (void)value_get_short_or_null(cursor);
}

static void
check_nm(struct cursor *cursor)
{
    value_get_count(cursor, 3);
    (void)value_get_short(cursor);
    if (!cbor_take_null(cursor)) {
        value_need(cursor, value_get_code(cursor).size == 4);
    }
    check_code_or_null(cursor);
}

static void
check_idn(struct cursor *cursor)
{
    struct bytes printed = {NULL, 0};

    value_get_count(cursor, 4);
    check_code(cursor);
    check_code_or_null(cursor);
    printed = value_get_short(cursor);
    value_need(cursor, !bytes_equal(printed, value_get_short_or_null(cursor)));
}

static void
check_kn(struct cursor *cursor)
{
    bool has_record = false;
    bool has_name = false;

    value_get_count(cursor, 3);
    check_code(cursor);
    has_record = !cbor_take_null(cursor);
    if (has_record) {
        check_id(cursor);
    }
    has_name = value_get_short_or_null(cursor).size > 0;
    value_need(cursor, has_record || has_name);
}

static void
check_n(struct cursor *cursor)
{
    (void)cbor_get_int(cursor);
}

static void
check_b(struct cursor *cursor)
{
    (void)cbor_get_bool(cursor);
}

static void
check_bl(struct cursor *cursor)
{
    value_get_count(cursor, 6);
    check_key(cursor);
    check_key(cursor);
    value_need(cursor, cbor_get_uint(cursor) <= INT64_MAX);
    (void)value_get_short(cursor);
    check_code(cursor);
    (void)value_get_short_or_null(cursor);
}

/* A view of what lies between `start` and the cursor. */
static struct bytes
span_from(const struct cursor *cursor, const uint8_t *start)
{
    if (cursor->failed) {
        return bytes_of(NULL, 0);
    }
    return bytes_of(start, (size_t)(cursor->pos - start));
}

static void
get_ledger(struct cursor *cursor, struct value_ledger *out)
{
    const uint8_t *start = NULL;

    value_get_count(cursor, 6);
    start = cursor->pos;
    out->type = value_get_code(cursor);
    out->payer = value_get_short_or_empty(cursor);
    out->reference = value_get_short_or_empty(cursor);
    value_get_money(cursor, &out->amount);
    out->key = span_from(cursor, start);
    start = cursor->pos;
    (void)check_dt_or_null(cursor);
    out->date = span_from(cursor, start);
    start = cursor->pos;
    if (!cbor_take_null(cursor)) {
        check_tx(cursor);
    }
    out->note = span_from(cursor, start);
}

static void
check_le(struct cursor *cursor)
{
    struct value_ledger entry = {0};

    get_ledger(cursor, &entry);
}

static void
check_ev(struct cursor *cursor)
{
    value_get_count(cursor, 3);
    (void)check_dt_or_null(cursor);
    check_code(cursor);
    if (!cbor_take_null(cursor)) {
        check_tx(cursor);
    }
}

static void
check_period(struct cursor *cursor)
{
    bool has_from = false;
    bool has_to = false;
    bool has_name = false;

    value_get_count(cursor, 3);
    has_from = !check_dt_or_null(cursor);
    has_to = !check_dt_or_null(cursor);
    has_name = value_get_short_or_null(cursor).size > 0;
    value_need(cursor, has_from || has_to || has_name);
}

static void
check_fields(struct cursor *cursor)
{
    size_t count = cbor_get_array(cursor);
    uint64_t last = 0;

    value_need(cursor, count <= VALUE_ITEMS_MAX);
    for (size_t i = 0; i < count && !cursor->failed; i++) {
        uint64_t pair = cbor_get_uint(cursor);

        value_need(cursor, pair > last && pair <= UINT32_MAX);
        value_need(cursor, pair >> 16 != 0 && (pair & 0xffff) != 0);
        last = pair;
    }
}

static const struct {
    const char *name;
    check_fn *check;
} types[VALUE_TYPE_COUNT] = {
    [VALUE_ID] = {"id", check_id},
    [VALUE_REF] = {"ref", check_id},
    [VALUE_OFFICE] = {"office", check_key},
    [VALUE_OFFICES] = {"offices", check_offices},
    [VALUE_CODE] = {"code", check_code},
    [VALUE_STATE] = {"state", check_code},
    [VALUE_CODES] = {"codes", check_codes},
    [VALUE_TX] = {"tx", check_tx},
    [VALUE_LM] = {"lm", check_lm},
    [VALUE_TR] = {"tr", check_tr},
    [VALUE_DT] = {"dt", check_dt},
    [VALUE_TS] = {"ts", check_ts},
    [VALUE_MON] = {"mon", check_mon},
    [VALUE_PH] = {"ph", check_ph},
    [VALUE_PL] = {"pl", check_pl},
    [VALUE_NM] = {"nm", check_nm},
    [VALUE_IDN] = {"idn", check_idn},
    [VALUE_KN] = {"kn", check_kn},
    [VALUE_N] = {"n", check_n},
    [VALUE_B] = {"b", check_b},
    [VALUE_BL] = {"bl", check_bl},
    [VALUE_LE] = {"le", check_le},
    [VALUE_EV] = {"ev", check_ev},
    [VALUE_PERIOD] = {"period", check_period},
    [VALUE_FIELDS] = {"fields", check_fields},
};

const char *
value_type_name(enum value_type type)
{
    assert(type < VALUE_TYPE_COUNT);
    return types[type].name;
}

enum err
value_check(enum value_type type, struct bytes value)
{
    struct cursor cursor = cursor_init(value);

    assert(type < VALUE_TYPE_COUNT);
    if (value.size > VALUE_SIZE_MAX) {
        return ERR_TOO_BIG;
    }
    types[type].check(&cursor);
    return cursor_end(&cursor);
}

enum err
value_date_read(struct bytes value, struct value_date *out)
{
    struct cursor cursor = cursor_init(value);
    struct value_date date = {0};
    enum err rc = value_check(VALUE_DT, value);

    if (rc == ERR_OK) {
        value_get_date(&cursor, &date);
        *out = date;
    }
    return rc;
}

enum err
value_money_read(struct bytes value, struct value_money *out)
{
    struct cursor cursor = cursor_init(value);
    struct value_money money = {0};
    enum err rc = value_check(VALUE_MON, value);

    if (rc == ERR_OK) {
        value_get_money(&cursor, &money);
        *out = money;
    }
    return rc;
}

enum err
value_ledger_read(struct bytes value, struct value_ledger *out)
{
    struct cursor cursor = cursor_init(value);
    struct value_ledger entry = {0};
    enum err rc = value_check(VALUE_LE, value);

    if (rc == ERR_OK) {
        get_ledger(&cursor, &entry);
        *out = entry;
    }
    return rc;
}

enum err
value_code_read(struct bytes value, struct bytes *out)
{
    struct cursor cursor = cursor_init(value);
    enum err rc = value_check(VALUE_CODE, value);

    if (rc == ERR_OK) {
        *out = cbor_get_text(&cursor);
    }
    return rc;
}

enum err
value_int_read(struct bytes value, int64_t *out)
{
    struct cursor cursor = cursor_init(value);
    enum err rc = value_check(VALUE_N, value);

    if (rc == ERR_OK) {
        *out = cbor_get_int(&cursor);
    }
    return rc;
}

enum err
value_bool_read(struct bytes value, bool *out)
{
    struct cursor cursor = cursor_init(value);
    enum err rc = value_check(VALUE_B, value);

    if (rc == ERR_OK) {
        *out = cbor_get_bool(&cursor);
    }
    return rc;
}

enum err
value_office_read(struct bytes value, struct office_id *out)
{
    struct cursor cursor = cursor_init(value);
    enum err rc = value_check(VALUE_OFFICE, value);

    if (rc == ERR_OK) {
        cbor_get_fixed(&cursor, out->bytes, sizeof(out->bytes));
    }
    return rc;
}

int64_t
value_date_rank(const struct value_date *date)
{
    return (int64_t)date->year * 10000 + date->month * 100 + date->day;
}
