/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/store.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;
static struct fixture_ids ids;

static void
setup(void)
{
    ids.count = 0;
}

static void
teardown(void)
{
    fixture_release(&f);
}

static void
make(size_t offices, uint64_t policy)
{
    struct fixture_options options = {.offices = offices, .policy = policy};

    fixture_make(&f, &options);
}

START_TEST(a_founded_corridor_has_its_founder_and_three_circles)
{
    struct view *view = NULL;
    const struct membership *members = NULL;

    make(1, 0);
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    members = view_membership(view);
    ck_assert_str_eq(members->name, "A corridor");
    ck_assert_str_eq(members->pack_name, "mekong");
    ck_assert_uint_eq(members->office_count, 1);
    ck_assert_uint_eq(members->generation_count, 3);
    ck_assert_ptr_nonnull(membership_node(members, &f.offices[0].node));
    view_close(view);
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(admitted_offices_enrol_and_hold_the_same_logs)
{
    make(3, 0);
    for (size_t n = 0; n < f.count; n++) {
        struct view_stat stat = fixture_stat(&f, n);

        ck_assert_uint_eq(stat.logs, 6);
        ck_assert_uint_eq(stat.entries, fixture_stat(&f, 0).entries);
        ck_assert_uint_eq(stat.unapplied, 0);
        ck_assert_uint_eq(stat.refused, 0);
        fixture_verify(&f, n, true);
    }
}
END_TEST

START_TEST(what_one_office_writes_another_shows)
{
    struct record_id id;

    make(2, POLICY_SHARE_BY_DEFAULT);
    id = fixture_case(&f, 0, "A summary");
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
    ck_assert_uint_eq(fixture_digest(&f, 1).records, 1);
    fixture_desk(&f, 1, &id, "Desk two");
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
    fixture_verify(&f, 0, true);
    fixture_verify(&f, 1, true);
}
END_TEST

START_TEST(three_offices_that_write_at_once_converge)
{
    make(3, POLICY_SHARE_BY_DEFAULT);
    for (int round = 0; round < 4; round++) {
        for (size_t n = 0; n < f.count; n++) {
            fixture_work(&f, n, 12, &ids);
        }
        fixture_sync(&f);
        fixture_expect_same(&f, 0, 1);
        fixture_expect_same(&f, 0, 2);
    }
    for (size_t n = 0; n < f.count; n++) {
        fixture_verify(&f, n, true);
        ck_assert_uint_eq(fixture_stat(&f, n).refused, 0);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_founded_corridor_has_its_founder_and_three_circles);
    tcase_add_test(tcase, admitted_offices_enrol_and_hold_the_same_logs);
    tcase_add_test(tcase, what_one_office_writes_another_shows);
    tcase_add_test(tcase, three_offices_that_write_at_once_converge);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
