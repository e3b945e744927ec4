/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/num.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"

START_TEST(sums_overflow_is_refused_and_leaves_out_alone)
{
    size_t out = 7;
    uint64_t out_u64 = 7;

    ck_assert(num_add(SIZE_MAX - 1, 1, &out));
    ck_assert_uint_eq(out, SIZE_MAX);
    ck_assert(!num_add(SIZE_MAX, 1, &out));
    ck_assert_uint_eq(out, SIZE_MAX);
    ck_assert(num_add_u64(UINT64_MAX, 0, &out_u64));
    ck_assert_uint_eq(out_u64, UINT64_MAX);
    ck_assert(!num_add_u64(UINT64_MAX, UINT64_MAX, &out_u64));
    ck_assert_uint_eq(out_u64, UINT64_MAX);
}
END_TEST

START_TEST(products_overflow_is_refused_and_leaves_out_alone)
{
    size_t out = 7;

    ck_assert(num_mul(SIZE_MAX / 3, 3, &out));
    ck_assert_uint_eq(out, SIZE_MAX / 3 * 3);
    ck_assert(num_mul(SIZE_MAX, 0, &out));
    ck_assert_uint_eq(out, 0);
    ck_assert(!num_mul(SIZE_MAX / 3 + 1, 3, &out));
    ck_assert(!num_mul(3, SIZE_MAX / 3 + 1, &out));
    ck_assert_uint_eq(out, 0);
}
END_TEST

START_TEST(stores_are_big_endian_and_loads_undo_them)
{
    static const uint8_t expected[] = {1, 0x80, 3, 4, 0xff, 6, 7, 8};
    uint8_t bytes[8] = {0};

    num_store_u64(bytes, 0x01800304ff060708);
    ck_assert_mem_eq(bytes, expected, 8);
    ck_assert_uint_eq(num_load_u64(bytes), 0x01800304ff060708);
    num_store_u32(bytes, 0xff800304);
    ck_assert_mem_eq(bytes, "\xff\x80\x03\x04\xff", 5);
    ck_assert_uint_eq(num_load_u32(bytes), 0xff800304);
    num_store_u16(bytes, 0x80fe);
    ck_assert_mem_eq(bytes, "\x80\xfe\x03", 3);
    ck_assert_uint_eq(num_load_u16(bytes), 0x80fe);
}
END_TEST

static const struct {
    const char *text;
    bool valid;
    uint64_t value;
} numbers[] = {
    {"0", true, 0},
    {"9", true, 9},
    {"10", true, 10},
    {"18446744073709551615", true, UINT64_MAX},
    {"18446744073709551616", false, 0},
    {"18446744073709551620", false, 0},
    {"28446744073709551615", false, 0},
    {"99999999999999999999", false, 0},
    {"184467440737095516150", false, 0},
    {"", false, 0},
    {"00", false, 0},
    {"01", false, 0},
    {"+1", false, 0},
    {"-1", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"0x1", false, 0},
    {"1:", false, 0},
    {"1/", false, 0},
};

START_TEST(decimal_is_digits_only_and_fits)
{
    uint64_t out = 7;
    const char *text = numbers[_i].text;

    ck_assert_msg(num_parse_u64(text, strlen(text), &out) == numbers[_i].valid,
        "%s", text);
    ck_assert_uint_eq(out, numbers[_i].valid ? numbers[_i].value : 7);
}
END_TEST

START_TEST(decimal_stops_at_its_size)
{
    uint64_t out = 0;

    ck_assert(num_parse_u64("123", 2, &out));
    ck_assert_uint_eq(out, 12);
}
END_TEST

START_TEST(least_and_greatest)
{
    ck_assert_uint_eq(num_min_u64(1, UINT64_MAX), 1);
    ck_assert_uint_eq(num_min_u64(2, 1), 1);
    ck_assert_uint_eq(num_max_u64(1, UINT64_MAX), UINT64_MAX);
    ck_assert_uint_eq(num_max_u64(2, 1), 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("num");
    TCase *tcase = tcase_create("num");

    tcase_add_test(tcase, sums_overflow_is_refused_and_leaves_out_alone);
    tcase_add_test(tcase, products_overflow_is_refused_and_leaves_out_alone);
    tcase_add_test(tcase, stores_are_big_endian_and_loads_undo_them);
    tcase_add_loop_test(tcase, decimal_is_digits_only_and_fits, 0,
        sizeof(numbers) / sizeof(*numbers));
    tcase_add_test(tcase, decimal_stops_at_its_size);
    tcase_add_test(tcase, least_and_greatest);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
