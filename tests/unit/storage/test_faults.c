/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nth write, commit or allocation fails, for every n, in everything that
 * writes: afterwards the same store works on, is whole, and holds exactly what
 * was acknowledged; and so does the one that is opened again.
 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/store.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;
static struct fixture_ids ids;
static struct record_id a_case;
static struct buf batch;

/* What is tried: returns what the store said, of a transaction begun. */
struct attempt {
    const char *name;
    enum err (*run)(struct store *store, struct err_msg *msg);
};

static enum err
edit_old(struct store *store, struct err_msg *msg)
{
    struct fixture_op ops[] = {
        {FIXTURE_CASE_SUMMARY, false, false, "another summary"},
        {FIXTURE_CASE_CHANNEL, false, true, "eps"},
    };
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .id = &a_case, .ops = ops, .op_count = 2};
    struct edit_result out;

    (void)store;
    (void)msg;
    return fixture_try_edit(&f, 0, &edit, &out);
}

static enum err
edit_new(struct store *store, struct err_msg *msg)
{
    struct fixture_op ops[] = {
        {FIXTURE_CASE_SUMMARY, false, false, "a new one"},
        {FIXTURE_CASE_CHANNEL, false, true, "eps"},
    };
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .ops = ops, .op_count = 2};
    struct edit_result out;

    (void)store;
    (void)msg;
    return fixture_try_edit(&f, 0, &edit, &out);
}

static enum err
accept_changes(struct store *store, struct err_msg *msg)
{
    struct accept_result out;

    return store_accept(store, buf_bytes(&batch), &out, msg);
}

static enum err
admit(struct store *store, struct err_msg *msg)
{
    struct store_admit options = {.cert = buf_bytes(&f.offices[2].cert),
        .roles = ROLE_READ | ROLE_WRITE,
        .confirmed = true};

    return store_admit(store, &options, msg);
}

static enum err
index_all(struct store *store, struct err_msg *msg)
{
    bool left = false;

    return store_index(store, 1000, &left, msg);
}

static enum err
put_note(struct store *store, struct err_msg *msg)
{
    return store_put_note(store, bytes_text("name"), bytes_text("value"), msg);
}

static const struct attempt attempts[] = {
    {"edit a case", edit_old},
    {"make a case", edit_new},
    {"accept a batch", accept_changes},
    {"admit an office", admit},
    {"index", index_all},
    {"put a note", put_note},
};
enum { ATTEMPTS = sizeof(attempts) / sizeof(attempts[0]) };

/* Office 0 with a case; office 1 has written what office 0 lacks; office 2 is
 * not admitted yet. */
static void
setup(void)
{
    struct fixture_options options = {
        .offices = 3, .policy = POLICY_SHARE_BY_DEFAULT, .only_first = true};
    struct log_id id = {.kind = LOG_CHANGES};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};

    ids.count = 0;
    batch = (struct buf){.limit = LOG_BATCH_BYTES_MAX};
    fixture_make(&f, &options);
    fixture_admit(&f, 1, ROLE_READ | ROLE_WRITE);
    a_case = fixture_case(&f, 0, "a summary");
    fixture_sync(&f);
    fixture_work(&f, 1, 12, &ids);
    fixture_desk(&f, 1, &a_case, "a desk");
    id.node = f.offices[1].node;
    range.from = 0;
    fixture_batch(&f, 1, &range, &batch);
}

static void
teardown(void)
{
    buf_release(&batch);
    fixture_release(&f);
}

/* One try: whole, or not at all. */
static enum err
try_once(const struct attempt *attempt)
{
    struct store *store = f.offices[0].store;
    enum err rc = store_begin(store, f.wall_ms + 1, &f.msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = attempt->run(store, &f.msg);
    if (rc == ERR_OK) {
        return store_commit(store, &f.msg);
    }
    if (store_is_dirty(store)) {
        store_abort(store);
    } else {
        store_cancel(store);
    }
    return rc;
}

/* Everything of a store that a failure must not change. */
struct state {
    struct digest_result digest;
    struct view_stat stat;
};

static struct state
look(void)
{
    struct state state = {fixture_digest(&f, 0), fixture_stat(&f, 0)};

    return state;
}

static void
expect_same(
    const struct state *a, const struct state *b, const char *what, long n)
{
    ck_assert_msg(
        a->digest.records == b->digest.records &&
            memcmp(a->digest.digest.bytes, b->digest.digest.bytes, 32) == 0 &&
            memcmp(&a->stat, &b->stat, sizeof(a->stat)) == 0,
        "%s, %ld: something changed", what, n);
}

/* After the last failure: it works on, and opened again it is the same. */
static void
expect_working(void)
{
    struct state before;
    struct state after;

    fixture_verify(&f, 0, true);
    fixture_desk(&f, 0, &a_case, "works on");
    before = look();
    fixture_close(&f, 0);
    fixture_open(&f, 0);
    after = look();
    expect_same(&before, &after, "opened again", 0);
    fixture_verify(&f, 0, true);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
}

START_TEST(a_failed_write_changes_nothing)
{
    const struct attempt *attempt = &attempts[_i];
    struct state before = look();
    enum err rc = ERR_FULL;
    long n = 0;

    for (; rc != ERR_OK; n++) {
        f.offices[0].faults.writes_left = n;
        rc = try_once(attempt);
        f.offices[0].faults.writes_left = -1;
        ck_assert_msg(rc == ERR_OK || rc == ERR_FULL, "%s, write %ld: %s",
            attempt->name, n, f.msg.text);
        if (rc != ERR_OK) {
            struct state after = look();
            expect_same(&before, &after, attempt->name, n);
        }
    }
    ck_assert_int_gt(n, 1);
    expect_working();
}
END_TEST

START_TEST(a_failed_commit_changes_nothing)
{
    const struct attempt *attempt = &attempts[_i];
    struct state before = look();
    struct state after;

    f.offices[0].faults.commits_left = 0;
    ck_assert_int_eq(try_once(attempt), ERR_FULL);
    after = look();
    expect_same(&before, &after, attempt->name, 0);
    ck_assert_int_eq(try_once(attempt), ERR_OK);
    expect_working();
}
END_TEST

START_TEST(a_failed_allocation_changes_nothing)
{
    const struct attempt *attempt = &attempts[_i];
    struct state before = look();
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n += 1 + n / 40) {
        mem_fault_after(n);
        rc = try_once(attempt);
        mem_fault_after(-1);
        /* Our fixture's own buffer may be the one that fails. */
        ck_assert_msg(rc == ERR_OK || rc == ERR_NOMEM || rc == ERR_MALFORMED,
            "%s, allocation %ld: %s", attempt->name, n, err_text(rc));
        if (rc != ERR_OK) {
            struct state after = look();
            expect_same(&before, &after, attempt->name, n);
        }
    }
    expect_working();
}
END_TEST

/* Founding, on a store of its own each time. */
START_TEST(a_corridor_is_founded_whole_or_not_at_all)
{
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n += 1 + n / 20) {
        struct store_options options = fixture_store_options(&f, 2);
        struct store *store = NULL;

        mem_fault_after(n);
        rc = store_open(&store, &options, NULL);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
        ck_assert((store != NULL) == (rc == ERR_OK));
        store_close(store);
    }
}
END_TEST

START_TEST(a_store_opens_or_does_not_when_writes_fail)
{
    enum err rc = ERR_FULL;

    for (long n = 0; rc != ERR_OK; n++) {
        struct store_options options = fixture_store_options(&f, 2);
        struct store *store = NULL;

        f.offices[2].faults.writes_left = n;
        rc = store_open(&store, &options, &f.msg);
        f.offices[2].faults.writes_left = -1;
        ck_assert_msg(rc == ERR_OK || rc == ERR_FULL, "%s", f.msg.text);
        store_close(store);
    }
    fixture_open(&f, 2);
    ck_assert_uint_eq(fixture_stat(&f, 2).entries, 0);
}
END_TEST

START_TEST(a_store_of_other_keys_or_another_corridor_is_refused)
{
    struct store_options options = fixture_store_options(&f, 0);
    struct store *store = NULL;

    fixture_close(&f, 0);
    options.secrets = &f.offices[1].secrets;
    ck_assert_int_eq(store_open(&store, &options, &f.msg), ERR_CONFIG);
    options = fixture_store_options(&f, 0);
    options.corridor.bytes[0] ^= 1;
    ck_assert_int_eq(store_open(&store, &options, &f.msg), ERR_CONFIG);
    ck_assert_ptr_null(store);
    fixture_open(&f, 0);
}
END_TEST

START_TEST(a_map_that_is_too_small_grows_under_the_writer)
{
    struct fixture_options options = {
        .offices = 1, .map_bytes = 256 << 10, .seed = 5};
    struct corridor_fixture small;
    int grown = 0;

    fixture_make(&small, &options);
    for (int round = 0; round < 60; round++) {
        struct store *store = small.offices[0].store;
        enum err rc = ERR_OK;

        fixture_begin(&small, 0);
        for (int i = 0; i < 20 && rc == ERR_OK; i++) {
            struct fixture_op op = {
                FIXTURE_CASE_SUMMARY, false, false, "a summary of some length"};
            struct fixture_edit edit = {
                .kind = FIXTURE_CASE, .ops = &op, .op_count = 1};
            struct edit_result out;
            rc = fixture_try_edit(&small, 0, &edit, &out);
        }
        if (rc == ERR_OK) {
            rc = store_commit(store, &small.msg);
        } else {
            store_abort(store);
        }
        if (rc == ERR_FULL) {
            ck_assert_int_eq(env_grow_if_full(store_env(store)), ERR_OK);
            grown++;
        } else {
            ck_assert_int_eq(rc, ERR_OK);
        }
    }
    ck_assert_int_gt(grown, 0);
    ck_assert_uint_ge(fixture_stat(&small, 0).records, 1000);
    fixture_verify(&small, 0, true);
    fixture_release(&small);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_failed_write_changes_nothing, 0, ATTEMPTS);
    tcase_add_loop_test(tcase, a_failed_commit_changes_nothing, 0, ATTEMPTS);
    tcase_add_loop_test(
        tcase, a_failed_allocation_changes_nothing, 0, ATTEMPTS);
    tcase_add_test(tcase, a_corridor_is_founded_whole_or_not_at_all);
    tcase_add_test(tcase, a_store_opens_or_does_not_when_writes_fail);
    tcase_add_test(tcase, a_store_of_other_keys_or_another_corridor_is_refused);
    tcase_add_test(tcase, a_map_that_is_too_small_grows_under_the_writer);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
