/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values: the first byte chooses a type, the rest is CBOR of it. What passes
 * is strict CBOR, is shown as JSON, and what is shown reads as a value again.
 */
#include <assert.h>

#include "crypto/base/cbor.h"
#include "node/values/value_json.h"
#include "tests/fuzz/fuzz.h"

static void
check_readers(enum value_type type, struct bytes value)
{
    struct value_date date = {0};
    struct value_money money = {0};
    struct value_ledger entry = {0};

    if (value_date_read(value, &date) == ERR_OK) {
        assert(date.month == 0 || value_day_exists(date.year, date.month,
                                      date.day == 0 ? 1 : date.day));
    }
    if (value_money_read(value, &money) == ERR_OK) {
        assert(money.exponent <= VALUE_EXPONENT_MAX);
    }
    if (value_ledger_read(value, &entry) == ERR_OK) {
        assert(entry.key.size < value.size);
    }
    assert(type != VALUE_LE || entry.key.size > 0);
}

/*
 * Not the same bytes in all cases: an exponent that is not its currency's,
 * or a number folded by other rules, is made anew.
 */
static void
check_shown(enum value_type type, struct bytes value)
{
    struct buf again = {0};
    json_t *json = NULL;
    enum err rc = value_to_json(type, value, &json);

    assert(rc == ERR_OK);
    rc = value_from_json(type, json, &again, NULL);
    if (rc == ERR_OK) {
        rc = value_check(type, buf_bytes(&again));
        assert(rc == ERR_OK);
    } else {
        assert(again.size == 0);
    }
    json_decref(json);
    buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum value_type type = VALUE_ID;
    struct bytes value = {NULL, 0};

    if (size == 0) {
        return 0;
    }
    type = (enum value_type)(data[0] % VALUE_TYPE_COUNT);
    value = bytes_of(data + 1, size - 1);
    if (value_check(type, value) == ERR_OK) {
        assert(cbor_valid(value));
        assert(!value_is_null(value));
        check_readers(type, value);
        check_shown(type, value);
    }
    return 0;
}
