/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/cursor.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"

static const uint8_t sample[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

START_TEST(reads_are_big_endian_and_in_order)
{
    struct cursor cursor = cursor_init(bytes_of(sample, sizeof(sample)));
    uint8_t copy[2] = {0};

    ck_assert_uint_eq(cursor_u8(&cursor), 1);
    ck_assert_uint_eq(cursor_u16(&cursor), 0x0203);
    ck_assert_uint_eq(cursor_u32(&cursor), 0x04050607);
    ck_assert_uint_eq(cursor_u64(&cursor), 0x08090a0b0c0d0e0f);
    ck_assert_uint_eq(cursor_left(&cursor), 3);
    ck_assert(bytes_equal(cursor_take(&cursor, 1), bytes_text("\x10")));
    ck_assert_int_eq(cursor_end(&cursor), ERR_MALFORMED);
    cursor_copy(&cursor, copy, 2);
    ck_assert_mem_eq(copy, "\x11\x12", 2);
    ck_assert_uint_eq(cursor_left(&cursor), 0);
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
}
END_TEST

static uint64_t
read_u8(struct cursor *cursor)
{
    return cursor_u8(cursor);
}

static uint64_t
read_u16(struct cursor *cursor)
{
    return cursor_u16(cursor);
}

static uint64_t
read_u32(struct cursor *cursor)
{
    return cursor_u32(cursor);
}

static uint64_t
read_take(struct cursor *cursor)
{
    struct bytes taken = cursor_take(cursor, 5);

    return taken.data == NULL ? taken.size : 1;
}

static uint64_t
read_copy(struct cursor *cursor)
{
    uint8_t copy[3] = {0xff, 0xff, 0xff};

    cursor_copy(cursor, copy, sizeof(copy));
    return (uint64_t)copy[0] + copy[1] + copy[2];
}

static const struct {
    const char *name;
    uint64_t (*read)(struct cursor *cursor);
    size_t size;
} reads[] = {
    {"u8", read_u8, 1},
    {"u16", read_u16, 2},
    {"u32", read_u32, 4},
    {"u64", cursor_u64, 8},
    {"take", read_take, 5},
    {"copy", read_copy, 3},
};

START_TEST(a_read_past_the_end_yields_zero_and_fails)
{
    for (size_t size = 0; size <= reads[_i].size + 1; size++) {
        struct cursor cursor = cursor_init(bytes_of(sample, size));
        uint64_t value = reads[_i].read(&cursor);
        bool enough = size >= reads[_i].size;

        ck_assert_msg((value != 0) == enough, "%s", reads[_i].name);
        ck_assert(cursor.failed == !enough);
        ck_assert_int_eq(cursor_end(&cursor),
            size == reads[_i].size ? ERR_OK : ERR_MALFORMED);
    }
}
END_TEST

START_TEST(failure_is_sticky)
{
    struct cursor cursor = cursor_init(bytes_of(sample, 4));

    cursor_take(&cursor, 5);
    ck_assert(cursor.failed);
    ck_assert_uint_eq(cursor_left(&cursor), 0);
    ck_assert_uint_eq(cursor_u8(&cursor), 0);
    ck_assert_ptr_null(cursor_take(&cursor, 0).data);
    ck_assert_int_eq(cursor_end(&cursor), ERR_MALFORMED);
}
END_TEST

START_TEST(a_decoder_may_fail_it_too)
{
    struct cursor cursor = cursor_init(bytes_of(sample, 0));

    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    cursor_fail(&cursor);
    ck_assert_int_eq(cursor_end(&cursor), ERR_MALFORMED);
}
END_TEST

START_TEST(sizes_beyond_all_memory_fail)
{
    struct cursor cursor = cursor_init(bytes_of(sample, 4));

    ck_assert_ptr_null(cursor_take(&cursor, SIZE_MAX).data);
    ck_assert(cursor.failed);
}
END_TEST

START_TEST(an_empty_view_without_memory_is_at_its_end)
{
    struct cursor cursor = cursor_init(bytes_of(NULL, 0));

    ck_assert_uint_eq(cursor_take(&cursor, 0).size, 0);
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    ck_assert_uint_eq(cursor_u8(&cursor), 0);
    ck_assert(cursor.failed);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cursor");
    TCase *tcase = tcase_create("cursor");

    tcase_add_test(tcase, reads_are_big_endian_and_in_order);
    tcase_add_loop_test(tcase, a_read_past_the_end_yields_zero_and_fails, 0,
        sizeof(reads) / sizeof(*reads));
    tcase_add_test(tcase, failure_is_sticky);
    tcase_add_test(tcase, a_decoder_may_fail_it_too);
    tcase_add_test(tcase, sizes_beyond_all_memory_fail);
    tcase_add_test(tcase, an_empty_view_without_memory_is_at_its_end);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
