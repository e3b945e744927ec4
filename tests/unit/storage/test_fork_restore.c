/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node that goes back to an older copy of its home after a log of which it
 * had counted more was found to be forked (docs/protocol.md, "Forked logs").
 */
#include <check.h>
#include <string.h>

#include "storage/vouch.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { FORKER, NODE, WITNESS, OFFICES };

static struct corridor_fixture f;
static struct fixture_ids ids;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = OFFICES, .policy = POLICY_SHARE_BY_DEFAULT};

    ids.count = 0;
    fixture_make(&f, &options);
    fixture_work(&f, FORKER, 4, &ids);
    fixture_sync(&f);
}

static void
teardown(void)
{
    fixture_release(&f);
}

static struct log_id
changes_of(size_t n)
{
    return (struct log_id){f.offices[n].node, LOG_CHANGES};
}

static struct view_log
log_at(size_t n, const struct log_id *id)
{
    struct view_log out = {.stored = 0};
    struct view *view = NULL;
    uint32_t number = 0;

    ck_assert_int_eq(view_open(&view, f.offices[n].store, &f.msg), ERR_OK);
    if (log_table_find(view_logs(view), id, &number)) {
        ck_assert_int_eq(view_log(view, number, &out), ERR_OK);
    }
    view_close(view);
    return out;
}

/* Two heads of one size of the forker's changes log. */
static struct evidence
make_evidence(void)
{
    struct evidence evidence = {.log = changes_of(FORKER)};
    const struct secret_key *seed = &f.offices[FORKER].secrets.sign;

    evidence.a.size = 1;
    evidence.b.size = 1;
    memset(&evidence.b.root, 1, sizeof(evidence.b.root));
    evidence.root = evidence.b.root;
    ck_assert_int_eq(
        log_head_sign(&evidence.a, &f.corridor, &evidence.log, seed), ERR_OK);
    ck_assert_int_eq(
        log_head_sign(&evidence.b, &f.corridor, &evidence.log, seed), ERR_OK);
    return evidence;
}

static void
freeze(size_t n)
{
    struct evidence evidence = make_evidence();

    fixture_begin(&f, n);
    ck_assert_int_eq(
        store_evidence(f.offices[n].store, &evidence, &f.msg), ERR_OK);
    fixture_commit(&f, n);
}

/* The rest of a log, from one to another. */
static void
hand_over(size_t from, size_t to, const struct log_id *id)
{
    struct view_range range = {
        .log = id, .from = log_at(to, id).stored, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result;

    ck_assert_uint_gt(fixture_batch(&f, from, &range, &batch), range.from);
    fixture_begin(&f, to);
    ck_assert_int_eq(
        store_accept(f.offices[to].store, buf_bytes(&batch), &result, &f.msg),
        ERR_OK);
    fixture_commit(&f, to);
    buf_release(&batch);
}

START_TEST(a_restored_node_writes_on_though_it_counted_more_of_a_frozen_log)
{
    struct log_id own = changes_of(NODE);
    struct log_id forked = changes_of(FORKER);
    char older[SCRATCH_PATH_BYTES];
    uint64_t held = log_at(NODE, &forked).stored;
    uint64_t written = 0;

    scratch_path(older, &f.scratch, "older");
    ck_assert_int_eq(
        env_copy(store_env(f.offices[NODE].store), older, &f.msg), ERR_OK);
    fixture_work(&f, FORKER, 4, &ids);
    fixture_sync(&f);
    fixture_work(&f, NODE, 2, &ids); /* counts all of the forker's */
    fixture_sync(&f);
    written = log_at(WITNESS, &own).stored;
    fixture_close(&f, NODE);
    memcpy(f.offices[NODE].dir, older, sizeof(older));
    fixture_open(&f, NODE);
    freeze(NODE);
    hand_over(WITNESS, NODE, &own);
    ck_assert_uint_eq(log_at(NODE, &forked).stored, held);
    ck_assert_uint_eq(log_at(NODE, &own).applied, written);
    fixture_work(&f, NODE, 1, &ids);
    ck_assert_uint_gt(log_at(NODE, &own).stored, written);
    /* Others can read it: what it counts does not run back. */
    hand_over(NODE, WITNESS, &own);
    ck_assert_uint_eq(log_at(WITNESS, &own).applied, log_at(NODE, &own).stored);
    fixture_verify(&f, NODE, true);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fork_restore");
    TCase *tcase = tcase_create("fork_restore");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase,
        a_restored_node_writes_on_though_it_counted_more_of_a_frozen_log);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
