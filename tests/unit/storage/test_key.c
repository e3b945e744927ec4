/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/key.h"

#include <check.h>
#include <string.h>

#include "tests/lib/prng.h"
#include "tests/lib/run.h"

static int
compare_keys(const struct key *a, const struct key *b)
{
    return bytes_compare(key_bytes(a), key_bytes(b));
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int
sign(int n)
{
    return n < 0 ? -1 : n > 0;
}

START_TEST(the_order_of_keys_is_the_order_of_numbers)
{
    struct prng prng = prng_init(prng_seed(1));

    for (int i = 0; i < 2000; i++) {
        uint64_t a = prng_next(&prng) >> prng_below(&prng, 64);
        uint64_t b = prng_next(&prng) >> prng_below(&prng, 64);
        struct key x = key_u64(a);
        struct key y = key_u64(b);

        ck_assert_int_eq(sign(compare_keys(&x, &y)), compare_numbers(a, b));
        x = key_u32((uint32_t)a);
        y = key_u32((uint32_t)b);
        ck_assert_int_eq(sign(compare_keys(&x, &y)),
            compare_numbers((uint32_t)a, (uint32_t)b));
    }
}
END_TEST

START_TEST(dots_are_ordered_by_log_then_position)
{
    struct key low = key_dot((struct dot){1, UINT64_MAX});
    struct key high = key_dot((struct dot){2, 0});
    struct key next = key_dot((struct dot){2, 1});

    ck_assert_int_lt(compare_keys(&low, &high), 0);
    ck_assert_int_lt(compare_keys(&high, &next), 0);
}
END_TEST

START_TEST(keys_give_back_what_they_were_made_of)
{
    struct key key = key_u32(0x01020304);
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    struct dot dot = {0};

    ck_assert_int_eq(key_get_u32(key_bytes(&key), &u32), ERR_OK);
    ck_assert_uint_eq(u32, 0x01020304);
    key = key_u64(UINT64_C(0x0102030405060708));
    ck_assert_int_eq(key_get_u64(key_bytes(&key), &u64), ERR_OK);
    ck_assert_uint_eq(u64, UINT64_C(0x0102030405060708));
    key = key_dot((struct dot){7, 9});
    ck_assert_int_eq(key_get_dot(key_bytes(&key), &dot), ERR_OK);
    ck_assert_uint_eq(dot.log, 7);
    ck_assert_uint_eq(dot.position, 9);
}
END_TEST

START_TEST(a_key_of_another_size_is_corrupt)
{
    static const uint8_t bytes[16] = {0};
    uint32_t u32 = 5;
    uint64_t u64 = 5;
    struct dot dot = {5, 5};

    for (size_t size = 0; size <= sizeof(bytes); size++) {
        struct bytes key = bytes_of(bytes, size);

        ck_assert_int_eq(
            key_get_u32(key, &u32), size == 4 ? ERR_OK : ERR_CORRUPT);
        ck_assert_int_eq(
            key_get_u64(key, &u64), size == 8 ? ERR_OK : ERR_CORRUPT);
        ck_assert_int_eq(
            key_get_dot(key, &dot), size == 12 ? ERR_OK : ERR_CORRUPT);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("key");
    TCase *tcase = tcase_create("key");

    tcase_add_test(tcase, the_order_of_keys_is_the_order_of_numbers);
    tcase_add_test(tcase, dots_are_ordered_by_log_then_position);
    tcase_add_test(tcase, keys_give_back_what_they_were_made_of);
    tcase_add_test(tcase, a_key_of_another_size_is_corrupt);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
