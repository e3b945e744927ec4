/* SPDX-License-Identifier: Apache-2.0 */
/* Many statements at once: what they cost, and that they count. */
#include <check.h>

#include "storage/local.h"
#include "storage/store.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { STATEMENTS = 200 };

static struct corridor_fixture f;

static void
setup(void)
{
    struct fixture_options options = {.offices = 2};

    fixture_make(&f, &options);
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* Any member can write any number of them, valid or not. */
static void
write_statements(void)
{
    struct hash hash = {{0}};
    struct buf body = {0};

    statement_put_pack(&body, "mekong", 1, &hash);
    fixture_begin(&f, 1);
    for (int i = 0; i < STATEMENTS; i++) {
        struct dot dot;

        ck_assert_int_eq(
            store_state(f.offices[1].store, buf_bytes(&body), &dot, &f.msg),
            ERR_OK);
    }
    fixture_commit(&f, 1);
    buf_release(&body);
}

/* An evaluation looks at all statements there are: one for each that comes
 * would take hours for a log of some megabytes. */
START_TEST(statements_of_a_batch_are_evaluated_together)
{
    struct store *store = f.offices[0].store;
    struct log_id id = {f.offices[1].node, LOG_CONTROL};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result;
    size_t before = store->membership.control_count;

    write_statements();
    (void)fixture_batch(&f, 1, &range, &batch);
    fixture_begin(&f, 0);
    ck_assert_int_eq(
        store_accept(store, buf_bytes(&batch), &result, &f.msg), ERR_OK);
    ck_assert_uint_ge(store->control_count, before + STATEMENTS);
    ck_assert_uint_eq(store->membership.control_count, before);
    fixture_commit(&f, 0);
    ck_assert_uint_eq(store->membership.control_count, store->control_count);
    ck_assert_uint_ge(fixture_stat(&f, 0).refused, STATEMENTS);
    fixture_verify(&f, 0, true);
    buf_release(&batch);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("statements");
    TCase *tcase = tcase_create("statements");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, statements_of_a_batch_are_evaluated_together);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
