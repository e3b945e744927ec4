/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/apply_internal.h"
#include "storage/store.h"
#include "storage/txn.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;
static struct fixture_ids ids;

static void
setup(void)
{
    struct fixture_options options = {.offices = 3};

    ids.count = 0;
    fixture_make(&f, &options);
    for (size_t n = 0; n < f.count; n++) {
        ids.count = 0;
        fixture_work(&f, n, 15, &ids);
    }
    fixture_sync(&f);
}

static void
teardown(void)
{
    fixture_release(&f);
}

static void
expect_same_digest(const struct digest_result *a, const struct digest_result *b)
{
    ck_assert_uint_eq(a->records, b->records);
    ck_assert_mem_eq(a->digest.bytes, b->digest.bytes, 32);
}

static bool
has_mark(void)
{
    struct txn *txn = NULL;
    struct bytes value = {0};
    enum err rc = ERR_OK;

    ck_assert_int_eq(
        txn_begin(&txn, store_env(f.offices[1].store), false, &f.msg), ERR_OK);
    rc = txn_get(txn, TABLE_META, bytes_text("rebuilding"), &value, &f.msg);
    txn_abort(txn);
    return rc == ERR_OK;
}

static void
set_mark(void)
{
    struct txn *txn = NULL;

    ck_assert_int_eq(
        txn_begin(&txn, store_env(f.offices[1].store), true, &f.msg), ERR_OK);
    ck_assert_int_eq(txn_put(txn, TABLE_META, bytes_text("rebuilding"),
                         bytes_text("1"), &f.msg),
        ERR_OK);
    /* Half a rebuild: the records are gone. */
    ck_assert_int_eq(txn_clear(txn, TABLE_RECORDS, &f.msg), ERR_OK);
    ck_assert_int_eq(txn_commit(txn, &f.msg), ERR_OK);
}

static void
count_report(void *context, uint64_t done, uint64_t all)
{
    ck_assert_uint_le(done, all);
    *(int *)context += 1;
}

START_TEST(what_is_made_again_is_what_was_there)
{
    struct digest_result before = fixture_digest(&f, 1);
    struct view_stat old = fixture_stat(&f, 1);
    struct digest_result after;
    struct view_stat stat;
    uint64_t pulse = 0;
    int reports = 0;
    struct store_progress progress = {count_report, &reports};

    ck_assert_uint_gt(before.records, 0);
    ck_assert_uint_gt(old.pending_keys, 0);
    pulse = store_pulse(f.offices[1].store);
    ck_assert_int_eq(
        store_rebuild(f.offices[1].store, &progress, &f.msg), ERR_OK);
    ck_assert_uint_ge(store_pulse(f.offices[1].store), pulse + old.entries);
    after = fixture_digest(&f, 1);
    expect_same_digest(&before, &after);
    stat = fixture_stat(&f, 1);
    ck_assert_uint_eq(stat.records, old.records);
    ck_assert_uint_eq(stat.pending_keys, old.pending_keys);
    ck_assert_uint_eq(stat.refused, old.refused);
    ck_assert_uint_eq(stat.unapplied, 0);
    ck_assert_int_ge(reports, 1);
    ck_assert(!has_mark());
    fixture_verify(&f, 1, true);
}
END_TEST

START_TEST(a_rebuilt_store_writes_on_and_opens_again)
{
    struct digest_result before;
    struct digest_result after;

    ck_assert_int_eq(store_rebuild(f.offices[1].store, NULL, &f.msg), ERR_OK);
    ids.count = 0;
    fixture_work(&f, 1, 10, &ids);
    fixture_sync(&f);
    before = fixture_digest(&f, 1);
    fixture_close(&f, 1);
    fixture_open(&f, 1);
    after = fixture_digest(&f, 1);
    expect_same_digest(&before, &after);
    for (size_t n = 0; n < f.count; n++) {
        fixture_verify(&f, n, true);
    }
}
END_TEST

START_TEST(a_rebuild_that_was_interrupted_is_finished_when_opened)
{
    struct digest_result before = fixture_digest(&f, 1);
    struct digest_result after;

    set_mark();
    fixture_close(&f, 1);
    fixture_open(&f, 1);
    after = fixture_digest(&f, 1);
    expect_same_digest(&before, &after);
    ck_assert(!has_mark());
    fixture_verify(&f, 1, true);
}
END_TEST

START_TEST(a_rebuild_that_fails_leaves_all_as_it_was)
{
    struct digest_result before = fixture_digest(&f, 1);
    enum err rc = ERR_FULL;

    for (long n = 0; rc != ERR_OK; n += 1 + n / 10) {
        struct digest_result after;

        f.offices[1].faults.writes_left = n;
        rc = store_rebuild(f.offices[1].store, NULL, &f.msg);
        f.offices[1].faults.writes_left = -1;
        ck_assert_msg(rc == ERR_OK || rc == ERR_FULL, "%s", err_text(rc));
        after = fixture_digest(&f, 1);
        expect_same_digest(&before, &after);
    }
    fixture_verify(&f, 1, true);
    f.offices[1].faults.commits_left = 0;
    ck_assert_int_eq(store_rebuild(f.offices[1].store, NULL, &f.msg), ERR_FULL);
    f.offices[1].faults.commits_left = -1;
    fixture_verify(&f, 1, true);
}
END_TEST

START_TEST(without_memory_a_rebuild_leaves_all_as_it_was)
{
    struct digest_result before = fixture_digest(&f, 1);
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n += 1 + n / 8) {
        struct digest_result after;

        mem_fault_after(n);
        rc = store_rebuild(f.offices[1].store, NULL, &f.msg);
        mem_fault_after(-1);
        ck_assert_msg(
            rc == ERR_OK || rc == ERR_NOMEM, "%ld: %s", n, err_text(rc));
        after = fixture_digest(&f, 1);
        expect_same_digest(&before, &after);
    }
    fixture_verify(&f, 1, true);
}
END_TEST

/* More entries than one commit of a rebuild takes. */
START_TEST(a_long_rebuild_that_stops_between_commits_is_finished)
{
    struct digest_result before;
    struct digest_result after;
    uint64_t done = 0;

    for (int i = 0; i < 21; i++) {
        ids.count = 0;
        fixture_work(&f, 1, 1000, &ids);
    }
    ck_assert_uint_gt(fixture_stat(&f, 1).entries, 21000);
    before = fixture_digest(&f, 1);
    f.offices[1].faults.commits_left = 1;
    ck_assert_int_eq(store_rebuild(f.offices[1].store, NULL, &f.msg), ERR_FULL);
    f.offices[1].faults.commits_left = -1;
    done = fixture_digest(&f, 1).records;
    ck_assert_uint_gt(done, 0);
    ck_assert_uint_lt(done, before.records);
    ck_assert(has_mark());
    /* The next transaction finishes it first; so does opening. */
    if (_i == 0) {
        fixture_close(&f, 1);
        fixture_open(&f, 1);
    } else {
        fixture_begin(&f, 1);
        fixture_commit(&f, 1);
    }
    ck_assert(!has_mark());
    after = fixture_digest(&f, 1);
    expect_same_digest(&before, &after);
}
END_TEST

/*
 * Office 2 is stripped of its right to write while it writes: on whoever gets
 * its changes first and the statement second, what lies behind the cut must
 * come to nothing just the same.
 */
static void
strip(size_t n)
{
    struct buf body = {0};
    struct dot dot;

    statement_put_roles(&body, &f.offices[n].id, ROLE_READ);
    fixture_begin(&f, 0);
    ck_assert_int_eq(
        store_state(f.offices[0].store, buf_bytes(&body), &dot, &f.msg),
        ERR_OK);
    fixture_commit(&f, 0);
    buf_release(&body);
}

START_TEST(a_cut_that_comes_late_voids_what_was_merged)
{
    struct fixture_pump late = {.from = 2, .to = 1};
    struct record_id id;

    strip(2);
    id = fixture_case(&f, 2, "behind the cut");
    fixture_desk(&f, 2, &id, "a desk");
    fixture_pump(&f, &late);
    ck_assert_uint_eq(fixture_stat(&f, 1).refused, 0);
    fixture_sync(&f);
    for (size_t n = 0; n < f.count; n++) {
        /* Three changes: general, sealed, and the desk. */
        ck_assert_uint_eq(fixture_stat(&f, n).refused, 3);
        fixture_verify(&f, n, true);
    }
    ck_assert(!has_mark());
}
END_TEST

static struct cut
cut_of(size_t n, enum log_kind kind)
{
    struct cut cut = {.log = {f.offices[n].node, (uint8_t)kind}};
    struct view *view = NULL;
    struct head head;

    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert_int_eq(view_head(view, &cut.log, &head, &f.msg), ERR_OK);
    view_close(view);
    cut.size = head.size;
    cut.root = head.root;
    return cut;
}

static void
state(size_t n, struct bytes body)
{
    struct dot dot;

    fixture_begin(&f, n);
    ck_assert_int_eq(
        store_state(f.offices[n].store, body, &dot, &f.msg), ERR_OK);
    fixture_commit(&f, n);
}

static void
retire(size_t n)
{
    struct cut cuts[] = {cut_of(n, LOG_CONTROL), cut_of(n, LOG_CHANGES)};
    struct statement statement = {.type = STATEMENT_RETIRE,
        .office = f.offices[n].id,
        .cuts = cuts,
        .cut_count = 2};
    struct buf body = {0};

    statement_encode(&body, &statement);
    state(0, buf_bytes(&body));
    buf_release(&body);
}

/* The rank that office n gives to the last entry of a log of office `of`. */
static uint64_t
rank_at(size_t n, size_t of, enum log_kind kind)
{
    struct store *store = f.offices[n].store;
    struct log_id id = {f.offices[of].node, (uint8_t)kind};
    struct dot dot = {0};
    uint64_t rank = 0;

    fixture_begin(&f, n);
    ck_assert(log_table_find(&store->logs, &id, &dot.log));
    ck_assert_uint_gt(store->states[dot.log]->author.applied, 0);
    dot.position = store->states[dot.log]->author.applied - 1;
    ck_assert_int_eq(apply_rank(store, dot, &rank, &f.msg), ERR_OK);
    fixture_commit(&f, n);
    return rank;
}

/* docs/membership.md, "Why it converges": ranks do not depend on entries
 * behind a cut, whether those came before it or after. */
START_TEST(ranks_are_the_same_whether_a_cut_came_first_or_last)
{
    struct fixture_pump early = {.from = 2, .to = 1};
    struct hash hash = {{0}};
    struct buf body = {0};

    retire(2);
    statement_put_pack(&body, "mekong", 1, &hash);
    for (int i = 0; i < 50; i++) {
        state(2, buf_bytes(&body));
    }
    fixture_pump(&f, &early);
    state(1, buf_bytes(&body));
    (void)fixture_case(&f, 1, "counts what is behind the cut");
    fixture_sync(&f);
    for (int kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
        ck_assert_uint_eq(rank_at(0, 1, (enum log_kind)kind),
            rank_at(1, 1, (enum log_kind)kind));
    }
    buf_release(&body);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rebuild");
    TCase *tcase = tcase_create("rebuild");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_made_again_is_what_was_there);
    tcase_add_test(tcase, a_rebuilt_store_writes_on_and_opens_again);
    tcase_add_test(
        tcase, a_rebuild_that_was_interrupted_is_finished_when_opened);
    tcase_add_test(tcase, a_rebuild_that_fails_leaves_all_as_it_was);
    tcase_add_test(tcase, without_memory_a_rebuild_leaves_all_as_it_was);
    tcase_add_loop_test(
        tcase, a_long_rebuild_that_stops_between_commits_is_finished, 0, 2);
    tcase_add_test(tcase, a_cut_that_comes_late_voids_what_was_merged);
    tcase_add_test(tcase, ranks_are_the_same_whether_a_cut_came_first_or_last);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
