/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/buf.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"

START_TEST(puts_append_in_order_and_big_endian)
{
    static const uint8_t expected[] = {'a', 'b', 'c', 1, 2, 3, 4, 5, 6, 7, 8, 9,
        10, 11, 12, 13, 14, 15, 'n', '=', '5'};
    struct buf buf = {0};

    buf_put(&buf, "a", 1);
    buf_put_bytes(&buf, bytes_text("b"));
    buf_put_text(&buf, "c");
    buf_put_u8(&buf, 1);
    buf_put_u16(&buf, 0x0203);
    buf_put_u32(&buf, 0x04050607);
    buf_put_u64(&buf, 0x08090a0b0c0d0e0f);
    buf_printf(&buf, "%s=%d", "n", 5);
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    ck_assert(
        bytes_equal(buf_bytes(&buf), bytes_of(expected, sizeof(expected))));
    buf_release(&buf);
}
END_TEST

START_TEST(empty_puts_are_harmless)
{
    struct buf buf = {0};

    buf_put(&buf, NULL, 0);
    buf_put_bytes(&buf, bytes_of(NULL, 0));
    buf_put_text(&buf, "");
    buf_printf(&buf, "%s", "");
    ck_assert_uint_eq(buf_bytes(&buf).size, 0);
    ck_assert_ptr_nonnull(buf_extend(&buf, 0));
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    buf_release(&buf);
    buf_release(&buf);
    buf_release(NULL);
    buf_wipe(NULL);
}
END_TEST

START_TEST(content_survives_growth)
{
    struct buf buf = {0};

    for (uint32_t i = 0; i < 5000; i++) {
        buf_put_u32(&buf, i);
    }
    ck_assert_uint_eq(buf.size, 20000);
    for (size_t i = 0; i < 5000; i++) {
        const uint8_t *at = buf.data + 4 * i;

        ck_assert_uint_eq((size_t)at[2] << 8 | at[3], i);
    }
    buf_release(&buf);
    ck_assert_ptr_null(buf.data);
    ck_assert_uint_eq(buf.capacity, 0);
}
END_TEST

START_TEST(the_limit_may_be_reached_and_not_passed)
{
    struct buf buf;

    buf_init(&buf, 100);
    ck_assert_ptr_nonnull(buf_extend(&buf, 99));
    buf_put_u8(&buf, 1);
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    ck_assert_uint_eq(buf.size, 100);
    buf_put_u8(&buf, 1);
    ck_assert_int_eq(buf_err(&buf), ERR_TOO_BIG);
    ck_assert_uint_eq(buf.size, 100);
    buf_release(&buf);
    ck_assert_uint_eq(buf.limit, 100);
}
END_TEST

START_TEST(printf_may_reach_the_limit_and_not_pass_it)
{
    struct buf buf;

    buf_init(&buf, 5);
    buf_printf(&buf, "%d", 12345);
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&buf), bytes_text("12345")));
    buf_clear(&buf);
    buf_printf(&buf, "%d", 123456);
    ck_assert_int_eq(buf_err(&buf), ERR_TOO_BIG);
    ck_assert_uint_eq(buf.size, 0);
    buf_release(&buf);
}
END_TEST

START_TEST(a_zeroed_buffer_has_the_default_limit)
{
    struct buf buf = {0};

    ck_assert_ptr_null(buf_extend(&buf, (size_t)BUF_LIMIT + 1));
    ck_assert_int_eq(buf_err(&buf), ERR_TOO_BIG);
    buf_release(&buf);
}
END_TEST

START_TEST(sizes_that_overflow_are_too_big)
{
    struct buf buf;

    buf_init(&buf, SIZE_MAX);
    buf_put_u8(&buf, 1);
    ck_assert_ptr_null(buf_extend(&buf, SIZE_MAX - 1));
    ck_assert_int_eq(buf_err(&buf), ERR_TOO_BIG);
    buf_clear(&buf);
    ck_assert_ptr_null(buf_extend(&buf, SIZE_MAX));
    ck_assert_int_eq(buf_err(&buf), ERR_TOO_BIG);
    buf_release(&buf);
}
END_TEST

START_TEST(failure_is_sticky_until_cleared)
{
    struct buf buf = {0};

    mem_fault_after(0);
    buf_put_text(&buf, "lost");
    ck_assert(mem_fault_hit());
    ck_assert_int_eq(buf_err(&buf), ERR_NOMEM);
    buf_put_text(&buf, "lost too");
    buf_printf(&buf, "and this");
    ck_assert_ptr_null(buf_extend(&buf, 1));
    ck_assert_uint_eq(buf.size, 0);
    buf_clear(&buf);
    buf_put_text(&buf, "kept");
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&buf), bytes_text("kept")));
    buf_release(&buf);
}
END_TEST

START_TEST(a_failed_growth_keeps_what_was_there)
{
    struct buf buf = {0};

    buf_put_text(&buf, "kept");
    mem_fault_after(0);
    ck_assert_ptr_null(buf_extend(&buf, 1000));
    ck_assert_int_eq(buf_err(&buf), ERR_NOMEM);
    ck_assert(bytes_equal(buf_bytes(&buf), bytes_text("kept")));
    buf_release(&buf);
}
END_TEST

START_TEST(clear_keeps_memory_and_truncate_cuts)
{
    struct buf buf = {0};
    const uint8_t *before = NULL;

    buf_put_text(&buf, "abcdef");
    before = buf.data;
    buf_truncate(&buf, 3);
    ck_assert(bytes_equal(buf_bytes(&buf), bytes_text("abc")));
    buf_truncate(&buf, 3);
    buf_clear(&buf);
    ck_assert_uint_eq(buf.size, 0);
    buf_put_text(&buf, "x");
    ck_assert_ptr_eq(buf.data, before);
    buf_wipe(&buf);
    ck_assert_ptr_null(buf.data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("buf");
    TCase *tcase = tcase_create("buf");

    tcase_add_test(tcase, puts_append_in_order_and_big_endian);
    tcase_add_test(tcase, empty_puts_are_harmless);
    tcase_add_test(tcase, content_survives_growth);
    tcase_add_test(tcase, the_limit_may_be_reached_and_not_passed);
    tcase_add_test(tcase, printf_may_reach_the_limit_and_not_pass_it);
    tcase_add_test(tcase, a_zeroed_buffer_has_the_default_limit);
    tcase_add_test(tcase, sizes_that_overflow_are_too_big);
    tcase_add_test(tcase, failure_is_sticky_until_cleared);
    tcase_add_test(tcase, a_failed_growth_keeps_what_was_there);
    tcase_add_test(tcase, clear_keeps_memory_and_truncate_cuts);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
