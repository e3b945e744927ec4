/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/code.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

/* Computed by an implementation of its own, in another language. */
static const struct {
    uint8_t first; /* the key's first byte */
    uint8_t step;  /* what each further byte adds */
    const char *code;
} office_rows[] = {
    {0x00, 0, "3K4S-ZZAS-DAGH-NMM6-95XG-5DFF"},
    {0x00, 1, "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH6"},
    {0xff, 0, "7SBK-V655-MEXA-CCZ5-35WR-WTPJ"},
};

enum { OFFICE_ROWS = sizeof(office_rows) / sizeof(office_rows[0]) };

static enum err
parse(char out[OFFICE_CODE_CHARS + 1], const char *typed)
{
    return office_code_parse(out, bytes_text(typed));
}

START_TEST(an_office_has_the_code_that_the_protocol_gives_it)
{
    struct office_id id;
    char code[OFFICE_CODE_CHARS + 1];
    char parsed[OFFICE_CODE_CHARS + 1];

    for (size_t i = 0; i < sizeof(id.bytes); i++) {
        id.bytes[i] =
            (uint8_t)(office_rows[_i].first + i * office_rows[_i].step);
    }
    office_code(code, &id);
    ck_assert_str_eq(code, office_rows[_i].code);
    ck_assert_int_eq(parse(parsed, code), ERR_OK);
    ck_assert_str_eq(parsed, code);
}
END_TEST

/* How people write XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH6, or 3K4S-… */
static const struct {
    const char *typed;
    size_t row;
} typed_rows[] = {
    {"XRBZFVEPK6RVYKTQETYR2CH6", 1},
    {"xrbz-fvep-k6rv-yktq-etyr-2ch6", 1},
    {"xrbz fvep k6rv yktq etyr 2ch6", 1},
    {"  XRBZ--FVEP - K6RVYKTQ E-T-Y-R 2CH6-", 1},
    {"7SBK-V655-MEXA-CCZ5-35WR-WTPJ", 2},
};

enum { TYPED_ROWS = sizeof(typed_rows) / sizeof(typed_rows[0]) };

START_TEST(a_code_is_read_however_it_is_grouped)
{
    char parsed[OFFICE_CODE_CHARS + 1];

    ck_assert_int_eq(parse(parsed, typed_rows[_i].typed), ERR_OK);
    ck_assert_str_eq(parsed, office_rows[typed_rows[_i].row].code);
}
END_TEST

/* Find a code with a 0 and a 1 in it, by trying keys. */
static void
code_with_zero_and_one(char code[OFFICE_CODE_CHARS + 1])
{
    struct office_id id = {{0}};

    do {
        id.bytes[0]++;
        ck_assert_uint_ne(id.bytes[0], 0);
        office_code(code, &id);
    } while (strchr(code, '0') == NULL || strchr(code, '1') == NULL);
}

START_TEST(letters_that_look_like_digits_are_read_as_digits)
{
    const char zeros[] = "0Oo";
    const char ones[] = "1IiLl";
    char code[OFFICE_CODE_CHARS + 1];

    code_with_zero_and_one(code);
    for (size_t i = 0; i < 15; i++) {
        char typed[OFFICE_CODE_CHARS + 1];
        char parsed[OFFICE_CODE_CHARS + 1];

        for (size_t k = 0; k <= OFFICE_CODE_CHARS; k++) {
            typed[k] = code[k] == '0' ? zeros[i % 3] : code[k];
            typed[k] = code[k] == '1' ? ones[i / 3] : typed[k];
        }
        ck_assert_int_eq(parse(parsed, typed), ERR_OK);
        ck_assert_str_eq(parsed, code);
    }
}
END_TEST

static const char *const malformed_rows[] = {
    "",
    "-",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH66",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH6-XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH6",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CHU",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH\xc3\x96",
    "XRBZ_FVEP_K6RV_YKTQ_ETYR_2CH6",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH6\n",
    "XRBZ-FVEP-K6RV-YKTQ-ETYR-2CH6.",
};

enum { MALFORMED_ROWS = sizeof(malformed_rows) / sizeof(malformed_rows[0]) };

START_TEST(what_is_not_a_code_is_refused_and_nothing_written)
{
    char parsed[OFFICE_CODE_CHARS + 1] = "as it was";

    ck_assert_int_eq(parse(parsed, malformed_rows[_i]), ERR_MALFORMED);
    ck_assert_str_eq(parsed, "as it was");
}
END_TEST

START_TEST(a_nul_is_no_digit)
{
    char typed[OFFICE_CODE_CHARS + 1];
    char parsed[OFFICE_CODE_CHARS + 1];

    memcpy(typed, office_rows[1].code, sizeof(typed));
    typed[0] = '\0';
    ck_assert_int_eq(
        office_code_parse(parsed, bytes_of(typed, OFFICE_CODE_CHARS)),
        ERR_MALFORMED);
    ck_assert_int_eq(code_base32_parse((uint8_t[1]){0}, 1, bytes_of("0\0", 2)),
        ERR_MALFORMED);
}
END_TEST

START_TEST(one_wrong_character_is_noticed)
{
    const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const char *code = office_rows[_i].code;
    char parsed[OFFICE_CODE_CHARS + 1];
    size_t wrong = 0;

    for (size_t i = 0; i < OFFICE_CODE_CHARS; i++) {
        for (size_t k = 0; k < 32; k++) {
            char typed[OFFICE_CODE_CHARS + 1];

            memcpy(typed, code, sizeof(typed));
            if (typed[i] == '-' || typed[i] == digits[k]) {
                continue;
            }
            typed[i] = digits[k];
            ck_assert_int_eq(parse(parsed, typed), ERR_MALFORMED);
            wrong++;
        }
    }
    ck_assert_uint_eq(wrong, 24 * 31);
}
END_TEST

START_TEST(two_swapped_groups_are_noticed)
{
    char typed[OFFICE_CODE_CHARS + 1];
    char parsed[OFFICE_CODE_CHARS + 1];

    for (size_t i = 0; i < 25; i += 5) {
        memcpy(typed, office_rows[_i].code, sizeof(typed));
        memcpy(typed + i, office_rows[_i].code + i + 5, 4);
        memcpy(typed + i + 5, office_rows[_i].code + i, 4);
        ck_assert_int_eq(parse(parsed, typed), ERR_MALFORMED);
    }
}
END_TEST

/* Texts of so many 'x', at each form of the CBOR head. */
static const struct {
    size_t size;
    const char *check;
} check_rows[] = {{0, "TXMM"}, {1, "DJZR"}, {23, "W7F4"}, {24, "RKA0"},
    {255, "3MQN"}, {256, "NM4T"}, {65535, "SBZ9"}, {65536, "PY1K"}};

enum { CHECK_ROWS = sizeof(check_rows) / sizeof(check_rows[0]) };

START_TEST(a_text_has_the_check_characters_of_the_protocol)
{
    uint8_t *text = mem_alloc(65536);
    char check[CODE_CHECK_CHARS + 1];

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 65536);
    code_check(check, bytes_of(text, check_rows[_i].size));
    ck_assert_str_eq(check, check_rows[_i].check);
    mem_free(text);
}
END_TEST

static const struct {
    const char *plain;
    const char *text;
} base32_rows[] = {{"", ""}, {"f", "CR"}, {"fo", "CSQG"}, {"foo", "CSQPY"},
    {"foob", "CSQPYRG"}, {"fooba", "CSQPYRK1"}, {"foobar", "CSQPYRK1E8"},
    {"\xff", "ZW"}};

enum { BASE32_ROWS = sizeof(base32_rows) / sizeof(base32_rows[0]) };

START_TEST(base32_goes_there_and_back)
{
    const struct bytes plain = bytes_text(base32_rows[_i].plain);
    char text[16];
    uint8_t back[8];

    code_base32(text, plain);
    ck_assert_str_eq(text, base32_rows[_i].text);
    ck_assert_int_eq(
        code_base32_parse(back, plain.size, bytes_text(text)), ERR_OK);
    ck_assert(bytes_equal(bytes_of(back, plain.size), plain));
}
END_TEST

START_TEST(base32_of_any_bytes_comes_back)
{
    struct prng prng = prng_init(prng_seed(0x5eed));

    for (size_t size = 0; size <= 64; size++) {
        uint8_t plain[64];
        uint8_t back[64];
        char text[(64 * 8 + 4) / 5 + 1];

        prng_fill(&prng, plain, size);
        code_base32(text, bytes_of(plain, size));
        ck_assert_uint_eq(strlen(text), (size * 8 + 4) / 5);
        ck_assert_int_eq(
            code_base32_parse(back, size, bytes_text(text)), ERR_OK);
        ck_assert_mem_eq(back, plain, size);
    }
}
END_TEST

static const struct {
    size_t size;
    const char *text;
} bad_base32_rows[] = {
    {0, "0"},
    {1, ""},
    {1, "0"},
    {1, "000"},
    {1, "0U"},
    {1, "U0"},
    {1, "0-"},
    {1, " 0"},
    {1, "01"},
    {1, "02"},
    {2, "0001"},
    {2, "0008"},
    {3, "00001"},
    {4, "0000001"},
    {4, "0000004"},
    {5, "0000000"},
    {5, "000000000"},
    {SIZE_MAX, ""},
    {SIZE_MAX, "0000"},
    {SIZE_MAX / 8 + 1, ""},
};

enum { BAD_BASE32_ROWS = sizeof(bad_base32_rows) / sizeof(bad_base32_rows[0]) };

START_TEST(base32_of_another_size_or_with_bits_left_over_is_refused)
{
    uint8_t out[8];
    uint8_t untouched[8];

    memset(out, 0x5a, sizeof(out));
    memset(untouched, 0x5a, sizeof(untouched));
    ck_assert_int_eq(code_base32_parse(out, bad_base32_rows[_i].size,
                         bytes_text(bad_base32_rows[_i].text)),
        ERR_MALFORMED);
    ck_assert_mem_eq(out, untouched, sizeof(out));
}
END_TEST

static Suite *
code_suite(void)
{
    Suite *suite = suite_create("code");
    TCase *office = tcase_create("office");
    TCase *base32 = tcase_create("base32");

    tcase_add_loop_test(office,
        an_office_has_the_code_that_the_protocol_gives_it, 0, OFFICE_ROWS);
    tcase_add_loop_test(
        office, a_code_is_read_however_it_is_grouped, 0, TYPED_ROWS);
    tcase_add_test(office, letters_that_look_like_digits_are_read_as_digits);
    tcase_add_loop_test(office,
        what_is_not_a_code_is_refused_and_nothing_written, 0, MALFORMED_ROWS);
    tcase_add_test(office, a_nul_is_no_digit);
    tcase_add_loop_test(office, one_wrong_character_is_noticed, 0, OFFICE_ROWS);
    tcase_add_loop_test(office, two_swapped_groups_are_noticed, 0, OFFICE_ROWS);
    tcase_add_loop_test(
        office, a_text_has_the_check_characters_of_the_protocol, 0, CHECK_ROWS);
    suite_add_tcase(suite, office);
    tcase_add_loop_test(base32, base32_goes_there_and_back, 0, BASE32_ROWS);
    tcase_add_test(base32, base32_of_any_bytes_comes_back);
    tcase_add_loop_test(base32,
        base32_of_another_size_or_with_bits_left_over_is_refused, 0,
        BAD_BASE32_ROWS);
    suite_add_tcase(suite, base32);
    return suite;
}

int
main(void)
{
    return run_suite(code_suite());
}
