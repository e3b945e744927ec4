/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/window.h"

#include "crypto/base/mem.h"
#include "tests/lib/run.h"

static struct window window;

static void
setup(void)
{
    window_init(&window, 1000);
}

static void
teardown(void)
{
    ck_assert(window_check(&window));
    window_release(&window);
}

static void
push(size_t bytes, uint64_t sent_ms)
{
    struct flight flight = {
        .from = window.sent, .bytes = bytes, .sent_ms = sent_ms};

    ck_assert_int_eq(window_push(&window, &flight), ERR_OK);
    ck_assert(window_check(&window));
}

static struct flight
take(uint64_t now_ms)
{
    struct flight flight = {0};

    ck_assert(window_take(&window, now_ms, &flight));
    ck_assert(window_check(&window));
    return flight;
}

START_TEST(batches_come_back_in_order)
{
    struct flight flight = {0};
    uint64_t taken = 0;

    for (uint64_t i = 0; i < 300; i++) {
        push(1, 1000);
        if (i % 3 != 0) {
            ck_assert_uint_eq(take(3000).from, taken);
            taken++;
        }
    }
    for (; taken < 300; taken++) {
        ck_assert_uint_eq(take(3000).from, taken);
    }
    ck_assert(!window_take(&window, 3000, &flight));
}
END_TEST

START_TEST(a_full_window_has_no_room)
{
    size_t limit = WINDOW_BATCHES * WINDOW_BATCH_BYTES_START;

    ck_assert_uint_eq(window_room(&window), limit);
    push(limit - 1, 1000);
    ck_assert_uint_eq(window_room(&window), 1);
    push(100, 1000);
    ck_assert_uint_eq(window_room(&window), 0);
    take(3000);
    ck_assert_uint_eq(window_room(&window), limit - 100);
}
END_TEST

START_TEST(the_number_of_batches_on_their_way_is_limited)
{
    for (int i = 0; i < WINDOW_FLIGHTS_MAX; i++) {
        ck_assert_uint_gt(window_room(&window), 0);
        push(1, 1000);
    }
    ck_assert_uint_eq(window_room(&window), 0);
    take(3000);
    ck_assert_uint_gt(window_room(&window), 0);
}
END_TEST

START_TEST(batches_grow_while_they_are_taken_fast)
{
    uint64_t now_ms = 1000;

    for (size_t size = WINDOW_BATCH_BYTES_START; size < WINDOW_BATCH_BYTES_MAX;
         size *= 2) {
        ck_assert_uint_eq(window.batch_bytes, size);
        push(size, now_ms);
        now_ms += WINDOW_FAST_MS - 1;
        take(now_ms);
    }
    ck_assert_uint_eq(window.batch_bytes, WINDOW_BATCH_BYTES_MAX);
    push(1, now_ms);
    take(now_ms);
    ck_assert_uint_eq(window.batch_bytes, WINDOW_BATCH_BYTES_MAX);
    ck_assert_uint_eq(window_room(&window), WINDOW_BYTES_MAX);
}
END_TEST

START_TEST(batches_shrink_when_they_are_taken_slowly)
{
    uint64_t now_ms = 1000;

    for (size_t size = WINDOW_BATCH_BYTES_START; size > WINDOW_BATCH_BYTES_MIN;
         size /= 2) {
        ck_assert_uint_eq(window.batch_bytes, size);
        push(size, now_ms);
        now_ms += WINDOW_SLOW_MS + 1;
        take(now_ms);
    }
    push(1, now_ms);
    take(now_ms + WINDOW_SLOW_MS + 1);
    ck_assert_uint_eq(window.batch_bytes, WINDOW_BATCH_BYTES_MIN);
}
END_TEST

START_TEST(batches_keep_their_size_between)
{
    push(1, 1000);
    take(1000 + WINDOW_FAST_MS);
    push(1, 2000);
    take(2000 + WINDOW_SLOW_MS);
    ck_assert_uint_eq(window.batch_bytes, WINDOW_BATCH_BYTES_START);
}
END_TEST

START_TEST(one_window_changes_the_size_once)
{
    for (int i = 0; i < 8; i++) {
        push(1, 1000);
    }
    for (int i = 0; i < 8; i++) {
        take(9000);
    }
    ck_assert_uint_eq(window.batch_bytes, WINDOW_BATCH_BYTES_START / 2);
}
END_TEST

START_TEST(a_failed_allocation_changes_nothing)
{
    struct flight flight = {.bytes = 1};

    for (int i = 0; i < 8; i++) {
        push(1, 1000);
    }
    mem_fault_after(0);
    ck_assert_int_eq(window_push(&window, &flight), ERR_NOMEM);
    ck_assert_uint_eq(window.count, 8);
    ck_assert_uint_eq(window.sent, 8);
    ck_assert_int_eq(window_push(&window, &flight), ERR_OK);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("window");
    TCase *tcase = tcase_create("window");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, batches_come_back_in_order);
    tcase_add_test(tcase, a_full_window_has_no_room);
    tcase_add_test(tcase, the_number_of_batches_on_their_way_is_limited);
    tcase_add_test(tcase, batches_grow_while_they_are_taken_fast);
    tcase_add_test(tcase, batches_shrink_when_they_are_taken_slowly);
    tcase_add_test(tcase, batches_keep_their_size_between);
    tcase_add_test(tcase, one_window_changes_the_size_once);
    tcase_add_test(tcase, a_failed_allocation_changes_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
