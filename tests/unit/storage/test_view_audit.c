/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, grants and statements as auditors ask for them. */
#include <check.h>

#include "storage/store_internal.h"
#include "storage/view_audit.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { CASES = 5, KEYS = 2 * CASES }; /* a case's, and its sealed fields' */

static struct corridor_fixture f;
static struct view *view;
static struct record_id newest;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = 2, .policy = POLICY_SHARE_BY_DEFAULT};

    fixture_make(&f, &options);
    for (int i = 0; i < CASES; i++) {
        newest = fixture_case(&f, i % 2 == 0 ? 0 : 1, "A summary");
    }
    fixture_sync(&f);
    ck_assert_int_eq(view_open(&view, f.offices[1].store, &f.msg), ERR_OK);
}

static void
teardown(void)
{
    view_close(view);
    view = NULL;
    fixture_release(&f);
}

struct walk {
    struct dot keys[16];
    size_t grants;
    size_t count;
    size_t max;
};

static bool
take_key(void *context, const struct key_info *key)
{
    struct walk *walk = context;

    walk->keys[walk->count++] = key->key;
    walk->grants += key->grant_count;
    ck_assert_uint_ge(key->class, CLASS_CASE);
    return walk->count < walk->max;
}

START_TEST(every_key_is_shown_with_its_grants)
{
    struct walk walk = {.max = 16};

    ck_assert_int_eq(
        view_keys(view, (struct dot){0, 0}, take_key, &walk, &f.msg), ERR_OK);
    ck_assert_uint_eq(walk.count, KEYS);
    ck_assert_uint_eq(walk.grants, KEYS);
    for (size_t i = 1; i < walk.count; i++) {
        ck_assert(walk.keys[i].log > walk.keys[i - 1].log ||
                  walk.keys[i].position > walk.keys[i - 1].position);
    }
}
END_TEST

START_TEST(a_walk_goes_on_from_any_key)
{
    struct walk whole = {.max = 16};
    struct dot from = {0, 0};

    ck_assert_int_eq(view_keys(view, from, take_key, &whole, &f.msg), ERR_OK);
    for (size_t i = 0; i < whole.count; i++) {
        struct walk one = {.max = 1};

        ck_assert_int_eq(view_keys(view, from, take_key, &one, &f.msg), ERR_OK);
        ck_assert_uint_eq(one.count, 1);
        ck_assert_uint_eq(one.keys[0].log, whole.keys[i].log);
        ck_assert_uint_eq(one.keys[0].position, whole.keys[i].position);
        from = one.keys[0];
        from.position++;
    }
    whole.count = 0;
    ck_assert_int_eq(view_keys(view, from, take_key, &whole, &f.msg), ERR_OK);
    ck_assert_uint_eq(whole.count, 0);
}
END_TEST

START_TEST(a_records_keys_are_found)
{
    struct record record;
    struct key_info key = {.class = CLASS_COUNT};
    uint64_t time = 0;

    ck_assert_int_eq(
        view_record(view, FIXTURE_CASE, &newest, &record, &f.msg), ERR_OK);
    ck_assert_uint_eq(record.key_count, 2);
    ck_assert_int_eq(view_key(view, record.keys[0].key, &key, &f.msg), ERR_OK);
    ck_assert_uint_eq(key.class, record.keys[0].class);
    ck_assert_uint_eq(key.grant_count, 1);
    ck_assert_int_eq(view_entry_time(view, key.key, &time, &f.msg), ERR_OK);
    ck_assert_uint_gt(time, 0);
    key_info_release(&key);
    record_release(&record);
    ck_assert_int_eq(
        view_key(view, (struct dot){0, 9}, &key, &f.msg), ERR_NOT_FOUND);
    ck_assert_int_eq(view_entry_time(view, (struct dot){0, 99}, &time, &f.msg),
        ERR_NOT_FOUND);
}
END_TEST

struct told {
    uint64_t arrivals[64];
    enum void_reason reasons[64];
    uint8_t types[64];
    size_t count;
    size_t max;
};

static bool
take_statement(void *context, const struct view_statement *statement)
{
    struct told *told = context;

    told->arrivals[told->count] = statement->arrival;
    told->reasons[told->count] = statement->reason;
    told->types[told->count] = statement->control->statement.type;
    told->count++;
    return told->count < told->max;
}

START_TEST(statements_are_told_in_order_and_from_anywhere)
{
    struct told whole = {.max = 64};
    struct told rest = {.max = 64};

    ck_assert_int_eq(
        view_statements(view, 0, take_statement, &whole, &f.msg), ERR_OK);
    ck_assert_uint_gt(whole.count, 3);
    ck_assert_uint_eq(whole.types[0], STATEMENT_FOUND);
    for (size_t i = 0; i < whole.count; i++) {
        ck_assert_int_eq(whole.reasons[i], VOID_NONE);
    }
    ck_assert_int_eq(view_statements(view, whole.arrivals[1] + 1,
                         take_statement, &rest, &f.msg),
        ERR_OK);
    ck_assert_uint_eq(rest.count, whole.count - 2);
    ck_assert_uint_eq(rest.arrivals[0], whole.arrivals[2]);
}
END_TEST

START_TEST(a_void_statement_is_told_with_its_reason)
{
    struct told whole = {.max = 64};
    struct buf body = {0};
    struct dot dot;

    view_close(view);
    view = NULL;
    statement_put_confirm(&body, &f.offices[0].id);
    fixture_begin(&f, 1);
    ck_assert_int_eq(
        store_state(f.offices[1].store, buf_bytes(&body), &dot, &f.msg),
        ERR_OK);
    fixture_commit(&f, 1);
    buf_release(&body);
    ck_assert_int_eq(view_open(&view, f.offices[1].store, &f.msg), ERR_OK);
    ck_assert_int_eq(
        view_statements(view, 0, take_statement, &whole, &f.msg), ERR_OK);
    ck_assert_int_eq(whole.reasons[whole.count - 1], VOID_NO_RIGHT);
}
END_TEST

/* A key of another node's log that no table has. */
START_TEST(a_damaged_row_is_an_error)
{
    struct key_grant stray = {.entry = {LOG_TABLE_MAX - 1, 0}};
    struct key_info info = {.key = {0, 9999}, .class = CLASS_CASE};
    struct content_key key = {.info = info};
    struct key name = key_dot(info.key);
    struct walk walk = {.max = 16};
    struct buf row = {0};
    struct store *store = f.offices[1].store;

    if (_i == 1) {
        key.info.grants = &stray;
        key.info.grant_count = 1;
    }
    view_close(view);
    view = NULL;
    fixture_begin(&f, 1);
    ck_assert_int_eq(content_row_encode(&store->content, &row, &key), ERR_OK);
    if (_i == 0) {
        row.size--;
    }
    ck_assert_int_eq(txn_put(store->txn, TABLE_KEYS, key_bytes(&name),
                         buf_bytes(&row), &f.msg),
        ERR_OK);
    fixture_commit(&f, 1);
    buf_release(&row);
    ck_assert_int_eq(view_open(&view, store, &f.msg), ERR_OK);
    ck_assert_int_eq(
        view_keys(view, (struct dot){0, 0}, take_key, &walk, &f.msg),
        ERR_CORRUPT);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("view_audit");
    TCase *tcase = tcase_create("view_audit");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_key_is_shown_with_its_grants);
    tcase_add_test(tcase, a_walk_goes_on_from_any_key);
    tcase_add_test(tcase, a_records_keys_are_found);
    tcase_add_test(tcase, statements_are_told_in_order_and_from_anywhere);
    tcase_add_test(tcase, a_void_statement_is_told_with_its_reason);
    tcase_add_loop_test(tcase, a_damaged_row_is_an_error, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
