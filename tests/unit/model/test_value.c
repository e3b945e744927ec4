/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/value.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "tests/lib/run.h"

struct row {
    enum value_type type;
    const char *name;
    const char *hex;
};

static const struct row good[] = {
    {VALUE_ID, "a record id", "50000102030405060708090a0b0c0d0e0f"},
    {VALUE_REF, "a reference", "50000102030405060708090a0b0c0d0e0f"},
    {VALUE_OFFICE, "an office",
        "5820000102030405060708090a0b0c0d0e0f101112131415161718191a1b"
        "1c1d1e1f"},
    {VALUE_OFFICES, "no offices", "80"},
    {VALUE_OFFICES, "two offices in order",
        "825820000102030405060708090a0b0c0d0e0f101112131415161718191a"
        "1b1c1d1e1f58200102030405060708090a0b0c0d0e0f1011121314151617"
        "18191a1b1c1d1e1f20"},
    {VALUE_CODE, "a code", "6554482d3130"},
    {VALUE_STATE, "a state", "6a696e5f73657276696365"},
    {VALUE_CODES, "codes in order", "826464656274657761676573"},
    {VALUE_TX, "a text with its language",
        "827821e19e94e19f92e19e9ae19eb6e19e80e19f8be19e88e19f92e19e93"
        "e19ebde19e9b626b6d"},
    {VALUE_TX, "a text of no stated language", "826a6c696e650a096c696e65f6"},
    {VALUE_LM, "two languages",
        "a2626b6d6ce19e98e19f89e19f84e19e846274686ce0b980e0b8a7e0b8a5"
        "e0b8b2"},
    {VALUE_TR, "a translation",
        "84626c6f0272e0baabe0babbe0baa7e0ba82e0bb8de0bb8975e0ba82e0bb"
        "8de0bb89e0ba84e0baa7e0bab2e0baa1"},
    {VALUE_TR, "one without a title", "8462656e19fffff66178"},
    {VALUE_DT, "a day", "8500f61907cd0305"},
    {VALUE_DT, "a leap day", "8500f61907e802181d"},
    {VALUE_DT, "a month", "8400f61907cd03"},
    {VALUE_DT, "a Buddhist year", "830167323534302042451907cd"},
    {VALUE_DT, "a day written otherwise", "850068352f332f313939371907cd0305"},
    {VALUE_TS, "a time", "1b018bcfe568000007"},
    {VALUE_MON, "baht", "831a000249f06354484202"},
    {VALUE_MON, "a negative amount", "8320634c414b00"},
    {VALUE_PH, "an international number",
        "846c2b3835353132333435363738f6636f776ef6"},
    {VALUE_PH, "a short number", "846431333030f6f66ce0b991e0b993e0b990e0b990"},
    {VALUE_PH, "a handle", "84676461772e686c61646c696e65f6f6"},
    {VALUE_PL, "a place", "836554482d313067323032352d30376742616e676b6f6b"},
    {VALUE_NM, "a name",
        "8372e18092e180b1e180abe180bae1809ce180be644d796d726466756c6c"},
    {VALUE_NM, "a bare name", "8363536f6bf6f6"},
    {VALUE_IDN, "a registration card",
        "84636e7263624d4d7833e18181e181822fe180a5e18080e1809928e18094"
        "e180ade180afe18084e180ba29e18181e18182e18183e18184e18185e181"
        "86782331322fe180a5e18080e1809928e18094e180ade180afe18084e180"
        "ba29313233343536"},
    {VALUE_KN, "kin by name", "83666d6f74686572f668536f6b2044617261"},
    {VALUE_KN, "kin by record",
        "83656368696c6450000102030405060708090a0b0c0d0e0ff6"},
    {VALUE_N, "a number", "24"},
    {VALUE_B, "a boolean", "f5"},
    {VALUE_BL, "an attachment",
        "865820000102030405060708090a0b0c0d0e0f101112131415161718191a"
        "1b1c1d1e1f58200102030405060708090a0b0c0d0e0f1011121314151617"
        "18191a1b1c1d1e1f201903e86a696d6167652f6a70656768636f6e747261"
        "6374f6"},
    {VALUE_LE, "a payment",
        "8664706169646353534f64522d3137831a000249f063544842028400f619"
        "07e008826962792063686571756562656e"},
    {VALUE_LE, "a bare claim", "8667636c61696d656460608301634a505900f6f6"},
    {VALUE_EV, "a visit", "838300f61907e068686f73706974616cf6"},
    {VALUE_EV, "an undated event", "83f6666162726f6164826178f6"},
    {VALUE_PERIOD, "a period", "838300f61907def66a5468616920556e696f6e"},
    {VALUE_PERIOD, "from to", "838300f61907de8300f61907dff6"},
    {VALUE_FIELDS, "fields", "821a000100011a00030002"},
    {VALUE_FIELDS, "no fields", "80"},
};

static const struct row bad[] = {
    {VALUE_ID, "a short id", "4f000102030405060708090a0b0c0d0e"},
    {VALUE_OFFICE, "a long key",
        "5821000102030405060708090a0b0c0d0e0f101112131415161718191a1b"
        "1c1d1e1f00"},
    {VALUE_OFFICES, "offices out of order",
        "8258200102030405060708090a0b0c0d0e0f101112131415161718191a1b"
        "1c1d1e1f205820000102030405060708090a0b0c0d0e0f10111213141516"
        "1718191a1b1c1d1e1f"},
    {VALUE_OFFICES, "an office twice",
        "825820000102030405060708090a0b0c0d0e0f101112131415161718191a"
        "1b1c1d1e1f5820000102030405060708090a0b0c0d0e0f10111213141516"
        "1718191a1b1c1d1e1f"},
    {VALUE_CODE, "an empty code", "60"},
    {VALUE_CODE, "a code of 33",
        "782161616161616161616161616161616161616161616161616161616161"
        "6161616161"},
    {VALUE_CODE, "a code with a space", "63612062"},
    {VALUE_CODES, "codes out of order", "826577616765736464656274"},
    {VALUE_TX, "an empty text", "8260626b6d"},
    {VALUE_TX, "a carriage return", "8263610d62f6"},
    {VALUE_TX, "a C1 control", "826461c28562f6"},
    {VALUE_TX, "a delete", "8262617ff6"},
    {VALUE_TX, "a language of one letter", "826161616b"},
    {VALUE_TX, "three items", "836161f6f6"},
    {VALUE_TX, "a bare text", "6161"},
    {VALUE_LM, "no languages", "a0"},
    {VALUE_TR, "edition 0", "84626c6f00f66161"},
    {VALUE_TR, "edition 65536", "84626c6f1a00010000f66161"},
    {VALUE_DT, "a day that is not", "8500f61907e702181d"},
    {VALUE_DT, "month 13", "8400f61907e70d"},
    {VALUE_DT, "month 0", "8400f61907e700"},
    {VALUE_DT, "day 0", "8500f61907e70100"},
    {VALUE_DT, "year 0", "8300f600"},
    {VALUE_DT, "year 10000", "8300f6192710"},
    {VALUE_DT, "an unknown calendar", "830561781907cd"},
    {VALUE_DT, "the ISO form written again",
        "85006a313939372d30332d30351907cd0305"},
    {VALUE_DT, "a Buddhist year without its text", "8301f61907cd"},
    {VALUE_DT, "two items", "8200f6"},
    {VALUE_DT, "six items", "8600f61907cd030501"},
    {VALUE_TS, "a time beyond int64", "1b8000000000000000"},
    {VALUE_MON, "a currency in small letters", "83016374686202"},
    {VALUE_MON, "a currency of four", "8301645448424202"},
    {VALUE_MON, "exponent 5", "83016354484205"},
    {VALUE_PH, "letters without an app", "84676461772e686c61f6f6f6"},
    {VALUE_PH, "two digits", "84623132f6f6f6"},
    {VALUE_PH, "sixteen digits",
        "84712b31323334353637383930313233343536f6f6f6"},
    {VALUE_PH, "a bare plus", "84612bf6f6f6"},
    {VALUE_PH, "the number written again", "846431333030f6f66431333030"},
    {VALUE_NM, "a script of three letters", "83617863546861f6"},
    {VALUE_NM, "a name of two lines", "8363610a62f6f6"},
    {VALUE_IDN, "a folding that folds nothing", "84636e7263f661316131"},
    {VALUE_KN, "kin of nobody", "83656368696c64f6f6"},
    {VALUE_N, "text for a number", "6131"},
    {VALUE_N, "beyond int64", "1b8000000000000000"},
    {VALUE_B, "null for a boolean", "f6"},
    {VALUE_BL, "no media type",
        "865820000102030405060708090a0b0c0d0e0f101112131415161718191a"
        "1b1c1d1e1f58200102030405060708090a0b0c0d0e0f1011121314151617"
        "18191a1b1c1d1e1f20016068636f6e7472616374f6"},
    {VALUE_LE, "no amount", "8664706169646060f6f6f6"},
    {VALUE_EV, "nothing happened", "83f6f6f6"},
    {VALUE_PERIOD, "an empty period", "83f6f6f6"},
    {VALUE_FIELDS, "kind 0", "8101"},
    {VALUE_FIELDS, "field 0", "811a00010000"},
    {VALUE_FIELDS, "fields out of order", "821a000300021a00010001"},
};

enum {
    GOOD_COUNT = sizeof(good) / sizeof(good[0]),
    BAD_COUNT = sizeof(bad) / sizeof(bad[0]),
    ROW_SIZE_MAX = 512
};

static struct bytes
row_bytes(const struct row *row, uint8_t *out)
{
    size_t size = strlen(row->hex) / 2;

    ck_assert_uint_le(size, ROW_SIZE_MAX);
    ck_assert(hex_decode(row->hex, size * 2, out, size));
    return bytes_of(out, size);
}

START_TEST(a_value_of_its_type_is_taken)
{
    uint8_t data[ROW_SIZE_MAX];
    const struct row *row = &good[_i];

    ck_assert_msg(value_check(row->type, row_bytes(row, data)) == ERR_OK, "%s",
        row->name);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    uint8_t data[ROW_SIZE_MAX];
    const struct row *row = &good[_i];
    struct bytes value = row_bytes(row, data);

    for (size_t size = 0; size < value.size; size++) {
        ck_assert_msg(
            value_check(row->type, bytes_of(data, size)) == ERR_MALFORMED,
            "%s cut to %zu", row->name, size);
    }
}
END_TEST

START_TEST(what_passes_after_a_flipped_bit_is_still_one_strict_item)
{
    uint8_t data[ROW_SIZE_MAX];
    const struct row *row = &good[_i];
    struct bytes value = row_bytes(row, data);

    for (size_t bit = 0; bit < value.size * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        if (value_check(row->type, value) == ERR_OK) {
            ck_assert_msg(cbor_valid(value), "%s with bit %zu", row->name, bit);
        }
        data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
}
END_TEST

START_TEST(nothing_may_follow_a_value)
{
    uint8_t data[ROW_SIZE_MAX + 1];
    const struct row *row = &good[_i];
    struct bytes value = row_bytes(row, data);

    data[value.size] = 0xf6;
    ck_assert_msg(
        value_check(row->type, bytes_of(data, value.size + 1)) == ERR_MALFORMED,
        "%s", row->name);
}
END_TEST

START_TEST(a_value_that_breaks_a_rule_is_refused)
{
    uint8_t data[ROW_SIZE_MAX];
    const struct row *row = &bad[_i];

    ck_assert_msg(value_check(row->type, row_bytes(row, data)) == ERR_MALFORMED,
        "%s", row->name);
}
END_TEST

START_TEST(no_type_includes_null)
{
    const uint8_t null_item = 0xf6;

    ck_assert(value_is_null(bytes_of(&null_item, 1)));
    for (int type = 0; type < VALUE_TYPE_COUNT; type++) {
        ck_assert_int_eq(
            value_check((enum value_type)type, bytes_of(&null_item, 1)),
            ERR_MALFORMED);
    }
}
END_TEST

/* A tx whose whole encoding has `size` bytes. */
static void
put_text_of_size(struct buf *buf, size_t size)
{
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    memset(text, 'a', size);
    cbor_put_array(buf, 2);
    /* The array, the text's head of three bytes, and null. */
    cbor_put_text(buf, bytes_of(text, size - 5));
    cbor_put_null(buf);
    free(text);
    ck_assert_uint_eq(buf->size, size);
}

START_TEST(a_value_has_at_most_16_kib)
{
    struct buf buf = {0};

    put_text_of_size(&buf, VALUE_TEXT_MAX + 5);
    ck_assert_int_eq(value_check(VALUE_TX, buf_bytes(&buf)), ERR_OK);
    buf_clear(&buf);
    put_text_of_size(&buf, VALUE_TEXT_MAX + 6);
    ck_assert_int_eq(value_check(VALUE_TX, buf_bytes(&buf)), ERR_MALFORMED);
    buf_clear(&buf);
    put_text_of_size(&buf, VALUE_SIZE_MAX + 1);
    ck_assert_int_eq(value_check(VALUE_TX, buf_bytes(&buf)), ERR_TOO_BIG);
    buf_release(&buf);
}
END_TEST

START_TEST(a_set_has_at_most_256_items)
{
    for (size_t count = VALUE_ITEMS_MAX - 1; count <= VALUE_ITEMS_MAX + 1;
         count++) {
        struct buf buf = {0};

        cbor_put_array(&buf, count);
        for (size_t i = 0; i < count; i++) {
            cbor_put_uint(&buf, 0x10001 + i);
        }
        ck_assert_int_eq(value_check(VALUE_FIELDS, buf_bytes(&buf)),
            count <= VALUE_ITEMS_MAX ? ERR_OK : ERR_MALFORMED);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(a_ledger_key_is_type_payer_reference_and_amount)
{
    struct buf buf = {0};
    struct value_ledger entry = {0};

    cbor_put_array(&buf, 6);
    cbor_put_cstr(&buf, "paid");
    cbor_put_cstr(&buf, "SSO");
    cbor_put_cstr(&buf, "R-17");
    cbor_put_array(&buf, 3);
    cbor_put_int(&buf, -150000);
    cbor_put_cstr(&buf, "THB");
    cbor_put_uint(&buf, 2);
    cbor_put_null(&buf);
    cbor_put_null(&buf);
    ck_assert_int_eq(value_ledger_read(buf_bytes(&buf), &entry), ERR_OK);
    ck_assert(bytes_equal(entry.type, bytes_text("paid")));
    ck_assert(bytes_equal(entry.payer, bytes_text("SSO")));
    ck_assert(bytes_equal(entry.reference, bytes_text("R-17")));
    ck_assert_int_eq(entry.amount.units, -150000);
    ck_assert_str_eq(entry.amount.currency, "THB");
    ck_assert_uint_eq(entry.amount.exponent, 2);
    ck_assert_ptr_eq(entry.key.data, buf.data + 1);
    ck_assert_uint_eq(entry.key.size, buf.size - 3);
    ck_assert(value_is_null(entry.date));
    ck_assert(value_is_null(entry.note));
    buf_release(&buf);
}
END_TEST

START_TEST(a_partial_date_ranks_before_its_days)
{
    static const struct value_date dates[] = {
        {CALENDAR_COMMON, {NULL, 0}, 2025, 12, 31},
        {CALENDAR_COMMON, {NULL, 0}, 2026, 0, 0},
        {CALENDAR_COMMON, {NULL, 0}, 2026, 3, 0},
        {CALENDAR_COMMON, {NULL, 0}, 2026, 3, 1},
        {CALENDAR_COMMON, {NULL, 0}, 2026, 3, 2},
    };

    for (size_t i = 1; i < sizeof(dates) / sizeof(dates[0]); i++) {
        ck_assert_int_lt(
            value_date_rank(&dates[i - 1]), value_date_rank(&dates[i]));
    }
}
END_TEST

START_TEST(readers_leave_their_output_when_they_fail)
{
    const uint8_t null_item = 0xf6;
    struct bytes bad_value = bytes_of(&null_item, 1);
    struct value_date date = {.year = 7};
    struct value_money money = {.units = 7};
    struct bytes code = bytes_text("kept");
    struct office_id office = {{7}};
    int64_t number = 7;
    bool claim = true;

    ck_assert_int_eq(value_date_read(bad_value, &date), ERR_MALFORMED);
    ck_assert_int_eq(value_money_read(bad_value, &money), ERR_MALFORMED);
    ck_assert_int_eq(value_code_read(bad_value, &code), ERR_MALFORMED);
    ck_assert_int_eq(value_office_read(bad_value, &office), ERR_MALFORMED);
    ck_assert_int_eq(value_int_read(bad_value, &number), ERR_MALFORMED);
    ck_assert_int_eq(value_bool_read(bad_value, &claim), ERR_MALFORMED);
    ck_assert_int_eq(date.year, 7);
    ck_assert_int_eq(money.units, 7);
    ck_assert_uint_eq(code.size, 4);
    ck_assert_uint_eq(office.bytes[0], 7);
    ck_assert_int_eq(number, 7);
    ck_assert(claim);
}
END_TEST

START_TEST(types_are_named)
{
    ck_assert_str_eq(value_type_name(VALUE_TX), "tx");
    ck_assert_str_eq(value_type_name(VALUE_FIELDS), "fields");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("value");
    TCase *forms = tcase_create("forms");
    TCase *reads = tcase_create("reads");

    tcase_add_loop_test(forms, a_value_of_its_type_is_taken, 0, GOOD_COUNT);
    tcase_add_loop_test(forms, every_truncation_is_refused, 0, GOOD_COUNT);
    tcase_add_loop_test(forms,
        what_passes_after_a_flipped_bit_is_still_one_strict_item, 0,
        GOOD_COUNT);
    tcase_add_loop_test(forms, nothing_may_follow_a_value, 0, GOOD_COUNT);
    tcase_add_loop_test(
        forms, a_value_that_breaks_a_rule_is_refused, 0, BAD_COUNT);
    tcase_add_test(forms, no_type_includes_null);
    tcase_add_test(forms, a_value_has_at_most_16_kib);
    tcase_add_test(forms, a_set_has_at_most_256_items);
    tcase_add_test(reads, a_ledger_key_is_type_payer_reference_and_amount);
    tcase_add_test(reads, a_partial_date_ranks_before_its_days);
    tcase_add_test(reads, readers_leave_their_output_when_they_fail);
    tcase_add_test(reads, types_are_named);
    suite_add_tcase(suite, forms);
    suite_add_tcase(suite, reads);
    return run_suite(suite);
}
