/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that come after what they open: the records must be those of a node
 * that could read from the start.
 */
#include <check.h>
#include <string.h>

#include "storage/share.h"
#include "storage/store.h"
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
make(size_t offices, uint64_t policy, bool only_first)
{
    struct fixture_options options = {
        .offices = offices, .policy = policy, .only_first = only_first};

    fixture_make(&f, &options);
}

START_TEST(files_of_another_office_stay_closed_and_pending)
{
    make(2, 0, false);
    fixture_case(&f, 0, "not for others");
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_digest(&f, 0).records, 1);
    ck_assert_uint_eq(fixture_digest(&f, 1).records, 0);
    /* The general and the sealed key. */
    ck_assert_uint_eq(fixture_stat(&f, 1).pending_keys, 2);
    ck_assert_uint_eq(fixture_stat(&f, 1).refused, 0);
    fixture_verify(&f, 1, true);
}
END_TEST

/* Hand over one log from office `from` to office `to`. */
static void
pump_log(size_t from, size_t to, const struct node_id *node, uint8_t kind)
{
    struct log_id id = {*node, kind};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result;
    enum err rc = ERR_OK;

    for (;;) {
        uint64_t next = 0;

        buf_clear(&batch);
        next = fixture_batch(&f, from, &range, &batch);
        if (next == range.from) {
            break;
        }
        range.from = next;
        fixture_begin(&f, to);
        rc = store_accept(
            f.offices[to].store, buf_bytes(&batch), &result, &f.msg);
        ck_assert_msg(rc == ERR_OK || rc == ERR_STALE, "%s", f.msg.text);
        fixture_commit(&f, to);
    }
    buf_release(&batch);
}

static bool
is_member(size_t n, const struct node_id *node)
{
    struct view *view = NULL;
    bool is = false;

    ck_assert_int_eq(view_open(&view, f.offices[n].store, &f.msg), ERR_OK);
    is = membership_node(view_membership(view), node) != NULL;
    view_close(view);
    return is;
}

/* Office 0's control log to office 2, entry by entry, until it is admitted
 * there; office 1's as soon as it may come. */
static void
pump_until_admitted(void)
{
    struct log_id control = {f.offices[0].node, LOG_CONTROL};
    struct view_range range = {.log = &control, .bytes_max = 1};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result;

    while (!is_member(2, &f.offices[2].node)) {
        buf_clear(&batch);
        range.from = fixture_batch(&f, 0, &range, &batch);
        fixture_begin(&f, 2);
        ck_assert_int_eq(store_accept(f.offices[2].store, buf_bytes(&batch),
                             &result, &f.msg),
            ERR_OK);
        fixture_commit(&f, 2);
        if (is_member(2, &f.offices[1].node)) {
            pump_log(0, 2, &f.offices[1].node, LOG_CONTROL);
        }
    }
    buf_release(&batch);
}

/*
 * Office 2 takes in changes under the secret of `everyone` before the
 * statement comes that seals that secret to it.
 */
START_TEST(a_circle_secret_that_comes_late_opens_what_came_before)
{
    struct store_admit admit = {
        .roles = ROLE_READ | ROLE_WRITE, .confirmed = true};

    make(3, POLICY_SHARE_BY_DEFAULT, true);
    fixture_admit(&f, 1, ROLE_READ | ROLE_WRITE);
    fixture_work(&f, 0, 30, &ids);
    fixture_work(&f, 1, 30, &ids);
    fixture_sync(&f);
    fixture_begin(&f, 0);
    admit.cert = buf_bytes(&f.offices[2].cert);
    ck_assert_int_eq(store_admit(f.offices[0].store, &admit, &f.msg), ERR_OK);
    fixture_commit(&f, 0);
    fixture_open(&f, 2);
    pump_until_admitted();
    pump_log(0, 2, &f.offices[0].node, LOG_CHANGES);
    pump_log(0, 2, &f.offices[1].node, LOG_CHANGES);
    ck_assert_uint_eq(fixture_digest(&f, 2).records, 0);
    ck_assert_uint_gt(fixture_stat(&f, 2).pending_keys, 0);
    fixture_verify(&f, 2, true);
    /* Now the seals. */
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 2);
    ck_assert_uint_gt(fixture_digest(&f, 2).records, 0);
    ck_assert_uint_eq(fixture_stat(&f, 2).pending_keys, 0);
    ck_assert_uint_eq(fixture_stat(&f, 2).refused, fixture_stat(&f, 0).refused);
    fixture_verify(&f, 2, true);
}
END_TEST

START_TEST(an_office_that_joins_late_shows_what_the_others_show)
{
    make(3, POLICY_SHARE_BY_DEFAULT, true);
    fixture_admit(&f, 1, ROLE_READ | ROLE_WRITE);
    fixture_work(&f, 0, 40, &ids);
    fixture_sync(&f);
    fixture_work(&f, 1, 40, &ids);
    fixture_work(&f, 0, 40, &ids);
    fixture_sync(&f);
    fixture_admit(&f, 2, ROLE_READ | ROLE_WRITE);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
    fixture_expect_same(&f, 0, 2);
    fixture_work(&f, 2, 20, &ids);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 2);
    for (size_t n = 0; n < f.count; n++) {
        fixture_verify(&f, n, true);
        ck_assert_uint_eq(fixture_stat(&f, n).pending_keys, 0);
    }
}
END_TEST

/*
 * Office 1's change waits for office 2's, which it counts; office 0's, under
 * the same content key, arrived after it and is applied before it.
 */
START_TEST(entries_that_wait_are_chained_as_they_are_applied)
{
    struct fixture_pump one_two = {.from = 1, .to = 2};
    struct fixture_pump two_one = {.from = 2, .to = 1};
    struct record_id id;

    make(4, POLICY_SHARE_BY_DEFAULT, false);
    id = fixture_case(&f, 0, "one case");
    fixture_sync(&f);
    fixture_desk(&f, 2, &id, "of two");
    fixture_pump(&f, &two_one);
    fixture_desk(&f, 1, &id, "of one, after two");
    fixture_desk(&f, 0, &id, "of zero");
    fixture_pump(&f, &one_two);
    pump_log(1, 3, &f.offices[1].node, LOG_CHANGES);
    ck_assert_uint_eq(fixture_stat(&f, 3).unapplied, 1);
    pump_log(0, 3, &f.offices[0].node, LOG_CHANGES);
    ck_assert_uint_eq(fixture_stat(&f, 3).unapplied, 1);
    fixture_verify(&f, 3, true);
    pump_log(2, 3, &f.offices[2].node, LOG_CHANGES);
    ck_assert_uint_eq(fixture_stat(&f, 3).unapplied, 0);
    fixture_verify(&f, 3, true);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 3);
    ck_assert_int_eq(store_rebuild(f.offices[3].store, NULL, &f.msg), ERR_OK);
    fixture_expect_same(&f, 0, 3);
    fixture_verify(&f, 3, true);
}
END_TEST

/* Grant office 0's general and sealed keys of a case to office 1's circle. */
static void
share_with_one(const struct record_id *id)
{
    struct circle_name circle = {
        .kind = CIRCLE_OFFICE, .office = f.offices[1].id};
    struct share share = {.kind = FIXTURE_CASE,
        .id = *id,
        .class = CLASS_CASE,
        .circle = &circle,
        .purpose = PURPOSE_SHARE};
    enum err rc = ERR_OK;

    fixture_begin(&f, 0);
    rc = store_share(f.offices[0].store, &share, &f.msg);
    ck_assert_msg(rc == ERR_OK, "%s: %s", err_text(rc), f.msg.text);
    share.class = CLASS_SEALED;
    rc = store_share(f.offices[0].store, &share, &f.msg);
    ck_assert_msg(rc == ERR_OK, "%s: %s", err_text(rc), f.msg.text);
    fixture_commit(&f, 0);
}

START_TEST(a_grant_that_comes_late_opens_what_came_before)
{
    struct record_id shared;
    struct view *views[2] = {NULL, NULL};
    struct record records[2];
    struct hash digests[2];

    make(2, 0, false);
    shared = fixture_case(&f, 0, "to be shared");
    fixture_case(&f, 0, "not to be shared");
    fixture_desk(&f, 0, &shared, "a desk");
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_digest(&f, 1).records, 0);
    ck_assert_uint_eq(fixture_stat(&f, 1).pending_keys, 4);
    share_with_one(&shared);
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_digest(&f, 1).records, 1);
    ck_assert_uint_eq(fixture_stat(&f, 1).pending_keys, 2);
    for (size_t n = 0; n < 2; n++) {
        ck_assert_int_eq(
            view_open(&views[n], f.offices[n].store, &f.msg), ERR_OK);
        ck_assert_int_eq(
            view_record(views[n], FIXTURE_CASE, &shared, &records[n], &f.msg),
            ERR_OK);
        ck_assert_int_eq(
            record_digest(&digests[n], &records[n], view_logs(views[n])),
            ERR_OK);
        record_release(&records[n]);
        view_close(views[n]);
        fixture_verify(&f, n, true);
    }
    ck_assert(hash_equal(&digests[0], &digests[1]));
    /* And office 1 may now write what office 0 merges. */
    fixture_desk(&f, 1, &shared, "a desk of office 1");
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_stat(&f, 0).refused, 0);
    fixture_verify(&f, 0, true);
    ck_assert_int_eq(store_rebuild(f.offices[1].store, NULL, &f.msg), ERR_OK);
    ck_assert_uint_eq(fixture_digest(&f, 1).records, 1);
    ck_assert_uint_eq(fixture_stat(&f, 1).pending_keys, 2);
    fixture_verify(&f, 1, true);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("late");
    TCase *tcase = tcase_create("late");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, files_of_another_office_stay_closed_and_pending);
    tcase_add_test(
        tcase, a_circle_secret_that_comes_late_opens_what_came_before);
    tcase_add_test(tcase, a_grant_that_comes_late_opens_what_came_before);
    tcase_add_test(tcase, an_office_that_joins_late_shows_what_the_others_show);
    tcase_add_test(tcase, entries_that_wait_are_chained_as_they_are_applied);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
