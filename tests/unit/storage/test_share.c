/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/share.h"

#include <check.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;

static void
setup(void)
{
    struct fixture_options options = {.offices = 3};

    fixture_make(&f, &options);
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* Office n shares the record's key of that class with office `to`. */
static enum err
share_with(size_t n, const struct record_id *id, uint8_t class, size_t to)
{
    struct circle_name circle = {
        .kind = CIRCLE_OFFICE, .office = f.offices[to].id};
    struct share share = {
        .kind = FIXTURE_CASE,
        .id = *id,
        .class = class,
        .circle = &circle,
        .purpose = PURPOSE_SHARE,
    };
    enum err rc = ERR_OK;

    fixture_begin(&f, n);
    rc = store_share(f.offices[n].store, &share, &f.msg);
    if (rc == ERR_OK) {
        fixture_commit(&f, n);
    } else {
        ck_assert(!store_is_dirty(f.offices[n].store));
        store_cancel(f.offices[n].store);
    }
    return rc;
}

static enum err
can_read(size_t n, const struct record_id *id)
{
    struct view *view = NULL;
    struct record record = {0};
    enum err rc = view_open(&view, f.offices[n].store, &f.msg);

    ck_assert_int_eq(rc, ERR_OK);
    rc = view_record(view, FIXTURE_CASE, id, &record, &f.msg);
    if (rc == ERR_OK) {
        record_release(&record);
    }
    view_close(view);
    return rc;
}

START_TEST(what_was_written_before_opens_for_whom_it_is_shared_with)
{
    struct record_id id = fixture_case(&f, 1, "a summary");

    fixture_desk(&f, 1, &id, "desk 1");
    fixture_sync(&f);
    ck_assert_int_ne(can_read(2, &id), ERR_OK);
    ck_assert_int_eq(share_with(1, &id, CLASS_CASE, 2), ERR_OK);
    fixture_sync(&f);
    ck_assert_int_eq(can_read(2, &id), ERR_OK);
    ck_assert_int_ne(can_read(0, &id), ERR_OK);
    /* Its sealed fields are another key's. */
    ck_assert_int_eq(share_with(1, &id, CLASS_SEALED, 2), ERR_OK);
    fixture_sync(&f);
    fixture_expect_same(&f, 1, 2);
    for (size_t n = 0; n < 3; n++) {
        fixture_verify(&f, n, true);
        ck_assert_uint_eq(fixture_stat(&f, n).refused, 0);
    }
}
END_TEST

START_TEST(whoever_got_it_can_write_and_share_it_on)
{
    struct record_id id = fixture_case(&f, 1, "a summary");

    ck_assert_int_eq(share_with(1, &id, CLASS_CASE, 2), ERR_OK);
    fixture_sync(&f);
    fixture_desk(&f, 2, &id, "desk 2");
    ck_assert_int_eq(share_with(2, &id, CLASS_CASE, 0), ERR_OK);
    fixture_sync(&f);
    ck_assert_int_eq(can_read(0, &id), ERR_OK);
    fixture_expect_same(&f, 0, 2);
}
END_TEST

START_TEST(what_cannot_be_shared_changes_nothing)
{
    struct record_id id = fixture_case(&f, 1, "a summary");
    struct record_id none = {{0}};

    fixture_sync(&f);
    ck_assert_int_eq(share_with(1, &none, CLASS_CASE, 2), ERR_NOT_FOUND);
    /* A case has no key of that class. */
    ck_assert_int_eq(share_with(1, &id, CLASS_MEMBERS, 2), ERR_NOT_FOUND);
    /* It is not office 2's to share. */
    ck_assert_int_eq(share_with(2, &id, CLASS_CASE, 0), ERR_NOT_FOUND);
    ck_assert_int_ne(can_read(2, &id), ERR_OK);
}
END_TEST

START_TEST(running_out_of_memory_shares_nothing_and_keeps_all)
{
    struct record_id id = fixture_case(&f, 1, "a summary");
    bool was_hit = true;

    for (long n = 0; was_hit; n++) {
        struct circle_name circle = {
            .kind = CIRCLE_OFFICE, .office = f.offices[2].id};
        struct share share = {
            .kind = FIXTURE_CASE,
            .id = id,
            .class = CLASS_CASE,
            .circle = &circle,
            .purpose = PURPOSE_SHARE,
        };
        enum err rc = ERR_OK;

        fixture_begin(&f, 1);
        mem_fault_after(n);
        rc = store_share(f.offices[1].store, &share, &f.msg);
        was_hit = mem_fault_hit();
        mem_fault_after(-1);
        ck_assert_int_eq(rc, was_hit ? ERR_NOMEM : ERR_OK);
        if (rc == ERR_OK) {
            fixture_commit(&f, 1);
        } else {
            store_abort(f.offices[1].store);
        }
    }
    fixture_sync(&f);
    ck_assert_int_eq(can_read(2, &id), ERR_OK);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("share");
    TCase *tcase = tcase_create("share");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(
        tcase, what_was_written_before_opens_for_whom_it_is_shared_with);
    tcase_add_test(tcase, whoever_got_it_can_write_and_share_it_on);
    tcase_add_test(tcase, what_cannot_be_shared_changes_nothing);
    tcase_add_test(tcase, running_out_of_memory_shares_nothing_and_keeps_all);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
