/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/mem.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

#include "tests/lib/run.h"

START_TEST(memory_of_size_zero_is_memory)
{
    void *memory = mem_alloc(0);
    void *zeroed = mem_zalloc(0, 8);
    void *copied = mem_copy(NULL, 0);

    ck_assert_ptr_nonnull(memory);
    ck_assert_ptr_nonnull(zeroed);
    ck_assert_ptr_nonnull(copied);
    memory = mem_realloc(memory, 0);
    ck_assert_ptr_nonnull(memory);
    mem_free(memory);
    mem_free(zeroed);
    mem_free(copied);
    mem_free(NULL);
}
END_TEST

START_TEST(zalloc_checks_its_product_and_zeroes)
{
    static const uint8_t zeros[64] = {0};
    void *memory = NULL;

    ck_assert_ptr_null(mem_zalloc(SIZE_MAX / 2, 3));
    memory = mem_zalloc(8, 8);
    ck_assert_ptr_nonnull(memory);
    ck_assert_mem_eq(memory, zeros, 64);
    mem_free(memory);
}
END_TEST

START_TEST(grow_keeps_items_and_zeroes_new_ones)
{
    uint32_t *items = NULL;
    size_t capacity = 0;

    for (uint32_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(
            mem_grow((void **)&items, &capacity, (size_t)i + 1, sizeof(*items)),
            ERR_OK);
        ck_assert_uint_eq(items[i], 0);
        items[i] = i;
    }
    ck_assert_uint_ge(capacity, 1000);
    ck_assert_uint_lt(capacity, 4000);
    for (uint32_t i = 0; i < 1000; i++) {
        ck_assert_uint_eq(items[i], i);
    }
    mem_free(items);
}
END_TEST

START_TEST(grow_does_nothing_when_there_is_room)
{
    uint32_t *items = NULL;
    size_t capacity = 0;

    mem_fault_after(0);
    ck_assert_int_eq(mem_grow((void **)&items, &capacity, 0, 4), ERR_OK);
    ck_assert(!mem_fault_hit());
    ck_assert_ptr_null(items);
    mem_fault_after(-1);
}
END_TEST

START_TEST(a_failed_grow_changes_nothing)
{
    uint32_t *items = NULL;
    uint32_t *before = NULL;
    size_t capacity = 0;

    ck_assert_int_eq(mem_grow((void **)&items, &capacity, 4, 4), ERR_OK);
    before = items;
    ck_assert_int_eq(
        mem_grow((void **)&items, &capacity, SIZE_MAX / 2, 4), ERR_NOMEM);
    mem_fault_after(0);
    ck_assert_int_eq(mem_grow((void **)&items, &capacity, 5, 4), ERR_NOMEM);
    ck_assert(mem_fault_hit());
    ck_assert_ptr_eq(items, before);
    ck_assert_uint_eq(capacity, 4);
    mem_free(items);
}
END_TEST

START_TEST(wipe_zeroes_its_size_and_no_more)
{
    uint8_t secret[4] = {1, 2, 3, 4};

    mem_wipe(secret, 3);
    ck_assert_mem_eq(secret, "\0\0\0\x04", 4);
    mem_wipe(NULL, 0);
}
END_TEST

START_TEST(secrets_are_writable_and_may_fail)
{
    uint8_t *secret = mem_secret_alloc(32);

    ck_assert_ptr_nonnull(secret);
    memset(secret, 7, 32);
    ck_assert_uint_eq(secret[31], 7);
    mem_secret_free(secret);
    mem_secret_free(NULL);
    mem_fault_after(0);
    ck_assert_ptr_null(mem_secret_alloc(32));
}
END_TEST

/* Each way to allocate, as one that can be counted. */
static void *
alloc(void)
{
    return mem_alloc(1);
}

static void *
zalloc(void)
{
    return mem_zalloc(1, 1);
}

static void *
new_by_realloc(void)
{
    return mem_realloc(NULL, 1);
}

static void *
copy(void)
{
    return mem_copy("x", 1);
}

static void *(*const ways[])(void) = {alloc, zalloc, new_by_realloc, copy};

START_TEST(the_fault_strikes_once_after_n_of_any_kind)
{
    void *memory[4] = {NULL};

    mem_fault_after(2);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(mem_fault_hit() == (i == 3));
        memory[i] = i == 2 ? ways[_i]() : mem_alloc(1);
    }
    ck_assert_ptr_nonnull(memory[0]);
    ck_assert_ptr_nonnull(memory[1]);
    ck_assert_ptr_null(memory[2]);
    ck_assert_ptr_nonnull(memory[3]);
    ck_assert(mem_fault_hit());
    mem_fault_after(-1);
    ck_assert(!mem_fault_hit());
    for (size_t i = 0; i < 4; i++) {
        mem_free(memory[i]);
    }
}
END_TEST

START_TEST(a_failed_realloc_keeps_the_old_memory)
{
    uint8_t *memory = mem_copy("ab", 2);

    mem_fault_after(0);
    ck_assert_ptr_null(mem_realloc(memory, 100));
    ck_assert_mem_eq(memory, "ab", 2);
    mem_free(memory);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mem");
    TCase *tcase = tcase_create("mem");

    tcase_add_test(tcase, memory_of_size_zero_is_memory);
    tcase_add_test(tcase, zalloc_checks_its_product_and_zeroes);
    tcase_add_test(tcase, grow_keeps_items_and_zeroes_new_ones);
    tcase_add_test(tcase, grow_does_nothing_when_there_is_room);
    tcase_add_test(tcase, a_failed_grow_changes_nothing);
    tcase_add_test(tcase, wipe_zeroes_its_size_and_no_more);
    tcase_add_test(tcase, secrets_are_writable_and_may_fail);
    tcase_add_loop_test(tcase, the_fault_strikes_once_after_n_of_any_kind, 0,
        sizeof(ways) / sizeof(*ways));
    tcase_add_test(tcase, a_failed_realloc_keeps_the_old_memory);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
