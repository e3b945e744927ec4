/* SPDX-License-Identifier: Apache-2.0 */
#include "node/values/value_json.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "tests/lib/run.h"

#define HEX16 "000102030405060708090a0b0c0d0e0f"
#define HEX32 HEX16 "101112131415161718191a1b1c1d1e1f"
#define HEX32B "ff" HEX16 "1011121314151617181920212223a4"

/* What is written, and how it is shown; NULL: as it was written. */
static const struct {
    enum value_type type;
    const char *json;
    const char *shown;
} rows[] = {
    {VALUE_ID, "\"" HEX16 "\"", NULL},
    {VALUE_REF, "\"" HEX16 "\"", NULL},
    {VALUE_OFFICE, "\"" HEX32 "\"", NULL},
    {VALUE_OFFICES, "[\"" HEX32B "\",\"" HEX32 "\"]",
        "[\"" HEX32 "\",\"" HEX32B "\"]"},
    {VALUE_OFFICES, "[]", NULL},
    {VALUE_CODE, "\"TH\"", NULL},
    {VALUE_STATE, "\"open\"", NULL},
    {VALUE_CODES, "[\"wages\",\"debt\"]", "[\"debt\",\"wages\"]"},
    {VALUE_CODES, "\"wages, debt\"", "[\"debt\",\"wages\"]"},
    {VALUE_TX, "\"ប្រាក់ឈ្នួល\"", NULL},
    {VALUE_TX, "{\"lang\":\"km\",\"text\":\"ប្រាក់\"}", NULL},
    {VALUE_TX, "{\"text\":\"x\"}", "\"x\""},
    {VALUE_LM, "{\"mww\":\"c\",\"th\":\"b\",\"km\":\"a\"}",
        "{\"km\":\"a\",\"mww\":\"c\",\"th\":\"b\"}"},
    {VALUE_TR, "{\"edition\":2,\"lang\":\"lo\",\"text\":\"ຂໍ້\"}", NULL},
    {VALUE_TR, "{\"edition\":1,\"lang\":\"lo\",\"text\":\"x\",\"title\":\"t\"}",
        NULL},
    {VALUE_DT, "\"1997-03-05\"", NULL},
    {VALUE_DT, "\"1997-03\"", NULL},
    {VALUE_DT, "\"1997\"", NULL},
    {VALUE_DT, "\"1997 CE\"",
        "{\"calendar\":\"common\",\"date\":\"1997\","
        "\"written\":\"1997 CE\"}"},
    {VALUE_DT, "\"5/3/1997\"",
        "{\"calendar\":\"common\",\"date\":\"1997-03-05\","
        "\"written\":\"5/3/1997\"}"},
    {VALUE_DT, "\"2540 BE\"",
        "{\"calendar\":\"buddhist\",\"date\":\"1997\","
        "\"written\":\"2540 BE\"}"},
    {VALUE_DT, "\"2540\"",
        "{\"calendar\":\"buddhist\",\"date\":\"1997\",\"written\":\"2540\"}"},
    {VALUE_DT, "\"พ.ศ. ๒๕๔๐\"",
        "{\"calendar\":\"buddhist\",\"date\":\"1997\","
        "\"written\":\"พ.ศ. ๒๕๔๐\"}"},
    {VALUE_DT, "\"៥/៣/២៥៤០\"",
        "{\"calendar\":\"buddhist\",\"date\":\"1997-03-05\","
        "\"written\":\"៥/៣/២៥៤០\"}"},
    {VALUE_DT, "\"၁၉၉၇\"",
        "{\"calendar\":\"common\",\"date\":\"1997\",\"written\":\"၁၉၉၇\"}"},
    {VALUE_DT, "\"1359 ME\"",
        "{\"calendar\":\"myanmar\",\"date\":\"1997\","
        "\"written\":\"1359 ME\"}"},
    {VALUE_DT,
        "{\"calendar\":\"age\",\"date\":\"1997\",\"written\":\"age 28\"}",
        NULL},
    {VALUE_TS, "123456789", NULL},
    {VALUE_MON, "\"1500.00 THB\"", NULL},
    {VALUE_MON, "\"THB 1,500\"", "\"1500.00 THB\""},
    {VALUE_MON, "\"฿๑๕๐๐.๕๐\"", "\"1500.50 THB\""},
    {VALUE_MON, "\"5000000 vnd\"", "\"5000000 VND\""},
    {VALUE_MON, "\"-0.05 USD\"", NULL},
    {VALUE_MON, "{\"currency\":\"KHR\",\"exponent\":0,\"units\":4000}",
        "\"4000 KHR\""},
    {VALUE_MON, "\"92233720368547758.07 THB\"", NULL},
    {VALUE_PH, "\"+85512345678\"", NULL},
    {VALUE_PH, "\"1300\"", NULL},
    {VALUE_PH, "\"+855 (0)12-345 678\"",
        "{\"number\":\"+855012345678\",\"written\":\"+855 (0)12-345 678\"}"},
    {VALUE_PH, "\"၀၉ ၄၂၀ ၁၂၃\"",
        "{\"number\":\"09420123\",\"written\":\"၀၉ ၄၂၀ ၁၂၃\"}"},
    {VALUE_PH, "\"line:daw.hla\"", "{\"app\":\"line\",\"number\":\"daw.hla\"}"},
    {VALUE_PH, "{\"number\":\"+66812345678\",\"whose\":\"sister\"}", NULL},
    {VALUE_PL, "\"TH-10\"", NULL},
    {VALUE_PL, "{\"code\":\"VN-79\",\"edition\":\"2025-07\"}", NULL},
    {VALUE_NM, "\"သန္တာ\"", "{\"script\":\"Mymr\",\"text\":\"သန္တာ\"}"},
    {VALUE_NM, "\"Nguyễn\"", "{\"script\":\"Latn\",\"text\":\"Nguyễn\"}"},
    {VALUE_NM, "{\"role\":\"document\",\"script\":\"Khmr\",\"text\":\"សុខ\"}",
        NULL},
    {VALUE_IDN, "\"nrc:MM:၁၂/ဥကမ(နိုင်)၁၂၃၄၅၆\"",
        "{\"issuer\":\"MM\",\"number\":\"၁၂/ဥကမ(နိုင်)၁၂၃၄၅၆\","
        "\"type\":\"nrc\"}"},
    {VALUE_IDN, "\"passport:n 12-34\"",
        "{\"number\":\"n 12-34\",\"type\":\"passport\"}"},
    {VALUE_KN, "\"mother: Sok Dara\"",
        "{\"name\":\"Sok Dara\",\"relation\":\"mother\"}"},
    {VALUE_KN, "{\"record\":\"" HEX16 "\",\"relation\":\"child\"}", NULL},
    {VALUE_N, "-7", NULL},
    {VALUE_N, "\"๔๒\"", "42"},
    {VALUE_B, "true", NULL},
    {VALUE_B, "\"no\"", "false"},
    {VALUE_BL,
        "{\"class\":\"photo\",\"hash\":\"" HEX32 "\",\"key\":\"" HEX32
        "\",\"size\":10,\"type\":\"image/png\"}",
        NULL},
    {VALUE_LE, "\"claimed 1500 THB\"",
        "{\"amount\":\"1500.00 THB\",\"payer\":\"\",\"reference\":\"\","
        "\"type\":\"claimed\"}"},
    {VALUE_LE, "\"paid 9 JPY; payer A b; ref R; date 2559; note by hand\"",
        "{\"amount\":\"9 JPY\",\"date\":{\"calendar\":\"buddhist\","
        "\"date\":\"2016\",\"written\":\"2559\"},\"note\":\"by hand\","
        "\"payer\":\"A b\",\"reference\":\"R\",\"type\":\"paid\"}"},
    {VALUE_EV, "\"hospital\"", "{\"what\":\"hospital\"}"},
    {VALUE_EV, "\"hospital 2016-08: seen: well\"",
        "{\"date\":\"2016-08\",\"note\":\"seen: well\","
        "\"what\":\"hospital\"}"},
    {VALUE_PERIOD, "\"2014-03..2016 Thai Union\"",
        "{\"from\":\"2014-03\",\"to\":\"2016\",\"with\":\"Thai Union\"}"},
    {VALUE_PERIOD, "\"..2016\"", "{\"to\":\"2016\"}"},
    {VALUE_FIELDS, "[\"3.12\",\"2.2\"]", "[\"2.2\",\"3.12\"]"},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static json_t *
load(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

    ck_assert_msg(json != NULL, "%s", text);
    return json;
}

static void
convert(enum value_type type, const char *text, struct buf *out)
{
    json_t *json = load(text);
    struct err_msg msg = {0};
    enum err rc = value_from_json(type, json, out, &msg);

    ck_assert_msg(rc == ERR_OK, "%s: %s", text, msg.text);
    json_decref(json);
}

START_TEST(a_value_comes_back_in_its_plainest_form)
{
    struct buf value = {0};
    struct buf again = {0};
    json_t *json = NULL;
    json_t *expected =
        load(rows[_i].shown == NULL ? rows[_i].json : rows[_i].shown);
    char *text = NULL;

    convert(rows[_i].type, rows[_i].json, &value);
    ck_assert_int_eq(
        value_to_json(rows[_i].type, buf_bytes(&value), &json), ERR_OK);
    text = json_dumps(json, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT);
    ck_assert_msg(json_equal(json, expected), "%s", text);
    /* An amount not in its currency's exponent is shown, but not read so. */
    if (strstr(rows[_i].json, "exponent") == NULL) {
        convert(rows[_i].type, text, &again);
        ck_assert(bytes_equal(buf_bytes(&value), buf_bytes(&again)));
    }
    free(text);
    json_decref(json);
    json_decref(expected);
    buf_release(&value);
    buf_release(&again);
}
END_TEST

static const struct {
    enum value_type type;
    const char *json;
} refused[] = {
    {VALUE_ID, "\"00\""},
    {VALUE_ID, "1"},
    {VALUE_OFFICE, "\"" HEX16 "\""},
    {VALUE_OFFICES, "[1]"},
    {VALUE_OFFICES, "\"" HEX32 "\""},
    {VALUE_CODE, "\"two words\""},
    {VALUE_CODE, "\"\""},
    {VALUE_CODES, "[\"a\",\"a\"]"},
    {VALUE_CODES, "\"a b!\""},
    {VALUE_TX, "\"\""},
    {VALUE_TX, "{\"text\":\"x\",\"tongue\":\"km\"}"},
    {VALUE_TX, "{\"text\":1}"},
    {VALUE_TX, "{\"lang\":\"km\"}"},
    {VALUE_TX, "12"},
    {VALUE_TX, "\"a\\u0007b\""},
    {VALUE_LM, "{}"},
    {VALUE_LM, "{\"km\":1}"},
    {VALUE_LM, "\"x\""},
    {VALUE_TR, "{\"lang\":\"lo\",\"edition\":0,\"text\":\"x\"}"},
    {VALUE_DT, "\"\""},
    {VALUE_DT, "\"BE\""},
    {VALUE_DT, "\"67\""},
    {VALUE_DT, "\"1/2/67\""},
    {VALUE_DT, "\"1997-13\""},
    {VALUE_DT, "\"1997-00\""},
    {VALUE_DT, "\"2023-02-29\""},
    {VALUE_DT, "\"1997-03-05-01\""},
    {VALUE_DT, "\"1997-\""},
    {VALUE_DT, "\"19970305\""},
    {VALUE_DT, "\"2540 CE\""},
    {VALUE_DT, "\"300 BE\""},
    {VALUE_DT, "\"03-1359 ME\""},
    {VALUE_DT, "{\"date\":\"2540\",\"calendar\":\"buddhist\"}"},
    {VALUE_DT, "{\"date\":\"1997\",\"calendar\":\"buddhist\"}"},
    {VALUE_DT, "{\"date\":\"1997\",\"calendar\":\"lunar\",\"written\":\"x\"}"},
    {VALUE_DT, "{\"written\":\"x\"}"},
    {VALUE_TS, "-1"},
    {VALUE_TS, "\"-1\""},
    {VALUE_MON, "\"1500\""},
    {VALUE_MON, "\"THB\""},
    {VALUE_MON, "\"1.505 THB\""},
    {VALUE_MON, "\"1.500.000 VND\""},
    {VALUE_MON, "\"1.5 VND\""},
    {VALUE_MON, "\"1. THB\""},
    {VALUE_MON, "\"--1 THB\""},
    {VALUE_MON, "\"92233720368547758.08 THB\""},
    {VALUE_MON, "\"$5\""},
    {VALUE_MON, "1500"},
    {VALUE_PH, "\"12\""},
    {VALUE_PH, "\"call me\""},
    {VALUE_PH, "\"li ne:x\""},
    {VALUE_PL, "\"Bangkok city\""},
    {VALUE_NM, "\" \""},
    {VALUE_IDN, "\"N123\""},
    {VALUE_IDN, "\"pass port:N1\""},
    {VALUE_KN, "\"Sok\""},
    {VALUE_KN, "{\"relation\":\"child\"}"},
    {VALUE_N, "1.5"},
    {VALUE_N, "\"1.5\""},
    {VALUE_N, "\"9223372036854775808\""},
    {VALUE_B, "\"maybe\""},
    {VALUE_B, "1"},
    {VALUE_BL, "\"x\""},
    {VALUE_LE, "\"paid\""},
    {VALUE_LE, "\"paid 1 THB; by SSO\""},
    {VALUE_LE, "\"paid 1 THB; payer A; payer B\""},
    {VALUE_LE, "{\"type\":\"paid\",\"payer\":\"\",\"reference\":\"\"}"},
    {VALUE_EV, "\"\""},
    {VALUE_PERIOD, "\"2014\""},
    {VALUE_PERIOD, "\"..\""},
    {VALUE_FIELDS, "[\"case.no\"]"},
    {VALUE_FIELDS, "[\"3.0\"]"},
    {VALUE_FIELDS, "[\"3.1\",\"3.1\"]"},
};

enum { REFUSED_COUNT = sizeof(refused) / sizeof(refused[0]) };

START_TEST(what_is_no_value_is_refused_with_a_reason)
{
    json_t *json = load(refused[_i].json);
    struct err_msg msg = {0};
    struct buf out = {0};

    buf_put_u8(&out, 7);
    ck_assert_msg(
        value_from_json(refused[_i].type, json, &out, &msg) == ERR_MALFORMED,
        "%s", refused[_i].json);
    ck_assert_msg(msg.text[0] != '\0', "%s", refused[_i].json);
    ck_assert_uint_eq(out.size, 1);
    buf_release(&out);
    json_decref(json);
}
END_TEST

START_TEST(a_text_may_hold_json)
{
    struct buf value = {0};
    struct buf same = {0};

    convert(VALUE_TX, "{\"text\":\"x\",\"lang\":\"km\"}", &value);
    ck_assert_int_eq(value_from_text(VALUE_TX,
                         "{\"text\":\"x\",\"lang\":\"km\"}", &same, NULL),
        ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&value), buf_bytes(&same)));
    buf_release(&value);
    buf_release(&same);
}
END_TEST

START_TEST(a_text_may_look_like_json_and_be_none)
{
    struct buf value = {0};

    ck_assert_int_eq(
        value_from_text(VALUE_TX, "[see the note", &value, NULL), ERR_OK);
    buf_release(&value);
}
END_TEST

START_TEST(a_text_that_is_not_utf8_is_refused)
{
    struct buf value = {0};

    ck_assert_int_eq(
        value_from_text(VALUE_TX, "\xe1\x80", &value, NULL), ERR_MALFORMED);
    ck_assert_uint_eq(value.size, 0);
}
END_TEST

START_TEST(an_id_number_is_folded_for_search)
{
    struct buf value = {0};
    struct cursor cursor = {0};

    convert(VALUE_IDN, "\"nrc:MM:၁၂/ab-၃ ၄\"", &value);
    cursor = cursor_init(buf_bytes(&value));
    ck_assert_uint_eq(cbor_get_array(&cursor), 4);
    (void)cbor_skip(&cursor);
    (void)cbor_skip(&cursor);
    (void)cbor_skip(&cursor);
    ck_assert(bytes_equal(cbor_get_text(&cursor), bytes_text("12/AB34")));
    buf_release(&value);
}
END_TEST

/* A field of a list of two, and a ladder of one. */
static const char *const codes[] = {"KH", "TH"};
static const struct schema_list list = {"country", codes, 2};
static const struct schema_field country = {
    .name = "country", .type = VALUE_CODE, .rule = RULE_REVIEW, .list = &list};
static const struct schema_field born = {
    .name = "born", .type = VALUE_DT, .rule = RULE_ONCE};

START_TEST(an_unknown_code_names_those_there_are)
{
    struct err_msg msg = {0};
    struct buf out = {0};

    ck_assert_int_eq(
        field_from_text(&country, "VN", &out, &msg), ERR_NOT_FOUND);
    ck_assert_str_eq(msg.text, "country takes one of: KH TH");
    ck_assert_uint_eq(out.size, 0);
    ck_assert_int_eq(field_from_text(&country, "TH", &out, &msg), ERR_OK);
    buf_release(&out);
}
END_TEST

START_TEST(null_empties_a_field_whose_rule_allows_it)
{
    struct err_msg msg = {0};
    struct buf out = {0};
    json_t *json = NULL;

    ck_assert_int_eq(
        field_from_json(&country, json_null(), &out, &msg), ERR_OK);
    ck_assert(value_is_null(buf_bytes(&out)));
    ck_assert_int_eq(field_to_json(&country, buf_bytes(&out), &json), ERR_OK);
    ck_assert(json_is_null(json));
    ck_assert_int_eq(
        field_from_json(&born, json_null(), &out, &msg), ERR_MALFORMED);
    ck_assert_uint_eq(out.size, 1);
    buf_release(&out);
}
END_TEST

START_TEST(the_message_names_the_field_and_not_the_value)
{
    struct err_msg msg = {0};
    struct buf out = {0};

    ck_assert_int_eq(
        field_from_text(&born, "secret", &out, &msg), ERR_MALFORMED);
    ck_assert_ptr_nonnull(strstr(msg.text, "born"));
    ck_assert_ptr_null(strstr(msg.text, "secret"));
    buf_release(&out);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    json_t *json = load(rows[_i].json);
    struct buf out = {0};
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = value_from_json(rows[_i].type, json, &out, NULL);
        mem_fault_after(-1);
        if (rc != ERR_OK) {
            ck_assert_msg(rc == ERR_NOMEM, "%s", rows[_i].json);
            ck_assert_uint_eq(out.size, 0);
            buf_clear(&out);
        }
        ck_assert_int_lt(n, 1000);
    }
    buf_release(&out);
    json_decref(json);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("value_json");
    TCase *forms = tcase_create("forms");
    TCase *fields = tcase_create("fields");

    tcase_add_loop_test(
        forms, a_value_comes_back_in_its_plainest_form, 0, ROW_COUNT);
    tcase_add_loop_test(
        forms, what_is_no_value_is_refused_with_a_reason, 0, REFUSED_COUNT);
    tcase_add_test(forms, a_text_may_hold_json);
    tcase_add_test(forms, a_text_may_look_like_json_and_be_none);
    tcase_add_test(forms, a_text_that_is_not_utf8_is_refused);
    tcase_add_test(forms, an_id_number_is_folded_for_search);
    tcase_add_loop_test(forms, every_allocation_may_fail, 0, ROW_COUNT);
    tcase_add_test(fields, an_unknown_code_names_those_there_are);
    tcase_add_test(fields, null_empties_a_field_whose_rule_allows_it);
    tcase_add_test(fields, the_message_names_the_field_and_not_the_value);
    suite_add_tcase(suite, forms);
    suite_add_tcase(suite, fields);
    return run_suite(suite);
}
