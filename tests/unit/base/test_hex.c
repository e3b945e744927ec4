/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/hex.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"

START_TEST(every_byte_comes_back_in_either_case)
{
    uint8_t byte = (uint8_t)_i;
    uint8_t back = (uint8_t)~byte;
    char text[3] = "??";

    hex_encode(text, bytes_of(&byte, 1));
    ck_assert_uint_eq(strspn(text, "0123456789abcdef"), 2);
    ck_assert(hex_decode(text, 2, &back, 1));
    ck_assert_uint_eq(back, byte);
    for (size_t i = 0; i < 2; i++) {
        text[i] = (char)(text[i] >= 'a' ? text[i] - 'a' + 'A' : text[i]);
    }
    back = (uint8_t)~byte;
    ck_assert(hex_decode(text, 2, &back, 1));
    ck_assert_uint_eq(back, byte);
}
END_TEST

START_TEST(encoding_is_in_order_and_ended)
{
    char text[] = "??????????";

    hex_encode(text, bytes_text("\x01\xff"
                                "a"));
    ck_assert_str_eq(text, "01ff61");
    hex_encode(text, bytes_of(NULL, 0));
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(only_digits_are_digits)
{
    char text[2] = {(char)_i, '0'};
    uint8_t out = 0;
    bool is_digit = _i != 0 && strchr("0123456789abcdefABCDEF", _i) != NULL;

    ck_assert(hex_decode(text, 2, &out, 1) == is_digit);
    text[0] = '0';
    text[1] = (char)_i;
    ck_assert(hex_decode(text, 2, &out, 1) == is_digit);
}
END_TEST

START_TEST(the_size_must_be_exact)
{
    uint8_t out[3] = {0};

    ck_assert(hex_decode("0102", 4, out, 2));
    ck_assert(!hex_decode("0102", 4, out, 1));
    ck_assert(!hex_decode("0102", 4, out, 3));
    ck_assert(!hex_decode("010", 3, out, 1));
    ck_assert(!hex_decode("010", 3, out, 2));
    ck_assert(hex_decode("", 0, out, 0));
    /* The size that 2 * size would overflow to. */
    ck_assert(!hex_decode("", 0, out, SIZE_MAX / 2 + 1));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hex");
    TCase *tcase = tcase_create("hex");

    tcase_add_loop_test(tcase, every_byte_comes_back_in_either_case, 0, 256);
    tcase_add_test(tcase, encoding_is_in_order_and_ended);
    tcase_add_loop_test(tcase, only_digits_are_digits, 0, 256);
    tcase_add_test(tcase, the_size_must_be_exact);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
